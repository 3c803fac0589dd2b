"""A document as Antimony, the line notation of SBML that people write by hand.

The notation: Smith et al. 2009, Bioinformatics 25:2452, doi:10.1093/bioinformatics/btp401.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .equations import ATOM, TEXT, Printer
from .expression import Expr
from .labels import Document
from .model import trace
from .sbml import check_numbers
from .sbml_parts import UnitTable, legible, parts
from .shared import abbreviate
from .unitcheck import UnitReader
from .units import Unit, parse_unit

ANTIMONY = replace(
    TEXT,
    max="piecewise({0}, {0} > {1}, {1})",
    where="piecewise({1}, {0} > 0, {2})",
)


def antimony_text(document: Document) -> str:
    """The Antimony text of a document: units, numbers with their sources, rules and events.

    Raises SolveError if a number is missing, not finite, or a name is used twice.
    """
    check_numbers(document)
    return "\n".join([*_Writer(document).lines(), ""])


class _AntimonyPrinter(Printer):
    """Expressions in Antimony: full digits, and powers of amounts that are zero at zero."""

    def _form(self, e: Expr) -> tuple[str, int]:
        text, holds = super()._form(e)
        if e.op == "power":
            return f"piecewise({text}, {self.write(e.args[0])} > 0, 0)", ATOM
        return text, holds

    def _number(self, value: float) -> tuple[str, int]:
        return (repr(value), ATOM) if value >= 0 else (f"({value!r})", ATOM)


class _Writer:
    """Writes the lines of one document."""

    def __init__(self, document: Document) -> None:
        self.document, self.model = document, document.model
        self.traced = traced = trace(self.model)
        amounts = [amount for effect in traced.effects for amount in effect.values()]
        self.shared, outputs = abbreviate([*traced.rates, *traced.triggers, *amounts])
        rest = iter(outputs)
        self.rates = [next(rest) for _ in traced.rates]
        self.triggers = [next(rest) for _ in traced.triggers]
        self.effects = [{state: next(rest) for state in effect} for effect in traced.effects]
        self.printer = _AntimonyPrinter(ANTIMONY)
        known = {name: parse_unit(unit) for name, unit in document.units().items()}
        self.known, self.table = known, UnitTable()
        self.time = parse_unit(document.time)

    def lines(self) -> Iterator[str]:
        for note in (self.document.title, *self.document.notes):
            yield f"// {legible(note)}"
        body = [*self._numbers(), *self._rules(), *self._events()]
        yield f"model *{self.document.id}()"
        for name, unit in sorted(self.table.ids.items()):
            yield f"  unit {name} = {_unit(unit)};"
        if self.known:
            yield f"  unit time_unit = {_unit(self.time)};"
        yield from (f"  {line}" for line in body)
        yield "end"

    def _numbers(self) -> Iterator[str]:
        yield "// parameters"
        for name in self.model.parameters:
            yield f"const {name} = {float(self.document.parameters[name])!r};{self._comment(name)}"
            yield from self._has(name)
        yield "// states at the start"
        for name in self.model.states:
            yield f"var {name} = {float(self.document.initial[name])!r};{self._comment(name)}"
            yield from self._has(name)

    def _comment(self, name: str) -> str:
        label = self.document.label(name)
        said = ". ".join(filter(None, (*label.sentences(), label.link)))
        return f"  // {legible(said)}" if said else ""

    def _has(self, name: str) -> Iterator[str]:
        if name in self.known:
            yield f"{name} has {self.table.id_of(self.known[name])};"

    def _rules(self) -> Iterator[str]:
        yield "// what several rates share"
        reader = UnitReader(self.known)
        for name, e in self.shared.items():
            yield f"var {name} := {self.printer.write(e)};"
            unit = reader.unit(e, "")
            if isinstance(unit, Unit) and self.known:
                reader.known[name] = unit
                yield f"{name} has {self.table.id_of(unit)};"
        yield "// rates"
        for name, rate in zip(self.model.states, self.rates):
            yield f"{name}' = {self.printer.write(rate)};"

    def _events(self) -> Iterator[str]:
        settings = "fromTrigger=true, persistent=true, t0="
        for n, (day, state, amount) in enumerate(self.document.doses):
            change = f"{state} = {state} + {_value(amount)}"
            yield f"dose_{n + 1}: at (time >= {_value(day)}), {settings}false: {change};"
        for n, (event, trigger, effect) in enumerate(
            zip(self.model.events, self.triggers, self.effects)
        ):
            counter = f"fired_{n + 1}"
            yield f"var {counter} = 0;"
            if self.known:
                yield f"{counter} has dimensionless;"
            changes = [f"{s} = {s} + {self.printer.write(a)}" for s, a in effect.items()]
            risen = f"{self.printer.write(trigger)} > 0 && {counter} < {event.times}"
            changed = ", ".join([*changes, f"{counter} = {counter} + 1"])
            yield f"event_{n + 1}: at ({risen}), {settings}true: {changed};"


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else repr(float(value))


def _unit(unit: Unit) -> str:
    """A unit as a product of SBML's kinds, as in '1e-12 gram / 1e-3 litre'."""
    over: list[str] = []
    under: list[str] = []
    for kind, exponent, scale, multiplier in parts(unit):
        size = multiplier * 10.0**scale
        text = kind if size == 1 else f"{size:.12g} {kind}"
        if abs(exponent) != 1:
            text = f"({text})^{abs(exponent)}"
        (over if exponent > 0 else under).append(text)
    return " / ".join([" * ".join(over) or "dimensionless", *under])
