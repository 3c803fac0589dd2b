"""Replicates that do not agree: outliers, wells at the edge, gradients over the plate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from .flags import CHANCE, Flag, flag
from .scatter import FEWEST, groups_of, logs_of, values_of, variances
from .specific import Specific
from .wells import Array, Well

GRADIENT = 0.001  # chance of a plate without fault to show one of the effects of place
LARGE = 5.0  # points of lysis, below which an effect of place does not matter
SIZES = ((8, 12), (16, 24), (4, 6), (3, 4), (2, 3), (6, 8))
_PLACE = re.compile(r"([A-Z]{1,2})0*(\d{1,2})")


def of_outliers(plate: Specific) -> list[Flag]:
    """Replicates farther from the others of their group than the plate's scatter allows.

    The scatter is that of all other groups (median of their variances, made consistent), so an
    outlier does not hide itself. It has to be too far both if scatter is the same everywhere and if
    it grows with the signal; the chance of any on a plate without fault is then below 1 %.
    """
    groups = groups_of(plate)
    if len(groups) < FEWEST:
        return []
    far = [set(_far(groups, plate, relative)) for relative in (False, True)]
    found = [w for g in groups for w in g if id(w) in far[0] & far[1]]
    if not found:
        return []
    text = ("replicates lie far from the others of their group", "Kept; see --leave-out.")
    return [flag("replicate outlier", plate, found, text, False)]


def _far(groups: Sequence[Sequence[Well]], plate: Specific, relative: bool) -> Iterator[int]:
    """Wells, by identity, that lie too far from the middle of their group."""
    values = [_scaled(g, relative) for g in groups]
    df, wells = sum(len(g) - 1 for g in groups), sum(len(g) for g in groups)
    reach = float(stdtrit(max(df / 2, 3.0), 1 - CHANCE / (2 * wells)))
    every = variances(values)
    for k, (group, value) in enumerate(zip(groups, values)):
        sd = float(np.sqrt(np.median(np.delete(every, k))))
        apart = np.abs(value - np.median(value)) / np.sqrt(1 + 1 / (value.size - 1))
        far = apart > max(reach * sd, _least(plate, group, relative))
        yield from (id(well) for well, yes in zip(group, far) if yes)


def of_place(plate: Specific) -> list[Flag]:
    """Wells at the edge, rows, columns or orders of replicates that read higher or lower."""
    groups = groups_of(plate)
    if not groups:
        return []
    wells = [w for g in groups for w in g]
    relative = plate.readout.relative
    residual = np.concatenate([_scaled(g, relative) - _scaled(g, relative).mean() for g in groups])
    owner = np.repeat(np.arange(len(groups)), [len(g) for g in groups]).astype(np.int64)
    window = 100 / abs(float(np.nanmean(plate.full.mean - plate.none.mean)))
    scale = float(values_of(wells).mean()) if relative else 1.0
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


def _scaled(group: Sequence[Well], relative: bool) -> Array:
    """One value per well, on the log scale where scatter is relative."""
    value = values_of(group)
    return logs_of(value) if relative else value


def _least(plate: Specific, group: Sequence[Well], relative: bool) -> float:
    """Smallest distance worth telling: five points of lysis, in the unit of the values."""
    window = abs(float(np.nanmean(plate.full.mean - plate.none.mean)))
    signal = LARGE / 100 * window
    if not relative:
        return signal
    middle = float(values_of(group).mean())
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
        (f"{words[k]} replicates", partial(_is_at, name, k), (order == k).astype(float))
        for k in range(min(most, len(words)))
    ]


def _is_at(order: Mapping[int, int], k: int, well: Well) -> bool:
    return order[id(well)] == k


def _unit(index: Array) -> Array:
    wide = max(float(np.ptp(index)), 1.0)
    return np.asarray((index - index.min()) / wide)


def _regressed(
    residual: Array, covariate: Array, owner: NDArray[np.int64]
) -> tuple[float, float, float]:
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
    chance = 2 * float(stdtr(df, -abs(slope) / np.sqrt(left / spread)))
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
