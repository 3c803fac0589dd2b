"""What is in each well of a plate: a CSV of wells, roles, samples, concentrations, dilutions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..base import DataError, NumberError, Problem, convert, did_you_mean, is_unit
from .blocks import row_name
from .cells import Sheet, read_sheet
from .plate import Plate, position
from .well_lists import well_name

ROLES = (
    *("standard", "sample", "blank", "spike", "control", "spontaneous", "maximum", "effector"),
    *("target", "medium", "empty"),
)
COLUMNS = (
    *("well", "role", "sample", "concentration", "unit", "dilution", "et", "replicate"),
    *("effector", "target", "donor", "plate", "day", "group", "note"),
)
WORDS = ("sample", "replicate", "effector", "target", "donor", "plate", "day", "group")
SHOWN = 12  # wells named in a message

_IN_HEADER = re.compile(r"concentration\s*[\[(]\s*(.+?)\s*[\])]")
_WITH_UNIT = re.compile(r"([^A-Za-zµμ%]*?(?:[eE][+-]?\d+)?)\s*([A-Za-zµμ%].*)")
_RATIO = re.compile(r"(.+?)\s*[:/]\s*(.+)")


@dataclass(frozen=True)
class LayoutWell:
    """One well: its role and what is in it.

    concentration: of a standard, a control or a spike, in the layout's unit. dilution: fold, so
    that 100 is 1:100. et: effectors per target. words: sample, replicate, effector, target, donor,
    plate, day, group as written; '' where the file has none.
    """

    well: str
    role: str
    concentration: float | None
    dilution: float
    et: float | None
    words: Mapping[str, str]
    line: int

    @property
    def sample(self) -> str:
        """The sample's name."""
        return self.words["sample"]


@dataclass(frozen=True)
class Layout:
    """The wells of a plate by name; unit: that of all concentrations, '' where there are none."""

    wells: Mapping[str, LayoutWell]
    unit: str
    sheet: Sheet

    def of(self, *roles: str) -> list[LayoutWell]:
        """The wells of these roles, row by row."""
        return [each for each in self.wells.values() if each.role in roles]

    def empty_on(self, plate: Plate) -> list[str]:
        """Wells that hold something by the layout, but have no reading on the plate."""
        return [w for w, e in self.wells.items() if e.role != "empty" and w not in plate.readings]


def read_layout(path: Path | str, decimal: str = "") -> Layout:
    """Read a layout; DataError with every cell that is wrong, by line and well.

    Wells may be ranges ('A1:B3'). A concentration has its unit in the cell ('500 pg/mL'), in the
    header ('concentration [pg/mL]') or in a column `unit`; all are told in the first one's unit.
    """
    sheet = read_sheet(path, decimal)
    heads, unit, problems = _header(sheet)
    if problems:
        raise DataError(problems, sheet.file)
    reader = _Reader(sheet, heads, unit, [])
    wells = {each.well: each for each in reader.wells()}
    if reader.problems:
        raise DataError(reader.problems, sheet.file)
    ordered = dict(sorted(wells.items(), key=lambda item: position(item[0])))
    return Layout(MappingProxyType(ordered), reader.unit, sheet)


def check_match(plate: Plate, layout: Layout) -> None:
    """DataError naming the wells that only the plate or only the layout has.

    A well whose cell on the plate is empty is on the plate.
    """
    problems = []
    outside = [well for well in layout.wells if not plate.has(well)]
    if outside:
        rows, columns = plate.shape
        what = f"wells {named(outside)} are not on the plate of {rows} x {columns} wells"
        problems.append(Problem(layout.sheet.file, what, "Give the layout of this plate."))
    unnamed = [well for well in plate.readings if well not in layout.wells]
    if unnamed:
        what = f"wells {named(unnamed)} have readings, but the layout does not name them"
        do = "Name what is in them; 'empty' is a role, and A1:B12 stands for a range."
        problems.append(Problem(layout.sheet.file, what, do))
    if not set(plate.readings) & {w for w, e in layout.wells.items() if e.role != "empty"}:
        what = "no well that the layout fills has a reading"
        problems.append(Problem(layout.sheet.file, what, "Give the layout of this plate."))
    if problems:
        raise DataError(problems, layout.sheet.file)


def named(wells: list[str]) -> str:
    """Wells as text, the first dozen of them."""
    more = f" and {len(wells) - SHOWN} more" if len(wells) > SHOWN else ""
    return ", ".join(wells[:SHOWN]) + more


def _header(sheet: Sheet) -> tuple[dict[str, int], str, list[Problem]]:
    """(columns by name, unit of concentrations if the header has it, problems)."""
    line, cells = sheet.rows[0]
    where = f"{sheet.file}:{line}"
    heads: dict[str, int] = {}
    unit, problems = "", []
    for i, cell in enumerate(cells):
        name = cell.lower().replace("e:t", "et")
        if found := _IN_HEADER.fullmatch(cell):
            name, unit = "concentration", found[1]
        if name in COLUMNS and name not in heads:
            heads[name] = i
        elif name:
            what = f"'{cell}' stands twice" if name in heads else f"'{cell}' is not a column here"
            do = did_you_mean(name, COLUMNS) or f"The columns are {', '.join(COLUMNS)}."
            problems.append(Problem(where, what, do))
    missing = [name for name in ("well", "role") if name not in heads]
    if missing:
        what = f"there is no column {' and no column '.join(missing)}"
        problems.append(Problem(where, what, f"The columns are {', '.join(COLUMNS)}."))
    if unit and not is_unit(unit):
        problems.append(Problem(where, f"'{unit}' is not a known unit", "Write it as in 'pg/mL'."))
    return heads, unit, problems


class _Reader:
    """Reads lines into wells and gathers what is wrong."""

    def __init__(
        self, sheet: Sheet, heads: dict[str, int], unit: str, problems: list[Problem]
    ) -> None:
        self.sheet, self.heads, self.problems = sheet, heads, problems
        self.unit = self.header_unit = unit
        self.seen: dict[str, int] = {}

    def wells(self) -> Iterator[LayoutWell]:
        """All wells of all lines."""
        for line, cells in self.sheet.rows[1:]:
            row = {n: cells[i] if i < len(cells) else "" for n, i in self.heads.items()}
            if any(cells):
                yield from self.line(line, row)

    def line(self, line: int, row: dict[str, str]) -> Iterator[LayoutWell]:
        """The wells of a line; nothing if they cannot be read."""
        where = f"{self.sheet.file}:{line}: well {row['well']}"
        try:
            wells = _range(row["well"])
        except ValueError as error:
            self.problems.append(Problem(f"{self.sheet.file}:{line}", str(error)))
            return
        role = row["role"].lower()
        if role not in ROLES:
            do = did_you_mean(role, ROLES) or f"The roles are {', '.join(ROLES)}."
            self.problems.append(Problem(where, f"'{row['role']}' is not a role", do))
        concentration = self.concentration(where, row)
        if role == "standard" and concentration is None and not self.problems:
            what = "a standard needs its concentration"
            self.problems.append(Problem(where, what, "Write it as in '500 pg/mL'."))
        dilution = self.fold(where, "dilution", row.get("dilution", ""))
        et = self.ratio(where, "et", row.get("et", ""))
        words = {name: row.get(name, "") for name in WORDS}
        for well in wells:
            if well in self.seen:
                what = f"the well stands twice, first on line {self.seen[well]}"
                self.problems.append(Problem(f"{self.sheet.file}:{line}: well {well}", what))
            self.seen[well] = line
            yield LayoutWell(well, role, concentration, dilution, et, words, line)

    def concentration(self, where: str, row: dict[str, str]) -> float | None:
        """The concentration in the unit of the first one."""
        text = row.get("concentration", "")
        if not text:
            return None
        found = _WITH_UNIT.fullmatch(text)
        unit = found[2] if found else row.get("unit", "") or self.header_unit
        value = self.number(where, "concentration", found[1] if found else text)
        if value is None:
            return None
        if not unit or not is_unit(unit):
            what = f"'{text}' has no unit" if not unit else f"'{unit}' is not a known unit"
            self.problems.append(Problem(where, what, f"Write it as in '{text.split()[0]} pg/mL'."))
            return None
        self.unit = self.unit or unit
        try:
            return convert(value, unit, self.unit)
        except NumberError as error:
            self.problems += [Problem(where, p.what, p.do) for p in error.problems]
            return None

    def fold(self, where: str, name: str, text: str) -> float:
        """A dilution as fold: '1:100', '1/100' and '100' are 100."""
        if not text:
            return 1.0
        parts = self.parts(where, name, text)
        value = parts[-1] / parts[0] if len(parts) == 2 else parts[0] if parts else 1.0
        if value < 1:
            what = f"a {name} of '{text}' is less than 1-fold"
            self.problems.append(Problem(where, what, "Write 1:100 or 100 for a hundredfold."))
        return value

    def ratio(self, where: str, name: str, text: str) -> float | None:
        """Effectors per target: '10:1' and '10' are 10."""
        if not text:
            return None
        parts = self.parts(where, name, text)
        return parts[0] / (parts[1] if len(parts) == 2 else 1.0) if parts else None

    def parts(self, where: str, name: str, text: str) -> list[float]:
        """The numbers of a ratio, or the one number; none of them 0, nothing if they are wrong."""
        ratio = _RATIO.fullmatch(text)
        found = [self.number(where, name, part) for part in (ratio.groups() if ratio else (text,))]
        numbers = [each for each in found if each is not None]
        if len(numbers) < len(found):
            return []
        if ratio and 0 in numbers:
            self.problems.append(Problem(f"{where}: {name}", f"'{text}' has a 0 in it"))
            return []
        return numbers

    def number(self, where: str, name: str, text: str) -> float | None:
        """A number of 0 or more."""
        try:
            value = self.sheet.number(text)
        except ValueError as error:
            self.problems.append(Problem(f"{where}: {name}", str(error)))
            return None
        if value < 0:
            self.problems.append(Problem(f"{where}: {name}", f"'{text}' is below 0"))
        return value


def _range(text: str) -> list[str]:
    """The wells of 'A1' or of the rectangle 'A1:B3' (or 'A1-B3')."""
    ends = [well_name(end) for end in re.split(r"\s*[:-]\s*", text)]
    if len(ends) == 1:
        return ends
    if len(ends) != 2:
        raise ValueError(f"'{text}' is not a well or a range such as A1:B3")
    (top, left), (bottom, right) = position(ends[0]), position(ends[1])
    if top > bottom or left > right:
        raise ValueError(f"the range '{text}' runs backwards")
    return [
        f"{row_name(row)}{column + 1}"
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    ]
