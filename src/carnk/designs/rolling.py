"""Trials on a calendar: decisions while earlier patients are still in the DLT window."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..base.errors import Problem, SpecError
from .outcomes import NONE, Counts, Flags, Floats, Followed, Tally
from .patients import Patients
from .protocol import Design

NEVER = np.inf


@dataclass
class Calendar:
    """Every patient of every trial, shape (trials, patients), and where each trial stands.

    dose: level given, -1 if not treated. start, toxic_on, done_on: days. cohort: number of the
    patient's cohort, -1 for backfill. used: patients drawn on. seats: patients still to enter the
    present cohort. clock: the trial's day.
    """

    dose: Counts
    start: Floats
    toxic_on: Floats
    done_on: Floats
    response: Flags
    cohort: Counts
    used: Counts
    seats: Counts
    clock: Floats
    assigned_dose: Counts
    cohorts: Counts
    assigned: Counts = field(repr=False)

    @classmethod
    def empty(cls, patients: Patients) -> Calendar:
        """Nobody treated yet."""
        shape, trials = (patients.trials, patients.per_trial), patients.trials
        return cls(
            np.full(shape, NONE),
            np.zeros(shape),
            np.full(shape, NEVER),
            np.zeros(shape),
            np.zeros(shape, dtype=bool),
            np.full(shape, NONE),
            np.zeros(trials, dtype=np.int64),
            np.zeros(trials, dtype=np.int64),
            np.zeros(trials),
            np.full(trials, NONE),
            np.full(trials, NONE),
            np.zeros((trials, patients.doses), dtype=np.int64),
        )

    def tally(self, trial: Counts, now: Floats, doses: int, window: float) -> Tally:
        """Count what is known of some trials, each on its own day."""
        most = max(1, int(self.used[trial].max(initial=0)))
        dose, cohort = self.dose[trial, :most], self.cohort[trial, :most]
        day = now[:, None]
        treated = dose >= 0
        toxic = treated & (self.toxic_on[trial, :most] <= day)
        done = self.done_on[trial, :most] <= day
        pending = treated & ~toxic & ~done
        response = treated & done & self.response[trial, :most]
        with np.errstate(invalid="ignore"):
            weight = np.where(pending, (day - self.start[trial, :most]) / window, 1.0)
        levels = dose[:, :, None] == np.arange(doses)
        patients, toxicities, responses, both, waiting = (
            np.asarray((levels & flags[:, :, None]).sum(axis=1))
            for flags in (treated, toxic, response, toxic & response, pending)
        )
        latest = treated & (cohort == self.cohorts[trial][:, None]) & (cohort >= 0)
        return Tally(
            patients,
            toxicities,
            responses,
            both,
            waiting,
            self.assigned_dose[trial],
            latest.sum(axis=1),
            (latest & toxic).sum(axis=1),
            (treated & (cohort < 0)).sum(axis=1),
            Followed(dose, toxic, weight),
        )

    def next_event(self, trial: Counts, now: Floats) -> Floats:
        """Return the day of the next DLT or end of a window after now."""
        treated = self.dose[trial] >= 0
        days = np.where(treated, np.minimum(self.toxic_on[trial], self.done_on[trial]), NEVER)
        return np.asarray(np.where(days > now[:, None], days, NEVER).min(axis=1))

    def cohort_done(self, trial: Counts) -> Floats:
        """Return the day on which the latest cohort is evaluated."""
        latest = (self.cohort[trial] == self.cohorts[trial][:, None]) & (self.dose[trial] >= 0)
        days = np.minimum(self.toxic_on[trial], self.done_on[trial])
        return np.asarray(np.where(latest, days, 0.0).max(axis=1))


def roll(design: Design, patients: Patients, dry: int) -> tuple[Calendar, Counts]:
    """Run all trials; return their calendar and why each stopped (`dry`: no patients are left)."""
    if patients.toxic_day is None or patients.arrival_day is None:
        what = f"{design.name} decides while patients are followed, but they have no days"
        raise SpecError(Problem("patients", what, "Draw them with a Calendar."))
    rule: Any = design.rule
    book = Calendar.empty(patients)
    reason = np.full(patients.trials, NONE)
    active = np.arange(patients.trials)
    while active.size:
        out = book.used[active] >= patients.per_trial
        reason[active[out]] = _last_reason(book, design, patients, active[out], dry)
        active = active[~out]
        now = np.maximum(book.clock[active], patients.arrival_day[active, book.used[active]])
        idle = book.seats[active] == 0
        if getattr(rule, "backfills", False):
            early = idle & (now < book.cohort_done(active))
            _backfill(book, design, patients, active[early], now[early])
            idle &= ~early
        else:
            early = np.zeros(len(active), dtype=bool)
        _decide(book, design, patients, active[idle], now[idle], reason)
        enters = (book.seats[active] > 0) & ~early
        _treat(book, patients, active[enters], now[enters])
        active = active[reason[active] < 0]
    return book, reason


def _last_reason(
    book: Calendar, design: Design, patients: Patients, trial: Counts, dry: int
) -> Counts:
    """Why a trial without further patients stops: by its design once all are followed, or dry."""
    if not trial.size:
        return trial
    end = np.where(book.dose[trial] >= 0, book.done_on[trial], 0.0).max(axis=1)
    step = design.step(book.tally(trial, end, patients.doses, patients.window_days))
    return np.where(step.stops, step.reason, dry)


def _decide(
    book: Calendar,
    design: Design,
    patients: Patients,
    trial: Counts,
    now: Floats,
    reason: Counts,
) -> None:
    """Open the next cohort, wait for more follow-up, or stop."""
    if not trial.size:
        return
    step = design.step(book.tally(trial, now, patients.doses, patients.window_days))
    reason[trial] = step.reason
    waits = trial[step.waits]
    book.clock[waits] = book.next_event(waits, now[step.waits])
    goes = ~step.waits & ~step.stops
    book.assigned_dose[trial[goes]] = step.dose[goes]
    book.seats[trial[goes]] = step.size[goes]
    book.cohorts[trial[goes]] += 1


def _treat(book: Calendar, patients: Patients, trial: Counts, now: Floats) -> None:
    """Treat the next patient of the present cohort."""
    cohort = book.cohorts[trial]
    members = book.cohort[trial] == cohort[:, None]
    second = members.sum(axis=1) == 1
    first = np.where(members, book.start[trial], 0.0).max(axis=1)
    start = np.where(second, np.maximum(now, first + patients.sentinel_days), now)
    _enter(book, patients, trial, start, book.assigned_dose[trial], cohort)
    book.seats[trial] -= 1


def _backfill(
    book: Calendar, design: Design, patients: Patients, trial: Counts, now: Floats
) -> None:
    """Treat an early patient at the highest open lower dose; turn the patient away if none is."""
    if not trial.size:
        return
    rule: Any = design.rule
    tally = book.tally(trial, now, patients.doses, patients.window_days)
    dose = rule.open_for_backfill(tally)
    takes = dose >= 0
    nobody = np.full(int(takes.sum()), NONE)
    _enter(book, patients, trial[takes], now[takes], dose[takes], nobody)
    book.used[trial[~takes]] += 1


def _enter(
    book: Calendar,
    patients: Patients,
    trial: Counts,
    start: Floats,
    dose: Counts,
    cohort: Counts,
) -> None:
    """Write one patient of each trial into the calendar."""
    assert patients.toxic_day is not None
    who = book.used[trial]
    given = dose if patients.received is None else patients.received[trial, who, dose]
    book.dose[trial, who], book.start[trial, who] = given, start
    toxic = patients.toxic[trial, who, dose] & (given >= 0)
    book.toxic_on[trial, who] = np.where(toxic, start + patients.toxic_day[trial, who, dose], NEVER)
    book.done_on[trial, who] = start + patients.window_days
    if patients.response is not None:
        book.response[trial, who] = patients.response[trial, who, dose]
    book.cohort[trial, who] = cohort
    book.assigned[trial, dose] += 1
    book.used[trial] += 1
    book.clock[trial] = start
