"""Maximum likelihood of a PEtab problem from several starts (maximum a posteriori with priors)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import qmc

from ...base import Problem, SolveError
from .objective import Objective

Array = NDArray[np.float64]
STARTS = 10
SAME = 0.1  # of the log likelihood: starts that end this near to the best have found it
STEEP = 0.05  # of the objective per standard error: what a maximum may still promise
AT_BOUND = 1e-6  # of the span between the bounds


@dataclass(frozen=True)
class PetabFit:
    """theta, standard_errors: (estimated,), on their scales; NaN for a parameter at a bound or in a
    flat direction. ends: objectives that the starts reached."""

    objective: Objective
    theta: Array
    log_likelihood: float
    log_prior: float
    standard_errors: Array
    at_bound: NDArray[np.bool_]
    ends: Array
    seed: int


def fit_petab(
    objective: Objective, starts: int = STARTS, seed: int = 1,
    progress: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> PetabFit:  # fmt: skip
    """The best of several local searches. SolveError if none of them ends at a maximum."""
    bounds = objective.bounds()
    if not len(bounds):
        raise SolveError(Problem(objective.petab.file, "no parameter is to be estimated"))
    points = _starts(objective, starts, seed)
    found: list[tuple[float, Array]] = []
    for k, start in enumerate(points):
        progress("starts", k, len(points))
        found.append(_search(objective, start, bounds))
    ends = np.array([value for value, _ in found])
    value, theta = found[int(np.argmax(ends))]
    if not np.isfinite(value):
        what = "at no start the model can be solved (or comes to rest, where that is asked for)"
        raise SolveError(Problem(objective.petab.file, what, "Look at nominal values and bounds."))
    span = bounds[:, 1] - bounds[:, 0]
    at_bound = np.minimum(theta - bounds[:, 0], bounds[:, 1] - theta) < AT_BOUND * span
    errors = _standard_errors(objective, theta, at_bound)
    _check_maximum(objective, theta, at_bound, errors)
    one = theta[None]
    return PetabFit(
        objective, theta, float(objective.log_likelihood(one)[0]),
        float(objective.log_prior(one)[0]), errors, at_bound, ends, seed,
    )  # fmt: skip


def _starts(objective: Objective, count: int, seed: int) -> Array:
    bounds = objective.bounds()
    cube = qmc.LatinHypercube(len(bounds), rng=np.random.default_rng(seed)).random(
        max(count - 1, 0)
    )
    drawn = bounds[:, 0] + cube * (bounds[:, 1] - bounds[:, 0])
    return np.vstack([objective.start(), drawn])


def _search(objective: Objective, start: Array, bounds: Array) -> tuple[float, Array]:
    def loss(theta: Array) -> tuple[float, Array]:
        value, slope = objective.height(theta)
        if not (np.isfinite(value) and np.isfinite(slope).all()):
            return 1e30, np.zeros_like(theta)
        return -value, -slope

    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-6},
    )  # fmt: skip
    return (-float(found.fun), found.x) if found.fun < 1e29 else (-np.inf, found.x)


def _standard_errors(objective: Objective, theta: Array, at_bound: NDArray[np.bool_]) -> Array:
    """From the curvature in the parameters that are not at a bound."""
    free = np.flatnonzero(~at_bound)
    errors = np.full(theta.size, np.nan)
    if not free.size:
        return errors
    rows = []
    for k in free:
        away = np.zeros_like(theta)
        away[k] = 1e-4
        up, down = (objective.height(theta + side * away)[1][free] for side in (1, -1))
        rows.append((up - down) / 2e-4)
    curvature = -(np.array(rows) + np.array(rows).T) / 2
    sizes, directions = np.linalg.eigh(curvature)
    if sizes.min() > 1e-8 * max(sizes.max(), 1e-300):
        errors[free] = np.sqrt(((directions**2) / sizes).sum(axis=1))
    return errors


def _check_maximum(
    objective: Objective, theta: Array, at_bound: NDArray[np.bool_], errors: Array
) -> None:
    """Refuse an end at which the objective still rises."""
    slope = objective.height(theta)[1]
    promised = np.abs(slope) * np.where(np.isfinite(errors), errors, 0.1)
    rising = np.flatnonzero(~at_bound & (promised > STEEP))
    if rising.size:
        names = ", ".join(objective.petab.estimated[k].id for k in rising)
        what = f"the search has not reached a maximum: the likelihood still rises in {names}"
        do = "Narrow the bounds or give other nominal values; no numbers are given."
        raise SolveError(Problem(objective.petab.file, what, do))
