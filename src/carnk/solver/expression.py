"""A small expression graph: plain functions are called once with symbols and leave a graph behind.

Equal expressions are one node, so common subexpressions cost nothing. Division is stored as
`a * inv(b)`, so that a derivative reuses the reciprocal it needs. The functions of this file
(`exp`, `log`, `power`, `sqrt`, `maximum`, `minimum`, `where`) also take plain numbers and NumPy
arrays, so that a mechanism can be called with numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

TINY = 2.2250738585072014e-308  # the smallest normal double


class Expr:
    """One node of a graph: an operation and its arguments. Arithmetic on nodes makes nodes.

    `a > b` and `a < b` are conditions for `where`; a node has no truth value of its own.
    """

    __slots__ = ("args", "graph", "id", "op")

    def __init__(self, graph: Graph, op: str, args: tuple[Any, ...], number: int) -> None:
        self.graph = graph
        self.op = op
        self.args = args
        self.id = number

    def __add__(self, other: Any) -> Expr:
        return self.graph.add(self, self.graph.lift(other))

    def __sub__(self, other: Any) -> Expr:
        return self.graph.add(self, -self.graph.lift(other))

    def __mul__(self, other: Any) -> Expr:
        return self.graph.mul(self, self.graph.lift(other))

    def __truediv__(self, other: Any) -> Expr:
        return self * self.graph.inv(self.graph.lift(other))

    def __rsub__(self, other: Any) -> Expr:
        return self.graph.add(self.graph.lift(other), -self)

    def __rtruediv__(self, other: Any) -> Expr:
        return self.graph.mul(self.graph.lift(other), self.graph.inv(self))

    def __neg__(self) -> Expr:
        return self.graph.neg(self)

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, exponent: Any) -> Expr:
        if isinstance(exponent, Expr) or exponent != int(exponent):
            return self.graph.power(self, self.graph.lift(exponent))
        if exponent < 0:
            return self.graph.inv(self ** -int(exponent))
        result = self.graph.lift(1)
        for _ in range(int(exponent)):
            result = self.graph.mul(result, self)
        return result

    def __rpow__(self, base: Any) -> Expr:
        return self.graph.power(self.graph.lift(base), self)

    def __gt__(self, other: Any) -> Expr:
        return self.__sub__(other)

    def __lt__(self, other: Any) -> Expr:
        return -self.__sub__(other)

    def __bool__(self) -> bool:
        raise TypeError(
            "a symbol is neither true nor false while a model is traced. "
            "Write where(condition, a, b) instead of 'if', 'and' or 'or'."
        )


class Graph:
    """The table of nodes; it folds constants and keeps one copy of every expression."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[Any, ...], Expr] = {}

    def node(self, op: str, *args: Any) -> Expr:
        """The node for an operation on nodes or on plain text and numbers; made at most once."""
        key = (op, *(a.id if isinstance(a, Expr) else ("#", a) for a in args))
        if key not in self.nodes:
            self.nodes[key] = Expr(self, op, args, len(self.nodes))
        return self.nodes[key]

    def lift(self, x: Any) -> Expr:
        """A node for x: itself if it is one, else a constant."""
        return x if isinstance(x, Expr) else self.node("const", float(x))

    def add(self, a: Expr, b: Expr) -> Expr:
        if a.op == b.op == "const":
            return self.lift(a.args[0] + b.args[0])
        if is_constant(a, 0):
            return b
        if is_constant(b, 0):
            return a
        if b.op == "neg":
            return self.lift(0) if a is b.args[0] else self.node("sub", a, b.args[0])
        if b.op == "const" and b.args[0] < 0:
            return self.node("sub", a, self.lift(-b.args[0]))
        if a.op == "neg" or (a.op == "const" and a.args[0] < 0):
            return self.add(b, a)
        return self.node("add", *sorted((a, b), key=_age))

    def mul(self, a: Expr, b: Expr) -> Expr:
        if a.op == b.op == "const":
            return self.lift(a.args[0] * b.args[0])
        if a.op == "const":
            a, b = b, a
        if is_constant(b, 0):
            return b
        if is_constant(b, 1):
            return a
        if is_constant(b, -1):
            return self.neg(a)
        if a.op == "neg":
            return self.neg(self.mul(a.args[0], b))
        if b.op == "neg":
            return self.neg(self.mul(a, b.args[0]))
        return self.node("mul", *sorted((a, b), key=_age))

    def neg(self, a: Expr) -> Expr:
        if a.op == "const":
            return self.lift(-a.args[0])
        if a.op == "neg":
            return _node(a.args[0])
        if a.op == "sub":
            return self.node("sub", a.args[1], a.args[0])
        return self.node("neg", a)

    def inv(self, a: Expr) -> Expr:
        return self.lift(1 / a.args[0]) if a.op == "const" else self.node("inv", a)

    def power(self, base: Expr, exponent: Expr) -> Expr:
        if base.op == exponent.op == "const":
            return self.lift(power(base.args[0], exponent.args[0]))
        return self.node("power", base, exponent)


def _age(e: Expr) -> int:
    return e.id


def _node(e: Any) -> Expr:
    assert isinstance(e, Expr)
    return e


def _graph(*values: Any) -> Graph | None:
    """The graph of the first node among the values, or None if all are plain numbers."""
    return next((v.graph for v in values if isinstance(v, Expr)), None)


def is_constant(e: Expr, value: float) -> bool:
    """Whether the node is the constant `value`."""
    return e.op == "const" and e.args[0] == value


def exp(x: Any) -> Any:
    """e**x."""
    return x.graph.node("exp", x) if isinstance(x, Expr) else np.exp(x)


def log(x: Any) -> Any:
    """Natural logarithm; minus infinity at 0, not a number below."""
    return x.graph.node("log", x) if isinstance(x, Expr) else np.log(x)


def power(base: Any, exponent: Any) -> Any:
    """base**exponent for an amount and a positive exponent: 0 where the base is 0 or below."""
    graph = _graph(base, exponent)
    if graph is not None:
        return graph.lift(base) ** exponent
    return np.where(np.greater(base, 0), np.power(np.maximum(base, TINY), exponent), 0.0)[()]


def sqrt(x: Any) -> Any:
    """Square root; 0 where x is 0 or below."""
    return power(x, 0.5)


def maximum(a: Any, b: Any) -> Any:
    """The larger of two; its derivative is that of the larger."""
    graph = _graph(a, b)
    return np.maximum(a, b) if graph is None else graph.node("max", graph.lift(a), graph.lift(b))


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two; its derivative is that of the smaller."""
    graph = _graph(a, b)
    return np.minimum(a, b) if graph is None else -maximum(-graph.lift(a), -graph.lift(b))


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds (is above zero), else b; `y.x > p.limit` is a condition."""
    graph = _graph(condition, a, b)
    if graph is None:
        return np.where(np.greater(condition, 0), a, b)[()]
    if not isinstance(condition, Expr):
        return a if condition > 0 else b
    return graph.node("where", condition, graph.lift(a), graph.lift(b))


def rough_inverse(x: Expr) -> Expr:
    """1/x within 0.5 % for positive normal x; for norms that need no more."""
    return x.graph.node("rough", x)


def children(e: Expr) -> list[Expr]:
    """The arguments of a node that are nodes."""
    return [a for a in e.args if isinstance(a, Expr)]


def topological(outputs: Iterable[Expr]) -> list[Expr]:
    """Every node under the outputs, children first, in the order a depth-first reader needs."""
    seen: set[Expr] = set()
    order: list[Expr] = []
    stack: list[tuple[Expr, bool]] = [(e, False) for e in reversed(list(outputs))]
    while stack:
        e, ready = stack.pop()
        if ready:
            order.append(e)
        elif e not in seen:
            seen.add(e)
            stack.append((e, True))
            stack.extend((a, False) for a in reversed(children(e)))
    return order


Rates = dict[Expr, Expr]


def _scaled(rates: Rates, factor: Any) -> Rates:
    return {v: factor * e for v, e in rates.items()}


def _joined(a: Rates, b: Rates) -> Rates:
    shared = {v: a[v] + b[v] for v in a if v in b}
    return {**a, **b, **shared}


def _chosen(condition: Expr, a: Rates, b: Rates) -> Rates:
    return {v: where(condition, a.get(v, 0), b.get(v, 0)) for v in {**a, **b}}


def _forward(e: Expr, d: Mapping[Expr, Rates]) -> Rates:
    """The derivative of a node by every variable, from those of its arguments."""
    of = children(e)
    match e.op:
        case "add":
            return _joined(d[of[0]], d[of[1]])
        case "sub":
            return _joined(d[of[0]], _scaled(d[of[1]], -1))
        case "mul":
            return _joined(_scaled(d[of[0]], of[1]), _scaled(d[of[1]], of[0]))
        case "neg":
            return _scaled(d[of[0]], -1)
        case "inv":
            return _scaled(d[of[0]], -(e * e))
        case "exp":
            return _scaled(d[of[0]], e)
        case "log":
            return _scaled(d[of[0]], e.graph.inv(of[0]))
        case "power":
            above = maximum(of[0], TINY)
            slopes = _scaled(d[of[0]], of[1] * e / above)
            return _joined(slopes, _scaled(d[of[1]], e * log(above)))
        case "max":
            return _chosen(of[0] - of[1], d[of[0]], d[of[1]])
        case "where":
            return _chosen(of[0], d[of[1]], d[of[2]])
    raise ValueError(f"no derivative is known for '{e.op}'")


def jacobian(outputs: Sequence[Expr], variables: Sequence[Expr]) -> dict[tuple[int, int], Expr]:
    """{(row, column): derivative} of every structurally nonzero entry, by forward accumulation."""
    column = {v: j for j, v in enumerate(variables)}
    d: dict[Expr, Rates] = {}
    for e in topological(outputs):
        if e in column:
            d[e] = {e: e.graph.lift(1)}
        else:
            d[e] = _forward(e, d) if children(e) else {}
    return {
        (i, column[v]): rate
        for i, e in enumerate(outputs)
        for v, rate in d[e].items()
        if not is_constant(rate, 0)
    }


def rebuild(
    outputs: Sequence[Expr], new: dict[Expr, Expr], make: Callable[..., Expr]
) -> list[Expr]:
    """The outputs with every node not in `new` made again by make(op, *args) from new arguments."""
    for e in topological(outputs):
        if e not in new:
            new[e] = make(e.op, *(new[a] for a in e.args)) if children(e) else e
    return [new[e] for e in outputs]


def substitute(outputs: Sequence[Expr], pairs: Iterable[tuple[Expr, Expr]]) -> list[Expr]:
    """The outputs with some nodes exchanged for others."""
    return rebuild(outputs, dict(pairs), outputs[0].graph.node) if outputs else []


def lower(outputs: Sequence[Expr]) -> list[Expr]:
    """The outputs with every power written as exp and log, zero where its base is not positive."""

    def make(op: str, *args: Expr) -> Expr:
        if op != "power":
            return args[0].graph.node(op, *args)
        base, exponent = args
        return _node(where(base, exp(exponent * log(maximum(base, TINY))), 0.0))

    return rebuild(outputs, {}, make)


def hoist(
    outputs: Sequence[Expr], varying: Iterable[Expr], make_leaf: Callable[[int], Expr]
) -> tuple[list[Expr], list[Expr]]:
    """Split off what does not vary: (outputs over new leaves, the expressions they stand for)."""
    order = topological(outputs)
    moves = set(varying)
    for e in order:
        if any(a in moves for a in children(e)):
            moves.add(e)
    leaf: dict[Expr, Expr] = {}
    for a in [a for e in order if e in moves for a in children(e)] + list(outputs):
        if a not in moves and a.op != "const" and a not in leaf:
            leaf[a] = make_leaf(len(leaf))
    return substitute(outputs, leaf.items()), list(leaf)
