"""Whether the units of a model's equations fit: dimensions, and scales of one dimension.

What has no declared unit is unknown, and what is made of it is unknown too: nothing is said of it.
A bare number in a sum has the unit of the other terms. Read `check_units` first; the same rules
serve SBML files in `sbml_units.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import nan
from typing import Any

from ..base.errors import Problem
from .equations import TEXT, Printer
from .expression import Expr, topological
from .model import Model, trace
from .units import PLAIN, Unit, parse_unit, same_dimension, same_scale

STEEPEST = 100  # exponents beyond this are not followed
SHOWN = 60  # characters of a formula in a message
AMOUNTS = ("kilogram", "mole", "item")
COUNTS = 6  # whole numbers up to this and their inverses count; others may convert units


@dataclass(frozen=True)
class Bare:
    """The unit of a number written without one."""

    value: float


Found = Unit | Bare | None  # None: not known
Term = tuple[Any, Found]  # a formula, or words, and its unit


@dataclass
class Judge:
    """Finds the unit of an operation from those of its terms, and gathers what does not fit.

    contradictions: quantities meet that have nothing in common, as seconds and moles, and neither
    unit is a default. mismatches: other dimensions meet. scales: one dimension in two scales, as
    hours and days. write: the text of a formula.
    """

    write: Callable[[Any], str]
    counts: int = COUNTS
    contradictions: list[Problem] = field(default_factory=list)
    mismatches: list[Problem] = field(default_factory=list)
    scales: list[Problem] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        """All that was found, the worst first."""
        return [*self.contradictions, *self.mismatches, *self.scales]

    def alike(self, place: str, terms: Sequence[Term], what: str) -> Found:
        """The one unit of terms that are added or compared; `what` says in words what happens."""
        known = [(text, unit) for text, unit in terms if isinstance(unit, Unit)]
        for text, unit in known[1:]:
            if not self._fit(place, known[0], (text, unit), what):
                return None
        if known:
            return known[0][1]
        return Bare(nan) if all(isinstance(unit, Bare) for _, unit in terms) else None

    def wanted(self, place: str, term: Term, unit: Found, what: str) -> None:
        """A term has to be in a unit, if both are known."""
        if isinstance(unit, Unit) and isinstance(term[1], Unit):
            self._fit(place, term, (what, unit), "")

    def plain(self, place: str, term: Term, function: str) -> None:
        """The argument of exp, log and their like is a plain number."""
        text, unit = term
        if not isinstance(unit, Unit) or (not unit.dimension and same_scale(unit, PLAIN)):
            return
        what = f"{function} of {self._said(text)}, which is in {unit}"
        if unit.dimension:
            self.mismatches.append(Problem(place, what, "Divide it by an amount in that unit"))
        else:
            do = f"One {unit} is {unit.factor:.6g}: give both in one scale"
            self.scales.append(Problem(place, what, do))

    def times(self, a: Found, b: Found) -> Found:
        """The unit of a product."""
        if isinstance(a, Bare) and isinstance(b, Bare):
            return Bare(a.value * b.value)
        a, b = self._counted(a), self._counted(b)
        return None if a is None or b is None else a * b

    def power(self, base: Found, exponent: Fraction | None) -> Found:
        """The unit of a power; an exponent of None is not known."""
        if isinstance(base, Unit):
            if exponent is not None:
                power = base**exponent
                return power if all(abs(p) <= STEEPEST for _, p in power.words) else None
            return None if base.dimension else PLAIN
        return None

    def _said(self, formula: Any) -> str:
        """Words as they are, a formula in quotation marks and not too long."""
        if isinstance(formula, str):
            return formula
        text = self.write(formula)
        return f"'{text}'" if len(text) <= SHOWN else f"'{text[: SHOWN - 4]} ...'"

    def _counted(self, unit: Found) -> Unit | None:
        """A bare number that multiplies counts if it is a small whole number or its inverse."""
        if not isinstance(unit, Bare):
            return unit
        size = abs(unit.value)
        return PLAIN if any(size in (n, 1 / n) for n in range(1, self.counts + 1)) else None

    def _fit(self, place: str, one: Term, other: Term, joined: str) -> bool:
        (a, unit), (b, against) = one, other
        assert isinstance(unit, Unit)
        assert isinstance(against, Unit)
        if same_dimension(unit, against) and same_scale(unit, against):
            return True
        other_side = f"{self._said(b)} in {against}, and they are {joined}" if joined else b
        what = f"{self._said(a)} is in {unit}, {other_side}"
        if same_dimension(unit, against):
            ratio = unit.factor / against.factor
            do = f"One {unit} is {ratio:.6g} {against}: give both in one scale"
            self.scales.append(Problem(place, what, do))
        else:
            sure = not (unit.assumed or against.assumed)
            worst = sure and _nothing_in_common(unit, against)
            found = self.contradictions if worst else self.mismatches
            found.append(Problem(place, what, "Correct a unit or the formula"))
        return False


def check_units(model: Model, units: Mapping[str, str], time: str = "day") -> list[Problem]:
    """Everything in the equations and events of a model whose units do not fit; none if all do.

    units: {state or parameter: unit}, as in 'cell/mL'; a name that is missing is not checked. A
    place is 'mechanism: state'. Raises NumberError for a unit that is not known.
    """
    traced = trace(model)
    per_time = PLAIN / parse_unit(time)
    known = {name: parse_unit(unit) for name, unit in units.items()}
    reader = UnitReader(known)
    for mechanism, arrows in traced.arrows:
        for state, arrow in arrows.items():
            reader.read(arrow, f"{mechanism}: {state}", known.get(state), per_time)
    for event, trigger, effect in zip(model.events, traced.triggers, traced.effects):
        reader.unit(trigger, f"{event.name}: trigger")
        for state, amount in effect.items():
            reader.read(amount, f"{event.name}: {state}", known.get(state), PLAIN)
    return reader.judge.problems


class UnitReader:
    """Reads the units of traced expressions, each node once, from those of their symbols."""

    def __init__(self, known: Mapping[str, Unit]) -> None:
        self.known = dict(known)
        self.judge = Judge(Printer(TEXT).write)
        self.units: dict[Expr, Found] = {}

    def read(self, e: Expr, place: str, unit: Unit | None, per: Unit) -> None:
        """Check an expression and that it is in `unit * per`."""
        term = e, self.unit(e, place)
        if unit is not None:
            wanted = unit * per
            self.judge.wanted(place, term, wanted, f"but {wanted} is needed here")

    def unit(self, e: Expr, place: str) -> Found:
        """The unit of an expression; problems are told at the place that reads it first."""
        for node in topological([e]):
            if node not in self.units:
                self.units[node] = self._unit(node, place)
        return self.units[e]

    def _unit(self, e: Expr, place: str) -> Found:
        judge = self.judge
        terms = [(a, self.units[a]) for a in e.args if isinstance(a, Expr)]
        match e.op:
            case "const":
                return Bare(e.args[0])
            case "state" | "parameter":
                return self.known.get(e.args[0])
            case "add":
                return judge.alike(place, terms, "added")
            case "sub":
                return judge.alike(place, terms, "subtracted or compared")
            case "max":
                return judge.alike(place, terms, "compared")
            case "where":
                return judge.alike(place, terms[1:], "alternatives")
            case "neg":
                return terms[0][1]
            case "mul":
                return judge.times(terms[0][1], terms[1][1])
            case "inv":
                return judge.power(terms[0][1], Fraction(-1))
            case "power":
                judge.plain(place, terms[1], "the exponent is made")
                exponent = terms[1][1]
                return judge.power(terms[0][1], rational(exponent))
            case "exp" | "log":
                judge.plain(place, terms[0], f"{e.op} is taken")
                return PLAIN
        raise ValueError(f"the unit of '{e.op}' is not known")


def rational(exponent: Found) -> Fraction | None:
    """An exponent written as a number, as a fraction."""
    if not isinstance(exponent, Bare) or not abs(exponent.value) <= STEEPEST:
        return None
    return Fraction(exponent.value).limit_denominator(1000)


def _nothing_in_common(a: Unit, b: Unit) -> bool:
    """Whether two units measure nothing alike; amounts are masses, moles or items alike.

    A plain number may be a share of anything, so it has something in common with all.
    """
    one, other = (
        {"amount" if base in AMOUNTS else base for base, _ in unit.dimension} for unit in (a, b)
    )
    return bool(one) and bool(other) and not one & other
