"""The page of a designed plate: the map to pipette by, and power over replicates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..assays.blocks import row_name
from ..assays.plate import position
from ..assays.replicates import Comparison, Place, power_of
from ..base import new_folder_atomic
from .rendering import render

COLORS = ("#0b62a4", "#c8500a", "#0a8f6c", "#7a5cc0", "#b3261e", "#3d9bd1", "#8a6d00", "#566173")
PALE = {"standard": "#d8d2f0", "blank": "#e6e6e6", "empty": "#ffffff"}
FONT = {"family": "Helvetica, Arial, sans-serif", "size": 14, "color": "#1c1c1c"}


def write(
    folder: Path, asked: Comparison, groups: Sequence[str], places: Sequence[Place], layout: str
) -> None:
    """Write layout.csv and plate.html into a new folder, whole or not at all."""
    with new_folder_atomic(folder) as inside:
        (inside / "layout.csv").write_text(layout, encoding="utf-8")
        (inside / "plate.html").write_text(page(asked, groups, places), encoding="utf-8")


def page(asked: Comparison, groups: Sequence[str], places: Sequence[Place]) -> str:
    """One page that needs no network."""
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    figures = {"plate": _plate(groups, places), "power": _power(asked)}
    text = json.dumps(figures, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return render(
        "design_plate.html",
        asked=asked,
        groups=groups,
        figures=Markup(text),
        plotly=Markup(get_plotlyjs()),
    )


def _plate(groups: Sequence[str], places: Sequence[Place]) -> dict[str, Any]:
    """Wells as circles, colored by group; one trace for each kind, so that the legend names it."""
    rows = 1 + max(position(p.well)[0] for p in places)
    columns = 1 + max(position(p.well)[1] for p in places)
    kinds = [*groups, *(role for role in PALE if any(p.role == role for p in places))]
    traces = []
    for i, kind in enumerate(kinds):
        own = [p for p in places if kind in (p.group, p.role if not p.group else "")]
        at = [position(p.well) for p in own]
        color = COLORS[i % len(COLORS)] if kind in groups else PALE[kind]
        traces.append({
            "type": "scatter", "mode": "markers+text", "name": kind,
            "x": [c + 1 for _, c in at], "y": [r + 1 for r, _ in at],
            "marker": {"size": min(34, 400 / columns), "color": color,
                       "line": {"color": "#b8b8b8", "width": 1}},
            "text": [str(p.replicate or "") for p in own],
            "textfont": {"color": "white", "size": 12},
            "hovertext": [f"{p.well}: {kind} {p.concentration or p.replicate or ''}" for p in own],
            "hoverinfo": "text",
        })  # fmt: skip
    axis = {"showgrid": False, "zeroline": False}
    layout = {
        "font": FONT, "plot_bgcolor": "white", "height": 60 + 46 * rows if rows < 12 else 640,
        "margin": {"l": 40, "r": 20, "t": 40, "b": 20},
        "xaxis": axis | {"side": "top", "dtick": 1, "range": [0.4, columns + 0.6]},
        "yaxis": axis | {"range": [rows + 0.6, 0.4], "tickvals": list(range(1, rows + 1)),
                         "ticktext": [row_name(r) for r in range(rows)]},
    }  # fmt: skip
    return {"data": traces, "layout": layout}


def _power(asked: Comparison) -> dict[str, Any]:
    most = max(2 * asked.replicates, 6)
    step = max(1, most // 60)
    n = list(range(2, most + 1, step))
    power = [100 * power_of(asked.effect / asked.sd, each, asked.alpha) for each in n]
    here = {"x": [asked.replicates], "y": [100 * asked.power], "mode": "markers"}
    traces = [
        {"type": "scatter", "x": n, "y": power, "mode": "lines+markers", "showlegend": False,
         "line": {"color": COLORS[0], "width": 3}, "marker": {"size": 5},
         "hovertemplate": "%{x} replicates: %{y:.1f} %<extra></extra>"},
        here | {"type": "scatter", "marker": {"size": 13, "color": COLORS[1]}, "showlegend": False,
                "hoverinfo": "skip"},
    ]  # fmt: skip
    grid = {"gridcolor": "#e8e8e8", "zeroline": False}
    layout = {
        "font": FONT, "plot_bgcolor": "white", "height": 320,
        "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
        "xaxis": grid | {"title": {"text": "replicates of each group"}},
        "yaxis": grid | {"title": {"text": "power, %"}, "range": [0, 102]},
    }  # fmt: skip
    return {"data": traces, "layout": layout}
