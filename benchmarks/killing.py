"""Killing: a five-point curve, its band, and a fit of one donor; best of several rounds.

    python benchmarks/killing.py [rounds]

The donor is made here: twenty points of four effectors with noise, no file is needed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from carnk.assays.curves import Curve
from carnk.fitting.lysis import fit
from carnk.fitting.stains import Inputs
from carnk.killing import effector, kill, law, lysis, pair_rates, target

RATIOS = np.array([10.0, 5.0, 2.5, 1.25, 0.6])
SHAPES = {"WT NK": (60, 8), "NK AAVS1 control": (50, 9), "CAR-NK Gen2": (85, 2),
          "CAR-NK Gen4": (80, 2.4)}  # fmt: skip


def best(rounds: int, work: Callable[[], object]) -> float:
    """Seconds of the fastest round, after one to warm up."""
    work()
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def donor() -> list[Curve]:
    """Four curves of one donor."""
    rng, made = np.random.default_rng(1), []
    for name, (top, half) in SHAPES.items():
        percent = top * RATIOS / (half + RATIOS) + rng.normal(0, 2, RATIOS.size)
        sd = np.full(RATIOS.size, 3.0)
        made.append(Curve("X", "Kasumi-1", name, "CD33", 4.0, RATIOS, percent, sd, sd, (0,)))
    return made


def main(rounds: int) -> None:
    """Print the three times."""
    numbers = law()
    nk, cell = effector("cd33_gen2"), target("kasumi1")
    curves = donor()
    rows = [
        ("five-point curve, law alone", best(100, lambda: lysis(
            numbers, pair_rates(numbers, nk, cell), RATIOS, [4.0]))),
        ("carnk.kill, with the share of each arm", best(50, lambda: kill("cd33_gen2", "kasumi1"))),
        ("the same with its band of 100 draws", best(5, lambda: kill("cd33_gen2", "kasumi1").band)),
        ("fit of one donor, 4 curves, 100 draws", best(rounds, lambda: fit(curves, Inputs()))),
    ]  # fmt: skip
    for name, seconds in rows:
        print(f"{name:<42} {1000 * seconds:>10.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
