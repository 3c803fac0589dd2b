"""Single-arm monitoring, exact: BOP2 and Bayesian predictive probability.

Both come down to a table: at each look, stop for futility at or below so many responses, and claim
the treatment promising at the end with more. The chances of every course are then exact sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import betainc

from ..base.errors import Problem, SpecError
from .outcomes import Counts, Floats

LAMBDAS = np.round(np.arange(0.50, 1.0, 0.005), 3)
GAMMAS = np.round(np.arange(0.0, 1.005, 0.025), 3)


@dataclass(frozen=True)
class Look:
    """At n patients: stop for futility at or below, for efficacy at or above, so many responses.

    None where the look cannot stop for that reason.
    """

    n: int
    futile_if_le: int | None
    effective_if_ge: int | None


@dataclass(frozen=True)
class Monitored:
    """A monitored single-arm trial: its looks and exact characteristics at p0 and p1.

    alpha, power: chance of claiming promise at p0 and p1; expected, stops_early: at p0.
    """

    name: str
    looks: tuple[Look, ...]
    alpha: float
    power: float
    expected: float
    expected_p1: float
    stops_early: float
    stops_early_p1: float
    tuning: dict[str, float]

    def describe(self) -> str:
        """Return the design as prose for a protocol."""
        stops = [
            f"at {look.n}: {look.futile_if_le} or fewer"
            for look in self.looks
            if look.futile_if_le is not None
        ]
        return (
            f"{self.name}: looks after {', '.join(str(look.n) for look in self.looks)} patients."
            f" Stop for futility with so many responses: {'; '.join(stops)}. Exact type I error"
            f" {self.alpha:.4f}, power {self.power:.4f}; {self.expected:.1f} patients expected"
            f" without effect, {self.expected_p1:.1f} with it."
        )


def characteristics(looks: Sequence[Look], rate: float) -> tuple[float, float, float]:
    """Return exact (P(promising), expected patients, P(stopping early)) at a response rate.

    The last look's futility bound separates failure from promise.
    """
    from scipy.stats import binom

    chances, n, expected, early, won = np.ones(1), 0, 0.0, 0.0, 0.0
    for number, look in enumerate(looks, 1):
        chances = np.convolve(chances, binom.pmf(np.arange(look.n - n + 1), look.n - n, rate))
        n, events = look.n, np.arange(look.n + 1)
        low = -1 if look.futile_if_le is None else look.futile_if_le
        high = n + 1 if look.effective_if_ge is None else look.effective_if_ge
        last = number == len(looks)
        good = events > low if last else events >= high
        ends = np.ones(n + 1, dtype=bool) if last else good | (events <= low)
        won += float(chances[good].sum())
        expected += n * float(chances[ends].sum())
        early += 0.0 if last else float(chances[ends].sum())
        chances = np.where(ends, 0.0, chances)
    return won, expected, early


def _monitored(
    name: str, looks: Sequence[Look], p0: float, p1: float, tuning: dict[str, float]
) -> Monitored:
    alpha, expected, early = characteristics(looks, p0)
    power, expected_p1, early_p1 = characteristics(looks, p1)
    return Monitored(
        name, tuple(looks), alpha, power, expected, expected_p1, early, early_p1, tuning
    )


def bop2(p0: float, p1: float, looks: Sequence[int], alpha: float = 0.05) -> Monitored:
    """Return the BOP2 design (Zhou, Lee and Yuan 2017) of highest power with type I error <= alpha.

    After n of N patients stop if P(p > p0 | data) < lambda (n/N)^gamma under the prior
    Beta(p0, 1 - p0), which is worth one patient. lambda and gamma are searched on a grid (steps
    0.005 and 0.025); of equal powers the fewest expected patients at p0 win.
    """
    _check(p0, p1, looks, alpha)
    found: dict[tuple[Look, ...], dict[str, float]] = {}
    for gamma in GAMMAS:
        for lam in LAMBDAS:
            table = tuple(_bop2_look(n, looks[-1], p0, float(lam), float(gamma)) for n in looks)
            found.setdefault(table, {"lambda": float(lam), "gamma": float(gamma)})
    keeping = [
        (table, tuning) for table, tuning in found.items() if characteristics(table, p0)[0] <= alpha
    ]
    if not keeping:
        what = f"no boundary keeps the type I error at {alpha:g} with {looks[-1]} patients"
        raise SpecError(Problem("BOP2", what, "Allow more patients or a larger alpha."))
    scored = (_monitored("BOP2", table, p0, p1, tuning) for table, tuning in keeping)
    return max(scored, key=lambda design: (round(design.power, 10), -design.expected))


def _bop2_look(n: int, most: int, p0: float, lam: float, gamma: float) -> Look:
    events = np.arange(n + 1)
    chance = 1 - betainc(p0 + events, 1 - p0 + n - events, p0)
    futile = np.flatnonzero(chance < lam * (n / most) ** gamma)
    return Look(n, int(futile[-1]) if futile.size else None, None)


def predictive(
    p0: float,
    p1: float,
    looks: Sequence[int],
    *,
    success: float = 0.95,
    futile: float = 0.05,
    effective: float = 1.0,
    prior: tuple[float, float] = (0.5, 0.5),
) -> Monitored:
    """Return a design monitored by predictive probability (Lee and Liu 2008).

    The predictive probability is the chance, given the responses so far, that the trial ends with
    P(p > p0 | all data) > success. Stop for futility below `futile`, for efficacy above
    `effective` (1: never). prior: of the response rate, Beta.
    """
    _check(p0, p1, looks, 0.05)
    wins = _winning(looks[-1], p0, success, prior)
    table = [_predictive_look(n, looks[-1], wins, futile, effective, prior) for n in looks[:-1]]
    table.append(Look(looks[-1], wins - 1 if wins else None, wins))
    tuning = {"success": success, "futile": futile, "effective": effective}
    return _monitored("predictive probability", table, p0, p1, tuning)


def _winning(n: int, p0: float, success: float, prior: tuple[float, float]) -> int:
    """Return the fewest responses of n with P(p > p0) > success; n + 1 if none are enough."""
    events = np.arange(n + 1)
    enough = np.flatnonzero(1 - betainc(prior[0] + events, prior[1] + n - events, p0) > success)
    return int(enough[0]) if enough.size else n + 1


def predictive_probability(
    events: Counts, n: int, most: int, wins: int, prior: tuple[float, float]
) -> Floats:
    """Return P(at least `wins` responses of `most` | events of n), beta-binomial."""
    from scipy.stats import betabinom

    left = most - n
    return np.asarray(
        betabinom.sf(wins - events - 1, left, prior[0] + events, prior[1] + n - events)
    )


def _predictive_look(
    n: int, most: int, wins: int, futile: float, effective: float, prior: tuple[float, float]
) -> Look:
    chance = predictive_probability(np.arange(n + 1), n, most, wins, prior)
    low, high = np.flatnonzero(chance < futile), np.flatnonzero(chance > effective)
    return Look(n, int(low[-1]) if low.size else None, int(high[0]) if high.size else None)


def _check(p0: float, p1: float, looks: Sequence[int], alpha: float) -> None:
    problems = [
        Problem(name, f"{value:g} is not between 0 and 1", "Give a probability.")
        for name, value in (("p0", p0), ("p1", p1), ("alpha", alpha))
        if not 0 < value < 1
    ]
    if not problems and p0 >= p1:
        problems.append(Problem("p0, p1", f"p0 = {p0:g} is not below p1 = {p1:g}"))
    if not looks or looks[0] < 1 or any(a >= b for a, b in pairwise(looks)):
        what = f"{list(looks)} is not increasing from 1"
        problems.append(Problem("looks", what, "Give patients at each look, such as 10,20,30."))
    if problems:
        raise SpecError(problems, "monitoring")
