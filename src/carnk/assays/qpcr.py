"""Copies by real-time PCR: a standard curve for each target, ratios with the curves' error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10, sqrt

import numpy as np
from scipy.special import stdtrit

from ..base import DataError, Problem
from .line import Line, line
from .vcn import Copies

EFFICIENT = (0.9, 1.1)
STRAIGHT = 0.98
APART = 0.5  # cycles between replicates that are told


@dataclass(frozen=True)
class Curve:
    """Cq over log10 copies of one target; points: copies and Cq of the standards."""

    target: str
    line: Line
    points: tuple[tuple[float, float], ...]

    @property
    def efficiency(self) -> float:
        """Gain per cycle less 1: 1 where every cycle doubles."""
        return float(10 ** (-1 / self.line.slope) - 1)

    @property
    def efficiency_interval(self) -> tuple[float, float]:
        """95 % interval, from that of the slope."""
        low, high = self.line.slope_interval
        ends = tuple(10 ** (-1 / each) - 1 for each in (low, high))
        return float(ends[0]), float(ends[1])

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the curve."""
        found = []
        if not EFFICIENT[0] <= self.efficiency <= EFFICIENT[1]:
            found.append(f"efficiency of {self.target} is {self.efficiency:.0%}, not 90 to 110 %")
        if self.line.r2 < STRAIGHT:
            found.append(f"R2 of the standards of {self.target} is {self.line.r2:.3f}")
        return tuple(found)


def curve(target: str, copies: Sequence[float], cq: Sequence[float], where: str) -> Curve:
    """Fit the standards of a target; DataError for fewer than 3, or Cq that rises with copies."""
    found = line(np.array(copies, float), np.array(cq, float), where)
    if found.slope > 0:
        what = f"Cq of {target} rises with the copies of its standards"
        raise DataError(Problem(where, what, "Are quantity and dilution swapped?"))
    return Curve(target, found, tuple(zip(copies, cq)))


def per_cell(
    target: tuple[Curve, Sequence[float]],
    reference: tuple[Curve, Sequence[float]],
    dilution: float = 1.0,
    reference_copies: float = 2.0,
) -> Copies:
    """Copies per cell from the Cq of replicates; 95 % by inverse prediction on both curves.

    dilution: of the target's DNA over the reference's. Errors of both curves are independent;
    degrees of freedom by Welch and Satterthwaite.
    """
    notes = [*target[0].notes, *reference[0].notes]
    logs, variances, freedoms = [], [], []
    for each, cq in (target, reference):
        x, error = each.line.inverse(float(np.mean(cq)), len(cq))
        if each.line.is_outside(x):
            notes.append(f"extrapolated: {each.target} lies beyond its standards")
        if max(cq) - min(cq) > APART:
            notes.append(f"replicates of {each.target} differ by {max(cq) - min(cq):.1f} cycles")
        logs.append(x)
        variances.append(error**2)
        freedoms.append(each.line.points - 2)
    total = sum(variances)
    freedom = total**2 / sum(v**2 / d for v, d in zip(variances, freedoms)) if total else 1.0
    reach = float(stdtrit(freedom, 0.975)) * sqrt(total)
    middle = logs[0] - logs[1] + log10(dilution * reference_copies)
    value, low, high = (10 ** (middle + k * reach) for k in (0, -1, 1))
    return Copies(value, low, high, tuple(dict.fromkeys(notes)))


def none_found(
    target: tuple[Curve, Sequence[float]],
    reference: tuple[Curve, Sequence[float]],
    dilution: float = 1.0,
    reference_copies: float = 2.0,
) -> Copies:
    """No Cq in any well: 0 copies, at most as many as the lowest standard has."""
    x, _ = reference[0].line.inverse(float(np.mean(reference[1])), len(reference[1]))
    most = 10 ** (target[0].line.span[0] - x) * dilution * reference_copies
    return Copies(0.0, 0.0, most, (f"no Cq of {target[0].target}: fewer than the lowest standard",))
