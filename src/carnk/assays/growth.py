"""Growth of a culture from counts: fold, doubling time, lag and plateau, with the error of counts.

Counts scatter on the log scale. Three laws: exponential; exponential after a lag; logistic, to a
plateau. The law is chosen by AICc where there are times enough for it. Given growth rate and lag
(or plateau), the start follows in closed form; intervals are of the profile of the squares, with
Student's t, so they widen with few counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from scipy.stats import t as student

from .et_curve import Estimate
from .wells import Array

EXPONENTIAL, LAG, LOGISTIC = LAWS = ("exponential", "lag-exponential", "logistic")
FEWEST = 6  # days that AICc can judge a lag or a plateau by
LEVEL = 0.95
RATES, SHAPES = 241, 101  # of the grid
LARGEST_PLATEAU = 1e6  # fold over the start
CLEAR = 2.0  # of AICc, that a lag or plateau has to be better


@dataclass(frozen=True)
class Course:
    """Counts of one culture: days from its start and viable cells, several a day if repeated."""

    donor: str
    group: str
    days: Array
    cells: Array


@dataclass(frozen=True)
class Grown:
    """What a course says. rate: 1/day; rate_error: of ln(rate), None if it has no interval;
    curve: (days, cells) of the fitted law; why: what the choice of law rests on."""

    course: Course
    law: str
    fold: Estimate
    doubling_days: Estimate
    lag_days: Estimate
    plateau_cells: Estimate
    rate_error: float | None
    curve: tuple[Array, Array]
    why: str


@dataclass(frozen=True)
class _Profile:
    """Squares over rates and shapes: (rates, shapes); start: ln cells there."""

    law: str
    rates: Array
    shapes: Array
    squares: Array
    start: Array

    @property
    def best(self) -> tuple[int, int]:
        i, j = np.unravel_index(int(np.argmin(self.squares)), self.squares.shape)
        return int(i), int(j)

    @property
    def least(self) -> float:
        return float(self.squares.min())

    @property
    def parameters(self) -> int:
        return 2 if self.law == EXPONENTIAL else 3


def grow(courses: Sequence[Course]) -> list[Grown]:
    """Fit one law to the cultures of a group, each of at least two days (see `growth_files`).

    A lag or a plateau is looked for where every culture has days enough, and taken if AICc, summed
    over the cultures, is clearly smaller; so their doubling times are of the same law.
    """
    profiles = [{EXPONENTIAL: _profile(EXPONENTIAL, c.days, np.log(c.cells))} for c in courses]
    fewest = min(np.unique(c.days).size for c in courses)
    if fewest < FEWEST:
        why = f"{fewest} days: a lag or a plateau needs {FEWEST}"
        return [_grown(c, p[EXPONENTIAL], why) for c, p in zip(courses, profiles)]
    for course, known in zip(courses, profiles):
        y = np.log(course.cells)
        known |= {law: _profile(law, course.days, y) for law in (LAG, LOGISTIC)}
    scores = {
        law: sum(_aicc(p[law], c.days.size) for c, p in zip(courses, profiles)) for law in LAWS
    }
    law = min(LAWS, key=scores.__getitem__)
    if scores[EXPONENTIAL] - scores[law] < CLEAR:
        law = EXPONENTIAL
    others = {each: scores[each] - scores[law] for each in LAWS if each != law}
    why = ", ".join(f"AICc {each} {apart:+.1f}" for each, apart in others.items())
    return [_grown(c, p[law], why) for c, p in zip(courses, profiles)]


def _grown(course: Course, found: _Profile, why: str) -> Grown:
    t, y = course.days, np.log(course.cells)
    df = t.size - found.parameters
    i, j = found.best
    rate, shape, start = float(found.rates[i]), float(found.shapes[j]), float(found.start[i, j])
    along = found.squares.min(axis=1)
    low, high = _ends(found.rates, along, df)
    doubling = _doubling(_lowest(found.rates, along), low, high)
    lag = plateau = Estimate(None, why=f"none in the {found.law} law")
    if found.law == LAG:
        lag = Estimate(shape, *_ends(found.shapes, found.squares.min(axis=0), df))
    if found.law == LOGISTIC:
        ends = _ends(found.shapes, found.squares.min(axis=0), df)
        least, most = (None if e is None else float(np.exp(start + e)) for e in ends)
        plateau = Estimate(float(np.exp(start + shape)), least, most)
    error = None
    if df > 0 and low is not None and high is not None and low > 0:
        error = log(high / low) / (2 * 1.96)
    line = np.linspace(0.0, t.max(), 101)
    curve = np.exp(start + _shape(found.law, line, np.array([rate]), np.array([shape]))[0, 0])
    return Grown(
        course, found.law, _fold(t, y, found.least, df), doubling, lag, plateau, error,
        (line, curve), why,
    )  # fmt: skip


def _profile(law: str, t: Array, y: Array) -> _Profile:
    """Squares on a grid that is drawn twice, the second time around the best."""
    steps = np.diff(_means(t, y)[1]) / np.diff(_means(t, y)[0])
    reach = 1.5 * max(float(np.abs(steps).max()), 1e-3)
    rates = np.linspace(-reach, reach, RATES)
    last = float(np.unique(t)[-2])
    shapes = np.zeros(1)
    if law == LAG:
        shapes = np.linspace(0.0, last, SHAPES)
    if law == LOGISTIC:
        shapes = np.linspace(0.01, log(LARGEST_PLATEAU), SHAPES)
        rates = np.linspace(reach / RATES, 3 * reach, RATES)
    first = _squares(law, t, y, rates, shapes)
    i = first.best[0]
    wide = max(20 * (rates[1] - rates[0]), 3 * _width(first, t.size))
    near = np.linspace(rates[i] - wide, rates[i] + wide, RATES)
    if law == LOGISTIC:
        near = near[near > 0]
    return _squares(law, t, y, near, shapes)


def _lowest(grid: Array, squares: Array) -> float:
    """Where the parabola through the least square and its neighbors is lowest."""
    i = int(squares.argmin())
    if not 0 < i < grid.size - 1:
        return float(grid[i])
    left, least, right = squares[i - 1 : i + 2]
    bend = left - 2 * least + right
    shift = 0.5 * (left - right) / bend if bend > 0 else 0.0
    return float(grid[i] + shift * (grid[1] - grid[0]))


def _width(found: _Profile, n: int) -> float:
    """Half the width of the rates that are about as good as the best."""
    df = max(n - found.parameters, 1)
    reach = float(student.isf((1 - LEVEL) / 2, df)) ** 2 / df
    good = found.rates[found.squares.min(axis=1) <= found.least * (1 + reach) + 1e-12]
    return float(np.ptp(good)) / 2


def _squares(law: str, t: Array, y: Array, rates: Array, shapes: Array) -> _Profile:
    shape = _shape(law, t, rates, shapes)
    start = (y - shape).mean(axis=-1)
    squares = ((y - shape - start[..., None]) ** 2).sum(axis=-1)
    return _Profile(law, rates, shapes, squares, start)


def _shape(law: str, t: Array, rates: Array, shapes: Array) -> Array:
    """ln(cells / start), (rates, shapes, times); a shape is a lag in days, or ln of the plateau."""
    r, s = rates[:, None, None], shapes[None, :, None]
    if law == EXPONENTIAL:
        return np.asarray(r * t + 0 * s)
    if law == LAG:
        return np.asarray(r * np.maximum(t - s, 0.0))
    return np.asarray(s - np.log1p(np.expm1(s) * np.exp(-r * t)))


def _aicc(found: _Profile, n: int) -> float:
    k = found.parameters + 1  # and the scatter
    return n * log(max(found.least, 1e-12) / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)


def _ends(values: Array, squares: Array, df: int) -> tuple[float | None, float | None]:
    """Where the profile crosses the level of Student's t; None at the end of the grid."""
    if df < 1:
        return None, None
    level = squares.min() * (1 + float(student.isf((1 - LEVEL) / 2, df)) ** 2 / df) + 1e-15
    inside = np.flatnonzero(squares <= level)
    first, last = int(inside[0]), int(inside[-1])
    low = None if first == 0 else _crossing(values, squares, (first, first - 1), level)
    high = None if last == values.size - 1 else _crossing(values, squares, (last, last + 1), level)
    return low, high


def _crossing(values: Array, squares: Array, places: tuple[int, int], level: float) -> float:
    inner, outer = places
    share = (level - squares[inner]) / max(squares[outer] - squares[inner], 1e-300)
    return float(values[inner] + share * (values[outer] - values[inner]))


def _doubling(rate: float, low: float | None, high: float | None) -> Estimate:
    if rate <= 0:
        return Estimate(None, why="the culture does not grow")
    fastest = log(2) / high if high else None
    slowest = log(2) / low if low is not None and low > 0 else None
    return Estimate(log(2) / rate, fastest, slowest)


def _fold(t: Array, y: Array, squares: float, df: int) -> Estimate:
    """Last count over first, with the scatter of the counts about the law."""
    first, last = y[t == t.min()], y[t == t.max()]
    fold = float(np.exp(last.mean() - first.mean()))
    if df < 1:
        return Estimate(fold)
    sd = np.sqrt(squares / df * (1 / first.size + 1 / last.size))
    wide = float(np.exp(student.isf((1 - LEVEL) / 2, df) * sd))
    return Estimate(fold, fold / wide, fold * wide)


def _means(t: Array, y: Array) -> tuple[Array, Array]:
    """Days and the mean of ln cells on each."""
    days = np.unique(t)
    return days, np.array([y[t == day].mean() for day in days])
