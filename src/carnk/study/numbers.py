"""Numbers for a batch of patients: library or study value, one plausible world each, a spread."""

from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.streams import standard_normals, stream
from ..domain import Study
from ..library import Number, Spread, View, limits, load, parse_number_file, table

Array = NDArray[np.float64]
Known = dict[tuple[str, str], Array]

# Numbers that differ between patients or lots, each with its own random variate.
VARIATES = (
    "weight", "growth", "burden", "host_t_capacity", "host_t_recovery", "host_nk_capacity",
    "il15_depleted", "niche", "b_capacity", "density", "antigen_low_fraction", "hla_low_fraction",
    "mismatch", "car_positive", "viability_after_thaw", "recovery_after_thaw", "vcn",
    "t_cells_per_kg", "kill", "solid", "antigen_expansion_t", "wait",
)  # fmt: skip
OF_LOTS = (  # those that the patients of one lot share
    "car_positive", "viability_after_thaw", "recovery_after_thaw", "vcn", "t_cells_per_kg", "kill",
)  # fmt: skip
CORRELATED = (
    ("burden", "growth", "correlation_burden_growth"),
    ("host_t_recovery", "host_t_capacity", "correlation_host_t_recovery"),
)


@cache
def worlds() -> dict[str, Array]:
    """Equally plausible joint values of the uncertain numbers, shape (worlds,) by id."""
    frame = table("worlds").sort("id", "world")
    grouped = frame.partition_by("id", as_dict=True)
    return {str(key[0]): part["value"].to_numpy() for key, part in grouped.items()}


def world_count() -> int:
    """How many plausible worlds there are; a patient lives in that of its id modulo the count."""
    return next(iter(worlds().values())).size if worlds() else 1


def fresh_view(study: Study) -> View:
    """A view for one run of the study: of the library, with the user's own numbers in it."""
    return load().with_own(own_of(study)).view()


def own_of(study: Study) -> tuple[Number, ...]:
    """The user's own numbers of a study."""
    return parse_number_file(study.own_numbers) if study.own_numbers else ()


def plausible(number: Number) -> Array | None:
    """Values of a number over the worlds; None where it is the same in all of them."""
    return _own_worlds(number) if number.is_own else worlds().get(number.id)


@lru_cache(maxsize=1000)
def _own_worlds(number: Number) -> Array | None:
    """Quantiles of an own number's 95 % range over the worlds, in an order of its own."""
    from scipy.special import ndtri  # slow to load, and few studies have own numbers

    low, high = number.range or (number.value, number.value)
    if low == high:
        return None
    turn = stream(0, 0, f"own {number.id}").permutation(world_count())
    z = np.asarray(ndtri((turn + 0.5) / world_count()))
    if number.unit == "1" and low > 0 and high < 1:
        low, value, high = (
            x / (1 - x) for x in (low, number.value, high)
        )  # odds: they stay below 1
        odds = between(low, high, value, z)
        return np.asarray(odds / (1 + odds))
    return between(low, high, number.value, z)


def spread_out(median: Array, spread: Spread | None, z: Array) -> Array:
    """Values at standard normal `z` around a median, by the law of the spread."""
    if spread is None:
        return median
    if spread.law == "lognormal_cv":
        return np.asarray(median * np.exp(np.sqrt(log(1 + spread.size**2)) * z))
    if spread.law == "lognormal_omega2":
        return np.asarray(median * np.exp(np.sqrt(spread.size) * z))
    if spread.law == "logit_sd":
        inside = np.clip(median, 1e-9, 1 - 1e-9)
        return np.asarray(1 / (1 + (1 / inside - 1) * np.exp(-spread.size * z)))
    return np.asarray(median + spread.size * z)


def between(low: float, high: float, value: float, z: Array) -> Array:
    """Values around a median whose central 95 % lie between low and high, on the log scale."""
    if low <= 0:
        side = np.where(z < 0, value - low, high - value) / 1.96
        return np.asarray(np.clip(value + side * z, low, None))
    side = np.where(z < 0, log(value / low), log(high / value)) / 1.96
    return np.asarray(value * np.exp(side * z))


@dataclass(frozen=True)
class Sampler:
    """Reads numbers for patients by id; every reading is remembered by the view."""

    study: Study
    view: View
    ids: NDArray[np.int64]
    world: NDArray[np.int64]  # -1: the library's own values, no uncertainty
    z: dict[str, Array]
    known: Known = field(default_factory=dict)  # values read so far, by id and variate

    def median(self, number_id: str) -> Array:
        """The number for every patient, before any spread between patients."""
        given = self.study.numbers.get(number_id)
        number = self.view.number(number_id)
        if given is not None and not given.is_factor:
            return np.full(self.ids.size, given.value)
        uncertain = plausible(number)
        if uncertain is None:
            values = np.full(self.ids.size, number.value)
        else:
            values = np.where(self.world < 0, number.value, uncertain[self.world])
        return values if given is None else np.clip(given.value * values, *limits(number))

    def value(self, number_id: str, variate: str = "") -> Array:
        """The number for every patient, with its spread between patients or lots."""
        key = (number_id, variate)
        if key not in self.known:
            self.known[key] = self._value(number_id, variate)
        return self.known[key]

    def _value(self, number_id: str, variate: str) -> Array:
        given = self.study.numbers.get(number_id)
        name = variate or number_id
        if given is not None and given.low is not None and given.high is not None:
            self.view.number(number_id)
            z = self.z.get(name)
            z = self._own(number_id) if z is None else z
            return between(given.low, given.high, given.value, z)
        spread = self.view.number(number_id).spread
        median = self.median(number_id)
        if spread is None:
            return median
        return spread_out(median, spread, self.z[name] if name in self.z else self._own(number_id))

    def varies_as_given(self, number_id: str) -> bool:
        """Whether the study or the user's own data say how the number differs between lots."""
        given = self.study.numbers.get(number_id)
        if given is not None and not given.is_factor:
            return given.low is not None
        number = self.view.number(number_id)
        return number.is_own and number.spread is not None

    def chosen(self, ids: list[str], index: NDArray[np.int64], variate: str) -> Array:
        """Each patient's own of several numbers, by an index into their ids."""
        columns = [self.value(number_id, variate) for number_id in ids]
        return np.asarray(np.choose(index, columns)) if len(columns) > 1 else columns[0]

    def _own(self, number_id: str) -> Array:
        return standard_normals(self.study.seed, self.ids, 1, number_id)[:, 0]


def sampler(
    study: Study,
    view: View,
    ids: NDArray[np.int64],
    uncertain: bool = True,
    known: Known | None = None,
) -> Sampler:
    """Random variates of these patients, with the correlations of the library.

    known: values of the same patients that an earlier sampler read, to spare reading them again.
    """
    block = standard_normals(study.seed, ids, len(VARIATES), "patient")
    z = {name: block[:, i] for i, name in enumerate(VARIATES)}
    for name, other, number_id in CORRELATED:
        r = view[number_id]
        z[name] = r * z[other] + np.sqrt(1 - r * r) * z[name]
    count = next(iter(worlds().values())).size if worlds() else 0
    world: Any = ids % count if uncertain and count else np.full(ids.size, -1)
    return Sampler(study, view, ids, world, z, {} if known is None else known)


def in_lots(s: Sampler, lots: NDArray[np.int64]) -> Sampler:
    """The same patients where those of one lot share its attributes; `lots` is one per patient."""
    shared = standard_normals(s.study.seed, lots, len(OF_LOTS), "lot")
    return replace(s, z=s.z | dict(zip(OF_LOTS, shared.T)), known={})
