"""Plates as readers and people write them: matrices, exports of several blocks, lists of wells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from ..base import DataError, Problem, SpecError, did_you_mean
from .blocks import FORMATS, Block, blocks
from .cells import Reading, Sheet, read_sheet
from .well_lists import lists


@dataclass(frozen=True)
class Plate:
    """One reading of one plate.

    name: such as '450 nm', 'read 2' or 'plate 1, 0:10:00'; shape: rows and columns; readings: by
    well ('A1'), row by row, empty wells left out; wavelength_nm and hours: where the file has them.
    """

    name: str
    shape: tuple[int, int]
    readings: Mapping[str, Reading]
    wavelength_nm: float | None = None
    hours: float | None = None

    def has(self, well: str) -> bool:
        """Whether a plate of this shape has the well, empty or not."""
        row, column = position(well)
        return row < self.shape[0] and column < self.shape[1]

    def is_at_edge(self, well: str) -> bool:
        """Whether the well is in an outer row or column."""
        row, column = position(well)
        return row in (0, self.shape[0] - 1) or column in (0, self.shape[1] - 1)


@dataclass(frozen=True)
class PlateFile:
    """All readings of one file; sheet: the file as cells, for its name, hash and content."""

    plates: tuple[Plate, ...]
    sheet: Sheet

    def one(self, name: str = "") -> Plate:
        """Return the reading of this name, or the only one; SpecError lists them otherwise.

        A wavelength or a number may stand for the name: '450' finds '450 nm'.
        """
        names = [plate.name for plate in self.plates]
        if not name and len(names) == 1:
            return self.plates[0]
        found = [p for p in self.plates if name and re.match(rf"{re.escape(name)}(?!\w)", p.name)]
        exact = [p for p in found if p.name == name] or found
        if len(exact) == 1:
            return exact[0]
        listed = ", ".join(f"'{each}'" for each in names[:12]) + (", ..." if names[12:] else "")
        what = f"'{name}' is not one reading of this file" if name else "there are several readings"
        nearest = did_you_mean(name, names) if name and not found else ""
        do = nearest or f"Name one with --read: {listed}."
        raise SpecError(Problem(self.sheet.file, what, do))


def read_plates(path: Path | str, decimal: str = "") -> PlateFile:
    """Read every plate of a text file: matrices with or without headers, exports, lists of wells.

    decimal: 'comma' or 'point' where the file leaves it open. OVER, OVRFLW, '>4.0' and the like
    are kept as readings with a flag. SpecError for a file that cannot be read, DataError with every
    cell that is not a number, by line and well.
    """
    return plates_of(read_sheet(path, decimal))


def plates_of(sheet: Sheet) -> PlateFile:
    """Find the plates among the rows of a file; DataError as in `read_plates`."""
    problems: list[Problem] = []
    found = lists(sheet, problems)
    if found is None:
        found = blocks(sheet, problems)
    if problems:
        raise DataError(problems, sheet.file)
    found = [block for block in found if block.readings]
    if not found:
        raise DataError(_nothing(sheet))
    return PlateFile(tuple(_named(found)), sheet)


def minus(plate: Plate, reference: Plate) -> Plate:
    """Subtract a reference wavelength, well by well; flags stay.

    DataError names the wells that only one of the two has.
    """
    alone = sorted(set(plate.readings) ^ set(reference.readings), key=position)
    if alone:
        what = f"'{plate.name}' and '{reference.name}' differ in wells {', '.join(alone)}"
        raise DataError(Problem("plate", what, "Subtract a reading of the same wells."))
    readings = {}
    for well, each in plate.readings.items():
        other = reference.readings[well]
        flag = each.flag or other.flag
        value = each.value if each.flag else each.value - (0.0 if other.flag else other.value)
        readings[well] = Reading(value, flag, each.line)
    name = f"{plate.name} - {reference.name}"
    return replace(plate, name=name, readings=MappingProxyType(readings))


def position(well: str) -> tuple[int, int]:
    """Return row and column of a well from 0: 'A1' is (0, 0), 'AA3' (26, 2)."""
    letters = well.rstrip("0123456789")
    row = 0
    for letter in letters:
        row = 26 * row + ord(letter) - 64
    return row - 1, int(well[len(letters) :]) - 1


def _named(found: list[Block]) -> list[Plate]:
    """Plates with names that differ."""
    shape = max((block.shape for block in found), default=FORMATS[96])
    plain = [_name(block) for block in found]
    count = Counter(plain)
    plates, seen = [], Counter[str]()
    for block, given in zip(found, plain):
        seen[given] += 1
        name = given or "plate"
        if count[given] > 1:
            name = f"{given}, read {seen[given]}".removeprefix(", ")
        readings = dict(sorted(block.readings.items(), key=lambda item: position(item[0])))
        plates.append(
            Plate(name, shape, MappingProxyType(readings), block.wavelength_nm, block.hours)
        )
    return plates


def _name(block: Block) -> str:
    nm = "" if block.wavelength_nm is None else f"{block.wavelength_nm:g} nm"
    time = "" if block.hours is None else f"{block.hours:.6g} h"
    return ", ".join(part for part in (nm, time, block.label) if part)


def _nothing(sheet: Sheet) -> Problem:
    """No plate was found: say why, if the commas give it away."""
    shapes = ", ".join(f"{rows} x {columns}" for rows, columns in FORMATS.values())
    if sheet.separator == ",":
        wide = [len(cells) for _, cells in sheet.rows if any(cells)]
        if any(n in (2 * c, 2 * c + 1) for n in wide for _, c in FORMATS.values()):
            what = "commas seem to be both separators and decimal marks"
            return Problem(sheet.file, what, "Save it with ';' or tabs between the cells.")
    what = "no plate was found"
    do = f"Give a matrix of {shapes} wells, or a list with the columns well and value."
    return Problem(sheet.file, what, do)
