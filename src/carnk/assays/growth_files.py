"""Counts of cultures from a table, and the donors of each kind of culture together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import exp, log
from pathlib import Path

import numpy as np

from ..base import DataError, Problem, did_you_mean, pseudonyms
from .delimited import Cells, Table, read_table
from .growth import Course, Grown, grow
from .shrinkage import Interval, Together, together

NAMES = {
    "day": ("day", "days"),
    "hour": ("hour", "hours", "h"),
    "cells": ("cells", "count", "counts", "viable", "viable_cells"),
    "carried": ("carried", "reseeded", "kept"),
    "donor": ("donor", "sample"),
    "group": ("group", "method", "condition", "arm"),
}
FALL = 0.5  # of the cells between two counts
DONORS = 0.25  # prior spread between donors, of ln(doubling time)
LAGS = 0.5  # and of the lag, days


@dataclass(frozen=True)
class Expansion:
    """Cultures of one group. doubling_days, lag_days: of the typical donor, None if none has one;
    shrunk: doubling time of each culture, drawn toward the others; new: of a donor not seen."""

    group: str
    grown: tuple[Grown, ...]
    doubling_days: Interval | None
    lag_days: Interval | None
    shrunk: tuple[Interval | None, ...]
    new: Interval | None
    spread: float | None  # between donors, of ln(doubling time)


@dataclass(frozen=True)
class Growth:
    """All cultures of a file, by group, and what is odd about their counts."""

    file: str
    expansions: tuple[Expansion, ...]
    flags: tuple[Problem, ...]


def read_growth(path: Path, decimal: str = "", keep_ids: bool = False) -> Growth:
    """Read counts: day (or hours) and cells; if there are several cultures, donor and group.

    carried: cells taken on where a culture was split or sampled, so that later counts are told as
    if all had been kept. Raises DataError with every problem and its line.
    """
    table = read_table(path, decimal)
    courses = _courses(table, keep_ids)
    flags = [flag for course in courses for flag in _odd(table.file, course)]
    flags += _repeated(table.file, courses)
    groups: dict[str, list[Course]] = defaultdict(list)
    for course in courses:
        groups[course.group].append(course)
    found = tuple(expansion(name, grow(those)) for name, those in groups.items())
    return Growth(table.file, found, tuple(flags))


def expansion(group: str, grown: Sequence[Grown]) -> Expansion:
    """The donors of a group together; alone, a donor keeps its own numbers."""
    known = [k for k, g in enumerate(grown) if g.doubling_days.value and g.rate_error]
    shrunk: list[Interval | None] = [_own(g) for g in grown]
    lag = _lag(grown)
    if len(known) < 2:
        alone = shrunk[known[0]] if known else None
        return Expansion(group, tuple(grown), alone, lag, tuple(shrunk), None, None)
    found: Together = together(
        [log(grown[k].doubling_days.value or 1.0) for k in known],
        [grown[k].rate_error or 1.0 for k in known],
        DONORS,
    )
    for k, each in zip(known, found.each):
        shrunk[k] = _exp(each)
    return Expansion(
        group, tuple(grown), _exp(found.mean), lag, tuple(shrunk), _exp(found.new), found.spread
    )


def _lag(grown: Sequence[Grown]) -> Interval | None:
    """Lag of the typical culture, days; None in a law without one."""
    known = [
        (g.lag_days.value, g.lag_days.low or 0.0, g.lag_days.high)
        for g in grown
        if g.lag_days.value is not None and g.lag_days.high is not None
    ]
    ends = [(v, lo, hi) for v, lo, hi in known if hi is not None and hi > lo]
    if not ends:
        return None
    if len(ends) == 1:
        return ends[0]
    errors = [(hi - lo) / (2 * 1.96) for _, lo, hi in ends]
    middle, low, high = together([v for v, _, _ in ends], errors, LAGS).mean
    return middle, max(low, 0.0), high


def _own(grown: Grown) -> Interval | None:
    d = grown.doubling_days
    if d.value is None or d.low is None or d.high is None:
        return None
    return d.value, d.low, d.high


def _exp(interval: Interval) -> Interval:
    middle, low, high = interval
    return exp(middle), exp(low), exp(high)


def _courses(table: Table, keep_ids: bool) -> list[Course]:
    at = _columns(table)
    cells = Cells(table.sheet)
    rows: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    first: dict[tuple[str, str], int] = {}
    per_day = 24.0 if "day" not in at else 1.0
    for line, row in zip(table.lines, table.rows):
        day = _positive(cells, line, "day", row[at.get("day", at.get("hour", 0))], zero=True)
        count = _positive(cells, line, "cells", row[at["cells"]])
        carried = np.nan
        if "carried" in at and row[at["carried"]].strip():
            carried = _positive(cells, line, "carried", row[at["carried"]])
            if carried > count * 1.001:
                what = f"{carried:g} cells are carried on, but {count:g} were counted"
                cells.wrong(line, "carried", what, "Correct one of them.")
        name = (_text(row, at, "donor"), _text(row, at, "group"))
        rows[name].append((day / per_day, count, carried))
        first.setdefault(name, line)
    for (donor, group), counts in rows.items():
        if len({day for day, _, _ in counts}) < 2:
            where = f"{table.file}:{first[donor, group]}"
            what = "the culture was counted on one day"
            cells.problems.append(Problem(where, what, "Growth needs two days at least."))
    if cells.problems:
        raise DataError(cells.problems, table.file)
    known = pseudonyms((donor for donor, _ in rows), table.sheet.content, keep=keep_ids)
    return [_course(known[donor], group, counts) for (donor, group), counts in rows.items()]


def _columns(table: Table) -> dict[str, int]:
    heads = [head.lower() for head in table.header]
    at = {
        name: next(heads.index(word) for word in words if word in heads)
        for name, words in NAMES.items()
        if set(words) & set(heads)
    }
    missing = [] if {"day", "hour"} & set(at) else ["day"]
    missing += [] if "cells" in at else ["cells"]
    if missing:
        what = f"there is no column {' and no column '.join(missing)}"
        near = " ".join(filter(None, (did_you_mean(name, heads) for name in missing)))
        do = near or f"Found: {', '.join(table.header)}."
        raise DataError(Problem(f"{table.file}:1", what, do))
    return at


def _text(row: Sequence[str], at: dict[str, int], name: str) -> str:
    return row[at[name]].strip() if name in at else ""


def _positive(cells: Cells, line: int, name: str, cell: str, zero: bool = False) -> float:
    if not cell.strip():
        cells.wrong(line, name, "the cell is empty", "Remove the line or fill it in.")
        return 1.0
    before = len(cells.problems)
    value = cells.number(line, name, cell)
    if len(cells.problems) == before and not (value > 0 or (zero and value == 0)):
        cells.wrong(line, name, f"'{cell}' is not above 0", "Counts are on a log scale.")
    return value if value > 0 else 1.0 - zero


def _course(donor: str, group: str, counts: Sequence[tuple[float, float, float]]) -> Course:
    """Days from the first count, and cells as if all had been kept."""
    ordered = sorted(counts, key=lambda c: c[0])
    first, kept = ordered[0][0], 1.0
    days, cells = [], []
    for day, count, carried in ordered:
        days.append(day - first)
        cells.append(count * kept)
        if np.isfinite(carried):
            kept *= count / carried
    return Course(donor, group, np.array(days), np.array(cells))


def _odd(file: str, course: Course) -> list[Problem]:
    """Cells that fall by half between two counts after growth began."""
    name = ", ".join(part for part in (course.donor, course.group) if part) or "the culture"
    flags = []
    for (day, before), (then, after) in pairwise(zip(course.days, course.cells)):
        if after < FALL * before and before > 2 * course.cells[0]:
            what = f"cells fall from {before:.3g} on day {day:g} to {after:.3g} on day {then:g}"
            do = "If the culture was split, give what was kept under 'carried'."
            flags.append(Problem(f"{file}: {name}", what, do))
    return flags


def _repeated(file: str, courses: Sequence[Course]) -> list[Problem]:
    """The same counts under two names."""
    flags = []
    for a, b in combinations(courses, 2):
        if a.cells.size > 2 and np.array_equal(a.cells, b.cells):
            names = " and ".join(f"'{' '.join((c.donor, c.group)).strip()}'" for c in (a, b))
            what = f"the same counts stand under {names}"
            flags.append(Problem(file, what, "A course pasted twice? Both are shown."))
    return flags
