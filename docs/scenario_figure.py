"""One picture per scenario: differences between arms in the same patients, as plain SVG."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

WIDTH, MARGIN, ROW, HEAD, AXIS = 480, 12, 46, 30, 34  # pixels
INK, MUTED, LINE, CLEAR, OPEN = "#1b2330", "#566173", "#d5d9dd", "#0b5fa5", "#8a94a3"
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, sans-serif"
LABELS = {
    "response": "Response",
    "complete_response": "Complete response",
    "pfs": "Progression-free at 1 year",
    "crs": "CRS, any grade",
    "crs_grade_3": "CRS, grade 3 or higher",
    "gvhd": "GvHD, grade 2 or higher",
    "detected_day_365": "Cells seen at 1 year",
    "tlast_day": "Last day with cells",
    "b_cell_recovery_day": "Day B cells return",
}
ENDS = {"share": (0.05, 0.1, 0.2, 0.5, 1.0), "days": (10, 20, 50, 100, 200, 500, 1000)}


@dataclass(frozen=True)
class Line:
    """An arm against the first one in one outcome; shares from 0 to 1, or days."""

    arm: str
    outcome: str
    label: str
    unit: str
    before: float
    after: float
    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.low > 0 or self.high < 0

    @property
    def text(self) -> str:
        """'+12 (−3 to +27)', in points of percent or days."""
        scale = 100 if self.unit == "share" else 1
        mean, low, high = (signed(scale * x) for x in (self.mean, self.low, self.high))
        return f"{mean} ({low} to {high})"


def signed(value: float) -> str:
    """'+12', '−3.4', '0': whole numbers from ten up, one decimal below."""
    text = f"{value:+.0f}" if abs(value) >= 10 else f"{value:+.1f}".removesuffix(".0")
    return "0" if text in ("+0", "-0") else text.replace("-", "−")


def figure(reference: str, lines: list[Line]) -> str:
    """Arm under arm, outcomes in points of percent and then in days, each with its own axis."""
    parts, y = [], 4
    for arm in dict.fromkeys(line.arm for line in lines):
        heading = f"{arm} less {reference}"
        parts.append(_text(MARGIN, y + 19, heading, size=15, weight="bold"))
        y += HEAD
        for unit in ("share", "days"):
            mine = [line for line in lines if (line.arm, line.unit) == (arm, unit)]
            if mine:
                top = _top([line for line in lines if line.unit == unit], unit)
                parts += _panel(mine, top, unit, y)
                y += ROW * len(mine) + AXIS
    title = escape(f"{', '.join(dict.fromkeys(line.arm for line in lines))} less {reference}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" role="img"'
        f' viewBox="0 0 {WIDTH} {y}" font-family="{FONT}">\n<title>{title}</title>\n'
        f'<rect width="{WIDTH}" height="{y}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _top(lines: list[Line], unit: str) -> float:
    """The end of an axis around zero that holds every interval."""
    most = max(max(abs(line.low), abs(line.high)) for line in lines)
    return next((end for end in ENDS[unit] if most <= end), most)


def _panel(lines: list[Line], top: float, unit: str, y: int) -> Iterator[str]:
    bottom = y + ROW * len(lines)
    scale = 100 if unit == "share" else 1
    for share in (-1.0, -0.5, 0.0, 0.5, 1.0):
        x = _at(share * top, top)
        color = MUTED if share == 0 else LINE
        yield f'<line x1="{x}" x2="{x}" y1="{y + 4}" y2="{bottom}" stroke="{color}"/>'
        anchor = {-1.0: "start", 1.0: "end"}.get(share, "middle")
        words = {("share", 1.0): " points", ("days", 1.0): " days"}.get((unit, share), "")
        yield _text(x, bottom + 16, signed(scale * share * top) + words, 13, MUTED, anchor)
    for i, line in enumerate(lines):
        yield from _row(line, top, y + i * ROW)


def _row(line: Line, top: float, y: int) -> Iterator[str]:
    color = CLEAR if line.is_clear else OPEN
    ends = [_at(x, top) for x in (line.low, line.high, line.mean)]
    yield f'<rect x="{MARGIN}" y="{y + 2}" width="{WIDTH - 2 * MARGIN}" height="20" fill="white"/>'
    yield _text(MARGIN, y + 17, f"{line.label}  {_levels(line)}", 15)
    yield _text(WIDTH - MARGIN, y + 17, line.text, 15, color, "end", "bold")
    yield (
        f'<line x1="{ends[0]}" x2="{ends[1]}" y1="{y + 33}" y2="{y + 33}" stroke="{color}"'
        ' stroke-width="5" stroke-linecap="round" opacity="0.55"/>'
    )
    fill = color if line.is_clear else "white"
    yield (
        f'<circle cx="{ends[2]}" cy="{y + 33}" r="5.5" fill="{fill}" stroke="{color}"'
        ' stroke-width="2"/>'
    )


def _levels(line: Line) -> str:
    """'29 → 42 %': in the first arm and in this one."""
    scale, unit = (100, "%") if line.unit == "share" else (1, "d")
    before, after = (signed(scale * x).removeprefix("+") for x in (line.before, line.after))
    return f"{before} → {after} {unit}"


def _at(value: float, top: float) -> float:
    """Place on an axis from -top to top."""
    inside = (WIDTH - 4 * MARGIN) * (value + top) / (2 * top)
    return round(2 * MARGIN + inside, 1)


def _text(
    x: float, y: float, text: str, size: int, color: str = INK, anchor: str = "start",
    weight: str = "normal",
) -> str:  # fmt: skip
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{color}" text-anchor="{anchor}"'
        f' font-weight="{weight}">{escape(text)}</text>'
    )
