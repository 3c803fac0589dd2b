"""Models as they are offered to a fit: which numbers they have, what they give, how to solve them.

A source of courses takes the numbers of patients by name, each (patients, copies), and returns its
quantities at the samples, each (patients, copies, most); formulas of the outputs are made of these
and of the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import log
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..assays.events import Events
from ..library import Number
from .mixed.density import Samples
from .petab.export import Exported

Array = NDArray[np.float64]
TENFOLD = log(10) / 1.96  # standard deviation of a prior whose 95 % are a tenth to ten times
OMEGA = 0.5  # between patients, on the log scale, where nothing is known

# (numbers by name (patients, copies), whether copies are near the first) -> quantities by name
Courses = Callable[[Mapping[str, Array], bool], dict[str, Array]]


@dataclass(frozen=True)
class Known:
    """What is known of a number of the model before the fit."""

    value: float
    unit: str = "1"
    low: float | None = None
    high: float | None = None
    omega: float = OMEGA

    def sides(self) -> tuple[float, float]:
        """Standard deviations of the prior's two sides, of the logarithm."""
        if self.low is None or self.high is None or not 0 < self.low < self.value < self.high:
            return TENFOLD, TENFOLD
        return log(self.value / self.low) / 1.96, log(self.high / self.value) / 1.96


@dataclass(frozen=True)
class Offer:
    """A model that can be fitted.

    numbers: all of them by name. fitted: names that are fitted unless others are asked for.
    outputs: formulas by unit, in which samples can be given. bind: makes the courses of the
    patients of an event table at its samples. needs_doses: whether a patient without a dose makes
    no sense. ids: of the library's numbers, by name. export: the model as SBML, if it can be.
    """

    name: str
    title: str
    numbers: Mapping[str, Known]
    fitted: tuple[str, ...]
    outputs: Mapping[str, str]
    quantities: tuple[str, ...]
    bind: Callable[[Events, Samples, tuple[str, ...]], Courses]
    needs_doses: bool = False
    notes: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    export: Callable[[], Exported] | None = None


def known(number: Number) -> Known:
    """What the library knows of a number: its range is the prior, its spread between patients."""
    low, high = number.range or (None, None)
    spread = number.spread
    omega = OMEGA
    if spread is not None and spread.law == "lognormal_cv":
        omega = float(np.sqrt(np.log1p(spread.size**2)))
    elif spread is not None and spread.law == "lognormal_omega2":
        omega = float(np.sqrt(spread.size))
    return Known(number.value, number.unit, low, high, omega)
