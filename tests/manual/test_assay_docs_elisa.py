"""docs/assays.md: plates, number files and curves print what the page shows."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from carnk.cli.app import app

PAGE = (Path(__file__).parents[2] / "docs/assays.md").read_text(encoding="utf-8")
MINE = ("assay elisa", "design plate")


@pytest.mark.parametrize("mine", MINE)
def test_shown_output(mine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in re.findall(r"`((?:plate|map)\.csv)`:\n\n```csv\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shown = re.findall(rf"```console\n\$ carnk ({mine} .*?)\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == 1
    ((command, output),) = shown
    done = CliRunner().invoke(app, shlex.split(command))
    assert done.exit_code == 0, done.output
    assert done.stdout == output


def test_no_number_is_written_while_samples_are_out_of_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in re.findall(r"`((?:plate|map)\.csv)`:\n\n```csv\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    words = "assay elisa plate.csv --layout map.csv --number il6_base --out elisa"
    assert words in PAGE
    done = CliRunner().invoke(app, shlex.split(words))
    assert "no number: 2 of 4 samples are out of range" in done.output
    assert not (tmp_path / "elisa" / "numbers.yaml").exists()


def test_the_curve_prints_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```.*?```text\n(.*?)```", PAGE, re.DOTALL)
    ((code, shown),) = [each for each in blocks if "fit_curve" in each[0]]
    exec(compile(code, "assays.md", "exec"), {})
    assert capsys.readouterr().out == shown
