"""Derivatives of courses by numbers: differences between copies that share one step sequence.

Two solves that choose their own steps differ by noise of the size of the tolerance, which a small
difference step blows up. Here the copies of a patient make the very steps of that patient, side by
side in the lanes of the kernel (`kernel_copies.py`), and the noise cancels. The difference is
central, of `STEP` times the size of each number: its own error is of the order of STEP squared.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..base.errors import Problem, SolveError, did_you_mean
from .executors import Executor, executor, load_module
from .lanes import Floats, Job
from .model import Model
from .population import Doses, make_job, reasons_of

STEP = 3e-5  # of a number's size; with a tenth of it the gradient of the bench changed by 4e-8
DRIVER = Path(__file__).with_name("kernel_copies.py")


@dataclass(frozen=True)
class Sensitivities:
    """Courses of all patients and how they change with some of the numbers.

    times: (times,). values: (patients, times, states). slopes: (patients, times, states, numbers),
    the change of a value per change of a number. failed: (patients,); their rows are NaN, and
    `reasons` has the words.
    """

    times: Floats
    values: Floats
    slopes: Floats
    failed: npt.NDArray[np.bool_]
    reasons: dict[int, str]


def sensitivities(  # noqa: PLR0913
    model: Model,
    parameters: npt.ArrayLike,
    initial: npt.ArrayLike,
    times: npt.ArrayLike,
    of: Sequence[str],
    *,
    doses: Doses | None = None,
    start: float = 0.0,
    rtol: float = 1e-7,
    atol: npt.ArrayLike = 1e-12,
    engine: str = "kernel",
    threads: int = 1,
) -> Sensitivities:
    """The courses of every patient and their derivatives by the numbers named in `of`.

    A name is that of a parameter, or of a state for its initial amount; each has to be other than
    0 in every patient. The other arguments are those of `solve`. The time of an event moves with
    the numbers, and so does what follows it. The step size is chosen for the values, not for the
    derivatives: their relative error was 10 to 3,000 times rtol on our own model.

    Raises SolveError if the input does not fit together.
    """
    rows, amounts = (np.atleast_2d(np.array(a, float)) for a in (parameters, initial))
    places = _places(model, of, rows, amounts)
    copies = 1 + 2 * len(of)
    rows, amounts = (np.repeat(a[:, None], copies, axis=1) for a in (rows, amounts))
    width = np.empty((len(rows), len(of)))
    for k, (is_state, place) in enumerate(places):
        table = amounts if is_state else rows
        up, down = (table[:, 0, place] * (1 + side * STEP) for side in (1, -1))
        table[:, 1 + 2 * k, place], table[:, 2 + 2 * k, place] = up, down
        width[:, k] = up - down
    values, reasons = solve_together(
        model, rows, amounts, times, doses=doses, start=start, rtol=rtol, atol=atol,
        engine=engine, threads=threads,
    )  # fmt: skip
    slopes = np.empty((*values[:, 0].shape, len(of)))
    for k in range(len(of)):
        rise = values[:, 1 + 2 * k] - values[:, 2 + 2 * k]
        np.divide(rise, width[:, k, None, None], out=slopes[..., k])
    failed = np.isin(np.arange(len(values)), list(reasons))
    return Sensitivities(np.asarray(times, float), values[:, 0], slopes, failed, reasons)


def _places(
    model: Model, of: Sequence[str], rows: Floats, amounts: Floats
) -> list[tuple[bool, int]]:
    """(whether it is a state, its index) of every name."""
    problems, places = [], []
    for name in of:
        is_state = name in model.states
        names = model.states if is_state else model.parameters
        if name not in names:
            advice = did_you_mean(name, (*model.parameters, *model.states))
            problems.append(Problem("of", f"'{name}' is no parameter and no state", advice))
            continue
        places.append((is_state, names.index(name)))
        column = (amounts if is_state else rows)[:, names.index(name)]
        if (column == 0).any():
            what = f"'{name}' is 0 in patient {int(np.flatnonzero(column == 0)[0])}"
            problems.append(Problem("of", what, "Leave it out: a step needs a size"))
    if problems:
        raise SolveError(problems)
    return places


def solve_together(  # noqa: PLR0913
    model: Model,
    parameters: npt.ArrayLike,
    initial: npt.ArrayLike,
    times: npt.ArrayLike,
    *,
    doses: Doses | None = None,
    start: float = 0.0,
    rtol: float = 1e-7,
    atol: npt.ArrayLike = 1e-12,
    engine: str = "kernel",
    threads: int = 1,
) -> tuple[Floats, dict[int, str]]:
    """Solve each patient with its copies on the patient's own steps.

    parameters: (patients, copies, parameters) and initial: (patients, copies, states); copy 0 is
    the patient and chooses the steps, the others should differ from it by little. doses: as in
    `solve`, with amounts (patients, doses), or (patients, copies, doses) where they differ.

    Returns (values, reasons): values (patients, copies, times, states), NaN for a patient who
    failed; reasons by patient. Raises SolveError if the input does not fit together.
    """
    rows, amounts = np.asarray(parameters, float), np.asarray(initial, float)
    if rows.ndim != 3 or amounts.shape[:2] != rows.shape[:2]:
        what = f"the shapes are {rows.shape} and {amounts.shape}"
        do = "Give (patients, copies, parameters) and (patients, copies, states)"
        raise SolveError(Problem("copies", what, do))
    count, copies = rows.shape[:2]
    flat = count * copies
    job = make_job(
        model, rows.reshape(flat, -1), amounts.reshape(flat, -1), np.asarray(times, float),
        _for_copies(doses, count, copies), (start, rtol, atol),
    )  # fmt: skip
    ready = _executor(model, engine)
    broken = job.status.reshape(count, copies).max(axis=1)
    job.status[::copies] = broken
    _run(ready, job, _blocks(count, copies, ready.lanes), threads)
    job.status.reshape(count, copies)[:, 1:] = 0
    values = job.out.reshape(count, copies, len(job.times) - 1, -1)
    reasons = {i // copies: words for i, words in reasons_of(model, job).items()}
    for patient in np.flatnonzero(~np.isfinite(values).all(axis=(1, 2, 3))).tolist():
        reasons.setdefault(patient, "a copy of it left the numbers")
        values[patient] = np.nan
    return values, reasons


def _for_copies(doses: Doses | None, count: int, copies: int) -> Doses | None:
    """The doses of every copy of every patient, one row each."""
    if doses is None:
        return None
    times, amounts = np.atleast_2d(doses.times), np.atleast_2d(np.asarray(doses.amounts))
    if amounts.ndim == 2:
        amounts = np.repeat(amounts[:, None], copies, axis=1)
    states = np.asarray(doses.states)
    into = np.repeat(states, copies, axis=0) if states.ndim == 2 else states
    return Doses(np.repeat(times, copies, axis=0), into, amounts.reshape(-1, times.shape[1]))


def _blocks(count: int, copies: int, lanes: int) -> npt.NDArray[np.int64]:
    """Rows of the job in every block of lanes: the patient first, then some of its copies."""
    others = np.arange(1, copies)
    parts = [others[i : i + lanes - 1] for i in range(0, len(others), lanes - 1)] or [others]
    table = np.zeros((len(parts), lanes), np.int64)  # an idle lane repeats the patient
    for block, part in zip(table, parts):
        block[1 : 1 + len(part)] = part
    first = np.arange(count) * copies
    return (first[:, None, None] + table).reshape(-1, lanes)


def _run(engine: Executor, job: Job, blocks: npt.NDArray[np.int64], threads: int) -> None:
    """Let the threads take blocks until none is left."""

    def work(_: int) -> None:
        own = np.zeros((4, engine.lanes))
        fired = np.zeros(max(1, len(job.event_limit)), np.int64)
        with np.errstate(all="ignore"):
            engine.functions["solve_blocks"](job, blocks, own, fired, engine.memory())

    if min(threads, len(blocks)) <= 1 or not engine.threaded:
        work(0)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


@lru_cache(maxsize=32)
def _executor(model: Model, engine: str) -> Executor:
    """The executor of a model with the driver of copies behind its kernels."""
    base = executor(model, engine)
    driver = DRIVER.read_text(encoding="utf-8")
    functions: dict[str, Any] = dict(base.functions)
    if base.threaded:
        name = base.functions["__name__"]
        text = f"from {name} import *\n{driver}"
        digest = sha256(text.encode()).hexdigest()[:24]
        functions = vars(load_module(f"carnk_copies_{digest}", text))
    else:
        exec(compile(driver, "<carnk copies>", "exec"), functions)
    return Executor(functions, base.lanes, base.rows, base.threaded)
