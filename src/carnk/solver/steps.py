"""One step of the integrator as tapes: stages, sparse LU, error norm, dense output, first step.

The work buffer is a table of rows; a row holds one number for each of the lanes. `plan` hands out
its rows and writes every kernel that the driver (`kernel_driver.py`) calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import add

from .expression import (
    Expr,
    Graph,
    exp,
    hoist,
    jacobian,
    log,
    lower,
    maximum,
    minimum,
    rough_inverse,
    substitute,
    where,
)
from .method import Tableau
from .model import Model, Traced, trace
from .sparse import Place, elimination_order, factorize, solve_sparse
from .tape import write_tape

SAFETY = 0.9  # share of the step that the error estimate allows
SHRINK = 0.2  # a step shrinks at most by this factor
GROWTH = 6.0  # a step grows at most by this factor
GIVEN_UP = 0.1  # what is left of a step whose error is not a number
FIRST = 0.5  # days; first step where the rates over the tolerances have norm 1
REFUSED = 32.0  # squared error given to a step that leaves a positive state negative: h is halved

# What a lane's clock knows, one row each; yes is 1, no is 0.
CLOCK = (
    "t",
    "before",  # where the last step started
    "h",  # length to try next
    "taken",  # length of the step being made
    "stop",  # the next dose or the end
    "output",  # the next output
    "used",  # steps tried
    "limit",  # steps a patient may take, less one half
    "busy",  # is a patient in the lane?
    "last",  # does the step reach `stop`?
    "rejected",  # was the last step refused?
    "wanted",  # does an output lie within the step just accepted?
    "crossed",  # did an event's trigger rise in the step just accepted?
    "look",  # has the lane reached a stop or an event, or has its patient failed?
)

Rows = list[Expr]
Outputs = dict[str, Expr]


@dataclass(frozen=True)
class Plan:
    """All a driver needs for one model, as text.

    rows: first row of every block of the buffer. kernels: {name: tape}. step: (kernel, source
    row, destination row) of one step, in order. effects: (event, state) of the rows of `effect`.
    """

    rows: dict[str, int]
    kernels: dict[str, str]
    step: tuple[tuple[str, int, int], ...]
    effects: tuple[tuple[int, int], ...]
    states: int
    events: int
    positive: tuple[int, ...]


class Buffer:
    """The rows of the work buffer, handed out in named blocks; a block is loads of its rows."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.rows: dict[str, int] = {}
        self.end = 0

    def block(self, name: str, count: int) -> Rows:
        self.rows[name] = self.end
        self.end += count
        return [self.load(self.rows[name] + i) for i in range(count)]

    def load(self, row: int) -> Expr:
        return self.graph.node("load", str(row))

    def frame(self, name: str, count: int) -> Rows:
        """Loads counted from the kernel's argument `src` or `dst`."""
        return [self.graph.node("load", f"{name}+{i}") for i in range(count)]


def plan(model: Model, method: Tableau) -> Plan:
    """Trace a model and write all kernels of its integration by a method."""
    return _Planner(model, trace(model), method).plan()


class _Planner:
    """Carries the blocks of the buffer from one kernel to the next while a plan is written."""

    def __init__(self, model: Model, traced: Traced, method: Tableau) -> None:
        self.model, self.traced, self.method = model, traced, method
        self.size = len(traced.states)
        self.positive = {model.states.index(name) for name in model.positive}
        self.effects = [
            (n, model.states.index(state), amount)
            for n, effect in enumerate(traced.effects)
            for state, amount in effect.items()
        ]
        self.kernels: dict[str, Outputs] = {}
        self.buffer = buffer = Buffer(traced.graph)
        self.zero = traced.graph.lift(0)
        self.raw = buffer.block("raw", len(traced.parameters))
        self.y = buffer.block("y", self.size)
        self.new = buffer.block("new", self.size)
        self.k = [buffer.block(f"k{s}", self.size) for s in range(len(method.b))]
        (self.ih,), (self.rtol,) = buffer.block("ih", 1), buffer.block("rtol", 1)
        self.atol = buffer.block("atol", self.size)
        (self.error,), (self.factor,) = buffer.block("error", 1), buffer.block("factor", 1)
        (self.guess,) = buffer.block("guess", 1)
        self.was = buffer.block("was", len(traced.triggers))
        self.trigger = buffer.block("trigger", len(traced.triggers))
        self.armed = buffer.block("armed", len(traced.triggers))
        self.clock = {name: buffer.block(name, 1)[0] for name in CLOCK}
        buffer.block("tried", len(traced.triggers))
        (self.fraction,) = buffer.block("fraction", 1)
        self.within = buffer.block("within", self.size)
        self.effect = buffer.block("effect", len(self.effects))
        self.src, self.dst = (buffer.frame(name, self.size) for name in ("src", "dst"))

    def plan(self) -> Plan:
        self._rates()
        step = self._stages()
        self._finish()
        self._control()
        self._begin()
        rows = self.buffer.rows
        return Plan(
            rows={**rows, "end": self.buffer.end},
            kernels={name: write_tape(outputs) for name, outputs in self.kernels.items()},
            step=(*step, ("finish", 0, 0)),
            effects=tuple((event, state) for event, state, _ in self.effects),
            states=self.size,
            events=len(self.was),
            positive=tuple(int(i in self.positive) for i in range(self.size)),
        )

    def _rates(self) -> None:
        """Kernels of the model: prologue (once per patient), rhs, factor, solve, events."""
        traced, n = self.traced, self.size
        partial = jacobian(traced.rates, traced.states)
        amounts = [amount for *_, amount in self.effects]
        wanted = [*traced.rates, *traced.triggers, *amounts, *partial.values()]
        moving, constants = hoist(
            lower(wanted), traced.states, lambda i: self.buffer.load(self.buffer.end + i)
        )
        hoisted = self.buffer.block("constant", len(constants))
        self.kernels["prologue"] = into(
            hoisted, substitute(constants, zip(traced.parameters, self.raw))
        )
        events = n + len(traced.triggers)
        entries = events + len(amounts)

        def at(rows: Rows, values: Sequence[Expr]) -> list[Expr]:
            return substitute(values, zip(traced.states, rows))

        rates = at(self.src, moving[:n])
        self.kernels["rhs"] = into(self.dst, (d + e for d, e in zip(self.dst, rates)))
        self.kernels["triggers"] = into(
            self.buffer.frame("dst", len(self.trigger)), at(self.src, moving[n:events])
        )
        self.kernels["effects"] = into(self.effect, at(self.y, moving[events:entries]))
        self._linear(dict(zip(partial, at(self.y, moving[entries:]))))

    def _linear(self, partial: dict[Place, Expr]) -> None:
        """Kernels factor (LU of I/(h gamma) - J, fused with J) and solve."""
        matrix = {(i, i): self.ih * (1 / self.method.gamma) for i in range(self.size)}
        for place, entry in partial.items():
            matrix[place] = matrix.get(place, self.zero) - entry
        order = elimination_order(matrix, self.size)
        rank = {k: n for n, k in enumerate(order)}
        factors = factorize(matrix, order)
        slots = sorted(factors, key=lambda place: [rank[i] for i in place])
        lu = self.buffer.block("lu", len(slots))
        self.kernels["factor"] = into(lu, (factors[place] for place in slots)) | into(
            self.k[0], [self.zero] * self.size
        )
        self.kernels["solve"] = into(self.dst, solve_sparse(dict(zip(slots, lu)), self.dst, order))

    def _stages(self) -> tuple[tuple[str, int, int], ...]:
        """Kernels stage1, stage2, ...: the point of the next stage and its share of others."""
        rows = self.buffer.rows
        calls = [("factor", 0, 0)]
        before: tuple[float, ...] = ()
        for s, (weights, mix) in enumerate(zip(self.method.a, self.method.c)):
            if s:
                point = self._advance(before, weights)
                share = (self.ih * e for e in combine(mix, self.k, [self.zero] * self.size))
                self.kernels[f"stage{s}"] = interleave(
                    into(self.new, point), into(self.k[s], share)
                )
                calls.append((f"stage{s}", 0, 0))
            there = rows[f"k{s}"]
            calls += [("rhs", rows["new" if s else "y"], there), ("solve", 0, there)]
            before = weights
        return tuple(calls)

    def _advance(self, before: tuple[float, ...], weights: tuple[float, ...]) -> list[Expr]:
        """A stage's point; it starts from the last one when it only extends that one's weights."""
        if before and weights[:-1] == before:
            return combine(weights[-1:], self.k[len(weights) - 1 : len(weights)], self.new)
        return combine(weights, self.k, self.y)

    def _finish(self) -> None:
        """Kernels finish (new state, error, step factor), between, accept."""
        method, nothing = self.method, [self.zero] * self.size
        final = self._advance(method.a[-1], method.b)
        scales = [
            a + self.rtol * maximum(magnitude(u), magnitude(v))
            for a, u, v in zip(self.atol, self.y, final)
        ]
        missed = norm(combine(method.e, self.k, nothing), scales)
        below = [-final[i] - self.atol[i] for i in sorted(self.positive)]
        if below:
            missed = where(balanced(maximum, below), maximum(missed, REFUSED), missed)
        growth = SAFETY * exp(-0.5 / method.order * log(missed + 1e-16))
        kept = [maximum(self.zero, e) if i in self.positive else e for i, e in enumerate(final)]
        self.kernels["finish"] = into(self.new, kept) | into(
            [self.error, self.factor], [missed, maximum(self.zero + SHRINK, growth)]
        )
        self.kernels["between"] = into(self.within, self._between())
        chosen = (where(1 - self.error, v, u) for u, v in zip(self.y, self.new))
        self.kernels["accept"] = into(self.y, chosen)

    def _control(self) -> None:
        """Kernels propose (the next step of every lane) and judge (accept or refuse the step)."""
        clock, yes, no = self.clock, self.zero + 1, self.zero
        left = clock["stop"] - clock["t"]
        last = where(left - 1.0001 * clock["h"], no, yes)
        taken = where(last, left, minimum(clock["h"], 0.5 * left))
        self._set("propose", {"last": last, "taken": taken}, {self.ih: 1 / taken})
        accepted = where(1 - self.error, yes, no)
        t = clock["t"] + clock["taken"]
        t = where(accepted, where(clock["last"], clock["stop"], t), clock["t"])
        grown = minimum(self.factor, where(clock["rejected"], yes, no + GROWTH))
        shrunk = where(self.error, self.factor, no + GIVEN_UP)
        h = clock["taken"] * where(accepted, grown, shrunk)
        used = clock["used"] + 1
        risen = [
            where(was, no, where(1 - was, where(now, armed, no), no))
            for was, now, armed in zip(self.was, self.trigger, self.armed)
        ]
        crossed = accepted * clock["busy"] * (balanced(maximum, risen) if risen else no)
        due = accepted * clock["last"]
        stuck = where(t + h - reach(t), no, yes)
        look = maximum(where(due, yes, stuck), where(used - clock["limit"], yes, no))
        seen = {
            was: where(accepted, where(crossed, was, now), was)
            for was, now in zip(self.was, self.trigger)
        }
        changes = {
            "before": clock["t"],
            "t": t,
            "h": h,
            "used": used,
            "rejected": 1 - accepted,
            "wanted": where(t - clock["output"], clock["busy"], no),
            "crossed": where(crossed, yes, no),
            "look": clock["busy"] * maximum(look, crossed),
        }
        self._set("judge", changes, seen)

    def _set(self, name: str, changes: Mapping[str, Expr], others: Mapping[Expr, Expr]) -> None:
        """A kernel that sets rows of the clock and others."""
        rows = [*(self.clock[key] for key in changes), *others]
        self.kernels[name] = into(rows, [*changes.values(), *others.values()])

    def _between(self) -> list[Expr]:
        """The states at each lane's fraction of the step just made, from the dense output."""
        s, rest = self.fraction, 1 - self.fraction
        weights = [self.zero] * len(self.k)
        for row in reversed(self.method.dense):
            weights = [w + s * e for w, e in zip(row, weights)]
        shares = [s * rest * w for w in weights]
        values = []
        for i, (old, new) in enumerate(zip(self.y, self.new)):
            value = sum((w * k[i] for w, k in zip(shares, self.k)), rest * old + s * new)
            values.append(maximum(self.zero, value) if i in self.positive else value)
        return values

    def _begin(self) -> None:
        """Kernels clear and guess: the first step after a restart, from the rates there."""
        slope = self.k[0]
        scales = [a + self.rtol * magnitude(u) for a, u in zip(self.atol, self.y)]
        self.kernels["clear"] = into(slope, [self.zero] * self.size)
        guess = FIRST * exp(-0.5 / (self.method.order + 1) * log(norm(slope, scales) + 1e-20))
        self.kernels["guess"] = into([self.guess], [guess])


def into(block: Iterable[Expr], values: Iterable[Expr]) -> Outputs:
    """{place: value} for the rows of a block."""
    return {row.args[0]: value for row, value in zip(block, values)}


def combine(weights: Sequence[float], rows: Sequence[Rows], start: Sequence[Expr]) -> list[Expr]:
    """start[i] + sum_j weights[j] * rows[j][i]"""
    return [
        sum((w * row[i] for w, row in zip(weights, rows) if w), first)
        for i, first in enumerate(start)
    ]


def reach(t: Expr) -> Expr:
    """The latest time that cannot be told from t: what is due until then is due now."""
    return t + 4e-16 * magnitude(t) + 1e-18


def norm(values: Sequence[Expr], scales: Sequence[Expr]) -> Expr:
    """The mean square of values / scales, within 1 %."""
    squares = [(v * rough_inverse(s)) ** 2 for v, s in zip(values, scales)]
    return balanced(add, squares) * (1 / len(squares))


def balanced(operation: Callable[[Expr, Expr], Expr], terms: Sequence[Expr]) -> Expr:
    """The terms joined as a balanced tree: short chains of dependent instructions."""
    half = len(terms) // 2
    if not half:
        return terms[0]
    return operation(balanced(operation, terms[:half]), balanced(operation, terms[half:]))


def magnitude(e: Expr) -> Expr:
    """The absolute value."""
    result = maximum(e, -e)
    assert isinstance(result, Expr)
    return result


def interleave(*blocks: Outputs) -> Outputs:
    """Merge outputs item by item, so that what is loaded for one serves the next."""
    return dict(item for items in zip(*(b.items() for b in blocks)) for item in items)
