"""The one loop: source, steps, doses, release tests, cost, for all lots at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..base import Problem, SpecError
from ..library import View, load
from .batch import Array, Batch, Draw
from .cost import cost
from .doses import doses
from .lots import Lots, Stage
from .process import Process
from .release import Lysis, Outcome, t_cells_per_kg, test
from .steps import begin, take

MOST_LOTS = 1_000_000


def make(process: Process, lots: int, seed: int, lysis: Lysis | None = None) -> Lots:
    """Make lots by a process; the same process and seed give the same lot i, however many run.

    lysis: specific lysis from relative potency and E:T, for the potency test; a saturating law
    stands in where the caller has none. SpecError if `lots` or `seed` cannot be.
    """
    if not 1 <= lots <= MOST_LOTS:
        what = f"{lots} lots cannot be made"
        raise SpecError(Problem("--lots", what, f"Ask for 1 to {MOST_LOTS:,}."))
    draw = Draw(_view(process), lots, seed, process.numbers)
    batch, stages = _run(process, draw)
    return _lots(process, draw, batch, stages, lysis)


def typical(process: Process) -> tuple[Stage, ...]:
    """The median lot after each step: no spread between donors or runs."""
    _, stages = _run(process, Draw(_view(process), 1, 0, process.numbers, spread=False))
    return tuple(stages)


def _view(process: Process) -> View:
    return load().with_own(process.own).view()


def _run(process: Process, draw: Draw) -> tuple[Batch, list[Stage]]:
    batch = begin(process, draw)
    stages = [_stage(process.steps[0].label, batch)]
    for step in process.steps[1:]:
        batch = take(process, step, draw, batch)
        stages.append(_stage(step.label, batch))
    return batch, stages


def _lots(
    process: Process, draw: Draw, batch: Batch, stages: list[Stage], lysis: Lysis | None
) -> Lots:
    outcomes = test(process, batch, draw, lysis)
    yielded = doses(process, batch, draw)
    reasons = _reasons(draw, yielded, outcomes)
    failures = np.array(list(reasons.values())).T
    priced = cost(process, batch, draw)
    transport = draw.lots("shipping_days") if process.autologous else np.zeros(draw.size)
    return Lots(
        process=process,
        seed=draw.seed,
        doses=yielded,
        cells=_given(batch.bags) * batch.bag_cells,
        bags=_given(batch.bags),
        viability=_given(batch.at_harvest),
        viability_after_thaw=_given(batch.thawed),
        recovery_after_thaw=_given(batch.recovery),
        killing_after_thaw=_given(batch.killing),
        purity=batch.purity,
        car_positive=batch.car_positive,
        vcn_total=batch.copies,
        vcn_car_positive=batch.copies_per_car,
        near_oncogene=batch.near_oncogene,
        t_cells_per_kg=t_cells_per_kg(process, batch, draw),
        potency=batch.potency,
        memory_like=batch.memory_like,
        days=batch.day + draw["qc_days"] + transport,
        culture_days=batch.used["clean_room_day"],
        cost=priced.lot,
        cost_items=priced.items,
        currency=priced.currency,
        unsourced=priced.unsourced,
        used_amounts=batch.used,
        released=np.asarray(~failures.any(axis=1)),
        failures=failures,
        reasons=tuple(reasons),
        outcomes=tuple(outcomes),
        stages=tuple(stages),
        course=batch.course,
        numbers=tuple(draw.view.used),
    )


def _reasons(
    draw: Draw, yielded: NDArray[np.int64], outcomes: list[Outcome]
) -> Mapping[str, NDArray[np.bool_]]:
    """Why lots fail: the run is lost, there is no whole dose, or a test fails."""
    lost = draw.happens(draw["run_failure"], "run failure")
    return {"run lost": lost, "no whole dose": yielded < 1} | {
        outcome.spec.test: ~outcome.passed for outcome in outcomes
    }


def _stage(label: str, batch: Batch) -> Stage:
    return Stage(
        label,
        batch.day,
        {
            "cells": batch.target,
            "viability": batch.viability,
            "purity": batch.purity,
            "car_positive": batch.car_positive,
            "vcn_total": batch.copies,
            "vcn_car_positive": batch.copies_per_car,
            "potency": batch.potency,
            "t_cells": batch.t_cells,
        },
    )


def _given(values: Array | None) -> Array:
    """A validated process has harvest, bags and freezing, so that nothing is missing here."""
    if values is None:
        raise SpecError(Problem("steps", "harvest, formulate or freeze is missing"))
    return values
