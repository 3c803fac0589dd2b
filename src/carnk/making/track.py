"""A real run against the predicted band: harvest, wait or investigate."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..base import CarnkError, DataError, Problem, did_you_mean, read_quantity, read_text
from ..library import load
from .batch import Array
from .lots import Lots

COLUMNS = {"day": "day", "cells": "cell", "viability_pct": "percent", "car_positive_pct": "percent"}
LIMITS = {"day": 365.0, "cells": 1e15, "viability_pct": 100.0, "car_positive_pct": 100.0}
BAND = (2.5, 50.0, 97.5)
GAIN = 1.05  # waiting that adds less than this factor of cells is no gain
SHARE_ERROR = 5.0  # percent points of a flow or viability reading


@dataclass(frozen=True)
class Seen:
    """One measured value with the band of all lots on that day; `inside` the central 95 %."""

    day: float
    measure: str
    value: float
    low: float
    middle: float
    high: float

    @property
    def inside(self) -> bool:
        return self.low <= self.value <= self.high


@dataclass(frozen=True)
class Advice:
    """What to do with a run, why, and what lots like it came to."""

    verdict: str  # 'harvest', 'wait' or 'investigate'
    why: str
    seen: tuple[Seen, ...]
    harvest_day: float
    cells_at_harvest: tuple[float, float, float]
    released: float
    doses: tuple[float, float, float]
    like: float  # lots that weigh in: 1 over the sum of squared weights


def read_run(path: Path | str) -> list[dict[str, float]]:
    """Read a run sheet: day, cells (viable target cells), viability_pct, car_positive_pct.

    All but day may be left empty; DataError with every problem of the file, each with its line.
    """
    path = Path(path)
    rows = list(csv.DictReader(io.StringIO(read_text(path))))
    problems: list[Problem] = []
    header = list(rows[0]) if rows else []
    if "day" not in header or len(header) < 2:
        what = f"the columns are {', '.join(map(str, header)) or 'missing'}"
        problems.append(Problem(f"{path.name}:1", what, f"Needed: {', '.join(COLUMNS)}."))
    for name in header:
        if name not in COLUMNS:
            near = did_you_mean(str(name), COLUMNS) or f"Known: {', '.join(COLUMNS)}."
            problems.append(Problem(f"{path.name}:1", f"'{name}' is not a column here", near))
    if problems:
        raise DataError(problems, path.name)
    found = []
    for line, row in enumerate(rows, start=2):
        read = {}
        for name, cell in row.items():
            if cell and cell.strip():
                value = _value(cell.strip(), name, f"{path.name}:{line}: {name}", problems)
                read[name] = value
        if "day" not in read:
            problems.append(Problem(f"{path.name}:{line}", "no day is given", "Fill it in."))
        found.append(read)
    days = [row.get("day", 0.0) for row in found]
    if any(b < a for a, b in pairwise(days)):
        problems.append(Problem(path.name, "days do not rise", "Sort the rows by day."))
    if problems:
        raise DataError(problems, path.name)
    return found


def _value(cell: str, name: str, where: str, problems: list[Problem]) -> float:
    unit = COLUMNS[name]
    try:
        value = float(cell)
    except ValueError:
        try:
            value = read_quantity(cell, unit)
        except CarnkError as error:
            problems += [problem.at(where) for problem in error.problems]
            return 0.0
    if not 0 <= value <= LIMITS[name] or (name == "cells" and value == 0):
        what = f"{cell} lies outside 0 to {LIMITS[name]:g}"
        problems.append(Problem(where, what, "Correct it or leave it empty."))
    return value


def course_at(lots: Lots, day: float) -> Mapping[str, Array]:
    """Cells, viability and CAR+ (percent) of every lot on a day of culture, interpolated."""
    points = {point.day: point for point in lots.course}  # the last of a day stands
    days = np.array(sorted(points))
    day = float(np.clip(day, days[0], days[-1]))
    after = min(int(np.searchsorted(days, day)), days.size - 1)
    before = max(after - 1, 0)
    span = days[after] - days[before]
    share = (day - days[before]) / span if span else 0.0
    a, b = points[float(days[before])], points[float(days[after])]
    logs = (1 - share) * np.log(np.maximum(a.cells, 1)) + share * np.log(np.maximum(b.cells, 1))
    return {
        "cells": np.exp(logs),
        "viability_pct": 100 * ((1 - share) * a.viability + share * b.viability),
        "car_positive_pct": 100 * ((1 - share) * a.car_positive + share * b.car_positive),
    }


def track(lots: Lots, run: list[dict[str, float]]) -> Advice:
    """Compare a run with the lots of its process and weigh those like it for what comes next.

    Outside the central 95 % of lots on the last day: investigate. At the planned day, or when lots
    like it gain less than 5 % more cells by then: harvest. Otherwise wait.
    """
    seen, misfit = [], np.zeros(lots.doses.size)
    error = load()["error_count"].value
    for row in run:
        at = course_at(lots, row["day"])
        for name, values in at.items():
            if name not in row:
                continue
            low, middle, high = (float(x) for x in np.percentile(values, BAND))
            seen.append(Seen(row["day"], name, row[name], low, middle, high))
            apart = np.log(row[name] / values) / error if name == "cells" else None
            misfit += (apart if apart is not None else (row[name] - values) / SHARE_ERROR) ** 2
    weight = np.exp(-(misfit - misfit.min()) / 2)
    weight /= weight.sum()
    return _advice(lots, run[-1], tuple(seen), weight)


def _advice(lots: Lots, last: dict[str, float], seen: tuple[Seen, ...], weight: Array) -> Advice:
    planned = lots.process.days_of_culture
    now, then = course_at(lots, last["day"])["cells"], course_at(lots, planned)["cells"]
    gain = float(np.sum(weight * then / now))
    odd = [s for s in seen if s.day == last["day"] and not s.inside]
    if odd:
        verdict = "investigate"
        side = "above" if odd[0].value > odd[0].high else "below"
        why = f"{odd[0].measure} {odd[0].value:g} is {side} 95 % of lots ({odd[0].low:.3g} to"
        why += f" {odd[0].high:.3g}) on day {last['day']:g}"
    elif last["day"] >= planned - 0.5:
        verdict, why = "harvest", f"day {planned:g} is the planned day"
    elif gain < GAIN:
        verdict, why = "harvest", f"lots like it gain only {gain - 1:.0%} by day {planned:g}"
    else:
        verdict, why = "wait", f"lots like it have {gain:.1f} times the cells on day {planned:g}"
    return Advice(
        verdict,
        why,
        seen,
        planned,
        _weighted(then, weight),
        float(np.sum(weight * lots.released)),
        _weighted(lots.doses.astype(float), weight),
        float(1 / np.sum(weight**2)),
    )


def _weighted(values: Array, weight: Array) -> tuple[float, float, float]:
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    low, middle, high = (
        float(values[order][min(int(np.searchsorted(below, q / 100)), values.size - 1)])
        for q in BAND
    )
    return low, middle, high
