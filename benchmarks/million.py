"""A million solves of a year at rtol 1e-5 on two threads: seconds and peak resident memory.

The solver alone: 10,000 patients are drawn beforehand and solved a hundred times, in chunks whose
courses are dropped. `memory.py` measures whole runs, with drawing and outcomes.

    python benchmarks/million.py [solves]
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import heading, peak_mib
from benchmarks.cases import Case, all_cases

RTOL, DRAWN, CHUNK, THREADS, LIMIT = 1e-5, 10_000, 1000, 2, 60.0


def solve_many(case: Case, solves: int) -> tuple[float, int]:
    """(seconds, failures) of so many solves."""
    usual = list(case.settings.values())[-1]

    def one(chunk: int) -> int:
        first = chunk * CHUNK % len(case.parameters)
        return int(case.solve(slice(first, first + CHUNK), usual, RTOL).failed.sum())

    one(0)
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        failed = sum(pool.map(one, range(solves // CHUNK)))
    return time.perf_counter() - began, failed


def main() -> None:
    solves = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(heading())
    for case in all_cases(DRAWN)[:2]:
        took, failed = solve_many(case, solves)
        mark = "met" if took * 1_000_000 / solves < LIMIT else "NOT MET"
        print(
            f"{case.title}: {solves} solves at rtol {RTOL:g}, {THREADS} threads: {took:.0f} s, "
            f"{solves / took:.0f}/s, {failed} failed; under {LIMIT:.0f} s a million: {mark}"
        )
    print(f"peak memory {peak_mib():.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
