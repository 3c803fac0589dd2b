"""The population: typical numbers, effects of covariates, differences between patients, errors.

All that is estimated stands in one vector `theta` without bounds: typical numbers on their scale
(logarithms where it is 'log'), effects of covariates, logarithms of the standard deviations between
patients, correlations (where asked for), logarithms of the errors of measurement. Every entry has a
prior of two half-normals that meet at its middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
from numpy.typing import NDArray

from .density import KINDS

Array = NDArray[np.float64]
OMEGA_SD, SIGMA_SD = 0.8, 0.8  # of the logarithms: 95 % within a factor of 4.8
EFFECT_SD = 1.0
CORRELATION_SD = 0.7
BEYOND = 8.0  # standard deviations of the prior: as far as an estimate may wander


@dataclass(frozen=True)
class Quantity:
    """A number of the model that is estimated.

    value: middle of its prior and start, on the natural scale. below, above: standard deviations of
    the prior's two sides, on the scale. omega: middle of the prior of the standard deviation
    between patients on the scale; 0 for a number that all patients share. scale: 'log' or 'lin'.
    """

    name: str
    value: float
    below: float
    above: float
    omega: float = 0.0
    scale: str = "log"
    unit: str = "1"

    @property
    def middle(self) -> float:
        """The middle of the prior on the scale."""
        return log(self.value) if self.scale == "log" else self.value


@dataclass(frozen=True)
class Effect:
    """A covariate on a number: `column` of the covariate table times a coefficient, added on the
    scale of the number. A power of a continuous covariate is its logarithm over its median."""

    name: str
    quantity: str
    column: int


@dataclass(frozen=True)
class Error:
    """The error of measurement of one output; `sizes` are the middles of the priors.

    kind: 'proportional' (share of the value), 'additive' (in its unit), 'combined' (additive, then
    proportional; variances add) or 'lognormal' (standard deviation of the logarithm).
    """

    kind: str
    sizes: tuple[float, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the sizes."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class Values:
    """`theta` taken apart: mean (numbers,), effects, chol (random, random), errors (outputs, 2)."""

    mean: Array
    effects: Array
    omega: Array
    chol: Array
    errors: Array


@dataclass(frozen=True)
class Population:
    """What is estimated. `full` asks for correlations between patients' numbers."""

    quantities: tuple[Quantity, ...]
    errors: tuple[Error, ...]
    effects: tuple[Effect, ...] = ()
    outputs: tuple[str, ...] = ("",)
    full: bool = False

    @cached_property
    def random(self) -> NDArray[np.int64]:
        """Places of the numbers that differ between patients."""
        return np.array([i for i, q in enumerate(self.quantities) if q.omega > 0], np.int64)

    @cached_property
    def shared(self) -> NDArray[np.int64]:
        """Places of the numbers that all patients share."""
        return np.array([i for i, q in enumerate(self.quantities) if q.omega <= 0], np.int64)

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of random numbers with a correlation."""
        return [(i, j) for i in range(len(self.random)) for j in range(i)] if self.full else []

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the entries of theta."""
        random = [self.quantities[i].name for i in self.random]
        return (
            *(q.name for q in self.quantities),
            *(e.name for e in self.effects),
            *(f"omega_{name}" for name in random),
            *(f"corr_{random[j]}_{random[i]}" for i, j in self.pairs),
            *(
                f"{part}{f'_{out}' if out else ''}"
                for out, error in zip(self.outputs, self.errors)
                for part in error.parts
            ),
        )

    @cached_property
    def blocks(self) -> tuple[slice, slice, slice, slice, slice]:
        """Where in theta: typical numbers, effects, omegas, correlations, errors."""
        sizes = [len(self.quantities), len(self.effects), len(self.random), len(self.pairs)]
        sizes.append(sum(len(e.sizes) for e in self.errors))
        ends = np.cumsum(sizes).tolist()
        a, b, c, d, e = (slice(end - size, end) for end, size in zip(ends, sizes))
        return a, b, c, d, e

    @cached_property
    def prior(self) -> tuple[Array, Array, Array]:
        """Middle, standard deviation below and above it, of every entry of theta."""
        sizes = [s for error in self.errors for s in error.sizes]
        rows = [(q.middle, q.below, q.above) for q in self.quantities]
        rows += [(0.0, EFFECT_SD, EFFECT_SD)] * len(self.effects)
        rows += [(log(self.quantities[i].omega), OMEGA_SD, OMEGA_SD) for i in self.random]
        rows += [(0.0, CORRELATION_SD, CORRELATION_SD)] * len(self.pairs)
        rows += [(log(s), SIGMA_SD, SIGMA_SD) for s in sizes]
        middle, below, above = np.array(rows, float).T
        return middle, below, above

    def log_prior(self, theta: Array) -> tuple[float, Array]:
        """Its logarithm and gradient; the two halves have one constant, so that they meet."""
        middle, below, above = self.prior
        width = np.where(theta < middle, below, above)
        z = (theta - middle) / width
        constant = np.log(np.sqrt(np.pi / 2) * (below + above)).sum()
        return float(-0.5 * z @ z - constant), -z / width

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """Draws of theta from the prior, (count, entries)."""
        middle, below, above = self.prior
        low = rng.random((count, middle.size)) < below / (below + above)
        size = np.abs(rng.standard_normal((count, middle.size)))
        return np.asarray(middle + np.where(low, -below, above) * size)

    def take_apart(self, theta: Array) -> Values:
        """The parts of theta on the scales on which they are used."""
        mean, effects, omegas, corrs, sizes = (theta[block] for block in self.blocks)
        omega = np.exp(omegas)
        errors = np.zeros((len(self.errors), 2))
        place = 0
        for row, error in zip(errors, self.errors):
            for k in range(len(error.sizes)):
                row[k] = np.exp(sizes[place])
                place += 1
        return Values(mean, effects, omega, omega[:, None] * self.correlation(corrs)[0], errors)

    def correlation(self, corrs: Array) -> tuple[Array, Array]:
        """Cholesky factor of the correlations, and the lengths of its rows before scaling."""
        size = len(self.random)
        rows = np.eye(size)
        for (i, j), value in zip(self.pairs, corrs):
            rows[i, j] = value
        length = np.sqrt((rows**2).sum(axis=1))
        return rows / length[:, None], length

    def centers(self, values: Values, covariates: Array) -> Array:
        """Typical numbers of every patient on their scale, (patients, numbers)."""
        center = np.repeat(values.mean[None], len(covariates), axis=0)
        names = [q.name for q in self.quantities]
        for effect, size in zip(self.effects, values.effects):
            center[:, names.index(effect.quantity)] += size * covariates[:, effect.column]
        return center

    def natural(self, scaled: Array) -> Array:
        """Numbers (..., numbers) from their scale to the natural one."""
        is_log = np.array([q.scale == "log" for q in self.quantities])
        return np.where(is_log, np.exp(np.where(is_log, scaled, 0.0)), scaled)
