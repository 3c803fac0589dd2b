"""Curves of lysis in percent, with the SD of their replicates, as plates without raw wells."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from .curves import Curve
from .specific import SHRINKAGE, Group, Level, Readout, Specific

PERCENT = Readout("percent", "lysis, %", (), 100.0, False)
EMPTY = np.zeros((0, 1))
Key = tuple[str, str, float]


def plates_of(curves: Sequence[Curve]) -> list[Specific]:
    """One plate for each donor, target and length of assay; errors are those of the file."""
    plates: dict[Key, list[Curve]] = defaultdict(list)
    for curve in curves:
        plates[curve.donor, curve.target, curve.hours].append(curve)
    return [_plate(key, those, str(k)) for k, (key, those) in enumerate(plates.items(), start=1)]


def _plate(key: Key, curves: Sequence[Curve], name: str) -> Specific:
    _, target, hours = key
    variance = np.concatenate([c.sd**2 for c in curves])
    weight = np.concatenate([np.maximum(c.replicates - 1, 0.0) for c in curves])
    usual = float(np.average(variance, weights=weight)) if weight.any() else float(variance.mean())
    groups = [
        Group(c.donor, c.effector, float(et), _level(lysis, sd, n, usual))
        for c in curves
        for et, lysis, sd, n in zip(c.et, c.lysis, c.sd, c.replicates)
    ]
    groups.sort(key=lambda g: (g.donor, g.effector, g.et))
    none, full = (Level((), np.array([x]), np.zeros(1), EMPTY, np.inf) for x in (0.0, 100.0))
    return Specific(name, target, PERCENT, np.array([hours]), none, full, tuple(groups))


def _level(mean: float, sd: float, n: float, usual: float) -> Level:
    """Variances shrink toward the plate's as those of wells do."""
    df = SHRINKAGE + max(n - 1, 0.0)
    variance = (SHRINKAGE * usual + max(n - 1, 0.0) * sd**2) / df
    return Level((), np.array([mean]), np.array([np.sqrt(variance / n)]), EMPTY, df, int(n))
