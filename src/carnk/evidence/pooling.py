"""Proportions of several reports as one: a binomial-normal mixed model, a beta-binomial check.

Counts are modelled as counts: nothing is transformed and nothing is added to zeros, so the pooled
rate does not hang on a transformation (as that of Freeman and Tukey does; stijnen2010).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import betaincinv, betaln, chdtri, expit, gammaln, logit, stdtrit

Array = NDArray[np.float64]
Counts = Array  # two rows: events, patients
Chance = Callable[[ArrayLike, ArrayLike], Array]  # location in logits, spread -> log likelihood
Range = tuple[float, float]
LEVEL = 0.95
NODES, WEIGHTS = np.polynomial.hermite.hermgauss(21)
SMALLEST_RHO = 1e-4  # below it the beta-binomial is taken as the binomial
TAUS = np.concatenate([[0.0], np.geomspace(0.02, 8.0, 40)])
RHOS = np.concatenate([[0.0], expit(np.linspace(-9.0, 3.0, 40))])
FARTHEST = 30.0  # logits from the estimate at which a limit counts as 0 or 1
APART = 0.1  # of the two models' means, beyond which they disagree
FEWEST = 3  # reports that a prediction interval needs: it has reports - 2 degrees of freedom


def exact(events: int, patients: int, level: float = LEVEL) -> Range:
    """Exact interval of a proportion (clopper1934): 0 of 11 reaches up to 28 %."""
    tail = (1 - level) / 2
    low = float(betaincinv(events, patients - events + 1, tail)) if events else 0.0
    high = float(betaincinv(events + 1, patients - events, 1 - tail)) if events < patients else 1.0
    return low, high


@dataclass(frozen=True)
class Pool:
    """What several reports say together.

    rate: the typical report's rate, with its interval; prediction: where the rate of a new trial of
    the kind would lie, None for fewer than three reports or where no spread can be seen in them;
    mean: the average over trials of the mixed model, beside the beta-binomial's as a check. logit,
    error and tau are the model's own numbers; tau is None where all or none had the event.
    """

    reports: int
    events: int
    patients: int
    rate: float
    interval: Range
    prediction: Range | None
    mean: float
    check: float
    check_interval: Range
    logit: float | None = None
    error: float | None = None
    tau: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether the two models give nearly the same mean; if not, there is too little to pool."""
        return abs(self.mean - self.check) <= APART


@cache
def pool(counts: tuple[tuple[int, int], ...]) -> Pool:
    """Pool (events, patients) of at least two reports by maximum likelihood.

    The interval is from the profile likelihood; the prediction interval from Student's t with
    reports - 2 degrees of freedom (higgins2009). Where every patient or none had the event, no
    spread between trials can be told: the interval is then the exact one of all patients together.
    """
    given = np.array(counts, float).T
    k, n = (int(total) for total in given.sum(axis=1))
    if k in (0, n):
        alone = exact(k, n)
        return Pool(len(counts), k, n, k / n, alone, None, k / n, k / n, alone)
    mixed = _fit(lambda mu, tau: _normal(given, mu, tau), k / n, TAUS)
    check = _fit(lambda at, rho: _beta(given, at, rho), k / n, RHOS)
    reach = np.hypot(mixed.spread, mixed.error)
    ahead = None
    if len(counts) >= FEWEST:
        times = float(stdtrit(len(counts) - 2, 1 - (1 - LEVEL) / 2))
        ahead = _rates(mixed.location - times * reach, mixed.location + times * reach)
    mean = float(
        expit(mixed.location + np.sqrt(2) * mixed.spread * NODES) @ WEIGHTS / np.sqrt(np.pi)
    )
    return Pool(
        len(counts), k, n, float(expit(mixed.location)), _rates(*mixed.interval), ahead, mean,
        float(expit(check.location)), _rates(*check.interval), mixed.location, mixed.error,
        mixed.spread,
    )  # fmt: skip


def shrunk(events: int, patients: int, counts: tuple[tuple[int, int], ...]) -> float:
    """A report's rate drawn toward those of its kind: its mean under a beta-binomial of `counts`.

    Mean and correlation within a report have uniform priors and are averaged over, so that a few
    reports that happen to agree do not draw everything to their rate; it is never 0 or 1.
    """
    mean, correlation, weight = _law_of(counts)
    size = (1 - correlation) / correlation
    return float((weight * (events + size * mean) / (patients + size)).sum())


@cache
def _law_of(counts: tuple[tuple[int, int], ...]) -> tuple[Array, Array, Array]:
    """Grid of mean and correlation with the weight of each, given the counts of reports."""
    at, by = ((np.arange(points) + 0.5) / points for points in (250, 50))
    chance = _beta(np.array(counts, float).T, logit(at)[:, None], by)
    weight = np.exp(chance - chance.max())
    return at[:, None], by, np.asarray(weight / weight.sum())


@dataclass(frozen=True)
class _Fit:
    location: float
    spread: float
    error: float
    interval: Range


def _fit(chance: Chance, rate: float, spreads: Array) -> _Fit:
    """Maximize a likelihood of location and spread; profile the location over `spreads`."""
    start = float(logit(rate))
    near = start + np.linspace(-3, 3, 13)
    grid = chance(near[:, None], spreads)
    i, j = np.unravel_index(int(grid.argmax()), grid.shape)
    best = minimize(
        lambda x: -float(chance(x[0], x[1])),
        (near[i], spreads[j]),
        bounds=[(-FARTHEST, FARTHEST), (0.0, spreads[-1])],
    )
    location, spread, top = float(best.x[0]), float(best.x[1]), -float(best.fun)
    without = float(chance(start, 0.0))
    if without >= top - 1e-9:  # no spread beyond chance
        location, spread, top = start, 0.0, without
    level = top - 0.5 * float(chdtri(1, 1 - LEVEL))
    low, high = (_limit(chance, spreads, location, side, level) for side in (-1.0, 1.0))
    return _Fit(location, spread, _error(chance, location, spread), (low, high))


def _limit(chance: Chance, spreads: Array, location: float, side: float, level: float) -> float:
    """Where the profile likelihood of the location falls below a level, to a thousandth or so."""
    near, far = 0.0, FARTHEST
    for away in (np.geomspace(FARTHEST / 500, FARTHEST, 25), None, None):
        tried = np.linspace(near, far, 12) if away is None else away
        inside = chance(location + side * tried[:, None], spreads).max(axis=1) > level
        if inside.all():
            return location + side * far
        first = int(inside.argmin())
        near, far = (tried[first - 1] if first else near), float(tried[first])
    return location + side * (near + far) / 2


def _error(chance: Chance, location: float, spread: float, step: float = 1e-3) -> float:
    """Standard error of the location from the curvature; the spread's only where it is not 0."""

    def at(i: int, j: int) -> float:
        return float(chance(location + i * step, spread + j * step))

    second = -(at(1, 0) - 2 * at(0, 0) + at(-1, 0)) / step**2
    if spread > 10 * step:
        cross = -(at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * step**2)
        other = -(at(0, 1) - 2 * at(0, 0) + at(0, -1)) / step**2
        second -= cross**2 / other if other > 0 else 0.0
    return float(1 / np.sqrt(second)) if second > 0 else float("inf")


def _normal(counts: Counts, mu: ArrayLike, tau: ArrayLike) -> Array:
    """Log likelihood of the binomial-normal model, by adaptive Gauss-Hermite quadrature.

    mu and tau broadcast against each other; the reports are summed over.
    """
    events, patients = counts
    at, by = (np.asarray(x, float)[..., None] for x in np.broadcast_arrays(mu, tau))
    z = np.zeros(np.broadcast_shapes(at.shape, events.shape))
    for _ in range(40):
        p = expit(at + by * z)
        step = (by * (events - patients * p) - z) / (by**2 * patients * p * (1 - p) + 1)
        z = z + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-6:
            break
    p = expit(at + by * z)
    width = np.sqrt(2 / (by**2 * patients * p * (1 - p) + 1))
    points = z[..., None] + width[..., None] * NODES
    logits = at[..., None] + by[..., None] * points
    inside = events[:, None] * logits - patients[:, None] * np.logaddexp(0, logits)
    inside += NODES**2 - points**2 / 2
    most = inside.max(axis=-1)
    sums = np.log(np.exp(inside - most[..., None]) @ WEIGHTS) + most + np.log(width)
    return np.asarray(np.sum(sums + _ways(events, patients) - 0.5 * np.log(2 * np.pi), axis=-1))


def _beta(counts: Counts, location: ArrayLike, rho: ArrayLike) -> Array:
    """Log likelihood of the beta-binomial model; rho is the correlation within a report."""
    events, patients = counts
    at, by = (np.asarray(x, float)[..., None] for x in np.broadcast_arrays(location, rho))
    size = (1 - by) / np.maximum(by, SMALLEST_RHO)
    a, b = np.maximum(expit(at) * size, 1e-12), np.maximum(expit(-at) * size, 1e-12)
    spread = betaln(events + a, patients - events + b) - betaln(a, b)
    alone = events * at - patients * np.logaddexp(0, at)
    each = np.where(by < SMALLEST_RHO, alone, spread) + _ways(events, patients)
    return np.asarray(each.sum(axis=-1))


def _ways(events: Array, patients: Array) -> Array:
    return np.asarray(gammaln(patients + 1) - gammaln(events + 1) - gammaln(patients - events + 1))


def _rates(low: float, high: float) -> Range:
    return float(expit(low)), float(expit(high))
