"""A model: named states and parameters, mechanisms that return arrows, and events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..base.errors import Problem, SolveError, did_you_mean
from .expression import Expr, Graph

Arrows = dict[str, Expr]
Rule = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Event:
    """Something that happens to a patient when a state crosses a line.

    It fires when `trigger(y, p)` rises from 0 or below to above 0, at most `times` times per
    patient. `effect(y, p)` returns {state: amount added}, computed from the state just before. A
    trigger that rises and falls again within one step of the integrator goes unseen.
    """

    name: str
    trigger: Rule
    effect: Rule
    times: int = 1


@dataclass(frozen=True)
class Model:
    """States whose rates are the sum of the arrows that the mechanisms return.

    A mechanism is a plain function (y, p) -> {state: amount per day}; it is called once, with
    symbols. States in `positive` are never returned below zero: a step that leads there is made
    again shorter, rounding and jumps that take more than there is end at zero.
    """

    states: tuple[str, ...]
    parameters: tuple[str, ...]
    mechanisms: tuple[Callable[..., Any], ...]
    events: tuple[Event, ...] = ()
    positive: tuple[str, ...] = ()


@dataclass(frozen=True)
class Traced:
    """What the functions of a model left behind: symbols, arrows by mechanism, summed rates."""

    graph: Graph
    states: tuple[Expr, ...]
    parameters: tuple[Expr, ...]
    arrows: tuple[tuple[str, Arrows], ...]
    rates: tuple[Expr, ...]
    triggers: tuple[Expr, ...]
    effects: tuple[Arrows, ...]


class Symbols:
    """Attribute access to the symbols of a model: `y.tumor`, `p.growth`."""

    def __init__(self, kind: str, symbols: Mapping[str, Expr]) -> None:
        self._kind = kind
        self.__dict__.update(symbols)

    def __getattr__(self, name: str) -> Any:
        known = [n for n in self.__dict__ if n != "_kind"]
        advice = did_you_mean(name, known)
        raise AttributeError(f"the model has no {self._kind} '{name}'. {advice}".strip())


def trace(model: Model) -> Traced:
    """Call every mechanism and event of a model once with symbols.

    Raises SolveError for names that are given twice or that the model does not have.
    """
    _check_names(model)
    graph = Graph()
    states = {n: graph.node("state", n) for n in model.states}
    parameters = {n: graph.node("parameter", n) for n in model.parameters}
    y, p = Symbols("state", states), Symbols("parameter", parameters)

    def call(name: str, rule: Rule) -> Any:
        try:
            return rule(y, p)
        except (AttributeError, TypeError) as error:
            raise SolveError(Problem(name, str(error))) from error

    def arrows(name: str, rule: Rule) -> Arrows:
        found = call(name, rule)
        for state in found:
            if state not in states:
                what = f"it changes '{state}', which is not a state of the model"
                raise SolveError(Problem(name, what, did_you_mean(state, model.states)))
        return {state: graph.lift(arrow) for state, arrow in found.items()}

    flows = tuple((name_of(m), arrows(name_of(m), m)) for m in model.mechanisms)
    rates = {n: graph.lift(0) for n in model.states}
    for _, arrow in flows:
        for state, rate in arrow.items():
            rates[state] = rates[state] + rate
    return Traced(
        graph=graph,
        states=tuple(states.values()),
        parameters=tuple(parameters.values()),
        arrows=flows,
        rates=tuple(rates.values()),
        triggers=tuple(graph.lift(call(e.name, e.trigger)) for e in model.events),
        effects=tuple(arrows(e.name, e.effect) for e in model.events),
    )


def name_of(mechanism: Callable[..., Any]) -> str:
    """The name under which a mechanism is reported."""
    return str(getattr(mechanism, "__name__", mechanism))


def _check_names(model: Model) -> None:
    problems = [
        *_repeats("states", model.states),
        *_repeats("parameters", model.parameters),
        *_repeats("events", [e.name for e in model.events]),
    ]
    for name in model.positive:
        if name not in model.states:
            advice = did_you_mean(name, model.states)
            problems.append(Problem("positive", f"'{name}' is not a state of the model", advice))
    if not model.states:
        problems.append(Problem("states", "the model has none"))
    if problems:
        raise SolveError(problems)


def _repeats(place: str, names: Iterable[str]) -> list[Problem]:
    names = list(names)
    twice = sorted({n for n in names if names.count(n) > 1})
    return [Problem(place, f"'{n}' is listed more than once") for n in twice]
