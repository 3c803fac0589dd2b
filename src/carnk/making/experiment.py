"""Runs to do in the laboratory: a factorial or a Latin hypercube over levers, with predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from ..base import Problem, SpecError
from .levers import with_levers
from .lots import Lots
from .make import make
from .process import Process

LOTS = 300
MOST_RUNS = 500
MEASURED = ("measured_cells", "measured_car_positive_pct", "measured_vcn_total")


def factorial(levels: Mapping[str, Sequence[float]]) -> list[dict[str, float]]:
    """Every combination of levels, the last lever fastest."""
    return [dict(zip(levels, values)) for values in product(*levels.values())]


def latin_hypercube(
    limits: Mapping[str, tuple[float, float]], runs: int, seed: int
) -> list[dict[str, float]]:
    """Runs spread over the limits so that each lever takes each of `runs` slices once."""
    from scipy.stats import qmc

    points = qmc.LatinHypercube(len(limits), rng=seed).random(runs)
    low, high = np.array(list(limits.values())).T
    return [dict(zip(limits, map(float, row))) for row in qmc.scale(points, low, high)]


def runs(
    process: Process, settings: Sequence[Mapping[str, float]], seed: int
) -> list[dict[str, object]]:
    """A row for each run: levers, predicted medians with 5th and 95th percentile, room to fill in.

    The order is shuffled, so that a drift over the weeks of the work falls on no lever.
    """
    if not 1 <= len(settings) <= MOST_RUNS:
        what = f"{len(settings)} runs are asked for"
        raise SpecError(Problem("runs", what, f"Ask for 1 to {MOST_RUNS}."))
    order = np.random.default_rng(seed).permutation(len(settings))
    rows: list[dict[str, object]] = []
    for place in order:
        lots = make(with_levers(process, settings[place]), LOTS, seed)
        rows.append({"run": len(rows) + 1, **settings[place], **_predicted(lots)})
    return rows


def _predicted(lots: Lots) -> dict[str, object]:
    told: dict[str, object] = {}
    shown = {"cells": lots.stages[-1].measures["cells"], "vcn_total": lots.vcn_total}
    shown["car_positive_pct"] = 100 * lots.car_positive
    for name, values in shown.items():
        low, middle, high = np.percentile(values, (5, 50, 95))
        told |= {name: f"{middle:.4g}", f"{name}_p5": f"{low:.4g}", f"{name}_p95": f"{high:.4g}"}
    told["released"] = f"{lots.released_fraction:.3f}"
    return told | dict.fromkeys(MEASURED, "")
