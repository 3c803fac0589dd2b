"""The log likelihood of a PEtab problem, and of its priors, by the definitions of PEtab 1.

Copies of the parameters that differ by little are solved on shared steps, so that differences
between them are derivatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isnan, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...base import Problem, SpecError, did_you_mean
from ...solver import solve
from ...solver.gradient import solve_together
from ...solver.sbml_population import OpenModel, open_model
from .problem import (
    PLACEHOLDER,
    Measurement,
    Observable,
    Parameter,
    Petab,
    from_scale,
    to_scale,
)

Array = NDArray[np.float64]
RTOL = 1e-8
STEADY = tuple(10.0**k for k in range(2, 11))  # times at which a steady state is looked for
STILL = 1e-6  # relative change between two of these times that counts as none
STEP = 1e-5  # on the scale of a parameter


@dataclass(frozen=True)
class Run:
    """One simulation: condition after preequilibration in another, and its measurements."""

    before: str
    condition: str
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True)
class Objective:
    """Evaluates a problem at values of its estimated parameters, on their scales.

    engine: of the solver; 'interpreter' needs no compiler, and is slower for many evaluations.
    """

    petab: Petab
    engine: str = "kernel"

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """Simulations in the order in which the measurements ask for them."""
        groups: dict[tuple[str, str], list[Measurement]] = {}
        for one in self.petab.measurements:
            groups.setdefault((one.before, one.condition), []).append(one)
        return tuple(Run(*key, tuple(group)) for key, group in groups.items())

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Numbers of the SBML model that vary between runs or with the parameters."""
        entities = _entities(self.petab)
        named = [n for n in self.petab.parameters if n in entities]
        named += [n for c in self.petab.conditions.values() for n in c if n not in self.species]
        return tuple(dict.fromkeys(named))

    @cached_property
    def species(self) -> frozenset[str]:
        """Species of the model."""
        return frozenset(s.id for s in self.petab.model.species)

    @property
    def states(self) -> tuple[str, ...]:
        """What changes by rates."""
        return self._model(()).states

    def start(self) -> Array:
        """Nominal values of the estimated parameters, on their scales; else the middle."""
        return np.array([_start(p) for p in self.petab.estimated])

    def bounds(self) -> Array:
        """(estimated, 2), on their scales."""
        ends = [
            (to_scale(p.scale, p.lower), to_scale(p.scale, p.upper)) for p in self.petab.estimated
        ]
        return np.array(ends)

    def values(self, thetas: Array) -> dict[str, Array]:
        """Natural values of all parameters, each (copies,), for thetas (copies, estimated)."""
        found = {p.id: np.full(len(thetas), p.nominal) for p in self.petab.parameters.values()}
        found |= {
            p.id: from_scale(p.scale, thetas[:, k]) for k, p in enumerate(self.petab.estimated)
        }
        return found

    def log_likelihood(self, thetas: Array, near: bool = False) -> Array:
        """(copies,) for thetas (copies, estimated); minus infinity where it cannot be solved."""
        values = self.values(thetas)
        total = np.zeros(len(thetas))
        for run in self.runs:
            for one, course, noise in self.simulated(run, values, near):
                observable = self.petab.observables[one.observable]
                total += density(observable, one.value, course, noise)
        return np.where(np.isnan(total), -np.inf, total)

    def log_prior(self, thetas: Array) -> Array:
        """Of the objective, (copies,); 0 without priors."""
        total = np.zeros(len(thetas))
        for k, p in enumerate(self.petab.estimated):
            if p.prior[0]:
                total += prior_density(p, thetas[:, k])
        return total

    def height(self, theta: Array) -> tuple[float, Array]:
        """Log likelihood plus log prior with its gradient."""
        copies = np.repeat(theta[None], 1 + 2 * theta.size, axis=0)
        for k in range(theta.size):
            copies[1 + 2 * k, k] += STEP
            copies[2 + 2 * k, k] -= STEP
        value = self.log_likelihood(copies, near=True) + self.log_prior(copies)
        with np.errstate(invalid="ignore"):  # where nothing can be solved
            slope = (value[1::2] - value[2::2]) / (2 * STEP)
        return float(value[0]), slope

    def simulated(
        self, run: Run, values: Mapping[str, Array], near: bool
    ) -> list[tuple[Measurement, Array, Array]]:
        """(measurement, course, noise) of a run, each (copies,)."""
        model, numbers, states = self._solved(run, values, near)
        asked = [m.time for m in run.measurements]
        place = {t: k for k, t in enumerate(sorted(set(asked)))}
        days = np.array(sorted(set(asked)))
        symbols = model.quantities(list(model.symbols), days, states, numbers)
        found = []
        for one in run.measurements:
            k = place[one.time]
            known: dict[str, Any] = {n: v[:, k] for n, v in symbols.items()} | dict(values)
            known |= {
                n: known[v] if isinstance(v, str) else np.float64(v) for n, v in one.own.items()
            }
            known["time"] = np.float64(one.time)
            observable = self.petab.observables[one.observable]
            course, noise = (
                np.broadcast_to(np.asarray(f(known), float), len(numbers))
                for f in (observable.formula, observable.noise)
            )
            found.append((one, course, noise))
        return found

    def _solved(
        self, run: Run, values: Mapping[str, Array], near: bool
    ) -> tuple[OpenModel, Array, Array]:
        """(model, numbers (copies, varied), states (copies, times, states)) of a run."""
        first = run.before or run.condition
        own = self.petab.conditions.get(first, {})
        started = tuple(n for n, v in own.items() if n in self.species and not _missing(v))
        model = self._model(started)
        numbers = self._numbers(model, first, values)
        initial = model.initial(numbers)
        if run.before:
            initial = self._at_rest(model, numbers, initial, near)
            numbers = self._numbers(model, run.condition, values)
            initial = self._reset(model, run.condition, numbers, initial, values)
        days = np.array(sorted({m.time for m in run.measurements}))
        finite = days[np.isfinite(days)]
        states = np.empty((len(numbers), len(days), initial.shape[-1]))
        if finite.size:
            states[:, : finite.size] = self._integrated(model, numbers, initial, finite, near)
        if finite.size < days.size:
            states[:, -1] = self._at_rest(model, numbers, initial, near)
        return model, numbers, states

    @cached_property
    def _models(self) -> dict[tuple[str, ...], OpenModel]:
        return {}

    def _model(self, started: tuple[str, ...]) -> OpenModel:
        """The model that is open in the numbers and in the start of some species."""
        if started not in self._models:
            self._models[started] = open_model(
                self.petab.model, (*self.numbers, *started), self.petab.file
            )
        return self._models[started]

    def _numbers(self, model: OpenModel, condition: str, values: Mapping[str, Array]) -> Array:
        """(copies, varied): of the condition, else of the parameter table, else of the file."""
        own = self.petab.conditions.get(condition, {})
        copies = len(next(iter(values.values()), np.zeros(1)))
        columns = []
        for name, given in zip(model.varied, model.given):
            value: float | str = own.get(name, name if name in values else given)
            if _missing(value):
                value = name if name in values else given
            columns.append(values[value] if isinstance(value, str) else np.full(copies, value))
        return np.stack(columns, axis=-1) if columns else np.zeros((copies, 0))

    def _reset(
        self, model: OpenModel, condition: str, numbers: Array, states: Array,
        values: Mapping[str, Array],
    ) -> Array:  # fmt: skip
        """States after preequilibration, those that the condition sets anew replaced."""
        states = states.copy()
        for name, value in self.petab.conditions[condition].items():
            if name in self.species and not _missing(value):
                new = values[value] if isinstance(value, str) else np.full(len(states), value)
                place, stored = model.stored(name, new, numbers)
                states[:, place] = stored
        return states

    def _at_rest(self, model: OpenModel, numbers: Array, initial: Array, near: bool) -> Array:
        """The steady state from a start; NaN where there is none by the last of STEADY."""
        states = self._integrated(model, numbers, initial, np.array(STEADY), near)[
            ..., : len(model.states)
        ]
        scale = (
            np.abs(states[:, -1])
            + 1e-9 * np.abs(states).max(axis=(1, 2), keepdims=False)[:, None]
            + 1e-300
        )
        moves = ~(np.abs(states[:, -1] - states[:, -2]) <= STILL * scale).all(axis=1)
        found = initial.copy()
        found[:, : len(model.states)] = states[:, -1]
        found[:, len(model.states) :] = 0.0
        found[moves] = np.nan
        return found

    def _integrated(
        self, model: OpenModel, numbers: Array, initial: Array, days: Array, near: bool
    ) -> Array:
        """States (copies, days, states); NaN where the solver failed."""
        times = days if days[-1] > 0 else np.append(days, 1.0)
        size = np.abs(initial[np.isfinite(initial) & (initial != 0)])
        atol = 1e-12 * float(np.clip(size.min() if size.size else 1.0, 1e-20, 1.0))
        if near and len(numbers) > 1:
            values, _ = solve_together(
                model.model,
                numbers[None],
                initial[None],
                times,
                rtol=RTOL,
                atol=atol,
                engine=self.engine,
            )
            return np.asarray(values[0, :, : days.size])
        found = solve(
            model.model, numbers, initial, times, rtol=RTOL, atol=atol, engine=self.engine
        )
        return np.asarray(found.values[:, : days.size])


def _missing(value: float | str) -> bool:
    return isinstance(value, float) and isnan(value)


def _start(p: Parameter) -> float:
    inside = p.lower <= p.nominal <= p.upper
    low, high = to_scale(p.scale, p.lower), to_scale(p.scale, p.upper)
    return to_scale(p.scale, p.nominal) if inside else (low + high) / 2


def density(observable: Observable, value: float, course: Array, noise: Array) -> Array:
    """Log density of a measurement, by observableTransformation and noiseDistribution."""
    with np.errstate(all="ignore"):
        if observable.scale == "lin":
            away, jacobian = value - course, 0.0
        elif observable.scale == "log":
            away, jacobian = log(value) - np.log(course), log(value)
        else:
            away, jacobian = np.log10(value) - np.log10(course), log(value * log(10))
        if observable.distribution == "normal":
            height = -0.5 * (away / noise) ** 2 - np.log(noise) - 0.5 * log(2 * np.pi)
        else:
            height = -np.abs(away) / noise - np.log(2 * noise)
        return np.asarray(np.where(noise > 0, height - jacobian, -np.inf))


def prior_density(p: Parameter, theta: Array) -> Array:
    """Log density of the prior of a parameter, theta on the parameter's scale.

    Kinds that begin with 'parameterScale' speak of theta, the others of the natural value.
    """
    kind, (a, b) = p.prior
    x = theta if kind.startswith("parameterScale") else from_scale(p.scale, theta)
    shape = kind.removeprefix("parameterScale").lower()
    with np.errstate(all="ignore"):
        if shape.startswith("log"):
            return _location_law(shape[3:], np.log(x), a, b) - np.log(x)
        return _location_law(shape, x, a, b)


def _location_law(shape: str, x: Array, a: float, b: float) -> Array:
    if shape == "uniform":
        return np.where((x >= a) & (x <= b), -log(b - a), -np.inf)
    if shape == "laplace":
        return np.asarray(-np.abs(x - a) / b - log(2 * b))
    return np.asarray(-0.5 * ((x - a) / b) ** 2 - log(b) - 0.5 * log(2 * np.pi))


def check(objective: Objective) -> None:
    """Refuse what does not fit together, with all problems at once."""
    petab = objective.petab
    entities = _entities(petab)
    known = {*entities, *petab.parameters, "time"}
    problems = []
    for name, condition in petab.conditions.items():
        for target, value in condition.items():
            where = f"condition '{name}', {target}"
            if target not in entities or entities[target] == "reaction":
                what = f"'{target}' is not a parameter, species or compartment of the model"
                problems.append(Problem(where, what, did_you_mean(target, entities)))
            elif isinstance(value, str) and value not in petab.parameters:
                what = f"'{value}' is neither a number nor in the parameter table"
                problems.append(Problem(where, what, did_you_mean(value, petab.parameters)))
            elif _missing(value) and entities[target] != "species":
                problems.append(Problem(where, "only species can be left as they are (NaN)"))
    for observable in petab.observables.values():
        for name in (*observable.formula.names, *observable.noise.names):
            mine = PLACEHOLDER.fullmatch(name)
            if name not in known and not (mine and mine[3] == observable.id):
                what = f"'{name}' is neither of the model nor in the parameter table"
                problems.append(
                    Problem(f"observable '{observable.id}'", what, did_you_mean(name, known))
                )
    for one in petab.measurements:
        for value in one.own.values():
            if isinstance(value, str) and value not in petab.parameters:
                what = f"'{value}' is neither a number nor in the parameter table"
                problems.append(
                    Problem(
                        f"measurement on line {one.row}",
                        what,
                        did_you_mean(value, petab.parameters),
                    )
                )
    problems += _unused(petab, entities)
    if not problems:
        problems += _not_reset(objective, entities)
    if problems:
        raise SpecError(problems, petab.file)


def _not_reset(objective: Objective, entities: Mapping[str, str]) -> list[Problem]:
    """What a condition cannot change after a preequilibration."""
    states = objective.states
    problems = []
    for run in objective.runs:
        for name, value in objective.petab.conditions[run.condition].items():
            where = f"condition '{run.condition}', {name}"
            kind = entities[name] if run.before and not _missing(value) else ""
            if kind == "compartment":
                what = "the size of a compartment after a preequilibration is not supported"
                problems.append(Problem(where, what, "Set it in the model."))
            elif kind == "species" and name not in states:
                what = "a species that nothing changes cannot be set after a preequilibration"
                problems.append(Problem(where, what, "Make it a parameter of the model."))
    return problems


def _unused(petab: Petab, entities: Mapping[str, str]) -> list[Problem]:
    """Estimated parameters that nothing depends on."""
    used = set(entities)
    used |= {v for c in petab.conditions.values() for v in c.values() if isinstance(v, str)}
    used |= {v for m in petab.measurements for v in m.own.values() if isinstance(v, str)}
    for o in petab.observables.values():
        used |= {*o.formula.names, *o.noise.names}
    what = "nothing in the problem depends on this parameter"
    return [
        Problem(f"parameter '{p.id}'", what, "Set estimate to 0 or remove it.")
        for p in petab.estimated if p.id not in used
    ]  # fmt: skip


def _entities(petab: Petab) -> dict[str, str]:
    """Kinds of what the model has, by name."""
    model = petab.model
    return {
        **{c.id: "compartment" for c in model.compartments},
        **{s.id: "species" for s in model.species},
        **{p.id: "parameter" for p in model.parameters},
        **{r.id: "reaction" for r in model.reactions},
    }
