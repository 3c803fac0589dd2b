"""The short report in the terminal."""

import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from carnk.report.terminal import show


def shown(folder: Path, width: int = 100) -> list[str]:
    console = Console(width=width, record=True, force_terminal=True, color_system=None)
    show(folder, console)
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [100, 80, 200])
def test_it_fits(example: Path, capsys: pytest.CaptureFixture[str], width: int) -> None:
    lines = [line for line in shown(example, width) if not line.startswith("Report: ")]
    assert max(map(len, lines)) <= min(width, 100)
    capsys.readouterr()


def test_it_says_what_matters(example: Path) -> None:
    text = "\n".join(shown(example))
    assert "40 of 40 patients simulated, 0 failed" in text
    row = next(line for line in text.splitlines() if "Response, best" in line)
    assert "8/11 (39–94 %)" in row
    assert "of 11 (" in row
    assert "numbers rest on unread or assumed sources" in text
    assert "report.html" in text
    assert "Persistence: above the assay's limit" in text


def test_an_interrupted_run_says_so(copied: Any) -> None:
    copied.manifest(complete=False, patients=1000)
    assert "Interrupted: 40 of 1,000 patients" in "\n".join(shown(copied.folder))


def test_markup_of_a_title_is_plain_text(copied: Any) -> None:
    copied.study(lambda text: re.sub("^title:.*$", 'title: "[bold]x[/nope]"', text, flags=re.M))
    assert "[bold]x[/nope]" in "\n".join(shown(copied.folder))


def test_piped_output_is_100_columns_wide(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show(example)
    lines = capsys.readouterr().out.splitlines()
    assert 90 <= max(len(line) for line in lines if not line.startswith("Report: ")) <= 100


def test_few_patients_in_a_world_are_called_rough(example: Path) -> None:
    assert "Rough: 40 patients in 40 plausible worlds" in "\n".join(shown(example))
