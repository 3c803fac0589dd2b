"""Virtual trials under many joint values of the numbers, with the same patients in each."""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..domain import Given, Study
from ..library import load
from ..study.patients import draw
from ..study.run import outcomes_of

Array = NDArray[np.float64]
BATCH = 16  # trials solved in one call


def trials(
    study: Study, values: dict[str, Array], patients: int, threads: int
) -> Iterator[pl.DataFrame]:
    """Yield the outcomes of each virtual trial, (patients,) rows, in the order of the values.

    values: joint values, (trials,) by number id. Every trial has the same patients in the same
    places of their distributions, so that trials differ by the numbers alone.
    """
    view, ids = load().view(), np.arange(patients)
    count = len(next(iter(values.values())))
    for first in range(0, count, BATCH):
        cohorts = [
            draw(_given(study, values, i), view, ids, uncertain=False)
            for i in range(first, min(first + BATCH, count))
        ]
        yield from outcomes_of(study, cohorts, threads)


def _given(study: Study, values: dict[str, Array], i: int) -> Study:
    own = {name: Given(float(column[i])) for name, column in values.items()}
    return replace(study, numbers=MappingProxyType(own | dict(study.numbers)))
