"""The commands of docs/sensitivity.md and docs/credibility.md work as shown."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carnk.cli.app import app
from carnk.report.credibility import TITLES
from carnk.study import parse, study_text
from carnk.study.answers import ANSWERS

DOCS = Path(__file__).parents[2] / "docs"


def commands(page: str) -> list[list[str]]:
    """The words of every carnk line in the page's first shell block."""
    text = (DOCS / page).read_text(encoding="utf-8")
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert block
    lines = [line.split("#")[0].strip() for line in block.group(1).splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("carnk ")]


def test_the_commands_of_the_sensitivity_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in commands("sensitivity.md"):
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0
        assert "kill_car" in done.output
        assert all(len(line) <= 100 for line in done.output.splitlines())
    assert {path.name for path in (tmp_path / "burden").iterdir()} == {
        "sensitivity.csv", "sensitivity.html", "sensitivity.json", "study.yaml",
    }  # fmt: skip


def test_every_outcome_is_in_the_table() -> None:
    text = (DOCS / "sensitivity.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| `--outcome`"))
    assert set(re.findall(r"`(\w+)`", row)) == set(ANSWERS)


def test_the_commands_of_the_credibility_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in commands("credibility.md"):
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0
    found = json.loads(done.output)
    assert found["sensitivity"]["differs_in"] == []
    assert found["run"]["same_code"]
    page = (tmp_path / "runs/liu2020/credibility.html").read_text(encoding="utf-8")
    assert all(f'<section id="{name}">' in page for name in TITLES)
    assert (tmp_path / "runs/liu2020/report.html").is_file()


def test_the_block_to_declare_is_read() -> None:
    text = (DOCS / "credibility.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(credibility:.*?)```", text, re.DOTALL)
    assert block
    study = study_text("dose_schedule")[1]  # declares nothing of its own
    told = parse(f"{study}\n{block.group(1)}").credibility
    assert (told.influence, told.consequence) == ("low", "medium")
