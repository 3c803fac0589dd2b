"""Numbers updated from a laboratory's own runs: normal priors, a linearized model, one step back.

The prior of a number is normal on the log (or logit) scale with 95 % in its library range; a run
scatters about the median lot as lots of that process do. The posterior is the mode with the
curvature there (Laplace). Each run counts as another donor.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path

import numpy as np

from ..base import DataError, Problem, read_text
from ..library import Number, load
from .batch import Array
from .experiment import MEASURED
from .levers import LEVERS, with_levers
from .make import make, typical
from .process import Process

LOTS = 300
MOST_STEPS = 15


@dataclass(frozen=True)
class Updated:
    """A number before and after: median and central 95 %."""

    number: Number
    before: tuple[float, float, float]
    after: tuple[float, float, float]


@dataclass(frozen=True)
class Run:
    """One laboratory run: its levers and the logs of what was measured, nan if it was not."""

    levers: dict[str, float]
    measured: Array


def read_results(path: Path | str) -> list[Run]:
    """Read runs as `carnk make design` writes them, with the measured columns filled in.

    Raises DataError with every problem of the file, each with its line.
    """
    path = Path(path)
    rows = list(csv.DictReader(io.StringIO(read_text(path))))
    problems: list[Problem] = []
    if not rows or not set(MEASURED) & set(rows[0]):
        what = f"there is no column {', '.join(MEASURED)}"
        raise DataError(Problem(f"{path.name}:1", what, "Write the file with 'carnk make design'."))
    found = []
    for line, row in enumerate(rows, start=2):
        levers = {
            name: _number(row[name], f"{path.name}:{line}: {name}", problems)
            for name in LEVERS
            if row.get(name)
        }
        told = [_number(row.get(n) or "", f"{path.name}:{line}: {n}", problems) for n in MEASURED]
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(Run(levers, np.log(np.array(told))))
    if not problems and not any(np.isfinite(run.measured).any() for run in found):
        problems.append(Problem(path.name, "nothing is measured yet", "Fill the columns in."))
    if problems:
        raise DataError(problems, path.name)
    return found


def _number(cell: str, where: str, problems: list[Problem]) -> float:
    if not cell.strip():
        return float("nan")
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e16:
        problems.append(Problem(where, f"'{cell}' is not a number above 0", "Correct it."))
    return value


def update(
    process: Process,
    results: Sequence[Run],
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Updated]:
    """Update the growth, entry and permissive share that a process reads; prior and posterior."""
    from scipy.optimize import least_squares

    ids = informed(process)
    numbers = [load()[name] for name in ids]
    middle = np.array([_scaled(n, process.numbers.get(n.id, n.value)) for n in numbers])
    wide = np.array([_width(n) for n in numbers])
    lots = [_moved(process, run, {}) for run in results]
    noise = np.array([_noise(each) for each in lots])
    seen = np.array([run.measured for run in results])
    known = np.isfinite(seen)
    calls, most = [0], MOST_STEPS * (len(numbers) + 1)

    def residuals(at: Array) -> Array:
        calls[0] += 1
        progress(min(calls[0], most), most)
        values = {n.id: _plain(n, x) for n, x in zip(numbers, at)}
        told = np.array([_typical(_moved(process, run, values)) for run in results])
        apart = ((seen - told) / noise)[known]
        return np.concatenate([apart, (at - middle) / wide])

    found = least_squares(residuals, middle, diff_step=1e-3, max_nfev=MOST_STEPS)
    after = np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))
    return [
        Updated(n, _interval(n, m, w), _interval(n, x, s))
        for n, m, w, x, s in zip(numbers, middle, wide, found.x, after)
    ]


def informed(process: Process) -> list[str]:
    """Ids of the numbers that counts, CAR+ and copies of runs can tell something of."""
    ways = {step.by: step.kind for step in process.steps}
    found = [f"doubling_{by}" for by, kind in ways.items() if kind == "expand"]
    if process.find("transduce") is not None:
        rd114 = "retroviral_rd114" in ways
        vsvg = "entry_vsvg_t" if process.cells == "t" else "entry_vsvg_nk"
        found += ["permissive", "entry_rd114_nk" if rd114 else vsvg]
    return found


def _moved(process: Process, run: Run, values: dict[str, float]) -> Process:
    return with_levers(process, run.levers).with_numbers(**values)


def _typical(process: Process) -> Array:
    last = typical(process)[-1].measures
    shown = (last["cells"], 100 * last["car_positive"], last["vcn_total"])
    return np.array([log(max(float(each[0]), 1e-12)) for each in shown])


def _noise(process: Process) -> Array:
    """SD between lots of the logs of what is measured."""
    last = make(process, LOTS, 0).stages[-1].measures
    shown = (last["cells"], last["car_positive"], last["vcn_total"])
    return np.array([np.log(np.maximum(each, 1e-12)).std() + 0.05 for each in shown])


def _is_share(number: Number) -> bool:
    return number.id == "permissive"


def _scaled(number: Number, value: float) -> float:
    return log(value / (1 - value)) if _is_share(number) else log(value)


def _plain(number: Number, x: float) -> float:
    return 1 / (1 + exp(-x)) if _is_share(number) else exp(x)


def _width(number: Number) -> float:
    low, high = number.range or (number.value, number.value)
    return max((_scaled(number, high) - _scaled(number, low)) / (2 * 1.96), 1e-6)


def _interval(number: Number, middle: float, sd: float) -> tuple[float, float, float]:
    low, centre, high = (_plain(number, middle + k * sd) for k in (-1.96, 0.0, 1.96))
    return low, centre, high
