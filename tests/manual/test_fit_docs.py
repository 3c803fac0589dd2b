"""The tutorial of docs/fit.md is what the command does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carnk.cli.app import app
from carnk.fitting.plan import OF_NUMBER, OF_OUTPUT, TOP, Asked, make_plan
from carnk.fitting.stein import stein

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/fit.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]\d+)?")


def block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found[1]


def test_course_is_what_the_script_makes(tmp_path: Path) -> None:
    made = tmp_path / "course.csv"
    subprocess.run([sys.executable, ROOT / "examples/fit/simulate.py", made], check=True)
    assert made.read_text() == (ROOT / "examples/fit/course.csv").read_text()


def test_tutorial_prints_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words = block("sh").split()[1:]
    words[-1] = str(tmp_path / "tutorial")
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    shown, printed = (
        text.splitlines()[:-1] for text in (block("text").strip(), found.stdout.strip())
    )
    assert len(shown) == len(printed)
    for wanted, line in zip(shown, printed):
        assert NUMBER.sub("", wanted).split() == NUMBER.sub("", line).split()
        wants, lines = ([float(x) for x in NUMBER.findall(t)] for t in (wanted, line))
        assert lines == pytest.approx(wants, rel=0.02, abs=0.11)


def test_plan_file_of_the_page_is_read(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(block("yaml"), encoding="utf-8")
    found = make_plan(stein(), ["1"], "copies/ug", Asked(file=plan))
    assert [q.omega for q in found.quantities if q.name in ("cmax", "beta")] == [0.8, 0.0]
    assert found.fixed["tmax"] == 10
    assert found.covariates[0].column == "weight"
    for key in (*TOP, *OF_NUMBER, *OF_OUTPUT):
        assert f"{key}:" in block("yaml")
