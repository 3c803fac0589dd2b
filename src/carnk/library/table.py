"""`tables/*.csv`: many rows of one shape, each file with its `*.about.yaml`."""

from __future__ import annotations

import csv
import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..base import (
    Node,
    NumberError,
    Problem,
    SpecError,
    did_you_mean,
    is_unit,
    read_text,
    read_yaml,
)

if TYPE_CHECKING:
    import polars

FOLDER = Path(__file__).parent / "tables"
LARGEST_TABLE_BYTES = 20_000_000
ABOUT_KEYS = ("meaning", "columns", "source", "checked", "licence")
COLUMN_KEYS = ("meaning", "unit")
CHECKS = ("read", "unread", "by row")


@cache
def table(name: str) -> polars.DataFrame:
    """Return a table of the library; an empty cell is null. NumberError if there is none such.

    Columns of unit 'text' are strings, of unit 'count' whole numbers, all others floats.
    """
    names = sorted(path.stem for path in FOLDER.glob("*.csv"))
    if name not in names:
        what = f"'{name}' is not a table of the library"
        do = did_you_mean(name, names) or f"There are {', '.join(names)}."
        raise NumberError(Problem("", what, do))
    return read_table(FOLDER / f"{name}.csv")


def read_table(path: Path) -> polars.DataFrame:
    """Read a CSV file by its `about.yaml` beside it; NumberError with all problems at once."""
    try:
        about = read_yaml(path.with_suffix(".about.yaml"))
        rows = list(
            csv.reader(io.StringIO(read_text(path, LARGEST_TABLE_BYTES), newline=""), strict=True)
        )
    except SpecError as error:
        raise NumberError(error.problems) from None
    except csv.Error as error:
        raise NumberError(Problem(path.name, f"this is not CSV: {error}")) from None
    problems = _problems_of_about(about)
    units = {key: _text(column.get("unit")) for key, column in _columns(about).items()}
    header, body = (rows[0], rows[1:]) if rows else ([], [])
    if header != list(units):
        what = f"the columns {header} are not those of {about.file}, {list(units)}"
        problems.append(Problem(f"{path.name}:1", what))
    if problems:
        raise NumberError(problems, path.name)
    return _frame(path.name, units, body)


def _frame(file: str, units: dict[str, str], body: list[list[str]]) -> polars.DataFrame:
    import polars

    problems: list[Problem] = []
    kinds = [{"text": str, "count": int}.get(unit, float) for unit in units.values()]
    columns: dict[str, list[str | int | float | None]] = {name: [] for name in units}
    for position, row in enumerate(body, start=2):
        where = f"{file}: row {position}"
        if len(row) != len(units):
            what = f"there are {len(row)} cells, but {len(units)} columns"
            problems.append(Problem(where, what, "Quote cells that hold a comma."))
            continue
        for name, kind, cell in zip(units, kinds, row):
            try:
                columns[name].append(kind(cell) if cell else None)
            except ValueError:
                problems.append(Problem(f"{where}: {name}", f"'{cell}' is not a number"))
    if problems:
        raise NumberError(problems, file)
    types = {str: polars.String, int: polars.Int64, float: polars.Float64}
    return polars.DataFrame(columns, schema={n: types[k] for n, k in zip(units, kinds)})


def _problems_of_about(about: Node) -> list[Problem]:
    problems = about.unknown_keys(ABOUT_KEYS)
    problems += [about.problem(f"'{key}' is missing") for key in ABOUT_KEYS if not about.get(key)]
    checked = about.get("checked")
    if checked is not None and checked.value not in CHECKS:
        listed = ", ".join(f"'{choice}'" for choice in CHECKS)
        problems.append(checked.problem(f"'{checked.value}' is not one of {listed}"))
    for column in _columns(about).values():
        problems += column.unknown_keys(COLUMN_KEYS)
        problems += [
            column.problem(f"'{key}' is missing") for key in COLUMN_KEYS if not column.get(key)
        ]
        unit = _text(column.get("unit"))
        if unit not in ("", "text", "count") and not is_unit(unit):
            problems.append(column.problem(f"'{unit}' is not a unit, 'text' or 'count'"))
    return problems


def _columns(about: Node) -> dict[str, Node]:
    columns = about.get("columns")
    return columns.fields if columns else {}


def _text(node: Node | None) -> str:
    return "" if node is None else str(node.value)
