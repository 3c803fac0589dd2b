"""mTPI (Ji 2010), mTPI-2 (Guo 2017), keyboard (Yan 2017): the interval of most posterior mass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from scipy.special import betainc

from ..base.errors import Problem, SpecError
from .admissibility import Overdose
from .boin import highest_allowed
from .exact import fewest_above
from .outcomes import Counts, Flags, Floats, Tally
from .parts import THREES, CohortSize
from .protocol import Design
from .selection import IsotonicMtd
from .stopping import THIRTY, EnoughAtDose, Stopping

Kind = Literal["mTPI", "mTPI-2", "keyboard"]
TINY = 1e-9


@dataclass(frozen=True)
class UnitMass:
    """Escalate, stay or de-escalate by where the interval of highest posterior density mass lies.

    target: DLT rate aimed at; below, above: half-widths of the target interval (0.05 each).
    kind: mTPI compares the whole range below, the target interval and the whole range above by
    mass per length; mTPI-2 cuts the ranges into intervals as long as the target interval, with a
    shorter one at each end, and compares mass per length; keyboard compares the masses of keys of
    full length, and takes a shorter end key, by mass per length, only on a side without a full one
    (low targets), where the design could never move otherwise.
    """

    kind: Kind
    target: float
    below: float = 0.05
    above: float = 0.05
    certainty: float = 0.95

    @property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """Intervals from low to high."""
        low, high = self.target - self.below, self.target + self.above
        if self.kind == "mTPI":
            return ((0.0, low), (low, high), (high, 1.0))
        width = high - low
        down = [low - k * width for k in range(int(low / width + TINY) + 1)]
        up = [high + k * width for k in range(int((1 - high) / width + TINY) + 1)]
        edges = [*reversed(down), *up]
        always = self.kind == "mTPI-2"
        if edges[0] > TINY and (always or len(down) == 1):
            edges = [0.0, *edges]
        if edges[-1] < 1 - TINY and (always or len(up) == 1):
            edges = [*edges, 1.0]
        return tuple(pairwise(edges))

    def __post_init__(self) -> None:
        if not (0 < self.below < self.target - TINY and 0 < self.above < 1 - self.target - TINY):
            what = f"{self.below:g} and {self.above:g} around {self.target:g} leave (0, 1)"
            do = "Give smaller ones, so that there are rates below and above the target interval."
            raise SpecError(Problem("half-width", what, do))

    def moves(self, patients: int) -> Counts:
        """Return +1, 0 or -1 by patients (rows, from 0) and DLT (columns) at the current dose."""
        return _moves(self, patients)

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """One level up, the same or one down, never to a dose that is not allowed."""
        n, toxic = tally.at(tally.patients, tally.current), tally.at(tally.toxic, tally.current)
        step = tally.current + self.moves(int(n.max(initial=0)))[n, toxic]
        return highest_allowed(np.clip(step, 0, tally.doses - 1), allowed)

    def explain(self, tally: Tally, allowed: Flags) -> str:
        """Name the interval that decides."""
        dose = int(tally.current[0])
        n, toxic = int(tally.patients[0, dose]), int(tally.toxic[0, dose])
        seen = f"{toxic} of {n} with DLT at dose {dose + 1}"
        if not allowed[0, dose]:
            return f"{seen}: the dose is eliminated."
        low, high = self.intervals[
            int(_strongest(self, np.array([[n]]), np.array([[toxic]]))[0, 0])
        ]
        words = {1: "below the target, escalate", 0: "the target, stay"}
        word = words.get(int(self.moves(n)[n, toxic]), "above the target, de-escalate")
        return f"{seen}: the strongest interval is {low:.3g} to {high:.3g}, {word}."

    def describe(self) -> str:
        """The rule as sentences."""
        how = {
            "mTPI": "mass per length of the ranges below, at and above the target",
            "mTPI-2": "mass per length of intervals as long as the target's (shorter at the ends)",
            "keyboard": "mass of keys as long as the target key (incomplete end keys left out)",
        }
        low, high = self.target - self.below, self.target + self.above
        return (
            f"Target DLT rate {self.target:g}, target interval {low:g} to {high:g}. Under a uniform"
            f" prior compare the posterior {how[self.kind]} at the current dose: escalate if the"
            " strongest lies below the target interval, de-escalate if above, else stay."
        )

    def table(self, patients: int) -> list[dict[str, Any]]:
        """Boundaries by number of patients."""
        moves = self.moves(patients)
        fewest = fewest_above(self.target, self.certainty, patients)
        rows = []
        for n in range(1, patients + 1):
            row = moves[n, : n + 1]
            down = np.flatnonzero(row < 0)
            eliminate = int(fewest[n]) if n >= 3 and fewest[n] <= n else None
            rows.append(
                {
                    "n": n,
                    "escalate_if_le": int(np.flatnonzero(row > 0).max(initial=-1)),
                    "deescalate_if_ge": int(down[0]) if down.size else None,
                    "eliminate_if_ge": eliminate,
                }
            )
        return rows


def _strongest(rule: UnitMass, n: Counts, toxic: Counts) -> Counts:
    """Return the index of the interval with most mass (per length)."""
    edges = np.array(rule.intervals)
    low, high = edges[:, 0], edges[:, 1]
    a, b = toxic[..., None] + 1.0, np.maximum(n - toxic, 0)[..., None] + 1.0
    mass: Floats = betainc(a, b, np.clip(high, 0, 1)) - betainc(a, b, np.clip(low, 0, 1))
    return np.asarray(np.argmax(mass / (high - low), axis=-1))


@lru_cache(maxsize=64)
def _moves(rule: UnitMass, patients: int) -> Counts:
    n = np.arange(patients + 1)
    home = next(
        k for k, (low, _) in enumerate(rule.intervals) if low > rule.target - rule.below - TINY
    )
    return np.asarray(np.sign(home - _strongest(rule, n[:, None], n[None, :])))


def _design(
    kind: Kind,
    target: float,
    doses: int,
    stopping: Stopping,
    cohort_size: CohortSize,
    half_width: float,
    enough_at_dose: int | None,
) -> Design:
    if enough_at_dose is not None:
        stopping = stopping | EnoughAtDose(enough_at_dose)
    return Design(
        kind,
        doses,
        UnitMass(kind, target, half_width, half_width),
        Overdose(target),
        IsotonicMtd(target),
        stopping,
        cohort_size=cohort_size,
    )


def keyboard(
    target: float,
    doses: int,
    stopping: Stopping = THIRTY,
    cohort_size: CohortSize = THREES,
    *,
    half_width: float = 0.05,
    enough_at_dose: int | None = None,
) -> Design:
    """Return the keyboard design with BOIN's elimination and isotonic choice of the MTD."""
    return _design("keyboard", target, doses, stopping, cohort_size, half_width, enough_at_dose)


def mtpi(
    target: float,
    doses: int,
    stopping: Stopping = THIRTY,
    cohort_size: CohortSize = THREES,
    *,
    half_width: float = 0.05,
    enough_at_dose: int | None = None,
) -> Design:
    """Return the mTPI design with BOIN's elimination and isotonic choice of the MTD."""
    return _design("mTPI", target, doses, stopping, cohort_size, half_width, enough_at_dose)


def mtpi2(
    target: float,
    doses: int,
    stopping: Stopping = THIRTY,
    cohort_size: CohortSize = THREES,
    *,
    half_width: float = 0.05,
    enough_at_dose: int | None = None,
) -> Design:
    """Return the mTPI-2 design with BOIN's elimination and isotonic choice of the MTD."""
    return _design("mTPI-2", target, doses, stopping, cohort_size, half_width, enough_at_dose)
