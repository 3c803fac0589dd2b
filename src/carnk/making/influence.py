"""Which number matters most: each moved alone to the ends of its range, the same lots each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log

from ..library import Number
from .make import make
from .process import Process

LOTS = 200
SAID = 0.005  # smallest effect listed, as a share of the doses


@dataclass(frozen=True)
class Influence:
    """Released doses per started lot with a number at the low and the high end of its range."""

    number: Number
    at_low: float
    at_high: float

    @property
    def effect(self) -> float:
        """Natural log of the ratio between the ends; half a dose in all lots stands for none."""
        return abs(log((self.at_high + 0.5 / LOTS) / (self.at_low + 0.5 / LOTS)))


def influence(
    process: Process, seed: int, progress: Callable[[int, int], None] = lambda done, of: None
) -> list[Influence]:
    """Every number with a range that the process reads, the most influential first."""
    numbers = [n for n in make(process, LOTS, seed).numbers if _moves(n)]
    found = []
    for done, number in enumerate(numbers, start=1):
        low, high = (_doses(process, seed, number.id, end) for end in number.range or (0.0, 0.0))
        found.append(Influence(number, low, high))
        progress(done, len(numbers))
    return sorted((i for i in found if i.effect > SAID), key=lambda i: -i.effect)


def _moves(number: Number) -> bool:
    """Prices change no dose; a number without a range cannot be moved."""
    return number.range is not None and not number.id.startswith("price_")


def _doses(process: Process, seed: int, number_id: str, value: float) -> float:
    moved = make(process.with_numbers(**{number_id: value}), LOTS, seed)
    return float(moved.doses_released.mean())
