"""An SBML model for many patients or conditions: some of its numbers vary, the kernel solves it.

A number that varies is a symbol in the rates and in the values at the start, so that nothing has to
be derived again for another value. Models with events are not taken: populations have no delays and
priorities (`simulate.py` solves such a model once).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import Problem, SpecError, did_you_mean
from . import sbml_model as m
from .expression import Expr, children, exp, log, maximum, minimum, power, sqrt, topological, where
from .formula import Formulas, TooLarge
from .formula_arrays import values_of
from .model import Model
from .sbml_system import Definition, Definitions, Facts

Array = npt.NDArray[np.float64]
CLOCK = "clock"  # the state that is time, where rates speak of it


class _Start(Definitions):
    """Definitions at the start, in which what varies is a symbol."""

    def __init__(self, facts: Facts, graph: Formulas, varied: Mapping[str, int]) -> None:
        super().__init__(facts, graph)
        self.varied = varied

    def _symbol(self, name: str) -> Definition:
        if name not in self.varied:
            return (yield from super()._symbol(name))
        return self.graph.node("held", self.varied[name])

    def _amount(self, one: m.Species) -> Definition:
        if one.id not in self.varied:
            return (yield from super()._amount(one))
        value = yield ("symbol", one.id)
        if self.facts.is_amount(one):
            return value
        size = yield ("symbol", one.compartment)
        return self.graph.make("mul", value, size)


@dataclass(frozen=True)
class OpenModel:
    """An SBML model whose `varied` numbers are left open.

    model: for the population solver; its parameters are the varied numbers, its states those of
    `states` and, where rates speak of time, a clock. symbols: every quantity by name. given: values
    of the varied numbers in the file; NaN where it gives none.
    """

    model: Model
    varied: tuple[str, ...]
    given: tuple[float, ...]
    states: tuple[str, ...]
    starts: tuple[Expr, ...]
    symbols: Mapping[str, Expr]
    species: tuple[str, ...]
    file: str

    def initial(self, numbers: Array) -> Array:
        """Values at the start, (..., states of the model), for numbers (..., varied)."""
        leaves: dict[tuple[str, int], Any] = {
            ("held", k): numbers[..., k] for k in range(len(self.varied))
        }
        leaves["time", 0] = np.float64(0)
        columns = values_of(self.starts, leaves)
        columns += [0.0] * (len(self.model.states) - len(columns))
        return np.stack([np.broadcast_to(c, numbers.shape[:-1]) for c in columns], axis=-1)

    def faster(self) -> Model:
        """The model with one more parameter, by which all its rates are multiplied."""
        law = self.model.mechanisms[0]

        def scaled(y: Any, p: Any) -> dict[str, Any]:
            return {name: p.pace * rate for name, rate in law(y, p).items()}

        return Model(self.model.states, (*self.model.parameters, "pace"), (scaled,))

    def stored(self, name: str, value: Array, numbers: Array) -> tuple[int, Array]:
        """(place among the states, its value) where a species or a parameter has this value.

        A species that is followed as an amount is its symbol times the size of its place.
        """
        place = self.states.index(name)
        leaves: dict[tuple[str, int], Any] = {
            ("held", k): numbers[..., k] for k in range(len(self.varied))
        }
        leaves |= {("state", k): np.float64(k == place) for k in range(len(self.states))}
        leaves["time", 0] = np.float64(0)
        return place, value / values_of([self.symbols[name]], leaves)[0]

    def quantities(
        self, names: Sequence[str], days: Array, states: Array, numbers: Array
    ) -> dict[str, Array]:
        """Quantities (..., times) by name; states (..., times, states), numbers (..., varied)."""
        leaves: dict[tuple[str, int], Any] = {
            ("held", k): numbers[..., k, None] for k in range(len(self.varied))
        }
        leaves |= {("state", k): states[..., k] for k in range(len(self.states))}
        leaves["time", 0] = days
        values = values_of([self.symbols[n] for n in names], leaves)
        return {n: np.broadcast_to(v, states.shape[:-1]) for n, v in zip(names, values)}


def open_model(model: m.SbmlModel, varied: Sequence[str], where: str = "") -> OpenModel:
    """Leave some numbers of a model open: parameters, compartments, and species for their start.

    Raises SpecError for what cannot be opened, and for models that populations cannot solve.
    """
    facts = Facts(model)
    _check(facts, model, varied, where)
    places = {name: k for k, name in enumerate(varied)}
    graph = Formulas()
    try:
        before = _Start(facts, graph, places)
        known: dict[str, float | Expr] = {}
        for name in facts.kinds:
            one = facts.species.get(name)
            followed = one is not None and facts.follows_amount(one)
            if facts.kinds[name] != "reaction":
                known[name] = before.ask(("amount" if followed else "symbol", name))
        later = Definitions(facts, graph, known)
        rates = [later.ask(("pace", name)) for name in facts.states]
        symbols = {name: later.ask(("symbol", name)) for name in facts.kinds}
    except TooLarge:
        raise SpecError(Problem(model.file, "this model is larger than can be fitted")) from None
    plain = Definitions(facts, Formulas())
    given = tuple(float(plain.ask(("symbol", name)).args[0]) for name in varied)
    starts = tuple(graph.lift(known[name]) for name in facts.states)
    solved = _kernel_model(model.file, rates, tuple(facts.states), tuple(varied))
    return OpenModel(
        solved, tuple(varied), given, tuple(facts.states), starts, symbols,
        tuple(facts.species), model.file,
    )  # fmt: skip


def _check(facts: Facts, model: m.SbmlModel, varied: Sequence[str], where: str) -> None:
    problems = []
    if model.events:
        what = f"the model has {len(model.events)} events; a model that is fitted can have none"
        problems.append(Problem(model.file, what, "Write doses as doses, switches as <piecewise>."))
    if not facts.states:
        problems.append(Problem(model.file, "nothing in this model changes by a rate"))
    for name in varied:
        kind = facts.kinds.get(name)
        if kind not in ("parameter", "compartment", "species"):
            what = f"'{name}' is not a parameter, compartment or species of {model.file}"
            problems.append(Problem(where or model.file, what, did_you_mean(name, facts.kinds)))
        elif name in facts.assigned:
            what = f"'{name}' follows an assignment rule, so that it cannot be given a value"
            problems.append(Problem(where or model.file, what, "Vary what the rule is made of."))
    if problems:
        raise SpecError(problems, model.file)


def _kernel_model(
    file: str, rates: Sequence[Expr], states: tuple[str, ...], varied: tuple[str, ...]
) -> Model:
    """Rates in the expressions of our own models, under names that no file can disturb."""
    timed = any(e.op == "time" for e in topological(rates))
    names = tuple(f"s{k}" for k in range(len(states))) + ((CLOCK,) if timed else ())
    numbers = tuple(f"p{k}" for k in range(len(varied)))

    def law(y: Any, p: Any) -> dict[str, Any]:
        found: dict[Expr, Any] = {}
        for e in topological(rates):
            found[e] = _translated(file, e, found, y, p)
        arrows = {name: found[rate] for name, rate in zip(names, rates)}
        return arrows | ({CLOCK: 1.0} if timed else {})

    return Model(names, numbers, (law,))


def _translated(file: str, e: Expr, found: Mapping[Expr, Any], y: Any, p: Any) -> Any:
    match e.op:
        case "const":
            return float(e.args[0])
        case "state":
            return getattr(y, f"s{e.args[0]}")
        case "held":
            return getattr(p, f"p{e.args[0]}")
        case "time":
            return getattr(y, CLOCK)
    if e.op not in KERNEL:
        what = f"the function '{e.op}' in a rate cannot be fitted"
        raise SpecError(Problem(file, what, "carnk solve can solve such a model once."))
    return KERNEL[e.op](*(found[a] for a in children(e)))


def _power(base: Any, exponent: Any) -> Any:
    """Whole exponents keep the sign of the base."""
    if isinstance(exponent, float) and exponent == int(exponent) and abs(exponent) <= 64:
        return base ** int(exponent)
    return power(base, exponent)


def _tanh(x: Any) -> Any:
    return 1 - 2 / (exp(2 * x) + 1)


KERNEL: dict[str, Any] = {  # a condition is a value that is above zero where it holds
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "neg": lambda a: -a, "div": lambda a, b: a / b, "pow": _power, "exp": exp, "ln": log,
    "log10": lambda a: log(a) * (1 / math.log(10)), "sqrt": sqrt, "max": maximum,
    "abs": lambda a: maximum(a, -a), "tanh": _tanh,
    "sinh": lambda a: 0.5 * (exp(a) - exp(-a)), "cosh": lambda a: 0.5 * (exp(a) + exp(-a)),
    "lt": lambda a, b: b - a, "le": lambda a, b: b - a, "gt": lambda a, b: a - b,
    "ge": lambda a, b: a - b, "and": minimum, "or": maximum, "not": lambda a: -a, "where": where,
}  # fmt: skip
