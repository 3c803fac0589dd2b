"""Runs at scale: the same bytes however they are made, failures named, kill -9 survived, speed.

python benchmarks/scale.py [bytes] [failures] [kills] [speed] [memory]
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import numpy as np

from carnk.kinetics import PARAMETERS
from carnk.study import read
from carnk.study.folder import OUTPUTS, run_to_folder

run = import_module("carnk.study.run")  # the room also has a function of this name
STUDY = "liu2020"


def heading() -> str:
    """Date, processors and versions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "dask", "joblib"))
    return f"{date.today()}  {(names or ['?'])[0]}, {os.cpu_count()} processors; {packages}"


def outputs(folder: Path) -> str:
    """One hash of all tables of a run folder."""
    digest = hashlib.sha256()
    for name in OUTPUTS:
        if (folder / name).exists():
            digest.update(name.encode() + (folder / name).read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def workplace() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="carnk-scale-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class Stop(Exception):
    """Stands in for whatever ends a run."""


def stop_after(patients: int) -> Callable[[object], None]:
    def progress(tally: object) -> None:
        if tally.done >= patients:  # type: ignore[attr-defined]
            raise Stop

    return progress


def in_order(order: str) -> Callable[..., object]:
    real = run.spans

    def spans(*given: object) -> object:
        found = real(*given)
        if order == "reversed":
            return found[::-1]
        if order == "shuffled":
            random.Random(1).shuffle(found)
        return found

    return mock.patch.object(run, "spans", spans)


def same_bytes(patients: int = 10_000) -> None:
    """One hash over workers, chunks, orders, interruptions and back ends."""
    from distributed import LocalCluster

    study = replace(read(STUDY), patients=patients)
    seen: dict[str, list[str]] = {}
    quiet = {"dashboard_address": ":0", "worker_dashboard_address": ":0"}
    with workplace() as place, LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as cluster:
        cases = [
            (jobs, chunk, order, stopped)
            for jobs in (1, 2, cluster.scheduler_address)
            for chunk in (64, 1000)
            for order in ("forward", "reversed", "shuffled")
            for stopped in (False, True)
            if order == "forward" or not stopped
        ]
        for jobs, chunk, order, stopped in cases:
            out = place / "out"
            options = {"jobs": jobs, "chunk": chunk}
            began = time.perf_counter()
            with in_order(order):
                if stopped:
                    with suppress(Stop):
                        stop = stop_after(patients // 3)
                        run_to_folder(STUDY, study, out, progress=stop, **options)
                run_to_folder(STUDY, study, out, there="resume" if stopped else "refuse", **options)
            backend = json.loads((out / "run.json").read_text())["backend"]
            name = f"{backend:<7}{chunk:>5} {order:<9}{'resumed' if stopped else ''}"
            print(f"{name:<31}{outputs(out)}  {time.perf_counter() - began:5.1f} s", flush=True)
            seen.setdefault(outputs(out), []).append(name)
            shutil.rmtree(out)
    print(f"{len(cases)} runs of {patients} patients, {len(seen)} hash{'es' * (len(seen) > 1)}")


def failures(patients: int = 100_000, planted: int = 1_000) -> None:
    """Patients whose numbers are not finite are named; the others are as without them."""
    study = replace(read(STUDY), patients=patients)
    bad = np.random.default_rng(1).choice(patients, planted, replace=False)
    real = run.draw

    def draw(study: object, view: object, ids: np.ndarray) -> object:
        cohort = real(study, view, ids)
        cohort.parameters[np.isin(ids, bad), PARAMETERS.index("growth")] = np.nan
        return cohort

    with workplace() as place:
        run_to_folder(STUDY, study, place / "plain", jobs=2)
        with mock.patch.object(run, "draw", draw):
            run_to_folder(STUDY, study, place / "planted", jobs=2)
        told = json.loads((place / "planted" / "run.json").read_text())
        lines = [
            (place / name / "outcomes.csv").read_bytes().splitlines()
            for name in ("plain", "planted")
        ]
        size = (place / "planted" / "run.json").stat().st_size
    assert len(lines[0]) == len(lines[1]) == patients + 1
    failed = {int(patient) for patient in told["failed"]}
    others = [i for i in range(patients) if i not in failed]
    equal = sum(lines[0][i + 1] == lines[1][i + 1] for i in others)
    named = len(failed & set(bad.tolist()))
    print(f"{planted} planted among {patients}: {named} named, {len(failed) - named} others named")
    print(f"{equal} of {len(others)} other rows equal byte by byte; run.json {size / 1e3:.0f} kB")
    print(f"reasons: {told['failures_by_reason']}")


def torn(place: Path, out: Path) -> list[str]:
    """What under a place is neither whole nor hidden as unfinished writing."""
    found = []
    if (out / "run.json").exists():
        told = json.loads((out / "run.json").read_text())
        for name, digest in told["output_sha256"].items():
            if hashlib.sha256((out / name).read_bytes()).hexdigest() != digest:
                found.append(name)
        page = out / "report.html"
        if page.exists() and not page.read_text().rstrip().endswith("</html>"):
            found.append("report.html")
    elif out.exists():
        found.append(out.name)
    for chunk in place.rglob("[0-9]*.zip"):
        with zipfile.ZipFile(chunk) as archive:
            if archive.testzip():
                found.append(chunk.name)
    for begun in place.rglob("begun.json"):
        json.loads(begun.read_text())
    return found


KILLED = """
import sys
from dataclasses import replace
from pathlib import Path
from carnk.report import write
from carnk.study import read
from carnk.study.folder import run_to_folder
study, out = replace(read("liu2020"), patients=int(sys.argv[1])), Path(sys.argv[2])
run_to_folder("liu2020", study, out, jobs=2, there=sys.argv[3], chunk=40)
write(out)
"""


def kills(times: int = 50, patients: int = 2000) -> None:
    """kill -9 at random moments of a run with two threads, from its start to its report."""

    def start(out: Path, there: str) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-c", KILLED, str(patients), str(out), there]
        return subprocess.Popen(words, start_new_session=True)

    rng = random.Random(7)
    counts = {"before anything was written": 0, "with chunks": 0, "with the folder whole": 0}
    wrong = 0
    with workplace() as place:
        for name in ("first", "reference"):  # the first may compile
            began = time.perf_counter()
            assert start(place / name, "refuse").wait() == 0
            took = time.perf_counter() - began
        wanted = outputs(place / "reference")
        for i in range(times):
            here = place / "here"
            here.mkdir()
            out = here / "out"
            process = start(out, "refuse")
            time.sleep(rng.uniform(0, took))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            bad = torn(here, out)
            begun = list(here.rglob("begun.json"))
            state = list(counts)[2 if out.exists() else 1 if begun else 0]
            counts[state] += 1
            code = start(out, "resume" if begun or out.exists() else "refuse").wait()
            left = [path.name for path in here.iterdir()]
            if bad or code or left != ["out"] or torn(here, out) or outputs(out) != wanted:
                wrong += 1
                print(f"WRONG, killed {state}: torn {bad}, exit {code}, left {left}", flush=True)
            shutil.rmtree(here)
            print(f"\r{i + 1} of {times}", end="", file=sys.stderr, flush=True)
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    print(f"{times} times kill -9 within the {took:.1f} s of a run of {patients} patients: {told}")
    print(f"{wrong} torn, not resumed or with other bytes")


def speed(patients: int = 8_000, rounds: int = 5) -> None:
    """Workers against one, paired: every round runs each back end once, in turn."""
    from distributed import LocalCluster
    from joblib import parallel_config

    study = replace(read(STUDY), patients=patients)
    quiet = {"dashboard_address": ":0", "worker_dashboard_address": ":0"}
    best: dict[str, float] = {}
    ratios: dict[str, list[float]] = {}
    with workplace() as place, LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as cluster:

        def timed(jobs: int | str) -> float:
            tally = run_to_folder(STUDY, study, place / "out", jobs=jobs, there="replace")
            return tally.seconds

        def processes() -> float:
            with parallel_config(backend="loky"):
                return timed(2)

        ways = {
            "serial": lambda: timed(1),
            "joblib, 2 threads": lambda: timed(2),
            "joblib, 2 processes": processes,
            "dask, 2 processes": lambda: timed(cluster.scheduler_address),
            "two processes apart": lambda: two_apart(patients),
        }
        for _ in range(rounds):
            took = {name: way() for name, way in ways.items()}
            for name, seconds in took.items():
                best[name] = min(best.get(name, seconds), seconds)
                ratios.setdefault(name, []).append(took["serial"] / seconds)
    print(f"{patients} patients, best and median ratio of {rounds} rounds; simulation only")
    for name, seconds in best.items():
        print(
            f"{name:<22}{seconds:6.2f} s {patients / seconds:7.0f} patients/s  "
            f"best {best['serial'] / seconds:4.2f} x, median {np.median(ratios[name]):4.2f} x"
        )


HALF = """
import sys, time
from dataclasses import replace
from importlib import import_module
import numpy as np
from carnk.study import read
run = import_module("carnk.study.run")
count = int(sys.argv[1])
study = replace(read("liu2020"), patients=2 * count)
task = run.packed_chunk
task(study, run.identity(), range(0, 64))
print("ready", flush=True)
sys.stdin.readline()
began = time.perf_counter()
for span in run.spans(replace(study, patients=count), 1000):
    task(study, run.identity(), span)
print(time.perf_counter() - began, flush=True)
"""


def two_apart(patients: int) -> float:
    """Seconds of the slower of two processes with half of the patients each: what can be had."""
    halves = [
        subprocess.Popen(
            [sys.executable, "-c", HALF, str(patients // 2)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in halves:
        assert each.stdout
        each.stdout.readline()
    for each in halves:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    took = []
    for each in halves:
        assert each.stdout
        took.append(float(each.stdout.readline()))
        each.communicate()
    return max(took)


WHOLE = """
import resource, sys, tempfile
from dataclasses import replace
from pathlib import Path
from carnk.study import read
from carnk.study.folder import run_to_folder
patients = int(sys.argv[1])
study = replace(read("liu2020"), patients=patients)
with tempfile.TemporaryDirectory() as place:
    tally = run_to_folder("liu2020", study, Path(place) / "out", jobs=2)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{patients:>7} patients: {patients / tally.seconds:6.0f} patients/s, peak {peak:.0f} MiB")
"""


def memory() -> None:
    """Peak memory of a run, by patients, each in its own process."""
    for patients in (1_000, 10_000, 100_000):
        subprocess.run([sys.executable, "-c", WHOLE, str(patients)], check=True)


PARTS = {
    "bytes": same_bytes,
    "failures": failures,
    "kills": kills,
    "speed": speed,
    "memory": memory,
}


def main() -> None:
    print(heading())
    for name in sys.argv[1:] or PARTS:
        print(f"\n{name}", flush=True)
        PARTS[name]()


if __name__ == "__main__":
    main()
