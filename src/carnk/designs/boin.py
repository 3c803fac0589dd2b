"""BOIN: the Bayesian optimal interval design (Liu and Yuan 2015) and its boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log
from typing import Any

import numpy as np

from .admissibility import Overdose
from .exact import fewest_above
from .outcomes import NONE, Counts, Flags, Tally
from .parts import THREES, CohortSize
from .protocol import Design
from .selection import IsotonicMtd
from .stopping import THIRTY, EnoughAtDose, Stopping


@dataclass(frozen=True)
class Interval:
    """Escalate at or below one observed DLT rate, de-escalate at or above another.

    target: DLT rate aimed at. under, over: the highest rate that is subtherapeutic and the lowest
    that is too toxic, as shares of the target (0.6 and 1.4 in the paper).
    """

    target: float
    under: float = 0.6
    over: float = 1.4

    @property
    def escalate_at(self) -> float:
        """Boundary lambda_e of the observed DLT rate."""
        p, q = self.target, self.under * self.target
        return log((1 - q) / (1 - p)) / log(p * (1 - q) / (q * (1 - p)))

    @property
    def deescalate_at(self) -> float:
        """Boundary lambda_d of the observed DLT rate."""
        p, q = self.target, self.over * self.target
        return log((1 - p) / (1 - q)) / log(q * (1 - p) / (p * (1 - q)))

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """One level up, the same or one down, never to a dose that is not allowed."""
        patients = tally.at(tally.patients, tally.current)
        toxic = tally.at(tally.toxic, tally.current)
        up = toxic <= self.escalate_at * patients
        down = toxic >= self.deescalate_at * patients
        step = tally.current + up.astype(int) - down.astype(int)
        return highest_allowed(np.clip(step, 0, tally.doses - 1), allowed)

    def explain(self, tally: Tally, allowed: Flags) -> str:
        """Compare the observed rate with both boundaries."""
        dose = int(tally.current[0])
        patients, toxic = int(tally.patients[0, dose]), int(tally.toxic[0, dose])
        rate = toxic / patients
        seen = f"{toxic} of {patients} with DLT at dose {dose + 1} ({rate:.3f})"
        if not allowed[0, dose]:
            return f"{seen}: the dose is eliminated."
        if rate <= self.escalate_at:
            return f"{seen}: at or below {self.escalate_at:.3f}, escalate."
        if rate >= self.deescalate_at:
            return f"{seen}: at or above {self.deescalate_at:.3f}, de-escalate."
        return f"{seen}: between {self.escalate_at:.3f} and {self.deescalate_at:.3f}, stay."

    def describe(self) -> str:
        """Both boundaries and where they come from."""
        return (
            f"Target DLT rate {self.target:g}. Escalate if the observed DLT rate at the current"
            f" dose is at or below {self.escalate_at:.4f}, de-escalate if it is at or above"
            f" {self.deescalate_at:.4f}, otherwise stay (BOIN, with"
            f" {self.under * self.target:g} and {self.over * self.target:g} as the rates that are"
            " too low and too high)."
        )

    def table(self, patients: int) -> list[dict[str, Any]]:
        """Boundaries without elimination, by number of patients."""
        return [
            {
                "n": n,
                "escalate_if_le": floor(self.escalate_at * n),
                "deescalate_if_ge": ceil(self.deescalate_at * n),
            }
            for n in range(1, patients + 1)
        ]


def highest_allowed(wanted: Counts, allowed: Flags) -> Counts:
    """Return the highest allowed dose at or below the wanted one; -1 if there is none."""
    levels = np.arange(allowed.shape[1])
    possible = allowed & (levels <= wanted[:, None])
    return np.asarray(np.where(possible, levels, NONE).max(axis=1))


def eliminate_from(target: float, patients: int, certainty: float, least: int = 3) -> int | None:
    """Return the fewest DLT in so many patients that eliminate a dose; None if none do."""
    fewest = int(fewest_above(target, certainty, patients)[patients])
    return fewest if least <= patients and fewest <= patients else None


def boundaries(
    target: float,
    patients: int,
    certainty: float = 0.95,
    lowest_certainty: float | None = None,
    interval: Interval | None = None,
) -> list[dict[str, Any]]:
    """Return BOIN's decision table: n, escalate_if_le, deescalate_if_ge, eliminate_if_ge.

    With `lowest_certainty` a further column says from how many DLT on dose 1 stops the trial.
    """
    rows = (interval or Interval(target)).table(patients)
    for row in rows:
        gone = row["eliminate_if_ge"] = eliminate_from(target, row["n"], certainty)
        # Whoever eliminates a dose leaves it; only targets above one half and many patients differ.
        row["deescalate_if_ge"] = min(row["deescalate_if_ge"], gone or row["n"] + 1)
        if lowest_certainty is not None:
            row["stop_dose_1_if_ge"] = eliminate_from(target, row["n"], lowest_certainty)
    return rows


@dataclass(frozen=True)
class Boin(Interval):
    """BOIN's rule with the elimination column in its table."""

    certainty: float = 0.95
    lowest_certainty: float | None = None

    def table(self, patients: int) -> list[dict[str, Any]]:
        """Boundaries by number of patients."""
        interval = Interval(self.target, self.under, self.over)
        return boundaries(self.target, patients, self.certainty, self.lowest_certainty, interval)


def boin(
    target: float,
    doses: int,
    stopping: Stopping = THIRTY,
    cohort_size: CohortSize = THREES,
    *,
    enough_at_dose: int | None = None,
    extra_safe: bool = False,
    certainty: float = 0.95,
) -> Design:
    """Return the BOIN design: interval rule, elimination, isotonic choice of the MTD.

    enough_at_dose: stop when the trial would stay at a dose with so many patients.
    extra_safe: stop when P(dose 1 above target) exceeds the certainty less 0.05.
    """
    lowest = certainty - 0.05 if extra_safe else None
    if enough_at_dose is not None:
        stopping = stopping | EnoughAtDose(enough_at_dose)
    return Design(
        "BOIN",
        doses,
        Boin(target, certainty=certainty, lowest_certainty=lowest),
        Overdose(target, certainty, lowest_certainty=lowest),
        IsotonicMtd(target),
        stopping,
        cohort_size=cohort_size,
    )
