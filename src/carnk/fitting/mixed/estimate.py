"""The most likely population, and how well it is known.

Rounds of: conditional modes, draws around them, then the best population on these draws within a
box around the last one, in which the draws can be trusted. At the end of the rounds, where nothing
moves any more, this is the maximum of the marginal likelihood times the prior.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ...base import Problem, SolveError
from .marginal import Draws, Marginal, log_marginal, marginal, sample
from .modes import conditional_modes
from .population import Population
from .proposal import Proposal, around_draws, around_modes, base_points
from .structure import Study

Array = NDArray[np.float64]
MOST_ROUNDS = 60
BOX = 0.7  # standard deviations between patients, or logarithm of a size, per round
COARSE = 0.1  # as much as an entry of theta may still move before draws adapt
STILL = 0.02  # of its standard error: as much as an entry of theta may still move at the end
FINER = 4  # times the draws, in the end
LEAST_EFFECTIVE = 20.0  # draws that may have to carry the weight of a patient
FLAT = 1e-4  # least curvature: an entry as wide as a hundred is not known


@dataclass(frozen=True)
class Settings:
    """draws: of every patient, a power of two. seed: of the points they come from."""

    draws: int = 256
    seed: int = 1
    use_prior: bool = True


@dataclass(frozen=True)
class Surface:
    """Draws on which the log posterior can be read near the population they were made for.

    modes: (patients, numbers), those that draws were first made around.
    """

    study: Study
    draws: Draws
    proposal: Proposal
    modes: Array
    use_prior: bool = True

    def marginal(self, theta: Array) -> Marginal:
        """The marginal log likelihood at theta."""
        return marginal(self.study, self.draws, theta)

    def height(self, theta: Array) -> float:
        """Log posterior, up to a constant."""
        prior = self.study.population.log_prior(theta)[0] if self.use_prior else 0.0
        return log_marginal(self.study, self.draws, theta) + prior

    def log_posterior(self, theta: Array) -> tuple[float, Array]:
        """Log posterior, up to a constant, with its gradient."""
        found = self.marginal(theta)
        value, slope = self.study.population.log_prior(theta)
        if not self.use_prior:
            value, slope = 0.0, np.zeros_like(slope)
        return found.total + value, found.gradient + slope

    def hessian(self, theta: Array) -> Array:
        """Second derivatives of the log posterior, by differences of its gradient."""
        step = 1e-4
        rows = []
        for i in range(theta.size):
            away = np.zeros_like(theta)
            away[i] = step
            up, down = (self.log_posterior(theta + side * away)[1] for side in (1, -1))
            rows.append((up - down) / (2 * step))
        table = np.array(rows)
        return np.asarray((table + table.T) / 2)


@dataclass(frozen=True)
class Estimate:
    """The best population.

    theta: its vector. covariance: of theta, from the curvature of the log posterior. rounds: how
    many were needed. moved: the last change of an entry, in standard errors.
    """

    theta: Array
    covariance: Array
    surface: Surface
    at_best: Marginal
    rounds: int
    moved: float

    @property
    def standard_errors(self) -> Array:
        """Of theta."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))


def best(
    surface: Surface, start: Array, width: Array, fixed: tuple[int, float] | None = None
) -> tuple[Array, float]:
    """The largest log posterior on a surface within `width` of start, one entry fixed if asked."""
    free = np.ones(start.size, bool)
    begin = start.copy()
    if fixed is not None:
        free[fixed[0]], begin[fixed[0]] = False, fixed[1]

    def loss(x: Array) -> tuple[float, Array]:
        theta = begin.copy()
        theta[free] = x
        value, slope = surface.log_posterior(theta)
        if not np.isfinite(value):
            return 1e12, np.zeros(x.size)
        return -value, -slope[free]

    middle, below, above = surface.study.population.prior
    low = np.maximum(begin - width, np.minimum(middle - 8 * below, begin))
    high = np.minimum(begin + width, np.maximum(middle + 8 * above, begin))
    found = minimize(
        loss, begin[free], jac=True, method="L-BFGS-B", bounds=list(zip(low[free], high[free])),
        options={"maxiter": 200, "ftol": 1e-12, "gtol": 1e-6},
    )  # fmt: skip
    theta = begin.copy()
    theta[free] = found.x
    return theta, -float(found.fun)


def surface_around_modes(
    study: Study, settings: Settings, points: Array, theta: Array, start: Array | None
) -> Surface:
    """Draws around the modes at theta; start: modes to begin from."""
    values = study.population.take_apart(theta)
    modes = conditional_modes(study, values, start)
    if not np.isfinite(modes.likelihood).all():
        lost = [study.ids[i] for i in np.flatnonzero(~np.isfinite(modes.likelihood))]
        what = f"the courses of these patients cannot be solved: {', '.join(lost[:5])}"
        raise SolveError(Problem("fit", what, "Start from other numbers or narrow the priors."))
    proposal = around_modes(study, modes, values)
    draws = sample(study, proposal, points, values)
    return Surface(study, draws, proposal, modes.scaled, settings.use_prior)


def adapted(surface: Surface, points: Array, theta: Array) -> Surface:
    """Draws anew, around what the old ones say at theta."""
    study, draws = surface.study, surface.draws
    values = study.population.take_apart(theta)
    weights = surface.marginal(theta).weights
    proposal = around_draws(study, draws.numbers, weights, surface.proposal, values)
    return replace(surface, draws=sample(study, proposal, points, values), proposal=proposal)


def estimate(
    study: Study,
    settings: Settings = Settings(),
    start: Array | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Estimate:
    """The population at the maximum of the posterior (of the likelihood without `use_prior`).

    First with draws around modes, then with draws that adapt to the patients' own posteriors, four
    times as many. Raises SolveError if the rounds do not settle: then there is no estimate.
    """
    population = study.population
    theta = population.prior[0].copy() if start is None else start.copy()
    points = base_points(
        len(study.ids), FINER * settings.draws, len(population.random), settings.seed
    )
    few = points[:, : settings.draws]
    modes: Array | None = None
    rounds = 0
    while True:
        surface = surface_around_modes(study, settings, few, theta, modes)
        modes = surface.modes
        step, theta = _step(surface, theta)
        rounds += 1
        progress(rounds, MOST_ROUNDS)
        if np.abs(step).max() < COARSE:
            break
        _give_up(population, rounds, step)
    while True:
        surface = adapted(surface, points, theta)
        step, theta = _step(surface, theta)
        rounds += 1
        progress(rounds, MOST_ROUNDS)
        covariance = _covariance(surface, theta)
        moved = float((np.abs(step) / np.sqrt(np.diag(covariance))).max())
        if moved < STILL:
            break
        _give_up(population, rounds, step)
    at_best = surface.marginal(theta)
    _check_draws(study, at_best)
    return Estimate(theta, covariance, surface, at_best, rounds, moved)


def _step(surface: Surface, theta: Array) -> tuple[Array, Array]:
    new, _ = best(surface, theta, _box(surface.study, theta))
    return new - theta, new


def _give_up(population: Population, rounds: int, step: Array) -> None:
    if rounds < MOST_ROUNDS:
        return
    name = population.names[int(np.abs(step).argmax())]
    what = f"the estimate has not settled after {MOST_ROUNDS} rounds; '{name}' still moves"
    do = "Fit fewer numbers, narrow their priors, or start nearer; no numbers are given."
    raise SolveError(Problem("fit", what, do))


def _check_draws(study: Study, at_best: Marginal) -> None:
    poor = np.flatnonzero(at_best.effective < LEAST_EFFECTIVE)
    if len(poor):
        names = ", ".join(study.ids[i] for i in poor[:5])
        what = f"the likelihood of these patients rests on few draws: {names}"
        raise SolveError(Problem("fit", what, "Look at their data, or ask for more --draws."))


def _covariance(surface: Surface, theta: Array) -> Array:
    """Inverse curvature; directions that are flat or bent the other way are taken as very wide."""
    sizes, directions = np.linalg.eigh(-surface.hessian(theta))
    return np.asarray((directions / np.maximum(sizes, FLAT)) @ directions.T)


def _box(study: Study, theta: Array) -> Array:
    population = study.population
    width = np.full(theta.size, BOX)
    values = population.take_apart(theta)
    mean = width[population.blocks[0]]
    mean[:] = 0.3
    mean[population.random] = np.maximum(BOX * values.omega, 0.05)
    for i, q in enumerate(population.quantities):
        if q.scale == "lin" and q.omega <= 0:
            mean[i] = min(q.below, q.above)
    return width
