"""Several donors' estimates together: each drawn toward the others as far as its error asks for.

Normal estimates around donors' true values, these around their mean: the spread between donors has
a half-normal prior, the mean a flat one. What is not known of the spread is averaged over, so two
donors give wide intervals and no spread of exactly zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .wells import Array

DRAWS = 8000
SEED = 1
LEVEL = 0.95
SPREADS = np.linspace(0.0, 2.0, 201)
Interval = tuple[float, float, float]  # median, low, high


@dataclass(frozen=True)
class Together:
    """mean: of all donors; each: of every donor; new: of one not seen; spread: between donors."""

    mean: Interval
    each: tuple[Interval, ...]
    new: Interval
    spread: float


def together(
    values: Sequence[float], errors: Sequence[float], prior_spread: float = 0.5
) -> Together:
    """Estimates and their standard errors (above 0), at least two, on one scale, mostly logs.

    prior_spread: scale of the half-normal prior of the spread between donors.
    """
    y, s = np.asarray(values, float), np.asarray(errors, float)
    rng = np.random.default_rng(SEED)
    variance = SPREADS[:, None] ** 2 + s**2
    weight = 1 / variance
    total = weight.sum(axis=1)
    mean = (weight * y).sum(axis=1) / total
    log_chance = -0.5 * (
        np.log(variance).sum(axis=1) + np.log(total)
        + (weight * (y - mean[:, None]) ** 2).sum(axis=1) + (SPREADS / prior_spread) ** 2
    )  # fmt: skip
    chance = np.exp(log_chance - log_chance.max())
    pick = rng.choice(SPREADS.size, DRAWS, p=chance / chance.sum())
    spread = SPREADS[pick]
    middle = mean[pick] + rng.standard_normal(DRAWS) / np.sqrt(total[pick])
    inner = spread[:, None] ** 2 * s**2 / variance[pick]
    centre = (y * spread[:, None] ** 2 + middle[:, None] * s**2) / variance[pick]
    own = centre + np.sqrt(inner) * rng.standard_normal((DRAWS, y.size))
    new = middle + spread * rng.standard_normal(DRAWS)
    return Together(
        _interval(middle),
        tuple(_interval(column) for column in own.T),
        _interval(new),
        float(np.median(spread)),
    )


def _interval(draws: Array) -> Interval:
    low, middle, high = np.quantile(draws, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return float(middle), float(low), float(high)
