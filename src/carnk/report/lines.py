"""Courses as small SVG panels that need no script: one drawing for the page and for the docs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray

from .numerals import number, unit

Array = NDArray[np.float64]
COLORS = ("#0b5fa5", "#d98300", "#0a8f6c", "#b5508a", "#3d9bd1", "#7a5cc0")  # as in page.css
INK, MUTED, GRID, SEEN = "#1b2330", "#566173", "#e1e4e6", "#c8500a"
WIDTH, HEIGHT = 430.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 14.0, 34.0, 40.0
EARLY = 30.0  # days that fill the left half
NEAR = 0.6  # points of a line that are nearer than this are one


@dataclass(frozen=True)
class Curve:
    """A line of one color; None is the color of text. style: other SVG style of it."""

    values: Array
    color: int | None = None
    style: str = "stroke-width:2"


@dataclass(frozen=True)
class Band:
    """An area between two lines of one color."""

    low: Array
    high: Array
    color: int
    opacity: float


@dataclass(frozen=True)
class Panel:
    """One quantity over days.

    floor: the end of a logarithmic axis, None for a linear one. most: the largest value drawn.
    """

    title: str
    unit: str
    days: Array
    curves: Sequence[Curve]
    bands: Sequence[Band] = ()
    seen: Sequence[tuple[float, float]] = ()  # printed points: (day, value)
    floor: float | None = None
    most: float = np.inf


def svg(panel: Panel, at: tuple[float, float] | None = None) -> str:
    """The panel as an SVG element; `at` places it within another one."""
    axes = _Axes.of(panel)
    parts = [*axes.drawn(), *(axes.area(band) for band in panel.bands)]
    parts += [axes.line(curve) for curve in panel.curves]
    parts += [axes.point(*seen) for seen in panel.seen]
    measure = f" ({unit(panel.unit)})" if unit(panel.unit) else ""
    parts.append(_text(4, 16, f"{panel.title}{measure}", "font-weight:600", INK, 14))
    place = f'x="{at[0]:g}" y="{at[1]:g}" ' if at else 'xmlns="http://www.w3.org/2000/svg" '
    size = f'width="{WIDTH:g}" height="{HEIGHT:g}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}"'
    label = f'role="img" aria-label="{escape(panel.title)} over days"'
    return f"<svg {place}{size} {label}>{''.join(parts)}</svg>"


def sheet(panels: Sequence[Panel], names: Sequence[str]) -> str:
    """Panels in two columns as one SVG file, with a legend where there is more than one name."""
    columns = min(2, len(panels))
    head = 30.0 if len(names) > 1 else 6.0
    rows = ceil(len(panels) / columns)
    width, height = columns * (WIDTH + 16), head + rows * (HEIGHT + 8) + 20
    parts = [
        svg(p, ((i % columns) * (WIDTH + 16), head + (i // columns) * (HEIGHT + 8)))
        for i, p in enumerate(panels)
    ]
    x = 8.0
    for i, name in enumerate(names if len(names) > 1 else ()):
        parts.append(f'<rect x="{x:g}" y="8" width="18" height="8" rx="3" style="{_fill(i)}"/>')
        parts.append(_text(x + 24, 17, name, "", MUTED, 13))
        x += 48 + 7.2 * len(name)
    note = f"Days after infusion; the first {EARLY:g} days fill the left half."
    note += " Diamonds: in print." if any(p.seen for p in panels) else ""
    parts.append(_text(8, height - 8, note, "", MUTED, 12))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {max(width, x):g} {height:g}"'
        ' font-family="system-ui, sans-serif"><rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}</svg>\n"
    )


@dataclass(frozen=True)
class _Axes:
    """Where days and values lie in a panel."""

    days: Array
    low: float  # ends of the axis, logarithms where it is logarithmic
    high: float
    log: bool

    @classmethod
    def of(cls, panel: Panel) -> "_Axes":
        lines = [c.values for c in panel.curves] + [b.high for b in panel.bands]
        top = max([float(np.nanmax(line)) for line in lines] + [v for _, v in panel.seen])
        top = min(top, panel.most)
        if panel.floor is None:
            return cls(panel.days, 0.0, _nice(top), log=False)
        least = min(float(np.nanmin(line)) for line in [c.values for c in panel.curves])
        low = floor(log10(max(panel.floor, least)))
        return cls(panel.days, low, max(ceil(log10(top) + 0.02), low + 1), log=True)

    def x(self, day: Array | float) -> Array:
        """Pixels of days: two linear halves."""
        inner, last = WIDTH - LEFT - RIGHT, float(self.days[-1])
        return np.asarray(
            LEFT + inner / 2 * np.interp(day, [0.0, EARLY, max(last, EARLY + 1)], [0.0, 1.0, 2.0])
        )

    def y(self, value: Array | float) -> Array:
        """Pixels of values; NaN beside the axis."""
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.log10(value) if self.log else np.asarray(value, float)
        part = (level - self.low) / (self.high - self.low)
        inside = np.where((part >= -1e-9) & (part <= 1 + 1e-9), part, np.nan)
        return np.asarray(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * inside)

    def drawn(self) -> Iterator[str]:
        """Grid, ticks and their labels."""
        left, right, base = LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM
        for level, said in self.levels():
            y = float(self.y(10.0**level if self.log else level))
            yield f'<path d="M{left:g} {y:.1f}H{right:g}" style="{_stroke(GRID, "line", 1)}"/>'
            yield _text(left - 6, y + 4, said, "text-anchor:end", MUTED, 12)
        for day in self.ticks():
            x, strong = float(self.x(day)), day == EARLY
            line = _stroke(MUTED if strong else GRID, "muted" if strong else "line", 1)
            dash = ";stroke-dasharray:3 3" if strong else ""
            yield f'<path d="M{x:.1f} {TOP:g}V{base + 4:g}" style="{line}{dash}"/>'
            anchor = "end" if day == self.days[-1] else "middle"
            yield _text(x, base + 18, f"{day:g}", f"text-anchor:{anchor}", MUTED, 12)
        yield _text((left + right) / 2, base + 34, "day", "text-anchor:middle", MUTED, 12)

    def levels(self) -> list[tuple[float, str]]:
        """Values at which the axis is labeled."""
        if self.log:
            step = max(1, ceil((self.high - self.low) / 6))
            return [(e, number(10.0**e)) for e in range(int(self.low), int(self.high) + 1, step)]
        return [(v, number(v)) for v in np.linspace(0.0, self.high, 5).tolist()]

    def ticks(self) -> list[float]:
        """Days at which the axis is labeled."""
        last = float(self.days[-1])
        later = [90.0, 180.0, 270.0] if last < 400 else [200.0, 400.0]
        return [0.0, 10.0, 20.0, EARLY, *(d for d in later if d < 0.93 * last), last]

    def line(self, curve: Curve) -> str:
        color = INK if curve.color is None else COLORS[curve.color % len(COLORS)]
        name = "ink" if curve.color is None else f"arm-{curve.color % len(COLORS)}"
        path = " ".join(_pieces(self.x(self.days), self.y(curve.values)))
        stroke = f"fill:none;stroke:var(--{name},{color});stroke-linejoin:round"
        return f'<path d="{path}" style="{stroke};{curve.style}"/>'

    def area(self, band: Band) -> str:
        x = self.x(self.days)
        low, high = (np.nan_to_num(self.y(v), nan=HEIGHT - BOTTOM) for v in (band.low, band.high))
        outline = [*_thin(x, high), *reversed(_thin(x, low))]
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in outline)
        style = f"{_fill(band.color)};opacity:{band.opacity:g}"
        return f'<polygon points="{points}" style="{style}"/>'

    def point(self, day: float, value: float) -> str:
        x, y = float(self.x(day)), float(self.y(value))
        style = f"fill:var(--observed,{SEEN})"
        return f'<path d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z" style="{style}"/>'


def _pieces(x: Array, y: Array) -> Iterator[str]:
    """Path commands of a line, broken where it leaves the axis."""
    known = np.isfinite(y)
    edges = [0, *(np.flatnonzero(np.diff(known)) + 1).tolist(), y.size]
    for a, b in pairwise(edges):
        if known[a]:
            yield "M" + "L".join(f"{p:.1f} {q:.1f}" for p, q in _thin(x[a:b], y[a:b]))


def _thin(x: Array, y: Array) -> list[tuple[float, float]]:
    """The points of a line without those that lie nearly on the one before; the last stays."""
    kept = [(float(x[0]), float(y[0]))]
    for point in zip(x.tolist(), y.tolist()):
        if max(abs(point[0] - kept[-1][0]), abs(point[1] - kept[-1][1])) >= NEAR:
            kept.append(point)
    return [*kept, (float(x[-1]), float(y[-1]))]


def _nice(top: float) -> float:
    """The end of a linear axis whose quarters are round."""
    scale = 10.0 ** floor(log10(top)) if top > 0 else 1.0
    round_ends = (1, 1.2, 1.6, 2, 4, 6, 8, 10)
    return next((m * scale for m in round_ends if top <= m * scale * 1.0001), 10 * scale)


def _text(x: float, y: float, said: str, style: str, color: str, size: int) -> str:
    name = "ink" if color == INK else "muted"
    look = ";".join(filter(None, (f"fill:var(--{name},{color})", style)))
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" style="{look}">{escape(said)}</text>'


def _fill(color: int) -> str:
    return f"fill:var(--arm-{color % len(COLORS)},{COLORS[color % len(COLORS)]})"


def _stroke(color: str, name: str, width: float) -> str:
    return f"fill:none;stroke:var(--{name},{color});stroke-width:{width:g}"
