"""A likelihood and its gradient over 40 patients and 10 numbers: seconds, and error.

The data are made here: CAR copies by qPCR of virtual patients of marin2024, with log-normal error.
The gradient is of the numbers' logarithms, by central differences on shared steps; it is compared
with central differences of separate solves at rtol 1e-12 (two step sizes, extrapolated), which need
no shared steps to be exact.

    python benchmarks/gradient.py [rounds]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from carnk.kinetics import MODEL, PARAMETERS, STATES
from carnk.kinetics.courses import tolerances
from carnk.solver import solve
from carnk.solver.gradient import sensitivities
from carnk.study import read
from carnk.study.numbers import fresh_view
from carnk.study.patients import Cohort, draw, start_day

Array = np.ndarray[Any, np.dtype[np.float64]]
PATIENTS = 40
NUMBERS = (
    "kill_car_high", "expansion", "renewal", "cell_loss", "growth", "niche", "il15_half",
    "to_tissue", "host_t_recovery", "fatigue_per_kill",
)  # fmt: skip
DAYS = np.array([1.0, 3.0, 7.0, 14.0, 21.0, 28.0, 60.0, 90.0, 120.0, 180.0, 270.0, 365.0])
ERROR = 0.5  # standard deviation of ln copies between assay and course; made up
LIMIT = 50.0  # copies/ug, under which nothing is said
RTOL = 1e-7
WANTED_SECONDS, WANTED_ERROR = 0.5, 1e-4


@dataclass(frozen=True)
class Data:
    """Virtual patients, and what was seen of them."""

    cohort: Cohort
    start: float
    per_cell: Array  # copies per ug for each CAR-positive cell in blood, (patients,)
    seen: Array  # ln copies per ug, (patients, days); NaN under the limit

    def likelihood(self, car: Array) -> float:
        """The logarithm, but for a constant, of CAR-positive cells in blood (patients, days)."""
        return float(-0.5 * np.nansum((self._log_copies(car) - self.seen) ** 2) / ERROR**2)

    def slope(self, car: Array) -> Array:
        """The change of the likelihood per change of ln cells, (patients, days)."""
        return np.nan_to_num(-(self._log_copies(car) - self.seen) / ERROR**2)

    def _log_copies(self, car: Array) -> Array:
        return np.log(np.maximum(car, 1e-30) * self.per_cell[:, None])


def make_data() -> Data:
    """Courses of drawn patients, with error, seen above the limit."""
    study = read("marin2024")
    cohort = draw(study, fresh_view(study), np.arange(PATIENTS))
    dna = cohort.reading["white_cells"] * cohort.reading["dna_per_cell"]
    blood = cohort.reading["blood_per_kg"] * cohort.drawn["weight"]
    data = Data(cohort, start_day(study), cohort.drawn["vcn"] / dna / blood, np.empty(0))
    log_copies = data._log_copies(_car(data, cohort.parameters))
    error = ERROR * np.random.default_rng(1).standard_normal(log_copies.shape)
    seen = np.where(log_copies + error > np.log(LIMIT), log_copies + error, np.nan)
    return Data(cohort, data.start, data.per_cell, seen)


def _settings(data: Data) -> dict[str, Any]:
    return {"doses": data.cohort.doses, "start": data.start}


def _car(data: Data, parameters: Array, rtol: float = 1e-12) -> Array:
    """CAR-positive cells in blood, at a tight tolerance."""
    solution = solve(
        MODEL, parameters, data.cohort.initial, DAYS, rtol=rtol, atol=tolerances() * 1e-6,
        **_settings(data),
    )  # fmt: skip
    return np.asarray(solution.values[:, :, STATES.index("car_blood")])


def shared(data: Data, threads: int = 1) -> tuple[float, Array]:
    """(likelihood, gradient) by differences on shared steps."""
    p = data.cohort.parameters
    found = sensitivities(
        MODEL, p, data.cohort.initial, DAYS, NUMBERS, rtol=RTOL, atol=tolerances(),
        threads=threads, **_settings(data),
    )  # fmt: skip
    place = STATES.index("car_blood")
    car = found.values[:, :, place]
    by_log = found.slopes[:, :, place] * p[:, None, [PARAMETERS.index(n) for n in NUMBERS]]
    slope = data.slope(car)
    known = slope != 0
    return data.likelihood(car), (slope[known] / car[known]) @ by_log[known]


def separate(data: Data, width: float) -> Array:
    """The gradient by central differences of separate solves at rtol 1e-12."""
    gradient = np.empty(len(NUMBERS))
    for j, name in enumerate(NUMBERS):
        at = []
        for side in (1, -1):
            p = data.cohort.parameters.copy()
            p[:, PARAMETERS.index(name)] *= np.exp(side * width)
            at.append(data.likelihood(_car(data, p)))
        gradient[j] = (at[0] - at[1]) / (2 * width)
    return gradient


def reference(data: Data) -> Array:
    """Two widths of `separate`, extrapolated."""
    return (4 * separate(data, 1e-4) - separate(data, 2e-4)) / 3


def best_of(rounds: int, work: Callable[[], Any]) -> float:
    """The shortest time of some rounds, in seconds."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def main() -> None:
    """Print seconds and error; exit code 1 where they are not what is wanted."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    data = make_data()
    likelihood, gradient = shared(data)
    exact = reference(data)
    error = np.abs(gradient - exact) / np.abs(exact)
    print(f"{date.today()}: {PATIENTS} patients x {len(NUMBERS)} numbers, {DAYS.size} days,")
    print(f"{np.isfinite(data.seen).sum()} values above the limit, ln likelihood {likelihood:.3f}")
    print(f"{'number':<18} {'d lnL / d ln':>14} {'relative error':>15}")
    for name, slope, wrong in zip(NUMBERS, exact, error):
        print(f"{name:<18} {slope:>14.5f} {wrong:>15.1e}")
    seconds = {n: best_of(rounds, partial(shared, data, n)) for n in (1, 2)}
    print(f"worst relative error {error.max():.1e} (wanted {WANTED_ERROR:g})")
    print(f"best of {rounds}: {seconds[1]:.3f} s on one thread, {seconds[2]:.3f} s on two", end=" ")
    print(f"(wanted {WANTED_SECONDS:g} s)")
    fine = error.max() <= WANTED_ERROR and min(seconds.values()) <= WANTED_SECONDS
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
