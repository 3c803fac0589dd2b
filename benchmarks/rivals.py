"""The other solvers that the bench measures: libRoadRunner, LSODA and diffrax.

Each is made once for a case and then called as solver(rows, rtol), which returns the courses of
those patients, (patients, times, states), at an absolute tolerance of 1e-12. One that is not
installed raises ImportError when it is made, one that cannot do the case ValueError. Model events
are libRoadRunner's alone; the others skip them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from carnk.solver.executors import compile_plan, interpret_plan
from carnk.solver.method import RODAS5P
from carnk.solver.sbml import write_sbml
from carnk.solver.steps import plan

if TYPE_CHECKING:
    from benchmarks.cases import Case

Array = np.ndarray[Any, np.dtype[np.float64]]
Solver = Callable[[slice, float], Array]
ATOL = 1e-12
STEPS = 200_000


def libroadrunner(case: Case) -> Solver:
    """CVODE on the SBML that carnk writes; the model is loaded only once.

    Patients differ by numbers alone: the days and amounts of doses are parameters of the SBML.
    Doses at the start go into the initial amounts: after a reset, an event of that day stays out.
    """
    os.environ["SUNLOGGER_WARNING_FILENAME"] = os.devnull  # it prints a line for every tiny step
    import roadrunner

    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    model, doses = case.model, case.doses
    count = doses.times.shape[1]
    days, amounts = ([f"{what}_{n}" for n in range(count)] for what in ("day", "amount"))
    names = [*model.parameters, *days, *amounts, *model.states]
    at_start = doses.times <= case.times[0]
    started = case.initial.copy()
    for n, state in enumerate(doses.states):
        started[:, state] += np.where(at_start[:, n], doses.amounts[:, n], 0.0)
    late = np.where(np.isfinite(doses.times) & ~at_start, doses.times, 1e30)
    rows = np.hstack([case.parameters, late, np.nan_to_num(doses.amounts), started])
    numbers = dict(zip(names, rows[0].tolist()))
    into = [model.states[i] for i in doses.states]
    wide = replace(model, parameters=tuple(names[: -len(model.states)]))
    simulator = roadrunner.RoadRunner(
        write_sbml(wide, numbers, numbers, list(zip(days, into, amounts)))
    )
    simulator.timeCourseSelections = list(model.states)
    simulator.integrator.absolute_tolerance = ATOL
    simulator.integrator.maximum_num_steps = STEPS
    known = list(simulator.model.getGlobalParameterIds())
    places, grid = [known.index(name) for name in names], case.times.tolist()

    def run(patients: slice, rtol: float) -> Array:
        simulator.integrator.relative_tolerance = rtol
        courses = []
        for row in rows[patients]:
            simulator.resetAll()
            simulator.model.setGlobalParameterValues(places, row)
            courses.append(np.array(simulator.simulate(times=grid)))
        return np.array(courses)

    return run


def lsoda(case: Case) -> Solver:
    """SciPy's LSODA, its right-hand side compiled by numba, restarted at every dose."""
    import numba
    from scipy.integrate import odeint

    made = compile_plan(plan(replace(case.model, events=()), RODAS5P), lanes=1)
    size, y0, k0, raw = len(case.model.states), made.rows["y"], made.rows["k0"], made.rows["raw"]
    rhs, prologue, w = made.functions["rhs"], made.functions["prologue"], made.memory()

    @numba.njit
    def rates(y: Array, t: float, w: Array) -> Array:
        w[y0 : y0 + size] = y
        w[k0 : k0 + size] = 0.0
        rhs(w, y0, k0)
        return w[k0 : k0 + size].copy()

    def one(n: int, rtol: float) -> Array:
        w[raw : raw + case.parameters.shape[1]] = case.parameters[n]
        prologue(w, 0, 0)
        out = np.full((len(case.times), size), np.nan)
        for piece in pieces(case, n):
            options = {"rtol": rtol, "atol": ATOL, "mxstep": STEPS, "args": (w,)}
            piece.put(out, odeint(rates, piece.start(out), piece.grid, **options))
        return out

    def run(patients: slice, rtol: float) -> Array:
        return np.array([one(n, rtol) for n in range(*patients.indices(len(case.parameters)))])

    return run


def diffrax(case: Case) -> Solver:
    """Kvaerno5 of diffrax under vmap, restarted at every dose; compiled once for each rtol."""
    import diffrax as dfx
    import jax

    jax.config.update("jax_enable_x64", True)
    if (case.doses.times != case.doses.times[0]).any():
        raise ValueError("doses on days that differ between patients")
    rates, constants = _jax_rates(case), _constants(case)
    term = dfx.ODETerm(lambda t, y, c: rates(y, c))
    compiled: dict[float, Any] = {}

    def solver_of(rtol: float) -> Any:
        control = dfx.PIDController(rtol=rtol, atol=ATOL)

        def piece(y: Any, grid: Any, c: Any) -> Any:
            return dfx.diffeqsolve(
                term, dfx.Kvaerno5(), grid[0], grid[-1], None, y, c,
                saveat=dfx.SaveAt(ts=grid), stepsize_controller=control, max_steps=20_000,
                throw=False,
            ).ys  # fmt: skip

        return jax.jit(jax.vmap(piece))

    def run(patients: slice, rtol: float) -> Array:
        solver = compiled.setdefault(rtol, solver_of(rtol))
        chosen = range(*patients.indices(len(case.parameters)))
        out = np.full((len(chosen), len(case.times), len(case.model.states)), np.nan)
        together = [list(pieces(case, n)) for n in chosen]
        for same in zip(*together):
            starts = np.array([p.start(o) for p, o in zip(same, out)])
            grids = np.array([p.grid for p in same])
            values = np.asarray(solver(starts, grids, constants[chosen]))
            for p, o, v in zip(same, out, values):
                p.put(o, v)
        return out

    return run


FAST = {"libRoadRunner": libroadrunner, "SciPy LSODA + numba": lsoda}
SLOW = {"diffrax Kvaerno5": diffrax}  # minutes to compile and seconds a patient


class Piece:
    """One patient's time between two doses: the days asked for, and where the answers belong."""

    def __init__(self, case: Case, begin: float, end: float, before: Piece | None) -> None:
        inside = (case.times > begin) & (case.times <= end)
        self.due = np.flatnonzero(inside)
        self.grid = np.unique(np.concatenate([[begin], case.times[inside], [end]]))
        self.extra = end not in case.times
        self.before = before
        self.jumps: list[tuple[int, float]] = []
        self.first: Array | None = None
        self.at = np.flatnonzero(case.times == begin)
        self.last: Array = np.empty(0)

    def start(self, out: Array) -> Array:
        """The state after the doses of this day; written where the day itself is asked for."""
        y = (self.first if self.before is None else self.before.last).copy()  # type: ignore
        for state, amount in self.jumps:
            y[state] += amount
        out[self.at] = y
        return y

    def put(self, out: Array, values: Array) -> None:
        """Keep the answer of an integration over `grid`."""
        self.last = values[-1]
        rows = values[1:-1] if self.extra else values[1:]
        out[self.due] = rows


def pieces(case: Case, patient: int) -> Iterator[Piece]:
    """The pieces of one patient in order."""
    states = np.broadcast_to(case.doses.states, case.doses.times.shape)[patient]
    begin, end = float(case.times[0]), float(case.times[-1])
    given = [
        (float(t), int(s), float(a))
        for t, s, a in zip(case.doses.times[patient], states, case.doses.amounts[patient])
        if begin <= t < end
    ]
    days = sorted({begin, *(t for t, *_ in given)})
    before = None
    for day, following in zip(days, [*days[1:], end]):
        piece = Piece(case, day, following, before)
        piece.jumps = [(s, a) for t, s, a in given if t == day]
        piece.first = case.initial[patient]
        yield piece
        before = piece


JAX = {
    "add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "neg": "-{0}", "inv": "1 / {0}",
    "fma": "{0} * {1} + {2}", "fms": "{0} * {1} - {2}", "fnma": "{2} - {0} * {1}",
    "exp": "jnp.exp({0})", "log": "jnp.log({0})", "max": "jnp.where({0} > {1}, {0}, {1})",
    "where": "jnp.where({0} > 0.0, {1}, {2})",
}  # fmt: skip


def _jax_rates(case: Case) -> Callable[[Any, Any], Any]:
    """The tape of the rates as a function of (states, hoisted constants) in jax.numpy."""
    import jax.numpy as jnp

    made = plan(replace(case.model, events=()), RODAS5P)
    first, lines = made.rows["constant"], ["def rates(y, c):"]
    stored: dict[int, str] = {}
    for line in made.kernels["rhs"].splitlines():
        name, op, *args = line.split()
        if op == "store":
            stored[int(name.split("+")[1])] = args[0]
        elif op == "load":
            kind, _, row = args[0].rpartition("+")
            value = {"src": f"y[{row}]", "dst": "0.0"}.get(kind) or f"c[{int(row) - first}]"
            lines.append(f"    {name} = {value}")
        else:
            lines.append(f"    {name} = {JAX[op].format(*args)}")
    values = ", ".join(f"{stored[i]} + 0 * y[0]" for i in range(len(case.model.states)))
    lines.append(f"    return jnp.stack([{values}])")
    space: dict[str, Any] = {"jnp": jnp}
    exec("\n".join(lines), space)
    rates: Callable[[Any, Any], Any] = space["rates"]
    return rates


def _constants(case: Case) -> Array:
    """What depends on parameters alone, (patients, constants)."""
    made = interpret_plan(plan(replace(case.model, events=()), RODAS5P))
    rows, lanes = made.rows, made.lanes
    first = rows["constant"]
    count = min(n for n in (*rows.values(),) if n > first) - first
    found = []
    for begin in range(0, len(case.parameters), lanes):
        part = case.parameters[begin : begin + lanes]
        w = made.memory()
        table = w.reshape(-1, lanes)
        table[rows["raw"] : rows["raw"] + part.shape[1], : len(part)] = part.T
        with np.errstate(all="ignore"):
            made.functions["prologue"](w, 0, 0)
        found.append(table[first : first + count, : len(part)].T.copy())
    return np.concatenate(found)
