"""What `make` returns: a row for every lot, how it came to be, and why it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..library import Number
from .batch import Array, Point
from .process import Process
from .release import Outcome

MEASURES = ("cells", "viability", "purity", "car_positive", "vcn_total", "potency")


@dataclass(frozen=True)
class Stage:
    """The lots after one step; the arrays are those of MEASURES and copies per CAR+ cell."""

    label: str
    day: float
    measures: Mapping[str, Array]

    def correlation(self) -> Array:
        """Rank correlation of the measures between lots; nan where one does not vary."""
        ranked = np.array([_ranks(self.measures[name]) for name in MEASURES])
        spread = ranked.std(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            joint = np.cov(ranked, bias=True) / np.outer(spread, spread)
        return np.asarray(joint)


@dataclass(frozen=True)
class Lots:
    """Lots of one process; every array has one entry a lot.

    doses: at the process's dose. cells: viable target cells in bags for patients, before freezing.
    viability_after_thaw and recovery_after_thaw: as a study uses them. vcn_total and
    vcn_car_positive: copies per target cell and per CAR+ cell. potency: killing relative to a
    typical lot, thaw and memory-like priming left out. days: to release. cost: of the lot, in USD
    or, where a price is assumed, in clean-room days (`currency`).
    """

    process: Process
    seed: int
    doses: NDArray[np.int64]
    cells: Array
    bags: Array
    viability: Array
    viability_after_thaw: Array
    recovery_after_thaw: Array
    killing_after_thaw: Array
    purity: Array
    car_positive: Array
    vcn_total: Array
    vcn_car_positive: Array
    near_oncogene: Array
    t_cells_per_kg: Array
    potency: Array
    memory_like: Array
    days: Array
    culture_days: Array
    cost: Array
    cost_items: Mapping[str, Array]
    currency: str
    unsourced: tuple[str, ...]
    used_amounts: Mapping[str, Array]
    released: NDArray[np.bool_]
    failures: NDArray[np.bool_]
    reasons: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    stages: tuple[Stage, ...]
    course: tuple[Point, ...]
    numbers: tuple[Number, ...]

    @property
    def index_released(self) -> NDArray[np.int64]:
        """Rows of the lots that were released."""
        return np.flatnonzero(self.released)

    @property
    def doses_released(self) -> NDArray[np.int64]:
        """Doses that reach the shelf: none of a lot that was not released."""
        return np.where(self.released, self.doses, 0)

    @property
    def released_fraction(self) -> float:
        """Share of lots released."""
        return float(self.released.mean())

    @property
    def cost_per_dose(self) -> float:
        """Cost of all lots over the doses of the released ones; inf if there is none."""
        doses = int(self.doses_released.sum())
        return float(self.cost.sum()) / doses if doses else float("inf")

    def failed(self) -> list[tuple[str, float]]:
        """Share of lots that fail for each reason, most frequent first."""
        shares = [(name, float(self.failures[:, i].mean())) for i, name in enumerate(self.reasons)]
        return sorted(shares, key=lambda item: -item[1])

    def summary(self) -> dict[str, Any]:
        """Medians with the 5th and 95th percentile of lots, rates and costs, for scripts."""
        return {
            "process": self.process.name,
            "evidence": self.process.evidence,
            "lots": int(self.doses.size),
            "seed": self.seed,
            "released": self.released_fraction,
            "released_interval": list(proportion(int(self.released.sum()), self.doses.size)),
            "doses_per_lot": _spread(self.doses),
            "doses_per_released_lot": _spread(self.doses[self.released]),
            "days_to_release": _spread(self.days),
            "culture_days": _spread(self.culture_days),
            "cells": _spread(self.cells),
            "viability": _spread(self.viability),
            "viability_after_thaw": _spread(self.viability_after_thaw),
            "killing_after_thaw": _spread(self.killing_after_thaw),
            "purity": _spread(self.purity),
            "car_positive": _spread(self.car_positive),
            "vcn_per_total_cell": _spread(self.vcn_total),
            "vcn_per_car_positive_cell": _spread(self.vcn_car_positive),
            "copies_near_proto_oncogenes_per_total_cell": _spread(self.near_oncogene),
            "t_cells_per_kg": _spread(self.t_cells_per_kg),
            "potency": _spread(self.potency),
            "cost_per_released_dose": _finite(self.cost_per_dose),
            "cost_unit": self.currency or "clean-room days",
            "cost_shares": {
                name: float(each.sum() / self.cost.sum()) for name, each in self.cost_items.items()
            },
            "prices_assumed": list(self.unsourced),
            "failures": dict(self.failed()),
            "release_tests": [_told(outcome) for outcome in self.outcomes],
            "steps": [_stage(stage) for stage in self.stages],
        }


def proportion(events: int, of: int) -> tuple[float, float]:
    """Central 95 % of the chance behind a count, by Clopper and Pearson: 0 of n is not 0."""
    from scipy.stats import beta

    low = float(beta.ppf(0.025, events, of - events + 1)) if events else 0.0
    high = float(beta.ppf(0.975, events + 1, of - events)) if events < of else 1.0
    return low, high


def _told(outcome: Outcome) -> dict[str, Any]:
    spec = outcome.spec
    return {
        "test": spec.test,
        "low": spec.low,
        "high": spec.high,
        "et": spec.et,
        "source": spec.source,
        "pass_rate": float(outcome.passed.mean()),
        "chance_of_passing": float(outcome.chance.mean()),
        "passed_out_of_limits": float((outcome.chance * ~outcome.meets).mean()),
        "failed_within_limits": float(((1 - outcome.chance) * outcome.meets).mean()),
        "value": _spread(outcome.true),
    }


def _stage(stage: Stage) -> dict[str, Any]:
    joint = stage.correlation()
    return {
        "step": stage.label,
        "day": stage.day,
        **{name: _spread(values) for name, values in stage.measures.items()},
        "correlation": {
            f"{a}, {b}": round(float(joint[i, j]), 3)
            for i, a in enumerate(MEASURES)
            for j, b in enumerate(MEASURES)
            if i < j and np.isfinite(joint[i, j])
        },
    }


def _spread(values: NDArray[Any]) -> dict[str, float] | None:
    if not values.size:
        return None
    low, middle, high = (float(x) for x in np.percentile(values, (5, 50, 95)))
    return {"median": middle, "p5": low, "p95": high}


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _ranks(values: Array) -> Array:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values))
