"""Formulas of files on NumPy arrays: many values at once, with the rules of IEEE 754."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .expression import Expr, children, topological


def _compared(a: Any, b: Any) -> Any:
    return np.where(np.isnan(a) | np.isnan(b), 2, np.sign(np.subtract(a, b)))


ARRAYS: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "neg": np.negative, "div": np.divide,
    "pow": np.power, "exp": np.exp, "ln": np.log, "log10": np.log10, "sqrt": np.sqrt,
    "abs": np.abs, "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "floor": np.floor,
    "ceil": np.ceil, "trunc": np.trunc, "max": np.maximum, "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal, "cmp": _compared, "is0": lambda a: np.equal(a, 0),
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not, "where": np.where,
}  # fmt: skip

# 'time', or the operation of a leaf with its place in its list -> value
Leaves = Mapping[tuple[str, int], Any]


def values_of(outputs: Sequence[Expr], leaves: Leaves) -> list[Any]:
    """Values of formulas; leaves are keyed ('state', place), ('held', place) and ('time', 0)."""
    found: dict[Expr, Any] = {}
    with np.errstate(all="ignore"):
        for e in topological(outputs):
            if e.op == "const":
                found[e] = np.float64(e.args[0])
            elif children(e):
                found[e] = ARRAYS[e.op](*(found[a] for a in children(e)))
            else:
                found[e] = leaves[e.op, e.args[0] if e.args else 0]
    return [found[e] for e in outputs]
