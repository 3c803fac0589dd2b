"""A design: small frozen parts, and the one decision that they make together.

Each part looks at the counts of many trials at once (`Tally`, dose levels from 0) and answers with
one number or flag per trial, so that replaying one trial and simulating ten thousand are the same
code. Where no dose is meant, the answer is -1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..base.errors import Problem, SpecError
from .outcomes import NONE, Cohort, Counts, Flags, Tally, write_cohorts
from .parts import ONE_UP, THREES, CohortSize, Increments
from .stopping import THIRTY, Stopping

NO_DOSE_LEFT = "no admissible dose left"


class Admissibility(Protocol):
    """Says which doses may be given."""

    def allowed(self, tally: Tally) -> Flags:
        """Return flags of shape (trials, doses)."""

    def describe(self) -> str:
        """Say it as a sentence of a protocol."""


class Rule(Protocol):
    """The heart of a design: which dose it wants next."""

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """Return the wanted dose per trial; -1 ends the trial."""

    def explain(self, tally: Tally, allowed: Flags) -> str:
        """Say for the first trial of the tally why it wants that dose."""

    def describe(self) -> str:
        """Say it as sentences of a protocol."""

    def table(self, patients: int) -> list[dict[str, Any]]:
        """Return the decision table up to so many patients; empty if the rule has none."""


class Selection(Protocol):
    """The dose recommended at the end."""

    def selected(self, tally: Tally, allowed: Flags) -> Counts:
        """Return the recommended dose per trial, -1 for none."""

    def describe(self) -> str:
        """Say it as a sentence of a protocol."""


@dataclass(frozen=True)
class Step:
    """What many trials do next: dose (-1 when stopped), size of the next cohort, and why stopped.

    reason: index into `Design.reasons`, -1 where the trial goes on. waits: accrual is suspended
    until more follow-up (time-to-event designs).
    """

    dose: Counts
    size: Counts
    reason: Counts
    waits: Flags

    @property
    def stops(self) -> Flags:
        """Trials that end."""
        return np.asarray(self.reason >= 0)


@dataclass(frozen=True)
class Decision:
    """What one trial does next, dose levels from 1.

    next_dose: None when the trial stops or waits. recommended: the next dose, or the dose selected
    when it stops (None for no dose).
    """

    next_dose: int | None
    size: int
    stops: bool
    waits: bool
    recommended: int | None
    why: str
    allowed: tuple[bool, ...]


@dataclass(frozen=True)
class Design:
    """A trial design put together from parts; `doses` levels, counted from 1 in `start`."""

    name: str
    doses: int
    rule: Rule
    admissibility: Admissibility
    selection: Selection
    stopping: Stopping = THIRTY
    increments: Increments = ONE_UP
    cohort_size: CohortSize = THREES
    start: int = 1

    @property
    def max_patients(self) -> int:
        """Most patients that the design can treat."""
        return self.stopping.most_patients()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason for which a trial can stop."""
        ended = getattr(self.rule, "ends", "none of the doses to choose from is admissible")
        return (NO_DOSE_LEFT, ended, *(part.describe() for part in self.stopping.parts()))

    def step(self, tally: Tally) -> Step:
        """Decide for many trials at once."""
        allowed = self.admissibility.allowed(tally)
        wanted = self.rule.wanted(tally, allowed)
        begins = tally.current < 0
        wanted = np.where(begins, self.start - 1, wanted)
        dose = np.where(wanted < 0, NONE, self.increments.limited(tally, np.maximum(wanted, 0)))
        reason = np.full(len(tally), NONE)
        for index, part in reversed(list(enumerate(self.stopping.parts(), 2))):
            reason = np.where(part.met(tally, dose), index, reason)
        reason = np.where(wanted < 0, 1, reason)
        reason = np.where(allowed.any(axis=1) | begins, reason, 0)
        waiting = getattr(self.rule, "waits", None)
        rolls = getattr(self.rule, "rolls", False)
        waits = waiting(tally) if waiting else tally.pending.any(axis=1) & (not rolls)
        waits = waits & ~begins & (reason < 0)
        dose = np.where((reason >= 0) | waits, NONE, dose)
        room = self.max_patients - tally.treated
        size = np.where(dose < 0, 0, np.minimum(self.cohort_size.next_size(tally, dose), room))
        return Step(dose, size, reason, waits)

    def selected(self, tally: Tally) -> Counts:
        """Return the dose recommended if the trials ended now, from 0; -1 for none."""
        return self.selection.selected(tally, self.admissibility.allowed(tally))

    def decide(self, cohorts: Sequence[Cohort]) -> Decision:
        """Decide for one trial; SpecError if it holds more patients or doses than the design."""
        self._check(cohorts)
        tally = Tally.of(cohorts, self.doses)
        allowed = self.admissibility.allowed(tally)
        step = self.step(tally)
        next_dose = int(step.dose[0]) + 1 if step.dose[0] >= 0 else None
        selected = int(self.selected(tally)[0]) + 1 if step.stops[0] and cohorts else 0
        recommended = selected or None if step.stops[0] else next_dose
        return Decision(
            next_dose,
            int(step.size[0]),
            bool(step.stops[0]),
            bool(step.waits[0]),
            recommended,
            self._why(tally, step, next_dose, recommended),
            tuple(map(bool, allowed[0])),
        )

    def _why(self, tally: Tally, step: Step, dose: int | None, recommended: int | None) -> str:
        if tally.current[0] < 0:
            return f"Nobody is treated yet: start at dose {self.start}."
        reasons = [self.rule.explain(tally, self.admissibility.allowed(tally))]
        if step.stops[0]:
            chosen = f"dose {recommended}" if recommended else "no dose"
            reasons.append(f"Stop: {self.reasons[step.reason[0]]}. Recommended: {chosen}.")
        elif step.waits[0]:
            reasons.append("Wait: patients are still in the DLT window.")
        else:
            wanted = self.rule.wanted(tally, self.admissibility.allowed(tally))[0] + 1
            if dose != wanted:
                limit = self.increments.describe()
                reasons.append(f"Dose {wanted} is wanted, but {limit}; next is {dose}.")
        return " ".join(reasons)

    def describe(self) -> str:
        """Return the design as prose for a protocol."""
        chosen_alike = id(self.selection) == id(self.rule)
        lines = (
            f"{self.name}, {self.doses} dose levels, starting at dose {self.start}.",
            self.rule.describe(),
            self.admissibility.describe(),
            f"Cohorts: {self.cohort_size.describe()}. Increments: {self.increments.describe()}.",
            f"The trial stops when {self.stopping.describe()}, or when no dose is admissible.",
            "" if chosen_alike else self.selection.describe(),
        )
        return "\n".join(line for line in lines if line)

    def table(self) -> list[dict[str, Any]]:
        """Return the decision table as rows, one per number of patients at the current dose."""
        return self.rule.table(self.max_patients)

    def _check(self, cohorts: Sequence[Cohort]) -> None:
        problems = [
            Problem(
                f"outcomes, cohort {number}",
                f"there is no dose {cohort.dose}; the doses are 1 to {self.doses}",
                "Name one of them.",
            )
            for number, cohort in enumerate(cohorts, 1)
            if not 1 <= cohort.dose <= self.doses
        ]
        treated = sum(len(cohort.patients) for cohort in cohorts if not cohort.is_backfill)
        if treated > self.max_patients:
            what = f"{treated} patients, but the design allows {self.max_patients}"
            do = "Allow more cohorts or remove patients."
            problems.append(Problem(f"outcomes '{write_cohorts(cohorts)}'", what, do))
        if problems:
            raise SpecError(problems, "outcomes")
