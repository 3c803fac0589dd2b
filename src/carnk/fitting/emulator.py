"""A quadratic surface for the logit of each row's rate over the fitted numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def features(x: Array) -> Array:
    """1, x, squares and products of x (..., numbers)."""
    count = x.shape[-1]
    pairs = [x[..., i] * x[..., j] for i in range(count) for j in range(i, count)]
    return np.stack([np.ones(x.shape[:-1]), *np.moveaxis(x, -1, 0), *pairs], axis=-1)


@dataclass(frozen=True)
class Emulator:
    """Rates of the rows at any x, and how well the surface meets the trials it was fitted to."""

    weights: Array  # (features, rows)
    explained: Array  # (rows,), share of the variance of the logit

    def rates(self, x: Array) -> Array:
        """Rates (..., rows) at x (..., numbers)."""
        return np.asarray(1 / (1 + np.exp(-(features(x) @ self.weights))))


def emulate(x: Array, p: Array) -> Emulator:
    """Least squares on the logit of rates p (trials, rows) at x (trials, numbers)."""
    logit = np.log(p / (1 - p))
    design = features(x)
    columns, residual = [], []
    for row, rate in zip(logit.T, p.T):
        trust = np.sqrt(rate * (1 - rate))  # the error of a logit is one over this
        weights, *_ = np.linalg.lstsq(design * trust[:, None], row * trust, rcond=None)
        columns.append(weights)
        miss = np.average((row - design @ weights) ** 2, weights=trust**2)
        spread = np.average((row - np.average(row, weights=trust**2)) ** 2, weights=trust**2)
        residual.append(1 - miss / spread)
    return Emulator(np.column_stack(columns), np.array(residual))
