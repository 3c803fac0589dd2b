"""The posterior of the population, by adaptive importance sampling; profiles of single entries.

Rounds of draws from a t law that adapts to the weighted draws so far; all draws count in the end,
weighed against the mixture of all rounds' laws (AMIS, arXiv 0907.1254).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

from ...base import Problem, SolveError
from .estimate import Estimate, Surface, best
from .marginal import log_marginal, solved_anew

Array = NDArray[np.float64]
FEWEST, MOST, PER_ROUND = 3, 12, 300  # rounds, and draws of each
FREEDOM = 6.0
LEAST_EFFECTIVE, ENOUGH = 100.0, 500.0  # independent draws, to be told at all and to stop at
KEPT = 1000  # draws of the posterior that are handed on
GRID, REACH = 11, 3.0  # points of a profile, and standard errors that it reaches to each side
AS_WIDE = 0.8  # posterior spread over prior spread from which a number is not identified
NEARLY_FLAT = 1.92  # half the 95 % point of chi-squared with one degree of freedom


@dataclass(frozen=True)
class Posterior:
    """theta: (draws, entries), equally likely. effective: number of independent draws behind them.
    width: spread over that of the prior, by entry."""

    theta: Array
    effective: float
    width: Array

    @property
    def identified(self) -> NDArray[np.bool_]:
        """Whether the data narrow an entry."""
        return np.asarray(self.width < AS_WIDE)

    def interval(self) -> tuple[Array, Array, Array]:
        """2.5 %, 50 % and 97.5 % points of every entry."""
        low, middle, high = np.percentile(self.theta, (2.5, 50, 97.5), axis=0)
        return low, middle, high


def posterior(
    found: Estimate, seed: int = 1, progress: Callable[[int, int], None] = lambda done, of: None
) -> Posterior:
    """Draws of the posterior around an estimate.

    Raises SolveError if fewer than 100 independent draws stand behind them after all rounds.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    center, covariance = found.theta, found.covariance
    laws: list[tuple[Array, Array]] = []
    draws, values = np.empty((0, center.size)), np.empty(0)
    effective = 0.0
    for round_ in range(MOST):
        laws.append((center, np.asarray(np.linalg.cholesky(covariance), np.float64)))
        new = _draw(rng, *laws[-1])
        draws = np.concatenate([draws, new])
        values = np.concatenate([values, [_value(found.surface, theta) for theta in new]])
        law = logsumexp([_log_law(draws, *each) for each in laws], axis=0) - np.log(len(laws))
        weights = np.exp(values - law - logsumexp(values - law))
        effective = float(1 / (weights**2).sum())
        progress(round_ + 1, MOST)
        if round_ + 1 >= FEWEST and effective >= ENOUGH:
            break
        center, covariance = _moments(draws, weights, covariance)
    if effective < LEAST_EFFECTIVE:
        what = f"the posterior rests on {effective:.0f} independent draws only"
        raise SolveError(Problem("fit", what, "Fit fewer numbers or narrow their priors."))
    places = (np.arange(KEPT) + rng.random()) / KEPT
    chosen = np.searchsorted(np.cumsum(weights) / weights.sum(), places)
    theta = draws[rng.permutation(np.minimum(chosen, len(draws) - 1))]
    return Posterior(theta, effective, theta.std(axis=0) / _prior_spread(found))


def _value(surface: Surface, theta: Array) -> float:
    value = surface.height(theta)
    return value if np.isfinite(value) else -np.inf


def _draw(rng: np.random.Generator, center: Array, root: Array) -> Array:
    normal = rng.standard_normal((PER_ROUND, center.size))
    stretch = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, PER_ROUND))
    return np.asarray(center + (normal * stretch[:, None]) @ root.T)


def _log_law(draws: Array, center: Array, root: Array) -> Array:
    squares = (np.linalg.solve(root, (draws - center).T) ** 2).sum(axis=0)
    size = center.size
    constant = gammaln((FREEDOM + size) / 2) - gammaln(FREEDOM / 2) - np.log(np.diag(root)).sum()
    constant -= 0.5 * size * np.log(FREEDOM * np.pi)
    return np.asarray(constant - 0.5 * (FREEDOM + size) * np.log1p(squares / FREEDOM))


def _moments(draws: Array, weights: Array, before: Array) -> tuple[Array, Array]:
    """Weighted mean and covariance, held near the earlier one while few draws count."""
    mean = weights @ draws
    away = draws - mean
    covariance = (away * weights[:, None]).T @ away
    effective = 1 / (weights**2).sum()
    trust = effective / (effective + 5 * draws.shape[1])
    return mean, trust * covariance + (1 - trust) * before


def _prior_spread(found: Estimate) -> Array:
    """Standard deviations of the prior: of two half-normals that meet."""
    _, below, above = found.surface.study.population.prior
    variance = (1 - 2 / np.pi) * (above - below) ** 2 + above * below
    return np.asarray(np.sqrt(variance))


def expansion_error(found: Estimate, drawn: Posterior) -> float:
    """How far the log likelihood is off where a number that all share is not where it was solved.

    The largest difference at the 16 and 84 % points of each such number; 0 if there is none.
    """
    surface = found.surface
    study, worst = surface.study, 0.0
    for place in study.population.shared:
        for end in np.percentile(drawn.theta[:, place], (16.0, 84.0)):
            theta = found.theta.copy()
            theta[place] = end
            anew = solved_anew(study, surface.draws, theta[study.population.shared])
            exact = log_marginal(study, anew, theta)
            worst = max(worst, abs(log_marginal(study, surface.draws, theta) - exact))
    return worst


@dataclass(frozen=True)
class Profile:
    """The best log posterior over all other entries, without the prior of this one, on a grid.

    It is what the data (and the priors of the others) say of the entry; less its maximum.
    """

    name: str
    grid: Array
    value: Array

    @property
    def closed(self) -> bool:
        """Whether it falls to the 95 % line on both sides."""
        return bool(self.value[0] < -NEARLY_FLAT and self.value[-1] < -NEARLY_FLAT)


def profile(found: Estimate, name: str) -> Profile:
    """The profile of an entry of theta, three standard errors to each side."""
    population = found.surface.study.population
    place = population.names.index(name)
    error = min(found.standard_errors[place], _prior_spread(found)[place])
    grid = found.theta[place] + np.linspace(-REACH, REACH, GRID) * error
    wide = np.full(found.theta.size, np.inf)
    values = np.empty(GRID)
    for side in (range(GRID // 2, GRID), range(GRID // 2, -1, -1)):
        theta = found.theta
        for k in side:
            theta, values[k] = best(found.surface, theta, wide, (place, float(grid[k])))
    values -= _own_prior(found, place, grid)
    return Profile(name, grid, values - values.max())


def _own_prior(found: Estimate, place: int, grid: Array) -> Array:
    """Log prior of one entry on a grid, up to a constant."""
    middle, below, above = (each[place] for each in found.surface.study.population.prior)
    return np.asarray(-0.5 * ((grid - middle) / np.where(grid < middle, below, above)) ** 2)
