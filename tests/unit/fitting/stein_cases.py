"""Simulated courses of the model of Stein 2019, with known truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from carnk.fitting.stein import transgene

DAYS = (
    1.0,
    3.0,
    5.0,
    7.0,
    9.0,
    11.0,
    14.0,
    17.0,
    21.0,
    28.0,
    42.0,
    60.0,
    90.0,
    120.0,
    180.0,
    270.0,
)
TRUTH = {
    "fold_expansion": 3900.0, "tmax": 9.3, "cmax": 24_000.0, "alpha": 0.16,
    "memory_share": 0.0079, "beta": 0.0032,
}  # fmt: skip
OMEGA = {"tmax": 0.3, "cmax": 0.7, "alpha": 0.5, "memory_share": 0.7}
ERROR, LIMIT = 0.3, 50.0


def table(path: Path, patients: int, seed: int = 11, days=DAYS, limit: float = LIMIT) -> Path:
    """Write an event table; samples below the limit stand at it, with CENS 1."""
    rng = np.random.default_rng(seed)
    lines = ["ID,TIME (day),DV (copies/ug),CENS,LLOQ,WEIGHT,SEX"]
    for i in range(patients):
        weight, sex = rng.normal(75, 12), rng.choice(["f", "m"])
        own = {n: np.array([[v]]) for n, v in TRUTH.items()}
        for name, omega in OMEGA.items():
            own[name] = own[name] * np.exp(omega * rng.standard_normal())
        course = transgene(own, np.array(days)[None])[0]
        seen = course * np.exp(ERROR * rng.standard_normal(len(days)))
        for day, value in zip(days, seen):
            below = int(value < limit)
            shown = limit if below else round(float(value), 3)
            lines.append(f"P{i:02d},{day:g},{shown:g},{below},{limit:g},{weight:.1f},{sex}")
    path.write_text("\n".join(lines) + "\n")
    return path
