"""Calibration plot: predicted against observed shares with both intervals, as plain SVG."""

from collections.abc import Callable
from html import escape

from .validation_words import (
    EFFICACY,
    Row,
    by_class,
    fate,
    group,
    is_miss,
    is_rate,
    predicted,
    quantity,
    seen,
)

Place = Callable[[float], float]
Corner = tuple[float, float]  # left and top of a panel
COLORS = {"calibration": "#7a8797", "set from": "#d98300", "held out": "#0b5fa5"}
NAMES = {"calibration": "calibration trial", "set from": "a number was set from it",
         "held out": "held out"}  # fmt: skip
INK, MUTED, LINE, MISS = "#1b2330", "#566173", "#e1e4e6", "#b3400a"
SIZE, LEFT, TOP, GAP, BELOW = 410, 62, 74, 88, 100  # pixels
RIGHT = 0.7  # share from which a label stands to the left of its point
FEWEST = 5  # shares that a class of evidence needs to be drawn
TICKS = ((0.0, 0.25, 0.5, 0.75, 1.0), (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0))


def figure(rows: list[Row]) -> str:
    """Two panels for every class of evidence, response and toxicity, as one SVG.

    Response has a plain axis, toxicity a square-root one. A class with few shares is not drawn.
    """
    classes = by_class([row for row in rows if is_rate(row) and row["predicted"] is not None])
    classes = {kind: mine for kind, mine in classes.items() if len(mine) >= FEWEST}
    width, height = LEFT + 2 * SIZE + GAP + 24, TOP + len(classes) * (SIZE + BELOW)
    roles = {row["role"] for mine in classes.values() for row in mine}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, sans-serif">',
        "<title>Predicted against observed shares of patients, with both intervals</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *_key(roles),
    ]
    for i, (kind, mine) in enumerate(classes.items()):
        wanted = [row for row in mine if row["outcome"] in EFFICACY]
        others = [row for row in mine if row["outcome"] not in EFFICACY]
        top = TOP + i * (SIZE + BELOW)
        parts += _panel(f"{kind}: response and progression", wanted, (LEFT, top), False)
        right = LEFT + SIZE + GAP
        parts += _panel(f"{kind}: toxicity, square-root axes", others, (right, top), True)
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


def _panel(title: str, rows: list[Row], corner: Corner, rooted: bool) -> list[str]:
    left, top = corner

    def at(share: float) -> float:
        return SIZE * (share**0.5 if rooted else share)

    parts = [_text(left, top - 12, title, 14, INK, weight="600")]
    for tick in TICKS[rooted]:
        x, y = left + at(tick), top + SIZE - at(tick)
        grid = f'stroke="{LINE}"'
        parts.append(f'<path d="M{x:.1f} {top}V{top + SIZE}M{left} {y:.1f}H{left + SIZE}" {grid}/>')
        parts.append(_text(x, top + SIZE + 18, f"{100 * tick:g}", anchor="middle"))
        parts.append(_text(left - 8, y + 4, f"{100 * tick:g}", anchor="end"))
    parts.append(
        f'<path d="M{left} {top + SIZE}L{left + SIZE} {top}" stroke="{MUTED}" '
        'stroke-dasharray="5 4"/>'
    )
    parts.append(_text(left + SIZE / 2, top + SIZE + 42, "predicted, % (95 % of trials of that "
                       "size)", anchor="middle"))  # fmt: skip
    turned = f' transform="rotate(-90 {left - 40} {top + SIZE / 2})"'
    parts.append(_text(left - 40, top + SIZE / 2, "observed, % (exact 95 %)", anchor="middle",
                       more=turned))  # fmt: skip
    for row in sorted(rows, key=is_miss):
        parts += _point(row, corner, at)
    return parts


def _point(row: Row, corner: Corner, at: Place) -> list[str]:
    left, foot = corner[0], corner[1] + SIZE
    color, misses = COLORS[row["role"]], is_miss(row)
    x, y = left + at(row["predicted"]), foot - at(row["observed"])
    told = f"{row['study']}: {quantity(row)} {group(row)}".strip()
    hint = escape(f"{told}; seen {seen(row)} %, predicted {predicted(row)} %: {fate(row)}")
    low, high = (left + at(row[f"predicted_{end}"]) for end in ("low", "high"))
    width, opacity = (2, 0.9) if misses else (1, 0.45)
    line = f'stroke="{color}" stroke-width="{width}" opacity="{opacity}"'
    parts = [f"<g><title>{hint}</title>", f'<path d="M{low:.1f} {y:.1f}H{high:.1f}" {line}/>']
    if row["observed_low"] is None:
        return [*parts, _cross(x, y, color), "</g>"]
    bottom, peak = (foot - at(row[f"observed_{end}"]) for end in ("low", "high"))
    parts.append(f'<path d="M{x:.1f} {bottom:.1f}V{peak:.1f}" {line}/>')
    fill = color if row["checked"] == "read" else "white"
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.2" fill="{fill}" stroke="{color}" '
                 'stroke-width="1.6"/>')  # fmt: skip
    if misses:
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7.5" fill="none" stroke="{MISS}" '
                     'stroke-width="1.6"/>')  # fmt: skip
        away, anchor = (11, "start") if row["predicted"] < RIGHT else (-11, "end")
        label = f"{row['study']} {quantity(row)}"
        parts.append(_text(x + away, y - 8, label, 12, INK, anchor))
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
