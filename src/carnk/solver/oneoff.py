"""One system of equations solved once, without a compiler: steps, events, jumps, output.

The method is the one of the population solver (Rodas5P, `method.py`) with a dense NumPy matrix.
Conditions in the rates are *locked* while a step is made, so that every step is smooth; when one
changes within a step, the moment is found by bisection on the dense output, the step ends there and
the next goes on with the new branch. Triggers of events are conditions like all others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import Problem, SolveError
from .events import Queue
from .method import RODAS5P
from .program import Program

Floats = npt.NDArray[np.float64]

STAGES = len(RODAS5P.b)
GAMMA = RODAS5P.gamma
A = np.array([(*row, *[0.0] * (STAGES - len(row))) for row in RODAS5P.a])
C = np.array([(*row, *[0.0] * (STAGES - len(row))) for row in RODAS5P.c])
B, E, DENSE = np.array(RODAS5P.b), np.array(RODAS5P.e), np.array(RODAS5P.dense)
SHORTEST = 1e-10  # of the longest step: the least first step
RESTART = 0.01  # of the step before an event: the least step after it
SAFETY, SHRINK, GROWTH = 0.9, 0.2, 6.0
SAME_TIME = 1e-11  # of the span: outputs this near to a change of conditions are taken to be on it
CLOSEST = 1e-18  # of the longest step: as exactly as changes of conditions are placed in time
SPARSE_FROM = 120  # states
MOST_STEPS = 1_000_000
MOST_JUMPS = 500  # changes of conditions without the clock moving on
LOOKS = (0.25, 0.5, 0.75)  # where in a step, but at its end, conditions are looked at


def _time_weights() -> Floats:
    """The stages of the equation dt/dt = 1, per unit of step: how time enters every stage."""
    k = np.zeros(STAGES)
    for i in range(STAGES):
        k[i] = GAMMA * (1 + C[i] @ k)
    return k


CLOCK = _time_weights()
MOMENTS = A @ CLOCK


def _factorized(matrix: Floats) -> Callable[[Floats], Floats] | None:
    """The solution of a linear system by its right side; None if the matrix is singular.

    SciPy's sparse LU serves large systems; for small ones its import would cost more than it saves.
    """
    if len(matrix) < SPARSE_FROM:
        try:
            return np.linalg.inv(matrix).__matmul__
        except np.linalg.LinAlgError:
            return None
    from scipy.sparse import csc_matrix
    from scipy.sparse.linalg import splu

    try:
        factors = splu(csc_matrix(matrix))
    except (RuntimeError, ValueError):
        return None
    solve: Callable[[Floats], Floats] = factors.solve
    return solve


@dataclass
class Step:
    """A step that was accepted, with all that its dense output needs."""

    t: float
    h: float
    end: float
    y: Floats
    new: Floats
    bends: Floats
    positive: npt.NDArray[np.bool_]

    def at(self, t: float) -> Floats:
        """The states at a time within the step."""
        if t >= self.end:
            return self.new
        s = (t - self.t) / self.h
        d1, d2, d3 = self.bends
        y: Floats = (1 - s) * self.y + s * (self.new + (1 - s) * (d1 + s * (d2 + s * d3)))
        return np.where(self.positive, np.maximum(y, 0.0), y)


class Solver:
    """Carries time, states, held numbers and locked conditions from one step to the next."""

    def __init__(self, program: Program, rtol: float, atol: Floats, longest: float) -> None:
        self.program, self.rtol, self.atol, self.longest = program, rtol, atol, longest
        self.t = 0.0
        self.y: Floats = np.array(program.start, float)
        self.p = list(program.held_start)
        self.seen: Sequence[Any] = ()
        self.h = 0.0
        self.steps = 0

    def start(self, queue: Queue) -> None:
        """All that happens at time 0, and a first step."""
        queue.arrive(self, self._now())
        self.begin()
        self.guess()

    def take(self, step: Step, reached: float, queue: Queue) -> None:
        """Go on to a moment within a step or at its end, and let happen what happens there."""
        before = self.seen
        self.t, self.y = reached, step.at(reached)
        seen = self._now() if self.program.has_conditions else before
        changed = seen != before
        if not changed and queue.next_due() > reached:
            self.slope = self._rates(self.t, self.y)
            if not np.isfinite(self.slope).all():
                raise self._not_finite(self.slope)
            return
        touched = list(seen)
        for i in self.program.compared:
            if before[i] * seen[i] == -1:  # equal in between, at a moment that no double holds
                touched[i] = 0
        if queue.arrive(self, touched):
            usual = self.h
            self.begin()
            self.guess()
            self.h = max(self.h, RESTART * usual)
        else:
            self.begin()

    def _now(self) -> Sequence[Any]:
        return self.program.conditions(self.t, self.y.tolist(), self.p, ())

    def begin(self) -> None:
        """Start anew from the present states: after the start, an event or a changed condition."""
        self.seen = self._now()
        self.live = ~np.isnan(self.y)
        self.all_live = bool(self.live.all())
        self.positive = self.program.positive(self.y, self.p)
        slope = self._rates(self.t, self.y)
        if not np.isfinite(slope).all():
            raise self._not_finite(slope)
        self.slope = slope

    def guess(self) -> None:
        """A first step that changes no state by more than a thousand tolerances."""
        if not len(self.y):
            self.h = self.longest
            return
        scale = self.atol + self.rtol * np.abs(np.where(self.live, self.y, 0.0))
        fastest = float(np.max(np.abs(self.slope) / scale))
        self.h = max(min(self.longest, 1e3 / (fastest + 1e-300)), SHORTEST * self.longest)

    def _rates(self, t: float, y: Floats) -> Floats:
        rates = np.array(self.program.rates(t, y.tolist(), self.p, self.seen), float)
        return rates if self.all_live else np.where(self.live, rates, 0.0)

    def _rates_at_stage(self, t: float, y: Floats) -> Floats:
        """Rates at a point on the way; where that lies outside (root of -1e-9), at its edge."""
        rates = self._rates(t, y)
        if np.isfinite(rates).all():
            return rates
        return self._rates(t, np.where(self.positive, np.maximum(y, 0.0), y))

    def _not_finite(self, slope: Floats) -> SolveError:
        places = np.flatnonzero(~np.isfinite(slope)).tolist()
        return self.program.undefined(self.t, places, self.y, self.p)

    def step(self, stop: float) -> Step:
        """Make one step that ends at `stop` at the latest; it is not yet taken."""
        jacobian, by_time = self.program.jacobian(self.t, self.y.tolist(), self.p, self.seen)
        if not self.all_live:
            jacobian[~self.live], jacobian[:, ~self.live] = 0.0, 0.0
        while True:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise self._stuck(f"more than {MOST_STEPS:,} steps were needed")
            h = min(self.h, self.longest)
            ends = self.t + h * 1.000001 >= stop
            h = stop - self.t if ends else h
            if self.t + h <= self.t:
                raise self._stuck("the step became too small")
            k = self._stages(h, jacobian, by_time)
            new = self.y + B @ k
            error = self._error(new, k)
            wanted = h * min(GROWTH, max(SHRINK, SAFETY * (error + 1e-16) ** (-1 / RODAS5P.order)))
            if error <= 1.0:
                self.h = max(wanted, self.h) if ends and wanted > h else wanted
                kept = np.where(self.positive, np.maximum(new, 0.0), new)
                end = stop if ends else self.t + h
                return Step(self.t, h, end, self.y, kept, DENSE @ k, self.positive)
            self.h = wanted

    def _stages(self, h: float, jacobian: Floats, by_time: Floats | None) -> Floats:
        size = len(self.y)
        k = np.zeros((STAGES, size))
        scale = self.atol + np.abs(np.where(self.live, self.y, 0.0))
        matrix = -jacobian * (scale / scale[:, None])
        matrix.flat[:: size + 1] += 1 / (h * GAMMA)
        solve = _factorized(matrix)
        if solve is None:
            return np.full((STAGES, size), math.nan)
        mix = C / h
        for i in range(STAGES):
            slope = self.slope
            if i:
                slope = self._rates_at_stage(self.t + MOMENTS[i] * h, self.y + A[i, :i] @ k[:i])
                slope = slope + mix[i, :i] @ k[:i]
            if by_time is not None:
                slope = slope + (CLOCK[i] * h) * by_time
            k[i] = scale * solve(slope / scale)
        return k

    def _error(self, new: Floats, k: Floats) -> float:
        """The largest error over its tolerance; 32 where a positive state would turn negative."""
        if not len(new):
            return 0.0
        missed = np.abs(E @ k) / (self.atol + self.rtol * np.maximum(np.abs(self.y), np.abs(new)))
        worst = float(np.max(missed[self.live])) if self.live.any() else 0.0
        if not math.isfinite(worst):
            return 1e6
        below = bool((new[self.positive] < -self.atol[self.positive]).any())
        return max(worst, 32.0) if below else worst

    def _stuck(self, what: str) -> SolveError:
        return SolveError(
            Problem(
                f"{self.program.model.file}, time {self.t:g}",
                what,
                self.program.fastest(self.y, self.slope),
            )
        )

    def change_in(self, step: Step) -> float:
        """The first moment in a step at which a condition is other than locked; inf if none."""
        if not self.program.has_conditions:
            return math.inf
        earlier = step.t
        for moment in (*(step.t + part * step.h for part in LOOKS), step.end):
            if self._seen_at(step, moment) != self.seen:
                return self._bisect(step, earlier, moment)
            earlier = moment
        return math.inf

    def on_edge(self, step: Step, moment: float) -> bool | None:
        """Whether the conditions after a change are those on the edge itself, as of x >= 2 at 2.

        None if it cannot be said of all that change.
        """
        new = self._seen_at(step, moment)
        changed = zip(self.program.jumps, self.seen, new)
        sides = {_on_edge(op, before, after) for op, before, after in changed if before != after}
        return sides.pop() if len(sides) == 1 else None

    def _seen_at(self, step: Step, t: float) -> Sequence[Any]:
        return self.program.conditions(t, step.at(t).tolist(), self.p, ())

    def _bisect(self, step: Step, same: float, other: float) -> float:
        """Between two moments, the first double at which a condition is seen changed.

        Near time 0 doubles lie closer than anyone needs; there a part of the longest step will do.
        """
        while True:
            middle = 0.5 * (same + other)
            if not same < middle < other or other - same < CLOSEST * self.longest:
                return other
            if self._seen_at(step, middle) == self.seen:
                same = middle
            else:
                other = middle


def _on_edge(op: str, before: float, after: float) -> bool | None:
    """Whether a condition that changes has on the edge the value that it has after it."""
    match op:
        case "lt" | "gt":
            return not after
        case "le" | "ge":
            return bool(after)
        case "floor":
            return after > before
        case "ceil":
            return after < before
        case "trunc":
            return abs(after) > abs(before)
    return None


@dataclass(frozen=True)
class Course:
    """Values of the wanted quantities: (times, names)."""

    names: tuple[str, ...]
    times: Floats
    values: Floats
    steps: int


@dataclass(frozen=True)
class Accuracy:
    """How exact a solution has to be, and the seed of the lot between events."""

    rtol: float
    atol: float
    seed: int


def solve_program(
    program: Program,
    times: Floats,
    accuracy: Accuracy,
    progress: Callable[[float], None] | None = None,
) -> Course:
    """Solve from time 0 and return the program's outputs at `times` (sorted, none below 0).

    `progress` is called with the share done. Raises SolveError where the solution is not defined,
    with the time and the quantity.
    """
    span = float(times[-1])
    longest = span / 100 if program.may_be_missed else span
    solver = Solver(program, accuracy.rtol, accuracy.atol * program.scales(), longest or 1.0)
    moments: list[float] = times.tolist()
    queue = Queue(program, moments, accuracy.seed)
    solver.start(queue)
    values = np.empty((len(times), len(program.outputs)))
    done = stalled = 0
    end = span * (1 + 2 * SAME_TIME)  # so that what changes at the last output is seen
    while done < len(moments) and solver.t < end:
        step = solver.step(min(end, queue.next_due()))
        found = solver.change_in(step)
        reached = min(found, step.end)
        on_edge = solver.on_edge(step, found) if found <= step.end else None
        slack = {True: 1, False: -1, None: 0}[on_edge] * SAME_TIME * span
        while done < len(moments) and moments[done] < reached - slack:
            y = step.at(min(max(moments[done], step.t), reached)).tolist()
            values[done] = program.values(moments[done], y, solver.p, ())
            done += 1
        stalled = stalled + 1 if reached - step.t <= 1e-12 * span else 0
        if stalled > MOST_JUMPS:
            what = "conditions change without end: each branch leads back across the edge"
            do = "Join the branches of <piecewise> smoothly."
            raise SolveError(Problem(f"{program.model.file}, time {reached:g}", what, do))
        solver.take(step, reached, queue)
        if progress is not None:
            progress(min(reached / span, 1.0))
    if done < len(moments):  # time 0 alone
        values[done:] = program.values(solver.t, solver.y.tolist(), solver.p, ())
    return Course(program.outputs, times, values, solver.steps)
