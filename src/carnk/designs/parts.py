"""Increments and cohort sizes: how far the next dose may move, and how many patients get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .outcomes import Counts, Tally


class Increments(Protocol):
    """Bounds the move to the wanted dose."""

    def limited(self, tally: Tally, wanted: Counts) -> Counts:
        """Return the dose that may be given; `wanted` is never -1."""

    def describe(self) -> str:
        """Say the bound."""


@dataclass(frozen=True)
class AnyStep:
    """No bound beyond the rule's own."""

    def limited(self, tally: Tally, wanted: Counts) -> Counts:
        return wanted

    def describe(self) -> str:
        return "any dose of the rule's choice"


@dataclass(frozen=True)
class OneLevelUp:
    """No untried dose is skipped: at most one level above the current dose."""

    def limited(self, tally: Tally, wanted: Counts) -> Counts:
        begins = tally.current < 0
        return np.where(begins, wanted, np.minimum(wanted, tally.current + 1))

    def describe(self) -> str:
        return "at most one dose level up"


ONE_UP = OneLevelUp()


@dataclass(frozen=True)
class Coherent:
    """At most one level up, and no escalation right after a cohort with a DLT rate above target.

    Cheung 2005: escalation after a toxic cohort is incoherent.
    """

    target: float

    def limited(self, tally: Tally, wanted: Counts) -> Counts:
        bounded = OneLevelUp().limited(tally, wanted)
        toxic = tally.last_toxic > self.target * tally.last_patients
        held = np.where(toxic, np.minimum(bounded, tally.current), bounded)
        return np.where(tally.current < 0, wanted, held)

    def describe(self) -> str:
        return (
            "at most one dose level up, and none after a cohort with a DLT rate above"
            f" {self.target:g}"
        )


class CohortSize(Protocol):
    """How many patients the next cohort has."""

    def next_size(self, tally: Tally, dose: Counts) -> Counts:
        """Return patients per trial for the dose to be given."""

    def describe(self) -> str:
        """Say the sizes."""


@dataclass(frozen=True)
class FixedSize:
    """The same size always."""

    patients: int

    def next_size(self, tally: Tally, dose: Counts) -> Counts:
        return np.full(len(tally), self.patients)

    def describe(self) -> str:
        return f"{self.patients} patient{'s' * (self.patients > 1)} each"


@dataclass(frozen=True)
class Titration:
    """Single patients until the first DLT or until the highest dose is tried, then full cohorts."""

    patients: int

    def next_size(self, tally: Tally, dose: Counts) -> Counts:
        untroubled = tally.toxic.sum(axis=1) == 0
        untried = tally.at(tally.patients, dose) == 0
        return np.where(untroubled & untried, 1, self.patients)

    def describe(self) -> str:
        return f"1 patient at each new dose until the first DLT, then {self.patients} patients"


THREES = FixedSize(3)
