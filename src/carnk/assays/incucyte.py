"""Incucyte exports: lines about the vessel, then wells over time, or a matrix for each time.

A failed image is written as about -4.29e8: it is noted by well and hour, and not used. Several
images of a well are averaged; columns and matrices of standard errors are skipped.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ..base import DataError, Problem
from .cells import EMPTY, Sheet, read_sheet
from .traces import Traces

FAILED = -1e6  # far below any count, area or percentage
LISTED = 8

_WELL = re.compile(r"(?<![A-Za-z0-9])([A-P])0?([1-9]\d?)(?![A-Za-z0-9])")
_ERRORS = re.compile(r"std\.?\s*(?:err|dev)|standard", re.I)
_ROW = re.compile(r"[A-P]")


@dataclass
class _Readings:
    """Values by hour and well as they are found, with what failed and what is wrong."""

    sheet: Sheet
    values: dict[float, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    failed: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    problems: list[Problem] = field(default_factory=list)

    def add(self, line: int, hours: float, well: str, cell: str) -> None:
        if cell.strip().lower() in EMPTY:
            return
        value = self.number(line, well, cell)
        if value is not None and value < FAILED:
            self.failed[well].append(hours)
        elif value is not None:
            self.values[hours][well].append(value)

    def number(self, line: int, what: str, cell: str) -> float | None:
        try:
            return self.sheet.number(cell)
        except ValueError as error:
            self.problems.append(Problem(f"{self.sheet.file}:{line}: {what}", str(error)))
            return None


def is_incucyte(sheet: Sheet) -> bool:
    """Whether a text file is such an export: a header with 'Elapsed', or time stamps."""
    return any(
        any(cell.lower().startswith(("elapsed", "time stamp")) for cell in cells[:4])
        for _, cells in sheet.rows
    )


def read_incucyte(path: Path | str, decimal: str = "") -> Traces:
    """Read an export; DataError with every cell that is no number, and where there are no wells."""
    return traces_of(read_sheet(path, decimal))


def traces_of(sheet: Sheet) -> Traces:
    """Find wells and hours in the rows of an export; DataError as in `read_incucyte`."""
    readings = _Readings(sheet)
    head = next((i for i, (_, c) in enumerate(sheet.rows) if _elapsed(c) is not None), None)
    if head is not None:
        _wide(sheet, head, readings)
    else:
        _matrices(sheet, readings)
    if readings.problems:
        raise DataError(readings.problems, sheet.file)
    wells = list(dict.fromkeys(w for at in readings.values.values() for w in at))
    if not wells:
        what = "there is no line with 'Date Time', 'Elapsed' and wells, or no reading below it"
        raise DataError(Problem(sheet.file, what, "Export the metric again, with all wells."))
    hours = np.array(
        sorted(set(readings.values) | {h for f in readings.failed.values() for h in f})
    )
    signal = {
        well: np.array([_mean(readings.values[at].get(well, [])) for at in hours]) for well in wells
    }
    notes = tuple(_failed(sheet.file, well, at) for well, at in readings.failed.items())
    return Traces(sheet.file, hours, MappingProxyType(signal), notes=notes, content=sheet.content)


def _elapsed(cells: tuple[str, ...]) -> int | None:
    """Column of the elapsed hours if these cells are the header of wells over time."""
    heads = [cell.lower() for cell in cells]
    at = next((i for i, head in enumerate(heads) if head.startswith("elapsed")), None)
    dated = any(head.replace("/", " ").startswith(("date", "time")) for head in heads)
    return at if at is not None and dated and any(_well(c) for c in cells[at + 1 :]) else None


def _wide(sheet: Sheet, head: int, readings: _Readings) -> None:
    cells = sheet.rows[head][1]
    at = _elapsed(cells)
    assert at is not None
    wells = {i: _well(c) for i, c in enumerate(cells) if i > at and not _ERRORS.search(c)}
    for line, row in sheet.rows[head + 1 :]:
        if len(row) <= at or not any(row):
            continue
        hours = readings.number(line, "Elapsed", row[at])
        for i, well in wells.items():
            if well and hours is not None and i < len(row):
                readings.add(line, hours, well, row[i])


def _matrices(sheet: Sheet, readings: _Readings) -> None:
    """Blocks 'Time Stamp: ... Elapsed: 4 hours' with a matrix, or one for each image."""
    for line, hours, letter, columns, cells in _lines(sheet, readings):
        for i, column in columns.items():
            if i < len(cells):
                readings.add(line, hours, f"{letter}{column}", cells[i])


def _lines(
    sheet: Sheet, readings: _Readings
) -> Iterator[tuple[int, float, str, dict[int, int], tuple[str, ...]]]:
    hours: float | None = None
    columns: dict[int, int] = {}
    skipped = False
    for line, cells in sheet.rows:
        stamp = next((i for i, c in enumerate(cells) if c.lower().startswith("elapsed")), None)
        if stamp is not None and stamp + 1 < len(cells):
            hours = readings.number(line, "Elapsed", cells[stamp + 1])
            skipped = False
        elif hours is not None and cells and _ROW.fullmatch(cells[0]) and not skipped:
            yield line, hours, cells[0], columns, cells
        elif [c for c in cells if c][:2] == ["1", "2"]:
            columns = {i: int(c) for i, c in enumerate(cells) if c.isdigit()}
        elif any(cells):
            skipped = bool(_ERRORS.search(" ".join(cells)))


def _well(cell: str) -> str:
    found = _WELL.search(cell)
    return f"{found[1]}{int(found[2])}" if found else ""


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _failed(file: str, well: str, hours: list[float]) -> Problem:
    at = ", ".join(f"{h:g}" for h in hours[:LISTED]) + ", ..." * (len(hours) > LISTED)
    return Problem(f"{file}: well {well}", f"the image failed at {at} h", "It is not used.")
