"""MathML to formula trees, without recursion, so that depth is no danger.

All operators of SBML core are read, those of Level 3 Version 2 in every level. A time delay, an
unknown operator or symbol, and a wrong number of arguments are refused with their line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from ..base.errors import Problem, SpecError, did_you_mean
from .sbml_model import Math
from .xml_tree import Element

MATHML = "http://www.w3.org/1998/Math/MathML"
SYMBOLS = "http://www.sbml.org/sbml/symbols/"
MANY = 1_000_000
TRIGONOMETRIC = ("sin", "cos", "tan", "sec", "csc", "cot")
ARITY = {
    **dict.fromkeys(("plus", "times", "and", "or", "xor"), (0, MANY)),
    **dict.fromkeys(("max", "min"), (1, MANY)),
    **dict.fromkeys(("eq", "lt", "leq", "gt", "geq"), (2, MANY)),
    **dict.fromkeys(("divide", "power", "quotient", "rem", "neq", "implies"), (2, 2)),
    **dict.fromkeys(("root", "log"), (2, 2)),  # with the degree or base in front
    "minus": (1, 2),
    **dict.fromkeys(("abs", "exp", "ln", "floor", "ceiling", "factorial", "not"), (1, 1)),
    **{
        f"{front}{name}{back}": (1, 1)
        for front in ("", "arc")
        for name in TRIGONOMETRIC
        for back in ("", "h")
    },
}
CONSTANTS = ("true", "false", "pi", "exponentiale", "infinity", "notanumber")
QUALIFIERS = {"root": ("degree", 2.0), "log": ("logbase", 10.0)}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_MANTISSA = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
_INTEGER = re.compile(r"[+-]?\d+")
_FORMS = {
    "real": (_NUMBER,),
    "integer": (re.compile(r"[+-]?\d+(?:\.0*)?"),),  # '2.0' too, as some programs write
    "rational": (_INTEGER, _INTEGER),
    "e-notation": (_MANTISSA, _INTEGER),
}
MOST_PROBLEMS = 50  # of one file


class MathReader:
    """Reads the formulas of one file; problems are gathered, and thrown once there are many."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file, self.problems = file, problems

    def refuse(self, element: Element, what: str, do: str = "") -> Math:
        """Note a problem at the element; not a number stands in its place."""
        self.add(Problem(f"{self.file}:{element.line}", what, do))
        return Math("notanumber")

    def add(self, problem: Problem) -> None:
        """Gather a problem; SpecError with all of them once there are many."""
        self.problems.append(problem)
        if len(self.problems) >= MOST_PROBLEMS:
            raise SpecError(self.problems, self.file)

    def formula(self, parent: Element) -> Math | None:
        """The formula in the <math> child of an element; None if there is none."""
        element = _math_of(parent)
        if element is None or not element.children:
            return None
        return self._convert(_inner(element.children[0]))

    def function(self, parent: Element) -> tuple[tuple[str, ...], Math | None]:
        """Arguments and body of a function definition."""
        element = _math_of(parent)
        if element is None or not element.children:
            return (), None
        top = _inner(element.children[0])
        if top.tag != "lambda":
            self.refuse(top, f"<{top.tag}> stands where a function's <lambda> is needed")
            return (), None
        bound = [e for e in top.children if e.tag == "bvar"]
        body = [e for e in top.children if e.tag != "bvar"]
        names = tuple(e.children[0].text.strip() if e.children else "" for e in bound)
        if len(body) > 1:
            self.refuse(top, "a function has more than one body")
        return names, self._convert(body[0]) if body else None

    def _convert(self, root: Element) -> Math:
        """Children first: every element is made once its operands are."""
        waiting: list[tuple[Element, int]] = [(root, -1)]
        made: list[Math] = []
        while waiting:
            element, count = waiting.pop()
            if count < 0:
                below = self._operands(element)
                waiting.append((element, len(below)))
                waiting.extend((e, -1) for e in reversed(below))
            else:
                args = tuple(made[len(made) - count :])
                del made[len(made) - count :]
                made.append(self._make(element, args))
        return made[0]

    def _operands(self, element: Element) -> list[Element]:
        match element.tag:
            case "apply":
                rest = element.children[1:]
                front = [e for e in rest if e.tag in ("degree", "logbase")]
                return [
                    *(e.children[0] for e in front if e.children),
                    *(e for e in rest if e not in front),
                ]
            case "piecewise":
                pieces = [e for e in element.children if e.tag == "piece"]
                others = [e for e in element.children if e.tag == "otherwise"]
                return [child for part in (*pieces, *others) for child in part.children]
            case "semantics":
                return element.children[:1]
        return []

    def _make(self, e: Element, args: tuple[Math, ...]) -> Math:
        match e.tag:
            case "cn":
                return self._number(e)
            case "ci":
                return Math("ci", name=e.text.strip())
            case "csymbol":
                return self._symbol(e)
            case "semantics" if args:
                return args[0]
            case "piecewise":
                return self._piecewise(e, args)
            case "apply" if e.children:
                return self._apply(e, _inner(e.children[0]), args)
        if e.tag in CONSTANTS:
            return Math(e.tag)
        return self.refuse(e, f"<{e.tag}> is not a part of a formula that SBML knows")

    def _apply(self, e: Element, operator: Element, args: tuple[Math, ...]) -> Math:
        tag = operator.tag
        if tag == "ci":
            return Math("call", args, name=operator.text.strip())
        if tag == "csymbol":
            symbol = self._symbol(operator)
            if symbol.op == "rateOf" and not (len(args) == 1 and args[0].op == "ci"):
                return self.refuse(e, "rateOf needs the name of one variable")
            return Math("rateOf", args) if symbol.op == "rateOf" else symbol
        if tag not in ARITY:
            do = did_you_mean(tag, ARITY)
            return self.refuse(operator, f"<{tag}> is not an operator that SBML knows", do)
        qualifiers = [c for c in e.children[1:] if c.tag in ("degree", "logbase")]
        if tag in QUALIFIERS:
            wanted, default = QUALIFIERS[tag]
            if not qualifiers:
                args = (Math("cn", value=default, units="dimensionless"), *args)
            elif [c.tag for c in qualifiers] != [wanted]:
                return self.refuse(e, f"<{tag}> takes one <{wanted}>")
        elif qualifiers:
            return self.refuse(e, f"<{tag}> takes no <{qualifiers[0].tag}>")
        low, high = ARITY[tag]
        if not low <= len(args) <= high:
            return self.refuse(e, f"<{tag}> has {len(args)} arguments here")
        return Math(tag, args)

    def _piecewise(self, e: Element, args: tuple[Math, ...]) -> Math:
        sizes = {"piece": 2, "otherwise": 1}
        for child in e.children:
            if len(child.children) != sizes.get(child.tag, -1):
                return self.refuse(child, f"<{child.tag}> does not fit into <piecewise>")
        if sum(child.tag == "otherwise" for child in e.children) > 1:
            return self.refuse(e, "<piecewise> has more than one <otherwise>")
        return Math("piecewise", args)

    def _symbol(self, e: Element) -> Math:
        name = e.attributes.get("definitionURL", "").strip().removeprefix(SYMBOLS)
        if name == "delay":
            what = "the symbol 'delay' (a delay differential equation) is not supported"
            return self.refuse(e, what, "Solve this model with another program.")
        if name not in ("time", "avogadro", "rateOf"):
            return self.refuse(e, f"the symbol '{name}' is not one that SBML core defines")
        return Math(name)

    def _number(self, e: Element) -> Math:
        kind = e.attributes.get("type", "real").strip()
        if e.attributes.get("base", "10").strip() != "10":
            return self.refuse(e, "numbers are read in base 10 only")
        parts = [e.text.strip(), *(child.tail.strip() for child in e.children)]
        forms = _FORMS.get(kind, ())
        fits = len(parts) == len(forms) and all(f.fullmatch(p) for f, p in zip(forms, parts))
        if not fits:
            return self.refuse(e, f"'{' '.join(parts)[:40]}' is not a number of type '{kind}'")
        if kind == "e-notation":
            value = float(f"{parts[0]}e{parts[1]}")
        elif kind == "rational":
            below = float(parts[1])
            value = float(parts[0]) / below if below else math.nan
        else:
            value = float(parts[0])
        units = next((v for k, v in e.attributes.items() if k.endswith(" units")), "")
        return Math("cn", value=value, units=units)


def _math_of(parent: Element) -> Element | None:
    return next((e for e in parent.children if e.tag == "math" and e.namespace == MATHML), None)


def _inner(element: Element) -> Element:
    """What a <semantics> wraps, else the element itself."""
    while element.tag == "semantics" and element.children:
        element = element.children[0]
    return element


def size(formulas: Iterable[Math]) -> int:
    """How many nodes formulas have together."""
    waiting = list(formulas)
    count = 0
    while waiting:
        waiting.extend(waiting.pop().args)
        count += 1
    return count


def names_in(formula: Math) -> dict[str, None]:
    """Every symbol that a formula speaks of, in order."""
    found: dict[str, None] = {}
    waiting = [formula]
    while waiting:
        node = waiting.pop()
        if node.op == "ci":
            found[node.name] = None
        waiting.extend(reversed(node.args))
    return found


def rated_in(formula: Math) -> dict[str, None]:
    """Every symbol whose rate of change a formula speaks of, in order."""
    found: dict[str, None] = {}
    waiting = [formula]
    while waiting:
        node = waiting.pop()
        if node.op == "rateOf":
            found[node.args[0].name] = None
        waiting.extend(reversed(node.args))
    return found


def calls_in(formula: Math) -> list[tuple[str, int]]:
    """Every function that a formula calls: (name, number of arguments)."""
    found, waiting = [], [formula]
    while waiting:
        node = waiting.pop()
        if node.op == "call":
            found.append((node.name, len(node.args)))
        waiting.extend(reversed(node.args))
    return found
