"""What a published model is here: its equations, its cases, and what is read off its courses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ...solver import Doses, Model, solve

Array = NDArray[np.float64]
Dose = tuple[float | str, str, str | float]  # day, state, amount; a name stands for a number
RTOL = 1e-6


@dataclass(frozen=True)
class Courses:
    """States of patients over time, with the numbers that each was solved with.

    days: (times,). states: {state: (patients, times)}. numbers: {number: (patients,)}. reasons: why
    a patient could not be solved, by row; its states are NaN.
    """

    days: Array
    states: Mapping[str, Array]
    numbers: Mapping[str, Array]
    reasons: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))

    def at(self, values: Array, day: float) -> Array:
        """Values (patients, times) on a day that the courses have."""
        return np.asarray(values[:, int(np.abs(self.days - day).argmin())])

    def since(self, values: Array, day: float) -> Array:
        """Values (patients, times) with those of earlier days masked by NaN."""
        return np.where(self.days >= day, values, np.nan)

    def day_of_peak(self, values: Array) -> Array:
        """The day of each patient's largest value; NaN for one who has none."""
        known = np.isfinite(values).any(axis=1)
        return np.where(known, self.days[np.nan_to_num(values, nan=-np.inf).argmax(axis=1)], np.nan)


Read = Callable[[Courses], Array]


@dataclass(frozen=True)
class Case:
    """A situation that the paper shows; `own` are the ids of numbers that only it has."""

    name: str
    title: str
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """Something drawn over days: `of` gives (patients, times).

    floor: the smallest value drawn on a logarithmic axis; None for a linear one. most: the largest
    value drawn. seen: days and names of figures whose printed values are points of this line.
    """

    name: str
    title: str
    unit: str
    of: Read
    floor: float | None = None
    most: float = float("inf")
    seen: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Figure:
    """One number per patient, to be set beside what the paper says."""

    name: str
    title: str
    unit: str
    of: Read


@dataclass(frozen=True)
class Comparator:
    """A published model of another product, of the same kind as our own.

    name: also the key of its paper and the prefix of its numbers' ids. diseases: keys of those it
    was fitted to; nothing in it is known to hold for another. shared: ids of the numbers that all
    cases have. units, meanings: of the states. start: initial amounts from the numbers, 0 where
    none is given. choices: how the paper was read where print is ambiguous or in error.
    """

    name: str
    title: str
    product: str
    diseases: tuple[str, ...]
    fitted_to: str
    model: Model
    units: Mapping[str, str]
    meanings: Mapping[str, str]
    shared: tuple[str, ...]
    cases: tuple[Case, ...]
    start: Callable[[Mapping[str, Array]], dict[str, Array]]
    lines: tuple[Line, ...]
    figures: tuple[Figure, ...]
    choices: tuple[str, ...]
    days: Array
    doses: tuple[Dose, ...] = ()
    large: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def ids(self, case: Case) -> dict[str, str]:
        """Ids of the numbers of a case by the names that the equations have for them."""
        own = {i.removeprefix(f"{self.name}_{case.name}_"): i for i in case.own}
        return {i.removeprefix(f"{self.name}_"): i for i in self.shared} | own


def simulate(
    comparator: Comparator,
    numbers: Mapping[str, Array],
    days: Array,
    *,
    engine: str = "interpreter",
    threads: int = 1,
) -> Courses:
    """Integrate patients whose numbers are given by name, each (patients,), from day 0.

    A patient whose solve fails has NaN states and a reason; the others are unchanged.
    """
    model = comparator.model
    count = next(iter(numbers.values())).size
    start = comparator.start(numbers)
    initial = np.column_stack([np.broadcast_to(start.get(s, 0.0), count) for s in model.states])
    found = solve(
        model,
        np.column_stack([numbers[name] for name in model.parameters]),
        initial,
        days,
        doses=_doses(comparator, numbers, count),
        rtol=RTOL,
        atol=[1e-9 * comparator.large.get(state, 1.0) for state in model.states],
        engine=engine,
        threads=threads,
    )
    states = {state: found.values[:, :, i] for i, state in enumerate(model.states)}
    reasons = {int(i): found.reason(int(i)) for i in np.flatnonzero(found.failed)}
    return Courses(days, states, numbers, reasons)


def _doses(comparator: Comparator, numbers: Mapping[str, Array], count: int) -> Doses | None:
    """The doses of every patient; those of one patient must not fall out of order."""
    if not comparator.doses:
        return None

    def column(value: float | str) -> Array:
        given = numbers[value] if isinstance(value, str) else value
        return np.broadcast_to(np.asarray(given, float), count)

    return Doses(
        np.column_stack([column(day) for day, _, _ in comparator.doses]),
        np.array([comparator.model.states.index(state) for _, state, _ in comparator.doses]),
        np.column_stack([column(amount) for _, _, amount in comparator.doses]),
    )


def grid(*parts: tuple[float, float]) -> Array:
    """Days from 0 on: up to each end by a step, as in ((30, 0.02), (600, 0.1))."""
    days: list[Array] = [np.zeros(1)]
    begin = 0.0
    for end, step in parts:
        count = round((end - begin) / step)
        days.append(np.asarray(begin + step * np.arange(1, count + 1), np.float64))
        begin = end
    return np.asarray(np.round(np.concatenate(days), 6))
