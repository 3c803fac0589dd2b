"""What a lot costs: the sum over priced things of amount times price, and which price is sourced.

Prices are USD of the library, most of them assumed: then only ratios are told, never money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .batch import Array, Batch, Draw
from .process import Process


@dataclass(frozen=True)
class Cost:
    """Cost of each lot by item; `currency` is 'USD' only when every price is sourced or given."""

    items: Mapping[str, Array]
    currency: str
    unsourced: tuple[str, ...]

    @property
    def lot(self) -> Array:
        """Cost of each lot: USD, or clean-room days where a price is assumed."""
        return np.asarray(sum(self.items.values()))


def cost(process: Process, batch: Batch, draw: Draw) -> Cost:
    """Price what the steps used, and the release tests."""
    used = batch.using(release=1.0).used
    prices = {name: _price(process, draw, name) for name in used}
    unsourced = tuple(
        name
        for name in used
        if name not in process.prices and draw.view.number(f"price_{name}").basis == "assumed"
    )
    unit = _price(process, draw, "clean_room_day") if unsourced else 1.0
    items = {name: amount * prices[name] / unit for name, amount in used.items()}
    return Cost(items, "" if unsourced else "USD", unsourced)


def _price(process: Process, draw: Draw, name: str) -> float:
    value = draw[f"price_{name}"]
    return process.prices.get(name, value)
