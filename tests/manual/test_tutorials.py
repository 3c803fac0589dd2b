"""docs/tutorials: every command runs, and prints what the page shows."""

import re
from pathlib import Path

import pytest

from docs.tutorials import PAGES, SHOWN, rewritten

USERS = ("clinician", "lab", "modeler", "process", "statistician")


def test_every_user_has_a_tutorial() -> None:
    assert tuple(page.stem for page in PAGES) == USERS


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_tutorial_shows_what_its_commands_print(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(SHOWN.findall(text)) >= 3
    assert _timeless(rewritten(text, tmp_path)) == _timeless(text), "python docs/tutorials.py"


def _timeless(text: str) -> str:
    """Seconds differ from run to run."""
    return re.sub(r"\d+(\.\d+)? s\b", "n s", text)
