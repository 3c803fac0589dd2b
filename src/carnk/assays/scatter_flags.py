"""Replicates that do not agree: outliers, wells at the edge, gradients over the plate."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import t as student

from .flags import CHANCE, Flag, flag
from .specific import Specific
from .wells import Array, Well

GRADIENT = 0.001  # chance of a plate without fault to show one of the effects of place
LARGE = 5.0  # points of lysis, below which an effect of place does not matter
SIZES = ((8, 12), (16, 24), (4, 6), (3, 4), (2, 3), (6, 8))
_PLACE = re.compile(r"([A-Z]{1,2})0*(\d{1,2})")


def of_outliers(plate: Specific) -> list[Flag]:
    """Replicates farther from the others of their group than the plate's scatter allows.

    The scatter is that of all other groups (median of their variances, made consistent), so an
    outlier does not hide itself; the chance of any outlier on a plate without fault is 1 %.
    """
    groups = [g for g in _groups(plate) if len(g) > 1]
    if len(groups) < 4:
        return []
    values = [_values(plate, g) for g in groups]
    scatter = np.array([_robust(values, leaving=k) for k in range(len(groups))])
    df = sum(len(g) - 1 for g in groups)
    wells = sum(len(g) for g in groups)
    reach = float(student.isf(CHANCE / (2 * wells), max(df / 2, 3.0)))
    found: list[Well] = []
    for group, value, sd in zip(groups, values, scatter):
        for k, well in enumerate(group):
            others = np.delete(value, k)
            apart = abs(value[k] - np.median(others)) / np.sqrt(1 + 1 / others.size)
            if apart > reach * sd and apart > _least(plate, group):
                found.append(well)
    if not found:
        return []
    text = ("replicates lie far from the others of their group", "Kept; see --leave-out.")
    return [flag("replicate outlier", plate, found, text, False)]


def of_place(plate: Specific) -> list[Flag]:
    """Wells at the edge, rows, columns or orders of replicates that read higher or lower."""
    groups = [g for g in _groups(plate) if len(g) > 1]
    if not groups:
        return []
    wells = [w for g in groups for w in g]
    residual = np.concatenate([_values(plate, g) - _values(plate, g).mean() for g in groups])
    owner = np.repeat(np.arange(len(groups)), [len(g) for g in groups])
    window = 100 / abs(float(np.nanmean(plate.full.mean - plate.none.mean)))
    scale = float(np.nanmean([np.nanmean(w.signal) for w in wells])) if _relative(plate) else 1.0
    effects = list(_effects(wells, groups))
    flags = []
    for what, where, covariate in effects:
        slope, chance, reach = _regressed(residual, covariate, owner)
        points = abs(slope * reach * scale * window)
        if chance > GRADIENT / len(effects) or points < LARGE:
            continue
        high = "higher" if slope > 0 else "lower"
        text = (f"{what} read {high}, by {points:.0f} points of lysis", "Kept; randomize places.")
        flags.append(flag("edge effect" if what == "wells at the edge" else "effect of place",
                          plate, [w for w in wells if where(w)], text, False))  # fmt: skip
        break  # effects of place overlap: the first that is seen is told
    return flags


def _groups(plate: Specific) -> list[tuple[Well, ...]]:
    return [g.level.wells for g in (*plate.groups,)] + [
        level.wells for level in (plate.none, plate.full) if level.wells
    ]


def _relative(plate: Specific) -> bool:
    return plate.readout.relative


def _values(plate: Specific, group: Sequence[Well]) -> Array:
    """One value per well: its mean over time, on the log scale where scatter is relative."""
    value = np.array([np.nanmean(w.signal) for w in group])
    if _relative(plate):
        return np.asarray(np.log(np.maximum(value, 1e-12)))
    return value


def _robust(values: Sequence[Array], leaving: int) -> float:
    """Scatter of replicates from all groups but one: the median variance, made consistent."""
    rest = [(v.var(ddof=1), v.size - 1) for k, v in enumerate(values) if k != leaving]
    from scipy.stats import chi2

    scaled = [variance * df / chi2.median(df) for variance, df in rest]
    return float(np.sqrt(np.median(scaled)))


def _least(plate: Specific, group: Sequence[Well]) -> float:
    """Smallest distance worth telling: five points of lysis, in the unit of the values."""
    window = abs(float(np.nanmean(plate.full.mean - plate.none.mean)))
    signal = LARGE / 100 * window
    if not _relative(plate):
        return signal
    middle = float(np.mean([np.nanmean(w.signal) for w in group]))
    return signal / max(middle, signal)


Effect = tuple[str, Callable[[Well], bool], Array]


def _effects(wells: Sequence[Well], groups: Sequence[Sequence[Well]]) -> list[Effect]:
    """What place can do: (words, which wells it names, a covariate in -1..1 per well)."""
    places = [place(w.name) for w in wells]
    if any(p is None for p in places):
        return _orders(groups)
    rows, columns = np.array([p for p in places if p is not None]).T
    height, width = next(
        (s for s in sorted(SIZES) if rows.max() < s[0] and columns.max() < s[1]), (32, 48)
    )
    edge = (rows == 0) | (rows == height - 1) | (columns == 0) | (columns == width - 1)
    at_edge = {w.name for w, yes in zip(wells, edge) if yes}
    last_row, last_column = rows.max(), columns.max()
    return [
        ("wells at the edge", lambda w: w.name in at_edge, edge.astype(float)),
        ("lower rows", lambda w: (place(w.name) or (0, 0))[0] == last_row, _unit(rows)),
        ("right columns", lambda w: (place(w.name) or (0, 0))[1] == last_column, _unit(columns)),
    ]


def _orders(groups: Sequence[Sequence[Well]]) -> list[Effect]:
    """Places are not known: replicates by their order in the file."""
    order = np.concatenate([np.arange(len(g)) for g in groups])
    name = {id(w): k for g in groups for k, w in enumerate(g)}
    most = min(len(g) for g in groups)
    words = ("first", "second", "third", "fourth")
    return [
        (f"{words[k]} replicates", lambda w, k=k: name[id(w)] == k, (order == k).astype(float))
        for k in range(min(most, len(words)))
    ]


def _unit(index: Array) -> Array:
    wide = max(float(np.ptp(index)), 1.0)
    return np.asarray((index - index.min()) / wide)


def _regressed(residual: Array, covariate: Array, owner: Array) -> tuple[float, float, float]:
    """(slope, chance of one as large, reach of the covariate) with a mean for each group."""
    counts = np.bincount(owner)
    centred = covariate - (np.bincount(owner, covariate) / counts)[owner]
    spread = float(np.sum(centred**2))
    df = residual.size - counts.size - 1
    if spread < 1e-9 or df < 3:
        return 0.0, 1.0, 0.0
    slope = float(np.sum(centred * residual) / spread)
    left = float(np.sum((residual - slope * centred) ** 2)) / df
    if left <= 0:
        return slope, 0.0 if slope else 1.0, float(np.ptp(covariate))
    chance = 2 * float(student.sf(abs(slope) / np.sqrt(left / spread), df))
    return slope, chance, float(np.ptp(covariate))


def place(name: str) -> tuple[int, int] | None:
    """Row and column from 0 of a well such as 'B3' or 'AA12'; None for other names."""
    found = _PLACE.fullmatch(name.rsplit(" ", 1)[-1])
    if found is None:
        return None
    row = 0
    for letter in found[1]:
        row = 26 * row + ord(letter) - ord("A") + 1
    return row - 1, int(found[2]) - 1
