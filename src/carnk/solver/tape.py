"""Tapes: expression graphs as readable three-address text, the one input of both executors.

A line is `name operation arguments...` or `place store name`. A place is a row of the work
buffer: `12` (absolute), `src+3` or `dst+3` (counted from an argument of the kernel).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from .expression import Expr, children, topological


def fused(e: Expr, uses: Mapping[Expr, int]) -> tuple[str, tuple[Expr, ...]]:
    """The operation and arguments of a node; with a product used only here, a fused operation."""
    if e.op not in ("add", "sub"):
        return e.op, e.args
    left, right = e.args
    if right.op == "mul" and uses[right] == 1:
        return "fma" if e.op == "add" else "fnma", (*right.args, left)
    if left.op == "mul" and uses[left] == 1:
        return "fma" if e.op == "add" else "fms", (*left.args, right)
    return e.op, e.args


def write_tape(outputs: Mapping[str, Expr]) -> str:
    """The tape that computes {place: expression}. A value is stored as soon as it is known."""
    order = topological(outputs.values())
    uses = Counter(a for e in order for a in children(e))
    uses.update(outputs.values())
    steps = {e: fused(e, uses) for e in order}
    absorbed = {
        product
        for e in order
        for product in children(e)
        if steps[e][0] != e.op and product.op == "mul" and product not in steps[e][1]
    }
    places: dict[Expr, list[str]] = {}
    for place, e in outputs.items():
        places.setdefault(e, []).append(place)
    names: dict[Expr, str] = {}
    lines: list[str] = []
    for e in order:
        if e in absorbed:
            continue
        if e.op == "const":
            names[e] = repr(e.args[0])
        else:
            op, args = steps[e]
            names[e] = f"v{len(lines)}"
            text = [names[a] if isinstance(a, Expr) else str(a) for a in args]
            lines.append(" ".join([names[e], op, *text]))
        lines.extend(f"{place} store {names[e]}" for place in places.get(e, ()))
    return "\n".join(lines)
