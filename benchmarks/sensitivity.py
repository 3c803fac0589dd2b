"""Time of `carnk sensitivity`: Sobol over 30 numbers, 200 patients a run, two threads.

The aim: 10,000 runs in under 10 minutes on two cores. Prints processor seconds and seconds on the
clock, of a small and of a larger design, and what they make of 10,000 runs.

    python benchmarks/sensitivity.py              # 512 and 2,048 runs
    python benchmarks/sensitivity.py 10000        # the default of the command
"""

import sys
from time import perf_counter, process_time

from carnk.study.find import study_text
from carnk.study.global_sensitivity import Asked, analyze
from carnk.study.read import read

STUDY, NUMBERS, PATIENTS, JOBS = "liu2020", 30, 200, 2
AIM_SECONDS, AIM_RUNS = 600.0, 10_000


def measure(runs: int) -> None:
    """Analyze once and print what it took, the choice of numbers included."""
    asked = Asked(read(STUDY), "response", "sobol", NUMBERS, runs, PATIENTS)
    marks: dict[str, tuple[float, float]] = {}

    def stage(what: str, done: int, of: int) -> None:
        if done == of:
            marks[what] = perf_counter(), process_time()

    began, used = perf_counter(), process_time()
    found = analyze(asked, study_text(STUDY)[1], JOBS, stage)
    clock, cpu = perf_counter() - began, process_time() - used
    chosen = marks["numbers tried"][1] - used
    solved = marks["runs"][1] - marks["numbers tried"][1]
    done = found.facts["runs"]
    each = solved / done / PATIENTS * 1e3
    whole = chosen + solved / done * AIM_RUNS
    print(
        f"{done:>6,} runs of {PATIENTS} patients, {NUMBERS} numbers, {JOBS} threads: "
        f"{cpu:.0f} processor s, {clock:.0f} s on the clock"
    )
    print(f"       choosing {chosen:.0f}, runs {solved:.0f} processor s, {each:.2f} ms a patient")
    print(
        f"       {AIM_RUNS:,} runs: {whole:.0f} processor s, {whole / JOBS:.0f} s on {JOBS} free "
        f"cores (aim {AIM_SECONDS:.0f} s)"
    )
    widest = max(row["total_error"] for row in found.rows)
    print(f"       widest 95 % interval of a total index: ±{widest:.2f}", flush=True)


if __name__ == "__main__":
    wanted = [int(each) for each in sys.argv[1:]] or [512, 2048]
    analyze(Asked(read(STUDY), numbers=2, runs=8, patients=2), "")  # compile
    for each in wanted:
        measure(each)
