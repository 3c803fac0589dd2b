"""Where a patient's numbers are drawn: near its own posterior, with heavy tails and a safety net.

Seven draws of eight come from a t law around the patient's mode, or around the mean of earlier
draws; the others come from the population, so that no part of a posterior is out of reach. The
points come from a scrambled Sobol sequence that stays the same from round to round, so that
likelihoods are smooth functions of the population.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import chi2, norm, qmc

from .modes import Modes
from .population import Values
from .structure import Study

Array = NDArray[np.float64]
FREEDOM = 8.0  # degrees of freedom of the t law
WIDER = 1.1  # than the curvature at the mode, or the weighted draws, say
KEPT = 0.1  # of a proposal's covariance when it adapts to its draws
ENOUGH = 5.0  # effective draws for each number, to take a covariance from them
SHARE = 8  # one draw of so many comes from the population
HALF_LOG_2PI = 0.9189385332046727


@dataclass(frozen=True)
class Proposal:
    """center (patients, random) and root (patients, random, random): of the t law, with the lower
    Cholesky factor of its scale. middle (patients, random) and chol: of the population."""

    center: Array
    root: Array
    middle: Array
    chol: Array

    def draw(self, points: Array) -> tuple[Array, Array]:
        """Numbers (patients, draws, random) for points of the unit cube, and their log law."""
        size = self.center.shape[1]
        normal = norm.ppf(points[..., :size])
        stretch = np.sqrt(FREEDOM / chi2.ppf(points[..., size], FREEDOM))
        z = normal * stretch[..., None]
        numbers = self.center[:, None] + np.einsum("nrs,nks->nkr", self.root, z)
        wide = slice(points.shape[1] // SHARE)  # a stride would break the sequence's balance
        numbers[:, wide] = self.middle[:, None] + normal[:, wide] @ self.chol.T
        return numbers, self.log_law(numbers)

    def log_law(self, numbers: Array) -> Array:
        """The log density with which numbers are drawn."""
        size = numbers.shape[-1]
        away = numbers - self.center[:, None]
        squares = ((away @ np.swapaxes(np.linalg.inv(self.root), 1, 2)) ** 2).sum(axis=-1)
        half = np.log(np.einsum("nii->ni", self.root)).sum(axis=1)
        constant = gammaln((FREEDOM + size) / 2) - gammaln(FREEDOM / 2)
        constant -= 0.5 * size * np.log(FREEDOM * np.pi)
        near = constant - half[:, None]
        near = near - 0.5 * (FREEDOM + size) * np.log1p(squares / FREEDOM)
        wide = log_normal(self.chol, whiten(self.chol, numbers - self.middle[:, None]))
        return np.asarray(np.logaddexp(near + np.log1p(-1 / SHARE), wide - np.log(SHARE)))


def whiten(chol: Array, away: Array) -> Array:
    """Differences (..., random) in units of a normal law's own axes."""
    return np.asarray(away @ np.linalg.inv(chol).T)


def log_normal(chol: Array, whitened: Array) -> Array:
    """Log density of a normal law."""
    half = np.log(np.diag(chol)).sum() + len(chol) * HALF_LOG_2PI
    return np.asarray(-0.5 * (whitened**2).sum(axis=-1) - half)


def base_points(patients: int, draws: int, random: int, seed: int) -> Array:
    """Points of a scrambled Sobol sequence for every patient, (patients, draws, random + 1)."""
    children = np.random.SeedSequence(seed).spawn(patients)
    points = [
        qmc.Sobol(random + 1, rng=np.random.default_rng(child)).random(draws) for child in children
    ]
    return np.asarray(np.clip(points, 1e-12, 1 - 1e-12))


def around_modes(study: Study, modes: Modes, values: Values) -> Proposal:
    """As wide as the curvature at the modes says."""
    random = study.population.random
    root = np.linalg.cholesky(np.linalg.inv(modes.curvature)) * WIDER
    middle = study.population.centers(values, study.covariates)[:, random]
    return Proposal(modes.scaled[:, random], root, middle, values.chol)


def around_draws(
    study: Study, numbers: Array, weights: Array, before: Proposal, values: Values
) -> Proposal:
    """With mean and covariance of weighted draws, flattened where few of them count."""
    weights = tempered(weights, ENOUGH * (numbers.shape[-1] + 1))
    mean = np.einsum("nk,nkr->nr", weights, numbers)
    away = numbers - mean[:, None]
    covariance = np.einsum("nk,nkr,nks->nrs", weights, away, away)
    old = before.root @ np.swapaxes(before.root, 1, 2)
    mixed = KEPT * old + (1 - KEPT) * covariance * WIDER**2
    middle = study.population.centers(values, study.covariates)[:, study.population.random]
    return Proposal(mean, np.linalg.cholesky(mixed), middle, values.chol)


def tempered(weights: Array, wanted: float) -> Array:
    """Weights raised to the largest power up to 1 that leaves `wanted` effective draws."""
    logs = np.log(np.maximum(weights, 1e-300))
    logs -= logs.max(axis=1, keepdims=True)

    def effective(power: Array) -> Array:
        trial = np.exp(power[:, None] * logs)
        return np.asarray(trial.sum(axis=1) ** 2 / (trial**2).sum(axis=1))

    high = np.ones(len(logs))
    low = np.where(effective(high) >= wanted, 1.0, 0.0)
    for _ in range(20):
        middle = 0.5 * (low + high)
        enough = effective(middle) >= wanted
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    trial = np.exp(low[:, None] * logs)
    return np.asarray(trial / trial.sum(axis=1, keepdims=True))
