"""A model with its numbers as an SBML Level 3 Version 1 text, for other simulators.

States and parameters become SBML parameters; a state follows a rate rule, a dose or an event of
the model becomes an SBML event. What several rates share becomes an assignment rule.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree as Xml

from ..base.errors import Problem, SolveError
from .equations import factors
from .expression import Expr, children, topological
from .model import Model, Traced, trace

CORE = "http://www.sbml.org/sbml/level3/version1/core"
MATH = "http://www.w3.org/1998/Math/MathML"
SYMBOL_TIME = "http://www.sbml.org/sbml/symbols/time"

Dose = tuple[float | str, str, float | str]  # a name stands for a parameter


def write_sbml(
    model: Model,
    parameters: Mapping[str, float],
    initial: Mapping[str, float],
    doses: Sequence[Dose] = (),
) -> str:
    """The SBML text of a model; doses are (day, state, amount).

    A day or an amount may be the name of a parameter, so that one text serves many patients.

    Raises SolveError if a number is missing, not finite, or a name is used twice.
    """
    _check(model, parameters, initial, doses)
    traced = trace(model)
    root = Xml.Element("sbml", {"xmlns": CORE, "level": "3", "version": "1"})
    body = Xml.SubElement(root, "model", {"id": "carnk_model"})
    _Writer(model, traced, body).write(parameters, initial, doses)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _check(
    model: Model,
    parameters: Mapping[str, float],
    initial: Mapping[str, float],
    doses: Iterable[Dose],
) -> None:
    problems = []
    for place, names, numbers in (
        ("parameters", model.parameters, parameters),
        ("initial", model.states, initial),
    ):
        for name in names:
            if not math.isfinite(numbers.get(name, math.nan)):
                problems.append(Problem(place, f"'{name}' has no finite number"))
    for name in sorted(set(model.states) & set(model.parameters)):
        problems.append(Problem("parameters", f"'{name}' is the name of a state as well"))
    for day, state, amount in doses:
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

    def __init__(self, model: Model, traced: Traced, body: Xml.Element) -> None:
        self.model, self.traced = model, traced
        self.outputs = [*traced.rates, *traced.triggers]
        self.outputs += [amount for effect in traced.effects for amount in effect.values()]
        self.names = _shared(self.outputs)
        self.symbols, self.rules, self.events = (
            Xml.SubElement(body, tag) for tag in ("listOfParameters", "listOfRules", "listOfEvents")
        )
        self.body = body

    def write(
        self, parameters: Mapping[str, float], initial: Mapping[str, float], doses: Iterable[Dose]
    ) -> None:
        for name in self.model.states:
            self._symbol(name, initial[name], constant=False)
        for name in self.model.parameters:
            self._symbol(name, parameters[name], constant=True)
        for e, name in self.names.items():
            self._symbol(name, None, constant=False)
            self._rule("assignmentRule", name, self._inner(e))
        for name, rate in zip(self.model.states, self.traced.rates):
            self._rule("rateRule", name, self._math(rate))
        for n, (day, state, amount) in enumerate(doses):
            due = _apply("geq", _time(), _value(day))
            given = _apply("plus", _symbol(state), _value(amount))
            self._event(f"dose_{n + 1}", due, {state: given}, at_start=False)
        for n in range(len(self.model.events)):
            self._model_event(n)
        if not len(self.events):
            self.body.remove(self.events)

    def _model_event(self, n: int) -> None:
        """An event of the model; a counter keeps it from firing too often."""
        event, counter = self.model.events[n], f"fired_{n + 1}"
        self._symbol(counter, 0.0, constant=False)
        risen = _apply("gt", self._math(self.traced.triggers[n]), _number(0.0))
        left = _apply("lt", _symbol(counter), _number(event.times))
        changes = {
            state: _apply("plus", _symbol(state), self._math(amount))
            for state, amount in self.traced.effects[n].items()
        }
        changes[counter] = _apply("plus", _symbol(counter), _number(1.0))
        self._event(f"event_{n + 1}", _apply("and", risen, left), changes, at_start=True)

    def _symbol(self, name: str, value: float | None, *, constant: bool) -> None:
        fields = {"id": name, "constant": str(constant).lower()}
        if value is not None:
            fields["value"] = repr(float(value))
        Xml.SubElement(self.symbols, "parameter", fields)

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

    def _math(self, e: Expr) -> Xml.Element:
        return _symbol(self.names[e]) if e in self.names else self._inner(e)

    def _inner(self, e: Expr) -> Xml.Element:
        match e.op:
            case "state" | "parameter":
                return _symbol(e.args[0])
            case "const":
                return _number(e.args[0])
            case "mul" | "inv":
                return self._product(e)
            case "max":
                a, b = map(self._math, e.args)
                return _piecewise(a, _apply("gt", a, b), b)
            case "where":
                condition, a, b = map(self._math, e.args)
                return _piecewise(a, _apply("gt", condition, _number(0.0)), b)
            case "power":
                base, exponent = map(self._math, e.args)
                raised = _apply("power", base, exponent)
                return _piecewise(raised, _apply("gt", base, _number(0.0)), _number(0.0))
        tag = {"add": "plus", "sub": "minus", "neg": "minus", "exp": "exp", "log": "ln"}[e.op]
        return _apply(tag, *map(self._math, e.args))

    def _product(self, e: Expr) -> Xml.Element:
        """A product as one fraction; factors that have a name of their own keep it."""
        over = [self._math(f) for f, below in self._factors(e) if not below]
        under = [self._math(f) for f, below in self._factors(e) if below]
        above = _times(over) if over else _number(1.0)
        return _apply("divide", above, _times(under)) if under else above

    def _factors(self, e: Expr) -> list[tuple[Expr, bool]]:
        return list(factors(e, keep=lambda f: f is not e and f in self.names))


def _shared(outputs: Sequence[Expr]) -> dict[Expr, str]:
    """Names for the expressions that more than one other needs, children first."""
    order = topological(outputs)
    uses = Counter(a for e in order for a in children(e))
    uses.update(outputs)
    often = [e for e in order if children(e) and uses[e] > 1]
    return {e: f"shared_{n + 1}" for n, e in enumerate(often)}


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


def _value(value: float | str) -> Xml.Element:
    return _symbol(value) if isinstance(value, str) else _number(value)


def _time() -> Xml.Element:
    fields = {"encoding": "text", "definitionURL": SYMBOL_TIME}
    made = Xml.Element("csymbol", fields)
    made.text = "time"
    return made


def _number(value: float) -> Xml.Element:
    text = repr(float(value))
    if "e" not in text:
        made = Xml.Element("cn")
        made.text = text
        return made
    digits, exponent = text.split("e")
    made = Xml.Element("cn", {"type": "e-notation"})
    made.text = digits
    Xml.SubElement(made, "sep").tail = str(int(exponent))
    return made
