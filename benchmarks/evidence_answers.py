"""Milliseconds of the evidence's answers over the shipped tables: first time and warm.

python benchmarks/evidence_answers.py
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

ROUNDS = 7


def timed(ask: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    begun = time.perf_counter()
    ask()
    return 1e3 * (time.perf_counter() - begun)


def main() -> None:
    """Print the first and the best of several calls of each question."""
    os.environ.setdefault("CARNK_DATA", "no such folder")
    from carnk.evidence.claims import claims
    from carnk.evidence.faq import faq
    from carnk.evidence.forecast import forecasts, scored
    from carnk.evidence.versus import versus

    asked: dict[str, Callable[[], object]] = {
        "claims, all": claims,
        "claims, by words": lambda: claims("no GvHD"),
        "versus, one disease": lambda: versus("car-nk", "car-t", "large B-cell lymphoma"),
        "versus, all diseases": lambda: versus("car-nk", "car-t"),
        "faq, one disease": lambda: faq("multiple myeloma"),
        "forecasts, scored": lambda: [scored(each) for each in forecasts()],
    }
    for name, ask in asked.items():
        first, warm = timed(ask), min(timed(ask) for _ in range(ROUNDS))
        print(f"{name:<24} first {first:7.1f} ms, warm {warm:6.1f} ms")


if __name__ == "__main__":
    main()
