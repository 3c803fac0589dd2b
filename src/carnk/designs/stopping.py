"""When a trial stops; rules combine with `&` (both) and `|` (either)."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from .outcomes import Counts, Flags, Tally


class Stopping:
    """What stopping rules share: joining with `&` and `|`, and the most patients they allow."""

    def met(self, tally: Tally, wanted: Counts) -> Flags:
        """Return which trials stop instead of treating at the wanted dose; shape (trials,)."""
        raise NotImplementedError

    def describe(self) -> str:
        """Say when it stops, as the end of 'the trial stops when ...'."""
        raise NotImplementedError

    def parts(self) -> tuple[Stopping, ...]:
        """Return the alternatives that are counted as separate reasons."""
        return (self,)

    def cap(self) -> float:
        """Return the number of patients at which it stops for certain; infinite if none."""
        return inf

    def most_patients(self) -> int:
        """Return the most patients; a design needs a stopping rule that gives one."""
        return int(self.cap())

    def __or__(self, other: Stopping) -> Either:
        return Either((*self.parts(), *other.parts()))

    def __and__(self, other: Stopping) -> Both:
        return Both(self, other)


@dataclass(frozen=True)
class Either(Stopping):
    """Stops when any of its rules does."""

    rules: tuple[Stopping, ...]

    def met(self, tally: Tally, wanted: Counts) -> Flags:
        return np.asarray(np.any([rule.met(tally, wanted) for rule in self.rules], axis=0))

    def describe(self) -> str:
        return ", or ".join(rule.describe() for rule in self.rules)

    def parts(self) -> tuple[Stopping, ...]:
        return self.rules

    def cap(self) -> float:
        return min(rule.cap() for rule in self.rules)


@dataclass(frozen=True)
class Both(Stopping):
    """Stops when both rules do."""

    one: Stopping
    other: Stopping

    def met(self, tally: Tally, wanted: Counts) -> Flags:
        return np.asarray(self.one.met(tally, wanted) & self.other.met(tally, wanted))

    def describe(self) -> str:
        return f"({self.one.describe()}) and ({self.other.describe()})"

    def cap(self) -> float:
        return max(self.one.cap(), self.other.cap())


@dataclass(frozen=True)
class MaxPatients(Stopping):
    """Stops when so many patients are treated."""

    patients: int

    def met(self, tally: Tally, wanted: Counts) -> Flags:
        return np.asarray(tally.treated >= self.patients)

    def describe(self) -> str:
        return f"{self.patients} patients are treated"

    def cap(self) -> float:
        return self.patients


THIRTY = MaxPatients(30)


@dataclass(frozen=True)
class MinPatients(Stopping):
    """Holds once so many patients are treated; for joining with `&`."""

    patients: int

    def met(self, tally: Tally, wanted: Counts) -> Flags:
        return np.asarray(tally.treated >= self.patients)

    def describe(self) -> str:
        return f"at least {self.patients} patients are treated"


@dataclass(frozen=True)
class EnoughAtDose(Stopping):
    """Stops when the trial would stay at a dose that has so many patients already (BOIN's rule)."""

    patients: int

    def met(self, tally: Tally, wanted: Counts) -> Flags:
        stays = wanted == tally.current
        return np.asarray(stays & (tally.at(tally.patients, tally.current) >= self.patients))

    def describe(self) -> str:
        return f"the next dose would be the current one and {self.patients} patients have had it"


@dataclass(frozen=True)
class EnoughAtAnyDose(Stopping):
    """Stops when any dose has so many patients."""

    patients: int

    def met(self, tally: Tally, wanted: Counts) -> Flags:
        return np.asarray((tally.patients >= self.patients).any(axis=1))

    def describe(self) -> str:
        return f"{self.patients} patients are treated at one dose"
