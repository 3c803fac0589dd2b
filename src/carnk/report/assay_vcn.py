"""The picture of vector copies: every sample with its interval, and the standard curves of qPCR."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..assays.vcn_files import Report

if TYPE_CHECKING:
    import plotly.graph_objects as go

BLUE, RED, GRAY = "#0b62a4", "#b3261e", "#6b6b6b"
COLORS = (BLUE, "#c8500a", "#0a8f6c", "#7a5cc0")


def figure(report: Report, names: Mapping[str, str]) -> "go.Figure":
    """Copies per cell and per CAR-positive cell; names: what each sample is called."""
    from plotly.subplots import make_subplots

    titles = ["Vector copies", *(["Standard curves"] if report.curves else [])]
    fig = make_subplots(cols=len(titles), rows=1, subplot_titles=titles, horizontal_spacing=0.14)
    labels = [
        names[each.sample] + (f", {each.target}" if _has_targets(report) else "")
        for each in report.results
    ]
    _dots(fig, report, labels)
    for k, each in enumerate(report.curves):
        line, color = each.line, COLORS[k % len(COLORS)]
        x = np.array(line.span)
        fig.add_scatter(
            x=10**x, y=line.intercept + line.slope * x, mode="lines", row=1, col=2,
            line={"color": color, "width": 2}, name=f"{each.target}: {each.efficiency:.0%}",
        )  # fmt: skip
        copies, cq = zip(*each.points)
        fig.add_scatter(
            x=copies, y=cq, mode="markers", marker={"color": color, "size": 7}, showlegend=False,
            row=1, col=2,
        )  # fmt: skip
    if report.curves:
        fig.update_xaxes(type="log", title="copies of the standard", row=1, col=2)
        fig.update_yaxes(title="Cq", row=1, col=2)
    fig.update_layout(
        template="plotly_white",
        title={"text": f"<b>Vector copies by {report.method}</b>, reference {report.reference}",
               "x": 0.02},
        font={"family": "Helvetica, Arial, sans-serif", "size": 14, "color": "#1c1c1c"},
        height=max(420, 240 + 44 * len(labels)), legend={"orientation": "h", "y": -0.2},
        margin={"l": 150, "r": 40, "t": 100, "b": 110},
    )  # fmt: skip
    return fig


def _has_targets(report: Report) -> bool:
    return len({each.target for each in report.results}) > 1


def _dots(fig: "go.Figure", report: Report, labels: list[str]) -> None:
    total = [(i - 0.12, each.total) for i, each in enumerate(report.results)]
    per_car = [
        (i + 0.12, each.per_car.copies) for i, each in enumerate(report.results) if each.per_car
    ]
    for name, color, rows in (
        ("per cell of all", BLUE, total), ("per CAR-positive cell", RED, per_car)
    ):  # fmt: skip
        if not rows:
            continue
        fig.add_scatter(
            x=[each.value for _, each in rows], y=[at for at, _ in rows], mode="markers", name=name,
            marker={"color": color, "size": 10}, row=1, col=1,
            error_x={"type": "data", "symmetric": False, "color": color, "thickness": 2,
                     "array": [each.high - each.value for _, each in rows],
                     "arrayminus": [each.value - each.low for _, each in rows]},
            hovertemplate="%{x:.3g} copies " + name + "<extra></extra>",
        )  # fmt: skip
    places = list(range(len(labels)))
    fig.update_yaxes(
        tickvals=places, ticktext=labels, autorange="reversed", automargin=True, row=1, col=1
    )
    fig.update_xaxes(title="copies per cell (95 %)", rangemode="tozero", row=1, col=1)
