"""Cells after freezing and thaw: recovery, viability, survival of the first day, by container.

| word | is |
|---|---|
| viability | live cells of all cells counted |
| recovery | live cells after thaw of the cells on the vial's label |
| survival | live cells a day after thaw of those right after it |

Counting error: live of all is binomial (exact interval); a count is Poisson, and the ratio of two
counts is binomial given their sum (exact interval, scaled by dilutions). Vials of one container and
day come together with a spread between vials, on the log (or logit) scale, so that counting alone
does not make the interval.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log
from pathlib import Path

import numpy as np
from scipy.stats import binomtest, chi2

from ..base import DataError, Problem, did_you_mean, pseudonyms
from .delimited import Cells, Table, read_table
from .et_curve import Estimate
from .shrinkage import Interval, together

NAMES = {
    "day": ("day", "days"),
    "frozen": ("frozen", "label", "frozen_cells"),
    "live": ("live", "viable"),
    "dead": ("dead",),
    "factor": ("factor", "cells_per_count"),
    "frozen_counted": ("frozen_counted",),
    "container": ("container", "freezer", "method"),
    "donor": ("donor", "sample"),
    "vial": ("vial",),
}
NEEDED = ("frozen", "live", "dead", "factor")
FEW = 100  # counted cells, below which counting alone is off by more than a tenth
MORE = 1.1  # of the label
VIALS = 0.3  # prior spread between vials, on the log (or logit) scale
ENOUGH = 3  # vials, from which on their spread is told


@dataclass(frozen=True)
class Vial:
    """One vial counted once. live, dead: cells counted; factor: cells in the vial for each; frozen:
    on the label; frozen_counted: cells counted for the label, 0 if it is taken as exact."""

    donor: str
    vial: str
    container: str
    day: float
    frozen: float
    live: int
    dead: int
    factor: float
    frozen_counted: int
    line: int

    @property
    def viability(self) -> Estimate:
        """Live of all counted."""
        return _share(self.live, self.live + self.dead)

    @property
    def recovery(self) -> Estimate:
        """Live cells of the label's."""
        if not self.frozen_counted:
            low, high = _poisson(self.live)
            scale = self.factor / self.frozen
            return Estimate(self.live * scale, low * scale, high * scale)
        scale = self.factor / (self.frozen / self.frozen_counted)
        return _ratio(self.live, self.frozen_counted, scale)


@dataclass(frozen=True)
class Survival:
    """Live cells of a vial a day after thaw of those right after it."""

    first: Vial
    later: Vial

    @property
    def share(self) -> Estimate:
        """The ratio with its interval."""
        return _ratio(self.later.live, self.first.live, self.later.factor / self.first.factor)


@dataclass(frozen=True)
class Pooled:
    """Vials of one container and day together: median of vials, and where a new vial would lie."""

    container: str
    day: float
    what: str
    vials: int
    typical: Interval
    new: Interval | None
    spread: float | None = None  # between vials, on the log (viability: logit) scale


@dataclass(frozen=True)
class Thaw:
    """What a file of thawed vials says."""

    file: str
    vials: tuple[Vial, ...]
    survivals: tuple[Survival, ...]
    pooled: tuple[Pooled, ...]
    flags: tuple[Problem, ...]


def read_thaw(path: Path, decimal: str = "", keep_ids: bool = False) -> Thaw:
    """Read counts after thaw: frozen, live, dead and factor of each vial; DataError by line.

    If there are several, donor, vial and container; day after thaw (0 if not given);
    frozen_counted: cells that were counted for the label.
    """
    table = read_table(path, decimal)
    vials = _vials(table, keep_ids)
    survivals = _survivals(vials)
    return Thaw(
        table.file, tuple(vials), tuple(survivals), tuple(_pooled(vials, survivals)),
        tuple(flag for vial in vials for flag in _odd(table.file, vial)),
    )  # fmt: skip


def _share(events: int, of: int) -> Estimate:
    if not of:
        return Estimate(None, why="no cells were counted")
    ends = binomtest(events, of).proportion_ci(method="exact")
    return Estimate(events / of, float(ends.low), float(ends.high))


def _poisson(count: int) -> tuple[float, float]:
    """Exact interval of a Poisson mean."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2)


def _ratio(top: int, bottom: int, scale: float) -> Estimate:
    """Ratio of two Poisson means: given their sum, the top one is binomial."""
    if not bottom:
        return Estimate(None, why="no live cells to begin with")
    ends = binomtest(top, top + bottom).proportion_ci(method="exact")
    low, high = (float(p) / (1 - float(p)) if p < 1 else np.inf for p in (ends.low, ends.high))
    return Estimate(scale * top / bottom, scale * low, scale * high)


def _survivals(vials: Sequence[Vial]) -> list[Survival]:
    """The same vial (or donor and container) right after thaw and one day later."""
    by_vial: dict[tuple[str, str, str], dict[float, Vial]] = defaultdict(dict)
    for vial in vials:
        by_vial[vial.donor, vial.vial, vial.container].setdefault(vial.day, vial)
    return [Survival(days[0.0], days[1.0]) for days in by_vial.values() if {0.0, 1.0} <= set(days)]


def _pooled(vials: Sequence[Vial], survivals: Sequence[Survival]) -> list[Pooled]:
    sets: dict[tuple[str, float, str], list[Estimate]] = defaultdict(list)
    for vial in vials:
        sets[vial.container, vial.day, "viability"].append(vial.viability)
        sets[vial.container, vial.day, "recovery"].append(vial.recovery)
    for each in survivals:
        sets[each.first.container, 1.0, "survival"].append(each.share)
    found = (_together(key, those) for key, those in sorted(sets.items()))
    return [each for each in found if each is not None]


def _together(key: tuple[str, float, str], those: Sequence[Estimate]) -> Pooled | None:
    """Vials on the logit (viability) or log scale; a single one keeps its own interval."""
    container, day, what = key
    ends = [(e.value, e.low, e.high) for e in those if e.value is not None]
    known = [(v, lo, hi) for v, lo, hi in ends if lo is not None and hi is not None]
    if not known:
        return None
    if len(known) == 1:
        return Pooled(container, day, what, 1, known[0], None)
    there, back = (_logit, _expit) if what == "viability" else (_log, exp)
    middle = [(there(lo) + there(hi)) / 2 for _, lo, hi in known]
    errors = [max((there(hi) - there(lo)) / (2 * 1.96), 1e-3) for _, lo, hi in known]
    found = together(middle, errors, VIALS)
    scaled = [tuple(back(x) for x in each) for each in (found.mean, found.new)]
    typical, new = ((a, b, c) for a, b, c in scaled)
    spread = found.spread if len(known) >= ENOUGH else None
    return Pooled(container, day, what, len(known), typical, new, spread)


def _log(x: float) -> float:
    return log(min(max(x, 1e-9), 1e9))


def _logit(x: float) -> float:
    held = min(max(x, 1e-6), 1 - 1e-6)
    return log(held / (1 - held))


def _expit(x: float) -> float:
    return 1 / (1 + exp(-x))


def _odd(file: str, vial: Vial) -> list[Problem]:
    where = f"{file}:{vial.line}"
    flags = []
    recovered = vial.recovery
    if recovered.low is not None and recovered.low > MORE:
        what = f"{recovered.value:.0%} of the frozen cells are recovered"
        flags.append(Problem(where, what, "Check the label, the counts and the factor."))
    counted = vial.live + vial.dead
    if counted < FEW:
        what = f"{counted} cells were counted"
        flags.append(Problem(where, what, "Count more: the error of so few is over 10 %."))
    return flags


def _vials(table: Table, keep_ids: bool) -> list[Vial]:
    heads = [head.lower() for head in table.header]
    at = {
        name: next(heads.index(word) for word in words if word in heads)
        for name, words in NAMES.items()
        if set(words) & set(heads)
    }
    missing = [name for name in NEEDED if name not in at]
    if missing:
        what = f"there is no column {' and no column '.join(missing)}"
        near = " ".join(filter(None, (did_you_mean(name, heads) for name in missing)))
        do = near or "live and dead are cells counted, factor the cells in the vial for each."
        raise DataError(Problem(f"{table.file}:1", what, do))
    cells = Cells(table.sheet)
    read = [_vial(cells, line, row, at) for line, row in zip(table.lines, table.rows)]
    if cells.problems:
        raise DataError(cells.problems, table.file)
    known = pseudonyms((v.donor for v in read), table.sheet.content, keep=keep_ids)
    vials = pseudonyms((v.vial for v in read), table.sheet.content, keep=keep_ids)
    return [_renamed(v, known, vials) for v in read]


def _renamed(vial: Vial, donors: dict[str, str], vials: dict[str, str]) -> Vial:
    own = {**vars(vial), "donor": donors[vial.donor], "vial": vials[vial.vial]}
    return Vial(**own)


def _vial(cells: Cells, line: int, row: Sequence[str], at: dict[str, int]) -> Vial:
    def text(name: str) -> str:
        return row[at[name]].strip() if name in at else ""

    def number(name: str, least: float, whole: bool = False) -> float:
        cell = text(name)
        if not cell:
            cells.wrong(line, name, "the cell is empty", "Remove the line or fill it in.")
            return 1.0
        before = len(cells.problems)
        value = cells.number(line, name, cell)
        wrong = not isfinite(value) or value < least or (whole and value != int(value))
        if wrong and len(cells.problems) == before:
            kind = "a whole number" if whole else "a number"
            cells.wrong(line, name, f"'{cell}' is not {kind} from {least:g} up")
        return 1.0 if wrong else value

    return Vial(
        donor=text("donor"),
        vial=text("vial"),
        container=text("container"),
        day=number("day", 0.0) if text("day") else 0.0,
        frozen=number("frozen", 1.0),
        live=int(number("live", 0.0, whole=True)),
        dead=int(number("dead", 0.0, whole=True)),
        factor=number("factor", 1e-9),
        frozen_counted=int(number("frozen_counted", 1.0, True)) if text("frozen_counted") else 0,
        line=line,
    )
