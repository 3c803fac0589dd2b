"""From the records of an SBML file to a system of equations: what changes, how fast, and when.

Every quantity is defined by others (a rule, a kinetic law, an initial assignment). A definition is
a generator that asks for what it needs; `Definitions` answers without recursion, computes each
once, and names the circle if a definition needs itself. This is done twice: for the values at the
start, which come to numbers, and for all later times, where only what changes remains a symbol.

A species that reactions change, or whose compartment may change its size, is followed as an
amount; its symbol is then amount over size, so that a concentration follows its volume.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..base.errors import Problem, SpecError
from . import sbml_model as m
from .expression import Expr
from .formula import Formulas, plus, slopes, times
from .mathml import size
from .sbml_check import arrows, formulas, symbols
from .sbml_formulas import convert, truth

ROOM, GROWTH = 10_000, 20  # operations, and for each one that the file writes

Key = tuple[Any, ...]
Definition = Generator[Key, Expr, Expr]


@dataclass(frozen=True)
class Target:
    """Where an event writes: a place among states or held numbers; `size` turns into an amount."""

    is_state: bool
    place: int
    size: Expr | None


@dataclass(frozen=True)
class Happening:
    """An event with its formulas; values are those of the targets, in the units of the symbols."""

    name: str
    trigger: Expr
    delay: Expr | None
    priority: Expr | None
    targets: tuple[Target, ...]
    values: tuple[Expr, ...]
    values_from_trigger_time: bool
    initial_value: bool
    persistent: bool


@dataclass(frozen=True)
class System:
    """Equations ready to be solved.

    states and held: names of what changes by rates and of what only events change, with their
    values at the start. rates: of the states. symbols: every quantity by name, in the units that it
    has in formulas; amounts and concentrations: those of species. default: what is shown unasked.
    """

    states: tuple[str, ...]
    start: tuple[float, ...]
    held: tuple[str, ...]
    held_start: tuple[float, ...]
    rates: tuple[Expr, ...]
    happenings: tuple[Happening, ...]
    symbols: Mapping[str, Expr]
    amounts: Mapping[str, Expr]
    concentrations: Mapping[str, Expr]
    default: tuple[str, ...]
    graph: Formulas


def system_of(model: m.SbmlModel) -> System:
    """The equations of a model. SpecError names a circular definition; TooLarge can come too."""
    return _assemble(Facts(model))


class Facts:
    """The model by name, and what kind of change each quantity undergoes."""

    def __init__(self, model: m.SbmlModel) -> None:
        self.model = model
        self.kinds = symbols(model)
        self.compartments = {c.id: c for c in model.compartments}
        self.species = {s.id: s for s in model.species}
        self.parameters = {p.id: p for p in model.parameters}
        self.reactions = {r.id: r for r in model.reactions}
        self.functions = {f.id: f for f in model.functions}
        self.initial = {a.variable: a.math for a in model.initial_assignments}
        self.assigned = {a.variable: a.math for a in model.assignment_rules}
        self.rated = {a.variable: a.math for a in model.rate_rules}
        self.struck = {a.variable: None for e in model.events for a in e.assignments}
        self.references = {}
        self.flows: dict[str, list[tuple[m.Reaction, m.SpeciesReference, int]]] = {}
        for r in model.reactions:
            for sign, side in ((-1, r.reactants), (1, r.products)):
                for reference in side:
                    if reference.id:
                        self.references[reference.id] = reference
                    one = self.species[reference.species]
                    if not one.boundary and not one.constant and r.law is not None:
                        self.flows.setdefault(one.id, []).append((r, reference, sign))
        moving = (n for n in self.kinds if n in self.rated or n in self.flows)
        self.states = {name: place for place, name in enumerate(moving)}
        held = (n for n in self.struck if n not in self.states)
        self.held = {name: place for place, name in enumerate(held)}

    def is_amount(self, one: m.Species) -> bool:
        """Whether the symbol of a species is its amount."""
        home = self.compartments[one.compartment]
        return one.substance_only or (
            home.dimensions == 0 and home.size is None and home.id not in self.initial
        )

    def varies(self, compartment: str) -> bool:
        """Whether the size of a compartment can change."""
        return any(compartment in d for d in (self.assigned, self.rated, self.struck))

    def follows_amount(self, one: m.Species) -> bool:
        """Whether the number kept for a species is its amount."""
        return self.is_amount(one) or one.id in self.flows or self.varies(one.compartment)


class Definitions:
    """Answers keys: ('symbol', name), ('amount', name), ('rate', name) and ('call', name, args...).

    With `known` (the values at the start) the answers hold for all times, without it at the start.
    """

    def __init__(
        self, facts: Facts, graph: Formulas, known: Mapping[str, float | Expr] | None = None
    ) -> None:
        self.facts, self.graph, self.known = facts, graph, known
        self.answers: dict[Key, Expr] = {}

    def ask(self, key: Key) -> Expr:
        """The answer to a key, after those of all keys it needs."""
        open_keys: dict[Key, Definition] = {}
        answer: Any = None
        if key not in self.answers:
            open_keys[key] = self._definition(key)
        while open_keys:
            current, definition = next(reversed(open_keys.items()))
            try:
                need = definition.send(answer)
            except StopIteration as end:
                answer = self.answers[current] = end.value
                del open_keys[current]
                continue
            if need in self.answers:
                answer = self.answers[need]
            elif need in open_keys:
                keys = list(open_keys)
                raise self._circle([*keys[keys.index(need) :], need])
            else:
                open_keys[need] = self._definition(need)
                answer = None
        return self.answers[key]

    def formula(self, formula: m.Math) -> Expr:
        """A formula of the model, outside of kinetic laws."""
        key = ("formula", formula)
        return self.ask(key)

    def _circle(self, keys: Iterable[Key]) -> SpecError:
        chain = [k[1] if k[0] == "symbol" else f"{k[0]} of {k[1]}" for k in keys if k[0] != "call"]
        what = f"these are defined by each other in a circle: {arrows(chain)}"
        return SpecError(Problem(self.facts.model.file, what, "Break the circle."))

    def _definition(self, key: Key) -> Definition:
        match key[0]:
            case "symbol":
                return self._symbol(key[1])
            case "amount":
                return self._amount(self.facts.species[key[1]])
            case "concentration":
                return self._concentration(self.facts.species[key[1]])
            case "rate":
                return self._rate(key[1])
            case "pace":
                return self._pace(key[1])
            case "total":
                return self._total(key[1])
            case "formula":
                return convert(self.graph, key[1], {}, self._time())
        function = self.facts.functions[key[1]]
        if function.body is None:
            return self._number(math.nan)
        return convert(
            self.graph, function.body, dict(zip(function.arguments, key[2:])), self._time()
        )

    def _time(self) -> Expr:
        return self.graph.lift(0) if self.known is None else self.graph.node("time")

    def _number(self, value: float | None) -> Definition:
        yield from ()
        return self.graph.lift(math.nan if value is None else value)

    def _symbol(self, name: str) -> Definition:
        facts = self.facts
        if name in facts.assigned:
            return convert(self.graph, facts.assigned[name], {}, self._time())
        kind = facts.kinds[name]
        if kind == "reaction":
            return self._law(facts.reactions[name])
        by_math = facts.references[name].math if kind == "species reference" else None
        if by_math is not None:
            return convert(self.graph, by_math, {}, self._time())
        if self.known is None and name in facts.initial:
            return convert(self.graph, facts.initial[name], {}, self._time())
        if kind == "species":
            return self._species(facts.species[name])
        return self._number_now(name) if self.known is not None else self._given(name, kind)

    def _given(self, name: str, kind: str) -> Definition:
        """The value that the file gives a compartment, a parameter or a stoichiometry."""
        if kind == "compartment":
            return self._number(self.facts.compartments[name].size)
        if kind == "parameter":
            return self._number(self.facts.parameters[name].value)
        return self._number(self.facts.references[name].stoichiometry)

    def _number_now(self, name: str) -> Definition:
        """The number kept for a quantity: a state, a held number, or its value at the start."""
        yield from ()
        if name in self.facts.states:
            return self.graph.node("state", self.facts.states[name])
        if name in self.facts.held:
            return self.graph.node("held", self.facts.held[name])
        assert self.known is not None
        return self.graph.lift(self.known[name])

    def _law(self, reaction: m.Reaction) -> Definition:
        if reaction.law is None:
            return self._number(math.nan)
        local = {
            p.id: self.graph.lift(math.nan if p.value is None else p.value) for p in reaction.local
        }
        return convert(self.graph, reaction.law, local, self._time())

    def _species(self, one: m.Species) -> Definition:
        """The symbol of a species without an assignment rule."""
        facts, make = self.facts, self.graph.make
        if self.known is not None:
            now = yield from self._number_now(one.id)
            if facts.follows_amount(one) and not facts.is_amount(one):
                size = yield ("symbol", one.compartment)
                now = make("div", now, size)
            return now
        given = one.amount if one.amount is not None else one.concentration
        value = self.graph.lift(math.nan if given is None else given)
        if facts.is_amount(one) == (one.amount is not None) or given is None:
            return value
        size = yield ("symbol", one.compartment)
        return make("div" if one.amount is not None else "mul", value, size)

    def _amount(self, one: m.Species) -> Definition:
        if self.known is not None and one.id not in self.facts.assigned:
            if self.facts.follows_amount(one):
                return (yield from self._number_now(one.id))
        elif one.amount is not None and one.id not in {*self.facts.initial, *self.facts.assigned}:
            return self.graph.lift(one.amount)
        value = yield ("symbol", one.id)
        if self.facts.is_amount(one):
            return value
        size = yield ("symbol", one.compartment)
        return self.graph.make("mul", value, size)

    def _concentration(self, one: m.Species) -> Definition:
        value = yield ("symbol", one.id)
        if not self.facts.is_amount(one):
            return value
        size = yield ("symbol", one.compartment)
        return self.graph.make("div", value, size)

    def _rate(self, name: str) -> Definition:
        """How fast the symbol of a quantity changes (rateOf)."""
        facts, make = self.facts, self.graph.make
        one = facts.species.get(name)
        home = one.compartment if one and not facts.is_amount(one) else ""
        blocked = [n for n in (name, home) if n in facts.assigned]
        if blocked or facts.kinds[name] == "reaction":
            what = f"rateOf is asked for '{name}', which has no rate of its own"
            raise SpecError(Problem(facts.model.file, what, "It needs a rate rule or reactions."))
        if one is None or not facts.follows_amount(one) or facts.is_amount(one):
            return (yield ("pace", name)) if name in facts.states else self.graph.lift(0)
        change = (yield ("pace", name)) if name in facts.states else self.graph.lift(0)
        size = yield ("symbol", home)
        growth = yield ("rate", home)
        now = yield ("symbol", name)
        return make("div", make("sub", change, times(now, growth)), size)

    def _pace(self, name: str) -> Definition:
        """How fast the number kept for a state changes."""
        facts, graph = self.facts, self.graph
        if name in facts.rated:
            pace = yield ("formula", facts.rated[name])
            one = facts.species.get(name)
            if one is None or not facts.follows_amount(one) or facts.is_amount(one):
                return pace
            size = yield ("symbol", one.compartment)
            growth = yield ("total", one.compartment)
            now = yield ("symbol", name)
            return plus(times(pace, size), times(now, growth))
        total = graph.lift(0)
        for reaction, reference, sign in facts.flows[name]:
            count = yield from self._count(reference)
            law = yield ("symbol", reaction.id)
            total = plus(total, times(graph.lift(sign), times(count, law)))
        factor = facts.species[name].conversion_factor or facts.model.conversion_factor
        return times((yield ("symbol", factor)), total) if factor else total

    def _count(self, reference: m.SpeciesReference) -> Definition:
        if reference.id:
            return (yield ("symbol", reference.id))
        if reference.math is not None:
            return (yield ("formula", reference.math))
        return (yield from self._number(reference.stoichiometry))

    def _total(self, name: str) -> Definition:
        """How fast any quantity changes: by rule of its own, or with what it is computed from."""
        if name not in self.facts.assigned:
            return (yield ("rate", name))
        value = yield ("symbol", name)
        total = self.graph.lift(0)
        names = list(self.facts.states)
        for leaf, slope in slopes([value])[0].items():
            pace = self.graph.lift(1)
            if leaf.op == "state":
                pace = yield ("pace", names[leaf.args[0]])
            total = plus(total, times(slope, pace))
        return total


def _assemble(facts: Facts) -> System:
    bodies = [f.body for f in facts.model.functions if f.body is not None]
    written = size((*bodies, *(formula for _, formula, _ in formulas(facts.model))))
    graph = Formulas()
    graph.limit = min(graph.limit, ROOM + GROWTH * written)
    before = Definitions(facts, graph)
    known = {}
    for name in facts.kinds:
        one = facts.species.get(name)
        followed = one is not None and facts.follows_amount(one)
        if facts.kinds[name] != "reaction":
            known[name] = float(before.ask(("amount" if followed else "symbol", name)).args[0])
    later = Definitions(facts, graph, known)
    return System(
        states=tuple(facts.states),
        start=tuple(known[name] for name in facts.states),
        held=tuple(facts.held),
        held_start=tuple(known[name] for name in facts.held),
        rates=tuple(later.ask(("pace", name)) for name in facts.states),
        happenings=tuple(_happening(e, n, later) for n, e in enumerate(facts.model.events)),
        symbols={name: later.ask(("symbol", name)) for name in facts.kinds},
        amounts={name: later.ask(("amount", name)) for name in facts.species},
        concentrations={name: later.ask(("concentration", name)) for name in facts.species},
        default=tuple(n for n in facts.kinds if n in facts.species or _changes(facts, n)),
        graph=graph,
    )


def _changes(facts: Facts, name: str) -> bool:
    return any(name in d for d in (facts.assigned, facts.rated, facts.struck))


def _happening(event: m.Event, number: int, later: Definitions) -> Happening:
    facts, graph = later.facts, later.graph

    def target(name: str) -> Target:
        one = facts.species.get(name)
        places = facts.states if name in facts.states else facts.held
        needs_size = one and facts.follows_amount(one) and not facts.is_amount(one)
        size = later.ask(("symbol", one.compartment)) if one and needs_size else None
        return Target(name in facts.states, places[name], size)

    def optional(formula: m.Math | None) -> Expr | None:
        return None if formula is None else later.formula(formula)

    return Happening(
        name=event.id or f"number {number + 1}",
        trigger=truth(later.formula(event.trigger)) if event.trigger else graph.lift(0),
        delay=optional(event.delay),
        priority=optional(event.priority),
        targets=tuple(target(a.variable) for a in event.assignments),
        values=tuple(later.formula(a.math) for a in event.assignments),
        values_from_trigger_time=event.values_from_trigger_time,
        initial_value=event.initial_value,
        persistent=event.persistent,
    )
