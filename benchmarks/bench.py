"""Patients per second and error of this solver and of others, measured side by side in one run.

All get the same models (libRoadRunner reads the SBML written here), patients, doses and output
days at rtol 1e-6 and atol 1e-12, each on one thread, in alternating rounds timed in processor
seconds; a contender too slow for a round does its first patients only. A ratio is the median of
the rounds' own ratios. Errors are taken against our own solution at rtol 1e-11, which SciPy's
Radau checks in the tests. Who is not installed is named and left out.

    python benchmarks/bench.py [patients] [case number ...]
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import rivals
from benchmarks.cases import ATOL, EXACT, RTOL, Case, all_cases
from carnk.kinetics import MODEL
from carnk.solver.executors import executor
from carnk.solver.kernel import kernel
from carnk.solver.method import RODAS5P
from carnk.solver.steps import plan

Array = np.ndarray[Any, np.dtype[np.float64]]
Contender = Callable[[slice, float], Any]
FLOOR = 1e-3  # errors are |y - reference| / (|reference| + FLOOR)
CHUNK = 1000  # patients per call of ours, as in a run
ROUNDS, SECONDS = 5, 3.0  # rounds per table, and about how long a contender may take in one
FEW = 100  # patients whose errors are taken
BATCH = 8  # patients of a contender that is very slow
PEER = "libRoadRunner"
TIGHTER = (1e-6, 1e-7, 1e-8, 1e-9, 1e-10)  # rtol of the peer, to find where the errors are equal
REQUIRED = {1: 5.0, 100: 25.0}  # times the peer's speed, by patients, at equal rtol
REQUIRED_AT_EQUAL_ERROR = 40.0
AVAILABLE = ("numba", "llvmlite", "numpy", "scipy", "libroadrunner", "diffrax", "jax")
# Vector instructions of one operation, where it is not one.
COST = {"load": 0, "store": 0, "where": 2, "max": 2, "rough": 5, "exp": 24, "log": 45, "fms": 2}


def ours(case: Case, atol: Any) -> Contender:
    """Our solver as a contender: patients in chunks; keeps the last chunk."""

    def run(rows: slice, rtol: float) -> Any:
        first, end, _ = rows.indices(len(case.parameters))
        values = [
            case.solve(slice(at, min(at + CHUNK, end)), atol, rtol).values
            for at in range(first, end, CHUNK)
        ]
        return values[-1]

    return run


def contenders(case: Case) -> tuple[dict[str, Contender], dict[str, str]]:
    """Those who can run, and why the others cannot."""
    found: dict[str, Contender] = {n: ours(case, atol) for n, atol in case.settings.items()}
    absent = {}
    for name, make in rivals.FAST.items():
        try:
            found[name] = make(case)
        except ImportError:
            absent[name] = "not installed"
        except ValueError as error:
            absent[name] = str(error)
    for run in found.values():
        run(slice(1), RTOL)  # compile
    return found, absent


def seconds(action: Callable[[], object]) -> float:
    """How much processor time it takes: what else the machine does hardly counts."""
    began = time.process_time()
    action()
    return time.process_time() - began


def one_at_a_time(run: Contender, count: int) -> None:
    """The first patients in calls of their own."""
    for n in range(count):
        run(slice(n, n + 1), RTOL)


def rounds(found: dict[str, Contender], patients: int) -> dict[str, Array]:
    """Patients per second, one number per round, contenders taking turns."""
    speeds: dict[str, list[float]] = {name: [] for name in found}
    counts = dict.fromkeys(found, 1 if patients > 1 else 3)
    for n in range(ROUNDS + 1):
        for name, run in found.items():
            count = counts[name]
            if patients == 1:
                took = seconds(lambda r=run, c=count: one_at_a_time(r, c))
            else:
                took = seconds(lambda r=run, c=count: r(slice(c), RTOL))
            if n:
                speeds[name].append(count / took)
            else:  # the first round only tells how many patients fit into the next
                few = max(int(count / took * SECONDS), 1)
                counts[name] = min(few, 20 if patients == 1 else patients)
    return {name: np.array(each) for name, each in speeds.items()}


def speed_table(case: Case, found: dict[str, Contender], sizes: list[int]) -> str:
    """Patients per second by number of patients, and the ratio of ours to the peer's."""
    lines = [f"{'patients/s, one thread, CPU time':36}" + "".join(f"{f'N={n}':>10}" for n in sizes)]
    measured = [rounds(found, n) for n in sizes]
    for name in found:
        lines.append(f"{name:36}" + "".join(f"{np.median(m[name]):10.3g}" for m in measured))
    for name in case.settings if PEER in found else ():
        ratios = [float(np.median(m[name] / m[PEER])) for m in measured]
        lines.append(f"{name + ' / ' + PEER:36}" + "".join(f"{r:10.1f}" for r in ratios))
        if name == "carnk":
            wanted = [max(v for k, v in REQUIRED.items() if k <= n) for n in sizes]
            marks = ["met" if r >= w else f"below {w:g}" for r, w in zip(ratios, wanted)]
            lines.append(f"{'':36}" + "".join(f"{m:>10}" for m in marks))
    return "\n".join(lines)


def errors(values: Array, reference: Array) -> Array:
    """The worst error of every patient, over states and days."""
    return np.asarray((np.abs(values - reference) / (np.abs(reference) + FLOOR)).max(axis=(1, 2)))


def error_table(case: Case, found: dict[str, Contender], exact: Array) -> str:
    """Error at rtol 1e-6, median / p95 / max over patients."""
    lines = [f"{'error at rtol 1e-6':36}   median      p95      max   patients"]
    for name, run in found.items():
        worst = errors(run(slice(len(exact)), RTOL), exact)
        spread = (*np.percentile(worst, (50, 95)), worst.max())
        lines.append(f"{name:36}" + "".join(f"{e:9.1e}" for e in spread) + f"{len(exact):11}")
    return "\n".join(lines)


def slow_ones(case: Case, exact: Array) -> str:
    """The contenders that compile for minutes: one batch, after one to compile."""
    lines = []
    for name, make in rivals.SLOW.items():
        try:
            run = make(case)
        except (ImportError, ValueError) as error:
            lines.append(f"left out: {name} ({error})")
            continue
        whole = seconds(lambda r=run: r(slice(BATCH), RTOL))
        took = seconds(lambda r=run: r(slice(BATCH), RTOL))
        off = np.median(errors(run(slice(BATCH), RTOL), exact[:BATCH]))
        lines.append(
            f"{name}: {BATCH / took:.2g} patients/s (N={BATCH}), median error {off:.1e}, "
            f"{whole - took:.0f} s to compile"
        )
    return "\n".join(lines)


def equal_error(case: Case, found: dict[str, Contender], exact: Array) -> str:
    """Ours at rtol 1e-6 against the peer at the rtol where its error is the same."""
    if PEER not in found:
        return ""
    count = len(exact)
    mine, peer = found["carnk"], found[PEER]
    mine_off = errors(mine(slice(count), RTOL), exact)
    speeds, spread = [], []
    for rtol in TIGHTER:
        spread.append(errors(peer(slice(count), rtol), exact))
        took = [
            (
                seconds(lambda r=rtol: peer(slice(count), r)),
                seconds(lambda: mine(slice(count), RTOL)),
            )
            for _ in range(3)
        ]
        speeds.append([theirs / own for theirs, own in took])
    ratio = np.log(np.median(speeds, axis=1))
    lines = []
    for name, q in (("median", 50), ("p95", 95)):
        theirs = np.log(np.percentile(spread, q, axis=1))
        target = np.log(np.percentile(mine_off, q))
        order = np.argsort(theirs)
        inside = theirs.min() <= target <= theirs.max()
        at = float(np.exp(np.interp(target, theirs[order], ratio[order])))
        mark = "met" if at >= REQUIRED_AT_EQUAL_ERROR else f"below {REQUIRED_AT_EQUAL_ERROR:g}"
        note = "" if inside else "  (outside the range measured: nearest rtol)"
        lines.append(f"carnk / {PEER} at equal {name} error, N={count}: {at:.1f} x, {mark}{note}")
    return "\n".join(lines)


def multiply_adds_per_second() -> float:
    """Vector multiply-adds on registers alone, best of 20."""
    import numba

    from carnk.solver.kernel import best_lanes

    lanes, many, depth = best_lanes(), 16, 50
    lines = [f"a{i} load {i}" for i in range(many)] + ["m load 16", "c load 17"]
    names = [f"a{i}" for i in range(many)]
    for n in range(depth):
        for i in range(many):
            lines.append(f"v{n}x{i} fma {names[i]} m c")
            names[i] = f"v{n}x{i}"
    lines += [f"{i} store {names[i]}" for i in range(many)]
    tape = kernel("\n".join(lines), lanes)

    @numba.njit
    def block(w: Array) -> None:
        tape(w, 0, 0)

    @numba.njit
    def loop(w: Array, count: int) -> None:
        for _ in range(count):
            block(w)

    w = np.full(18 * lanes, 0.5)
    loop(w, 1)
    return 5000 * many * depth / min(seconds(lambda: loop(w, 5000)) for _ in range(20))


def bounds(case: Case) -> str:
    """What the machine and the kernels allow, and our share of both."""
    import numba

    engine, made = executor(case.model, "kernel"), plan(case.model, RODAS5P)
    cost = {
        name: sum(COST.get(op, 1) * n for op, n in Counter(
            line.split()[1] for line in tape.splitlines()).items())
        for name, tape in made.kernels.items()
    }  # fmt: skip
    work = sum(cost[name] for name, *_ in made.step)
    step = engine.functions["step"]

    @numba.njit
    def loop(w: Array, count: int) -> None:
        for _ in range(count):
            step(w)

    rows, lanes = made.rows, engine.lanes
    w = engine.memory()
    table = w.reshape(-1, lanes)
    table[rows["raw"] : rows["raw"] + case.parameters.shape[1]] = case.parameters[:lanes].T
    table[rows["y"] : rows["y"] + case.initial.shape[1]] = case.initial[:lanes].T
    table[rows["ih"]], table[rows["rtol"]] = 100.0, RTOL
    table[rows["atol"] : rows["atol"] + case.initial.shape[1]] = ATOL
    engine.functions["prologue"](w, 0, 0)
    loop(w, 1)
    usual = case.settings["carnk"]
    count = min(CHUNK, len(case.parameters))
    rows_of = slice(count)
    steps = float(case.solve(rows_of, usual).steps.mean())
    rate, per_step, whole = np.inf, np.inf, np.inf
    for _ in range(ROUNDS):  # all three in turn: the machine's speed moves
        rate = min(rate, 1 / multiply_adds_per_second())
        per_step = min(per_step, seconds(lambda: loop(w, 2000)) / 2000)
        whole = min(whole, seconds(lambda: case.solve(rows_of, usual)) / count)
    arithmetic = lanes / (work * rate * steps)
    kernels = lanes / (per_step * steps)
    return (
        f"{steps:.0f} steps per patient, {work} vector operations per step of {lanes} patients; "
        f"{1e-9 / rate:.1f}e9 vector multiply-adds/s\n"
        f"bound by arithmetic {arithmetic:.0f} patients/s, by the kernels {kernels:.0f}; "
        f"measured {1 / whole:.0f}: {100 / whole / arithmetic:.0f} % and "
        f"{100 / whole / kernels:.0f} % of them (best of {ROUNDS})"
    )


def heading() -> str:
    """Date, processor and versions."""
    found = []
    for name in AVAILABLE:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return f"{date.today()}  {processor()}\nPython {python_version()}, {', '.join(found)}"


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


def report(case: Case, sizes: list[int]) -> None:
    """Everything about one case."""
    days = case.times[-1] - max(case.times[0], 0.0)
    print(
        f"\n{case.title}: {len(case.model.states)} states, {days:.0f} days, "
        f"{len(case.times)} outputs",
        flush=True,
    )
    found, absent = contenders(case)
    for name, why in absent.items():
        print(f"left out: {name} ({why})")
    print(speed_table(case, found, sizes), flush=True)
    few = case.solve(slice(FEW), EXACT[1], EXACT[0])
    exact = few.values[~few.event_counts.any(axis=1)] if few.event_counts.any() else few.values
    assert len(exact) == len(few.values), "choose patients without events: LSODA has none"
    print(error_table(case, found, exact), flush=True)
    print(equal_error(case, found, exact), flush=True)
    print(bounds(case), flush=True)
    if case.model is MODEL:
        print(slow_ones(case, exact), flush=True)


def main() -> None:
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    chosen = [int(n) for n in sys.argv[2:]] or [1, 2, 3, 4]
    print(heading(), flush=True)
    sizes = sorted({n for n in (1, 100, 1000, 10_000) if n <= largest} | {largest})
    for number, case in enumerate(all_cases(largest), 1):
        if number in chosen:
            report(case, sizes)


if __name__ == "__main__":
    main()
