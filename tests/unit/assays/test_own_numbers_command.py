"""`--numbers FILE` in the terminal: run, kill and make take it, and say what they do not read."""

import json

import pytest
from typer.testing import CliRunner

from carnk.cli.app import app

ENTRY = (
    "{id}: {{value: {value}, unit: {unit}, range: [{low}, {high}], meaning: x, basis: measured, "
    "source: own data, at: here, checked: read}}\n"
)
RATE = ENTRY.format(id="kill_rate_max", value=0.2, unit="1/hour", low=0.1, high=0.4)
KILL = ENTRY.format(id="kill_car", value=2, unit="1/day", low=1.5, high=2.6)
SLOW = ENTRY.format(id="doubling_k562_mbil21", value=2, unit="day", low=1.8, high=2.2)


@pytest.fixture
def numbers(tmp_path):
    path = tmp_path / "numbers.yaml"
    path.write_text(RATE + KILL + SLOW)
    return str(path)


def run(*words):
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done


def test_kill_takes_its_own(numbers):
    words = ("kill", "--product", "cd33_gen2", "--target", "kasumi1", "--json")
    found = json.loads(run(*words, "--numbers", numbers).stdout)
    assert found["own_numbers"] == {"kill_rate_max": 0.2}
    assert found["lysis_pct"] != json.loads(run(*words).stdout)["lysis_pct"]


def test_make_takes_its_own_and_names_the_rest(numbers):
    words = ("make", "cord_blood_mbil21", "--lots", "200", "--json")
    done = run(*words, "--numbers", numbers)
    assert "Not read by this process: kill_rate_max, kill_car" in done.stderr
    cells = json.loads(done.stdout)["cells"]["median"]
    assert cells < json.loads(run(*words).stdout)["cells"]["median"]


def test_run_takes_its_own_and_names_the_rest(numbers, tmp_path):
    out = str(tmp_path / "run")
    done = run("run", "liu2020", "--patients", "10", "--numbers", numbers, "--out", out)
    assert "Not read by a study: kill_rate_max, doubling_k562_mbil21" in done.stderr
    listed = (tmp_path / "run" / "numbers.csv").read_text()
    assert "kill_car,2.0,1/day,1.5,2.6" in listed
    assert "own data" in listed
