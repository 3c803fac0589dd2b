"""Formula trees of SBML as nodes of the expression graph, without recursion."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

from ..base.errors import SpecError
from .expression import Expr
from .formula import Formulas
from .sbml_model import Math

AVOGADRO = 6.02214179e23  # as SBML Level 3 fixes it
CONSTANTS = {
    "true": 1.0,
    "false": 0.0,
    "pi": math.pi,
    "exponentiale": math.e,
    "infinity": math.inf,
    "notanumber": math.nan,
    "avogadro": AVOGADRO,
}
SAME = {"minus": "sub", "divide": "div", "exp": "exp", "ln": "ln", "abs": "abs"}
SAME |= {"floor": "floor", "ceiling": "ceil", "factorial": "factorial"}
RELATIONS = {"lt": "lt", "leq": "le", "gt": "gt", "geq": "ge"}
PRIMITIVE = ("sin", "cos", "tan", "sinh", "cosh", "tanh")
INVERSE = {f"arc{name}": f"a{name}" for name in PRIMITIVE}
RECIPROCAL = {"sec": "cos", "csc": "sin", "cot": "tan"}
TRUTHS = ("lt", "le", "gt", "ge", "is0", "and", "or", "not")


def convert(
    graph: Formulas, formula: Math, scope: Mapping[str, Expr], time: Expr
) -> Generator[tuple[Any, ...], Expr, Expr]:
    """The node of a formula; asks for ('symbol', name), ('rate', name), ('call', name, args...).

    `scope` holds what shadows the names of the model: local parameters, arguments of a function.
    """
    waiting: list[tuple[Math, bool]] = [(formula, False)]
    made: list[Expr] = []
    while waiting:
        node, ready = waiting.pop()
        if not ready and node.args and node.op != "rateOf":
            waiting.append((node, True))
            waiting.extend((a, False) for a in reversed(node.args))
            continue
        count = len(node.args) if ready else 0
        args = made[len(made) - count :]
        del made[len(made) - count :]
        match node.op:
            case "cn":
                made.append(graph.lift(node.value))
            case "ci" if node.name in scope:
                made.append(scope[node.name])
            case "ci":
                made.append((yield ("symbol", node.name)))
            case "call":
                made.append((yield ("call", node.name, *args)))
            case "rateOf":
                made.append((yield from _rate_of(graph, node.args[0].name, scope)))
            case "time":
                made.append(time)
            case _:
                made.append(_apply(graph, node.op, args))
    return made[0]


def _rate_of(
    graph: Formulas, name: str, scope: Mapping[str, Expr]
) -> Generator[tuple[Any, ...], Expr, Expr]:
    if name not in scope:
        return (yield ("rate", name))
    if scope[name].op == "const":
        return graph.lift(0)
    raise SpecError(f"rateOf is asked for '{name}', the argument of a function.")


def truth(x: Expr) -> Expr:
    """A condition: itself, or whether a number is other than zero."""
    graph = x.graph
    assert isinstance(graph, Formulas)
    if x.op in TRUTHS:
        return x
    return graph.make("not", graph.make("is0", graph.make("cmp", x, graph.lift(0))))


def _apply(graph: Formulas, op: str, args: Sequence[Expr]) -> Expr:
    make, one = graph.make, graph.lift(1)
    if op in CONSTANTS:
        return graph.lift(CONSTANTS[op])
    if op in RELATIONS or op in ("eq", "neq", "and", "or", "xor", "not", "implies", "piecewise"):
        return _logic(graph, op, args)
    if op in PRIMITIVE or op in INVERSE:
        return make(INVERSE.get(op, op), *args)
    if op == "minus" and len(args) == 1:
        return make("neg", *args)
    if op in SAME:
        return make(SAME[op], *args)
    match op:
        case "plus":
            return _joined(graph, "add", args, 0)
        case "times":
            return _joined(graph, "mul", args, 1)
        case "max":
            return _joined(graph, "max", args, -math.inf)
        case "min":
            return make("neg", _joined(graph, "max", [make("neg", a) for a in args], -math.inf))
        case "power":
            return _power(graph, *args)
        case "root":
            degree, x = args
            if degree.op == "const" and degree.args[0] == 2:
                return make("sqrt", x)
            return make("pow", x, make("div", one, degree))
        case "log":
            base, x = args
            if base.op == "const" and base.args[0] == 10:
                return make("log10", x)
            return make("div", make("ln", x), make("ln", base))
        case "quotient":
            return make("trunc", make("div", *args))
        case "rem":
            a, b = args
            return make("sub", a, make("mul", b, make("trunc", make("div", a, b))))
    return _reciprocal(graph, op, args[0])


def _joined(graph: Formulas, op: str, args: Sequence[Expr], empty: float) -> Expr:
    if not args:
        return graph.lift(empty)
    return reduce(lambda a, b: graph.make(op, a, b), args)


def _power(graph: Formulas, base: Expr, exponent: Expr) -> Expr:
    if exponent.op == "const" and exponent.args[0] == 2:
        return graph.make("mul", base, base)
    return graph.make("pow", base, exponent)


def _reciprocal(graph: Formulas, op: str, x: Expr) -> Expr:
    """sec, csc, cot, their hyperbolic forms and the inverses of all six."""
    one = graph.lift(1)
    inverse, hyperbolic = op.startswith("arc"), op.endswith("h")
    name = RECIPROCAL[op.removeprefix("arc").removesuffix("h")] + ("h" if hyperbolic else "")
    if inverse:
        return graph.make(f"a{name}", graph.make("div", one, x))
    return graph.make("div", one, graph.make(name, x))


def _logic(graph: Formulas, op: str, args: Sequence[Expr]) -> Expr:
    make = graph.make
    if op == "piecewise":
        return _piecewise(graph, args)
    if op == "eq":
        return _chain(graph, args, lambda a, b: make("is0", make("cmp", a, b)))
    if op == "neq":
        return make("not", make("is0", make("cmp", *args)))
    if op in RELATIONS:
        return _chain(graph, args, lambda a, b: make(RELATIONS[op], a, b))
    given = [truth(a) for a in args]
    match op:
        case "not":
            return make("not", *given)
        case "implies":
            return make("or", make("not", given[0]), given[1])
        case "xor":
            return reduce(lambda a, b: _either(graph, a, b), given, graph.lift(0))
    return _joined(graph, op, given, 1.0 if op == "and" else 0.0)


def _chain(graph: Formulas, args: Sequence[Expr], relation: Callable[[Expr, Expr], Expr]) -> Expr:
    """a < b < c: every neighboring pair."""
    return _joined(graph, "and", [relation(a, b) for a, b in pairwise(args)], 1.0)


def _either(graph: Formulas, a: Expr, b: Expr) -> Expr:
    make = graph.make
    return make("or", make("and", a, make("not", b)), make("and", make("not", a), b))


def _piecewise(graph: Formulas, args: Sequence[Expr]) -> Expr:
    """The first piece whose condition holds; not a number if none does and no other is given."""
    result = args[-1] if len(args) % 2 else graph.lift(math.nan)
    for place in range(len(args) // 2 * 2 - 2, -1, -2):
        result = graph.make("where", truth(args[place + 1]), args[place], result)
    return result
