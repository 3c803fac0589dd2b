"""Log densities of draws, summed over a patient's samples, fast enough to be asked for often.

Where an error has one size, the samples that were seen enter by two sums that are made once; only
those below a limit are looked at anew. All else goes the general way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .density import HALF_LOG_2PI, Samples, densities, log_between, normal_between, on_scale, spread

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Output:
    """Of one output: squares and constant (patients, draws), count (patients,) of samples seen; of
    the others gather (patients, others), 1 where one is a patient's, and their ends (others, draws)
    in standard deviations of an error of size 1.
    """

    squares: Array
    constant: Array
    count: Array
    gather: Array
    low: Array
    high: Array


Sums = tuple[Output, ...]


def sums_of(kinds: Sequence[str], data: Samples, course: Array) -> Sums:
    """The sums of courses (patients, draws, most); () if an error has two sizes."""
    if any(kind == "combined" for kind in kinds):
        return ()
    return tuple(_of_output(kind, data, course, place) for place, kind in enumerate(kinds))


def _of_output(kind: str, data: Samples, course: Array, place: int) -> Output:
    mine = data.output == place
    seen = data.seen & mine
    location, scale, _ = spread(kind, np.ones(2), course)
    ends, jacobian = np.where(seen, data.low, 1.0), np.zeros_like(data.low)
    if kind == "lognormal":
        ends = jacobian = np.log(ends)
    z = np.where(seen[:, None], (ends[:, None] - location) / scale, 0.0)
    constant = np.where(seen[:, None], np.log(scale) + jacobian[:, None] + HALF_LOG_2PI, 0.0)
    patient, row = np.nonzero(data.used & mine & ~seen)
    gather = (patient == np.arange(len(seen))[:, None]).astype(float)
    middle, unit = location[patient, :, row], scale[patient, :, row]
    low, high = (on_scale(kind, end[patient, row, None]) for end in (data.low, data.high))
    return Output(
        (z**2).sum(axis=-1), -constant.sum(axis=-1), seen.sum(axis=1).astype(float), gather,
        (low - middle) / unit, (high - middle) / unit,
    )  # fmt: skip


def log_density(sums: Sums, errors: Array) -> tuple[Array, list[tuple[Array, Array]]]:
    """(log density (patients, draws), its derivatives by the two log sizes of every output)."""
    total = np.zeros_like(sums[0].squares)
    by_errors = []
    for out, sizes in zip(sums, errors):
        chi = out.squares / sizes[0] ** 2
        total += out.constant - 0.5 * chi - out.count[:, None] * np.log(sizes[0])
        by_error = chi - out.count[:, None]
        if out.low.size:
            ends = out.low / sizes[0], out.high / sizes[0]
            value, *at = normal_between(*ends)
            total += out.gather @ value
            low, high = (np.where(np.isfinite(x), x, 0.0) * d for x, d in zip(ends, at))
            by_error += out.gather @ (low - high)
        by_errors.append((by_error, np.zeros_like(by_error)))
    return total, by_errors


def log_density_alone(sums: Sums, errors: Array) -> Array:
    """The log density without its derivatives, for which it is asked most often."""
    total = np.zeros_like(sums[0].squares)
    for out, sizes in zip(sums, errors):
        total += out.constant - out.squares * (0.5 / sizes[0] ** 2)
        total -= out.count[:, None] * np.log(sizes[0])
        if out.low.size:
            total += out.gather @ log_between(out.low / sizes[0], out.high / sizes[0])
    return total


def general_density(
    kinds: Sequence[str], data: Samples, errors: Array, course: Array
) -> tuple[Array, list[tuple[Array, Array]], Array]:
    """The same for any error, and derivatives by the courses (patients, draws, most)."""
    d = densities(kinds, errors, data, course)
    by_errors = []
    for place in range(len(kinds)):
        mine = (data.used & (data.output == place)).astype(float)
        first, second = (np.einsum("nkm,nm->nk", part, mine) for part in d.by_error)
        by_errors.append((first, second))
    return d.value.sum(axis=-1), by_errors, d.by_course
