"""Gates without a gate file: debris, doublets and dead cells left out, by rules that are written.

Cells: above the valley of log FSC between debris and the next peak, if that is 2.5 times as high
(none: above a third of the peak), and within the densest region of FSC and SSC that holds 98 % of
those. Singlets: log FSC-A/H within 3.5 spreads above and 5 below its peak. Live: below the valley
of the dead-cell dye on an arcsinh scale (none: below the peak + 3.5 spreads). Spreads are those
left of a peak.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .density import Array, mode_and_spread, scale_of, smooth, valley
from .fcs import Sample
from .populations import Population

DENSEST = 0.98
GRID = 96
LEAST = 200  # events from which a density is told
SPREADS = (5.0, 3.5)
DEBRIS = 0.4  # log10 of FSC that debris lies below cells at least; a doublet has twice a cell's


@dataclass(frozen=True)
class Gates:
    """Gates found on one sample, to be laid on it and on its control."""

    scatter: tuple[str, str] | None
    least_fsc: float
    region: NDArray[np.bool_] | None
    window: tuple[Array, Array]
    pair: tuple[str, str] | None
    ratio: tuple[float, float]
    dead: str
    most_dead: float
    notes: tuple[str, ...]

    def apply(self, sample: Sample) -> list[Population]:
        """Populations cells, singlets and live of a sample, as far as it has the channels."""
        mask = np.ones(len(sample.events), bool)
        steps: list[tuple[str, NDArray[np.bool_]]] = []
        if self.scatter is not None and self.region is not None:
            fsc, ssc = (_log(sample.channel(name, False)) for name in self.scatter)
            inside = self.region[_place(fsc, self.window[0]), _place(ssc, self.window[1])]
            steps.append(("cells", (fsc >= self.least_fsc) & inside))
        if self.pair is not None:
            ratio = _ratio(sample, self.pair)
            steps.append(("singlets", (ratio >= self.ratio[0]) & (ratio <= self.ratio[1])))
        if self.dead:
            steps.append(("live", sample.channel(self.dead) <= self.most_dead))
        made: list[Population] = []
        for name, inside in steps:
            before = int(mask.sum())
            mask = mask & inside
            path = tuple(each.name for each in made)
            made.append(Population(name, path, int(mask.sum()), before, mask))
        return made


def find_gates(sample: Sample, dead: str = "") -> Gates:
    """Find the gates of a sample; dead: channel of the dye that dead cells take up, '' for none."""
    notes: list[str] = []
    scatter, pair = _scatter(sample), _pair(sample)
    mask = np.ones(len(sample.events), bool)
    least, region, window = -np.inf, None, (np.zeros(2), np.zeros(2))
    if scatter is None or len(mask) < LEAST:
        why = "no FSC and SSC" if scatter is None else f"fewer than {LEAST} events"
        notes.append(f"{why}: debris is not gated out")
        scatter = None
    else:
        fsc, ssc = (_log(sample.channel(name, False)) for name in scatter)
        least = _least_fsc(fsc, notes)
        mask = fsc >= least
        region, window = _densest(fsc[mask], ssc[mask])
        mask &= region[_place(fsc, window[0]), _place(ssc, window[1])]
    ratio_ends = (-np.inf, np.inf)
    if pair is None:
        notes.append("no FSC-A with FSC-H: doublets are not gated out")
    else:
        ratio = _ratio(sample, pair)[mask]
        mode, spread = mode_and_spread(ratio)
        ratio_ends = (mode - SPREADS[0] * spread, mode + SPREADS[1] * spread)
        whole = _ratio(sample, pair)
        mask &= (whole >= ratio_ends[0]) & (whole <= ratio_ends[1])
    most = _most_dead(sample.channel(dead)[mask], notes) if dead else np.inf
    if not dead:
        notes.append("no dead-cell dye named: dead cells are not gated out")
    return Gates(scatter, least, region, window, pair, ratio_ends, dead, most, tuple(notes))


def _least_fsc(fsc: Array, notes: list[str]) -> float:
    cut = valley(fsc, DEBRIS)
    if cut is not None:
        return cut
    notes.append("no peak of debris in FSC: debris is what lies below a third of the cells' peak")
    return mode_and_spread(fsc)[0] - float(np.log10(3))


def _most_dead(values: Array, notes: list[str]) -> float:
    cofactor = scale_of(values)
    scaled = np.arcsinh(values / cofactor)
    cut = valley(scaled)
    if cut is None:
        mode, spread = mode_and_spread(scaled)
        cut = mode + SPREADS[1] * spread
        notes.append("no second peak of the dead-cell dye: dead is beyond 3.5 spreads of the peak")
    return float(np.sinh(cut) * cofactor)


def _densest(fsc: Array, ssc: Array) -> tuple[NDArray[np.bool_], tuple[Array, Array]]:
    """Squares of the plane, densest first, until they hold 98 % of the events."""
    ends = [(float(each.min()), float(each.max())) for each in (fsc, ssc)]
    window = (np.linspace(*ends[0], GRID + 1), np.linspace(*ends[1], GRID + 1))
    places = _place(fsc, window[0]) * GRID + _place(ssc, window[1])
    counts = np.bincount(places, minlength=GRID * GRID).astype(float).reshape(GRID, GRID)
    for axis in (0, 1):
        counts = np.apply_along_axis(smooth, axis, counts, 2.0)
    flat = counts.ravel()
    held = np.bincount(places, minlength=GRID * GRID)
    order = np.argsort(-flat)
    needed = int(np.searchsorted(np.cumsum(held[order]), DENSEST * len(fsc))) + 1
    region = np.zeros(GRID * GRID, bool)
    region[order[:needed]] = True
    return region.reshape(GRID, GRID), window


def _place(values: Array, edges: Array) -> NDArray[np.int64]:
    width = max(float(edges[1] - edges[0]), 1e-12)
    places = ((values - edges[0]) / width).astype(np.int64)
    return np.asarray(np.clip(places, 0, GRID - 1), np.int64)


def _log(values: Array) -> Array:
    return np.asarray(np.log10(np.maximum(values, 1.0)))


def _ratio(sample: Sample, pair: tuple[str, str]) -> Array:
    area, height = (np.maximum(sample.channel(name, False), 1.0) for name in pair)
    return np.asarray(np.log(area / height))


def _named(sample: Sample, pattern: str) -> str:
    return next((n for n in sample.names if re.fullmatch(pattern, n, re.IGNORECASE)), "")


def _scatter(sample: Sample) -> tuple[str, str] | None:
    fsc = _named(sample, r"FSC[- _]?A") or _named(sample, r"FSC([- _]?H)?")
    ssc = _named(sample, r"SSC[- _]?A") or _named(sample, r"SSC([- _]?H)?")
    return (fsc, ssc) if fsc and ssc else None


def _pair(sample: Sample) -> tuple[str, str] | None:
    area, height = _named(sample, r"FSC[- _]?A"), _named(sample, r"FSC[- _]?H")
    return (area, height) if area and height else None
