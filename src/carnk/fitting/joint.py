"""Joint values of all uncertain numbers, weighed by Marin 2024: the plausible worlds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..library import Number
from ..study import read
from .calibrate import priors
from .car_t import FITTED_T, CarT, car_t, icans_shift
from .crs import COEFFICIENTS, fit_crs, signals
from .data import FITTED, STUDY, log_likelihood, rates
from .ensemble import trials
from .prior import prior, uncertain

Array = NDArray[np.float64]
TRIALS, PATIENTS = 2000, 222
COUNT = 100  # worlds


@dataclass(frozen=True)
class Worlds:
    """Equally plausible joint values, and how many of the trials they effectively come from."""

    values: dict[str, Array]  # (COUNT,) by id
    effective: float
    signals: list[list[Array]]  # of the CRS rows, by world
    car_t: CarT


def nuisance() -> tuple[Number, ...]:
    """The uncertain numbers that are not fitted and not priors of fitted ones."""
    fitted = (*FITTED, *COEFFICIENTS, *FITTED_T)
    return tuple(n for n in uncertain() if n.id not in fitted and n.room != "priors")


def joint(seed: int = 2, threads: int = 2) -> Worlds:
    """Draw all numbers from their priors, simulate Marin 2024 under each, keep by likelihood.

    In each kept world CAR-T numbers are then drawn and weighed by ZUMA-1, and CRS coefficients are
    fitted to all arm-level counts and drawn there for a new trial.
    """
    own = priors()
    drawn = prior((*own, *nuisance()), TRIALS, seed)
    for name, number in zip(FITTED, own):
        drawn[name] = drawn.pop(number.id)
    p = np.array([rates(t) for t in trials(read(STUDY), drawn, PATIENTS, threads)])
    weight = np.exp(log_likelihood(p) - log_likelihood(p).max())
    weight /= weight.sum()
    chosen = _resample(weight, COUNT, np.random.default_rng(seed))
    values = {name: column[chosen] for name, column in drawn.items()}
    found_t = car_t(values, threads=threads)
    values |= found_t.values
    found = signals(values, threads)
    rng = np.random.default_rng(seed + 1)
    fits = [fit_crs(signal, rng=rng) for signal in found]
    laws = np.array([fit.law for fit in fits])
    values |= {name: laws[:, i] for i, name in enumerate(COEFFICIENTS)}
    shifts = [icans_shift(signal, fit, rng) for signal, fit in zip(found, fits)]
    values["icans_shift_t"] = np.array(shifts)
    return Worlds(values, float(1 / (weight**2).sum()), found, found_t)


def _resample(weight: Array, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Systematic resampling, then shuffled, so that neighbors are not alike."""
    points = (np.arange(count) + rng.random()) / count
    chosen = np.searchsorted(np.cumsum(weight), points)
    rng.shuffle(chosen)
    return np.minimum(chosen, weight.size - 1)
