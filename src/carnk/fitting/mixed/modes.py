"""Conditional modes: the most likely numbers of every patient, given the population.

All patients are improved together by damped Gauss-Newton steps (Levenberg-Marquardt); a patient's
damping is its own. The curvature is that of FOCE with interaction: expected information of samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .density import densities
from .population import Values
from .structure import Study

Array = NDArray[np.float64]
MOST_STEPS = 60
ENOUGH = 1e-10  # of what a further step promises to add to a log posterior


@dataclass(frozen=True)
class Modes:
    """scaled: (patients, numbers), on their scale. curvature: (patients, random, random), of minus
    the log posterior. likelihood: (patients,), of the samples alone; prior: of the mode.
    course: (patients, most)."""

    scaled: Array
    curvature: Array
    likelihood: Array
    prior: Array
    course: Array

    @property
    def laplace(self) -> Array:
        """Laplace's approximation of every patient's marginal log likelihood."""
        size = self.curvature.shape[-1]
        half = 0.5 * np.linalg.slogdet(self.curvature)[1] if size else 0.0
        return np.asarray(self.likelihood + self.prior - half + 0.5 * size * np.log(2 * np.pi))


@dataclass
class _Point:
    scaled: Array
    score: Array
    likelihood: Array
    prior: Array
    pull: Array
    curvature: Array
    course: Array

    def take(self, other: _Point, rows: NDArray[np.bool_]) -> None:
        for name, value in vars(self).items():
            value[rows] = getattr(other, name)[rows]


def conditional_modes(study: Study, values: Values, start: Array | None = None) -> Modes:
    """Modes of all patients; start: (patients, numbers) to begin from, else the typical numbers.

    A patient whose course cannot be solved keeps a likelihood of minus infinity.
    """
    population = study.population
    center = population.centers(values, study.covariates)
    scaled = center.copy() if start is None else start.copy()
    scaled[:, population.shared] = center[:, population.shared]
    at = _look(study, values, center, scaled)
    if start is not None:
        fresh = _look(study, values, center, center)
        at.take(fresh, ~(at.score >= fresh.score))
    random = population.random
    damping = np.full(len(scaled), 1e-3)
    active = np.full(len(scaled), bool(len(random)))
    for _ in range(MOST_STEPS):
        diagonal = np.einsum("nii->ni", at.curvature)
        damped = at.curvature + (damping[:, None] * diagonal)[:, None] * np.eye(len(random))
        step = np.linalg.solve(damped, at.pull[..., None])[..., 0]
        active &= (step * at.pull).sum(axis=1) > ENOUGH
        if not active.any():
            break
        tried = at.scaled.copy()
        tried[:, random] += np.where(active[:, None], np.clip(step, -3, 3), 0.0)
        new = _look(study, values, center, tried)
        better = active & (new.score >= at.score)
        at.take(new, better)
        damping = np.where(better, damping / 5, damping * 6)
        active &= damping < 1e10
    return Modes(at.scaled, at.curvature, at.likelihood, at.prior, at.course)


def _look(study: Study, values: Values, center: Array, scaled: Array) -> _Point:
    """Log posterior, its gradient and curvature, of all patients."""
    random = study.population.random
    course, slope = study.slopes(scaled, random)
    solved = np.isfinite(course).all(axis=1) & np.isfinite(slope).all(axis=(1, 2))
    course, slope = np.nan_to_num(course), np.nan_to_num(slope)
    d = densities(study.kinds, values.errors, study.samples, course)
    away = scaled[:, random] - center[:, random]
    half = np.log(np.diag(values.chol)).sum() + 0.5 * len(random) * np.log(2 * np.pi)
    prior = -0.5 * (np.linalg.solve(values.chol, away.T) ** 2).sum(axis=0) - half
    precision = np.linalg.inv(values.chol @ values.chol.T)
    pull = np.einsum("nm,nmr->nr", d.by_course, slope) - away @ precision
    curvature = np.einsum("nm,nmr,nms->nrs", d.information, slope, slope) + precision
    likelihood = np.where(solved, d.value.sum(axis=1), -np.inf)
    likelihood = np.where(np.isnan(likelihood), -np.inf, likelihood)
    return _Point(scaled, likelihood + prior, likelihood, prior, pull, curvature, course)
