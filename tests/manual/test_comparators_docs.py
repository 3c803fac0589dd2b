"""Published models as a user types them: the commands of their pages, output and exit codes."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app

DOCS = Path(__file__).parents[2] / "docs" / "comparators"


def call(*words):
    """(exit code, standard output, standard error) as `main` shows them."""
    done = CliRunner().invoke(app, list(words))
    if isinstance(done.exception, CarnkError):
        return done.exception.exit_code, done.stdout, str(done.exception)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("name", ["kimmel2021", "stein2019"])
def test_the_commands_of_the_page_do_what_they_say(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (DOCS / f"{name}.md").read_text("utf-8")
    commands = re.search(r"```sh\n(.*?)```", page, re.DOTALL)[1].strip().splitlines()
    assert len(commands) == 2
    for command in commands:
        assert call(*command.removeprefix("carnk ").split())[0] == 0
    assert (tmp_path / "runs" / name / "report.html").is_file()
    assert (tmp_path / f"{name}.xml").read_text("utf-8").startswith("<?xml")


def test_run_prints_three_columns_that_fit_and_warns_on_standard_error(tmp_path):
    out = tmp_path / "k"
    code, text, error = call("run", "kimmel2021", "--disease", "aml", "--out", str(out))
    assert code == 0
    assert error.startswith("Warning: kimmel2021 was never fitted to 'aml'")
    lines = text.splitlines()
    assert lines[1].startswith("Warning: kimmel2021 was never fitted to 'aml'")
    assert all(len(line) <= 100 for line in lines[:-1])
    assert "19 of 19 figures are within 1 %" in text
    assert re.search(r"day 90, cells/µL +0\.1 +0\.34142 +0\.34142 +0 % +\+241 %", text)
    code, text, error = call("run", "kimmel2021", "--out", str(out), "--force", "--json")
    assert (code, error) == (0, "")
    assert json.loads(text)["disease"] == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("kimmel2021", "--patients", "10"), "--patients: the paper prints no variance"),
        (("hardiansyah2019", "--seed", "3"), "--seed: the paper prints no variance"),
        (("stein2019", "--resume", "x"), "stein2019: cannot be given with --resume"),
        (("stein2019", "--disease", "amll"), "Did you mean 'aml'?"),
        (("liu2020", "--disease", "aml"), "--disease: cannot be given with"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_left(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, error = call("run", *words)
    assert code == 2
    assert said in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "stein2020"), "Did you mean 'stein2019'?"),
        (("check", "stein2019"), "'stein2019' is a published model, not a study"),
    ],
)
def test_a_model_is_no_study_and_a_misspelled_one_is_found(words, said):
    code, _, error = call(*words)
    assert code == 2
    assert said in error


def test_models_are_listed_for_people_and_for_scripts():
    code, text, _ = call("studies", "--models")
    assert code == 0
    assert all(len(line) <= 100 for line in text.splitlines())
    found = json.loads(call("studies", "--models", "--json")[1])
    assert [each["model"] for each in found] == [
        "stein2019", "hardiansyah2019", "singh2021", "kimmel2021",
    ]  # fmt: skip
    assert all(row["holds"] for each in found for row in each["figures"])
