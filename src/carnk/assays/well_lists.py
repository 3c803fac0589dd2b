"""Lists of wells: one line a well, one or more columns of values."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..base import Problem
from .blocks import FORMATS, Block, clock_hours, lines_of, read_cell, row_name, wavelengths
from .cells import Sheet

WELL_NAMES = ("well", "wells", "well id", "well_id", "well position", "position", "well name")
ROW_NAMES, COLUMN_NAMES = ("well row", "row"), ("well col", "well column", "col", "column")
GROUPS = ("plate", "read", "cycle", "time", "wavelength")  # columns that tell readings apart
VALUES = re.compile(
    r"value|signal|od|abs|a?\d{3}\b|read|raw|result|lumi|fluo|count|rlu|rfu|cpm|measure", re.I
)
FEWEST_WELLS = 3  # in the head of a table of courses
TIMES = {"s": 3600.0, "sec": 3600.0, "min": 60.0, "h": 1.0, "hours": 1.0, "": 1.0}
_WELL = re.compile(r"([A-Z]|A[A-F])0?([1-9]\d?)", re.I)


def well_name(text: str) -> str:
    """Return 'A1' for 'A1', 'a01' or 'A001'; ValueError if it is no well of a known plate."""
    found = re.fullmatch(r"([A-Z]|A[A-F])0{0,2}([1-9]\d?)", text.strip(), re.I)
    if found is None:
        raise ValueError(f"'{text}' is not a well such as A1 or H12")
    return f"{found[1].upper()}{int(found[2])}"


def lists(sheet: Sheet, problems: list[Problem]) -> list[Block] | None:
    """Readings of a list of wells, one for every column of values; None if it is no list.

    A table with a column for every well and a line for every time is one, too.
    """
    rows = list(lines_of(sheet))
    for i, (_, cells) in enumerate(rows[:-1]):
        if _heads_courses(cells, rows[i + 1][1]):
            return _courses(sheet, rows[i:], problems)
        heads = [cell.lower() for cell in cells]
        if _well_of(heads, rows[i + 1][1]):
            return _read(sheet, heads, rows[i + 1 :], problems)
        if len(cells) == 2 and _WELL.fullmatch(cells[0]) and _WELL.fullmatch(rows[i + 1][1][0]):
            return _read(sheet, ["well", "value"], rows[i:], problems)
    return None


def _heads_courses(cells: tuple[str, ...], below: tuple[str, ...]) -> bool:
    """Whether a line heads columns of wells: names of samples, such as S1, look like wells too."""
    wells = [cell for cell in cells if _WELL.fullmatch(cell)]
    return (
        len(wells) >= FEWEST_WELLS and "A1" in map(well_name, wells) and not set(wells) & set(below)
    )


def _courses(
    sheet: Sheet, rows: list[tuple[int, tuple[str, ...]]], problems: list[Problem]
) -> list[Block]:
    """Readings of a table whose columns are wells and whose lines are times."""
    heads = rows[0][1]
    wells = {i: well_name(head) for i, head in enumerate(heads) if _WELL.fullmatch(head)}
    times = [i for i, head in enumerate(heads) if head.lower().startswith("time")]
    found = []
    for line, cells in rows[1:]:
        if len(_filled(cells)) < 2:
            break
        block = Block(FORMATS[96])
        if times and times[0] < len(cells):
            block.hours = _hours(heads[times[0]].lower(), cells[times[0]])
        for i, well in wells.items():
            cell = cells[i] if i < len(cells) else ""
            if reading := read_cell(sheet, line, well, cell, problems):
                block.readings[well] = reading
        found.append(block)
    shape = _shape(found)
    for block in found:
        block.shape = shape
    return found


def _filled(cells: tuple[str, ...]) -> list[str]:
    return [cell for cell in cells if cell]


def _well_of(heads: list[str], cells: tuple[str, ...]) -> str:
    """The well of a row, '' if the columns name none or there is none in them."""
    row = dict(zip(heads, cells))
    name = next((row[each] for each in WELL_NAMES if each in row), "")
    if not name:
        letter = next((row[each] for each in ROW_NAMES if each in row), "")
        number = next((row[each] for each in COLUMN_NAMES if each in row), "")
        name = letter + number
    return name if re.fullmatch(r"[A-Za-z]{1,2}\d{1,3}", name) else ""


def _read(
    sheet: Sheet,
    heads: list[str],
    rows: list[tuple[int, tuple[str, ...]]],
    problems: list[Problem],
) -> list[Block]:
    found: dict[tuple[str, ...], Block] = {}
    groups = [i for i, head in enumerate(heads) if head.startswith(GROUPS) and not _is_read(head)]
    values = _values(heads, groups, rows)
    for line, cells in rows:
        name = _well_of(heads, cells)
        if not name:
            what = f"'{cells[0]}' is not a well such as A1 or H12"
            problems.append(Problem(f"{sheet.file}:{line}", what, "Remove or correct the line."))
            continue
        if len(cells) > len(heads):
            what = f"there are {len(cells)} cells but {len(heads)} columns"
            do = "If commas are decimal marks, save the file with ';' or tabs between the cells."
            problems.append(Problem(f"{sheet.file}:{line}: well {name}", what, do))
            continue
        group = tuple(cells[i] if i < len(cells) else "" for i in groups)
        for i in values:
            block = found.setdefault((*group, str(i)), _block(heads, groups, group, i))
            _put(sheet, line, name, cells[i] if i < len(cells) else "", (block, problems))
    shape = _shape(found.values())
    for block in found.values():
        block.shape = shape
    return list(found.values())


def _put(sheet: Sheet, line: int, name: str, cell: str, into: tuple[Block, list[Problem]]) -> None:
    block, problems = into
    try:
        well = well_name(name)
    except ValueError as error:
        problems.append(Problem(f"{sheet.file}:{line}", str(error)))
        return
    reading = read_cell(sheet, line, well, cell, problems)
    if reading is None:
        return
    if well in block.readings:
        what = f"the well stands twice, first on line {block.readings[well].line}"
        do = "Remove one, or tell them apart in a column plate, read, cycle or time."
        problems.append(Problem(f"{sheet.file}:{line}: well {well}", what, do))
        return
    block.readings[well] = reading


def _is_read(head: str) -> bool:
    return head.startswith("read") and head != "read"


def _values(
    heads: list[str], groups: list[int], rows: list[tuple[int, tuple[str, ...]]]
) -> list[int]:
    """Columns of values: those named so, or else the one after the well."""
    places = (*WELL_NAMES, *ROW_NAMES, *COLUMN_NAMES)
    free = [i for i, h in enumerate(heads) if h and h not in places and i not in groups]
    named = [i for i in free if VALUES.match(heads[i])]
    if not named and all(_is_time(heads[i]) for i in free):
        return free
    filled = [i for i in named or free if any(cells[i : i + 1] != ("",) for _, cells in rows)]
    return filled if named else filled[:1]


def _is_time(head: str) -> bool:
    return clock_hours(head) is not None or re.fullmatch(r"\d+(?:\.\d+)?", head) is not None


def _block(heads: list[str], groups: list[int], group: tuple[str, ...], value: int) -> Block:
    """An empty block with the wavelength, time and number that its columns give."""
    block = Block(FORMATS[96])
    words = []
    nm = wavelengths(heads[value])
    for i, cell in zip(groups, group):
        if heads[i].startswith("time"):
            block.hours = _hours(heads[i], cell)
        elif heads[i].startswith("wavelength"):
            nm = wavelengths(cell) or nm
        elif number := re.fullmatch(r"(?:plate|read|cycle)?\s*(\d+)", cell, re.I):
            words.append(f"{heads[i].split()[0]} {number[1]}")
    if _is_time(heads[value]) and block.hours is None:
        block.hours = clock_hours(heads[value])
    block.wavelength_nm = nm[0] if nm else None
    block.label = ", ".join(words)
    return block


def _hours(head: str, cell: str) -> float | None:
    clock = clock_hours(cell)
    if clock is not None:
        return clock
    unit = re.search(r"[\[(_ ](s|sec|min|h|hours)\b", head)
    try:
        return float(cell.replace(",", ".")) / TIMES[unit[1] if unit else ""]
    except ValueError:
        return None


def _shape(found: Collection[Block]) -> tuple[int, int]:
    """The smallest plate from 96 wells up that has every well."""
    letters = {row_name(r): r for r in range(32)}
    rows = columns = 0
    for block in found:
        for well in block.readings:
            letter = well.rstrip("0123456789")
            rows = max(rows, letters[letter] + 1)
            columns = max(columns, int(well[len(letter) :]))
    fits = [s for n, s in FORMATS.items() if n >= 96 and rows <= s[0] and columns <= s[1]]
    return fits[0] if fits else FORMATS[1536]
