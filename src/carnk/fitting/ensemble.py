"""Virtual trials under many joint values of the numbers, with the same patients in each."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..domain import Study
from ..library import load
from ..study.ensemble import cohorts
from ..study.run import outcomes_of

Array = NDArray[np.float64]
BATCH = 16  # trials solved in one call


def trials(
    study: Study, values: dict[str, Array], patients: int, threads: int
) -> Iterator[pl.DataFrame]:
    """Yield the outcomes of each virtual trial, (patients,) rows, in the order of the values.

    values: joint values, (trials,) by number id; numbers that the study gives stay as they are.
    Every trial has the same patients in the same places of their distributions, so that trials
    differ by the numbers alone.
    """
    view, ids = load().view(), np.arange(patients)
    own = {name: column for name, column in values.items() if name not in study.numbers}
    for first in range(0, len(next(iter(own.values()))), BATCH):
        part = {name: column[first : first + BATCH] for name, column in own.items()}
        yield from outcomes_of(study, list(cohorts(study, view, ids, part)), threads)
