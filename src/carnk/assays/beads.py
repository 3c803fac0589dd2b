"""Calibration beads: median intensity to molecules per cell, on a log-log line."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..base import DataError, Problem
from .delimited import Cells, read_table
from .line import Line, line

ASSIGNED = {"mesf": "MESF", "abc": "ABC", "molecules": "molecules", "abc_value": "ABC"}
INTENSITY = ("mfi", "median", "intensity", "mean")
STRAIGHT = (0.8, 1.2)  # slopes of a linear detector on a log-log line


@dataclass(frozen=True)
class Beads:
    """log10 intensity over log10 of what the maker assigned; `kind`: MESF, ABC or molecules."""

    line: Line
    kind: str
    intensities: tuple[float, ...]
    assigned: tuple[float, ...]
    notes: tuple[str, ...]

    def per_cell(self, intensity: float) -> tuple[float, float, float]:
        """Molecules at a median intensity with the line's 95 % interval."""
        return self.line.interval(float(np.log10(intensity)))

    def is_outside(self, intensity: float) -> bool:
        """Whether the intensity lies beyond the beads."""
        return not min(self.intensities) <= intensity <= max(self.intensities)


def read_beads(path: Path, decimal: str = "") -> Beads:
    """Read columns mesf, abc or molecules, and mfi; DataError with all that is wrong.

    Blank beads (0 assigned) are left out. At least three populations; intensity must rise.
    """
    table = read_table(path, decimal)
    names = [name.lower().strip() for name in table.header]
    kinds = [i for i, name in enumerate(names) if name in ASSIGNED]
    seen = [i for i, name in enumerate(names) if name in INTENSITY]
    if len(kinds) != 1 or len(seen) != 1:
        what = f"one column of {', '.join(ASSIGNED)} and one of {', '.join(INTENSITY)} are needed"
        raise DataError(Problem(f"{table.file}:1", what, f"Found: {', '.join(table.header)}."))
    cells = Cells(table.sheet)
    pairs: list[tuple[float, float]] = []
    notes: list[str] = []
    for number, row in zip(table.lines, table.rows):
        assigned, intensity = (
            cells.number(number, table.header[i], row[i]) for i in (kinds[0], seen[0])
        )
        if assigned == 0:
            notes.append("blank beads are left out")
        elif assigned > 0 and intensity > 0:
            pairs.append((assigned, intensity))
        elif not cells.problems:
            cells.wrong(number, "bead", "molecules and intensity must be above 0")
    if cells.problems:
        raise DataError(cells.problems, table.file)
    pairs.sort()
    x, y = (np.array(each, float) for each in zip(*pairs)) if pairs else (np.empty(0), np.empty(0))
    found = line(x, np.log10(y), table.file)
    if (np.diff(y) <= 0).any():
        what = "intensity does not rise with the molecules of the beads"
        raise DataError(Problem(table.file, what, "Sort out swapped or saturated beads."))
    if not STRAIGHT[0] <= found.slope <= STRAIGHT[1]:
        notes.append(f"the beads have a slope of {found.slope:.2f}, not near 1: is it linear?")
    told = tuple(y.tolist()), tuple(x.tolist()), tuple(notes)
    return Beads(found, ASSIGNED[names[kinds[0]]], *told)
