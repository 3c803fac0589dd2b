"""Lysis over time: its mean over the course (area), and the time to half of the targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .et_curve import LEVEL, Estimate
from .wells import Array

HALF = 50.0  # percent


@dataclass(frozen=True)
class CourseNumbers:
    """Area under a course in percent x h, the mean lysis in percent, hours to 50 % lysis."""

    area: Estimate
    mean: Estimate
    half_time: Estimate


def course_numbers(hours: Array, lysis: Array, draws: Array) -> CourseNumbers:
    """Numbers of one course. hours, lysis: (times,); draws: (draws, times), percent.

    Times at which nothing was read are skipped. Half lysis counts when it is first reached, between
    readings by a straight line; a course that is above it at its first reading has no such time.
    """
    read = np.isfinite(lysis)
    at = hours[read] - hours[0]
    if at.size < 2:
        why = "one time point: a course needs two"
        return CourseNumbers(*(Estimate(None, why=why),) * 3)
    rows = np.vstack([lysis, draws])[:, read]
    area = np.trapezoid(rows, at, axis=1)
    span = float(at[-1] - at[0])
    times = np.array([first_above(at, row, HALF) for row in rows])
    return CourseNumbers(
        _estimate(area), _estimate(area / span), _half(times, bool(rows[0, 0] >= HALF), at)
    )


def first_above(hours: Array, lysis: Array, percent: float) -> float:
    """Hours at which a course first reaches a percentage; infinite where it does not."""
    above = np.flatnonzero(lysis >= percent)
    if not above.size:
        return float("inf")
    k = int(above[0])
    if k == 0:
        return float(hours[0])
    low, high = lysis[k - 1], lysis[k]
    share = (percent - low) / (high - low) if high > low else 1.0
    return float(hours[k - 1] + share * (hours[k] - hours[k - 1]))


def _half(times: Array, at_once: bool, hours: Array) -> Estimate:
    if at_once:
        return Estimate(None, why=f"{HALF:g} % are lysed at the first reading")
    if not np.isfinite(times[0]):
        return Estimate(None, why=f"{HALF:g} % are not reached within {hours[-1]:g} h")
    return _estimate(times)


def _estimate(values: Array) -> Estimate:
    draws = np.where(np.isnan(values[1:]), np.inf, values[1:])
    if np.isinf(draws).all():
        return Estimate(float(values[0]))
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return Estimate(
        float(values[0]),
        float(low) if np.isfinite(low) else None,
        float(high) if np.isfinite(high) else None,
    )
