"""Matrices of wells in a file: with row and column headers, with one of them, or bare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..base import Problem
from .cells import Reading, Sheet

FORMATS = {  # wells: (rows, columns)
    6: (2, 3),
    12: (3, 4),
    24: (4, 6),
    48: (6, 8),
    96: (8, 12),
    384: (16, 24),
    1536: (32, 48),
}
ROWS_OF = {columns: rows for rows, columns in FORMATS.values()}
BARE = (12, 24, 48)  # columns by which a matrix without any header is known
LABEL_LINES = 3  # above a matrix, in which its wavelength or time may stand

_CLOCK = re.compile(r"(?<![\d:])(\d{1,3}):([0-5]\d)(?::([0-5]\d))?(?![\d:])")
_NM = re.compile(r"(?<![\d.,:/])([2-9]\d\d)(?:\s*nm)?(?![\d.,:/])")
_OF_DAY = re.compile(r"date|\b[ap]m\b", re.IGNORECASE)  # a time of day, not of the experiment
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*s(?:ec)?\b")

Row = tuple[int, tuple[str, ...]]


@dataclass
class Block:
    """One matrix or one reading of a list: readings by well, and what the file says of it.

    No other words of the file are kept: they may name people.
    """

    shape: tuple[int, int]
    readings: dict[str, Reading] = field(default_factory=dict)
    wavelength_nm: float | None = None
    hours: float | None = None
    label: str = ""


def row_name(row: int) -> str:
    """Return the letters of a row from 0: A ... Z, AA, AB ..."""
    return chr(65 + row) if row < 26 else "A" + chr(65 + row - 26)


def clock_hours(text: str) -> float | None:
    """Return hours of a time such as '0:10:00', '1:30' or '600 s' in a text, None if there is none.

    Two parts are hours and minutes.
    """
    if found := _CLOCK.search(text):
        h, m, s = (float(part or 0) for part in found.groups())
        return h + m / 60 + s / 3600
    found = _SECONDS.search(text)
    return float(found[1]) / 3600 if found else None


def wavelengths(text: str) -> list[float]:
    """Return the wavelengths in nm that a text names, such as '450' or '450 nm'."""
    return [float(each) for each in _NM.findall(text)]


def blocks(sheet: Sheet, problems: list[Problem]) -> list[Block]:
    """Find every matrix of a file in its order; cells that are no numbers become problems."""
    reader = _Blocks(sheet, problems)
    i = 0
    while i < len(sheet.rows):
        i = reader.read(i)
    return reader.found


@dataclass
class _Blocks:
    sheet: Sheet
    problems: list[Problem]
    found: list[Block] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)  # of the lines since the last matrix
    header_cells: int = 0  # of the last header, empty ones at its end too

    def read(self, i: int) -> int:
        """Read what begins on a row, and return the row after it."""
        _, cells = self.sheet.rows[i]
        starts = _headers(cells)
        if starts and self._is_row(i + 1, starts):
            self.header_cells = len(cells)
            return self._under_header(i + 1, starts)
        width = self._lettered_width(i)
        if width:
            return self._lettered(i, [(1, width)])
        width = self._bare_width(i)
        if width:
            return self._bare(i, [(0, width)])
        self.labels.append(" ".join(cells))
        return i + 1

    def _cells(self, i: int) -> tuple[str, ...]:
        return self.sheet.rows[i][1] if i < len(self.sheet.rows) else ()

    def _is_row(self, i: int, starts: list[tuple[int, int]]) -> bool:
        """Whether a row fills the columns of a header."""
        cells = self._cells(i)
        start, width = starts[0]
        if start and len(cells) >= start and cells[start - 1] == "A":
            return True
        return sum(self._is_number(c) for c in cells[start : start + width]) * 2 >= width

    def _is_number(self, cell: str) -> bool:
        try:
            return self.sheet.reading(cell, 0) is not None
        except ValueError:
            return False

    def _under_header(self, i: int, starts: list[tuple[int, int]]) -> int:
        start = starts[0][0]
        if start and self._cells(i)[start - 1 : start] == ("A",):
            return self._lettered(i, starts)
        above = self.labels
        while self._is_row(i, starts):
            self.labels = above
            i = self._bare(i, starts)
            while i < len(self.sheet.rows) and not any(self._cells(i)):
                i += 1
        return i

    def _lettered_width(self, i: int) -> int:
        """Columns of a matrix with row letters and no header that begins here, or 0."""
        first, second = self._cells(i), self._cells(i + 1)
        width = len(_trimmed(first)) - 1
        begins = first[:1] == ("A",) and second[:1] == ("B",) and width in ROWS_OF
        return width if begins and 2 * sum(map(self._is_number, first[1:])) >= width else 0

    def _bare_width(self, i: int) -> int:
        """Columns of a matrix without any header that begins here, or 0."""
        for width in {len(self._cells(i)), len(_trimmed(self._cells(i)))} & set(BARE):
            rows = [self._cells(j) for j in range(i, i + ROWS_OF[width])]
            fits = all(any(row[:width]) and not any(row[width:]) for row in rows)
            numbers = sum(self._is_number(cell) for row in rows for cell in row[:width])
            if fits and 2 * numbers >= width * len(rows):
                return width
        return 0

    def _bare(self, i: int, starts: list[tuple[int, int]]) -> int:
        """Read as many rows as a plate of this width has."""
        made = self._begin(i, starts)
        rows = ROWS_OF[starts[0][1]]
        for row in range(rows):
            if not any(self._cells(i + row)):
                break
            self._row(i + row, row, starts, made)
        self.found += made
        return i + max(row, 1) if not any(self._cells(i + row)) else i + rows

    def _lettered(self, i: int, starts: list[tuple[int, int]]) -> int:
        """Read rows by their letters; rows without one hold further readings of the row above."""
        made, at, last = self._begin(i, starts), starts[0][0] - 1, -1
        more: list[Block] = []
        letters = {row_name(r): r for r in range(ROWS_OF[starts[0][1]])}
        while i < len(self.sheet.rows):
            cells = self._cells(i)
            letter = cells[at] if len(cells) > at else ""
            if letter in letters and letters[letter] > last:
                last, again = letters[letter], 0
                self._row(i, last, starts, made)
            elif not letter and last >= 0 and self._is_row(i, starts):
                while len(more) <= again:
                    more += self._begin(i, starts[:1])
                self._row(i, last, starts[:1], more[again : again + 1])
                again += 1
            elif any(cells):
                break
            i += 1
        self.found += made + more
        return i

    def _begin(self, i: int, starts: list[tuple[int, int]]) -> list[Block]:
        """Empty blocks of a matrix, with what the lines above and beside it say."""
        above = [text for text in self.labels if text][-LABEL_LINES:]
        self.labels = []
        cells = self._cells(i)
        beside = " ".join(cells[starts[-1][0] + starts[-1][1] :])
        before = " ".join(cells[: max(starts[0][0] - 1, 0)])
        nm = wavelengths(beside) or next(
            (found for text in reversed(above) if (found := wavelengths(text))), []
        )
        hours = clock_hours(before)
        if hours is None and above and not _OF_DAY.search(above[-1]):
            hours = clock_hours(above[-1])
        shape = ROWS_OF[starts[0][1]], starts[0][1]
        match = len(nm) >= len(starts)
        return [
            Block(shape, wavelength_nm=nm[k] if match else None, hours=hours)
            for k in range(len(starts))
        ]

    def _is_split(self, cells: tuple[str, ...]) -> bool:
        """Whether decimal commas split a row: whole numbers alone, and two per cell too many."""
        more = len(cells) - self.header_cells if self.header_cells else 0
        whole = sum(cell.isdigit() for cell in cells)
        return more >= 2 and whole >= 2 * more and not any("." in cell for cell in cells)

    def _row(self, i: int, row: int, starts: list[tuple[int, int]], made: list[Block]) -> None:
        line, cells = self.sheet.rows[i]
        if self.sheet.separator == "," and (
            len(_trimmed(cells)) >= starts[-1][0] + 2 * starts[-1][1] or self._is_split(cells)
        ):
            what = f"there are {len(cells)} cells where the plate has {starts[0][1]} columns"
            do = "If commas are decimal marks, save the file with ';' or tabs between the cells."
            self.problems.append(Problem(f"{self.sheet.file}:{line}", what, do))
            return
        for (start, width), block in zip(starts, made):
            for column, cell in enumerate(cells[start : start + width]):
                well = f"{row_name(row)}{column + 1}"
                if reading := read_cell(self.sheet, line, well, cell, self.problems):
                    block.readings[well] = reading


def read_cell(
    sheet: Sheet, line: int, well: str, cell: str, problems: list[Problem]
) -> Reading | None:
    """Return the reading in a cell; what is no number becomes a problem with line and well."""
    try:
        return sheet.reading(cell, line)
    except ValueError as error:
        do = "Write a number, leave it empty, or write OVER, '>4.0' or '<0.05'."
        problems.append(Problem(f"{sheet.file}:{line}: well {well}", str(error), do))
        return None


def _headers(cells: tuple[str, ...]) -> list[tuple[int, int]]:
    """(first column, columns) of every run 1, 2, ... n of a row where a plate has n columns."""
    found, start, count = [], 0, 0
    for i, cell in enumerate((*cells, "")):
        if re.fullmatch(r"0?\d{1,2}", cell) and int(cell) == count + 1:
            start = i if count == 0 else start
            count += 1
            continue
        if count in ROWS_OF:
            found.append((start, count))
        restarts = re.fullmatch(r"0?1", cell) is not None
        start, count = (i, 1) if restarts else (start, 0)
    widths = {width for _, width in found}
    return found if len(widths) == 1 else []


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def lines_of(sheet: Sheet) -> Iterator[Row]:
    """The rows that hold anything."""
    return ((line, cells) for line, cells in sheet.rows if any(cells))
