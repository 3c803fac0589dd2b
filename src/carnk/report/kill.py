"""The picture of a killing curve: lysis with its band, the share of each arm, the healthy price."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base import Problem, SpecError, read_text, write_text_atomic
from ..killing import Assay, Choice, KillCurve, beside
from ..killing import kill as lysis_of
from ..killing.curve import NO_ANTIBODY
from ..library import Number, parse_number_file

if TYPE_CHECKING:
    import plotly.graph_objects as go

BLUE, RED, GRAY = "#0b62a4", "#b3261e", "#6b6b6b"
ARMS_SHOWN = 6
DENSITIES = tuple(float(x) for x in np.geomspace(200, 200_000, 25).round())


@dataclass(frozen=True)
class Killing:
    """What `carnk.kill` returns: a curve, and the healthy cells beside it if any were named."""

    curve: KillCurve
    beside: Choice | None = None
    healthy: str = ""

    def plot(self) -> "go.Figure":
        """Return the picture as a plotly figure."""
        return figure(self)

    def write(self, path: Path) -> None:
        """Write the picture as one HTML file that needs no network."""
        page = figure(self).to_html(include_plotlyjs=True, full_html=True)
        write_text_atomic(path, page)


def kill(
    product: str,
    target: str,
    et: Sequence[float] = (10.0, 5.0, 2.5, 1.25, 0.6),
    hours: float = 4.0,
    assay: Assay = NO_ANTIBODY,
    healthy: str = "",
    numbers: str | Path | None = None,
) -> Killing:
    """Lysis of a target by a product of the library, arm by arm; `.plot()` draws it.

    healthy: healthy cells to set beside the tumor over CAR density. numbers: a number file with the
    user's own numbers. SpecError for names, E:T or
    hours that are not known or not possible.

    >>> import carnk
    >>> carnk.kill("cd33_gen2", "kasumi1").curve.target
    'Kasumi-1'
    """
    own = _own(numbers) if numbers is not None else ()
    curve = lysis_of(product, target, et, hours, assay, own)
    if not healthy:
        return Killing(curve)
    middle = float(np.median(curve.et))
    return Killing(curve, beside(curve, healthy, DENSITIES, middle), healthy)


def _own(path: str | Path) -> tuple[Number, ...]:
    """Numbers of a file; SpecError if none is of the room killing."""
    path = Path(path)
    own = parse_number_file(read_text(path), path.name)
    if not any(number.room == "killing" for number in own):
        what = "none of its numbers is one that `kill` reads"
        raise SpecError(Problem(path.name, what, "See `carnk numbers --room killing`."))
    return own


def figure(found: Killing) -> "go.Figure":
    """Curve and arms side by side, and tumor against healthy cells where they were asked for."""
    from plotly.subplots import make_subplots

    c = found.curve
    titles = ["Lysis", f"Lysis lost without one arm, E:T {np.median(c.et):g}:1"]
    if found.beside is not None:
        titles.append(f"Over CAR density, E:T {np.median(c.et):g}:1")
    fig = make_subplots(cols=len(titles), rows=1, subplot_titles=titles, horizontal_spacing=0.12)
    _curve(fig, c)
    _arms(fig, c)
    if found.beside is not None:
        _beside(fig, found.beside, c.target, found.beside.name)
    antibody = f", {c.assay.antibody_nm:g} nM antibody on {c.assay.antibody}"
    fig.update_layout(
        template="plotly_white",
        title={
            "text": f"<b>{c.product} on {c.target}</b>, {c.hours:g} h"
            + (antibody if c.assay.antibody else ""),
            "x": 0.02,
        },
        font={"family": "Helvetica, Arial, sans-serif", "size": 14, "color": "#1c1c1c"},
        showlegend=False,
        height=500,
        margin={"l": 70, "r": 30, "t": 90, "b": 120},
    )
    fig.add_annotation(
        text=_note(c), xref="paper", yref="paper", x=0, y=-0.2, showarrow=False, align="left",
        yanchor="top", font={"size": 12, "color": GRAY},
    )  # fmt: skip
    return fig


def _curve(fig: "go.Figure", c: KillCurve) -> None:
    order = np.argsort(c.et)
    et, (low, high) = c.et[order], c.band
    low, high = low[order], high[order]
    fig.add_scatter(
        x=[*et, *et[::-1]], y=[*high, *low[::-1]], fill="toself", fillcolor="rgba(11,98,164,0.15)",
        mode="lines", line={"width": 0}, hoverinfo="skip", row=1, col=1,
    )  # fmt: skip
    fig.add_scatter(
        x=et, y=c.lysis_pct[order], mode="lines+markers", line={"color": BLUE, "width": 3},
        marker={"size": 9}, customdata=np.column_stack([low, high]), row=1, col=1,
        hovertemplate="%{x:g}:1: %{y:.0f} % "
        "(%{customdata[0]:.0f}-%{customdata[1]:.0f})<extra></extra>",
    )  # fmt: skip
    fig.update_xaxes(
        type="log", title="E:T", tickvals=et, ticktext=[f"{e:g}:1" for e in et], row=1, col=1
    )
    fig.update_yaxes(range=[0, 101], title="specific lysis, %", row=1, col=1)


def _arms(fig: "go.Figure", c: KillCurve) -> None:
    middle = int(np.argsort(c.et)[c.et.size // 2])
    ranked = sorted(c.shares.items(), key=lambda item: item[1][middle])[-ARMS_SHOWN:]
    names = [name for name, _ in ranked]
    lost = [100 * float(share[middle]) for _, share in ranked]
    fig.add_bar(
        x=lost, y=names, orientation="h", text=[f"{x:.0f} %" for x in lost],
        textposition="outside", cliponaxis=False, row=1, col=2,
        marker={"color": [RED if name == "CAR" else BLUE for name in names]},
        hovertemplate="without %{y}: %{x:.1f} % less<extra></extra>",
    )  # fmt: skip
    most = max(5.0, *lost)
    fig.update_xaxes(title="% of the lysis", range=[0, 1.2 * most], row=1, col=2)
    fig.update_yaxes(automargin=True, row=1, col=2)


def _beside(fig: "go.Figure", choice: Choice, tumor: str, healthy: str) -> None:
    shown = ((tumor, choice.tumor, RED, 0), (healthy, choice.healthy, GRAY, -1))
    for name, lysis, color, end in shown:
        fig.add_scatter(
            x=choice.density, y=100 * lysis, mode="lines", row=1, col=3, name=name,
            line={"color": color, "width": 3},
            hovertemplate=f"{name}: %{{y:.0f}} % at %{{x:,.0f}}<extra></extra>",
        )  # fmt: skip
        fig.add_annotation(
            x=np.log10(choice.density[end]), y=100 * lysis[end], text=name, showarrow=False,
            xanchor="left" if end == 0 else "right", yshift=28 if end == 0 else 16,
            font={"color": color}, row=1, col=3,
        )  # fmt: skip
    ticks = [300, 1000, 3000, 10_000, 30_000, 100_000]
    fig.update_xaxes(
        type="log", title="CAR copies per positive cell", tickvals=ticks,
        ticktext=[f"{t / 1000:g}k" for t in ticks], row=1, col=3,
    )  # fmt: skip
    fig.update_yaxes(range=[0, 101], title="specific lysis, %", row=1, col=3)


def _note(c: KillCurve) -> str:
    ligands = ", ".join(c.assumed) or "none"
    return (
        "Band: 95 % of draws over donors and over all that is not known. Arms overlap: their shares"
        f" do not add up.<br>Never measured on {c.target}, taken from priors: {ligands}."
    )
