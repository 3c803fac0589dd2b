"""A system of equations as plain Python functions on floats, ready for `oneoff.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import Problem, SolveError
from .expression import Expr, rebuild, topological
from .formula import JUMPING, Evaluate, Formulas, compiled, slopes
from .sbml_blame import culprits
from .sbml_model import SbmlModel
from .sbml_system import Happening, System
from .signs import never_negative, sign

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Action:
    """The formulas of an event, compiled."""

    event: Happening
    values: Evaluate
    delay: Evaluate | None
    priority: Evaluate | None
    sizes: Evaluate


class Program:
    """Compiled equations of one model with the wanted outputs (name of column -> formula)."""

    def __init__(self, model: SbmlModel, system: System, outputs: dict[str, Expr]) -> None:
        self.model, self.system = model, system
        self.outputs = tuple(outputs)
        self.start, self.held_start = system.start, system.held_start
        self.values = compiled(list(outputs.values()))
        self.happenings = system.happenings
        self.actions = [_action(h) for h in system.happenings]
        triggers = [h.trigger for h in system.happenings]
        jumping, locked = _lock([*system.rates, *triggers], system.graph)
        count = len(system.rates)
        self.conditions = compiled(jumping)
        self.jumps = [e.op for e in jumping]
        self.compared = [i for i, op in enumerate(self.jumps) if op == "cmp"]
        self.has_conditions = bool(jumping)
        self.rates = compiled(locked[:count])
        self.triggers = compiled(locked[count:])
        self.may_be_missed = self.has_conditions or any(
            e.op == "time" for e in topological([*system.rates, *triggers])
        )
        self._differentiate(locked[:count])
        self._signs: tuple[tuple[int, ...], npt.NDArray[np.bool_]] | None = None

    def _differentiate(self, rates: Sequence[Expr]) -> None:
        entries: list[Expr] = []
        rows, columns = [], []
        for row, by_leaf in enumerate(slopes(rates)):
            for leaf, slope in by_leaf.items():
                rows.append(row)
                columns.append(leaf.args[0] if leaf.op == "state" else len(rates))
                entries.append(slope)
        self._size = len(rates)
        self._where = (np.array(rows, int), np.array(columns, int))
        self._moves = len(rates) in columns
        self._entries = compiled(entries)

    def jacobian(
        self, t: float, y: Sequence[float], p: Sequence[float], seen: Sequence[Any]
    ) -> tuple[Floats, Floats | None]:
        """Derivatives of the rates by the states, and by time if they depend on it.

        Where one is not finite (the slope of a root at zero) zero stands in its place.
        """
        table = np.zeros((self._size, self._size + 1))
        entries = np.array(self._entries(t, y, p, seen), float)
        if not np.isfinite(entries).all():
            entries[~np.isfinite(entries)] = 0.0
        table[self._where] = entries
        return table[:, :-1], table[:, -1] if self._moves else None

    def scales(self) -> Floats:
        """What is small for a state: its size at the start, at most 1.

        A state that starts at zero has the smallest size of its kind (species, or other).
        """
        species = {s.id for s in self.model.species}
        sizes = np.abs(np.array(self.start, float))
        kind = np.array([name in species for name in self.system.states], bool)
        for one in (True, False):
            known = sizes[(kind == one) & (sizes > 0) & np.isfinite(sizes)]
            unknown = (kind == one) & ~((sizes > 0) & np.isfinite(sizes))
            sizes[unknown] = known.min() if len(known) else 1.0
        scales: Floats = np.clip(sizes, 1e-100, 1.0)
        return scales

    def positive(self, y: Floats, p: Sequence[float]) -> npt.NDArray[np.bool_]:
        """Which states cannot turn negative from here on."""
        key = (*map(sign, y.tolist()), *map(sign, p))
        if self._signs is None or self._signs[0] != key:
            found = never_negative(self.system.rates, y.tolist(), p)
            self._signs = key, np.array(found, bool)
        proved: npt.NDArray[np.bool_] = self._signs[1]
        return proved

    def undefined(
        self, t: float, places: Sequence[int], y: Floats, p: Sequence[float]
    ) -> SolveError:
        """The error for rates that are not finite; it names the numbers that make them so."""
        names = [self.system.states[i] for i in places]
        symbols = list(self.system.symbols)
        now = compiled(list(self.system.symbols.values()))(t, y.tolist(), p, ())
        blamed = culprits(self.model, dict(zip(symbols, now)), names)
        shown = ", ".join(f"'{n}'" for n in names[:3]) + (", ..." if len(names) > 3 else "")
        where = f"{self.model.file}, time {t:g}"
        what = f"the rate of {shown} is not a finite number"
        if not blamed:
            return SolveError(Problem(where, what, "Look for a division by zero or a logarithm."))
        return SolveError([Problem(where, f"{what}, because {each}") for each in blamed])

    def fastest(self, y: Floats, slope: Floats) -> str:
        """Advice that names the state with the largest relative rate."""
        if not len(y):
            return ""
        with np.errstate(all="ignore"):
            pace = np.nan_to_num(np.abs(slope) / (np.abs(y) + 1e-300), posinf=1e300)
        return f"The fastest variable there is '{self.system.states[int(np.argmax(pace))]}'."


def _action(h: Happening) -> Action:
    sizes = [t.size if t.size is not None else h.trigger.graph.lift(1) for t in h.targets]
    return Action(
        event=h,
        values=compiled(h.values),
        delay=None if h.delay is None else compiled([h.delay]),
        priority=None if h.priority is None else compiled([h.priority]),
        sizes=compiled(sizes),
    )


def _lock(outputs: Sequence[Expr], graph: Formulas) -> tuple[list[Expr], list[Expr]]:
    """(conditions that can change between events, the outputs with locked ones in their place)."""
    moving: set[Expr] = set()
    jumping: list[Expr] = []
    for e in topological(outputs):
        if e.op in ("time", "state") or any(a in moving for a in e.args if isinstance(a, Expr)):
            moving.add(e)
            if e.op in JUMPING:
                jumping.append(e)
    new = {e: graph.node("seen", n) for n, e in enumerate(jumping)}
    return jumping, rebuild(outputs, new, graph.make)
