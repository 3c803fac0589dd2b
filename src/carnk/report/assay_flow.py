"""The picture of a stain: histogram of the gated cells, control and threshold, population tree."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..assays.density import Array, kernel_bins, scale_of, smooth
from ..assays.flow import Stain, together

if TYPE_CHECKING:
    import plotly.graph_objects as go

BLUE, RED, GRAY = "#0b62a4", "#b3261e", "#6b6b6b"
COLORS = (BLUE, "#0a8f6c", "#7a5cc0", "#c8500a", "#3d9bd1", "#8a6d00")
BINS, DRAWN = 160, 20_000
TICKS = (-10_000, -1000, -100, 0, 100, 1000, 10_000, 100_000, 1_000_000)


def figure(stains: Sequence[Stain], names: Sequence[str]) -> "go.Figure":
    """Histogram beside the tree of populations; names: what each sample is called."""
    from plotly.subplots import make_subplots

    drawn = [each for each in stains if len(each.values)]
    titles = ["Populations", *([f"{drawn[0].marker} of the gated cells"] if drawn else [])]
    fig = make_subplots(cols=len(titles), rows=1, subplot_titles=titles, horizontal_spacing=0.16)
    _tree(fig, stains, names)
    if drawn:
        _histograms(fig, drawn, [n for n, s in zip(names, stains) if len(s.values)])
    rows = sum(len(each.populations) for each in stains)
    fig.update_layout(
        template="plotly_white",
        title={"text": f"<b>{_title(stains)}</b>", "x": 0.02},
        font={"family": "Helvetica, Arial, sans-serif", "size": 14, "color": "#1c1c1c"},
        height=max(480, 160 + 34 * rows),
        showlegend=len(stains) > 1 or any(len(each.control) for each in stains),
        legend={"orientation": "h", "y": -0.18},
        margin={"l": 150, "r": 40, "t": 100, "b": 120},
    )
    return fig


def _title(stains: Sequence[Stain]) -> str:
    share, positive = together(stains), stains[0].positive
    if share is None or positive is None:
        return "Populations"
    percents = f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"
    return f"{positive.name}: {percents} of {positive.path[-1] if positive.path else 'all events'}"


def _tree(fig: "go.Figure", stains: Sequence[Stain], names: Sequence[str]) -> None:
    """Bars of each population's share of its parent, children indented below."""
    labels, shares, texts, colors = [], [], [], []
    for k, (each, name) in enumerate(zip(stains, names)):
        for population in each.populations:
            indent = "· " * len(population.path)
            labels.append(f"{indent}{population.name}" + (f" {name}" if len(stains) > 1 else ""))
            shares.append(100 * population.share if population.parent_count else 0.0)
            texts.append(f"{shares[-1]:.1f} % ({population.count:,})")
            is_positive = population == each.positive
            colors.append(RED if is_positive and len(stains) == 1 else COLORS[k % len(COLORS)])
    places = list(range(len(labels)))
    fig.add_bar(
        x=shares, y=places, orientation="h", text=texts, textposition="auto", cliponaxis=False,
        marker={"color": colors}, showlegend=False, row=1, col=1, hoverinfo="skip",
    )  # fmt: skip
    fig.update_yaxes(
        tickvals=places, ticktext=labels, autorange="reversed", automargin=True, row=1, col=1
    )
    fig.update_xaxes(title="% of the population above", range=[0, 103], row=1, col=1)


def _histograms(fig: "go.Figure", stains: Sequence[Stain], names: Sequence[str]) -> None:
    shown = np.concatenate([_few(each.values) for each in stains])
    cofactor = scale_of(shown)
    low, high = (float(np.quantile(shown, q)) for q in (0.0005, 0.9995))
    edges = np.linspace(np.arcsinh(low / cofactor), np.arcsinh(high / cofactor), BINS + 1)
    for k, (each, name) in enumerate(zip(stains, names)):
        scale = edges, cofactor
        _curve(fig, each.values, scale, name, COLORS[k % len(COLORS)])
        if len(each.control) and k == 0:
            _curve(fig, each.control, scale, "negative control", GRAY)
        if each.threshold is not None:
            fig.add_vline(
                x=float(np.arcsinh(each.threshold / cofactor)), row=1, col=2,
                line={"color": RED if len(stains) == 1 else COLORS[k % len(COLORS)], "dash": "dash",
                      "width": 1.5},
            )  # fmt: skip
    inside = [tick for tick in TICKS if low <= tick <= 1.5 * high]
    ticks = [tick for tick in inside if tick == 0 or abs(tick) >= cofactor]
    fig.update_xaxes(
        tickvals=[float(np.arcsinh(tick / cofactor)) for tick in ticks],
        ticktext=[f"{tick:,}" for tick in ticks], title="intensity (arcsinh scale)", row=1, col=2,
    )  # fmt: skip
    fig.update_yaxes(title="cells, % of the highest", rangemode="tozero", row=1, col=2)


def _curve(
    fig: "go.Figure", values: Array, scale: tuple[Array, float], name: str, color: str
) -> None:
    edges, cofactor = scale
    few = _few(values)
    counts = np.histogram(np.arcsinh(few / cofactor), edges)[0].astype(float)
    curve = smooth(counts, kernel_bins(len(few)) / 2)
    fig.add_scatter(
        x=(edges[1:] + edges[:-1]) / 2, y=100 * curve / max(curve.max(), 1e-9), mode="lines",
        name=name, line={"color": color, "width": 2}, fill="tozeroy", row=1, col=2,
        hoverinfo="skip",
        fillcolor=f"rgba({','.join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5))},0.12)",
    )  # fmt: skip


def _few(values: Array) -> Array:
    """At most 20,000 of the values, evenly taken."""
    return values[:: -(-len(values) // DRAWN)]
