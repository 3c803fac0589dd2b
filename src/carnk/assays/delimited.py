"""Tables with a header in its first line: columns by name, numbers out of cells, all problems."""

from dataclasses import dataclass, field
from math import nan
from pathlib import Path

from ..base import DataError, Problem
from .cells import Sheet, read_sheet

MISSING = frozenset(("", ".", "na", "n/a", "nan", "null"))


@dataclass(frozen=True)
class Table:
    """A file's header and rows of as many cells; `lines` are the lines of the rows, from 1."""

    sheet: Sheet
    header: tuple[str, ...]
    lines: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def file(self) -> str:
        """Name of the file."""
        return self.sheet.file

    def column(self, index: int) -> list[str]:
        """Cells of one column."""
        return [row[index] for row in self.rows]


@dataclass
class Cells:
    """Numbers out of cells; what is wrong is gathered with its line and column."""

    sheet: Sheet
    problems: list[Problem] = field(default_factory=list)

    def number(self, line: int, name: str, cell: str) -> float:
        """Value of a cell; NaN where it is missing, and where it is no number, which is noted."""
        if is_missing(cell):
            return nan
        try:
            return self.sheet.number(cell)
        except ValueError as error:
            self.wrong(line, name, str(error), "Write a number, or '.' where there is none.")
            return nan

    def wrong(self, line: int, name: str, what: str, do: str = "") -> None:
        """Note a problem at a line and column."""
        self.problems.append(Problem(f"{self.sheet.file}:{line}: {name}", what, do))


def is_missing(cell: str) -> bool:
    """Whether a cell holds nothing: empty, '.', NA or the like."""
    return cell.lower() in MISSING


def read_table(path: Path, decimal: str = "") -> Table:
    """Read a table with a header; DataError if a row is too long or a column stands twice.

    decimal: 'comma' or 'point' where the file leaves open which one it uses.
    """
    sheet = read_sheet(path, decimal)
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    problems: list[Problem] = []
    for line, row in sheet.rows:
        cells = _trimmed(row)
        if not cells:
            continue
        if not header:
            header = (cells[0].lstrip("#").strip(), *cells[1:])
            problems += _twice(f"{sheet.file}:{line}", header)
        elif len(cells) > len(header):
            what = f"there are {len(cells)} cells, but {len(header)} columns"
            problems.append(Problem(f"{sheet.file}:{line}", what, "Quote cells with a delimiter."))
        else:
            lines.append(line)
            rows.append(cells + ("",) * (len(header) - len(cells)))
    if not rows and not problems:
        problems.append(Problem(sheet.file, "there are no rows below the header"))
    if problems:
        raise DataError(problems, sheet.file)
    return Table(sheet, header, tuple(lines), tuple(rows))


def _trimmed(row: tuple[str, ...]) -> tuple[str, ...]:
    """A row without the empty cells at its end."""
    end = max((i for i, cell in enumerate(row, 1) if cell), default=0)
    return row[:end]


def _twice(where: str, header: tuple[str, ...]) -> list[Problem]:
    lower = [name.lower() for name in header]
    return [
        Problem(where, f"the column '{name}' stands twice", "Rename or remove one.")
        for i, name in enumerate(lower)
        if name and name in lower[:i]
    ]
