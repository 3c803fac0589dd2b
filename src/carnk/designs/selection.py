"""The dose recommended at the end: isotonic regression of the observed DLT rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .outcomes import NONE, Counts, Flags, Floats, Tally


def isotonic(rates: Floats, weights: Floats) -> Floats:
    """Return the weighted non-decreasing fit (pool adjacent violators) row by row.

    rates, weights: shape (rows, doses); a weight of 0 leaves a dose out and gives nan there.
    The max-min formula: over all stretches that hold a dose, the highest of the lowest averages.
    """
    doses = rates.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        mass = np.cumsum(np.pad(weights, ((0, 0), (1, 0))), axis=1)
        moment = np.cumsum(np.pad(weights * rates, ((0, 0), (1, 0))), axis=1)
        fit = np.full(rates.shape, np.nan)
        for dose in range(doses):
            lowest = [
                np.fmin.reduce(
                    [
                        (moment[:, last + 1] - moment[:, first])
                        / (mass[:, last + 1] - mass[:, first])
                        for last in range(dose, doses)
                    ]
                )
                for first in range(dose + 1)
            ]
            fit[:, dose] = np.fmax.reduce(lowest)
    return np.where(weights > 0, fit, np.nan)


def isotonic_rates(tally: Tally, usable: Flags) -> Floats:
    """Return isotonic DLT rates of usable, treated doses; nan elsewhere.

    Each rate is (y + 0.05)/(n + 0.1), weighted by the inverse of its beta variance (BOIN).
    """
    patients, toxic = tally.patients - tally.pending, tally.toxic
    rate = (toxic + 0.05) / (patients + 0.1)
    variance = (
        (toxic + 0.05) * (patients - toxic + 0.05) / ((patients + 0.1) ** 2 * (patients + 1.1))
    )
    return isotonic(rate, np.where(usable & (patients > 0), 1 / variance, 0.0))


def nearest(values: Floats, target: float) -> Counts:
    """Return the column nearest to the target, -1 for a row of nan.

    Of doses that tie below the target the highest, above it the lowest.
    """
    nudged = values + 1e-10 * np.arange(1, values.shape[1] + 1)
    distance = np.abs(nudged - target)
    best = np.argmin(np.where(np.isnan(distance), np.inf, distance), axis=1)
    return np.where(np.isnan(distance).all(axis=1), NONE, best)


@dataclass(frozen=True)
class IsotonicMtd:
    """The admissible dose whose isotonic DLT rate is nearest to the target."""

    target: float

    def selected(self, tally: Tally, allowed: Flags) -> Counts:
        """Recommended dose per trial."""
        return nearest(isotonic_rates(tally, allowed), self.target)

    def describe(self) -> str:
        return (
            "The recommended dose is the admissible, tried dose whose isotonic estimate of the DLT"
            f" rate is nearest to {self.target:g} (of ties the higher below, the lower above it)."
        )
