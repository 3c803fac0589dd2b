"""xCELLigence RTCA workbooks: the sheet 'Cell Index' in stacked blocks of time, and 'Layout'.

A block is a line 'Cell Index at: 0:15:00', a line of column numbers and a line for each row of the
plate. The layout is a matrix of names, or a list with a column 'Well'.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ..base import DataError, Problem, SpecError, did_you_mean, read_bytes
from .traces import Traces
from .well_lists import well_name

LARGEST_BYTES = 50_000_000
LARGEST_UNPACKED = 1_000_000_000
INDEX, LAYOUT = "Cell Index", "Layout"
Row = tuple[Any, ...]

_AT = re.compile(r"\bat\s*:?\s*(-?)(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?", re.I)
_ROW = re.compile(r"[A-P]")


def read_rtca(path: Path | str) -> Traces:
    """Read cell indices over time; hours since the first block.

    Raises SpecError for a file that is no workbook and where openpyxl is absent, DataError where
    the sheet 'Cell Index' is missing or holds no block of time.
    """
    path = Path(path)
    content = read_bytes(path, LARGEST_BYTES)
    sheets = _sheets(content, path.name)
    index = _sheet(sheets, INDEX, path.name)
    blocks: dict[float, dict[str, float]] = {}
    problems: list[Problem] = []
    notes: list[Problem] = []
    for at, line, rows in _blocks(index):
        if at in blocks:
            what = f"the time {at:g} h stands twice"
            notes.append(Problem(f"{path.name}: {INDEX}, row {line}", what, "The later is used."))
        blocks[at] = _values(rows, f"{path.name}: {INDEX}", problems)
    if problems:
        raise DataError(problems, path.name)
    if not any(blocks.values()):
        what = f"the sheet '{INDEX}' holds no block 'Cell Index at: h:mm:ss' with readings"
        raise DataError(Problem(path.name, what, "Export the plate's data as a workbook again."))
    hours = np.array(sorted(blocks))
    wells = list(dict.fromkeys(w for at in hours for w in blocks[at]))
    signal = {w: np.array([blocks[at].get(w, np.nan) for at in hours]) for w in wells}
    names = _names(_found(sheets, LAYOUT) or [])
    return Traces(
        path.name, hours, MappingProxyType(signal), MappingProxyType(names), tuple(notes), content
    )


def _sheets(content: bytes, file: str) -> dict[str, list[Row]]:
    try:
        import openpyxl
    except ImportError:
        do = "Install it with: pip install 'carnk[excel]'"
        raise SpecError(Problem(file, "reading workbooks needs openpyxl", do)) from None
    broken = Problem(file, "this is not a workbook (.xlsx)", "Save it as .xlsx, or as CSV.")
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > LARGEST_UNPACKED:
                raise SpecError(Problem(file, "unpacks to more than 1 GB", "Split it."))
        book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
        return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError):
        raise SpecError(broken) from None


def _found(sheets: dict[str, list[Row]], name: str) -> list[Row] | None:
    plain = {title.strip().lower(): rows for title, rows in sheets.items()}
    return plain.get(name.lower())


def _sheet(sheets: dict[str, list[Row]], name: str, file: str) -> list[Row]:
    rows = _found(sheets, name)
    if rows is None:
        do = did_you_mean(name, sheets) or f"Its sheets are {', '.join(sheets)}."
        raise DataError(Problem(file, f"there is no sheet '{name}'", do))
    return rows


def _blocks(rows: Sequence[Row]) -> Iterator[tuple[float, int, list[tuple[int, Row]]]]:
    """(hours, row of the sheet, rows with their number) of each block."""
    at: tuple[float, int] | None = None
    held: list[tuple[int, Row]] = []
    for number, row in enumerate(rows, start=1):
        found = next((m for cell in row[:3] if (m := _AT.search(str(cell or "")))), None)
        if found is None:
            held.append((number, row))
            continue
        if at is not None:
            yield *at, held
        sign, hour, minute, second = found.groups()
        hours = int(hour) + int(minute) / 60 + float(second or 0) / 3600
        hours = -hours if sign else hours
        at, held = (hours, number), []
    if at is not None:
        yield *at, held


def _values(
    rows: Sequence[tuple[int, Row]], where: str, problems: list[Problem]
) -> dict[str, float]:
    """Readings by well; an empty cell is no reading, other text is a problem."""
    columns: dict[int, int] = {}
    found = {}
    for number, row in rows:
        numbers = {i: int(c) for i, c in enumerate(row) if _is_column(c)}
        letter = str(row[0] or "").strip() if row else ""
        if not _ROW.fullmatch(letter):
            columns = numbers if list(numbers.values())[:2] == [1, 2] else columns
            continue
        for i, column in columns.items():
            cell = row[i] if i < len(row) else None
            text = str(cell if cell is not None else "").strip()
            if text in ("", "-", "--", "---"):
                continue
            try:
                value = float(text.replace(",", "."))
            except ValueError:
                value = np.nan
            if not isfinite(value):
                what = f"'{text}' in well {letter}{column} is not a number"
                problems.append(Problem(f"{where}, row {number}", what))
            found[f"{letter}{column}"] = value
    return found


def _is_column(cell: object) -> bool:
    """Whether a cell is the number of a column: 1, 1.0 or '1'."""
    text = str(cell).strip().removesuffix(".0")
    return text.isdigit() and 1 <= int(text) <= 24


def _names(rows: Sequence[Row]) -> dict[str, str]:
    """What the layout calls the wells, from a matrix or from a list."""
    columns: dict[int, int] = {}
    well_at: int | None = None
    found = {}
    for row in rows:
        cells = [str(c).strip() if c is not None else "" for c in row]
        if well_at is None and "well" in [c.lower() for c in cells]:
            well_at = [c.lower() for c in cells].index("well")
            continue
        if well_at is not None:
            name = " ".join(c for i, c in enumerate(cells) if c and i != well_at)
            try:
                found[well_name(cells[well_at])] = name
            except ValueError:
                continue
        elif cells and _ROW.fullmatch(cells[0]):
            for i, column in columns.items():
                found[f"{cells[0]}{column}"] = cells[i] if i < len(cells) else ""
        else:
            numbers = {i: int(float(c)) for i, c in enumerate(cells) if _is_column(c)}
            columns = numbers if list(numbers.values())[:2] == [1, 2] else columns
    return {well: name for well, name in found.items() if name}
