"""Which states can never turn negative, proved from the signs of their rates.

A state stays at or above zero if its rate is not negative wherever the state is zero and all states
of the same kind are at or above zero. Signs are computed as sets: a bit each for below, at and
above zero. What is not proved is not claimed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .expression import Expr, children, topological

BELOW, ZERO, ABOVE = 1, 2, 4
ANY = BELOW | ZERO | ABOVE
BITS = (BELOW, ZERO, ABOVE)
ODD = ("tanh", "asinh", "atan", "sinh")
POSITIVE = ("exp", "cosh", "factorial")
LOGIC = ("lt", "le", "gt", "ge", "is0", "and", "or", "not")


def never_negative(
    rates: Sequence[Expr], states: Sequence[float], held: Sequence[float]
) -> list[bool]:
    """For every state whether it stays at or above zero from these values on."""
    known = {("held", i): sign(value) for i, value in enumerate(held)}
    kept = [value >= 0 for value in states]
    orders = [topological([rate]) for rate in rates]
    while True:
        leaves = known | {
            ("state", i): ZERO | ABOVE if fine else ANY for i, fine in enumerate(kept)
        }
        lost = [
            i
            for i, fine in enumerate(kept)
            if fine and _signs(orders[i], leaves | {("state", i): ZERO}) & BELOW
        ]
        if not lost:
            return kept
        for i in lost:
            kept[i] = False


def sign(value: float) -> int:
    """The sign of a number; not a number can be anything."""
    if math.isnan(value):
        return ANY
    return ABOVE if value > 0 else BELOW if value < 0 else ZERO


def _signs(order: Sequence[Expr], leaves: Mapping[tuple[str, int], int]) -> int:
    """The possible signs of the last node."""
    known: dict[Expr, int] = {}
    for e in order:
        if e.op == "const":
            known[e] = sign(e.args[0])
        elif e.op in ("state", "held"):
            known[e] = leaves[e.op, e.args[0]]
        else:
            known[e] = _sign(e, [known[a] for a in children(e)])
    return known[order[-1]]


def _sign(e: Expr, of: list[int]) -> int:
    match e.op:
        case "abs" | "sqrt" if of[0] in (ZERO, ABOVE):
            return of[0]
        case "time" | "abs" | "sqrt" | "acosh":
            return ZERO | ABOVE
        case "neg":
            return _negated(of[0])
        case "add":
            return _sum(*of)
        case "sub":
            return _sum(of[0], _negated(of[1]))
        case "mul":
            return _product(*of)
        case "div":
            return ANY if of[1] & ZERO else _product(*of)
        case "pow" if of[0] == ABOVE:
            return ABOVE
        case "pow" if of[0] & BELOW == 0:
            return of[0] | (0 if of[1] == ABOVE else ABOVE)
        case "max":
            high = max(b for b in BITS if b & of[0]), max(b for b in BITS if b & of[1])
            low = max(min(b for b in BITS if b & s) for s in of)
            return sum(b for b in BITS if low <= b <= max(high))
        case "where":
            return of[1] | of[2]
        case "floor" | "trunc":
            return of[0] | (ZERO if of[0] & ABOVE else 0)
    if e.op in ODD:
        return of[0]
    if e.op in POSITIVE:
        return ABOVE
    return ZERO | ABOVE if e.op in LOGIC else ANY


def _negated(s: int) -> int:
    return s & ZERO | (BELOW if s & ABOVE else 0) | (ABOVE if s & BELOW else 0)


def _sum(a: int, b: int) -> int:
    if ZERO in (a, b):
        return b if a == ZERO else a
    both = (a | b) & ~ZERO
    return ANY if both == BELOW | ABOVE else both | (a & b & ZERO)


def _product(a: int, b: int) -> int:
    if ZERO in (a, b):
        return ZERO
    result = (a | b) & ZERO
    if (a & ABOVE and b & ABOVE) or (a & BELOW and b & BELOW):
        result |= ABOVE
    if (a & ABOVE and b & BELOW) or (a & BELOW and b & ABOVE):
        result |= BELOW
    return result
