"""Exact intervals of a proportion and tail areas of the beta law."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv

from .outcomes import Counts, Floats


def clopper_pearson(events: int, patients: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a proportion (Clopper and Pearson 1934): 0 of 11 is not 0."""
    tail = (1 - level) / 2
    low = float(betaincinv(events, patients - events + 1, tail)) if events else 0.0
    high = float(betaincinv(events + 1, patients - events, 1 - tail)) if events < patients else 1.0
    return low, high


def beta_above(limit: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """Return P(p > limit) for p ~ Beta(a, b)."""
    # The upper tail as a lower tail of 1 - p keeps its digits when it is small.
    return np.asarray(betainc(b, a, 1 - np.asarray(limit, dtype=float)))


@lru_cache(maxsize=64)
def fewest_above(limit: float, certainty: float, patients: int) -> Counts:
    """Return the fewest events of n = 0 .. patients with P(p > limit | data) > certainty.

    The prior is uniform; n + 1 stands where no count of events is enough.
    """
    n = np.arange(patients + 1)
    events = n[:, None]
    enough = (events <= n) & (
        beta_above(limit, events + 1.0, np.maximum(n - events, 0) + 1.0) > certainty
    )
    fewest = np.where(enough.any(axis=0), enough.argmax(axis=0), n + 1)
    fewest.flags.writeable = False
    return np.asarray(fewest)
