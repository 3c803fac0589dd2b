"""Simulation-based calibration of `carnk fit` (Talts et al. 2018, arXiv 1804.06788).

Populations are drawn from the prior, patients and samples from the population, and the fit has to
give back a posterior among whose draws the truth has a uniform rank. Chi-squared of the ranks of
every estimate has to be above 1 % after Bonferroni's correction. Fits that refuse to give numbers
are counted: they are refusals of `carnk fit`, and their data stay out.

    python benchmarks/fit_calibration.py [fits] [first seed]
"""

from __future__ import annotations

import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from carnk.base import SolveError
from carnk.fitting.mixed.density import Samples
from carnk.fitting.mixed.estimate import Settings, estimate
from carnk.fitting.mixed.population import Error, Population, Quantity
from carnk.fitting.mixed.posterior import posterior
from carnk.fitting.mixed.structure import Study

Array = NDArray[np.float64]
PATIENTS, DAYS = 10, np.array([0.5, 1.0, 2.0, 4.0, 7.0, 12.0])
LIMIT = 5.0
BINS = 10
POPULATION = Population(
    (Quantity("size", 100.0, 0.7, 0.7, 0.5), Quantity("rate", 0.3, 0.5, 0.5, 0.4)),
    (Error("lognormal", (0.3,)),),
)


def predict(values: Array, _near: bool) -> Array:
    """Exponential decay."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(values[..., :1] * np.exp(-values[..., 1:] * DAYS))


def simulated_study(rng: np.random.Generator) -> tuple[Array, Study]:
    """(population, study) drawn from the prior; samples below the limit are only known to be so."""
    theta = POPULATION.draw(rng, 1)[0]
    values = POPULATION.take_apart(theta)
    normal = rng.standard_normal((PATIENTS, 2))
    own = POPULATION.natural(values.mean + normal @ values.chol.T)
    course = np.maximum(predict(own[:, None], False)[:, 0], 1e-30)
    seen = course * np.exp(values.errors[0, 0] * rng.standard_normal(course.shape))
    low, high = np.where(seen < LIMIT, -np.inf, seen), np.maximum(seen, LIMIT)
    shape = seen.shape
    day = np.broadcast_to(DAYS, shape)
    data = Samples(day, low, high, np.zeros(shape, np.int64), np.ones(shape, bool))
    names = tuple(f"p{i}" for i in range(PATIENTS))
    return theta, Study(POPULATION, data, np.zeros((PATIENTS, 0)), predict, names)


def rank(seed: int, draws: int = 256) -> Array | None:
    """Share of the posterior's draws below the truth, by estimate; None if there was no fit."""
    theta, study = simulated_study(np.random.default_rng([7, seed]))
    try:
        drawn = posterior(estimate(study, Settings(draws, seed)), seed)
    except SolveError:
        return None
    return np.asarray((drawn.theta < theta).mean(axis=0))


def uniformity(ranks: Array) -> Array:
    """p-value of chi-squared for uniform ranks (fits, estimates), by estimate."""
    counts = np.array([np.histogram(column, BINS, (0, 1))[0] for column in ranks.T])
    wanted = len(ranks) / BINS
    return np.asarray(chi2.sf(((counts - wanted) ** 2 / wanted).sum(axis=1), BINS - 1))


def main() -> None:
    """Print p-values; exit code 1 where one is below 1 % after correction."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    began = time.process_time()
    found = [rank(seed) for seed in range(first, first + count)]
    ranks = np.array([r for r in found if r is not None])
    p = uniformity(ranks)
    seconds = time.process_time() - began
    print(f"{date.today()}: {count} fits from seed {first}, {count - len(ranks)} refused,", end=" ")
    print(f"{seconds / count:.2f} s of a processor each")
    for name, column, value in zip(POPULATION.names, ranks.T, p):
        counts = np.histogram(column, BINS, (0, 1))[0]
        print(f"{name:<14} p {value:6.3f}  mean rank {column.mean():.3f}  {counts.tolist()}")
    sys.exit(0 if p.min() * len(p) > 0.01 else 1)


if __name__ == "__main__":
    main()
