"""Fit the four population numbers to Marin 2024, and say which of them the data identify."""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ..library import Number, load
from ..study import read
from .data import FITTED, ROWS, STUDY, log_likelihood, rates
from .emulator import Emulator, emulate
from .ensemble import trials
from .prior import plausible, prior

Array = NDArray[np.float64]
DESIGN_TRIALS, DESIGN_PATIENTS = 500, 400
SAMPLES = 200_000
GRID = 41
AS_WIDE = 0.8  # posterior spread over prior spread from which a number is not identified
NEARLY_FLAT = 1.92  # half the 95 % point of chi-squared with one degree of freedom


@dataclass(frozen=True)
class Fit:
    """Posterior and profiles of the fitted numbers, all on their natural scale."""

    prior: Array  # (samples, numbers)
    posterior: Array  # (samples, numbers)
    grid: Array  # (numbers, GRID), the 99 % range of the prior
    profile: Array  # (numbers, GRID), log-likelihood less its maximum
    best: Array  # (numbers,), maximum of the likelihood
    rates: Array  # (samples, rows), posterior rates of the rows
    emulator: Emulator

    def width(self) -> Array:
        """Spread of the log posterior over that of the log prior, per number."""
        return np.asarray(np.log(self.posterior).std(axis=0) / np.log(self.prior).std(axis=0))

    def identified(self) -> list[bool]:
        """Whether the data narrow a number, and its profile falls on both sides."""
        falls = [(p[0] < -NEARLY_FLAT) and (p[-1] < -NEARLY_FLAT) for p in self.profile]
        return [bool(w < AS_WIDE and f) for w, f in zip(self.width(), falls)]

    def correlations(self) -> Array:
        """Posterior correlation of the logs, (numbers, numbers)."""
        return np.asarray(np.corrcoef(np.log(self.posterior).T))


def priors() -> tuple[Number, ...]:
    """The priors of the fitted numbers, in their order."""
    return tuple(load()[f"prior_{name}"] for name in FITTED)


def calibrate(seed: int = 1, threads: int = 2) -> Fit:
    """Simulate trials over the priors, fit a surface to their rates, weigh the priors by it."""
    numbers = priors()
    design = prior(numbers, DESIGN_TRIALS, seed)
    x = _scaled(np.column_stack([design[n.id] for n in numbers]), numbers)
    study = read(STUDY)
    values = {name: design[n.id] for name, n in zip(FITTED, numbers)}
    p = np.array([rates(t) for t in trials(study, values, DESIGN_PATIENTS, threads)])
    surface = emulate(x, p)
    rng = np.random.default_rng(seed)
    u = rng.random((SAMPLES, len(numbers)))
    before = np.column_stack([plausible(n, u[:, i]) for i, n in enumerate(numbers)])
    likely = log_likelihood(surface.rates(_scaled(before, numbers)))
    chosen = rng.choice(SAMPLES, SAMPLES // 10, p=_weights(likely))
    grid, profile, best = _profiles(surface, numbers)
    after = before[chosen]
    found = surface.rates(_scaled(after, numbers))
    return Fit(before, after, grid, profile, best, found, surface)


def _weights(log_likelihoods: Array) -> Array:
    weight = np.exp(log_likelihoods - log_likelihoods.max())
    return np.asarray(weight / weight.sum())


def _scaled(values: Array, numbers: tuple[Number, ...]) -> Array:
    """Logs, in units of half the width of each prior's range."""
    ends = np.array([[log(n.range[0]), log(n.range[1])] for n in numbers if n.range])
    return np.asarray((np.log(values) - ends.mean(axis=1)) / (np.ptp(ends, axis=1) / 2))


def _unscaled(x: Array, numbers: tuple[Number, ...]) -> Array:
    ends = np.array([[log(n.range[0]), log(n.range[1])] for n in numbers if n.range])
    return np.asarray(np.exp(x * np.ptp(ends, axis=1) / 2 + ends.mean(axis=1)))


def _profiles(surface: Emulator, numbers: tuple[Number, ...]) -> tuple[Array, Array, Array]:
    """For each value of one number the best likelihood over the others, within the priors."""
    count = len(numbers)
    line = np.linspace(-1, 1, GRID)

    def loss(free: Array, fixed: int, at: float) -> float:
        return -float(log_likelihood(surface.rates(np.insert(free, fixed, at))))

    starts = np.random.default_rng(0).uniform(-0.9, 0.9, (6, count - 1))
    profile = np.array(
        [
            [
                -min(
                    float(minimize(loss, s, args=(i, at), bounds=[(-1, 1)] * (count - 1)).fun)
                    for s in starts
                )
                for at in line
            ]
            for i in range(count)
        ]
    )
    top = profile.max()
    best = np.array([line[row.argmax()] for row in profile])
    grid = _unscaled(np.repeat(line[:, None], count, axis=1), numbers).T
    return grid, profile - top, _unscaled(best, numbers)


def predicted_rows(fit: Fit) -> list[tuple[str, int, int, float, float, float]]:
    """(row, events, patients, mean, low, high) of the fitted rows over the posterior."""
    low, high = np.percentile(fit.rates, (2.5, 97.5), axis=0)
    return [
        (row.name, row.events, row.patients, float(m), float(a), float(b))
        for row, m, a, b in zip(ROWS, fit.rates.mean(axis=0), low, high)
    ]
