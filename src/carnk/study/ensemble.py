"""One set of patients under many joint values of the numbers: values outside, patients inside."""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..domain import Given, Study
from ..library import View
from .numbers import Array, Known, own_of, plausible, worlds
from .patients import Cohort, draw


def cohorts(
    study: Study,
    view: View,
    ids: NDArray[np.int64],
    values: dict[str, Array],
    arm: NDArray[np.int64] | None = None,
    known: Known | None = None,
) -> Iterator[Cohort]:
    """Yield the same patients under each joint value of the numbers, in the order of the values.

    values: (sets,) by id of a number, instead of the library's or the study's. Every cohort has
    its patients in the same places of their distributions, so that cohorts differ by the numbers
    alone. arm: as in `draw`. known: what was read of these patients with all else equal.
    """
    others = {key: value for key, value in (known or {}).items() if key[0] not in values}
    for i in range(len(next(iter(values.values())))):
        given = {name: float(column[i]) for name, column in values.items()}
        yield draw(holding(study, given), view, ids, uncertain=False, known=dict(others), arm=arm)


def holding(study: Study, values: dict[str, float]) -> Study:
    """The study with these numbers instead of the library's or its own."""
    held = {name: Given(value) for name, value in values.items()}
    return replace(study, numbers=MappingProxyType({**study.numbers, **held}))


def free(study: Study) -> dict[str, Array]:
    """The plausible worlds, (worlds,) by id, of those numbers that the study does not give.

    Those of the user's own numbers come from their ranges.
    """
    own = {number.id: plausible(number) for number in own_of(study)}
    columns = {**worlds(), **own}.items()
    return {name: col for name, col in columns if col is not None and name not in study.numbers}


def typical(study: Study) -> Study:
    """The study with every uncertain number at its median over the plausible worlds."""
    return holding(study, {name: float(np.median(column)) for name, column in free(study).items()})
