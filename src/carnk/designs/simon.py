"""Simon's two-stage designs (1989): optimal, minimax and the admissible between (Jung 2004)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, inf

import numpy as np
from scipy.special import ndtri

from ..base.errors import Problem, SpecError
from .outcomes import Floats

LARGEST = 500  # patients; beyond it the search is refused


@dataclass(frozen=True)
class TwoStage:
    """Stop for futility at r1 or fewer responses of n1; reject p0 with more than r of n.

    alpha, power: exact chances of rejecting p0 at p0 and at p1. expected, stops_early: expected
    number of patients and chance of stopping after stage 1 at p0. weights: of an admissible design,
    for which q in [0, 1] it has the least q * n + (1 - q) * expected.
    """

    type: str
    r1: int
    n1: int
    r: int
    n: int
    expected: float
    stops_early: float
    alpha: float
    power: float
    weights: tuple[float, float]

    def describe(self) -> str:
        """Return the design as prose for a protocol."""
        return (
            f"Simon's {self.type} two-stage design: treat {self.n1} patients; stop if {self.r1} or"
            f" fewer respond. Otherwise treat {self.n - self.n1} more; the treatment is worth"
            f" further study if more than {self.r} of all {self.n} respond. Exact type I error"
            f" {self.alpha:.4f}, power {self.power:.4f}; without effect, {self.expected:.1f}"
            f" patients are expected and the chance of stopping early is {self.stops_early:.2f}."
        )


def rejects(r1: int, n1: int, r: int, n: int, rate: float) -> float:
    """Return the exact chance of more than r responses without an early stop."""
    from scipy.stats import binom

    first = np.arange(r1 + 1, n1 + 1)
    late = binom.sf(r - first, n - n1, rate)
    return float(binom.pmf(first, n1, rate) @ late)


def simon(p0: float, p1: float, alpha: float, beta: float) -> tuple[TwoStage, ...]:
    """Return the admissible designs by falling n: the first is optimal, the last minimax.

    p0, p1: response rates of no interest and of interest; alpha, beta: largest chances of the two
    errors. Exhaustive over all n1, r1, n, r; of equal expected size the smaller n is taken.
    """
    _check(p0, p1, alpha, beta)
    best: dict[int, TwoStage] = {}
    least = inf
    limit = _enough(p0, p1, alpha, beta)
    laws = _Binomial.of(limit, p0), _Binomial.of(limit, p1)
    for n in range(2, limit + 1):
        found = _best_of_size(n, laws, (alpha, beta), least)
        if found is not None:
            best[n], least = found, found.expected
    if not best:
        what = f"no design with up to {limit} patients keeps both errors"
        raise SpecError(Problem("p0, p1", what, "Widen the gap or allow larger errors."))
    return tuple(_admissible(list(best.values())))


def _check(p0: float, p1: float, alpha: float, beta: float) -> None:
    problems = [
        Problem(name, f"{value:g} is not between 0 and 1", "Give a probability.")
        for name, value in (("p0", p0), ("p1", p1), ("alpha", alpha), ("beta", beta))
        if not 0 < value < 1
    ]
    if not problems and p0 >= p1:
        what = f"p0 = {p0:g} is not below p1 = {p1:g}"
        problems.append(Problem("p0, p1", what, "p0 is the rate of no interest, p1 the hope."))
    if not problems and alpha + beta >= 1:
        what = f"alpha + beta = {alpha + beta:g} asks for nothing"
        problems.append(Problem("alpha, beta", what, "Give errors such as 0.05 and 0.2."))
    if problems:
        raise SpecError(problems, "simon")


def _enough(p0: float, p1: float, alpha: float, beta: float) -> int:
    """Return a size beyond any admissible design: over twice a single stage by the normal law."""
    spread = -ndtri(alpha) * np.sqrt(p0 * (1 - p0)) - ndtri(beta) * np.sqrt(p1 * (1 - p1))
    size = ceil(2 * (max(spread, 0.5) / (p1 - p0)) ** 2) + 25
    if size > LARGEST:
        what = f"{p0:g} and {p1:g} are so close that more than {LARGEST // 2} patients are needed"
        raise SpecError(Problem("p0, p1", what, "Widen the gap."))
    return int(size)


@dataclass(frozen=True)
class _Binomial:
    """Chances of x events (columns) and of more than x in 0, 1, ... patients (rows) at one rate."""

    exactly: Floats
    above: Floats

    @classmethod
    def of(cls, patients: int, rate: float) -> _Binomial:
        from scipy.stats import binom

        x = np.arange(patients + 1)
        return cls(binom.pmf(x, x[:, None], rate), binom.sf(x, x[:, None], rate))


def _best_of_size(
    n: int, laws: tuple[_Binomial, _Binomial], errors: tuple[float, float], least: float
) -> TwoStage | None:
    """Return the design of n patients with the fewest expected ones at p0, if fewer than `least`.

    laws: at p0 and p1. least: what a smaller design expects; one that is larger and expects as many
    is never chosen.
    """
    null, hope = laws
    # An early stop only lowers the power, so r and r1 are bounded by the tests of one stage.
    most = int(np.flatnonzero(hope.above[n, :n] >= 1 - errors[1]).max(initial=-1))
    best: TwoStage | None = None
    stages = np.arange(1, n if most >= 0 else 1)
    # The largest r1 that the power of stage 1 allows gives the fewest patients that n1 can expect.
    largest = (hope.above[1:n] >= 1 - errors[1])[: stages.size].sum(axis=1) - 1
    fewest = stages + np.where(largest < 0, 1.0, null.above[stages, largest]) * (n - stages)
    for n1 in map(int, stages[(largest >= 0) & (fewest < least)]):
        expected = n1 + null.above[n1, : n1 + 1] * (n - n1)  # by r1
        r1s = np.flatnonzero((expected < least) & (hope.above[n1, : n1 + 1] >= 1 - errors[1]))
        if not r1s.size:
            continue
        found = _largest_r1(n, n1, int(r1s[0]), most, laws, errors)
        if found is None:
            continue
        r1, r, size, reached = found
        least, early = float(expected[r1]), float(1 - null.above[n1, r1])
        best = TwoStage("", r1, n1, r, n, least, early, size, reached, (0.0, 0.0))
    return best


def _largest_r1(
    n: int,
    n1: int,
    least_r1: int,
    most: int,
    laws: tuple[_Binomial, _Binomial],
    errors: tuple[float, float],
) -> tuple[int, int, float, float] | None:
    """Return (r1, r, alpha, power): the largest r1 that keeps both errors, the least r for it."""
    sizes, powers = (_reject_table(n, n1, least_r1, most, law) for law in laws)
    keeps = (sizes <= errors[0]) & (powers >= 1 - errors[1])
    possible = np.flatnonzero(keeps.any(axis=1))
    if not possible.size:
        return None
    row = int(possible[-1])
    r = int(np.argmax(keeps[row]))
    return least_r1 + row, r, float(sizes[row, r]), float(powers[row, r])


def _reject_table(n: int, n1: int, least_r1: int, most: int, law: _Binomial) -> Floats:
    """Return the chance of rejecting for r1 from least_r1 to n1 (rows) and r to most (columns)."""
    first, r = np.arange(least_r1 + 1, n1 + 1)[:, None], np.arange(most + 1)
    late = np.where(r < first, 1.0, law.above[n - n1, np.maximum(r - first, 0)])
    joint = law.exactly[n1, least_r1 + 1 : n1 + 1, None] * late
    more = np.cumsum(joint[::-1], axis=0)[::-1]  # x1 or more responses in stage 1
    return np.vstack((more, np.zeros(most + 1)))


def _admissible(found: list[TwoStage]) -> Iterator[TwoStage]:
    """Yield the lower convex hull of (n, expected), from the optimal to the minimax design."""
    from dataclasses import replace

    minimax = min(found, key=lambda each: each.n)
    here = min(found, key=lambda each: (round(each.expected, 9), each.n))
    low, kind = 0.0, "optimal"
    while True:
        smaller = [each for each in found if each.n < here.n]
        if not smaller:
            yield replace(
                here, type="minimax" if kind != "optimal" else "optimal", weights=(low, 1.0)
            )
            if kind == "optimal":
                yield replace(minimax, type="minimax", weights=(low, 1.0))
            return
        # The next corner is reached at the least weight of n at which a smaller design is as good.
        slopes = [(each.expected - here.expected) / (here.n - each.n) for each in smaller]
        steepness = min(slopes)
        following = min(
            (each for each, slope in zip(smaller, slopes) if slope <= steepness + 1e-12),
            key=lambda each: each.n,
        )
        high = steepness / (1 + steepness)
        yield replace(here, type=kind, weights=(low, high))
        here, low, kind = following, high, "admissible"
