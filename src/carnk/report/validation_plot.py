"""Calibration plot: predicted against observed shares with both intervals, as plain SVG."""

from collections.abc import Callable
from html import escape

from .validation_words import (
    EFFICACY,
    Row,
    fate,
    group,
    is_miss,
    is_rate,
    quantity,
)

Place = Callable[[float], float]
COLORS = {"calibration": "#7a8797", "set from": "#d98300", "held out": "#0b5fa5"}
NAMES = {"calibration": "calibration trial", "set from": "a number was set from it",
         "held out": "held out"}  # fmt: skip
INK, MUTED, LINE, MISS = "#1b2330", "#566173", "#e1e4e6", "#b3400a"
SIZE, LEFT, TOP, GAP, BELOW = 410, 62, 74, 88, 66  # pixels
TICKS = ((0.0, 0.25, 0.5, 0.75, 1.0), (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0))


def figure(rows: list[Row]) -> str:
    """Two panels, response on a plain axis and toxicity on a square-root one, as one SVG."""
    shares = [row for row in rows if is_rate(row)]
    wanted = [row for row in shares if row["outcome"] in EFFICACY]
    others = [row for row in shares if row["outcome"] not in EFFICACY]
    panels = (
        ("Response and progression", wanted, False),
        ("Toxicity and cells, square-root axes", others, True),
    )
    width, height = LEFT + 2 * SIZE + GAP + 24, TOP + SIZE + BELOW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, sans-serif">',
        "<title>Predicted against observed shares of patients, with both intervals</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *_key({row["role"] for row in shares}),
    ]
    for i, (title, mine, rooted) in enumerate(panels):
        parts += _panel(title, mine, LEFT + i * (SIZE + GAP), rooted)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _key(roles: set[str]) -> list[str]:
    parts, x = [], LEFT
    for role, color in COLORS.items():
        if role not in roles:
            continue
        parts.append(f'<circle cx="{x + 5}" cy="22" r="5" fill="{color}"/>')
        parts.append(_text(x + 16, 26, NAMES[role]))
        x += 26 + 7 * len(NAMES[role])
    parts.append(f'<circle cx="{x + 5}" cy="22" r="4.2" fill="white" stroke="{MUTED}" '
                 'stroke-width="1.6"/>')  # fmt: skip
    parts.append(_text(x + 16, 26, "unread"))
    parts.append(_cross(x + 84, 22, MUTED))
    parts.append(_text(x + 95, 26, "printed without n"))
    parts.append(f'<circle cx="{x + 227}" cy="22" r="7.5" fill="none" stroke="{MISS}" '
                 'stroke-width="1.6"/>')  # fmt: skip
    parts.append(_text(x + 240, 26, "miss"))
    return parts


def _panel(title: str, rows: list[Row], left: float, rooted: bool) -> list[str]:
    def at(share: float) -> float:
        return SIZE * (share**0.5 if rooted else share)

    parts = [_text(left, TOP - 12, title, 14, INK, weight="600")]
    for tick in TICKS[rooted]:
        x, y = left + at(tick), TOP + SIZE - at(tick)
        grid = f'stroke="{LINE}"'
        parts.append(f'<path d="M{x:.1f} {TOP}V{TOP + SIZE}M{left} {y:.1f}H{left + SIZE}" {grid}/>')
        parts.append(_text(x, TOP + SIZE + 18, f"{100 * tick:g}", anchor="middle"))
        parts.append(_text(left - 8, y + 4, f"{100 * tick:g}", anchor="end"))
    parts.append(
        f'<path d="M{left} {TOP + SIZE}L{left + SIZE} {TOP}" stroke="{MUTED}" '
        'stroke-dasharray="5 4"/>'
    )
    parts.append(_text(left + SIZE / 2, TOP + SIZE + 42, "predicted, % (95 % of trials of that "
                       "size)", anchor="middle"))  # fmt: skip
    turned = f' transform="rotate(-90 {left - 40} {TOP + SIZE / 2})"'
    parts.append(_text(left - 40, TOP + SIZE / 2, "observed, % (exact 95 %)", anchor="middle",
                       more=turned))  # fmt: skip
    for row in sorted(rows, key=is_miss):
        parts += _point(row, left, at)
    return parts


def _point(row: Row, left: float, at: Place) -> list[str]:
    color, misses = COLORS[row["role"]], is_miss(row)
    x, y = left + at(row["predicted"]), TOP + SIZE - at(row["observed"])
    told = f"{row['study']}: {quantity(row)} {group(row)}".strip()
    hint = escape(
        f"{told}; seen {row['observed']:.0%}, predicted {row['predicted']:.0%}; {fate(row)}"
    )
    low, high = (left + at(row[f"predicted_{end}"]) for end in ("low", "high"))
    line = (
        f'stroke="{color}" stroke-width="{2 if misses else 1}" opacity="{0.9 if misses else 0.45}"'
    )
    parts = [f"<g><title>{hint}</title>", f'<path d="M{low:.1f} {y:.1f}H{high:.1f}" {line}/>']
    if row["observed_low"] is None:
        return [*parts, _cross(x, y, color), "</g>"]
    bottom, top = (TOP + SIZE - at(row[f"observed_{end}"]) for end in ("low", "high"))
    parts.append(f'<path d="M{x:.1f} {bottom:.1f}V{top:.1f}" {line}/>')
    fill = color if row["checked"] == "read" else "white"
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.2" fill="{fill}" stroke="{color}" '
                 'stroke-width="1.6"/>')  # fmt: skip
    if misses:
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7.5" fill="none" stroke="{MISS}" '
                     'stroke-width="1.6"/>')  # fmt: skip
        parts.append(_text(x + 11, y - 8, f"{row['study']} {quantity(row)}", 12, INK))
    return [*parts, "</g>"]


def _cross(x: float, y: float, color: str) -> str:
    path = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"
    return f'<path d="{path}" stroke="{color}" stroke-width="1.8" fill="none"/>'


def _text(  # noqa: PLR0913, PLR0917
    x: float, y: float, text: str, size: int = 12, color: str = MUTED, anchor: str = "start",
    weight: str = "400", more: str = "",
) -> str:  # fmt: skip
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}" '
        f'font-weight="{weight}"{more}>{escape(text)}</text>'
    )
