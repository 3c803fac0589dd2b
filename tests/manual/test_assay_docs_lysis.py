"""docs/assays.md: the commands on killing, growth and thaw print what it shows."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carnk.assays.flags import HIGH, LEAST, MOST, TOO_HIGH
from carnk.assays.own_numbers import SHARES
from carnk.assays.specific import READOUTS
from carnk.cli.app import app

PAGE = (Path(__file__).parents[2] / "docs/assays.md").read_text(encoding="utf-8")
FILES = re.findall(r"`(\w+\.csv)`:\n\n```csv\n(.*?)```", PAGE, re.DOTALL)
MINE = ("lysis", "growth", "thaw")
SHOWN = [
    (command, output)
    for command, output in re.findall(r"```console\n\$ carnk (.*?)\n(.*?)```", PAGE, re.DOTALL)
    if command.split()[1] in MINE
]


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[each.split()[1] for each, _ in SHOWN])
def test_shown_output(
    command: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in FILES:
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, shlex.split(command))
    assert done.exit_code == 0, done.output
    assert done.stdout == output


def test_every_command_readout_and_share_is_in_the_page() -> None:
    assert {command.split()[1] for command, _ in SHOWN} == set(MINE)
    assert all(f"`{name}`" in PAGE for name in (*READOUTS, *SHARES))
    assert (MOST, LEAST, TOO_HIGH, HIGH) == (100.0, -20.0, 0.6, 0.3)
