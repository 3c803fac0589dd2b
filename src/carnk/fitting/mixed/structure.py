"""What a model has to offer to be fitted: the courses of patients by their numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .density import Samples
from .population import Population

Array = NDArray[np.float64]
STEP = 3e-5  # of a number on the log scale

# (numbers (patients, copies, numbers) on the natural scale, whether copies differ from the first
# of their patient by little) -> courses at the samples (patients, copies, most); NaN where the
# solver failed.
Predict = Callable[[Array, bool], Array]


@dataclass(frozen=True)
class Study:
    """Data and model of one fit.

    covariates: (patients, columns), as they enter the effects. ids: names of the patients.
    """

    population: Population
    samples: Samples
    covariates: Array
    predict: Predict
    ids: tuple[str, ...]

    @property
    def kinds(self) -> list[str]:
        """Kinds of the error models by output."""
        return [error.kind for error in self.population.errors]

    def courses(self, scaled: Array, near: bool = False) -> Array:
        """Courses of numbers (patients, copies, numbers) on their scale."""
        return self.predict(self.population.natural(scaled), near)

    def slopes(self, scaled: Array, places: NDArray[np.int64]) -> tuple[Array, Array]:
        """Courses (patients, most) at numbers (patients, numbers), and their derivatives.

        By the numbers at `places`, on their scale: (patients, most, places). By central differences
        on shared steps.
        """
        width = np.array(
            [
                STEP if self.population.quantities[i].scale == "log" else
                STEP * max(1.0, abs(self.population.quantities[i].value))
                for i in places
            ]
        )  # fmt: skip
        copies = np.repeat(scaled[:, None], 1 + 2 * len(places), axis=1)
        for k, (place, w) in enumerate(zip(places, width)):
            copies[:, 1 + 2 * k, place] += w
            copies[:, 2 + 2 * k, place] -= w
        f = self.courses(copies, near=True)
        rise = (f[:, 1::2] - f[:, 2::2]) / (2 * width)[:, None]
        return f[:, 0], np.moveaxis(rise, 1, 2)
