"""Patients per second and error of this solver and of libRoadRunner, measured side by side.

Both get the same model (libRoadRunner reads the SBML written here), the same patients, doses and
output days and rtol 1e-6, each on one thread, in alternating rounds. The error of both is taken
against our own solution at rtol 1e-11, which SciPy's Radau checks on one patient.

    python benchmarks/bench.py [patients]
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import rivals, twenty_states
from carnk.kinetics import MODEL, time_grid
from carnk.kinetics.courses import tolerances
from carnk.library import load
from carnk.solver import Doses, Model, solve
from carnk.study import read
from carnk.study.patients import draw, start_day

Array = np.ndarray[Any, np.dtype[np.float64]]
RTOL, ATOL = 1e-6, 1e-12
FLOOR = 1e-3  # errors are |y - reference| / (|reference| + FLOOR)
ROUNDS = 5
CHUNK = 1000  # patients per call of ours, as in a run
FEW = 100  # patients of libRoadRunner's rounds and of the errors
REQUIRED = 15.0  # times as many patients per second as libRoadRunner


@dataclass(frozen=True)
class Case:
    """A model and its patients; settings of ours by name are atol, one or one per state."""

    title: str
    model: Model
    parameters: Array
    initial: Array
    doses: Doses  # the same states and days for all
    times: Array
    settings: dict[str, Any]

    def solve(self, rows: slice, atol: Any, rtol: float = RTOL) -> Any:
        """Our solution of some of the patients, on one thread."""
        d = Doses(self.doses.times[rows], self.doses.states, self.doses.amounts[rows])
        return solve(
            self.model, self.parameters[rows], self.initial[rows], self.times,
            doses=d, start=float(self.times[0]), rtol=rtol, atol=atol,
        )  # fmt: skip

    def solve_all(self, atol: Any) -> None:
        """All patients in chunks; nothing is kept."""
        for first in range(0, len(self.parameters), CHUNK):
            self.solve(slice(first, first + CHUNK), atol)


@dataclass
class Measured:
    """What was found for one contender."""

    speeds: list[float] = field(default_factory=list)  # patients per second, one per round
    steps: float = np.nan
    errors: Array = field(default_factory=lambda: np.empty(0))  # worst of every patient


def car_nk(patients: int) -> Case:
    """The in-vivo model with the patients of the built-in study liu2020, for a year."""
    study = read("liu2020")
    cohort = draw(study, load().view(), np.arange(patients), uncertain=False)
    infusions = {day for arm in study.arms for day in arm.regimen.infusion.days}
    times = time_grid(start_day(study), study.days, tuple(sorted(infusions)))
    doses = cohort.doses
    assert (doses.states == doses.states[0]).all()
    return Case(
        "CAR-NK model, study liu2020", MODEL, cohort.parameters, cohort.initial,
        Doses(doses.times, doses.states[0], doses.amounts), times,
        {"carnk, as in a run (atol per state)": tolerances(), "carnk, atol 1e-12": ATOL},
    )  # fmt: skip


def twenty(patients: int) -> Case:
    """A made-up mildly stiff model of 20 states."""
    population = twenty_states.population(patients)
    model, times = twenty_states.MODEL, twenty_states.TIMES
    return Case("Second model", model, *population, times, {"carnk, atol 1e-12": ATOL})


def measure(case: Case) -> dict[str, Measured]:
    """Alternating rounds of all contenders; libRoadRunner solves the first patients only."""
    few = slice(min(FEW, len(case.parameters)))
    d = Doses(case.doses.times[few], case.doses.states, case.doses.amounts[few])
    people = case.parameters[few], case.initial[few]
    rival = rivals.roadrunner_solver(case.model, *people, case.times, d)
    exact = case.solve(few, 1e-14, 1e-11).values
    found = {name: Measured() for name in (*case.settings, "libRoadRunner CVODE, atol 1e-12")}
    *ours, theirs = found.values()
    courses = np.empty(0)
    for _ in range(ROUNDS):
        for mine, atol in zip(ours, case.settings.values()):
            mine.speeds.append(len(case.parameters) / seconds(lambda a=atol: case.solve_all(a)))
        began = time.perf_counter()
        courses = rival(RTOL)
        theirs.speeds.append(len(courses) / (time.perf_counter() - began))
    theirs.errors = errors(courses, exact)
    for mine, atol in zip(ours, case.settings.values()):
        mine.errors = errors(case.solve(few, atol).values, exact)
        mine.steps = float(case.solve(slice(CHUNK), atol).steps.mean())
    return found


def seconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def errors(values: Array, reference: Array) -> Array:
    """The worst error of every patient, over states and days."""
    return np.asarray((np.abs(values - reference) / (np.abs(reference) + FLOOR)).max(axis=(1, 2)))


def radau_against_reference(case: Case) -> float:
    """The worst difference between our reference and Radau at rtol 1e-10 on the first patient."""
    one = case.solve(slice(1), 1e-14, 1e-11)
    assert not one.event_counts.any(), "Radau is called without events"
    d = Doses(case.doses.times[:1], case.doses.states, case.doses.amounts[:1])
    due, model = rivals.doses_of(d, 0), replace(case.model, events=())
    values = rivals.by_radau(model, case.parameters[0], case.initial[0], case.times, due)
    return float(errors(values[None], one.values).max())


def table(case: Case, found: dict[str, Measured]) -> str:
    """One row per contender; ratios are medians of the rounds' own ratios."""
    *_, theirs = found.values()
    days = case.times[-1] - max(case.times[0], 0.0)
    lines = [
        f"{case.title}: {len(case.model.states)} states, {days:.0f} days, {len(case.times)} "
        f"outputs, {len(case.parameters)} patients",
        f"{'rtol 1e-6, one thread':36}{'patients/s':>11}{'ratio':>7}{'steps':>7}"
        "   error median / p95 / max",
    ]
    for name, one in found.items():
        ratio = np.median(np.array(one.speeds) / theirs.speeds)
        spread = (*np.percentile(one.errors, (50, 95)), one.errors.max())
        steps = f"{one.steps:.0f}" if np.isfinite(one.steps) else "-"
        lines.append(
            f"{name:36}{np.median(one.speeds):11.0f}{ratio:7.1f}{steps:>7}"
            f"   {' / '.join(f'{e:.1e}' for e in spread)}"
        )
    return "\n".join(lines)


def heading() -> str:
    """Date, processor and versions."""
    names = ("numba", "llvmlite", "numpy", "scipy", "libroadrunner")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{date.today()}  {processor()}\nPython {python_version()}, {versions}"


def processor() -> str:
    """The name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} logical processors" if names else "unknown processor"


def peak_mib() -> float:
    """Most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(heading(), flush=True)
    case = car_nk(patients)
    usual = next(iter(case.settings.values()))
    first = seconds(lambda: case.solve(slice(1), usual))
    whole = seconds(lambda: case.solve_all(usual))
    peak = peak_mib()
    for each in (case, twenty(patients)):
        found = measure(each)
        print(f"\n{table(each, found)}")
        print(
            f"reference against Radau, one patient: {radau_against_reference(each):.1e}", flush=True
        )
        if each is case:
            ours, *_, theirs = (np.array(one.speeds) for one in found.values())
            ratio = np.median(ours / theirs)
            print(
                f"{patients} patients x 365 days: {whole:.1f} s on one thread; "
                f"first patient after {first:.1f} s; peak memory {peak:.0f} MiB\n"
                f"required {REQUIRED:.0f} x libRoadRunner at rtol 1e-6: {ratio:.1f} x, "
                f"{'met' if ratio >= REQUIRED else 'NOT MET'}"
            )


if __name__ == "__main__":
    main()
