"""How likely a sample is, given the course: four kinds of error, limits of quantification.

A sample is an interval: both ends equal for a value that was seen, minus infinity to the limit for
one below it (the M3 method, doi 10.1023/a:1012299115260), any two ends for one that is only known
to lie between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

Array = NDArray[np.float64]
KINDS: dict[str, tuple[str, ...]] = {
    "proportional": ("error_share",),
    "additive": ("error_sd",),
    "combined": ("error_sd", "error_share"),
    "lognormal": ("error_log_sd",),
}
LEAST = 1e-30  # a course is not taken to be below this where its logarithm or share is asked for
HALF_LOG_2PI = 0.9189385332046727


@dataclass(frozen=True)
class Samples:
    """Samples of all patients, padded: (patients, most).

    low, high: the interval in the unit of the output. output: index of the error model. used: False
    where a row is padding. day: time.
    """

    day: Array
    low: Array
    high: Array
    output: NDArray[np.int64]
    used: NDArray[np.bool_]

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Where a value was seen."""
        return np.asarray(self.used & (self.low == self.high))


@dataclass(frozen=True)
class Densities:
    """Log densities and derivatives, each of the shape of the courses.

    by_course: by the course. information: expected square of `by_course` for a sample that was
    seen, a positive stand-in for the curvature otherwise. by_error: by the logarithms of the two
    sizes.
    """

    value: Array
    by_course: Array
    information: Array
    by_error: tuple[Array, Array]


def spread(kind: str, sizes: Array, course: Array) -> tuple[Array, Array, Array]:
    """(location, scale, slope of the scale by the location) of what is normally distributed."""
    if kind == "lognormal":
        return np.log(np.maximum(course, LEAST)), np.full_like(course, sizes[0]), 0 * course
    if kind == "additive":
        return course, np.full_like(course, sizes[0]), 0 * course
    if kind == "proportional":
        return course, sizes[0] * np.maximum(course, LEAST), np.full_like(course, sizes[0])
    scale = np.sqrt(sizes[0] ** 2 + (sizes[1] * course) ** 2)
    return course, scale, sizes[1] ** 2 * course / scale


def densities(kinds: Sequence[str], errors: Array, data: Samples, course: Array) -> Densities:
    """Of every sample given courses of shape (patients, ..., most); padding gives 0.

    kinds and errors (outputs, 2): error models by output.
    """
    zeros = np.zeros_like(course)
    found = Densities(zeros, zeros.copy(), zeros.copy(), (zeros.copy(), zeros.copy()))
    between = (1,) * (course.ndim - 2)
    shape = (len(data.low), *between, data.low.shape[1])
    low, high, output, used = (
        a.reshape(shape) for a in (data.low, data.high, data.output, data.used)
    )
    for place, kind in enumerate(kinds):
        mine = used & (output == place)
        if not mine.any():
            continue
        one = _of_kind(kind, errors[place], low, high, course)
        for whole, part in zip(_tables(found), _tables(one)):
            np.copyto(whole, part, where=mine)
    return found


def _tables(d: Densities) -> tuple[Array, ...]:
    return d.value, d.by_course, d.information, *d.by_error


def _of_kind(kind: str, sizes: Array, low: Array, high: Array, course: Array) -> Densities:
    seen = low == high
    both = seen_density(kind, sizes, np.where(seen, high, 1.0), course)
    if seen.all():
        return both
    within = interval_density(kind, sizes, low, np.where(seen, np.inf, high), course)
    value, slope, information, first, second = (
        np.where(seen, a, b) for a, b in zip(_tables(both), _tables(within))
    )
    return Densities(value, slope, information, (first, second))


def seen_density(kind: str, sizes: Array, seen: Array, course: Array) -> Densities:
    """Of values that were seen."""
    location, scale, slope = spread(kind, sizes, course)
    end, jacobian, inner = seen, np.zeros_like(seen), np.ones_like(course)
    if kind == "lognormal":
        end = jacobian = np.log(np.maximum(seen, LEAST))
        inner = _inner(course)
    z = (end - location) / scale
    value = -0.5 * z * z - np.log(scale) - HALF_LOG_2PI - jacobian
    by_scale = (z * z - 1) / scale
    by_location = z / scale + by_scale * slope
    information = (1 + 2 * slope**2) / scale**2
    sizes_slopes = _by_sizes(kind, sizes, scale, by_scale, course)
    return Densities(value, by_location * inner, information * inner**2, sizes_slopes)


def interval_density(kind: str, sizes: Array, low: Array, high: Array, course: Array) -> Densities:
    """Of values that are only known to lie between two ends."""
    location, scale, slope = spread(kind, sizes, course)
    inner = _inner(course) if kind == "lognormal" else np.ones_like(course)
    low, high = (on_scale(kind, end) for end in (low, high))
    a, b = (low - location) / scale, (high - location) / scale
    value, at_a, at_b = normal_between(a, b)
    a, b = (np.where(np.isfinite(x), x, 0.0) for x in (a, b))
    by_scale = (at_a * a - at_b * b) / scale
    by_location = (at_a - at_b) / scale + by_scale * slope
    curve = (at_b - at_a) ** 2 + at_b * b - at_a * a
    stretch = 1 + slope * np.where(at_b > 0, b, a)
    information = np.maximum(curve, 1e-12) * (stretch * inner / scale) ** 2
    sizes_slopes = _by_sizes(kind, sizes, scale, by_scale, course)
    return Densities(value, by_location * inner, information, sizes_slopes)


def _inner(course: Array) -> Array:
    """Derivative of the logarithm of a course."""
    return np.where(course > LEAST, 1 / np.maximum(course, LEAST), 0.0)


def on_scale(kind: str, end: Array) -> Array:
    """The end of an interval on the scale on which errors are normal."""
    if kind != "lognormal":
        return end
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.maximum(end, 0.0)))


def normal_between(a: Array, b: Array) -> tuple[Array, Array, Array]:
    """(log P of a < z < b for standard normal z, density at a over P, density at b over P)."""
    value = log_between(a, b)
    at_a, at_b = np.zeros_like(value), np.zeros_like(value)
    for density, x in ((at_a, a), (at_b, b)):
        known = np.clip(x, -1e8, 1e8)
        with np.errstate(over="ignore", under="ignore"):
            np.copyto(density, np.exp(-0.5 * known**2 - HALF_LOG_2PI - value), where=np.isfinite(x))
    return value, at_a, at_b


def log_between(a: Array, b: Array) -> Array:
    """Log P of a < z < b; the difference of two tails is taken on the side where they are small."""
    if a.max() == -np.inf:
        return np.asarray(log_ndtr(np.maximum(b, -1e8)))
    with np.errstate(invalid="ignore", divide="ignore"):
        flip = a > 0
        lower, upper = np.where(flip, -b, a), np.where(flip, -a, b)
        top = log_ndtr(upper)
        gap = log_ndtr(lower) - top
        return np.asarray(top + np.log(-np.expm1(np.minimum(gap, -1e-16))))


def _by_sizes(
    kind: str, sizes: Array, scale: Array, by_scale: Array, course: Array
) -> tuple[Array, Array]:
    """Derivatives by the logarithms of the sizes."""
    if kind != "combined":
        return by_scale * scale, 0 * scale
    return by_scale * sizes[0] ** 2 / scale, by_scale * (sizes[1] * course) ** 2 / scale
