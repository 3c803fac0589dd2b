"""Areas under a course and its terminal slope: linear up, log down; slope by adjusted R2.

Areas are exact where a course falls exponentially between samples, and trapezoids where it rises.
Gabrielsson and Weiner, Pharmacokinetic and Pharmacodynamic Data Analysis, is the source of the
rules; Phoenix WinNonlin and PKNCA follow the same.
"""

from dataclasses import dataclass
from math import exp, log, nan

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Array = NDArray[np.float64]
LEAST_POINTS = 3
AS_GOOD = 1e-4  # adjusted R2 below the best at which more points are preferred


@dataclass(frozen=True)
class Slope:
    """Terminal log-linear fall: rate per day with its 95 % interval (of the regression)."""

    per_day: float
    low: float
    high: float
    points: int
    first_day: float
    adjusted_r2: float

    @property
    def half_life(self) -> float:
        """Days."""
        return log(2) / self.per_day

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the half-life in days; no upper end where the slope may be 0."""
        return log(2) / self.high, (log(2) / self.low if self.low > 0 else float("inf"))


def areas(times: Array, values: Array) -> tuple[float, float]:
    """AUC and AUMC over all samples: log where the course falls between positive values."""
    t1, t2, c1, c2 = times[:-1], times[1:], values[:-1], values[1:]
    span = t2 - t1
    falls = (c2 > 0) & (c1 > c2)
    rise = np.divide(c1 - c2, c2, out=np.zeros_like(c1), where=falls)
    is_log = falls & (rise > 1e-4)  # below, the trapezoid is exact to 1e-9 and steadier
    rate = np.divide(np.log1p(rise), span, out=np.ones_like(c1), where=is_log)
    area = np.where(is_log, (c1 - c2) / rate, span * (c1 + c2) / 2)
    by_log = (t1 * c1 - t2 * c2) / rate + (c1 - c2) / rate**2
    moment = np.where(is_log, by_log, span * (t1 * c1 + t2 * c2) / 2)
    return float(area.sum()), float(moment.sum())


def value_at(times: Array, values: Array, day: float) -> float:
    """The course at a time between samples: log where it falls, linear where it rises."""
    i = int(np.searchsorted(times, day))
    if i < len(times) and times[i] == day:
        return float(values[i])
    (t1, t2), (c1, c2) = times[i - 1 : i + 1], values[i - 1 : i + 1]
    share = (day - t1) / (t2 - t1)
    if c1 > c2 > 0:
        return float(c1 * (c2 / c1) ** share)
    return float(c1 + share * (c2 - c1))


def area_until(
    times: Array, values: Array, day: float, slope: Slope | None = None
) -> tuple[float, float]:
    """AUC from the first sample to a day, and the share of it beyond the last sample.

    Beyond the last sample the course falls with `slope`; NaN where there is none.
    """
    if day <= times[-1]:
        inside = times < day
        cut = (
            np.append(times[inside], day),
            np.append(values[inside], value_at(times, values, day)),
        )
        return areas(*cut)[0], 0.0
    seen = areas(times, values)[0]
    if slope is None:
        return nan, nan
    beyond = values[-1] * -np.expm1(-slope.per_day * (day - times[-1])) / slope.per_day
    return seen + float(beyond), float(beyond) / (seen + float(beyond))


def terminal_slope(times: Array, values: Array) -> Slope | None:
    """Best log-linear fall through the last 3 or more positive samples after the highest.

    The number of points is the one with the highest adjusted R2; within 1e-4 of it, the largest.
    None if no such line falls.
    """
    after = np.arange(len(times)) > int(np.argmax(values))
    t, y = times[after & (values > 0)], np.log(values[after & (values > 0)])
    lines = [_line(t[-n:], y[-n:]) for n in range(LEAST_POINTS, len(t) + 1)]
    falling = [line for line in lines if line.per_day > 0]
    if not falling:
        return None
    best = max(line.adjusted_r2 for line in falling)
    return max((x for x in falling if x.adjusted_r2 >= best - AS_GOOD), key=lambda x: x.points)


def extrapolated(times: Array, values: Array, slope: Slope) -> tuple[float, float]:
    """What AUC and AUMC have beyond the last sample, from the last observed value."""
    last, rate = float(values[-1]), slope.per_day
    return last / rate, last * float(times[-1]) / rate + last / rate**2


def _line(t: Array, y: Array) -> Slope:
    n = len(t)
    dt, dy = t - t.mean(), y - y.mean()
    steepness = float(dt @ dy / (dt @ dt))
    rest = float(np.sum((dy - steepness * dt) ** 2))
    r2 = 1 - rest / float(dy @ dy) if dy @ dy > 0 else 0.0
    half = float(student.isf(0.025, n - 2)) * (rest / (n - 2) / float(dt @ dt)) ** 0.5
    adjusted = 1 - (1 - r2) * (n - 1) / (n - 2)
    return Slope(-steepness, -steepness - half, -steepness + half, n, float(t[0]), adjusted)


def geometric(values: Array) -> tuple[float, float]:
    """Geometric mean of positive values, and geometric CV (NaN for fewer than two)."""
    logs = np.log(values)
    if len(logs) < 2:
        return exp(float(logs.mean())) if len(logs) else nan, nan
    return exp(float(logs.mean())), float(np.sqrt(np.expm1(logs.var(ddof=1))))
