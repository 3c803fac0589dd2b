"""Does the fit describe the data? Residuals, shrinkage, courses simulated from the population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from .density import spread
from .estimate import Estimate
from .modes import Modes, conditional_modes
from .structure import Study

Array = NDArray[np.float64]
REPLICATES = 300  # of the whole study
BINS = 10
BAND = (5.0, 50.0, 95.0)  # percentiles


@dataclass(frozen=True)
class Individuals:
    """Conditional modes and what they say.

    scaled: (patients, numbers). sd: (patients, random), of the mode. population_course, course:
    (patients, most), at typical and at own numbers. iwres: (patients, most), NaN where no value was
    seen. eta_shrinkage: (random,). error_shrinkage: (outputs,).
    """

    scaled: Array
    sd: Array
    population_course: Array
    course: Array
    iwres: Array
    eta_shrinkage: Array
    error_shrinkage: Array


def individuals(found: Estimate) -> Individuals:
    """Of all patients, at the estimate."""
    study = found.surface.study
    population = study.population
    values = population.take_apart(found.theta)
    modes: Modes = conditional_modes(study, values, found.surface.modes)
    center = population.centers(values, study.covariates)
    typical = study.courses(center[:, None])[:, 0]
    iwres = _residuals(study, values.errors, modes.course)
    eta = modes.scaled[:, population.random] - center[:, population.random]
    errors = [
        1 - float(np.nanstd(iwres[study.samples.output == place], ddof=0))
        if (study.samples.seen & (study.samples.output == place)).sum() > 1 else np.nan
        for place in range(len(population.errors))
    ]  # fmt: skip
    variance = np.einsum("nii->ni", np.linalg.inv(modes.curvature))
    return Individuals(
        modes.scaled, np.sqrt(variance), typical, modes.course, iwres,
        1 - eta.std(axis=0) / values.omega, np.array(errors),
    )  # fmt: skip


def _residuals(study: Study, errors: Array, course: Array) -> Array:
    """(value - course) / standard deviation of the error, on its scale."""
    found = np.full(course.shape, np.nan)
    for place, kind in enumerate(study.kinds):
        location, scale, _ = spread(kind, errors[place], course)
        seen = np.where(study.samples.seen, study.samples.low, 1.0)
        z = ((np.log(seen) if kind == "lognormal" else seen) - location) / scale
        np.copyto(found, z, where=study.samples.seen & (study.samples.output == place))
    return found


def simulated(found: Estimate, seed: int = 1, replicates: int = REPLICATES) -> Array:
    """Samples of studies drawn at the estimate, (replicates, patients, most); NaN: unsolved."""
    study = found.surface.study
    population = study.population
    values = population.take_apart(found.theta)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 3]))
    center = population.centers(values, study.covariates)
    scaled = np.repeat(center[:, None], replicates, axis=1)
    normal = rng.standard_normal((*scaled.shape[:2], len(population.random)))
    scaled[..., population.random] += normal @ values.chol.T
    course = study.courses(scaled)
    noise = rng.standard_normal(course.shape)
    seen = np.full(course.shape, np.nan)
    for place, kind in enumerate(study.kinds):
        location, scale, _ = spread(kind, values.errors[place], course)
        value = location + scale * noise
        mine = study.samples.used & (study.samples.output == place)
        with np.errstate(over="ignore"):
            value = np.exp(value) if kind == "lognormal" else value
        np.copyto(seen, value, where=mine[:, None])
    return np.swapaxes(seen, 0, 1)


def npde(study: Study, draws: Array, seed: int = 1) -> Array:
    """Normalized prediction distribution errors, (patients, most); NaN for padding.

    A sample below the limit stands at a random place of the part of its law below the limit, as
    Nguyen, Comets and Mentre (2012) do. Decorrelated by the Cholesky factor of the simulated
    covariance of the patient's samples.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 4]))
    found = np.full(study.samples.low.shape, np.nan)
    for i in range(len(found)):
        used = study.samples.used[i]
        drawn = draws[:, i, used]
        drawn = drawn[np.isfinite(drawn).all(axis=1)]
        if len(drawn) < 50:
            continue
        low, high = study.samples.low[i, used], study.samples.high[i, used]
        seen = np.where(low == high, low, _within(rng, drawn, low, high))
        found[i, used] = _scores(drawn, seen)
    return found


def _within(rng: np.random.Generator, drawn: Array, low: Array, high: Array) -> Array:
    """A random place between two ends by the simulated law of every sample."""
    ordered = np.sort(drawn, axis=0)
    edges = [
        np.array([np.searchsorted(c, e) for c, e in zip(ordered.T, ends)]) for ends in (low, high)
    ]
    share = edges[0] + rng.random(len(low)) * np.maximum(edges[1] - edges[0], 1e-9)
    place = np.clip(share.astype(int), 0, len(ordered) - 1)
    return np.asarray(np.clip(ordered[place, np.arange(len(low))], low, high))


def _scores(drawn: Array, seen: Array) -> Array:
    mean = drawn.mean(axis=0)
    covariance = np.atleast_2d(np.cov(drawn.T))
    ridge = 1e-10 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    root = np.linalg.cholesky(covariance + ridge)
    own = np.linalg.solve(root, seen - mean)
    others = np.linalg.solve(root, (drawn - mean).T).T
    share = (others < own).mean(axis=0)
    edge = 0.5 / len(drawn)
    return np.asarray(norm.ppf(np.clip(share, edge, 1 - edge)))


@dataclass(frozen=True)
class Check:
    """A visual predictive check of one output, by bins of time.

    day: (bins,), the median. seen: (percentiles, bins). band: (percentiles, bins, 3), 2.5, 50 and
    97.5 % of the simulated percentile. below, below_band: share of samples below their limit,
    (bins,) and (bins, 3).
    """

    day: Array
    seen: Array
    band: Array
    below: Array
    below_band: Array


def visual_check(study: Study, draws: Array, output: int) -> Check:
    """Percentiles of the samples beside those of simulated studies; what is below its limit counts
    as the limit in both."""
    mine = study.samples.used & (study.samples.output == output)
    day, high = study.samples.day[mine], study.samples.high[mine]
    limit = np.where(study.samples.seen[mine], -np.inf, high)
    least = limit[np.isfinite(limit)].min() if np.isfinite(limit).any() else -np.inf
    simulated_values = np.maximum(np.nan_to_num(draws[:, mine], nan=least), least)
    edges = np.unique(np.quantile(day, np.linspace(0, 1, BINS + 1)))
    place = np.clip(np.searchsorted(edges, day, side="right") - 1, 0, max(len(edges) - 2, 0))
    rows = [place == k for k in np.unique(place)]
    seen = np.array([np.percentile(np.maximum(high[r], least), BAND) for r in rows]).T
    each = np.array([np.percentile(simulated_values[:, r], BAND, axis=1) for r in rows])
    band = np.percentile(each, (2.5, 50, 97.5), axis=2)
    share = np.array([np.isfinite(limit[r]).mean() for r in rows])
    shares = np.array([(simulated_values[:, r] <= least).mean(axis=1) for r in rows])
    return Check(
        np.array([np.median(day[r]) for r in rows]), seen, np.transpose(band, (2, 1, 0)),
        share, np.percentile(shares, (2.5, 50, 97.5), axis=1).T,
    )  # fmt: skip
