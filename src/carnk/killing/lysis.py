"""From kill rates to lysis: saturation at high E:T, spent killers at low, delay of the dye."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .signal import Law, Rates

Array = NDArray[np.float64]
GRID = 96  # points of the exposure grid
LEAST, MOST = 1e-5, 60.0  # exposure of the fastest class, in units of one over its rate
EXPOSURE = np.concatenate([[0.0], np.geomspace(LEAST, MOST, GRID)])


@dataclass(frozen=True)
class Course:
    """Lysis and kills per effector by E:T and hour; both (E:T, hours)."""

    et: Array
    hours: Array
    lysed: Array  # fraction of the targets
    kills_per_effector: Array


def lysis(
    law: Law, rates: Rates, et: Sequence[float] | Array, hours: Sequence[float] | Array
) -> Course:
    """Lysis of a mixed target population by a mixed effector population, without growth.

    A target of class i is hit at rate_i r a / (x + crowding r): r effectors per target at the
    start, x the targets left, a the killers not yet spent. All classes share one exposure U, so
    x = sum of share exp(-rate U), and time follows from U by quadrature: no integrator is needed.
    Lysis shows after an exponential delay. Raises ValueError where E:T or hours are not above 0.
    """
    ratio, at = np.atleast_1d(np.asarray(et, float)), np.atleast_1d(np.asarray(hours, float))
    if not (np.all(ratio > 0) and np.all(at >= 0)):
        raise ValueError("E:T must be above 0 and hours must not be negative")
    rate = rates.per_target()
    fastest = float(rate.max())
    if fastest <= 0:
        nothing = np.zeros((ratio.size, at.size))
        return Course(ratio, at, nothing, nothing)
    exposure = EXPOSURE / fastest
    left = np.exp(-np.outer(exposure, rate)) @ rates.target
    hit = 1 - left
    killers = ratio[:, None] * (1 - law.non_killers)
    working = np.exp(-np.minimum(hit / (killers * law.serial_kills), 500.0))
    slowness = (left + law.crowding * ratio[:, None]) / (ratio[:, None] * working)
    steps = (slowness[:, 1:] + slowness[:, :-1]) / 2 * np.diff(exposure)
    time = np.concatenate([np.zeros((ratio.size, 1)), np.cumsum(steps, axis=1)], axis=1)
    hits, shown = _by_hour(time, hit, at, law.delay)
    return Course(ratio, at, shown, hits / ratio[:, None])


def _by_hour(time: Array, hit: Array, at: Array, delay: float) -> tuple[Array, Array]:
    """(fraction hit, fraction that shows it) by E:T and hour, hits being even between grid points.

    time: (E:T, points); hit: (points,). A hit shows after an exponential delay.
    """
    began, ended = time[:, None, :-1], time[:, None, 1:]
    hour = at[None, :, None]
    part = np.clip((hour - began) / np.maximum(ended - began, 1e-300), 0.0, 1.0) * np.diff(hit)
    ago = np.maximum(hour - (np.minimum(ended, hour) + began) / 2, 0.0)
    return part.sum(axis=2), np.sum(part * -np.expm1(-ago / delay), axis=2)


def mean_rate(rates: Rates) -> float:
    """Targets killed per effector and hour, targets in excess; 1/h."""
    return float(rates.per_target() @ rates.target)


def kills_per_killer(kills: Sequence[int]) -> tuple[float, float]:
    """(share that never kills, mean of the killers) from kills counted per cell.

    A Poisson number with extra zeros, by maximum likelihood: with no more zeros than Poisson the
    share is 0. Raises ValueError for an empty list.
    """
    counts = np.asarray(kills, float)
    if counts.size == 0:
        raise ValueError("no cells were counted")
    mean, zeros = counts.mean(), np.mean(counts == 0)
    if mean == 0:
        return 1.0, 0.0
    if zeros <= np.exp(-mean):
        return 0.0, float(mean)
    positive = counts[counts > 0].mean()
    each = positive  # mean of the positive ones = m / (1 - exp(-m))
    for _ in range(200):
        each = positive * -np.expm1(-each)
    each = max(float(each), 1e-9)
    return float(1 - mean / each), each
