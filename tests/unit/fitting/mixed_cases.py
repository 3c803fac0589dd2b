"""Small studies for the tests of the mixed-effects engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from carnk.fitting.mixed.density import Samples
from carnk.fitting.mixed.population import Effect, Error, Population, Quantity
from carnk.fitting.mixed.structure import Study

Array = NDArray[np.float64]


def samples(
    day: Array, seen: Array, limit: float = -np.inf, output: Array | None = None
) -> Samples:
    """All values seen, but those below the limit."""
    low = np.where(seen < limit, -np.inf, seen)
    high = np.where(seen < limit, limit, seen)
    place = np.zeros(day.shape, np.int64) if output is None else output
    return Samples(day, low, high, place, np.ones(day.shape, bool))


def names(count: int) -> tuple[str, ...]:
    """Names of patients."""
    return tuple(f"p{i}" for i in range(count))


def line(patients: int = 12, seed: int = 5, full: bool = False, covariate: bool = False) -> Study:
    """A linear mixed model: intercept and slope differ between patients, normal error."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.linspace(0, 4, 6)[None], patients, axis=0)
    x = rng.standard_normal((patients, 1)) if covariate else np.zeros((patients, 0))
    own = np.array([5.0, -0.8]) + np.array([1.0, 0.4]) * rng.standard_normal((patients, 2))
    if covariate:
        own[:, 0] += 0.7 * x[:, 0]
    seen = own[:, :1] + own[:, 1:] * day + 0.5 * rng.standard_normal(day.shape)
    quantities = (
        Quantity("intercept", 4.0, 5.0, 5.0, 1.0, "lin"),
        Quantity("slope", -0.5, 3.0, 3.0, 0.5, "lin"),
    )
    effects = (Effect("intercept_by_x", "intercept", 0),) if covariate else ()
    population = Population(quantities, (Error("additive", (0.5,)),), effects, full=full)

    def predict(values: Array, _near: bool) -> Array:
        return values[..., :1] + values[..., 1:] * day[:, None]

    return Study(population, samples(day, seen), x, predict, names(patients))


def decay(
    patients: int = 10, seed: int = 3, kind: str = "lognormal", shared: bool = False,
    limit: float = -np.inf,
) -> Study:  # fmt: skip
    """Exponential decay; the rate may be the same in all patients."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.array([[0.5, 1, 2, 4, 7, 10.0]]), patients, axis=0)
    omega = 0.0 if shared else 0.4
    quantities = (
        Quantity("size", 80.0, 1.0, 1.0, 0.5, unit="cell/uL"),
        Quantity("rate", 0.3, 1.0, 1.0, omega, unit="1/day"),
    )
    own = np.log([100.0, 0.25]) + np.array([0.4, omega]) * rng.standard_normal((patients, 2))
    course = np.exp(own[:, :1] - np.exp(own[:, 1:]) * day)
    seen = course * np.exp(0.2 * rng.standard_normal(day.shape))
    sizes = {
        "lognormal": (0.3,),
        "proportional": (0.3,),
        "additive": (5.0,),
        "combined": (2.0, 0.2),
    }
    population = Population(quantities, (Error(kind, sizes[kind]),))

    def predict(values: Array, _near: bool) -> Array:
        size, rate = values[..., :1], values[..., 1:]
        return size * np.exp(-rate * day[:, None])

    data = samples(day, seen, limit)
    return Study(population, data, np.zeros((patients, 0)), predict, names(patients))


def with_samples(study: Study, data: Samples) -> Study:
    """The same study with other samples."""
    return replace(study, samples=data)


def numeric(function, at: Sequence[float], step: float = 1e-5) -> Array:
    """Derivative of a function by central differences."""
    at = np.asarray(at, float)
    rows = []
    for unit in np.eye(at.size):
        rows.append((function(at + step * unit) - function(at - step * unit)) / (2 * step))
    return np.array(rows)
