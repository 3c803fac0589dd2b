"""How far replicates of a plate lie apart, told so that one bad well does not hide itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .specific import Specific, chi2_median
from .wells import Array, Well

FEWEST = 4  # groups of replicates that scatter can be told from


def groups_of(plate: Specific) -> list[tuple[Well, ...]]:
    """Replicates of every kind of well, groups of one left out."""
    levels = [*(g.level for g in plate.groups), plate.none, plate.full]
    return [level.wells for level in levels if len(level.wells) > 1]


def values_of(wells: Sequence[Well]) -> Array:
    """One value per well: the mean of what was read over time."""
    signal = np.array([w.signal for w in wells])
    read = np.isfinite(signal)
    total = np.where(read, signal, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(read.sum(axis=1), 1))


def logs_of(values: Array) -> Array:
    """Values on the scale on which scatter in proportion to the signal is the same everywhere."""
    return np.asarray(np.log(np.maximum(values, 1e-12)))


def variances(values: Sequence[Array]) -> Array:
    """Variance of each group, so scaled that the median of many is that of one well."""
    return np.array([np.sum((v - v.mean()) ** 2) / chi2_median(v.size - 1) for v in values])


def usual(plate: Specific) -> tuple[float, float] | None:
    """Scatter of a well: SD, and share of the signal; None where too few groups tell it."""
    values = [values_of(wells) for wells in groups_of(plate)]
    if len(values) < FEWEST:
        return None
    absolute = float(np.sqrt(np.median(variances(values))))
    relative = float(np.sqrt(np.median(variances([logs_of(v) for v in values]))))
    return absolute, relative
