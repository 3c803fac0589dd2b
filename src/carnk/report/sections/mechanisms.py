"""The equations as the solver runs them, set in plain HTML that needs no script."""

import inspect
import re
from functools import cache
from typing import Any

from ...kinetics import MODEL, rates
from ...solver.equations import ATOM, Printer, Style
from ...solver.expression import Expr, Graph
from ...solver.model import Symbols, Traced, name_of, trace

MARK = "rate:"  # stands before the name of a shared rate
HTML = Style(
    name="{0}",
    underscore="_",
    brackets="({0})",
    times=" · ",
    fraction='<span class="frac"><span>{0}</span><span>{1}</span></span>',
    bar=True,
    power="{0}<sup>{1}</sup>",
    exp="exp({0})",
    log="ln({0})",
    max="max({0}, {1})",
    where="({1} if {0} &gt; 0, else {2})",
    scientific="{0} · 10<sup>{1}</sup>",
)


@cache
def content() -> dict[str, Any]:
    """Mechanisms and shared rates with their equations; the same for every run."""
    traced = trace(MODEL)
    named = _named_rates(traced)
    writer = Writer(traced.graph, named)
    groups: dict[str, list[dict[str, Any]]] = {}
    for mechanism, (_, arrows) in zip(MODEL.mechanisms, traced.arrows):
        file = str(getattr(mechanism, "__module__", "")).rsplit(".", 1)[-1]
        lines = [(writer.state(state), writer.line(arrow)) for state, arrow in arrows.items()]
        entry = {"name": name_of(mechanism), "about": first_line(mechanism), "lines": lines}
        groups.setdefault(file, []).append(entry)
    return {
        "groups": [(FILES.get(file, file), entries) for file, entries in groups.items()],
        "rates": [
            {"name": name, "about": about, "text": writer.definition(expression)}
            for expression, (name, about) in named.items()
            if name in writer.used
        ],
        "states": len(MODEL.states),
        "parameters": len(MODEL.parameters),
        "mechanisms": len(MODEL.mechanisms),
    }


FILES = {"product": "Infused cells", "tumor": "Tumor", "host": "Host, cytokines and drugs"}


class Writer(Printer):
    """Writes expressions with the shared rates as names of their own."""

    def __init__(self, graph: Graph, named: dict[Expr, tuple[str, str]]) -> None:
        super().__init__(HTML)
        self.graph = graph
        self.named = named
        self.used: set[str] = set()
        self.made: dict[Expr, Expr] = {}

    def line(self, e: Expr) -> str:
        """An arrow in terms of shared rates."""
        return _minus(self.write(self._short(e)))

    def definition(self, e: Expr) -> str:
        """What stands behind a shared rate, in terms of the others."""
        return _minus(self.write(self._rebuilt(e)))

    def state(self, name: str) -> str:
        """A state of the model."""
        return f'<b class="state">{name}</b>'

    def _short(self, e: Expr) -> Expr:
        """The expression with every shared rate in it replaced by its name."""
        if e not in self.made:
            self.made[e] = self._named_or_rebuilt(e)
        return self.made[e]

    def _named_or_rebuilt(self, e: Expr) -> Expr:
        if e not in self.named:
            return self._rebuilt(e)
        name = self.named[e][0]
        if name not in self.used:
            self.used.add(name)
            self._rebuilt(e)  # so that the rates it stands on are listed too
        return self.graph.node("parameter", MARK + name)

    def _rebuilt(self, e: Expr) -> Expr:
        parts = [self._short(a) if isinstance(a, Expr) else a for a in e.args]
        return self.graph.node(e.op, *parts)

    def _line(self, parts: list[tuple[Expr, int]], least: int) -> str:
        plain_first = sorted(parts, key=lambda part: part[0].op != "const")
        return super()._line(plain_first, least)

    def _form(self, e: Expr) -> tuple[str, int]:
        if e.op == "state":
            return self.state(e.args[0]), ATOM
        if e.op == "parameter" and e.args[0].startswith(MARK):
            return f'<em class="rate">{e.args[0].removeprefix(MARK)}</em>', ATOM
        return super()._form(e)


def _named_rates(traced: Traced) -> dict[Expr, tuple[str, str]]:
    """The shared rates of the model as nodes of its graph, with name and first line of docs."""
    y = Symbols("state", {e.args[0]: e for e in traced.states})
    p = Symbols("parameter", {e.args[0]: e for e in traced.parameters})
    found: dict[Expr, tuple[str, str]] = {}
    for name, rule in inspect.getmembers(rates, inspect.isfunction):
        asks = list(inspect.signature(rule).parameters)
        if rule.__module__ != rates.__name__ or not set(asks) <= {"y", "p", "clone"}:
            continue
        for clone in rates.CLONES if "clone" in asks else ("",):
            given = {"y": y, "p": p, "clone": clone}
            label = f"{name}_{clone}" if clone else name
            made = rule(**{each: given[each] for each in asks})
            parts = made if isinstance(made, tuple) else (made,)
            for i, part in enumerate(parts):
                simple = not isinstance(part, Expr) or part.op in ("state", "parameter", "const")
                if not simple and part not in found:
                    numbered = f"{label}_{('car', 'plain')[i]}" if len(parts) == 2 else label
                    found[part] = numbered, first_line(rule)
    return found


def _minus(text: str) -> str:
    return re.sub(r"(?<![\w.])-(?=[\s\w(<])", "−", text)


def first_line(rule: Any) -> str:
    """The first sentence of a docstring without its reference keys."""
    first = (inspect.getdoc(rule) or "").split("\n\n")[0].replace("\n", " ")
    return re.sub(r"\s*\[[\w, ]+\]", "", first)
