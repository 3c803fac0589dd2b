"""Solve a model for a population of patients."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import Problem, SolveError
from .executors import Executor, executor
from .lanes import BELOW_ZERO, NOT_A_NUMBER, TOO_MANY, TOO_SMALL, Floats, Integers, Job
from .model import Model

STEP_LIMIT = 50_000  # steps a patient may take
ENGINES = ("kernel", "interpreter")


@dataclass(frozen=True)
class Doses:
    """Amounts added to states at known times.

    times: (patients, doses), days, every row sorted, inf for "none". states: index of the state
    that each dose goes into, (doses,) or (patients, doses). amounts: (patients, doses).
    """

    times: npt.NDArray[Any]
    states: npt.NDArray[Any]
    amounts: npt.NDArray[Any]


@dataclass(frozen=True)
class Solution:
    """Courses of all patients.

    times: (times,). values: (patients, times, states), after the doses and events of that very
    time; NaN from a failure on. failed: (patients,). steps: (patients,), steps tried.
    event_times: (patients, events), day of the first firing or NaN. event_counts: (patients,
    events), how often each event fired.
    """

    times: Floats
    values: Floats
    failed: npt.NDArray[np.bool_]
    steps: Integers
    event_times: Floats
    event_counts: Integers
    reasons: Mapping[int, str]

    def reason(self, patient: int) -> str:
        """Why a patient failed, in words; empty for one who did not."""
        return self.reasons.get(patient, "")


def solve(  # noqa: PLR0913
    model: Model,
    parameters: npt.ArrayLike,
    initial: npt.ArrayLike,
    times: npt.ArrayLike,
    *,
    doses: Doses | None = None,
    start: float = 0.0,
    rtol: float = 1e-6,
    atol: npt.ArrayLike = 1e-12,
    engine: str = "kernel",
    threads: int = 1,
) -> Solution:
    """Integrate every patient from `start` (days) and return the states at `times`.

    parameters: (patients, parameters) and initial: (patients, states) in the model's order; a
    single row stands for one patient. times: sorted, none before `start`. atol: one number or one
    per state. engine: 'kernel' (compiled) or 'interpreter' (NumPy, one thread).

    A patient's numbers depend on nothing but that patient: neither on the others, nor on their
    order, nor on threads. One who fails is flagged and named in the solution. Raises SolveError
    if the input does not fit together.
    """
    if engine not in ENGINES:
        known = ", ".join(f"'{e}'" for e in ENGINES)
        raise SolveError(Problem("engine", f"'{engine}' is not one of {known}"))
    job = make_job(model, parameters, initial, np.asarray(times, float), doses, (start, rtol, atol))
    _run(executor(model, engine), job, threads)
    return Solution(
        times=job.times[:-1],
        values=job.out,
        failed=job.status > 0,
        steps=job.steps,
        event_times=job.event_time,
        event_counts=job.event_count,
        reasons=reasons_of(model, job),
    )


def _run(engine: Executor, job: Job, threads: int) -> None:
    """Let the threads take patients from the job until none is left."""

    def work(_: int) -> None:
        with np.errstate(all="ignore"):
            engine.functions["solve_patients"](job, engine.seats(), engine.memory())

    threads = min(threads, -(-len(job.parameters) // engine.lanes))  # one lane block each
    if threads <= 1 or not engine.threaded:
        work(0)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


def make_job(
    model: Model,
    parameters: npt.ArrayLike,
    initial: npt.ArrayLike,
    times: Floats,
    doses: Doses | None,
    control: tuple[float, float, npt.ArrayLike],
) -> Job:
    """Everything checked, in the one shape and type that the driver is compiled for."""
    start, rtol, atol = control
    p, y = (np.atleast_2d(np.array(a, float, order="C")) for a in (parameters, initial))
    atol = np.array(np.broadcast_to(np.asarray(atol, float), len(model.states)))
    count = len(p)
    problems = [
        *_shape("parameters", p, (count, len(model.parameters))),
        *_shape("initial", y, (count, len(model.states))),
        *_times(times, start),
        *_tolerances(rtol, atol),
    ]
    due, into, amounts = _doses(doses, count, len(model.states), start, problems)
    if problems:
        raise SolveError(problems)
    broken = ~(np.isfinite(p).all(1) & np.isfinite(y).all(1) & _finite(due, amounts))
    negative = (y[:, [name in model.positive for name in model.states]] < 0).any(1)
    status = np.where(broken, NOT_A_NUMBER, np.where(negative, BELOW_ZERO, 0))
    out = np.empty((count, len(times), len(model.states)))
    out[status > 0] = np.nan
    events = (count, len(model.events))
    return Job(
        counter=np.zeros(1, np.int64),
        parameters=p,
        initial=y,
        dose_time=due,
        dose_state=into,
        dose_amount=amounts,
        times=np.append(times, np.inf),
        atol=atol,
        event_limit=np.array([e.times for e in model.events], np.int64),
        rtol=float(rtol),
        start=float(start),
        end=float(times[-1]),
        limit=STEP_LIMIT,
        out=out,
        status=status.astype(np.int64),
        failed_at=np.full(count, float(start)),
        steps=np.zeros(count, np.int64),
        event_time=np.full(events, np.nan),
        event_count=np.zeros(events, np.int64),
    )


def _shape(name: str, values: Floats, wanted: tuple[int, ...]) -> list[Problem]:
    if values.shape == wanted:
        return []
    what = f"the shape is {values.shape}, but this model and population need {wanted}"
    return [Problem(name, what, "Give one row per patient, in the model's order")]


def _times(times: Floats, start: float) -> list[Problem]:
    if times.ndim != 1 or not times.size or not np.isfinite(times).all():
        return [Problem("times", "a list of at least one finite day is needed")]
    if (np.diff(times) < 0).any():
        return [Problem("times", "they are not sorted", "Sort them")]
    if times[0] < start:
        return [Problem("times", f"{times[0]:g} lies before the start, {start:g}", "Set start")]
    if times[-1] <= start:
        return [Problem("times", f"the last, {times[-1]:g}, does not lie after the start")]
    return []


def _tolerances(rtol: float, atol: Floats) -> list[Problem]:
    problems = []
    if not 1e-13 <= rtol <= 0.1:
        problems.append(Problem("rtol", f"{rtol:g} does not lie between 1e-13 and 0.1"))
    if not ((atol >= 1e-100) & np.isfinite(atol)).all():
        problems.append(Problem("atol", "every value has to be a number of at least 1e-100"))
    return problems


def _doses(
    doses: Doses | None, count: int, states: int, start: float, problems: list[Problem]
) -> tuple[Floats, Integers, Floats]:
    """Dose times (ending with inf), target states and amounts, each (patients, doses)."""
    if doses is None:
        return np.full((count, 1), np.inf), np.zeros((count, 0), np.int64), np.zeros((count, 0))
    times = np.atleast_2d(np.array(doses.times, float))
    shape = (count, times.shape[1])
    amounts = np.atleast_2d(np.array(doses.amounts, float, order="C"))
    found = [*_shape("doses.times", times, shape), *_shape("doses.amounts", amounts, shape)]
    into = np.asarray(doses.states)
    if into.shape not in (shape, shape[1:]):
        found.append(Problem("doses.states", f"the shape {into.shape} is not {shape[1:]}"))
    elif into.size and not ((into >= 0) & (into < states)).all():
        found.append(Problem("doses.states", f"an index does not lie in 0..{states - 1}"))
    elif (times < start).any():
        found.append(Problem("doses.times", f"a dose lies before the start, {start:g}"))
    elif (times[:, 1:] < times[:, :-1]).any():
        found.append(Problem("doses.times", "a row is not sorted", "Sort them"))
    problems += found
    if found:
        return times, into, amounts
    into = np.array(np.broadcast_to(into, shape), np.int64, order="C")
    return np.pad(times, ((0, 0), (0, 1)), constant_values=np.inf), into, amounts


def _finite(due: Floats, amounts: Floats) -> npt.NDArray[np.bool_]:
    """Whether all doses that are given have a number for a time and an amount, by patient."""
    given = due[:, :-1] < np.inf
    numbers = np.isfinite(amounts) | ~given
    return np.logical_and(~np.isnan(due).any(axis=1), numbers.all(axis=1))


def reasons_of(model: Model, job: Job) -> dict[int, str]:
    """Words for every failed patient."""
    words = {
        TOO_MANY: f"more than {job.limit} steps were needed",
        TOO_SMALL: "the step became too small",
        NOT_A_NUMBER: "a rate is not a finite number",
        BELOW_ZERO: "a positive state starts below zero",
    }
    reasons = {}
    for q in np.flatnonzero(job.status).tolist():
        names = [
            n
            for known, values in ((model.parameters, job.parameters), (model.states, job.initial))
            for n, value in zip(known, values[q])
            if not np.isfinite(value)
        ]
        what = f"day {job.failed_at[q]:g}: {words[int(job.status[q])]}"
        reasons[q] = f"{what}; not finite at the start: {', '.join(names)}" if names else what
    return reasons
