"""Whether the units that an SBML file declares fit its formulas.

SBML holds a model whose units do not fit for valid: the numbers mean what they mean. So what is
told here is no mathematics; but metres added to seconds are a mistake in the file all the same.
Only what the file declares is used: a parameter without units, a number without units and what is
made of them are not known, and nothing is said of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import exp, log

from ..base.errors import NumberError, Problem
from .sbml_model import Assignment, Event, Math, Reaction, SbmlModel, Species, SpeciesReference
from .sbml_model import Unit as UnitPart
from .unitcheck import STEEPEST, Bare, Found, Judge, Term, rational
from .units import PLAIN, Unit, Word

DEEPEST_CALL = 50  # functions within functions
_BASES: dict[str, tuple[float, dict[str, int]]] = {
    "ampere": (1, {"ampere": 1}),
    "avogadro": (6.02214179e23, {}),
    "becquerel": (1, {"second": -1}),
    "candela": (1, {"candela": 1}),
    "coulomb": (1, {"ampere": 1, "second": 1}),
    "dimensionless": (1, {}),
    "farad": (1, {"ampere": 2, "kilogram": -1, "metre": -2, "second": 4}),
    "gram": (1e-3, {"kilogram": 1}),
    "gray": (1, {"metre": 2, "second": -2}),
    "henry": (1, {"ampere": -2, "kilogram": 1, "metre": 2, "second": -2}),
    "hertz": (1, {"second": -1}),
    "item": (1, {"item": 1}),
    "joule": (1, {"kilogram": 1, "metre": 2, "second": -2}),
    "katal": (1, {"mole": 1, "second": -1}),
    "kelvin": (1, {"kelvin": 1}),
    "kilogram": (1, {"kilogram": 1}),
    "liter": (1e-3, {"metre": 3}),
    "litre": (1e-3, {"metre": 3}),
    "lumen": (1, {"candela": 1}),
    "lux": (1, {"candela": 1, "metre": -2}),
    "meter": (1, {"metre": 1}),
    "metre": (1, {"metre": 1}),
    "mole": (1, {"mole": 1}),
    "newton": (1, {"kilogram": 1, "metre": 1, "second": -2}),
    "ohm": (1, {"ampere": -2, "kilogram": 1, "metre": 2, "second": -3}),
    "pascal": (1, {"kilogram": 1, "metre": -1, "second": -2}),
    "radian": (1, {}),
    "second": (1, {"second": 1}),
    "siemens": (1, {"ampere": 2, "kilogram": -1, "metre": -2, "second": 3}),
    "sievert": (1, {"metre": 2, "second": -2}),
    "steradian": (1, {}),
    "tesla": (1, {"ampere": -1, "kilogram": 1, "second": -2}),
    "volt": (1, {"ampere": -1, "kilogram": 1, "metre": 2, "second": -3}),
    "watt": (1, {"kilogram": 1, "metre": 2, "second": -3}),
    "weber": (1, {"ampere": -1, "kilogram": 1, "metre": 2, "second": -2}),
}
KINDS = {
    name: Word(name, factor, tuple((base, Fraction(p)) for base, p in powers.items()))
    for name, (factor, powers) in _BASES.items()
}
SIZES = {3.0: "volume", 2.0: "area", 1.0: "length"}
COMPARED = ("eq", "neq", "gt", "lt", "geq", "leq")
ALIKE = ("plus", "minus", "max", "min", "rem")
SAME = ("abs", "ceiling", "floor")
TRUTHS = ("and", "or", "not", "xor", "implies", "true", "false")
CONSTANTS = ("pi", "exponentiale", "infinity", "notanumber")


@dataclass(frozen=True)
class UnitReport:
    """What does not fit in a file, by how sure it is that the file is wrong.

    contradictions: both units are written beside parameters or numbers and have nothing in common,
    as seconds added to moles. doubts: all else, other dimensions or other scales; published models
    are full of them, since a program wrote its default units for species and compartments.
    """

    file: str
    contradictions: tuple[Problem, ...]
    doubts: tuple[Problem, ...]

    @property
    def note(self) -> str:
        """The doubts in one sentence, for a model that is solved all the same; '' if none."""
        if not self.doubts:
            return ""
        places = f"{len(self.doubts)} place{'s' if len(self.doubts) > 1 else ''}"
        return f"units do not fit in {places}, which changes no number; the first: {self.doubts[0]}"

    def refuse(self, strict: bool = False) -> None:
        """Raise NumberError if there are contradictions, or, when strict, anything at all."""
        found = (*self.contradictions, *(self.doubts if strict else ()))
        if found:
            raise NumberError(found, self.file)


def check_sbml_units(model: SbmlModel) -> UnitReport:
    """Everything in a file whose declared units do not fit, each with its place."""
    checker = _Checker(model)
    for reaction in model.reactions:
        checker.reaction(reaction)
    for rule in (*model.initial_assignments, *model.assignment_rules):
        checker.assignment(rule, PLAIN)
    per_time = checker.over(PLAIN, checker.time)
    for rule in model.rate_rules:
        checker.assignment(rule, per_time)
    for event in model.events:
        checker.event(event)
    judge = checker.judge
    return UnitReport(model.file, tuple(judge.contradictions), (*judge.mismatches, *judge.scales))


@dataclass
class _Checker:
    """Knows the unit of every symbol of a file and reads formulas by them."""

    model: SbmlModel
    calls: dict[tuple[str, tuple[Found, ...]], Found] = field(default_factory=dict)
    judge: Judge = field(default_factory=lambda: Judge(formula, counts=0))

    def __post_init__(self) -> None:
        self.defined = self._definitions()
        self.time = self.named(self.model.units.get("time", ""))
        self.substance = self._default("substance")
        self.extent = self._default("extent" if self.model.level > 2 else "substance")
        self.functions = {f.id: f for f in self.model.functions}
        self.symbols: dict[str, Found] = {p.id: self.named(p.units) for p in self.model.parameters}
        self.numbers = {p.id: p.value for p in self.model.parameters if p.constant}
        for place in self.model.compartments:
            kind = SIZES.get(3.0 if place.dimensions is None else place.dimensions, "")
            self.symbols[place.id] = self.named(place.units) if place.units else self._default(kind)
        for species in self.model.species:
            self.symbols[species.id] = _assumed(self._species(species))
        per_time = self.over(self.extent, self.time)
        for reaction in self.model.reactions:
            self.symbols[reaction.id] = per_time
            for reference in (*reaction.reactants, *reaction.products):
                if reference.id:
                    self.symbols[reference.id] = PLAIN

    def _definitions(self) -> dict[str, Unit]:
        """Units by id: the kinds of SBML and the definitions of the file, named by their ids."""
        found = {name: _of_kind(name) for name in KINDS}
        for definition in self.model.unit_definitions:
            unit, size = PLAIN, 0.0
            if not all(map(_is_sound, definition.units)):
                continue
            for part in definition.units:
                unit *= _of_kind(part.kind) ** Fraction(part.exponent).limit_denominator(1000)
                size += part.exponent * (log(part.multiplier) + part.scale * log(10))
            size += unit.log_factor
            if abs(size) < 700:
                word = Word(definition.id, exp(size), unit.dimension)
                found[definition.id] = Unit(((word, Fraction(1)),))
        return found

    def named(self, name: str) -> Unit | None:
        """The unit of an attribute; not known if it is not set."""
        return self.defined.get(name)

    def _default(self, kind: str) -> Unit | None:
        """The unit of a kind of thing where a component does not give its own.

        The defaults that Level 2 gives by itself count as undeclared unless the file defines them:
        few who wrote no unit meant moles in liters.
        """
        return _assumed(self.named(self.model.units.get(kind, "")))

    def _species(self, species: Species) -> Unit | None:
        """The unit of the symbol of a species: an amount or a concentration."""
        amount = self._amount(species)
        size = self.symbols.get(species.compartment)
        place = next((c for c in self.model.compartments if c.id == species.compartment), None)
        if species.substance_only or (place is not None and place.dimensions == 0):
            return amount
        return self.over(amount, size)

    def _amount(self, species: Species) -> Unit | None:
        return self.named(species.substance_units) if species.substance_units else self.substance

    @staticmethod
    def over(a: Found, b: Found) -> Unit | None:
        """a / b if both are known."""
        return a / b if isinstance(a, Unit) and isinstance(b, Unit) else None

    def assignment(self, rule: Assignment, per: Unit | None) -> None:
        """What is assigned has the unit of the variable, or that per time."""
        term = rule.math, self.unit(rule.math, rule.where)
        wanted = self.judge.times(self.symbols.get(rule.variable), per)
        self.judge.wanted(rule.where, term, wanted, f"but '{rule.variable}' needs {wanted}")

    def reaction(self, reaction: Reaction) -> None:
        """A kinetic law is in extent per time; what it moves is in the species' substance."""
        species = {s.id: s for s in self.model.species}
        for reference in (*reaction.reactants, *reaction.products):
            self._moved(reference, species[reference.species])
        if reaction.law is None:
            return
        local = {p.id: self.named(p.units) for p in reaction.local}
        numbers = {p.id: p.value for p in reaction.local}
        term = reaction.law, self.unit(reaction.law, reaction.where, local, numbers)
        wanted = self.over(self.extent, self.time)
        self.judge.wanted(reaction.where, term, wanted, f"but a rate is in {wanted}")

    def _moved(self, reference: SpeciesReference, species: Species) -> None:
        """Extent times conversion factor is in the substance of a species that a reaction moves."""
        if reference.math is not None:
            self.unit(reference.math, reference.where)
        if species.boundary:
            return
        factor = species.conversion_factor or self.model.conversion_factor
        moved = self.judge.times(self.extent, self.symbols.get(factor) if factor else PLAIN)
        amount = self._amount(species)
        if isinstance(moved, Unit) and amount is not None:
            what = f"but '{species.id}' is in {amount}"
            self.judge.wanted(reference.where, ("the extent of the reaction", moved), amount, what)

    def event(self, event: Event) -> None:
        """A trigger's comparisons fit, a delay is in time, a change in its variable's unit."""
        if event.trigger is not None:
            self.unit(event.trigger, event.where)
        if event.delay is not None:
            term = event.delay, self.unit(event.delay, event.where)
            self.judge.wanted(event.where, term, self.time, f"but a delay is in {self.time}")
        if event.priority is not None:
            term = event.priority, self.unit(event.priority, event.where)
            self.judge.plain(event.where, term, "the priority is")
        for change in event.assignments:
            self.assignment(change, PLAIN)

    def unit(
        self,
        math: Math,
        place: str,
        local: Mapping[str, Found] | None = None,
        numbers: Mapping[str, float | None] | None = None,
    ) -> Found:
        """The unit of a formula; `local` and `numbers` are a law's own units and values."""
        return _Formula(self, place, local or {}, numbers or {}).unit(math)


@dataclass(frozen=True)
class _Formula:
    """Reads one formula at its place in the file."""

    checker: _Checker
    place: str
    local: Mapping[str, Found]
    numbers: Mapping[str, float | None]
    depth: int = 0
    units: dict[Math, Found] = field(default_factory=dict)

    def unit(self, math: Math) -> Found:
        """The unit of a formula; arguments are read before what they are arguments of."""
        waiting = [(math, False)]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                self.units[node] = self.node(node)
            elif node not in self.units:
                waiting.append((node, True))
                waiting.extend((a, False) for a in reversed(node.args))
        return self.units[math]

    def node(self, math: Math) -> Found:
        """The unit of a node from those of its arguments."""
        judge, checker = self.checker.judge, self.checker
        match math.op:
            case "cn":
                return checker.named(math.units) if math.units else Bare(math.value)
            case "ci":
                return self.symbol(math.name)
            case "time":
                return checker.time
            case "avogadro":
                return None  # it leads from moles to items
            case "rateOf":
                return checker.over(self.symbol(math.args[0].name), checker.time)
            case "call":
                return self.call(math)
        if math.op in CONSTANTS:
            return Bare(0.0) if math.op in ("infinity", "notanumber") else PLAIN
        if math.op == "piecewise":
            return self.piecewise(math)
        terms = [(a, self.units[a]) for a in math.args]
        if math.op == "minus" and len(terms) == 1:
            unit = terms[0][1]
            return Bare(-unit.value) if isinstance(unit, Bare) else unit
        if math.op in ALIKE:
            return judge.alike(self.place, terms, "added or compared") if terms else Bare(0.0)
        if math.op in COMPARED:
            judge.alike(self.place, terms, "compared")
            return PLAIN
        return PLAIN if math.op in TRUTHS else self.arithmetic(math, terms)

    def arithmetic(self, math: Math, terms: list[Term]) -> Found:
        """Products, powers and functions."""
        judge, units = self.checker.judge, [unit for _, unit in terms]
        match math.op:
            case "times":
                product: Found = PLAIN if not units else units[0]
                for unit in units[1:]:
                    product = judge.times(product, unit)
                return product
            case "divide" | "quotient" if len(units) == 2:
                return judge.times(units[0], judge.power(units[1], Fraction(-1)))
            case "power" if len(units) == 2:
                judge.plain(self.place, terms[1], "the exponent is made")
                return judge.power(units[0], self.exponent(math.args[1], units[1]))
            case "root" if len(units) == 2:
                degree = self.exponent(math.args[0], units[0])
                return judge.power(units[1], 1 / degree if degree else None)
        if math.op in SAME and len(units) == 1:
            return units[0]
        for term in terms:
            judge.plain(self.place, term, f"{math.op} is taken")
        return PLAIN

    def symbol(self, name: str) -> Found:
        return self.local[name] if name in self.local else self.checker.symbols.get(name)

    def exponent(self, math: Math, unit: Found) -> Fraction | None:
        """An exponent that is a number, or a constant with one."""
        value = self.numbers.get(math.name, self.checker.numbers.get(math.name))
        if math.op == "ci" and value is not None:
            return rational(Bare(value))
        return rational(Bare(math.value) if math.op == "cn" else unit)

    def piecewise(self, math: Math) -> Found:
        """The one unit of all pieces."""
        pairs, odd = divmod(len(math.args), 2)
        values = [*math.args[0 : 2 * pairs : 2], *math.args[len(math.args) - odd :]]
        terms = [(a, self.units[a]) for a in values]
        return self.checker.judge.alike(self.place, terms, "alternatives") if terms else None

    def call(self, math: Math) -> Found:
        """A function with the units of its arguments."""
        function = self.checker.functions.get(math.name)
        arguments = tuple(self.units[a] for a in math.args)
        if function is None or function.body is None or self.depth >= DEEPEST_CALL:
            return None
        known = self.checker.calls
        if (math.name, arguments) not in known:
            known[math.name, arguments] = None  # what calls itself is not followed
            inner = dict(zip(function.arguments, arguments))
            place = f"{self.place}, in function '{math.name}'"
            body = _Formula(self.checker, place, inner, {}, self.depth + 1).unit(function.body)
            known[math.name, arguments] = body
        return known[math.name, arguments]


def _assumed(unit: Unit | None) -> Unit | None:
    """The same unit, marked as one that nobody wrote on purpose."""
    return unit and Unit(tuple((replace(word, assumed=True), p) for word, p in unit.words))


def _of_kind(kind: str) -> Unit:
    """The unit of one of SBML's kinds."""
    return PLAIN if kind == "dimensionless" else Unit(((KINDS[kind], Fraction(1)),))


def _is_sound(part: UnitPart) -> bool:
    """Whether a factor of a unit is of a known kind and of a size that can be reckoned with."""
    sizes = abs(part.exponent) <= STEEPEST and abs(part.scale) <= 300
    return part.kind in KINDS and sizes and 1e-300 < part.multiplier < 1e300


SIGNS = {"plus": " + ", "minus": " - ", "times": " * ", "divide": " / ", "power": "^", "eq": " == ",
         "neq": " != ", "gt": " > ", "lt": " < ", "geq": " >= ", "leq": " <= "}  # fmt: skip


def formula(math: Math, depth: int = 5) -> str:
    """A formula as a line of text for messages; what lies deep in it is left out."""
    if math.op == "cn":
        return f"{math.value:g}"
    if math.op == "ci":
        return math.name
    if depth == 0:
        return "..."
    parts = [formula(a, depth - 1) for a in math.args[:4]]
    if math.op in SIGNS and len(parts) > 1:
        grouped = [f"({p})" if a.op in SIGNS else p for p, a in zip(parts, math.args)]
        return SIGNS[math.op].join(grouped)
    if math.op == "minus" and parts:
        return f"-{parts[0]}"
    name = math.name or math.op
    return f"{name}({', '.join(parts)})" if parts else name
