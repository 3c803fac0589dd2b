"""A model with its numbers as an SBML Level 3 Version 1 text, for other simulators.

States and parameters become SBML parameters; a state follows a rate rule, a dose or an event of
the model becomes an SBML event. What several rates share becomes an assignment rule. Where labels
are given, every symbol and every number of a sum has its unit, a note and its source.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as Xml

from ..base.errors import Problem, SolveError
from .equations import factors
from .expression import Expr
from .labels import Document, Dose
from .model import Model, trace
from .sbml_parts import UnitTable, annotation, legible, notes
from .shared import shared_names
from .unitcheck import UnitReader
from .units import PLAIN, Unit, parse_unit

CORE = "http://www.sbml.org/sbml/level3/version1/core"
MATH = "http://www.w3.org/1998/Math/MathML"
SYMBOL_TIME = "http://www.sbml.org/sbml/symbols/time"


def write_sbml(
    model: Model,
    parameters: Mapping[str, float],
    initial: Mapping[str, float],
    doses: Sequence[Dose] = (),
) -> str:
    """The SBML text of a model without labels; doses are (day, state, amount).

    A day or an amount may be the name of a parameter, so that one text serves many patients.

    Raises SolveError if a number is missing, not finite, or a name is used twice.
    """
    return sbml_text(Document("carnk_model", "", model, parameters, initial, tuple(doses)))


def sbml_text(document: Document) -> str:
    """The SBML text of a document, with the units, notes and sources of its labels.

    Raises SolveError if a number is missing, not finite, or a name is used twice.
    """
    check_numbers(document)
    root = Xml.Element("sbml", {"xmlns": CORE, "level": "3", "version": "1"})
    _Writer(document, root).write()
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def check_numbers(document: Document) -> None:
    """Raise SolveError if a number is missing, not finite, or a name is used twice."""
    model, problems = document.model, []
    for place, names, numbers in (
        ("parameters", model.parameters, document.parameters),
        ("initial", model.states, document.initial),
    ):
        for name in names:
            if not math.isfinite(numbers.get(name, math.nan)):
                problems.append(Problem(place, f"'{name}' has no finite number"))
    for name in sorted(set(model.states) & set(model.parameters)):
        problems.append(Problem("parameters", f"'{name}' is the name of a state as well"))
    for day, state, amount in document.doses:
        fits = all(
            x in model.parameters if isinstance(x, str) else math.isfinite(x) for x in (day, amount)
        )
        if state not in model.states or not fits:
            what = f"({day!r}, {state!r}, {amount!r}) is not a day, a state and an amount"
            problems.append(Problem("doses", what))
    if problems:
        raise SolveError(problems)


class _Writer:
    """Fills the SBML element <model>."""

    def __init__(self, document: Document, root: Xml.Element) -> None:
        self.document, self.model = document, document.model
        self.traced = traced = trace(self.model)
        self.body = Xml.SubElement(root, "model", {"id": document.id})
        self.outputs = [*traced.rates, *traced.triggers]
        self.outputs += [amount for effect in traced.effects for amount in effect.values()]
        self.names = shared_names(self.outputs)
        self.table = UnitTable()
        units = document.units()
        self.reader = UnitReader({name: parse_unit(unit) for name, unit in units.items()})
        self.time = parse_unit(document.time) if units else None
        if self.time:
            root.set("xmlns:sbml", CORE)
            self.body.set("timeUnits", self.table.id_of(self.time))
        if document.title:
            self.body.set("name", legible(document.title))
        if document.notes:
            self.body.append(notes(document.notes))
        self.symbols, self.rules, self.events = (
            Xml.Element(tag) for tag in ("listOfParameters", "listOfRules", "listOfEvents")
        )

    def write(self) -> None:
        for name in self.model.states:
            self._symbol(name, self.document.initial[name], constant=False)
        for name in self.model.parameters:
            self._symbol(name, self.document.parameters[name], constant=True)
        for e, name in self.names.items():
            self._symbol(name, None, constant=False, unit=self._unit(e))
            self._rule("assignmentRule", name, self._inner(e))
        for name, rate in zip(self.model.states, self.traced.rates):
            self._rule("rateRule", name, self._rate(name, rate))
        for n, (day, state, amount) in enumerate(self.document.doses):
            due = _apply("geq", _time(), self._value(day, self.time))
            given = _apply("plus", _symbol(state), self._value(amount, self._known(state)))
            self._event(f"dose_{n + 1}", due, {state: given}, at_start=False)
        for n in range(len(self.model.events)):
            self._model_event(n)
        if self.table.ids:
            self.body.append(self.table.element())
        self.body.extend(part for part in (self.symbols, self.rules, self.events) if len(part))

    def _model_event(self, n: int) -> None:
        """An event of the model; a counter keeps it from firing too often."""
        event, counter = self.model.events[n], f"fired_{n + 1}"
        plain = PLAIN if self.time else None
        self._symbol(counter, 0.0, constant=False, unit=plain)
        trigger = self.traced.triggers[n]
        risen = _apply("gt", self._math(trigger), _number(0.0, self._units_of(trigger)))
        left = _apply("lt", _symbol(counter), self._value(float(event.times), plain))
        changes = {
            state: _apply("plus", _symbol(state), self._math(amount, self._known(state)))
            for state, amount in self.traced.effects[n].items()
        }
        changes[counter] = _apply("plus", _symbol(counter), self._value(1.0, plain))
        self._event(f"event_{n + 1}", _apply("and", risen, left), changes, at_start=True)

    def _symbol(
        self, name: str, value: float | None, *, constant: bool, unit: Unit | None = None
    ) -> None:
        label = self.document.label(name)
        fields = {"id": name, "constant": str(constant).lower()}
        if value is not None:
            fields["value"] = repr(float(value))
        known = unit if unit is not None else self._known(name)
        if known is not None:
            fields["units"] = self.table.id_of(known)
        made = Xml.SubElement(self.symbols, "parameter", fields)
        if said := label.sentences():
            made.append(notes(said))
        if label.link:
            made.set("metaid", f"meta_{name}")
            made.append(annotation(f"meta_{name}", label))

    def _known(self, name: str) -> Unit | None:
        return self.reader.known.get(name)

    def _unit(self, e: Expr) -> Unit | None:
        """The unit of an expression where labels give it."""
        found = self.reader.unit(e, "") if self.time else None
        return found if isinstance(found, Unit) else None

    def _units_of(self, e: Expr) -> str:
        """The id of the unit of an expression, '' if it is not known."""
        unit = self._unit(e)
        return "" if unit is None else self.table.id_of(unit)

    def _value(self, value: float | str, unit: Unit | None) -> Xml.Element:
        if isinstance(value, str):
            return _symbol(value)
        return _number(value, "" if unit is None else self.table.id_of(unit))

    def _rate(self, name: str, rate: Expr) -> Xml.Element:
        known = self._known(name)
        return self._math(rate, known / self.time if known is not None and self.time else None)

    def _rule(self, kind: str, name: str, math: Xml.Element) -> None:
        _wrap(Xml.SubElement(self.rules, kind, {"variable": name}), math)

    def _event(
        self, name: str, trigger: Xml.Element, changes: dict[str, Xml.Element], *, at_start: bool
    ) -> None:
        fields = {"id": name, "useValuesFromTriggerTime": "true"}
        event = Xml.SubElement(self.events, "event", fields)
        start = {"initialValue": str(at_start).lower(), "persistent": "true"}
        _wrap(Xml.SubElement(event, "trigger", start), trigger)
        assignments = Xml.SubElement(event, "listOfEventAssignments")
        for state, value in changes.items():
            _wrap(Xml.SubElement(assignments, "eventAssignment", {"variable": state}), value)

    def _math(self, e: Expr, wanted: Unit | None = None) -> Xml.Element:
        """An expression; a bare number is written in the unit wanted there."""
        if e.op == "const":
            return self._value(e.args[0], wanted)
        return _symbol(self.names[e]) if e in self.names else self._inner(e)

    def _inner(self, e: Expr) -> Xml.Element:
        unit = self._unit(e)
        match e.op:
            case "state" | "parameter":
                return _symbol(e.args[0])
            case "const":
                return self._value(e.args[0], PLAIN if self.time else None)
            case "mul" | "inv":
                return self._product(e)
            case "max":
                a, b = (self._math(arg, unit) for arg in e.args)
                return _piecewise(a, _apply("gt", a, b), b)
            case "where":
                a, b = (self._math(arg, unit) for arg in e.args[1:])
                zero = _number(0.0, self._units_of(e.args[0]))
                return _piecewise(a, _apply("gt", self._math(e.args[0]), zero), b)
            case "power":
                base, exponent = e.args
                raised = _apply("power", self._math(base), self._math(exponent, PLAIN))
                above = _apply("gt", self._math(base), _number(0.0, self._units_of(base)))
                return _piecewise(raised, above, self._value(0.0, unit))
        tag = {"add": "plus", "sub": "minus", "neg": "minus", "exp": "exp", "log": "ln"}[e.op]
        return _apply(tag, *(self._math(arg, unit) for arg in e.args))

    def _product(self, e: Expr) -> Xml.Element:
        """A product as one fraction; factors that have a name of their own keep it."""
        plain = PLAIN if self.time else None
        over = [self._math(f, plain) for f, below in self._factors(e) if not below]
        under = [self._math(f, plain) for f, below in self._factors(e) if below]
        above = _times(over) if over else self._value(1.0, plain)
        return _apply("divide", above, _times(under)) if under else above

    def _factors(self, e: Expr) -> list[tuple[Expr, bool]]:
        return list(factors(e, keep=lambda f: f is not e and f in self.names))


def _wrap(parent: Xml.Element, math: Xml.Element) -> None:
    Xml.SubElement(parent, "math", {"xmlns": MATH}).append(math)


def _apply(tag: str, *arguments: Xml.Element) -> Xml.Element:
    made = Xml.Element("apply")
    Xml.SubElement(made, tag)
    made.extend(arguments)
    return made


def _times(values: list[Xml.Element]) -> Xml.Element:
    return values[0] if len(values) == 1 else _apply("times", *values)


def _piecewise(value: Xml.Element, condition: Xml.Element, other: Xml.Element) -> Xml.Element:
    made = Xml.Element("piecewise")
    Xml.SubElement(made, "piece").extend((value, condition))
    Xml.SubElement(made, "otherwise").append(other)
    return made


def _symbol(name: str) -> Xml.Element:
    made = Xml.Element("ci")
    made.text = name
    return made


def _time() -> Xml.Element:
    fields = {"encoding": "text", "definitionURL": SYMBOL_TIME}
    made = Xml.Element("csymbol", fields)
    made.text = "time"
    return made


def _number(value: float, units: str = "") -> Xml.Element:
    text = repr(float(value))
    fields = {"sbml:units": units} if units else {}
    if "e" not in text:
        made = Xml.Element("cn", fields)
        made.text = text
        return made
    digits, exponent = text.split("e")
    made = Xml.Element("cn", {"type": "e-notation", **fields})
    made.text = digits
    Xml.SubElement(made, "sep").tail = str(int(exponent))
    return made
