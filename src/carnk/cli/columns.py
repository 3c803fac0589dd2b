"""Rows as aligned columns that fit the terminal."""

from collections.abc import Sequence

WIDTH = 100


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns; what is longer than WIDTH is cut with '…'."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows)
    return [line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…" for line in lines]
