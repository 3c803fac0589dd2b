"""The page of an assay: what is flagged, pictures and tables in one file that needs no network."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from ..assays.et_curve import Estimate
from .numerals import NONE, number, span
from .rendering import render

if TYPE_CHECKING:
    import plotly.graph_objects as go

INK, MUTED, LINE, RED = "#1b2330", "#566173", "#e1e4e6", "#b3261e"
COLORS = ("#0b5fa5", "#d98300", "#0a8f6c", "#b5508a", "#7a5cc0", "#3d9bd1", "#8a6d00", "#566173")
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, sans-serif"


@dataclass(frozen=True)
class Picture:
    """A figure with its title and what to read from it."""

    title: str
    caption: str
    figure: "go.Figure"


@dataclass(frozen=True)
class Table:
    """A table with its title and what its columns are."""

    title: str
    caption: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Note:
    """What is flagged; grave: something was left out."""

    text: str
    grave: bool


def page(
    title: str,
    about: str,
    flags: Sequence[Note],
    pictures: Sequence[Picture],
    tables: Sequence[Table],
) -> str:
    """The whole page as text."""
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    from .. import __version__

    figures = [
        {"title": p.title, "caption": p.caption, "html": Markup(_html(p.figure, i))}
        for i, p in enumerate(pictures, 1)
    ]
    return render(
        "assay.html", title=title, about=about, flags=flags, figures=figures,
        tables=[t for t in tables if t.rows], plotly=Markup(get_plotlyjs()), version=__version__,
    )  # fmt: skip


def _html(figure: "go.Figure", index: int) -> str:
    html = figure.to_html(
        include_plotlyjs=False,
        full_html=False,
        div_id=f"figure-{index}",  # plotly's own is random
        config={"displayModeBar": False, "responsive": True},
    )
    return str(html)


def laid_out(figure: "go.Figure", height: int, **layout: object) -> "go.Figure":
    """The house's look on a figure."""
    figure.update_layout(
        template="plotly_white", font={"family": FONT, "size": 13, "color": INK}, height=height,
        margin={"l": 62, "r": 20, "t": 44, "b": 56}, paper_bgcolor="white", plot_bgcolor="white",
        **layout,
    )  # fmt: skip
    figure.update_xaxes(gridcolor=LINE, zeroline=False, showline=True, linecolor=MUTED)
    figure.update_yaxes(gridcolor=LINE, zeroline=False, showline=True, linecolor=MUTED)
    return figure


def told(estimate: Estimate, digits: int = 3) -> str:
    """'1.8 (1.5–2.4)', an open end as '…', a dash where there is no number."""
    if estimate.value is None or not isfinite(estimate.value):
        return NONE
    middle = number(estimate.value, digits)
    if estimate.low is None and estimate.high is None:
        return f"{middle} ({estimate.why})" if estimate.why else middle
    if estimate.low is None or estimate.high is None:
        low, high = ("…" if e is None else number(e, digits) for e in (estimate.low, estimate.high))
        return f"{middle} ({low} to {high})"
    return f"{middle} ({span(estimate.low, estimate.high, digits)})"
