"""The picture of courses: samples on a logarithmic axis, those below the limit, terminal slopes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ..assays.events import Events

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLORS = ("#0b62a4", "#c8500a", "#0a8f6c", "#7a5cc0", "#b3261e", "#3d9bd1", "#8a6d00", "#566173")
GRAY = "#6b6b6b"
MANY = 12  # patients from which on the legend is left out


def figure(events: Events, table: pl.DataFrame, names: Mapping[str, str]) -> "go.Figure":
    """One panel for each output; filled: quantified, hollow: below the limit, dashed: half-life.

    names: what each patient is called in the picture.
    """
    from plotly.subplots import make_subplots

    outputs = events.outputs
    titles = [output or "all samples" for output in outputs]
    fig = make_subplots(cols=1, rows=len(outputs), subplot_titles=titles if outputs[0] else None)
    for i, output in enumerate(outputs, 1):
        for k, patient in enumerate(events.ids):
            course = events.samples.filter(id=patient, output=output)
            if len(course):
                color = COLORS[k % len(COLORS)]
                _course(fig, course, (names[patient], color), i)
                whole = table.filter(id=patient, output=output, period="all")
                _slope(fig, whole.row(0, named=True), _first_dose(events, patient), color, i)
        fig.update_yaxes(
            type="log", title=events.value_unit or "DV", exponentformat="power", row=i, col=1
        )
    for dose in sorted(set(events.doses["time_days"].to_list()))[:20]:
        fig.add_vline(x=dose, line={"color": GRAY, "width": 1, "dash": "dot"})
    fig.update_xaxes(title="days", zeroline=False, row=len(outputs), col=1)
    fig.update_layout(
        template="plotly_white",
        title={"text": f"<b>Courses, patients: {len(events.ids)}</b>", "x": 0.02},
        font={"family": "Helvetica, Arial, sans-serif", "size": 14, "color": "#1c1c1c"},
        showlegend=len(events.ids) <= MANY,
        height=140 + 420 * len(outputs),
        margin={"l": 80, "r": 30, "t": 80, "b": 110},
    )
    note = "Hollow: below the limit of quantification, drawn at it. Dashed: terminal half-life."
    fig.add_annotation(
        text=note + (" Dotted: doses." if len(events.doses) else ""), xref="paper", yref="paper",
        x=0, y=0, yshift=-62, yanchor="top", showarrow=False, font={"size": 12, "color": GRAY},
    )  # fmt: skip
    return fig


def _first_dose(events: Events, patient: str) -> float:
    doses = events.doses.filter(id=patient)["time_days"].to_list()
    return float(min(doses, default=0.0))


def _course(fig: "go.Figure", course: pl.DataFrame, name: tuple[str, str], row: int) -> None:
    label, color = name
    is_below = pl.col("censored") == 1
    for part, mode in ((~is_below, "lines+markers"), (is_below, "markers")):
        drawn = course.filter((pl.col("value") > 0) & part)
        hollow = mode == "markers"
        fig.add_scatter(
            x=drawn["time_days"].to_list(), y=drawn["value"].to_list(), mode=mode, name=label,
            legendgroup=label, showlegend=row == 1 and not hollow, row=row, col=1,
            line={"color": color, "width": 2},
            marker={"size": 8, "color": "white" if hollow else color,
                    "line": {"color": color, "width": 2}},
            hovertemplate=f"{label}, day %{{x:g}}: {'<' if hollow else ''}%{{y:,.4g}}"
            "<extra></extra>",
        )  # fmt: skip


def _slope(
    fig: "go.Figure", found: dict[str, float | None], first: float, color: str, row: int
) -> None:
    """The terminal line through the last sample, from where it begins to day 28 or the end."""
    rate, last, value = (found[k] for k in ("lambda_z_per_day", "tlast_days", "clast"))
    if rate is None or last is None or value is None:
        return
    days = np.array([last, max(float(found["end_days"] or 0.0), last + 2 / rate)])
    fig.add_scatter(
        x=days + first, y=value * np.exp(-rate * (days - last)), mode="lines", row=row, col=1,
        line={"color": color, "width": 1.5, "dash": "dash"}, showlegend=False, hoverinfo="skip",
    )  # fmt: skip
