"""Many trials of one design at once on patients drawn beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..base.errors import Problem, SpecError
from .outcomes import NONE, Counts, Flags, Floats, Tally
from .patients import Patients
from .protocol import Design
from .rolling import NEVER, roll

OUT_OF_PATIENTS = "no further patients were drawn"


@dataclass(frozen=True)
class Trials:
    """Simulated trials of one design; dose levels from 0, -1 for none.

    selected: recommended dose (trials,). patients, toxic, responses: by dose (trials, doses).
    reason: index into `reasons` (trials,). cohort_dose, cohort_patients, cohort_toxic: what each
    cohort was assigned, treated and had (trials, cohorts). days: from the first arrival possible to
    the last evaluation (trials,), None without a calendar. assigned: patients by assigned dose.
    """

    design: Design
    selected: Counts
    patients: Counts
    toxic: Counts
    responses: Counts
    assigned: Counts
    reason: Counts
    reasons: tuple[str, ...]
    cohort_dose: Counts
    cohort_patients: Counts
    cohort_toxic: Counts
    days: Floats | None

    def __len__(self) -> int:
        return len(self.selected)


def joined(parts: Sequence[Trials]) -> Trials:
    """Return the trials of several runs of one design as one."""
    most = max(part.cohort_dose.shape[1] for part in parts)

    def longer(cohorts: Counts, fill: int) -> Counts:
        return np.pad(cohorts, ((0, 0), (0, most - cohorts.shape[1])), constant_values=fill)

    days = [part.days for part in parts if part.days is not None]
    plain: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("selected", "patients", "toxic", "responses", "assigned", "reason")
    }
    return replace(
        parts[0],
        **plain,
        cohort_dose=np.concatenate([longer(part.cohort_dose, NONE) for part in parts]),
        cohort_patients=np.concatenate([longer(part.cohort_patients, 0) for part in parts]),
        cohort_toxic=np.concatenate([longer(part.cohort_toxic, 0) for part in parts]),
        days=np.concatenate(days) if days else None,
    )


@dataclass
class _Run:
    """The state of all trials while they run."""

    tally: Tally
    assigned: Counts
    used: Counts  # patients drawn on so far
    opens: Floats  # day on which the next patient may start
    dose: Counts
    size: Counts
    reason: Counts
    cohorts: list[tuple[Counts, Counts, Counts]]


def simulate(design: Design, patients: Patients) -> Trials:
    """Run all trials of a design; SpecError if the patients do not fit it.

    Every cohort is followed through the window before the next one is assigned, except by designs
    that decide earlier (TITE-BOIN, TITE-CRM, rolling six, backfill BOIN), which need patients with
    days. A patient who arrives while no cohort is open waits; only backfill turns patients away.
    """
    check_fit(design, patients)
    if getattr(design.rule, "rolls", False):
        return _simulate_rolling(design, patients)
    trials, doses = patients.trials, patients.doses
    nobody = np.zeros(trials, dtype=np.int64)
    run = _Run(
        Tally.empty(trials, doses),
        np.zeros((trials, doses), dtype=np.int64),
        nobody.copy(),
        np.zeros(trials),
        nobody.copy(),
        nobody.copy(),
        np.full(trials, NONE),
        [],
    )
    reasons = (*design.reasons, OUT_OF_PATIENTS)
    active = np.arange(trials)
    while active.size:
        step = design.step(run.tally.rows(active))
        dry = ~step.stops & (run.used[active] + step.size > patients.per_trial)
        run.reason[active] = np.where(dry, len(reasons) - 1, step.reason)
        goes_on = ~step.stops & ~dry
        active = active[goes_on]
        run.dose[active], run.size[active] = step.dose[goes_on], step.size[goes_on]
        if active.size:
            _treat(run, active, patients)
    cohort_dose, cohort_patients, cohort_toxic = _stacked(run.cohorts)
    days = None if patients.arrival_day is None else run.opens
    tally = run.tally
    return Trials(
        design,
        design.selected(tally),
        tally.patients,
        tally.toxic,
        tally.responses,
        run.assigned,
        run.reason,
        reasons,
        cohort_dose,
        cohort_patients,
        cohort_toxic,
        days,
    )


def _simulate_rolling(design: Design, patients: Patients) -> Trials:
    """Run a design that decides while patients are followed."""
    reasons = (*design.reasons, OUT_OF_PATIENTS)
    book, reason = roll(design, patients, len(reasons) - 1)
    everyone = np.arange(patients.trials)
    end = np.where(book.dose >= 0, book.done_on, 0.0).max(axis=1)
    tally = book.tally(everyone, end, patients.doses, patients.window_days)
    cohorts = [
        _cohort(book.dose, book.toxic_on, book.cohort, k) for k in range(book.cohorts.max() + 1)
    ]
    cohort_dose, cohort_patients, cohort_toxic = _stacked(cohorts)
    return Trials(
        design,
        design.selected(tally),
        tally.patients,
        tally.toxic,
        tally.responses,
        book.assigned,
        reason,
        reasons,
        cohort_dose,
        cohort_patients,
        cohort_toxic,
        end,
    )


def _stacked(cohorts: list[tuple[Counts, Counts, Counts]]) -> tuple[Counts, Counts, Counts]:
    """Put cohorts side by side, (trials, cohorts) each."""
    dose, patients, toxic = (np.stack(each, axis=1) for each in zip(*cohorts))
    return dose, patients, toxic


def _cohort(
    dose: Counts, toxic_on: Floats, cohort: Counts, number: int
) -> tuple[Counts, Counts, Counts]:
    """Dose, patients and DLT of one cohort of every trial."""
    members = (cohort == number) & (dose >= 0)
    level = np.where(members, dose, NONE).max(axis=1)
    return level, members.sum(axis=1), (members & (toxic_on < NEVER)).sum(axis=1)


def check_fit(design: Design, patients: Patients) -> None:
    """Refuse patients drawn for another number of doses."""
    if patients.doses != design.doses:
        what = f"outcomes at {patients.doses} doses, but the design has {design.doses}"
        raise SpecError(Problem("patients", what, "Give one outcome per dose of the design."))


def _treat(run: _Run, active: Counts, patients: Patients) -> None:
    """Treat the next cohort of the active trials and follow it through the window."""
    tally, size, dose = run.tally, run.size[active], run.dose[active]
    run.assigned[active, dose] += size
    treated, toxic_seen = np.zeros_like(size), np.zeros_like(size)
    last = first = run.opens[active]
    for seat in range(int(size.max())):
        here = seat < size
        patient = np.minimum(run.used[active] + seat, patients.per_trial - 1)
        given = dose if patients.received is None else patients.received[active, patient, dose]
        present = here & (given >= 0)
        level = np.maximum(given, 0)
        toxic = present & patients.toxic[active, patient, dose]
        response = present & _responds(patients, active, patient, dose)
        for counts, flags in (
            (tally.patients, present),
            (tally.toxic, toxic),
            (tally.responses, response),
            (tally.both, toxic & response),
        ):
            counts[active, level] += flags
        treated += present
        toxic_seen += toxic
        if patients.arrival_day is not None:
            waited = first + patients.sentinel_days if seat else first
            start = np.maximum(np.maximum(patients.arrival_day[active, patient], last), waited)
            first = np.where(here, start, first) if seat == 0 else first
            last = np.where(here, start, last)
    run.used[active] += size
    run.opens[active] = last + patients.window_days
    tally.current[active] = dose
    tally.last_patients[active], tally.last_toxic[active] = treated, toxic_seen
    trials = len(run.dose)
    rows = [np.full(trials, NONE), np.zeros(trials, int), np.zeros(trials, int)]
    for row, seen in zip(rows, (dose, treated, toxic_seen)):
        row[active] = seen
    run.cohorts.append((rows[0], rows[1], rows[2]))


def _responds(patients: Patients, trial: Counts, patient: Counts, dose: Counts) -> Flags:
    if patients.response is None:
        return np.zeros(len(trial), dtype=bool)
    return np.asarray(patients.response[trial, patient, dose])
