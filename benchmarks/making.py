"""Seconds of making: 10,000 lots through whole processes, tests and costs included.

python benchmarks/making.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import heading
from benchmarks.designs import best
from carnk.making import built_in, make, read

LOTS, LIMIT, ROUNDS = 10_000, 2.0, 3


def main() -> None:
    print(heading())
    print(f"\n{LOTS:,} lots through a whole process, one thread; limit {LIMIT:g} s")
    for name in built_in():
        process = read(name)
        make(process, 10, 1)  # tables and numbers are read once
        took = best(lambda process=process: make(process, LOTS, 1), ROUNDS)
        print(f"{name:<24} {took:6.2f} s  {'met' if took < LIMIT else 'MISSED'}")


if __name__ == "__main__":
    main()
