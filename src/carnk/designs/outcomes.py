"""What has been seen so far: cohorts as a protocol writes them, and counts of many trials at once.

A trial is written `1NNN 2NNT`: dose level, then one letter per patient. N neither DLT nor response,
T toxicity (DLT), E efficacy (response), B both, P0.4 a patient without DLT yet after 40 % of the
DLT window. A cohort written `+1NE` is backfill: it does not move the trial's current dose.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..base.errors import Problem, SpecError

Counts: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

NONE = -1  # no dose: nobody treated yet, or no dose is left
COHORT = re.compile(r"(\+?)(\d+)((?:[NTEB]|P\d*\.?\d+)+)")
PATIENT = re.compile(r"[NTEB]|P\d*\.?\d+")


@dataclass(frozen=True)
class Patient:
    """One patient's outcome so far: DLT, response, share of the DLT window seen (0 to 1)."""

    toxic: bool = False
    response: bool = False
    followed: float = 1.0

    @property
    def is_pending(self) -> bool:
        """Without DLT and not yet through the window."""
        return not self.toxic and self.followed < 1


@dataclass(frozen=True)
class Cohort:
    """Patients treated together at one dose level, counted from 1; as backfill if so marked."""

    dose: int
    patients: tuple[Patient, ...]
    is_backfill: bool = False


def read_cohorts(text: str, doses: int) -> tuple[Cohort, ...]:
    """Read `1NNN 2NNT`; SpecError with every cohort that cannot be read or names no dose."""
    problems, cohorts = [], []
    for number, word in enumerate(text.split(), 1):
        where, match = f"outcomes, cohort {number}", COHORT.fullmatch(word.upper())
        if match is None:
            do = "Write level and a letter per patient: 1NNT (N none, T DLT, E response, B both)."
            problems.append(Problem(where, f"'{word}' is not a cohort", do))
            continue
        dose = int(match.group(2))
        if not 1 <= dose <= doses:
            what = f"there is no dose {dose}; the doses are 1 to {doses}"
            problems.append(Problem(where, what, "Name one of them."))
        marks = PATIENT.findall(match.group(3))
        if any(mark[0] == "P" and float(mark[1:]) > 1 for mark in marks):
            what = f"'{word}' follows a patient for more than the whole window"
            problems.append(Problem(where, what, "Write a share from 0 to 1 after P."))
        cohorts.append(Cohort(dose, tuple(map(_patient, marks)), bool(match.group(1))))
    if problems:
        raise SpecError(problems, "outcomes")
    return tuple(cohorts)


def write_cohorts(cohorts: Sequence[Cohort]) -> str:
    """Write cohorts as `read_cohorts` reads them."""
    return " ".join(
        f"{'+' * c.is_backfill}{c.dose}{''.join(map(_mark, c.patients))}" for c in cohorts
    )


def _patient(mark: str) -> Patient:
    if mark[0] == "P":
        return Patient(followed=float(mark[1:]))
    return Patient(toxic=mark in "TB", response=mark in "EB")


def _mark(patient: Patient) -> str:
    if patient.is_pending:
        return f"P{patient.followed:g}"
    return "NETB"[2 * patient.toxic + patient.response]


@dataclass(frozen=True)
class Followed:
    """Patient by patient, for designs that use partial follow-up; shape (trials, patients).

    dose: level from 0, -1 where there is no patient. toxic: DLT seen by now. weight: share of the
    DLT window seen, 1 once it is over or a DLT has happened.
    """

    dose: Counts
    toxic: Flags
    weight: Floats


@dataclass(frozen=True)
class Tally:
    """Counts of many trials at one moment; dose levels count from 0 here.

    patients, toxic, responses, both: shape (trials, doses); patients treated, with a DLT seen, with
    a response, with both. pending: without DLT and not yet through the window. current: the
    trial's dose, -1 before the first patient. last_patients, last_toxic: the latest cohort's.
    backfilled: patients (trials,) treated as backfill. followed: patient by patient, only where a
    time-to-event design asks for it.
    """

    patients: Counts
    toxic: Counts
    responses: Counts
    both: Counts
    pending: Counts
    current: Counts
    last_patients: Counts
    last_toxic: Counts
    backfilled: Counts
    followed: Followed | None = None

    @classmethod
    def empty(cls, trials: int, doses: int) -> Tally:
        """Nobody treated yet."""
        a, b, c, d, e = (np.zeros((trials, doses), dtype=np.int64) for _ in range(5))
        last, toxic, extra = (np.zeros(trials, dtype=np.int64) for _ in range(3))
        return cls(a, b, c, d, e, np.full(trials, NONE), last, toxic, extra)

    @classmethod
    def of(cls, cohorts: Sequence[Cohort], doses: int) -> Tally:
        """Count one trial's cohorts; its latest cohort's dose is the current one."""
        tally = cls.empty(1, doses)
        counts = [np.zeros((1, doses), dtype=np.int64) for _ in range(5)]
        everyone = [(cohort.dose - 1, patient) for cohort in cohorts for patient in cohort.patients]
        for dose, patient in everyone:
            flags = (True, patient.toxic, patient.response, patient.toxic and patient.response)
            for count, flag in zip(counts, (*flags, patient.is_pending)):
                count[0, dose] += flag
        followed = Followed(
            np.array([[dose for dose, _ in everyone]], dtype=np.int64),
            np.array([[patient.toxic for _, patient in everyone]], dtype=bool),
            np.array([[1.0 if p.toxic else p.followed for _, p in everyone]]),
        )
        escalating = [cohort for cohort in cohorts if not cohort.is_backfill]
        latest = escalating[-1] if escalating else Cohort(NONE + 1, ())
        extra = sum(len(cohort.patients) for cohort in cohorts if cohort.is_backfill)
        return replace(
            tally,
            patients=counts[0],
            toxic=counts[1],
            responses=counts[2],
            both=counts[3],
            pending=counts[4],
            current=np.array([latest.dose - 1]),
            last_patients=np.array([len(latest.patients)]),
            last_toxic=np.array([sum(p.toxic for p in latest.patients)]),
            backfilled=np.array([extra]),
            followed=followed,
        )

    def __len__(self) -> int:
        return len(self.current)

    @property
    def doses(self) -> int:
        """Number of dose levels."""
        return int(self.patients.shape[1])

    @property
    def treated(self) -> Counts:
        """Patients treated in cohorts that the design assigned, backfill left out; (trials,)."""
        return np.asarray(self.patients.sum(axis=1) - self.backfilled)

    def rows(self, chosen: Flags | Counts) -> Tally:
        """Return the chosen trials only."""
        followed = self.followed
        if followed is not None:
            followed = Followed(
                followed.dose[chosen], followed.toxic[chosen], followed.weight[chosen]
            )
        return Tally(
            self.patients[chosen],
            self.toxic[chosen],
            self.responses[chosen],
            self.both[chosen],
            self.pending[chosen],
            self.current[chosen],
            self.last_patients[chosen],
            self.last_toxic[chosen],
            self.backfilled[chosen],
            followed,
        )

    def at(self, counts: Counts, dose: Counts) -> Counts:
        """Read counts at one dose per trial (0 where the dose is -1), shape (trials,)."""
        read = np.take_along_axis(counts, np.maximum(dose, 0)[:, None], axis=1)[:, 0]
        return np.where(dose < 0, 0, read)
