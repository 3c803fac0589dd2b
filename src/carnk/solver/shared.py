"""Names for what several expressions share, so that exports write it once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import inf

from .expression import Expr, children, rebuild, topological


def shared_names(outputs: Sequence[Expr], longest: float = inf) -> dict[Expr, str]:
    """Names for the expressions that more than one other needs, children first.

    So that no formula has more than about `longest` symbols, parts of long ones get a name, too.
    """
    order = topological(outputs)
    uses = Counter(a for e in order for a in children(e))
    uses.update(outputs)
    names: dict[Expr, str] = {}
    symbols: dict[Expr, int] = {}
    for e in order:
        symbols[e] = sum(symbols[a] for a in children(e)) or 1
        if children(e) and (uses[e] > 1 or symbols[e] > longest):
            names[e] = f"shared_{len(names) + 1}"
            symbols[e] = 1
    return names


def abbreviate(outputs: Sequence[Expr], longest: float = inf) -> tuple[dict[str, Expr], list[Expr]]:
    """What is shared, by name, and the outputs over those names; definitions before their use."""
    new: dict[Expr, Expr] = {}
    shared: dict[str, Expr] = {}
    for e, name in shared_names(outputs, longest).items():
        (shared[name],) = rebuild([e], new, e.graph.node)
        new[e] = e.graph.node("parameter", name)
    return shared, rebuild(outputs, new, outputs[0].graph.node)
