"""A calibration line and what it says of an unknown: standards of qPCR, beads of cytometry."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from ..base import DataError, Problem

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Response y over log10 x by least squares, with what inverse prediction needs."""

    slope: float
    intercept: float
    sd: float
    points: int
    middle: float
    spread: float  # sum of squares of log10 x
    span: tuple[float, float]  # of log10 x
    r2: float

    @property
    def slope_interval(self) -> tuple[float, float]:
        """95 % interval of the slope."""
        reach = self._t * self.sd / self.spread**0.5
        return self.slope - reach, self.slope + reach

    @property
    def _t(self) -> float:
        return float(stdtrit(self.points - 2, 0.975))

    def inverse(self, response: float, replicates: int = 1) -> tuple[float, float]:
        """log10 x at a mean response, and its standard error: of line and of the response."""
        x = (response - self.intercept) / self.slope
        inner = 1 / replicates + 1 / self.points + (x - self.middle) ** 2 / self.spread
        return x, self.sd / abs(self.slope) * inner**0.5

    def interval(self, response: float, replicates: int = 1) -> tuple[float, float, float]:
        """x at a mean response with its 95 % interval, Student's t on points - 2."""
        x, error = self.inverse(response, replicates)
        value, low, high = (10.0 ** (x + k * self._t * error) for k in (0, -1, 1))
        return value, low, high

    def is_outside(self, log_x: float) -> bool:
        """Whether a value lies beyond the standards, so that the line is extended."""
        return not self.span[0] - 1e-9 <= log_x <= self.span[1] + 1e-9


def line(x: Array, y: Array, where: str) -> Line:
    """Fit y over log10 x; DataError for fewer than 3 points, 2 levels, or no slope."""
    if len(x) < 3 or len(np.unique(x)) < 2:
        what = f"a line needs 3 points at 2 or more levels, but there are {len(x)}"
        raise DataError(Problem(where, what, "Add standards."))
    log_x = np.log10(x)
    dx, dy = log_x - log_x.mean(), y - y.mean()
    spread = float(dx @ dx)
    slope = float(dx @ dy) / spread
    rest = dy - slope * dx
    if slope == 0 or not np.isfinite(slope):
        raise DataError(Problem(where, "the response does not change with the standards"))
    sd = float(np.sqrt(rest @ rest / (len(x) - 2)))
    ends = float(log_x.min()), float(log_x.max())
    at_zero = float(y.mean() - slope * log_x.mean())
    r2 = 1 - float(rest @ rest) / float(dy @ dy)
    return Line(slope, at_zero, sd, len(x), float(log_x.mean()), spread, ends, r2)
