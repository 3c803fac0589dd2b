"""A PEtab problem as frozen records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import log, log10

import numpy as np
from numpy.typing import NDArray

from ...solver.sbml_model import SbmlModel
from ..infix import Formula

Array = NDArray[np.float64]
SCALES = ("lin", "log", "log10")
PRIORS = (
    "uniform", "normal", "laplace", "logNormal", "logLaplace", "parameterScaleUniform",
    "parameterScaleNormal", "parameterScaleLaplace",
)  # fmt: skip
DISTRIBUTIONS = ("normal", "laplace")
PLACEHOLDER = re.compile(r"(observable|noise)Parameter([1-9]\d*)_(\w+)")


def to_scale(scale: str, value: float) -> float:
    """A value on the scale on which it is estimated."""
    if scale == "lin":
        return value
    return log(value) if scale == "log" else log10(value)


def from_scale(scale: str, value: Array) -> Array:
    """Back to the natural scale."""
    if scale == "lin":
        return value
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(value) if scale == "log" else 10.0**value)


@dataclass(frozen=True)
class Parameter:
    """A row of the parameter table; bounds and nominal value on the natural scale.

    prior: ('', ()) or a kind of PRIORS with its two numbers, of the objective.
    """

    id: str
    scale: str
    lower: float
    upper: float
    nominal: float
    estimate: bool
    prior: tuple[str, tuple[float, ...]] = ("", ())


@dataclass(frozen=True)
class Observable:
    """What is measured. scale: on which errors are normal (lin, log or log10)."""

    id: str
    formula: Formula
    noise: Formula
    scale: str = "lin"
    distribution: str = "normal"


@dataclass(frozen=True)
class Measurement:
    """A row of the measurement table; time may be infinite, for the steady state.

    own: values of the placeholders of formulas, by name: numbers or ids of parameters.
    """

    observable: str
    before: str
    condition: str
    time: float
    value: float
    own: Mapping[str, float | str]
    row: int


@dataclass(frozen=True)
class Petab:
    """A whole problem. conditions: by id, {target: number, id of a parameter, or NaN}."""

    file: str
    model: SbmlModel
    parameters: Mapping[str, Parameter]
    conditions: Mapping[str, Mapping[str, float | str]]
    observables: Mapping[str, Observable]
    measurements: tuple[Measurement, ...]

    @property
    def estimated(self) -> tuple[Parameter, ...]:
        """Parameters to estimate, in the order of the table."""
        return tuple(p for p in self.parameters.values() if p.estimate)
