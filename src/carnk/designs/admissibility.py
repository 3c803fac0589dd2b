"""Which doses may be given: overdose control, futility, everything; combined with `&`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .exact import beta_above, fewest_above
from .outcomes import Flags, Tally


class Joined:
    """What admissibility rules share: joining with `&`."""

    def allowed(self, tally: Tally) -> Flags:
        """Return flags of shape (trials, doses)."""
        raise NotImplementedError

    def describe(self) -> str:
        """Say it as a sentence of a protocol."""
        raise NotImplementedError

    def __and__(self, other: Joined) -> Every:
        return Every((self, other))


@dataclass(frozen=True)
class Every(Joined):
    """A dose is allowed when every rule allows it."""

    rules: tuple[Joined, ...]

    def allowed(self, tally: Tally) -> Flags:
        return np.asarray(np.all([rule.allowed(tally) for rule in self.rules], axis=0))

    def describe(self) -> str:
        return " ".join(rule.describe() for rule in self.rules)


@dataclass(frozen=True)
class AllDoses(Joined):
    """Every dose is allowed."""

    def allowed(self, tally: Tally) -> Flags:
        return np.ones(tally.patients.shape, dtype=bool)

    def describe(self) -> str:
        return ""


@dataclass(frozen=True)
class Overdose(Joined):
    """A dose and all above it are eliminated when it is probably above the target.

    P(p > target | data) > certainty under a uniform prior, from `least` evaluated patients on.
    lowest_certainty: a lower bar for the lowest dose, which stops the trial (extra-safe BOIN).
    counts_pending: patients still in the window count as without DLT (TITE-BOIN), else not at all.
    """

    target: float
    certainty: float = 0.95
    least: int = 3
    lowest_certainty: float | None = None
    counts_pending: bool = False

    def allowed(self, tally: Tally) -> Flags:
        evaluated = tally.patients - (0 if self.counts_pending else tally.pending)
        most = int(evaluated.max(initial=0))
        toxic = tally.toxic >= fewest_above(self.target, self.certainty, most)[evaluated]
        if self.lowest_certainty is not None:
            bar = fewest_above(self.target, self.lowest_certainty, most)
            toxic[:, 0] = tally.toxic[:, 0] >= bar[evaluated[:, 0]]
        toxic &= evaluated >= self.least
        return ~np.logical_or.accumulate(toxic, axis=1)

    def describe(self) -> str:
        lowest = (
            ""
            if self.lowest_certainty is None
            else f" For dose 1 the bar is {self.lowest_certainty:g}."
        )
        return (
            f"A dose with P(DLT rate > {self.target:g} | data) > {self.certainty:g} (uniform prior,"
            f" at least {self.least} patients evaluated) is eliminated with all higher doses;"
            f" if it is dose 1, the trial stops.{lowest}"
        )


@dataclass(frozen=True)
class Futility(Joined):
    """A dose is closed when its response rate is probably below what is worth having.

    P(response rate < least_rate | data) > certainty under a uniform prior.
    """

    least_rate: float
    certainty: float = 0.90

    def allowed(self, tally: Tally) -> Flags:
        failed = tally.patients - tally.responses
        above = beta_above(self.least_rate, tally.responses + 1.0, failed + 1.0)
        return np.asarray(1 - above <= self.certainty)

    def describe(self) -> str:
        return (
            f"A dose with P(response rate < {self.least_rate:g} | data) > {self.certainty:g}"
            " (uniform prior) is closed."
        )
