"""Courses of a model of mechanisms at the samples of every patient, on the batched solver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..solver import Doses, Model, solve
from ..solver.gradient import solve_together
from .mixed.density import Samples

Array = NDArray[np.float64]
RTOL = 1e-7
LARGEST = 3e7  # numbers of a solution that are held at once

# (numbers (rows, copies) by name) -> table (rows, copies, columns)
Table = Callable[[Mapping[str, Array]], Array]
# (days (times,), states by name (rows, times), numbers by name (rows,)) -> quantities (rows, times)
Read = Callable[[Array, Mapping[str, Array], Mapping[str, Array]], Mapping[str, Array]]


@dataclass(frozen=True)
class Ode:
    """A model with what its patients start from and get.

    parameters, initial: tables of numbers in the model's order. doses: of the patients in the order
    of the samples, None for none. read: quantities of which outputs are made. start: day.
    """

    model: Model
    parameters: Table
    initial: Table
    doses: Doses | None
    read: Read
    start: float
    atol: Array

    def courses(self, samples: Samples) -> Callable[[Mapping[str, Array], bool], dict[str, Array]]:
        """The source of courses at these samples."""
        chunks = list(_chunks(samples, len(self.model.states)))

        def courses(numbers: Mapping[str, Array], near: bool) -> dict[str, Array]:
            copies = next(iter(numbers.values())).shape[1]
            found: dict[str, Array] = {}
            for rows in chunks:
                for part in _parts(rows, samples, copies, len(self.model.states)):
                    values = self._solved(numbers, part, samples.day[part], near)
                    for name, value in values.items():
                        shape = (len(samples.day), copies, samples.day.shape[1])
                        found.setdefault(name, np.full(shape, np.nan))[part] = value
            return found

        return courses

    def _solved(
        self, numbers: Mapping[str, Array], rows: slice, days: Array, near: bool
    ) -> dict[str, Array]:
        """Quantities of some patients at their own days, (rows, copies, days)."""
        own = {name: value[rows] for name, value in numbers.items()}
        times = np.unique(days)
        if times[-1] <= self.start:
            times = np.append(times, self.start + 1.0)
        tables = self.parameters(own), self.initial(own)
        doses = None if self.doses is None else _rows(self.doses, rows)
        values = self._values(tables, times, doses, near)
        count, copies = tables[0].shape[:2]
        flat = values.reshape(count * copies, times.size, -1)
        states = {n: flat[:, :, i] for i, n in enumerate(self.model.states)}
        read = self.read(times, states, {n: v.reshape(-1) for n, v in own.items()})
        place = np.searchsorted(times, days)
        return {
            name: np.take_along_axis(
                value.reshape(count, copies, times.size), np.broadcast_to(
                    place[:, None], (count, copies, place.shape[1])), axis=2)
            for name, value in read.items()
        }  # fmt: skip

    def _values(
        self, tables: tuple[Array, Array], times: Array, doses: Doses | None, near: bool
    ) -> Array:
        parameters, initial = tables
        count, copies = parameters.shape[:2]
        if near and copies > 1:
            return solve_together(
                self.model, parameters, initial, times, doses=doses, start=self.start,
                rtol=RTOL, atol=self.atol, threads=2,
            )[0]  # fmt: skip
        every = None
        if doses is not None:
            every = Doses(*(np.repeat(a, copies, axis=0) for a in vars(doses).values()))
        rows, amounts = (table.reshape(count * copies, -1) for table in tables)
        return solve(
            self.model, rows, amounts, times, doses=every, start=self.start, rtol=RTOL,
            atol=self.atol, threads=2,
        ).values  # fmt: skip


def _chunks(samples: Samples, states: int) -> Iterator[slice]:
    """Patients that have many days in common, as many as share a solution well."""
    begin, days = 0, set(samples.day[0])
    for i in range(1, len(samples.day)):
        union = days | set(samples.day[i])
        if len(union) > 2 * samples.day.shape[1] + 20:
            yield slice(begin, i)
            begin, union = i, set(samples.day[i])
        days = union
    yield slice(begin, len(samples.day))


def _parts(rows: slice, samples: Samples, copies: int, states: int) -> Iterator[slice]:
    times = len(np.unique(samples.day[rows]))
    most = max(1, int(LARGEST / (copies * times * states)))
    for begin in range(rows.start, rows.stop, most):
        yield slice(begin, min(begin + most, rows.stop))


def _rows(doses: Doses, rows: slice) -> Doses:
    return Doses(doses.times[rows], doses.states[rows], doses.amounts[rows])


def padded(plans: Sequence[Sequence[tuple[float, int, float]]]) -> Doses | None:
    """Doses (day, state, amount) of every patient as one table; None if nobody gets any."""
    width = max(len(plan) for plan in plans)
    if not width:
        return None
    times = np.full((len(plans), width), np.inf)
    states, amounts = np.zeros((len(plans), width), np.int64), np.zeros((len(plans), width))
    for i, plan in enumerate(plans):
        for k, (day, state, amount) in enumerate(sorted(plan)):
            times[i, k], states[i, k], amounts[i, k] = day, state, amount
    return Doses(times, states, amounts)


def table_of(names: Sequence[str], values: Mapping[str, float]) -> Table:
    """Numbers in a model's order: those that vary, else the given values."""

    def table(numbers: Mapping[str, Array]) -> Array:
        shape = next(iter(numbers.values())).shape
        columns = [numbers.get(n, np.broadcast_to(values.get(n, 0.0), shape)) for n in names]
        return np.stack([np.asarray(c, float) for c in columns], axis=-1)

    return table
