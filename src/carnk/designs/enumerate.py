"""Exact operating characteristics and dose-transition pathways, by going through all outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from ..base.errors import Problem, SpecError
from .outcomes import Cohort, Counts, Flags, Floats, Patient, Tally, write_cohorts
from .protocol import Decision, Design

MOST_STATES = 500_000


@dataclass(frozen=True)
class Exact:
    """Exact operating characteristics.

    none: P(no dose selected). selected, patients, toxic: by dose, P(selected) and expected numbers.
    reasons: P(stopping for each reason of the design).
    """

    none: float
    selected: Floats
    patients: Floats
    toxic: Floats
    reasons: Floats


def enumerate_trials(design: Design, toxicity: Sequence[float]) -> Exact:
    """Go through every possible course of a design that counts DLT; SpecError if they are too many.

    toxicity: true P(DLT) by dose. Courses with the same counts are joined after every cohort.
    """
    tally, chance = Tally.empty(1, design.doses), np.ones(1)
    selected, reasons = np.zeros(design.doses + 1), np.zeros(len(design.reasons))
    patients, toxic = np.zeros(design.doses), np.zeros(design.doses)
    while len(tally):
        step = design.step(tally)
        ends = step.stops
        ended, weight = tally.rows(ends), chance[ends]
        if len(ended):
            np.add.at(selected, design.selected(ended), weight)  # -1 is the last place: none
            np.add.at(reasons, step.reason[ends], weight)
            patients += weight @ ended.patients
            toxic += weight @ ended.toxic
        tally, chance = _branches(
            tally.rows(~ends), chance[~ends], step.dose[~ends], step.size[~ends], toxicity
        )
    return Exact(float(selected[-1]), selected[:-1], patients, toxic, reasons)


def _branches(
    tally: Tally, chance: Floats, dose: Counts, size: Counts, toxicity: Sequence[float]
) -> tuple[Tally, Floats]:
    """Treat one cohort with every number of DLT it can have; join equal counts."""
    rates = np.asarray(toxicity)[dose]
    states: list[Counts] = []
    chances: list[Floats] = []
    for events in range(int(size.max(initial=0)) + 1):
        can: Flags = events <= size
        n, p, at = size[can], rates[can], dose[can]
        ways = np.array([comb(int(each), events) for each in n], dtype=float)
        rows, index = tally.rows(can), np.arange(int(can.sum()))
        rows.patients[index, at] += n
        rows.toxic[index, at] += events
        last = np.column_stack((at, n, np.full_like(n, events)))
        states.append(np.hstack((rows.patients, rows.toxic, last)))
        chances.append(chance[can] * ways * p**events * (1 - p) ** (n - events))
    joined, where = np.unique(np.vstack(states), axis=0, return_inverse=True)
    if len(joined) > MOST_STATES:
        what = f"more than {MOST_STATES:,} courses"
        raise SpecError(Problem("design", what, "Simulate it, or allow fewer cohorts or doses."))
    total = np.zeros(len(joined))
    np.add.at(total, where.ravel(), np.concatenate(chances))
    doses, zeros = tally.doses, np.zeros((len(joined), tally.doses), dtype=np.int64)
    return Tally(
        joined[:, :doses],
        joined[:, doses : 2 * doses],
        zeros,
        zeros.copy(),
        zeros.copy(),
        joined[:, -3],
        joined[:, -2],
        joined[:, -1],
        np.zeros(len(joined), dtype=np.int64),
    ), total


@dataclass(frozen=True)
class Path:
    """One way on: the outcomes so far and what the design does then."""

    outcomes: str
    decision: Decision


def paths(design: Design, cohorts: Sequence[Cohort], ahead: int) -> Iterator[Path]:
    """Yield every dose-transition pathway of the next cohorts, first the present decision.

    Patients of a cohort are interchangeable, so a cohort of three has four outcomes, not eight.
    """
    decision = design.decide(cohorts)
    yield Path(write_cohorts(cohorts), decision)
    if ahead == 0 or decision.next_dose is None:
        return
    for toxic in range(decision.size + 1):
        patients = (Patient(),) * (decision.size - toxic) + (Patient(toxic=True),) * toxic
        yield from paths(design, (*cohorts, Cohort(decision.next_dose, patients)), ahead - 1)
