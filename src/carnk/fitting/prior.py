"""What is plausible before any fit: every uncertain number drawn from its own range."""

from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, qmc

from ..library import Number, load

Array = NDArray[np.float64]
BETWEEN_PATIENTS = 1 / 3  # a range that also covers patients leaves a third for the median
INSIDE = 0.95  # of the uncut law
ROOMS = ("diseases", "fitted", "kinetics", "population", "priors", "products", "toxicity")


def uncertain() -> tuple[Number, ...]:
    """The numbers of the in-vivo model with a range, in the order of their ids."""
    found = (n for _, n in sorted(load().items()) if n.room in ROOMS)
    return tuple(n for n in found if n.range and n.range[0] < n.range[1])


def plausible(number: Number, u: Array) -> Array:
    """Values of a number at quantiles u of (0, 1).

    Two half-normals meet at the value and are cut at the ends of the range, which would hold 95 %
    of them uncut; the scale is logarithmic where the range is positive. The range of a number that
    also has a spread between patients covers those patients, so its median varies by a third of it.
    """
    assert number.range
    low, high = number.range
    share = BETWEEN_PATIENTS if number.spread else 1.0
    z = norm.ppf(INSIDE * np.asarray(u) + (1 - INSIDE) / 2) / norm.ppf((1 + INSIDE) / 2) * share
    if low > 0:
        side = np.where(z < 0, log(number.value / low), log(high / number.value))
        return np.asarray(number.value * np.exp(z * side))
    side = np.where(z < 0, number.value - low, high - number.value)
    return np.asarray(number.value + z * side)


def prior(numbers: tuple[Number, ...], count: int, seed: int) -> dict[str, Array]:
    """A Latin hypercube of joint values, shape (count,) by id."""
    cube = qmc.LatinHypercube(d=len(numbers), rng=np.random.default_rng(seed)).random(count)
    return {n.id: plausible(n, cube[:, i]) for i, n in enumerate(numbers)}
