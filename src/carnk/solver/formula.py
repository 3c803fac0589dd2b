"""Formulas of files as an expression graph with the arithmetic of IEEE 754, and their derivatives.

Unlike the mechanisms of our own models, a file may divide by zero, use logic and all functions of
MathML. Leaves are 'time', 'state' and 'held' (a number that only events change), each with its
place in its list, and 'seen': the locked value of a condition (see `oneoff.py`). What has only
numbers for arguments is a number at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .expression import Expr, Graph, children, is_constant, topological

MOST_NODES = 120_000  # of the formulas of a file
MOST_WITH_SLOPES = 2_000_000
JUMPING = ("lt", "le", "gt", "ge", "cmp", "floor", "ceil", "trunc")  # what is locked in a step


class TooLarge(Exception):
    """The formulas of a model expand to more than can be handled."""


def _guarded(function: Callable[..., Any], beyond: float = math.inf) -> Callable[..., float]:
    """A function of `math` that returns not a number or infinity where that one raises."""

    def call(*args: float) -> float:
        try:
            return float(function(*args))
        except ValueError:
            return math.nan
        except OverflowError:
            return beyond

    return call


def _divide(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0 or math.isnan(a):
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except ValueError:
        return math.inf if a == 0 else math.nan
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    guarded = _guarded(function)
    return lambda x: -math.inf if x == 0 else guarded(x)


def _sinh(x: float) -> float:
    return math.copysign(_guarded(math.sinh)(abs(x)), x)


def _atanh(x: float) -> float:
    return math.copysign(math.inf, x) if abs(x) == 1 else _guarded(math.atanh)(x)


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: float(function(x)) if math.isfinite(x) else (math.nan if math.isnan(x) else x)


def _factorial(x: float) -> float:
    if x >= 0 and x == math.floor(x):
        return float(math.factorial(int(x))) if x <= 170 else math.inf
    return _guarded(math.gamma)(x + 1)


def compare(a: float, b: float) -> int:
    """-1, 0 or 1 as a is below, at or above b; 2 if either is not a number."""
    order = (a > b) - (a < b)
    return order if order or a == b else 2


# For every operation: text on plain floats, and a function that never raises (or None: same text).
OPERATIONS: dict[str, tuple[str, Callable[..., float] | None]] = {
    "add": ("{0} + {1}", None),
    "sub": ("{0} - {1}", None),
    "mul": ("{0} * {1}", None),
    "neg": ("-{0}", None),
    "div": ("{0} / {1}", _divide),
    "pow": ("pow({0}, {1})", _power),
    "exp": ("exp({0})", _guarded(math.exp)),
    "ln": ("ln({0})", _logarithm(math.log)),
    "log10": ("log10({0})", _logarithm(math.log10)),
    "sqrt": ("sqrt({0})", _guarded(math.sqrt)),
    "abs": ("abs({0})", None),
    "sin": ("sin({0})", _guarded(math.sin)),
    "cos": ("cos({0})", _guarded(math.cos)),
    "tan": ("tan({0})", _guarded(math.tan)),
    "sinh": ("sinh({0})", _sinh),
    "cosh": ("cosh({0})", _guarded(math.cosh)),
    "tanh": ("tanh({0})", None),
    "asin": ("asin({0})", _guarded(math.asin)),
    "acos": ("acos({0})", _guarded(math.acos)),
    "atan": ("atan({0})", None),
    "asinh": ("asinh({0})", None),
    "acosh": ("acosh({0})", _guarded(math.acosh)),
    "atanh": ("atanh({0})", _atanh),
    "factorial": ("factorial({0})", _factorial),
    "floor": ("floor({0})", _whole(math.floor)),
    "ceil": ("ceil({0})", _whole(math.ceil)),
    "trunc": ("trunc({0})", _whole(math.trunc)),
    "max": ("({0} if {0} > {1} or {0} != {0} else {1})", None),
    "lt": ("({0} < {1})", None),
    "le": ("({0} <= {1})", None),
    "gt": ("({0} > {1})", None),
    "ge": ("({0} >= {1})", None),
    "cmp": ("compare({0}, {1})", None),
    "is0": ("({0} == 0)", None),
    "and": ("({0} and {1})", None),
    "or": ("({0} or {1})", None),
    "not": ("(not {0})", None),
    "where": ("({1} if {0} else {2})", None),
}
_PLAIN: dict[str, Any] = {
    "__builtins__": {},
    "abs": abs,
    "compare": compare,
    "inf": math.inf,
    "ln": math.log,
    "nan": math.nan,
    **{n: getattr(math, n) for n in OPERATIONS if hasattr(math, n)},
    "factorial": _factorial,
}
_EXACT = _PLAIN | {n: f for n, (_, f) in OPERATIONS.items() if f is not None}
_EXACT_TEXT = {n: f"{n}({{0}}, {{1}})" if n == "div" else t for n, (t, _) in OPERATIONS.items()}


class Formulas(Graph):
    """The graph of one model; TooLarge once it has more nodes than `limit`."""

    limit = MOST_NODES

    def make(self, op: str, *args: Expr) -> Expr:
        """The node of an operation, or the number it comes to."""
        if all(a.op == "const" for a in args):
            return self.lift(_value(op, [a.args[0] for a in args]))
        match op:
            case "add" | "sub" if is_constant(args[1], 0):
                return args[0]
            case "add" if is_constant(args[0], 0):
                return args[1]
            case "mul" | "div" | "pow" if is_constant(args[1], 1):
                return args[0]
            case "mul" if is_constant(args[0], 1):
                return args[1]
            case "where" if args[0].op == "const":
                return args[1] if args[0].args[0] else args[2]
        if len(self.nodes) > self.limit:
            raise TooLarge
        return self.node(op, *args)

    def lift(self, x: Any) -> Expr:
        """A node for a number; 'not a number' and infinities too."""
        return x if isinstance(x, Expr) else self.node("const", float(x))


def _value(op: str, args: Sequence[float]) -> float:
    """One operation on numbers, exactly as generated text computes it."""
    function = OPERATIONS[op][1]
    if function is not None:
        return function(*args)
    names = [f"a{i}" for i in range(len(args))]
    return float(eval(_CODE[op], _EXACT, dict(zip(names, args))))


_CODE = {
    op: compile(text.format("a0", "a1", "a2"), f"<{op}>", "eval")
    for op, (text, function) in OPERATIONS.items()
    if function is None
}

Evaluate = Callable[[float, Sequence[float], Sequence[float], Sequence[Any]], Sequence[float]]


def compiled(outputs: Sequence[Expr]) -> Evaluate:
    """A function (time, states, held, seen) -> values of the outputs, as generated Python text.

    The text holds only names made here (y0, p1, v2) and numbers, never a name from a file. The
    plain text is fast; where it raises (1/0, log of 0) the exact one gives infinity or NaN instead.
    """
    fast = _function(outputs, {n: t for n, (t, _) in OPERATIONS.items()}, _PLAIN)
    exact: list[Evaluate] = []

    def evaluate(
        t: float, y: Sequence[float], p: Sequence[float], r: Sequence[Any]
    ) -> Sequence[float]:
        try:
            return fast(t, y, p, r)
        except (ZeroDivisionError, OverflowError, ValueError):
            if not exact:
                exact.append(_function(outputs, _EXACT_TEXT, _EXACT))
            return exact[0](t, y, p, r)

    return evaluate


def _function(
    outputs: Sequence[Expr], texts: Mapping[str, str], functions: Mapping[str, Any]
) -> Evaluate:
    leaves = {"state": ("y{0}", "y[{0}]"), "held": ("p{0}", "p[{0}]"), "seen": ("r{0}", "r[{0}]")}
    loads: list[str] = []
    lines: list[str] = []
    names: dict[Expr, str] = {}
    for e in topological(outputs):
        if e.op == "const":
            names[e] = f"({e.args[0]!r})"
        elif e.op == "time":
            names[e] = "t"
        elif e.op in leaves:
            name, place = (form.format(e.args[0]) for form in leaves[e.op])
            names[e] = name
            loads.append(f"{name} = {place}")
        else:
            names[e] = f"v{len(lines)}"
            lines.append(f"{names[e]} = " + texts[e.op].format(*(names[a] for a in children(e))))
    result = "".join(f"{names[e]}, " for e in outputs)
    body = "\n    ".join([*loads, *lines, f"return ({result})"])
    space = dict(functions)
    exec(compile(f"def f(t, y, p, r):\n    {body}", "<formulas>", "exec"), space)
    made: Evaluate = space["f"]
    return made


Slopes = dict[Expr, Expr]


def slopes(outputs: Sequence[Expr]) -> list[Slopes]:
    """For every output {leaf: derivative} by time and by the states it depends on."""
    d: dict[Expr, Slopes] = {}
    for e in topological(outputs):
        if e.op in ("state", "time"):
            d[e] = {e: e.graph.lift(1)}
        else:
            d[e] = _chain(e, d) if children(e) else {}
    return [d[e] for e in outputs]


def _chain(e: Expr, d: Mapping[Expr, Slopes]) -> Slopes:
    """The derivatives of a node from those of its arguments."""
    of = children(e)
    moving = [a for a in of if d[a]]
    if not moving or e.op in (*JUMPING, "is0", "and", "or", "not"):
        return {}
    if e.op in ("where", "max"):
        first = _op("gt", *of) if e.op == "max" else of[0]
        a, b = d[of[-2]], d[of[-1]]
        nil = e.graph.lift(0)
        return {v: _op("where", first, a.get(v, nil), b.get(v, nil)) for v in {**a, **b}}
    total: Slopes = {}
    for place, argument in enumerate(of):
        if d[argument]:
            factor = _partial(e, of, place)
            for v, slope in d[argument].items():
                part = times(factor, slope)
                total[v] = plus(total[v], part) if v in total else part
    return total


def _op(name: str, *args: Expr) -> Expr:
    graph = args[0].graph
    assert isinstance(graph, Formulas)
    return graph.make(name, *args)


def plus(a: Expr, b: Expr) -> Expr:
    """a + b"""
    return _op("add", a, b)


def times(a: Expr, b: Expr) -> Expr:
    """a * b, where zero times anything is zero: for derivatives and sums over reactions."""
    if is_constant(a, 0) or is_constant(b, 0):
        return a.graph.lift(0)
    if is_constant(a, -1):
        return _op("neg", b)
    return _op("neg", a) if is_constant(b, -1) else _op("mul", a, b)


def _partial(e: Expr, of: Sequence[Expr], place: int) -> Expr:
    """The derivative of an operation by one of its arguments."""
    x, one = of[0], e.graph.lift(1)
    square = times(x, x)
    match e.op:
        case "add":
            return one
        case "sub":
            return one if place == 0 else e.graph.lift(-1)
        case "neg":
            return e.graph.lift(-1)
        case "mul":
            return of[1 - place]
        case "div":
            return _op("div", one, of[1]) if place == 0 else _op("neg", _op("div", e, of[1]))
        case "pow" if place == 0:
            return times(of[1], _op("pow", x, _op("sub", of[1], one)))
        case "pow":
            slope = times(e, _op("ln", x))
            return _op("where", _op("gt", x, e.graph.lift(0)), slope, e.graph.lift(0))
        case "exp":
            return e
        case "ln":
            return _op("div", one, x)
        case "log10":
            return _op("div", e.graph.lift(1 / math.log(10)), x)
        case "sqrt":
            return _op("div", e.graph.lift(0.5), e)
        case "abs":
            return _op("where", _op("lt", x, e.graph.lift(0)), e.graph.lift(-1), one)
        case "sin":
            return _op("cos", x)
        case "cos":
            return _op("neg", _op("sin", x))
        case "tan":
            return plus(one, times(e, e))
        case "sinh":
            return _op("cosh", x)
        case "cosh":
            return _op("sinh", x)
        case "tanh":
            return _op("sub", one, times(e, e))
        case "asin":
            return _op("div", one, _op("sqrt", _op("sub", one, square)))
        case "acos":
            return _op("div", e.graph.lift(-1), _op("sqrt", _op("sub", one, square)))
        case "atan":
            return _op("div", one, plus(one, square))
        case "asinh":
            return _op("div", one, _op("sqrt", plus(one, square)))
        case "acosh":
            return _op("div", one, _op("sqrt", _op("sub", square, one)))
        case "atanh":
            return _op("div", one, _op("sub", one, square))
        case "factorial":  # used on whole numbers only: a central difference serves its slope
            step = e.graph.lift(1e-5)
            rise = _op(
                "sub",
                _op("factorial", plus(x, step)),
                _op("factorial", _op("sub", x, step)),
            )
            return _op("div", rise, e.graph.lift(2e-5))
    raise ValueError(f"no derivative is known for '{e.op}'")
