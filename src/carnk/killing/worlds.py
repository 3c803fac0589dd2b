"""Joint draws of what is not known: numbers of the law, receptors, ligands nobody measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..library import Number, load
from .cells import Amount
from .reference import law, receptors, unknowns
from .signal import Law

NINETY = 3.29  # a range holds 90 %: this many standard deviations
NINETY_FIVE = 3.92  # and that of an own number 95 %
FITTED = ("kill_rate_max", "crowding", "switch_softness")  # numbers of the law that lysis fits
SPREADS = MappingProxyType(
    {  # prior standard deviation of the log of every other fitted factor; all are assumptions
        "level": 0.8,  # natural signal of all donors
        "natural": 0.6,  # of a donor
        "hits": 0.3,  # of a donor
        "car": 0.8,  # of a construct
        "batch": 0.3,  # of a construct in a donor
        "engineered": 0.3,  # natural signal of an engineered cell without CAR
        "unexplained": 0.3,  # natural signal of a target beyond its ligands
        "fragile": 0.25,  # hits that a target takes
    }
)


@dataclass(frozen=True)
class World:
    """One joint draw of all that a fit to lysis does not adjust."""

    values: Mapping[str, float]  # numbers of the killing room by id
    law: Law
    receptors: Mapping[str, Amount]
    ligands: Mapping[tuple[str, str], float]  # in units of how well each is known


@lru_cache(maxsize=1000)
def world(seed: int, draw: int, own: tuple[Number, ...] = ()) -> World:
    """The world of a draw; draw -1 is the library's own values, before any fit.

    own: the user's own numbers, in the place of the library's and, with their spread, of what is
    fitted.
    """
    numbers = {n.id: n for n in load().with_own(own).values() if n.room == "killing"}
    rng = np.random.default_rng([seed, draw + 1])
    z = rng.standard_normal(len(numbers) + len(unknowns())) * (draw >= 0)
    values: dict[str, float] = {}
    for each, number in zip(z, numbers.values()):
        low, high = number.range or (number.value, number.value)
        values[number.id] = number.value
        if (number.id not in FITTED or number.is_own) and low > 0:
            values[number.id] *= float(np.exp(each * _sd(number, low, high)))
        if number.unit == "1" and high <= 1:
            values[number.id] = min(values[number.id], 0.98)
    return World(
        MappingProxyType(values),
        law(values.__getitem__),
        receptors(values.__getitem__),
        dict(zip(unknowns(), z[len(numbers) :])),
    )


def _sd(number: Number, low: float, high: float) -> float:
    """Standard deviation of the log of a number: what is not known and, if own, between donors."""
    known = float(np.log(high / low))
    if not number.is_own:
        return known / NINETY
    spread = number.spread
    donors = spread.size if spread else 0.0
    if spread and spread.law == "normal_sd":
        donors /= number.value
    if spread and spread.law == "logit_sd":
        donors *= 1 - number.value
    return float(np.hypot(known / NINETY_FIVE, np.sqrt(np.log1p(donors**2))))
