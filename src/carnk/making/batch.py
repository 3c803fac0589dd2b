"""What a batch of lots is between two steps, and the numbers that its steps draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from ..base.streams import stream
from ..library import Spread, View

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """The culture on one day: day, viable target cells, viability and CAR+ share of each lot."""

    day: float
    cells: Array
    viability: Array
    car_positive: Array


@dataclass(frozen=True)
class Batch:
    """Lots between two steps; arrays have one entry a lot.

    target, t_cells, others, feeders: viable cells; of T cells, those with a TCR that the product
    should not hold. car_positive: share of target cells with a CAR. copies: vector copies per
    target cell, CAR-positive or not. near_oncogene: those near a proto-oncogene, a proxy.
    """

    target: Array
    t_cells: Array
    others: Array
    feeders: Array
    viability: Array
    car_positive: Array
    copies: Array
    near_oncogene: Array
    potency: Array
    growth: Array  # relative growth rate of these cells
    doublings: Array
    memory_like: Array
    edited: Array  # share of target cells with every edit that was wanted
    failed: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    used: Mapping[str, Array] = field(default_factory=dict)  # priced things, in the units of cost
    course: tuple[Point, ...] = ()
    day: float = 0.0
    age: float = 0.0  # days since cells were first stimulated
    open_steps: int = 0
    bags: Array | None = None  # of `bag_cells` viable target cells each
    bag_cells: float = 0.0
    at_harvest: Array | None = None  # viability then, which release tests see
    thawed: Array | None = None  # viable right after thaw, as a share of the label's
    recovery: Array | None = None  # of these, that outlive the first day
    killing: Array | None = None  # per viable cell after thaw, relative to fresh

    @property
    def purity(self) -> Array:
        """Target cells, edited as wanted, among viable cells."""
        return self.target * self.edited / np.maximum(self.all_cells, 1e-9)

    @property
    def all_cells(self) -> Array:
        """Viable cells of any kind."""
        return self.target + self.t_cells + self.others + self.feeders

    @property
    def copies_per_car(self) -> Array:
        """Vector copies per CAR-positive cell; 0 where there is none."""
        share = self.car_positive
        return np.divide(self.copies, share, out=np.zeros_like(share), where=share > 0)

    def using(self, **amounts: Array | float) -> Batch:
        """The same batch with more of the priced things used."""
        lots = self.target.size
        more = {
            name: self.used.get(name, np.zeros(lots)) + np.broadcast_to(amount, (lots,))
            for name, amount in amounts.items()
        }
        return replace(self, used={**self.used, **more})

    def thinned(self, kept: Array | float) -> Batch:
        """The same batch after a loss of viable cells of every kind."""
        return replace(
            self,
            target=self.target * kept,
            t_cells=self.t_cells * kept,
            others=self.others * kept,
            feeders=self.feeders * kept,
        )

    def noted(self) -> Batch:
        """The same batch with today's point on its course."""
        here = Point(self.day, self.target, self.viability, self.car_positive)
        return replace(self, course=(*self.course, here))


class Draw:
    """Reads numbers for lots: the library's value or the process's, and the spread between lots.

    The variate of lot i depends on the seed, the number and i alone, never on how many lots run.
    Without `spread` every lot is the median one.
    """

    def __init__(
        self, view: View, lots: int, seed: int, given: Mapping[str, float], spread: bool = True
    ) -> None:
        self.view, self.size, self.seed, self.given, self.spread = view, lots, seed, given, spread
        self._seen: dict[str, int] = {}

    def __getitem__(self, number_id: str) -> float:
        """The value for the median lot."""
        value = self.view[number_id]
        return self.given.get(number_id, value)

    def lots(self, number_id: str, again: bool = False) -> Array:
        """Values for every lot; with `again` each asking is another draw (a run, not a donor)."""
        turn = self._seen.get(number_id, 0)
        self._seen[number_id] = turn + 1
        purpose = f"{number_id} {turn}" if again else number_id
        spread = self.view.number(number_id).spread
        median = self[number_id]
        if spread is None or not self.spread:
            return np.full(self.size, median)
        return spread_out(median, spread, self.normals(purpose))

    def normals(self, purpose: str) -> Array:
        """A standard normal number for every lot."""
        return stream(self.seed, 0, f"making {purpose}").standard_normal(self.size)

    def happens(self, chance: Array | float, purpose: str) -> NDArray[np.bool_]:
        """Whether an event of this chance happens to each lot."""
        return np.asarray(stream(self.seed, 0, f"making {purpose}").random(self.size) < chance)


def spread_out(median: float, spread: Spread, z: Array) -> Array:
    """Values at standard normal `z` around a median, by the law of the spread."""
    if spread.law == "lognormal_cv":
        return np.asarray(median * np.exp(np.sqrt(log(1 + spread.size**2)) * z))
    if spread.law == "logit_sd":
        return shifted(np.full(z.shape, median), spread.size * z)
    return np.asarray(median + spread.size * z)


def shifted(share: Array, logits: Array | float) -> Array:
    """A share moved on the logit scale; 0 and 1 stay."""
    inside = np.clip(share, 1e-12, 1 - 1e-12)
    return np.asarray(1 / (1 + (1 / inside - 1) * np.exp(-logits)))
