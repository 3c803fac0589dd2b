"""Dots, bars and intervals on one axis, as places in percent of its width: figures without scripts.

Drawn by the template as plain boxes, so they follow the page's colors, its width and its print.
"""

from dataclasses import dataclass
from math import ceil, floor, log10

from .numerals import number, power_of_ten

Ticks = list[tuple[float, str]]


@dataclass(frozen=True)
class Mark:
    """A dot, bar or line; `left` and `width` in percent of the axis, `hint` is said on hover."""

    kind: str
    left: float
    width: float = 0.0
    hint: str = ""


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis."""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """Place of a value in percent of the width, kept on the axis."""
        ends = self.low, self.high, max(value, self.low)
        low, high, here = (log10(x) for x in ends) if self.log else ends
        share = (here - low) / (high - low) if high > low else 0.5
        return round(100 * min(max(share, 0.0), 1.0), 3)

    def dot(self, kind: str, value: float, hint: str = "") -> Mark:
        """A dot at a value."""
        return Mark(kind, self.at(value), 0.0, hint)

    def bar(self, kind: str, low: float, high: float, hint: str = "") -> Mark:
        """A bar between two values."""
        left, right = sorted((self.at(low), self.at(high)))
        return Mark(kind, left, round(right - left, 3), hint)

    @property
    def ticks(self) -> Ticks:
        """Up to five round values with their places."""
        if self.log:
            first, last = ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9)
            step = max(1, -(-(last - first) // 4))
            return [
                (self.at(10.0**e), number(10.0**e) if -2 <= e <= 3 else power_of_ten(e))
                for e in range(first, last + 1, step)
            ]
        width = _round_step((self.high - self.low) / 4)
        steps = range(ceil(self.low / width - 1e-9), floor(self.high / width + 1e-9) + 1)
        return [(self.at(i * width), number(i * width)) for i in steps]


SHARES = Axis(0.0, 1.0)
SHARE_TICKS: Ticks = [(p, f"{p}\u00a0%") for p in (0, 25, 50, 75, 100)]
SMALL_TICKS: Ticks = [(p, f"{p}\u00a0%" if p % 50 == 0 else "") for p in (0, 25, 50, 75, 100)]


def share_axis(top: float) -> tuple[Axis, Ticks]:
    """An axis of proportions from 0 to 10, 25, 50 or 100 %, with its ticks at the quarters."""
    high = next(end for end in (0.1, 0.25, 0.5, 1.0) if top <= end)
    named = ["0\u00a0%", "", f"{50 * high:g}\u00a0%", "", f"{100 * high:g}\u00a0%"]
    return Axis(0.0, high), list(zip((0, 25, 50, 75, 100), named))


def log_axis(values: list[float], decades: int = 8) -> Axis:
    """An axis of whole powers of ten around the positive values, at most so many decades."""
    kept = [value for value in values if 0 < value < float("inf")]
    if not kept:
        return Axis(0.1, 10.0, log=True)
    high = ceil(log10(max(kept)) + 1e-9)
    low = max(min(floor(log10(min(kept))), high - 1), high - decades)
    return Axis(10.0**low, 10.0**high, log=True)


def _round_step(rough: float) -> float:
    """1, 2, 2.5 or 5 times a power of ten, not below `rough`."""
    base = 10.0 ** floor(log10(rough))
    return next(base * times for times in (1, 2, 2.5, 5, 10) if base * times >= rough * 0.999)
