"""Lysis over E:T as tables give it: a curve for each donor, effector, target and length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base import DataError, Problem, did_you_mean
from .delimited import Cells, read_table
from .wells import Array, et_ratio

COLUMNS = ("donor", "target", "effector", "hours", "ET", "lysis_pct")
MOLECULES = {"cd33": "CD33", "her2": "HER2", "cd19": "CD19", "cd20": "CD20", "egfr": "EGFR",
             "icam": "ICAM1", "icam1": "ICAM1", "hla": "HLA-I"}  # fmt: skip
NO_CAR = ("wt", "wild", "aavs1", "control", "mock", "untransduced", "ntnk")
USUAL_SD = 5.0  # percent, of a row without one
Point = tuple[int, float, float, float, float]  # row, E:T, lysis, sd, replicates


@dataclass(frozen=True)
class Curve:
    """One donor's effector on one target over E:T; lysis and sd in percent, rows of the file.

    plate: what the curve shares with others, '' where the file names none.
    """

    donor: str
    target: str
    effector: str
    antigen: str
    hours: float
    et: Array
    lysis: Array
    sd: Array
    replicates: Array
    rows: tuple[int, ...]
    plate: str = ""

    @property
    def name(self) -> str:
        """How a message names it."""
        donor = f"donor {self.donor}, " if self.donor else ""
        return f"{donor}{self.effector}" + (f" on {self.target}" if self.target else "")

    @property
    def has_car(self) -> bool:
        """Whether the effector carries a CAR, by its name."""
        bare = _plain(self.effector)
        return "car" in bare and not any(word in bare for word in NO_CAR)

    def keep(self, wanted: NDArray[np.bool_]) -> Curve:
        """Return the curve with some of its points."""
        rows = tuple(row for row, yes in zip(self.rows, wanted) if yes)
        points = {name: getattr(self, name)[wanted] for name in ("et", "lysis", "sd", "replicates")}
        return replace(self, rows=rows, **points)


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def antigen_of(effector: str) -> str:
    """The antigen that an effector's name tells, '' if none."""
    bare = _plain(effector)
    return next((m for word, m in MOLECULES.items() if word in bare and m != "ICAM1"), "")


def is_of_curves(path: Path) -> bool:
    """Whether a file holds lysis in percent rather than signals, by its header."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            return "lysis_pct" in stream.readline()
    except OSError:
        return False  # told by who reads it


def read_curves(path: Path, decimal: str = "") -> list[Curve]:
    """Read lysis curves: donor,target,effector,hours,ET,lysis_pct and, if known, sd,n,car_antigen.

    DataError with every malformed cell. Nothing is judged here: see `curve_flags.check`.
    """
    table = read_table(path, decimal)
    missing = [name for name in COLUMNS if name not in table.header]
    if missing:
        what = f"the columns {', '.join(missing)} are missing"
        near = " ".join(filter(None, (did_you_mean(name, table.header) for name in missing)))
        do = near or f"Found: {', '.join(table.header)}."
        raise DataError(Problem(f"{path.name}:1", what, do))
    cells = Cells(table.sheet)
    groups: dict[tuple[str, str, str, str, float], list[Point]] = defaultdict(list)
    for line, row in zip(table.lines, table.rows):
        named = dict(zip(table.header, row))
        names = tuple(_word(cells, line, name, named[name]) for name in COLUMNS[:3])
        hours = cells.number(line, "hours", named["hours"])
        if hours <= 0:
            cells.wrong(line, "hours", f"'{named['hours']}' hours of assay", "Give above 0.")
        donor, target, effector = names
        antigen = named.get("car_antigen", "").strip().upper()
        groups[donor, target, effector, antigen, hours].append(_point(cells, line, named))
    if cells.problems:
        raise DataError(cells.problems, path.name)
    return [_curve(key, points) for key, points in groups.items()]


def _word(cells: Cells, line: int, name: str, cell: str) -> str:
    if not cell.strip():
        cells.wrong(line, name, "the cell is empty")
    return cell.strip()


def _point(cells: Cells, line: int, row: dict[str, str]) -> Point:
    try:
        et = et_ratio(row["ET"])
    except ValueError:
        what = f"'{row['ET']}' is not an E:T ratio above 0"
        cells.wrong(line, "ET", what, "Write 10:1 or 2.5.")
        et = 1.0
    lysis = cells.number(line, "lysis_pct", row["lysis_pct"])
    if not row["lysis_pct"].strip():
        cells.wrong(line, "lysis_pct", "the cell is empty")
    sd = cells.number(line, "sd", row.get("sd", ""))
    n = cells.number(line, "n", row.get("n", ""))
    return line, et, lysis, USUAL_SD if np.isnan(sd) else sd, 1.0 if np.isnan(n) else n


def _curve(key: tuple[str, str, str, str, float], points: Iterable[Point]) -> Curve:
    ordered = sorted(points, key=lambda p: -p[1])
    et, lysis, sd, n = (np.array([p[i] for p in ordered]) for i in (1, 2, 3, 4))
    donor, target, effector, antigen, hours = key
    rows = tuple(p[0] for p in ordered)
    return Curve(
        donor, target, effector, antigen or antigen_of(effector), hours, et, lysis, sd,
        np.maximum(n, 1.0), rows,
    )  # fmt: skip
