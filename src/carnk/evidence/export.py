"""Rows for other programs: CSV that a spreadsheet cannot mistake for formulas."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_UNSEEN = re.compile(r"^[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\ufeff]+")


def csv_export(rows: Iterable[dict[str, str]], columns: Sequence[str]) -> str:
    """Return rows as CSV; a cell that a spreadsheet would run as a formula begins with a quote."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([safe(row[name]) for name in columns] for row in rows)
    return stream.getvalue()


def safe(cell: str) -> str:
    """Return a cell as it is, or with a leading quote where a spreadsheet would run it."""
    begins = _UNSEEN.sub("", cell)[:1]
    risky = begins in ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20") or cell[:1] in (
        "\t",
        "\r",
        "\n",
    )
    return f"'{cell}" if risky and not _NUMBER.fullmatch(cell) else cell
