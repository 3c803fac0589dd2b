"""The other solvers that the bench measures or checks against: libRoadRunner and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from carnk.solver import Doses, Model
from carnk.solver.sbml import write_sbml

Array = np.ndarray[Any, np.dtype[np.float64]]
ATOL = 1e-12
Due = tuple[float, int, float]  # day, state index, amount


def doses_of(doses: Doses, patient: int) -> list[Due]:
    """(day, state index, amount) of one patient's doses, in time order."""
    states = np.broadcast_to(doses.states, doses.times.shape)[patient]
    given = zip(doses.times[patient], states, doses.amounts[patient])
    return sorted((float(t), int(s), float(a)) for t, s, a in given if t < np.inf)


def roadrunner_solver(
    model: Model, parameters: Array, initial: Array, times: Array, doses: Doses
) -> Callable[[float], Array]:
    """A function of rtol that solves all patients with CVODE; the model is loaded only once.

    Patients differ by numbers alone: the days and amounts of doses are parameters of the SBML.
    Doses at the start go into the initial amounts: after a reset, an event of that day stays out.
    """
    import roadrunner

    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    count = doses.times.shape[1]
    days, amounts = ([f"{what}_{n}" for n in range(count)] for what in ("day", "amount"))
    names = [*model.parameters, *days, *amounts, *model.states]
    at_start = doses.times <= times[0]
    started = initial.copy()
    for n, state in enumerate(doses.states):
        started[:, state] += np.where(at_start[:, n], doses.amounts[:, n], 0.0)
    late = np.where(np.isfinite(doses.times) & ~at_start, doses.times, 1e30)
    rows = np.hstack([parameters, late, np.nan_to_num(doses.amounts), started])
    numbers = dict(zip(names, rows[0].tolist()))
    into = [model.states[i] for i in doses.states]
    wide = replace(model, parameters=tuple(names[: -len(model.states)]))
    simulator = roadrunner.RoadRunner(
        write_sbml(wide, numbers, numbers, list(zip(days, into, amounts)))
    )
    simulator.timeCourseSelections = list(model.states)
    simulator.integrator.absolute_tolerance = ATOL
    known = list(simulator.model.getGlobalParameterIds())
    places, grid = [known.index(name) for name in names], times.tolist()

    def run(rtol: float) -> Array:
        simulator.integrator.relative_tolerance = rtol
        courses = []
        for row in rows:
            simulator.resetAll()
            simulator.model.setGlobalParameterValues(places, row)
            courses.append(np.array(simulator.simulate(times=grid)))
        return np.array(courses)

    return run


def by_radau(
    model: Model, parameters: Array, initial: Array, times: Array, doses: list[Due]
) -> Array:
    """One patient by SciPy's Radau at rtol 1e-10, restarted at every dose."""
    p = SimpleNamespace(**dict(zip(model.parameters, parameters)))
    place = {name: i for i, name in enumerate(model.states)}

    def rates(t: float, y: Array) -> Array:
        total = np.zeros(len(y))
        named = SimpleNamespace(**dict(zip(model.states, y)))
        for mechanism in model.mechanisms:
            for name, arrow in mechanism(named, p).items():
                total[place[name]] += arrow
        return total

    y, t = initial.copy(), float(times[0])
    out = np.full((len(times), len(y)), np.nan)
    for day, into, amount in [*doses, (float(times[-1]), 0, 0.0)]:
        stop = min(day, float(times[-1]))
        if stop > t:
            due = np.flatnonzero((times >= t) & (times <= stop))
            grid = np.unique(np.append(times[due], stop))
            course = solve_ivp(rates, (t, stop), y, "Radau", grid, rtol=1e-10, atol=1e-12).y.T
            out[due], y, t = course[np.searchsorted(grid, times[due])], course[-1].copy(), stop
        y[into] += amount if day <= times[-1] else 0.0
        out[times == t] = y
    return out
