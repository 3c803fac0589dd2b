"""A million patients as a whole run with its folder: seconds and peak resident memory.

python benchmarks/memory.py [patients] [threads]
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import heading, peak_mib
from carnk.study import read
from carnk.study.folder import run_to_folder

LIMIT_MIB = 2048


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    study = replace(read("liu2020"), patients=patients)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        tally = run_to_folder("liu2020", study, Path(place) / "out", jobs=threads)
    took = time.perf_counter() - began
    peak = peak_mib()
    print(heading())
    print(
        f"{tally.done} patients of liu2020 x {study.days:.0f} days, {threads} threads: "
        f"{took:.0f} s, {tally.done / took:.0f} patients/s, {len(tally.failures)} failed\n"
        f"peak memory {peak:.0f} MiB, limit {LIMIT_MIB}: {'met' if peak < LIMIT_MIB else 'NOT MET'}"
    )


if __name__ == "__main__":
    main()
