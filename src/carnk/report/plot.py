"""Small plots as SVG text: points, lines and bands over two axes, linear or logarithmic.

Colors are the classes of `fit.css`, so that a plot follows the page's light or dark style.
"""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, isfinite, log10

WIDTH, HEIGHT = 420.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 8.0, 8.0, 40.0
MOST_TICKS = 6
Numbers = Sequence[float]


class Scale:
    """An axis from `low` to `high`, drawn from `begin` to `end`."""

    def __init__(self, values: Numbers, is_log: bool, begin: float, end: float) -> None:
        kept = [v for v in values if isfinite(v) and (v > 0 or not is_log)] or [1.0]
        low, high = min(kept), max(kept)
        self.is_log, self.begin, self.end = is_log, begin, end
        if is_log:
            self.low, self.high = log10(low) - 0.05, log10(high) + 0.05
        else:
            room = 0.04 * (high - low) or 0.5
            self.low, self.high = low - room, high + room

    def at(self, value: float) -> float:
        """The place of a value, held within the axis."""
        if self.is_log:
            value = log10(value) if value > 0 else self.low
        share = (value - self.low) / (self.high - self.low)
        return self.begin + min(max(share, 0.0), 1.0) * (self.end - self.begin)

    def ticks(self) -> list[tuple[float, str]]:
        """Values with their labels."""
        if not self.is_log:
            step = _step((self.high - self.low) / MOST_TICKS)
            first = ceil(self.low / step)
            return [
                (k * step, f"{k * step:.6g}") for k in range(first, floor(self.high / step) + 1)
            ]
        powers = range(ceil(self.low), floor(self.high) + 1)
        if len(powers) >= 2:
            every = ceil(len(powers) / MOST_TICKS)
            return [(10.0**k, _power(k)) for k in powers if k % every == 0]
        values = [
            m * 10.0**k for k in range(floor(self.low), ceil(self.high) + 1) for m in (1, 2, 5)
        ]
        inside = [v for v in values if self.low <= log10(v) <= self.high]
        return [(v, f"{v:.3g}") for v in inside]


def _step(rough: float) -> float:
    size = 10.0 ** floor(log10(rough))
    return next(m * size for m in (1, 2, 5, 10) if m * size >= rough * 0.999)


def _power(k: int) -> str:
    if -2 <= k <= 3:
        return f"{10.0**k:g}"
    digits = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return f"10{str(k).translate(digits)}"


class Plot:
    """Marks gathered until the plot is written."""

    def __init__(self, x: Numbers, y: Numbers, *, log_x: bool = False, log_y: bool = False) -> None:
        self.x = Scale(x, log_x, LEFT, WIDTH - RIGHT)
        self.y = Scale(y, log_y, HEIGHT - BOTTOM, TOP)
        self.marks: list[str] = []

    def _path(self, x: Numbers, y: Numbers) -> str:
        pairs = zip(x, y)
        inside = [(a, b) for a, b in pairs if isfinite(a) and isfinite(b)]
        return "L".join(f"{self.x.at(a):.1f},{self.y.at(b):.1f}" for a, b in inside)

    def line(self, x: Numbers, y: Numbers, kind: str) -> None:
        """Joined points."""
        if path := self._path(x, y):
            self.marks.append(f'<path class="{kind}" d="M{path}"/>')

    def band(self, x: Numbers, low: Numbers, high: Numbers, kind: str) -> None:
        """What lies between two lines."""
        edge = self._path([*x, *reversed(x)], [*low, *reversed(high)])
        if edge:
            self.marks.append(f'<path class="{kind}" d="M{edge}Z"/>')

    def points(self, x: Numbers, y: Numbers, kind: str) -> None:
        """Single points."""
        self.marks += [
            f'<circle class="{kind}" cx="{self.x.at(a):.1f}" cy="{self.y.at(b):.1f}" r="2"/>'
            for a, b in zip(x, y) if isfinite(a) and isfinite(b)
        ]  # fmt: skip

    def across(self, y: float, kind: str) -> None:
        """A line over the whole width."""
        at = self.y.at(y)
        self.marks.append(f'<path class="{kind}" d="M{LEFT},{at:.1f}H{WIDTH - RIGHT}"/>')

    def down(self, x: float, kind: str) -> None:
        """A line over the whole height."""
        at = self.x.at(x)
        self.marks.append(f'<path class="{kind}" d="M{at:.1f},{TOP}V{HEIGHT - BOTTOM}"/>')

    def svg(self, x_title: str, y_title: str, about: str) -> str:
        """The plot as an SVG element; `about` is its text for those who cannot see it."""
        frame = []
        for value, label in self.x.ticks():
            at = self.x.at(value)
            frame.append(f'<path class="grid" d="M{at:.1f},{TOP}V{HEIGHT - BOTTOM}"/>')
            frame.append(_text(at, HEIGHT - BOTTOM + 14, label, "middle"))
        for value, label in self.y.ticks():
            at = self.y.at(value)
            frame.append(f'<path class="grid" d="M{LEFT},{at:.1f}H{WIDTH - RIGHT}"/>')
            frame.append(_text(LEFT - 5, at + 3.5, label, "end"))
        frame.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_title, "middle"))
        middle = (TOP + HEIGHT - BOTTOM) / 2
        turned = f'<text text-anchor="middle" transform="translate(12,{middle:.0f}) rotate(-90)">'
        frame.append(f"{turned}{escape(y_title)}</text>")
        head = f'<svg class="plot" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img"'
        return f'{head} aria-label="{escape(about)}">{"".join(frame)}{"".join(self.marks)}</svg>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
