"""The models and populations that the solvers are measured on."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks import cytokines, fifty_two_states, twenty_states
from carnk.kinetics import MODEL, time_grid
from carnk.kinetics.courses import tolerances
from carnk.library import load
from carnk.solver import Doses, Model, solve
from carnk.study import read
from carnk.study.patients import draw, start_day

Array = np.ndarray[Any, np.dtype[np.float64]]
RTOL, ATOL = 1e-6, 1e-12
EXACT = 1e-11, 1e-14  # rtol and atol of the reference


@dataclass(frozen=True)
class Case:
    """A model and its patients, for whom a dose goes into the same state at the same place.

    settings: of ours by name, an atol or one per state.
    """

    title: str
    model: Model
    parameters: Array
    initial: Array
    doses: Doses
    times: Array
    settings: dict[str, Any]

    def solve(self, rows: slice, atol: Any = ATOL, rtol: float = RTOL, threads: int = 1) -> Any:
        """Our solution of some of the patients."""
        d = Doses(self.doses.times[rows], self.doses.states, self.doses.amounts[rows])
        return solve(
            self.model, self.parameters[rows], self.initial[rows], self.times,
            doses=d, start=float(self.times[0]), rtol=rtol, atol=atol, threads=threads,
        )  # fmt: skip


def car_nk(patients: int) -> Case:
    """The in-vivo model with the patients of the built-in study liu2020, for a year."""
    study = read("liu2020")
    cohort = draw(study, load().view(), np.arange(patients), uncertain=False)
    infusions = {day for arm in study.arms for day in arm.regimen.infusion.days}
    times = time_grid(start_day(study), study.days, tuple(sorted(infusions)))
    doses = cohort.doses
    assert (doses.states == doses.states[0]).all()
    return Case(
        "CAR-NK model, study liu2020", MODEL, cohort.parameters, cohort.initial,
        Doses(doses.times, doses.states[0], doses.amounts), times,
        {"carnk": ATOL, "carnk, atol per state as in a run": tolerances()},
    )  # fmt: skip


def made_up(title: str, module: ModuleType, patients: int) -> Case:
    """One of the models with made-up numbers."""
    return Case(title, module.MODEL, *_population(module, patients), {"carnk": ATOL})


def _population(module: ModuleType, patients: int) -> tuple[Any, ...]:
    parameters, initial, doses = module.population(patients)
    return parameters, initial, doses, module.TIMES


def all_cases(patients: int) -> list[Case]:
    """Ours and three others: of 20 states, of 52 states, and a stiff one of 10."""
    return [
        car_nk(patients),
        made_up("Cell therapy of 20 states", twenty_states, patients),
        made_up("Immune cells in four tissues", fifty_two_states, patients),
        made_up("Stiff cytokine loop", cytokines, patients),
    ]
