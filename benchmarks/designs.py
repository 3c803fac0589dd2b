"""Seconds of trial designs: simulations, decision tables, two-stage searches.

python benchmarks/designs.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import heading
from carnk.designs import Calendar, Settings, Truth, bop2, boundaries, build, draw, simon, simulate

TRUTH = Truth((0.05, 0.15, 0.30, 0.45, 0.60), (0.10, 0.25, 0.40, 0.45, 0.45))
TRIALS, PATIENTS, ROUNDS = 10_000, 30, 3
AMOUNTS = (1.0, 2.0, 4.0, 6.0, 8.0)
LIMITS = {"boin": 1.0, "crm": 60.0}


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the shortest of some rounds in seconds: the machine is shared."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def whole(name: str) -> None:
    """Draw the patients and run the trials, as a user would."""
    design = build(name, Settings(5, 0.30, amounts=AMOUNTS))
    spare = 4 if name == "backfill-boin" else 1
    simulate(design, draw(TRUTH, TRIALS, spare * PATIENTS, 6, Calendar()))


def main() -> None:
    print(heading())
    print(f"\n{TRIALS:,} trials of {PATIENTS} patients at 5 doses, drawing included, one process")
    for name in ("3+3", "boin", "keyboard", "boin12", "crm", "blrm", "tite-boin", "rolling-six",
                 "backfill-boin", "tite-crm"):  # fmt: skip
        took = best(lambda name=name: whole(name), ROUNDS if name in LIMITS else 1)
        limit = LIMITS.get(name)
        says = (
            "" if limit is None else f"  limit {limit:g} s: {'met' if took < limit else 'MISSED'}"
        )
        print(f"{name:<14} {took:8.2f} s{says}")
    print("\nTables and searches")
    for label, work in (
        ("BOIN boundaries, 30 patients", lambda: boundaries(0.30, 30)),
        ("Simon, 0.2 against 0.4", lambda: simon(0.2, 0.4, 0.05, 0.2)),
        ("BOP2, four looks", lambda: bop2(0.2, 0.4, (10, 20, 30, 40))),
    ):
        print(f"{label:<30} {best(work):8.4f} s")


if __name__ == "__main__":
    main()
