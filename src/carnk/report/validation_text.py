"""A validation in the terminal."""

import textwrap

from .validation_words import (
    LEGEND,
    Row,
    by_miss,
    by_reason,
    is_miss,
    measured,
    predicted,
    quantity,
    score,
    seen,
    signed,
    tallies,
    verdict,
    wanted,
)

WIDTH = 100
HEAD = ("study", "quantity", "role", "seen", "shrunk", "predicted", "error", "score", "null")
WIDTHS = (9, 24, 4, 18, 6, 14, 5, 6, 6)
ROLES = {"calibration": "cal", "set from": "set", "held out": "out"}
ROLE_LINE = "role: out held out, cal the calibration trial, set a number was set from it"


def lines(rows: list[Row], bars: list[Row], left: list[Row]) -> list[str]:
    """The terminal's text, misses first; no line is longer than 100 columns."""
    ordered = by_miss(rows)
    misses = [row for row in ordered if is_miss(row)]
    text = [f"{kind}: {told}" for kind, told in tallies(rows).items()]
    text += ["", "Misses", *(_block(misses) if misses else ["none"])]
    text += ["", "All others", *_block([row for row in ordered if not is_miss(row)]), ""]
    text += [*LEGEND, ROLE_LINE, "* unread: nobody has opened the source for the figure", ""]
    text += ["Bars (a bar that fails makes the exit code 1) and aims (reported)"]
    for bar in bars:
        told = f"{measured(bar):>5} {wanted(bar):<13} {bar['evidence_class']}: {bar['words']}"
        text.append(f"  {bar['kind']:<3} {verdict(bar):<7} {told}"[:WIDTH])
    text += ["", f"Left out: {len(left)} published rows or parts of rows"]
    for reason, each in by_reason(left).items():
        names = ", ".join(dict.fromkeys(row["source_row"] for row in each))
        text += textwrap.wrap(f"{reason}: {names}", WIDTH - 2, initial_indent="  ",
                              subsequent_indent="    ")  # fmt: skip
    return text


def _block(rows: list[Row]) -> list[str]:
    return [_line(HEAD), *(_line(cells(row)) for row in rows)]


def cells(row: Row) -> tuple[str, ...]:
    about = ", ".join(filter(None, (quantity(row), row["disease"], row["arm"])))
    role = ROLES[row["role"]] + ("" if row["checked"] == "read" else "*")
    shrunk = "" if row["shrunk"] is None else f"{100 * row['shrunk']:.1f}"
    return (
        row["study"], about, role, seen(row), shrunk, predicted(row),
        signed(row["standardized_error"]), score(row["log_score"]), score(row["log_score_null"]),
    )  # fmt: skip


def _line(cells: tuple[str, ...]) -> str:
    cut = [c if len(c) <= w else f"{c[: w - 1]}…" for c, w in zip(cells, WIDTHS)]
    return " ".join(c.ljust(w) for c, w in zip(cut, WIDTHS)).rstrip()
