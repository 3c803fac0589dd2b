"""A population of cells: how many events of how many, with exact and replicate error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit

from .shrinkage import together


@dataclass(frozen=True)
class Population:
    """Events within a gate: `count` of `parent_count`, and which ones of the sample.

    `path`: the gates above, from the outermost.
    """

    name: str
    path: tuple[str, ...]
    count: int
    parent_count: int
    mask: NDArray[np.bool_] = field(repr=False, compare=False)

    @property
    def share(self) -> float:
        """Share of the parent; NaN where the parent is empty."""
        return self.count / self.parent_count if self.parent_count else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Exact (Clopper-Pearson) 95 % interval of the share: of counting alone."""
        return exact_interval(self.count, self.parent_count)


def exact_interval(count: int, of: int) -> tuple[float, float]:
    """Clopper-Pearson 95 % interval of a proportion; 0 to 1 where nothing was counted."""
    low = float(betaincinv(count, of - count + 1, 0.025)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 0.975)) if count < of else 1.0
    return low, high


@dataclass(frozen=True)
class Share:
    """A share over replicates with its 95 % interval.

    `between` is the standard deviation between replicates on the logit scale, beyond counting; NaN
    for one sample.
    """

    value: float
    low: float
    high: float
    between: float
    replicates: int


def over_replicates(counts: Sequence[tuple[int, int]]) -> Share:
    """Share of all replicates, (count, of) each: counting error and what replicates add to it.

    One sample: its exact interval. Several: mean of the logits (half an event added), whose spread
    between replicates is averaged over (`shrinkage.py`).
    """
    if len(counts) == 1:
        count, of = counts[0]
        low, high = exact_interval(count, of)
        return Share(count / of if of else float("nan"), low, high, float("nan"), 1)
    halves = [(count + 0.5, of - count + 0.5) for count, of in counts]
    found = together(
        [float(np.log(k / rest)) for k, rest in halves],
        [(1 / k + 1 / rest) ** 0.5 for k, rest in halves],
    )
    value, low, high = (float(expit(each)) for each in found.mean)
    return Share(value, low, high, found.spread, len(counts))
