"""Events of a file as SBML Level 3 defines them: triggers, delays, priorities, cancelled events.

An event fires when its trigger turns true. Of all that are due at one time the one of highest
priority is executed, then all triggers and priorities are looked at again; a tie is drawn by lot.
An event that is not persistent is called off if its trigger turns false before it is executed.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..base.errors import Problem, SolveError

if TYPE_CHECKING:
    from .oneoff import Solver
    from .program import Action, Program

ROUNDING = 4e-15  # relative: what a sum of two times may be off
MOST_AT_ONCE = 10_000  # events executed without the clock moving on


@dataclass(eq=False)
class Pending:
    """An event that has fired and waits; `values` if they were taken when it fired."""

    place: int
    due: float
    values: Sequence[float] | None


class Queue:
    """The events that wait, and which triggers were true when last looked at."""

    def __init__(self, program: Program, times: Sequence[float], seed: int) -> None:
        self.program = program
        self.times = times
        self.waiting: list[Pending] = []
        self.was = [a.event.initial_value for a in program.actions]
        self.lot = random.Random(seed)

    def next_due(self) -> float:
        """When the next waiting event is due; infinity if none waits."""
        return min((each.due for each in self.waiting), default=math.inf)

    def arrive(self, solver: Solver, seen: Sequence[Any]) -> bool:
        """All that happens at the solver's time, `seen` being the conditions there.

        Returns whether an event was executed.
        """
        executed = 0
        while True:
            self._look(solver, seen)
            due = [each for each in self.waiting if each.due <= solver.t]
            if not due:
                return executed > 0
            chosen = self._choose(solver, due)
            self.waiting.remove(chosen)
            self._execute(solver, chosen)
            executed += 1
            if executed > MOST_AT_ONCE:
                name = self.program.actions[chosen.place].event.name
                what = f"event '{name}' and others set each other off without end"
                raise SolveError(Problem(f"{self.program.model.file}, time {solver.t:g}", what))
            seen = self.program.conditions(solver.t, solver.y.tolist(), solver.p, ())

    def _look(self, solver: Solver, seen: Sequence[Any]) -> None:
        """Let triggers that turned true fire; call off what is not persistent."""
        now = self.program.triggers(solver.t, solver.y.tolist(), solver.p, seen)
        for place, (true, action) in enumerate(zip(now, self.program.actions)):
            if true and not self.was[place]:
                self.waiting.append(self._fired(solver, place, action))
            elif self.was[place] and not true and not action.event.persistent:
                self.waiting = [each for each in self.waiting if each.place != place]
            self.was[place] = bool(true)

    def _fired(self, solver: Solver, place: int, action: Action) -> Pending:
        at = (solver.t, solver.y.tolist(), solver.p, ())
        delay = 0.0 if action.delay is None else float(action.delay(*at)[0])
        if not delay >= 0:
            where = f"{self.program.model.file}, time {solver.t:g}"
            what = f"the delay of event '{action.event.name}' is {delay:g}"
            raise SolveError(Problem(where, what, "It has to be zero or more."))
        values = action.values(*at) if action.event.values_from_trigger_time else None
        return Pending(place, self._on_grid(solver.t + delay), values)

    def _on_grid(self, due: float) -> float:
        """The output time that differs from `due` by rounding only, else `due` itself."""
        first = bisect_left(self.times, due * (1 - ROUNDING))
        near = self.times[first : first + 1]
        return near[0] if near and near[0] <= due * (1 + ROUNDING) else due

    def _choose(self, solver: Solver, due: Sequence[Pending]) -> Pending:
        if len(due) == 1:
            return due[0]
        at = (solver.t, solver.y.tolist(), solver.p, ())
        priorities = []
        for each in due:
            priority = self.program.actions[each.place].priority
            value = -math.inf if priority is None else float(priority(*at)[0])
            priorities.append(-math.inf if math.isnan(value) else value)
        best = max(priorities)
        return self.lot.choice([each for each, value in zip(due, priorities) if value == best])

    def _execute(self, solver: Solver, chosen: Pending) -> None:
        action = self.program.actions[chosen.place]
        at = (solver.t, solver.y.tolist(), solver.p, ())
        values = action.values(*at) if chosen.values is None else chosen.values
        solver.y = solver.y.copy()
        pairs = list(zip(action.event.targets, values))
        for target, value in pairs:
            if target.size is None:
                _write(solver, target.is_state, target.place, float(value))
        sizes = action.sizes(solver.t, solver.y.tolist(), solver.p, ())
        for (target, value), size in zip(pairs, sizes):
            if target.size is not None:
                _write(solver, target.is_state, target.place, float(value) * float(size))


def _write(solver: Solver, is_state: bool, place: int, value: float) -> None:
    if is_state:
        solver.y[place] = value
    else:
        solver.p[place] = value
