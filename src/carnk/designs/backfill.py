"""Backfill BOIN: patients who arrive while a cohort is followed get lower doses (Zhao 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .admissibility import Overdose
from .boin import Boin, highest_allowed
from .outcomes import NONE, Counts, Flags, Tally
from .parts import THREES, CohortSize
from .protocol import Design
from .selection import IsotonicMtd
from .stopping import THIRTY, Stopping


@dataclass(frozen=True)
class BackfillBoin(Boin):
    """BOIN on all evaluated patients; a lower dose that contradicts the current one is pooled.

    cap: patients at a dose from which it takes no more backfill. A lower dose is open for backfill
    once a response was seen there and while it, or it pooled with the next dose, is below the
    de-escalation boundary; an unsafe dose closes all above it.
    """

    cap: int = 12
    rolls = True
    backfills = True

    def _says(self, patients: Counts, toxic: Counts) -> Counts:
        """+1, 0 or -1 by BOIN's boundaries."""
        up = toxic <= self.escalate_at * patients
        down = (patients > 0) & (toxic >= self.deescalate_at * patients)
        return np.where(up, 1, np.where(down, -1, 0))

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """BOIN's move, on pooled data from the highest lower dose that contradicts it."""
        patients = tally.patients - tally.pending
        levels, at = np.arange(tally.doses), tally.current[:, None]
        says = self._says(patients, tally.toxic)
        here = np.take_along_axis(says, np.maximum(at, 0), axis=1)
        lower = levels < at
        contradicts = lower & np.where(here > 0, says < 1, says < 0)
        star = np.where(contradicts, levels, NONE).max(axis=1)
        pooled = np.where(star >= 0, self._pooled(tally, patients, star), here[:, 0])
        step = np.where(pooled <= -3, -3 - pooled, tally.current + pooled)
        return highest_allowed(np.clip(step, 0, tally.doses - 1), allowed)

    def _pooled(self, tally: Tally, patients: Counts, star: Counts) -> Counts:
        """Move by the pooled data of doses star to current: +1, 0, or -3 - k to go to dose k."""
        levels, at = np.arange(tally.doses), tally.current[:, None]
        within = (levels >= star[:, None]) & (levels <= at)
        many = np.cumsum(np.where(within, patients, 0), axis=1)
        events = np.cumsum(np.where(within, tally.toxic, 0), axis=1)
        says = self._says(many, events)
        total = np.take_along_axis(says, np.maximum(at, 0), axis=1)[:, 0]
        safe = np.where(within & (events < self.deescalate_at * many), levels, NONE).max(axis=1)
        target = np.maximum(np.where(safe >= 0, safe, star - 1), 0)
        return np.where(total < 0, -3 - target, total)

    def open_for_backfill(self, tally: Tally) -> Counts:
        """Return the highest dose that takes backfill now, -1 if none does."""
        levels, below = np.arange(tally.doses), np.arange(tally.doses) < tally.current[:, None]
        patients, toxic = tally.patients - tally.pending, tally.toxic
        with_next = patients.copy(), toxic.copy()
        for joined, counts in zip(with_next, (patients, toxic)):
            joined[:, :-1] += counts[:, 1:]
        unsafe = (self._says(patients, toxic) < 0) & (self._says(*with_next) < 0)
        safe = ~np.logical_or.accumulate(unsafe, axis=1)
        takes = below & safe & (tally.responses > 0) & (tally.patients < self.cap)
        return np.asarray(np.where(takes, levels, NONE).max(axis=1))

    def describe(self) -> str:
        """The rule as sentences."""
        return (
            f"{super().describe()} While a cohort is followed, arriving patients are backfilled to"
            " the highest lower dose with a response seen, a DLT rate (alone or pooled with the"
            f" next dose) below {self.deescalate_at:.4f}, and fewer than {self.cap} patients."
            " Evaluated backfill patients count; where a lower dose contradicts the decision, the"
            " doses from there to the current one are pooled."
        )

    def table(self, patients: int) -> list[dict[str, Any]]:
        """BOIN's boundaries, up to the patients that a dose can have."""
        return super().table(patients + self.cap)


def backfill_boin(
    target: float,
    doses: int,
    stopping: Stopping = THIRTY,
    cohort_size: CohortSize = THREES,
    *,
    cap: int = 12,
    certainty: float = 0.95,
) -> Design:
    """Return backfill BOIN; `stopping` counts escalation cohorts only, backfill comes on top."""
    return Design(
        "backfill BOIN",
        doses,
        BackfillBoin(target, certainty=certainty, cap=cap),
        Overdose(target, certainty),
        IsotonicMtd(target),
        stopping,
        cohort_size=cohort_size,
    )
