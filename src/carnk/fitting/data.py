"""What is fitted, and the rows of Marin 2024 that it is fitted to."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..study.summary import happened

Array = NDArray[np.float64]
STUDY = "marin2024"
FITTED = ("kill_car", "kill_spread", "expansion_cord_blood", "antigen_low_fraction")
AGGRESSIVE = ("dlbcl", "cll_richter", "b_all")


@dataclass(frozen=True)
class Row:
    """A count of patients; the four rows share no information but the patients."""

    name: str
    outcome: str
    day: float
    diseases: tuple[str, ...]
    events: int
    patients: int


ROWS = (
    Row("response day 30, low-grade lymphoma", "response", 30.0, ("follicular",), 6, 6),
    Row("response day 30, CLL", "response", 30.0, ("cll",), 4, 6),
    Row("response day 30, aggressive (18/37 less the others)", "response", 30.0, AGGRESSIVE, 8, 25),
    Row("progression-free at 1 year", "pfs", 365.0, ("follicular", "cll", *AGGRESSIVE), 12, 37),
)  # fmt: skip


def rates(outcomes: pl.DataFrame) -> Array:
    """Share of virtual patients with each row's outcome, half an event added to each side."""
    disease = outcomes["disease"].to_numpy()
    found = []
    for row in ROWS:
        mine = happened(outcomes, row.outcome, row.day)[np.isin(disease, row.diseases)]
        mine = mine[np.isfinite(mine)]
        found.append((mine.sum() + 0.5) / (mine.size + 1))
    return np.array(found)


def log_likelihood(p: Array) -> Array:
    """Binomial log-likelihood of the rows, p (..., rows), without the constant."""
    events = np.array([row.events for row in ROWS])
    misses = np.array([row.patients - row.events for row in ROWS])
    return np.asarray((events * np.log(p) + misses * np.log1p(-p)).sum(axis=-1))
