"""The best levers within limits: least cost per released dose, or most potency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..base import Problem, SolveError, SpecError
from .levers import with_levers
from .lots import Lots
from .make import make
from .process import Process

LOTS = 300
ROUNDS, POPULATION = 14, 7  # of the search
WORST = 1e6


@dataclass(frozen=True)
class Constraints:
    """What a better process must still meet, over lots."""

    released: float = 0.7  # least share of lots
    doses: float = 1.0  # least median doses of a lot
    vcn_car_positive: float = 5.0  # most copies per CAR+ cell, 95th percentile of lots


@dataclass(frozen=True)
class Optimum:
    """The levers found, and lots before and after, drawn with another seed than the search's."""

    levers: Mapping[str, float]
    before: Lots
    after: Lots
    tried: int


def optimize(
    process: Process,
    limits: Mapping[str, tuple[float, float]],
    goal: Literal["cost", "potency"],
    seed: int,
    constraints: Constraints = Constraints(),
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Optimum:
    """Search levers within limits by differential evolution over the same lots each time.

    Raises SpecError for levers the process lacks, SolveError if nothing meets the constraints.
    """
    from scipy.optimize import differential_evolution

    _checked(process, limits)
    names = list(limits)
    count = [0]
    most = (ROUNDS + 1) * POPULATION * len(names)

    def loss(values: np.ndarray) -> float:
        count[0] += 1
        progress(min(count[0], most), most)
        try:
            moved = with_levers(process, dict(zip(names, map(float, values))))
        except SpecError:
            return 10 * WORST
        return _loss(make(moved, LOTS, seed), goal, constraints)

    found = differential_evolution(
        loss,
        [limits[name] for name in names],
        maxiter=ROUNDS,
        popsize=POPULATION,
        seed=seed,
        polish=False,
        tol=1e-3,
    )
    if found.fun >= WORST:
        what = f"none of {count[0]} settings meets the constraints"
        raise SolveError(Problem(process.name, what, "Loosen them or widen the limits."))
    levers = dict(zip(names, map(float, found.x)))
    fresh = seed + 1
    return Optimum(
        levers,
        make(process, 1000, fresh),
        make(with_levers(process, levers), 1000, fresh),
        count[0],
    )


def _checked(process: Process, limits: Mapping[str, tuple[float, float]]) -> None:
    """Let a lever that the process lacks speak up before the search."""
    for name, (low, high) in limits.items():
        if not low < high:
            what = f"the limits of '{name}' run from {low:g} to {high:g}"
            raise SpecError(Problem("lever", what, "Write low:high."))
        with_levers(process, {name: (low + high) / 2})


def _loss(lots: Lots, goal: str, c: Constraints) -> float:
    """What to lower; above WORST by how far the constraints are missed."""
    copies = float(np.percentile(lots.vcn_car_positive, 95))
    missed = (
        max(c.released - lots.released_fraction, 0)
        + max(1 - float(np.median(lots.doses)) / c.doses, 0)
        + max(copies / c.vcn_car_positive - 1, 0)
    )
    if missed > 0 or not lots.doses_released.any():
        return WORST * (1 + missed)
    if goal == "potency":
        return -float(np.median((lots.potency * lots.killing_after_thaw)[lots.released]))
    return lots.cost_per_dose
