"""The pages of growth and of thaw."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..assays.et_curve import Estimate
from ..assays.growth import Grown
from ..assays.growth_files import Expansion, Growth
from ..assays.thaw import Pooled, Thaw
from .assay_page import COLORS, MUTED, Note, Picture, Table, laid_out, page, told
from .numerals import NONE, plural

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDE = 3
KINDS = ("viability", "recovery", "survival")
MEANS = {
    "viability": "live of all cells counted",
    "recovery": "live after thaw, of the cells on the label",
    "survival": "live a day after thaw, of those right after it",
}


def growth_page(found: Growth) -> str:
    """The page of growth as text."""
    cultures = sum(len(e.grown) for e in found.expansions)
    days = max(float(g.course.days[-1]) for e in found.expansions for g in e.grown)
    what = f"{plural(cultures, 'culture')} over {days:g} days"
    about = f"{what}; 95 % intervals throughout."
    flags = [Note(str(flag), False) for flag in found.flags]
    caption = "Points: counts. Lines: the law of growth that fits the group."
    pictures = [Picture("Cells over days", caption, courses(found))]
    if any(e.new for e in found.expansions):
        caption = (
            "Hollow: the culture alone. Filled: drawn toward the others as far as its error asks"
            " for. Diamond: the typical donor; its thin line: where a new donor would lie."
        )
        pictures.append(Picture("Doubling times", caption, doublings(found)))
    rows = [
        (
            _name(e, g), told(g.fold), told(g.doubling_days), _interval(shrunk),
            told(g.lag_days), told(g.plateau_cells), g.law,
        )
        for e in found.expansions for g, shrunk in zip(e.grown, e.shrunk)
    ]  # fmt: skip
    heads = ("Culture", "Fold", "Doubling, days", "Among donors", "Lag, days", "Plateau", "Law")
    why = "; ".join(
        f"{e.group or 'all'}: {e.grown[0].law} law, {e.grown[0].why}" for e in found.expansions
    )
    caption = f"Fold is last count over first. {why}."
    tables = [Table("In numbers", caption, heads, rows)]
    return page("Growth of cultures", about, flags, pictures, tables)


def _name(e: Expansion, g: Grown) -> str:
    return " ".join(part for part in (g.course.donor, e.group) if part) or "culture"


def _interval(interval: tuple[float, float, float] | None) -> str:
    return told(Estimate(*interval)) if interval else ""


def courses(found: Growth) -> "go.Figure":
    """Counts and fitted laws, a panel for each group."""
    from plotly.subplots import make_subplots

    groups = found.expansions
    columns = min(len(groups), WIDE)
    rows = -(-len(groups) // columns)
    titles = [e.group for e in groups] if len(groups) > 1 else None
    fig = make_subplots(rows, columns, subplot_titles=titles, shared_yaxes=True)
    for k, e in enumerate(groups):
        at = {"row": k // columns + 1, "col": k % columns + 1}
        for i, g in enumerate(e.grown):
            color = COLORS[i % len(COLORS)]
            fig.add_scatter(
                x=g.curve[0], y=g.curve[1], mode="lines", line={"color": color, "width": 2},
                hoverinfo="skip", showlegend=False, **at,
            )  # fmt: skip
            fig.add_scatter(
                x=g.course.days, y=g.course.cells, mode="markers",
                marker={"color": color, "size": 8}, name=_name(e, g),
                hovertemplate="day %{x:g}: %{y:.3g} cells<extra></extra>", **at,
            )  # fmt: skip
    fig.update_yaxes(type="log", exponentformat="power", dtick=1)
    fig.update_yaxes(title="viable cells", col=1)
    fig.update_xaxes(title="days", row=rows)
    return laid_out(fig, 160 + 330 * rows, legend={"orientation": "h", "y": -0.16 / rows})


def doublings(found: Growth) -> "go.Figure":
    """Doubling times of cultures alone and among donors, and of the typical donor."""
    import plotly.graph_objects as go

    fig = go.Figure()
    names: list[str] = []
    for k, e in enumerate(found.expansions):
        color = COLORS[k % len(COLORS)]
        for g, shrunk in zip(e.grown, e.shrunk):
            d = g.doubling_days
            names.append(_name(e, g))
            if d.value is not None and d.low is not None and d.high is not None:
                _dot(fig, names[-1], (d.value, d.low, d.high), color, "circle-open", 0.18)
            if shrunk is not None:
                _dot(fig, names[-1], shrunk, color, "circle", -0.18)
        if e.doubling_days is not None and e.new is not None:
            names.append(f"typical {e.group or 'donor'}")
            _, low, high = e.new
            y = len(names) - 1
            fig.add_scatter(
                x=[low, high], y=[y, y], mode="lines", line={"color": color, "width": 1},
                hoverinfo="skip",
            )  # fmt: skip
            _dot(fig, names[-1], e.doubling_days, color, "diamond", 0.0, y)
        for trace in fig.data:
            if isinstance(trace.y[0], str):
                trace.y = [names.index(trace.y[0]) + float(trace.meta)] * len(trace.y)
    ticks = list(range(len(names)))
    fig.update_yaxes(tickvals=ticks, ticktext=names, autorange="reversed")
    fig.update_xaxes(title="doubling time, days", rangemode="tozero")
    fig = laid_out(fig, 110 + 34 * len(names), showlegend=False)
    return fig.update_layout(margin={"l": 190})


def _dot(
    fig: "go.Figure",
    name: str,
    interval: tuple[float, float, float],
    color: str,
    symbol: str,
    shift: float,
    y: float | None = None,
) -> None:
    middle, low, high = interval
    fig.add_scatter(
        x=[middle], y=[name if y is None else y], meta=shift, mode="markers",
        marker={"symbol": symbol, "size": 10, "color": color},
        error_x={"array": [high - middle], "arrayminus": [middle - low], "thickness": 1.6,
                 "width": 0, "color": color},
        hovertemplate=f"{name}: {middle:.2f} ({low:.2f}-{high:.2f}) days<extra></extra>",
    )  # fmt: skip


def thaw_page(found: Thaw) -> str:
    """The page of thaw as text."""
    about = f"{plural(len(found.vials), 'count')}; 95 % intervals throughout."
    flags = [Note(str(flag), False) for flag in found.flags]
    caption = (
        "Points: vials with their counting error. Diamonds: all vials of the container together;"
        " thin line: where a new vial would lie."
    )
    pictures = [Picture("After thaw", caption, vials(found))]
    rows = [
        (
            _label(p), p.what, str(p.vials), _percents(p.typical),
            _percents(p.new) if p.new else NONE,
        )
        for p in found.pooled
    ]  # fmt: skip
    heads = ("Container and day", "What", "Vials", "Typical vial", "A new vial")
    tables = [Table("In numbers", "With intervals that hold 95 %.", heads, rows)]
    return page("Cells after thaw", about, flags, pictures, tables)


def _percents(interval: tuple[float, float, float]) -> str:
    middle, low, high = (f"{100 * x:.0f}" for x in interval)
    return f"{middle} % ({low}–{high})"


def _label(p: Pooled) -> str:
    return f"{p.container or 'all vials'}, day {p.day:g}"


def vials(found: Thaw) -> "go.Figure":
    """Viability, recovery and survival of vials by container and day."""
    from plotly.subplots import make_subplots

    kinds = [kind for kind in KINDS if any(p.what == kind for p in found.pooled)]
    titles = [f"{kind.capitalize()}: {MEANS[kind]}" for kind in kinds]
    fig = make_subplots(len(kinds), 1, subplot_titles=titles, vertical_spacing=0.3 / len(kinds))
    for row, kind in enumerate(kinds, start=1):
        places = [p for p in found.pooled if p.what == kind]
        for k, p in enumerate(places):
            _vials(fig, _of(found, p), p, k, row)
        labels = [_label(p) for p in places]
        fig.update_xaxes(tickvals=list(range(len(places))), ticktext=labels, row=row, col=1)
        fig.update_xaxes(range=[-0.6, len(places) - 0.4], row=row, col=1)
    fig.update_yaxes(rangemode="tozero", tickformat=".0%")
    fig.add_hline(y=1, line={"color": MUTED, "width": 1, "dash": "dot"})
    return laid_out(fig, 60 + 280 * len(kinds), showlegend=False)


def _of(found: Thaw, p: Pooled) -> list[Estimate]:
    if p.what == "survival":
        return [s.share for s in found.survivals if s.first.container == p.container]
    own = [v for v in found.vials if (v.container, v.day) == (p.container, p.day)]
    return [v.viability if p.what == "viability" else v.recovery for v in own]


def _vials(fig: "go.Figure", shares: Sequence[Estimate], p: Pooled, place: int, row: int) -> None:
    color = COLORS[place % len(COLORS)]
    known = [s for s in shares if s.value is not None]
    x = place - 0.22 + np.linspace(-0.16, 0.16, max(len(known), 2))[: len(known)]
    value = np.array([s.value for s in known], float)
    up = np.array([s.high for s in known], float) - value
    down = value - np.array([s.low for s in known], float)
    fig.add_scatter(
        x=x, y=value, mode="markers", marker={"color": color, "size": 6, "opacity": 0.6},
        error_y={"array": up, "arrayminus": down, "thickness": 1, "width": 0, "color": color},
        hovertemplate="%{y:.1%}<extra></extra>", row=row, col=1,
    )  # fmt: skip
    middle, low, high = p.typical
    at = place + 0.2
    if p.new is not None:
        fig.add_scatter(
            x=[at, at], y=[p.new[1], p.new[2]], mode="lines", hoverinfo="skip",
            line={"color": color, "width": 1}, row=row, col=1,
        )  # fmt: skip
    fig.add_scatter(
        x=[at], y=[middle], mode="markers",
        marker={"color": color, "size": 12, "symbol": "diamond"},
        error_y={"array": [high - middle], "arrayminus": [middle - low], "thickness": 2.4,
                 "width": 0, "color": color},
        hovertemplate="%{y:.1%}<extra></extra>", row=row, col=1,
    )  # fmt: skip
