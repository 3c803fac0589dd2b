"""Patients per second and error of this solver and of libRoadRunner, measured side by side.

Both get the same model (libRoadRunner reads the SBML written here), the same doses and the same
relative tolerance, on one thread, in alternating rounds. The error of both is taken against our
own solution at rtol 1e-11, which SciPy's Radau checks on a few patients.

    python benchmarks/bench.py [patients]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import twenty_states
from carnk.solver import Doses, Model, solve
from carnk.solver.sbml import write_sbml

Array = np.ndarray[Any, np.dtype[np.float64]]
FLOOR = 1e-3  # errors are |y - reference| / (|reference| + FLOOR)
ROUNDS, RIVALS, CHECKED = 5, 40, 2  # patients per round of libRoadRunner, patients checked by Radau
ATOL = 1e-12
Due = tuple[float, int, float]  # day, state index, amount


@dataclass(frozen=True)
class Comparison:
    """What one comparison found; errors are of the patient's worst value, over all patients."""

    patients_per_second: float
    patients_per_second_roadrunner: float
    ratio: float  # median over rounds
    steps: float
    error: Array
    error_roadrunner: Array
    reference_against_radau: float
    seconds_to_first: float

    def __str__(self) -> str:
        def three(errors: Array) -> str:
            spread = (*np.percentile(errors, (50, 95)), errors.max())
            return " / ".join(f"{e:.1e}" for e in spread)

        return (
            f"carnk         {self.patients_per_second:9.0f} patients/s, {self.steps:.0f} steps, "
            f"error median / p95 / max {three(self.error)}\n"
            f"libRoadRunner {self.patients_per_second_roadrunner:9.0f} patients/s, "
            f"error median / p95 / max {three(self.error_roadrunner)}\n"
            f"ratio {self.ratio:.1f}; first patient after {self.seconds_to_first:.2f} s; "
            f"reference against Radau {self.reference_against_radau:.1e}"
        )


def compare(
    model: Model, parameters: Array, initial: Array, times: Array, doses: Doses, patients: int
) -> Comparison:
    """Solve `patients` patients with both, in alternating rounds, at rtol 1e-6.

    Everybody starts at times[0]; doses.states is one row, the same for all. A model with events
    of its own has no reference by Radau: that figure is NaN.
    """
    start = float(times[0])
    p, y, d = parameters[:patients], initial[:patients], _rows(doses, slice(patients))
    few = slice(min(patients, RIVALS))
    rival = roadrunner_solver(model, p[few], y[few], times, _rows(doses, few))
    first = _seconds(
        lambda: solve(model, p[:1], y[:1], times, doses=_rows(doses, slice(1)), start=start)
    )
    speeds, theirs = [], np.empty(0)
    for _ in range(ROUNDS):
        ours = _seconds(lambda: solve(model, p, y, times, doses=d, start=start, atol=ATOL))
        began = time.perf_counter()
        theirs = rival(1e-6)
        speeds.append((len(p) / ours, len(theirs) / (time.perf_counter() - began)))
    speed, speed_theirs = np.median(speeds, axis=0)
    usual = solve(model, p, y, times, doses=d, start=start, atol=ATOL)
    cut = (p[few], y[few], times)
    exact = solve(model, *cut, doses=_rows(doses, few), start=start, rtol=1e-11, atol=1e-14)
    values = exact.values
    radau = np.nan
    if not model.events:
        radau = max(
            _error(by_radau(model, p[i], y[i], times, doses_of(doses, i)), values[i]).max()
            for i in range(min(CHECKED, len(values)))
        )
    return Comparison(
        patients_per_second=speed,
        patients_per_second_roadrunner=speed_theirs,
        ratio=float(np.median([a / b for a, b in speeds])),
        steps=float(usual.steps.mean()),
        error=_error(usual.values[few], values).max(axis=(1, 2)),
        error_roadrunner=_error(theirs, values).max(axis=(1, 2)),
        reference_against_radau=float(radau),
        seconds_to_first=first,
    )


def _rows(doses: Doses, rows: slice) -> Doses:
    states = doses.states[rows] if doses.states.ndim == 2 else doses.states
    return Doses(doses.times[rows], states, doses.amounts[rows])


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _error(values: Array, reference: Array) -> Array:
    error: Array = np.abs(values - reference) / (np.abs(reference) + FLOOR)
    return error


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


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    parameters, initial, doses = twenty_states.population(patients)
    model, times = twenty_states.MODEL, twenty_states.TIMES
    print(f"20-state model, {patients} patients, {len(times)} outputs, rtol 1e-6, one thread")
    print(compare(model, parameters, initial, times, doses, patients))


if __name__ == "__main__":
    main()
