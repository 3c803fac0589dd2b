"""docs/assays.md: the commands on courses, copies and stained cells print what it shows."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.flow import Truth, cells, write
from carnk.cli.app import app

PAGE = (Path(__file__).parents[2] / "docs/assays.md").read_text(encoding="utf-8")
FILES = re.findall(r"`(\w+\.csv)`:\n\n```csv\n(.*?)```", PAGE, re.DOTALL)
MINE = ("nca", "vcn", "flow")
SHOWN = [
    (command, output)
    for command, output in re.findall(r"```console\n\$ carnk (.*?)\n(.*?)```", PAGE, re.DOTALL)
    if command.split()[1] in MINE
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the page shows, and simulated cells."""
    place = tmp_path_factory.mktemp("docs")
    for name, text in FILES:
        (place / name).write_text(text, encoding="utf-8")
    write(place / "sample.fcs", cells(Truth(events=20_000), 3))
    write(place / "fmo.fcs", cells(Truth(events=20_000, car=0.0), 4))
    return place


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[each.split()[1] for each, _ in SHOWN])
def test_shown_output(
    command: str, output: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(app, shlex.split(command))
    assert done.exit_code == 0, done.output
    assert done.stdout == output


def test_every_command_is_shown() -> None:
    assert {command.split()[1] for command, _ in SHOWN} == set(MINE)
