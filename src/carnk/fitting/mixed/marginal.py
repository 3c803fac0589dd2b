"""The marginal likelihood of the population, by importance sampling.

Every patient's numbers are drawn once and the courses solved once. The likelihood of any population
near by is then a sum over these draws, without solving anything; its gradient is exact for the sum
(Fisher's identity).

Numbers that all patients share are not drawn: courses are expanded in them, to first order of the
logarithm, around the value at which they were solved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .density import LEAST
from .population import Values
from .proposal import Proposal, log_normal, whiten
from .structure import Study
from .sums import Sums, general_density, log_density, log_density_alone, sums_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """Numbers of all patients with their courses.

    numbers: (patients, draws, random), on their scale. shared: (shared,), of all patients. log_law:
    (patients, draws), of the law they come from. course: (patients, draws, most). by_shared:
    (patients, draws, most, shared), of the logarithm. sums: of the log densities, () where they
    have to be made anew each time.
    """

    numbers: Array
    shared: Array
    log_law: Array
    course: Array
    by_shared: Array
    sums: Sums

    def moved(self, shared: Array) -> Array:
        """Courses at other values of the numbers that all share."""
        if not shared.size:
            return self.course
        change = self.by_shared @ (shared - self.shared)
        return np.asarray(self.course * np.exp(np.clip(change, -30, 30)))


def sample(study: Study, proposal: Proposal, points: Array, values: Values) -> Draws:
    """Draws from the proposal with their courses; draws that cannot be solved get no weight."""
    numbers, log_law = proposal.draw(points)
    shared = values.mean[study.population.shared]
    course, by_shared = _solved(study, numbers, shared)
    broken = ~np.isfinite(course).all(axis=-1)
    course[broken] = 1.0
    sums = () if shared.size else sums_of(study.kinds, study.samples, course)
    return Draws(numbers, shared, np.where(broken, np.inf, log_law), course, by_shared, sums)


def solved_anew(study: Study, draws: Draws, shared: Array) -> Draws:
    """The same draws with courses solved at other values of the numbers that all share."""
    population = study.population
    scaled = np.empty((*draws.numbers.shape[:2], len(population.quantities)))
    scaled[..., population.random] = draws.numbers
    scaled[..., population.shared] = shared
    course = study.courses(scaled)
    broken = ~np.isfinite(course).all(axis=-1)
    course[broken] = 1.0
    log_law = np.where(broken, np.inf, draws.log_law)
    sums = sums_of(study.kinds, study.samples, course)
    return Draws(draws.numbers, shared, log_law, course, 0 * draws.by_shared, sums)


def _solved(study: Study, numbers: Array, shared: Array) -> tuple[Array, Array]:
    population = study.population
    scaled = np.empty((*numbers.shape[:2], len(population.quantities)))
    scaled[..., population.random] = numbers
    scaled[..., population.shared] = shared
    course = study.courses(scaled)
    by_shared = np.zeros((*course.shape, shared.size))
    if shared.size:
        for k in range(numbers.shape[1]):
            f, slope = study.slopes(scaled[:, k], population.shared)
            share = np.sign(f) / np.maximum(np.abs(f), LEAST)
            by_shared[:, k] = np.nan_to_num(slope * share[..., None])
    return course, by_shared


@dataclass(frozen=True)
class Marginal:
    """Marginal log likelihood by patient, with its gradient by theta and the weights of draws.

    by_patient: (patients,). gradient: (entries of theta,). weights: (patients, draws), sum 1.
    """

    by_patient: Array
    gradient: Array
    weights: Array

    @property
    def total(self) -> float:
        """The log likelihood."""
        return float(self.by_patient.sum())

    @property
    def effective(self) -> Array:
        """Effective number of draws of every patient."""
        return np.asarray(1 / (self.weights**2).sum(axis=1))

    @property
    def log_error(self) -> float:
        """Standard error of the log likelihood; the points are spread better than at random, so
        that it is smaller."""
        draws = self.weights.shape[1]
        return float(np.sqrt(((draws * (self.weights**2).sum(axis=1) - 1) / draws).sum()))


@dataclass(frozen=True)
class _Terms:
    """What a likelihood is made of: values of theta, whitened numbers, log weights of draws, and
    derivatives of the log densities by errors and by logarithms of courses."""

    values: Values
    whitened: Array
    log_weight: Array
    by_errors: list[tuple[Array, Array]]
    by_log: Array


def log_marginal(study: Study, draws: Draws, theta: Array) -> float:
    """The marginal log likelihood alone."""
    values = study.population.take_apart(theta)
    course = draws.moved(values.mean[study.population.shared])
    sums = draws.sums or sums_of(study.kinds, study.samples, course)
    if sums:
        likelihood = log_density_alone(sums, values.errors)
    else:
        likelihood = general_density(study.kinds, study.samples, values.errors, course)[0]
    log_weight = likelihood + _log_numbers(study, draws, values)[1] - draws.log_law
    by_patient = _log_sum(log_weight)
    return float(by_patient.sum() - len(by_patient) * np.log(log_weight.shape[1]))


def _log_numbers(study: Study, draws: Draws, values: Values) -> tuple[Array, Array]:
    """Numbers of patients, whitened, and their log density in the population."""
    middle = study.population.centers(values, study.covariates)[:, study.population.random]
    whitened = whiten(values.chol, draws.numbers - middle[:, None])
    return whitened, log_normal(values.chol, whitened)


def _log_sum(logs: Array) -> Array:
    """Logarithm of the sum of exponentials over draws."""
    top = np.maximum(logs.max(axis=1), -1e300)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(np.exp(logs - top[:, None]).sum(axis=1)))


def marginal(study: Study, draws: Draws, theta: Array) -> Marginal:
    """The marginal log likelihood at theta, from draws made near by, with its gradient."""
    terms = _terms(study, draws, theta)
    by_patient = _log_sum(terms.log_weight)
    weights = np.exp(terms.log_weight - by_patient[:, None])
    by_shared = np.zeros(0)
    if draws.shared.size:
        by_shared = np.einsum("nk,nkm,nkms->s", weights, terms.by_log, draws.by_shared)
    gradient = [
        *_by_means(study, terms, weights, by_shared),
        _by_omegas(study, terms, theta, weights),
        _by_errors(study, weights, terms.by_errors),
    ]
    by_patient = by_patient - np.log(weights.shape[1])
    return Marginal(by_patient, np.concatenate(gradient), weights)


def _terms(study: Study, draws: Draws, theta: Array) -> _Terms:
    population = study.population
    values = population.take_apart(theta)
    by_log = np.zeros(0)
    if draws.sums:
        likelihood, by_errors = log_density(draws.sums, values.errors)
    else:
        course = draws.moved(values.mean[population.shared])
        likelihood, by_errors, slope = general_density(
            study.kinds, study.samples, values.errors, course
        )
        by_log = slope * course
    whitened, law = _log_numbers(study, draws, values)
    return _Terms(values, whitened, likelihood + law - draws.log_law, by_errors, by_log)


def _by_means(study: Study, terms: _Terms, weights: Array, by_shared: Array) -> tuple[Array, Array]:
    """By typical numbers and by effects of covariates."""
    population = study.population
    mean = (weights[:, None] @ terms.whitened)[:, 0]
    pull = np.linalg.solve(terms.values.chol.T, mean.T).T
    by_mean = np.zeros(len(population.quantities))
    by_mean[population.random] = pull.sum(axis=0)
    by_mean[population.shared] = by_shared
    places = {population.quantities[i].name: k for k, i in enumerate(population.random)}
    by_effect = [
        pull[:, places[e.quantity]] @ study.covariates[:, e.column] for e in population.effects
    ]
    return by_mean, np.array(by_effect, float)


def _by_omegas(study: Study, terms: _Terms, theta: Array, weights: Array) -> Array:
    """By the logarithms of omegas, then by the entries of the correlations."""
    population, values = study.population, terms.values
    flat = terms.whitened.reshape(-1, terms.whitened.shape[-1])
    squares = (flat * weights.reshape(-1, 1)).T @ flat
    by_chol = np.linalg.solve(values.chol.T, squares)
    by_chol -= len(weights) * np.diag(1 / np.diag(values.chol))
    by_omega = (by_chol * values.chol).sum(axis=1)
    corr, length = population.correlation(theta[population.blocks[3]])
    by_corr = []
    for i, j in population.pairs:
        turn = -corr[i] * corr[i, j]
        turn[j] += 1
        by_corr.append(values.omega[i] * (by_chol[i, : i + 1] @ turn[: i + 1]) / length[i])
    return np.concatenate([by_omega, by_corr])


def _by_errors(study: Study, weights: Array, by_errors: list[tuple[Array, Array]]) -> Array:
    """By the logarithms of the errors' sizes."""
    parts = [
        (weights * slopes[k]).sum()
        for error, slopes in zip(study.population.errors, by_errors)
        for k in range(len(error.sizes))
    ]
    return np.array(parts, float)
