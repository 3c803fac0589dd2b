"""Forest plots: every report's rate with its exact interval, and what was pooled, by class."""

from dataclasses import dataclass
from html import escape
from textwrap import shorten
from typing import TYPE_CHECKING

from ..evidence.results import OUTCOMES, Pooled, percent
from ..evidence.versus import Block, Line

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLORS = {
    "CAR-NK": "#0b5fa5", "CAR NK-92": "#3d9bd1", "NK without CAR": "#0a8f6c",
    "autologous CAR-T": "#c8500a", "allogeneic CAR-T": "#7a5cc0",
}  # fmt: skip
INK, MUTED, LINE = "#1b2330", "#566173", "#e1e4e6"
ROW, HEAD = 27, 118  # pixels
TICKS = [0, 25, 50, 75, 100]
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, sans-serif"


@dataclass(frozen=True)
class Row:
    """One line of the plot: a heading, a report or a pooled rate, at a height."""

    at: int
    color: str
    text: str
    line: Line | None = None
    pooled: Pooled | None = None


def figure(blocks: tuple[Block, ...]) -> "go.Figure":
    """Draw the reports of one outcome, class under class, as a plotly figure.

    Squares grow with the patients; hollow ones are unread; a cross has no denominator; a diamond is
    pooled, its thin line the prediction interval.
    """
    import plotly.graph_objects as go

    rows = _rows(blocks)
    fig = go.Figure()
    for row in rows:
        if row.line is not None:
            _report(fig, row, row.line)
        elif row.pooled is not None:
            _pool(fig, row, row.pooled)
        _words(fig, row)
    low = -len(rows) + 0.4
    fig.update_layout(
        template="plotly_white",
        title={"text": f"<b>{OUTCOMES[blocks[0].outcome]}</b>", "x": 0.0, "xanchor": "left"},
        font={"family": FONT, "size": 13, "color": INK},
        height=HEAD + ROW * len(rows), width=1056, showlegend=False, hovermode="closest",
        margin={"l": 296, "r": 396, "t": 46, "b": 44}, paper_bgcolor="white", plot_bgcolor="white",
    )  # fmt: skip
    fig.update_xaxes(
        range=[-2, 102], tickvals=TICKS, ticktext=[f"{x} %" for x in TICKS], gridcolor=LINE,
        zeroline=False, fixedrange=True, showline=True, linecolor=MUTED,
    )  # fmt: skip
    fig.update_yaxes(range=[low, 0.6], visible=False, fixedrange=True)
    return fig


def _rows(blocks: tuple[Block, ...]) -> list[Row]:
    rows: list[Row] = []
    for block in blocks:
        color = COLORS[block.evidence_class]
        rows.append(Row(-len(rows), color, f"<b>{escape(block.evidence_class)}</b>"))
        for line in block.lines:
            name = shorten(line.report.name, 40, placeholder="...")
            rows.append(Row(-len(rows), color, escape(name), line=line))
        for each in block.pools:
            name = f"<i>{each.pool.reports} pooled, {escape(each.scale)}</i>"
            rows.append(Row(-len(rows), color, name, pooled=each))
    return rows


def _report(fig: "go.Figure", row: Row, line: Line) -> None:
    seen = line.seen
    hint = escape(f"{line.report.name}: {seen.text}; {seen.scale or 'scale not found'}")
    faint = 0.45 if line.fit == "broader" else 1.0
    interval = seen.interval
    if seen.events is None or not seen.patients or interval is None:
        share = _share(seen.stated)
        if share is not None:
            fig.add_scatter(
                x=[share], y=[row.at], mode="markers", opacity=faint, hovertext=hint,
                hoverinfo="text", marker={"symbol": "x-thin", "size": 9, "color": row.color,
                                          "line": {"width": 2, "color": row.color}},
            )  # fmt: skip
        return
    low, high = (100 * end for end in interval)
    fig.add_scatter(
        x=[low, high], y=[row.at, row.at], mode="lines", opacity=faint, hoverinfo="skip",
        line={"color": row.color, "width": 2, "dash": "dot" if seen.unread else "solid"},
    )  # fmt: skip
    size = 6 + min(10, seen.patients**0.5 / 1.7)
    fig.add_scatter(
        x=[100 * seen.events / seen.patients], y=[row.at], mode="markers", opacity=faint,
        hovertext=hint, hoverinfo="text",
        marker={"symbol": "square-open" if seen.unread else "square", "color": row.color,
                "size": size, "line": {"width": 1.5, "color": row.color}},
    )  # fmt: skip


def _pool(fig: "go.Figure", row: Row, found: Pooled) -> None:
    pool = found.pool
    if pool.prediction is not None:
        fig.add_scatter(
            x=[100 * end for end in pool.prediction], y=[row.at, row.at], mode="lines",
            line={"color": row.color, "width": 1.2}, hoverinfo="skip",
        )  # fmt: skip
    low, high = (100 * end for end in pool.interval)
    middle = 100 * pool.rate
    fig.add_scatter(
        x=[low, middle, high, middle, low],
        y=[row.at, row.at + 0.28, row.at, row.at - 0.28, row.at], mode="lines", fill="toself",
        fillcolor=row.color, line={"color": row.color, "width": 1}, opacity=0.85,
        hovertext=escape(f"pooled: {_rate(found)}"), hoverinfo="text",
    )  # fmt: skip


def _words(fig: "go.Figure", row: Row) -> None:
    """The name at the left and the figures at the right of a row."""
    heading = row.line is None and row.pooled is None
    fig.add_annotation(
        x=0, xref="paper", xshift=-288, y=row.at, text=row.text, showarrow=False,
        xanchor="left", font={"size": 13, "color": row.color if heading else INK},
    )  # fmt: skip
    if heading:
        return
    text = _rate(row.pooled) if row.pooled is not None else _figures(row.line)
    fig.add_annotation(
        x=1, xref="paper", xshift=10, y=row.at, text=text, showarrow=False, xanchor="left",
        font={"size": 12, "color": MUTED},
    )  # fmt: skip


def _figures(line: Line | None) -> str:
    if line is None:
        return ""
    marks = [] if not line.seen.unread else ["unread"]
    marks += ["wider group"] if line.fit == "broader" else []
    marks += [line.report.design] if line.report.design != "trial" else []
    text = shorten(line.seen.text.replace("denominator not given", "no denominator"), 56)
    return escape(text) + (f" <i>{escape(', '.join(marks))}</i>" if marks else "")


def _rate(found: Pooled) -> str:
    low, high = (percent(end) for end in found.pool.interval)
    text = f"{percent(found.pool.rate)} % ({low}-{high} %)"
    if found.pool.prediction is not None:
        ahead = "-".join(percent(end) for end in found.pool.prediction)
        text += f", new trial {ahead} %"
    text += "" if found.pool.agrees else "; models disagree"
    return text.replace("<", "&lt;")


def _share(stated: str) -> float | None:
    number = stated.removesuffix(" %")
    return float(number) if number != stated else None
