"""CSV, TSV and semicolon files as spreadsheets of any country write them: cells with their line."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path

from ..base import DataError, Problem, read_text

LARGEST_BYTES = 50_000_000
DELIMITERS = ("\t", ";", ",")
MISSING = frozenset(("", ".", "na", "n/a", "nan", "null"))

_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Sheet:
    """A file's header and rows of cells; `lines` are the lines of the rows, from 1."""

    file: str
    header: tuple[str, ...]
    lines: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    decimal: str

    def column(self, index: int) -> list[str]:
        """Cells of one column."""
        return [row[index] for row in self.rows]


@dataclass
class Cells:
    """Numbers out of cells; what is wrong is gathered with its line and column."""

    file: str
    decimal: str = "."
    problems: list[Problem] = field(default_factory=list)

    def number(self, line: int, name: str, cell: str) -> float:
        """Value of a cell; NaN where it is missing, and where it is no number, which is noted."""
        if is_missing(cell):
            return nan
        value = parsed(cell, self.decimal)
        if not isfinite(value):
            do = "Write a number, or '.' where there is none."
            if self.decimal == "," and isfinite(parsed(cell, ".")):
                do = "Other cells of the file have decimal commas: write all alike."
            elif self.decimal == "." and _COMMA.fullmatch(cell):
                do = "Write it with a decimal point and without separators of thousands."
            self.wrong(line, name, f"'{cell}' is not a number", do)
        return value

    def wrong(self, line: int, name: str, what: str, do: str = "") -> None:
        """Note a problem at a line and column."""
        self.problems.append(Problem(f"{self.file}:{line}: {name}", what, do))


def is_missing(cell: str) -> bool:
    """Whether a cell holds nothing: empty, '.', NA or the like."""
    return cell.lower() in MISSING


def parsed(cell: str, decimal: str) -> float:
    """A cell as a number, NaN where it is none."""
    text = cell
    if decimal == ",":
        text = "" if "." in cell else cell.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else nan


def read_sheet(path: Path) -> Sheet:
    """Read a delimited file; DataError if it has no header, no rows or too long ones.

    The delimiter is the one of tab, semicolon and comma that the header has most of. Numbers have
    decimal commas where a cell of a tab or semicolon file says so.
    """
    text = read_text(path, LARGEST_BYTES)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    if delimiter not in first:
        what = "the first line has no comma, tab or semicolon"
        raise DataError(Problem(f"{path.name}:1", what, "Save the table as CSV with a header."))
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    problems: list[Problem] = []
    for line, cells in _lines(text, delimiter, path.name):
        if not header:
            header = (cells[0].lstrip("#").strip(), *cells[1:])
        elif len(cells) > len(header):
            what = f"there are {len(cells)} cells, but {len(header)} columns"
            problems.append(Problem(f"{path.name}:{line}", what, "Quote cells with a delimiter."))
        else:
            lines.append(line)
            rows.append(cells + ("",) * (len(header) - len(cells)))
    problems += _twice(path.name, header)
    if not rows and not problems:
        problems.append(Problem(path.name, "there are no rows below the header"))
    decimal = _decimal(path.name, delimiter, list(zip(lines, rows)), problems)
    if problems:
        raise DataError(problems, path.name)
    return Sheet(path.name, header, tuple(lines), tuple(rows), decimal)


def _lines(text: str, delimiter: str, file: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Rows that hold something, with their line and without the empty cells at their end."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield reader.line_num, tuple(cells)
    except csv.Error as error:
        raise DataError(Problem(f"{file}:{reader.line_num}", f"this is not CSV: {error}")) from None


def _twice(file: str, header: tuple[str, ...]) -> list[Problem]:
    lower = [name.lower() for name in header]
    return [
        Problem(f"{file}:1", f"the column '{name}' stands twice", "Rename or remove one.")
        for i, name in enumerate(lower)
        if name and name in lower[:i]
    ]


def _decimal(
    file: str, delimiter: str, rows: list[tuple[int, tuple[str, ...]]], problems: list[Problem]
) -> str:
    """'.' or ','; a tab file whose commas may as well be of thousands is refused."""
    if delimiter == ",":
        return "."
    commas = [(line, cell) for line, row in rows for cell in row if _COMMA.fullmatch(cell)]
    if not commas:
        return "."
    if delimiter == "\t" and all(_THOUSANDS.fullmatch(cell) for _, cell in commas):
        line, cell = commas[0]
        what = f"'{cell}' may be {cell.replace(',', '.')} or {cell.replace(',', '')}"
        problems.append(Problem(f"{file}:{line}", what, "Write numbers without commas."))
    return ","
