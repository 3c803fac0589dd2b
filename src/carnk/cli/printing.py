"""Words on a terminal of 100 columns, and the same rows for scripts."""

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from ..base import Problem, SpecError, did_you_mean, write_text_atomic

WIDTH = 100
ADVICE = "Information, not medical advice."
UNREAD = "* unread: nobody has seen it in the source of the row"


def wrapped(text: str, indent: str = "", later: str | None = None) -> list[str]:
    """Return a text as lines that fit; `later` indents all lines but the first."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent if later is None else later
    ) or [""]


def write(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file, whole or not at all."""
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_text_atomic(out, text)


def json_text(found: Any) -> str:
    """Return data as JSON with a line end."""
    return json.dumps(found, indent=1) + "\n"


def csv_text(rows: Sequence[dict[str, str]]) -> str:
    """Return rows as CSV that a spreadsheet cannot mistake for formulas."""
    from ..evidence.export import csv_export

    return csv_export(rows, list(rows[0]) if rows else [])


def is_csv(form: str) -> bool:
    """Whether `--format csv` was asked for; SpecError for a format that there is not."""
    if form not in ("text", "csv"):
        do = did_you_mean(form, ("text", "csv")) or "For JSON there is --json."
        raise SpecError(Problem("--format", f"'{form}' is not text or csv", do))
    return form == "csv"


def is_page(out: Path | None) -> bool:
    """Whether the file asked for is a page."""
    return out is not None and out.suffix.lower() in (".html", ".htm")
