"""Cord-blood units by the two properties that went with outcome in one trial (marin2024)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..base import DataError, Problem
from .typings import read_rows

LARGEST = {"nrbc": 1e12, "hours": 1e4}


@dataclass(frozen=True)
class CordUnit:
    """A cord unit: nucleated red blood cells in it, and hours from collection to freezing."""

    id: str
    nrbc: float
    hours: float

    def is_optimal(self, nrbc_most: float, hours_most: float) -> bool:
        """Whether both lie within the cut-offs (cells, hours)."""
        return self.nrbc <= nrbc_most and self.hours <= hours_most

    def outside(self, nrbc_most: float, hours_most: float) -> tuple[str, ...]:
        """Which of 'nrbc' and 'hours' lie beyond the cut-offs."""
        over = {"nrbc": self.nrbc > nrbc_most, "hours": self.hours > hours_most}
        return tuple(name for name, is_over in over.items() if is_over)


def read_units(path: Path | str) -> list[CordUnit]:
    """Read units from a CSV file with the columns id, nrbc (cells) and hours.

    Raises DataError with every problem of the file, each with its line.
    """
    path = Path(path)
    problems: list[Problem] = []
    units: dict[str, CordUnit] = {}
    for line, row in read_rows(path, ("id", "nrbc", "hours"), problems):
        where = f"{path.name}:{line}"
        amounts = [_amount(row[name], name, where, problems) for name in ("nrbc", "hours")]
        if not row["id"] or row["id"] in units:
            what = f"'{row['id']}' stands above already" if row["id"] else "there is no id"
            problems.append(Problem(f"{where}: id", what, "Give each unit one row and a name."))
        units.setdefault(row["id"], CordUnit(row["id"], *amounts))
    if problems:
        raise DataError(problems, path.name)
    return list(units.values())


def _amount(cell: str, name: str, where: str, problems: list[Problem]) -> float:
    try:
        amount = float(cell)
    except ValueError:
        amount = -1.0
    if not 0 <= amount <= LARGEST[name]:
        what = f"'{cell}' is not a number from 0 to {LARGEST[name]:g}"
        problems.append(Problem(f"{where}: {name}", what, "Write cells as '8e7', hours as '20'."))
    return amount
