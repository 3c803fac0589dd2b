"""TITE-BOIN: BOIN without waiting for every patient's DLT window (Yuan 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .admissibility import Overdose
from .boin import Interval, eliminate_from, highest_allowed
from .outcomes import Counts, Flags, Floats, Tally
from .parts import THREES, CohortSize
from .protocol import Design
from .selection import IsotonicMtd
from .stopping import THIRTY, EnoughAtDose, Stopping

MOST_PENDING = 0.5  # share of the patients at a dose above which accrual waits


def thresholds(
    rule: Interval, patients: Counts, toxic: Counts, pending: Counts
) -> tuple[Floats, Floats]:
    """Return (escalate at or above, de-escalate at or below) of the standardized follow-up time.

    The standardized total follow-up time (STFT) of pending patients is the sum of their shares of
    the window seen so far. Each pending patient is imputed the chance of a DLT still to come at
    the rate (toxic + target/2)/(patients - pending + 1); then BOIN's boundaries are solved for the
    STFT.
    """
    rate = (toxic + rule.target / 2) / (patients - pending + 1)
    odds_against = (1 - rate) / rate
    escalate, deescalate = (
        np.asarray(pending - odds_against * (patients * bound - toxic), dtype=np.float64)
        for bound in (rule.escalate_at, rule.deescalate_at)
    )
    return escalate, deescalate


@dataclass(frozen=True)
class TiteBoin(Interval):
    """BOIN's interval rule on imputed DLT rates; accrual waits while most patients are pending."""

    certainty: float = 0.95
    rolls = True  # decides at each cohort's arrival, with patients still in the window

    @property
    def elimination(self) -> Overdose:
        """The overdose rule, with pending patients counted as without DLT."""
        return Overdose(self.target, self.certainty, counts_pending=True)

    def _here(self, tally: Tally) -> tuple[Counts, Counts, Counts, Floats]:
        """Patients, DLT, pending and STFT at the current dose."""
        at = tally.current
        patients, toxic = tally.at(tally.patients, at), tally.at(tally.toxic, at)
        pending = tally.at(tally.pending, at)
        if tally.followed is None:
            return patients, toxic, pending, np.zeros(len(tally))
        seen = tally.followed
        here = (seen.dose == at[:, None]) & ~seen.toxic & (seen.weight < 1)
        return patients, toxic, pending, (seen.weight * here).sum(axis=1)

    def waits(self, tally: Tally) -> Flags:
        """Whether accrual is suspended: more than half of the patients at the dose are pending.

        A dose that is eliminated already is left at once.
        """
        patients, _, pending, _ = self._here(tally)
        allowed = self.elimination.allowed(tally)
        stands = tally.at(allowed.astype(np.int64), tally.current) > 0
        return np.asarray(stands & (pending > MOST_PENDING * patients))

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """One level up, the same or one down, never to a dose that is not allowed."""
        patients, toxic, pending, followed = self._here(tally)
        escalate, deescalate = thresholds(self, patients, toxic, pending)
        up, down = followed >= escalate, followed <= deescalate
        step = tally.current + up.astype(int) - down.astype(int)
        return highest_allowed(np.clip(step, 0, tally.doses - 1), allowed)

    def explain(self, tally: Tally, allowed: Flags) -> str:
        """Compare the follow-up time with both thresholds."""
        patients, toxic, pending, followed = (each[0] for each in self._here(tally))
        dose = int(tally.current[0])
        seen = f"{toxic} of {patients} with DLT at dose {dose + 1}, {pending} pending"
        if not allowed[0, dose]:
            return f"{seen}: the dose is eliminated."
        escalate, deescalate = thresholds(
            self, *(np.array([each]) for each in (patients, toxic, pending))
        )
        return (
            f"{seen} with follow-up {followed:.2f}: escalate at or above {escalate[0]:.2f},"
            f" de-escalate at or below {deescalate[0]:.2f}."
        )

    def describe(self) -> str:
        """The rule as sentences."""
        return (
            f"{super().describe()} Patients still in the DLT window count by the share of it that"
            " they have been followed (TITE-BOIN). Accrual is suspended while more than half of the"
            " patients at the current dose are pending."
        )

    def table(self, patients: int) -> list[dict[str, Any]]:
        """One row per patients, DLT and pending patients at the current dose."""
        rows = []
        for n in range(1, patients + 1):
            eliminate = eliminate_from(self.target, n, self.certainty)
            for toxic in range(n + 1):
                for pending in range(n - toxic + 1):
                    rows.append(self._row(n, toxic, pending, eliminate))
        return rows

    def _row(self, n: int, toxic: int, pending: int, eliminate: int | None) -> dict[str, Any]:
        escalate, deescalate = (
            float(each[0])
            for each in thresholds(self, *(np.array([each]) for each in (n, toxic, pending)))
        )
        row = {"n": n, "dlt": toxic, "pending": pending}
        if eliminate is not None and toxic >= eliminate:
            decision = "D+eliminate"
        elif pending > MOST_PENDING * n:
            return row | {
                "escalate_if_stft_ge": None,
                "deescalate_if_stft_le": None,
                "decision": "suspend",
            }
        # The follow-up of pending patients lies between 0 and their number.
        elif escalate <= 0:
            decision = "E"
        elif deescalate >= pending:
            decision = "D"
        elif escalate <= pending and deescalate >= 0:
            decision = f"E if STFT>={escalate:.2f}, D if STFT<={deescalate:.2f}, else S"
        elif escalate <= pending:
            decision = f"E if STFT>={escalate:.2f} else S"
        elif deescalate >= 0:
            decision = f"S if STFT>{deescalate:.2f} else D"
        else:
            decision = "S"
        return row | {
            "escalate_if_stft_ge": round(escalate, 4),
            "deescalate_if_stft_le": round(deescalate, 4),
            "decision": decision,
        }


def tite_boin(
    target: float,
    doses: int,
    stopping: Stopping = THIRTY,
    cohort_size: CohortSize = THREES,
    *,
    enough_at_dose: int | None = None,
    certainty: float = 0.95,
) -> Design:
    """Return the TITE-BOIN design; simulate it with patients that have days (`Calendar`)."""
    if enough_at_dose is not None:
        stopping = stopping | EnoughAtDose(enough_at_dose)
    rule = TiteBoin(target, certainty=certainty)
    return Design(
        "TITE-BOIN",
        doses,
        rule,
        rule.elimination,
        IsotonicMtd(target),
        stopping,
        cohort_size=cohort_size,
    )
