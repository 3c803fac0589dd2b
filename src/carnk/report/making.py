"""The page of a process: fold curves, the way of the cells, release, what matters, the bill."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import new_folder_atomic, write_text_atomic
from ..library import bibtex, load
from ..making import Lots
from ..making.lots import MEASURES
from ..making.materials import bill, day_plan
from .making_text import SHARES, told
from .numerals import number, power_of_ten
from .rendering import render

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..making.influence import Influence

BLUE, BAND, RED, GRAY = "#0b5fa5", "rgba(11,95,165,0.18)", "#b3400a", "#566173"
QUANTILES = (2.5, 50.0, 97.5)
SHOWN = 12
COLUMNS = (
    "doses", "bags", "cells", "viability", "viability_after_thaw", "recovery_after_thaw",
    "killing_after_thaw", "purity", "car_positive", "vcn_total", "vcn_car_positive",
    "near_oncogene", "t_cells_per_kg", "potency", "memory_like", "days", "culture_days", "cost",
    "released",
)  # fmt: skip


def write(folder: Path, lots: Lots, moved: Sequence[Influence]) -> None:
    """Write report.html, lots.csv, summary.json and references.bib into a new folder, or nothing.

    SpecError if something stands there already.
    """
    with new_folder_atomic(folder) as inside:
        write_text_atomic(inside / "report.html", page(lots, moved))
        write_text_atomic(inside / "lots.csv", lots_csv(lots))
        write_text_atomic(inside / "summary.json", json.dumps(told(lots, moved), indent=1))
        write_text_atomic(inside / "numbers.csv", numbers_csv(lots))
        sources = sorted({n.source for n in lots.numbers if n.source})
        write_text_atomic(inside / "references.bib", bibtex(sources))


def lots_csv(lots: Lots) -> str:
    """One row a lot: attributes, release, and the reasons of failure."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("lot", *COLUMNS, "failed"))
    table = [getattr(lots, name) for name in COLUMNS]
    for i in range(lots.doses.size):
        why = ";".join(r for r, bad in zip(lots.reasons, lots.failures[i]) if bad)
        writer.writerow((i, *(f"{float(column[i]):.6g}" for column in table), why))
    return stream.getvalue()


def numbers_csv(lots: Lots) -> str:
    """The numbers that the process read."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("id", "value", "unit", "basis", "source", "at", "checked", "why"))
    given, values = lots.process.given, lots.process.numbers
    for n in lots.numbers:
        basis = "given by the process file" if n.id in given else n.basis
        value = values.get(n.id, n.value)
        writer.writerow((n.id, value, n.unit, basis, n.source, n.at, n.checked, n.why))
    return stream.getvalue()


def page(lots: Lots, moved: Sequence[Influence]) -> str:
    """The whole page as text."""
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    figures = {
        "growth": growth(lots),
        "way": way(lots),
        "release": release(lots),
        "matters": matters(moved),
        "cost": cost(lots),
        "correlation": correlation(lots),
    }
    return render(
        "making.html",
        lots=lots,
        summary=lots.summary(),
        count=f"{lots.doses.size:,}",
        tiles=_tiles(lots),
        figures={name: Markup(_inside(figure)) for name, figure in figures.items()},
        tests=_tests(lots),
        bill=[(m, f"{number(m.amount[1])} {m.unit}" if m.amount[1] else "as needed")
              for m in bill(lots)],
        plan=day_plan(lots.process, load()["qc_days"].value),
        numbers=lots.numbers,
        given=lots.process.given,
        values=lots.process.numbers,
        weak=sum(n.is_unverified for n in lots.numbers),
        plotly=Markup(get_plotlyjs()),
    )  # fmt: skip


def _inside(figure: go.Figure) -> str:
    return str(
        figure.to_html(include_plotlyjs=False, full_html=False, config={"displayModeBar": False})
    )


def _styled(figure: go.Figure, height: int = 380) -> go.Figure:
    figure.update_layout(
        template="plotly_white",
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#1b2330"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        height=height,
        margin={"l": 60, "r": 20, "t": 40, "b": 50},
    )
    return figure


def growth(lots: Lots) -> go.Figure:
    """Cells over days of culture with the band of lots, and CAR+ and viability beside it."""
    from plotly.subplots import make_subplots

    figure = make_subplots(
        cols=2, rows=1, subplot_titles=["Viable target cells", "Viable and CAR+, percent"]
    )
    days = [point.day for point in lots.course]
    cells = np.array([np.percentile(p.cells, QUANTILES) for p in lots.course])
    _band(figure, days, cells, BLUE, BAND, 1, "cells")
    for name, color, fill in (("viability", GRAY, "rgba(86,97,115,0.15)"),
                              ("car_positive", RED, "rgba(179,64,10,0.15)")):  # fmt: skip
        shares = [100 * np.percentile(getattr(p, name), QUANTILES) for p in lots.course]
        label = "CAR+" if name == "car_positive" else name
        _band(figure, days, np.array(shares), color, fill, 2, label)
        figure.add_annotation(
            x=days[-1], y=shares[-1][1], text=label, showarrow=False, xanchor="right", yshift=12,
            font={"color": color}, row=1, col=2,
        )  # fmt: skip
    figure.update_yaxes(type="log", exponentformat="power", dtick=1, row=1, col=1)
    figure.update_yaxes(range=[0, 101], row=1, col=2)
    figure.update_xaxes(title="day", rangemode="tozero")
    return _styled(figure)


def _band(
    figure: go.Figure, days: Sequence[float], q: Any, color: str, fill: str, col: int, name: str
) -> None:
    figure.add_scatter(
        x=[*days, *days[::-1]], y=[*q[:, 2], *q[::-1, 0]], fill="toself", fillcolor=fill,
        mode="lines", line={"width": 0}, hoverinfo="skip", row=1, col=col,
    )  # fmt: skip
    figure.add_scatter(
        x=days, y=q[:, 1], mode="lines", line={"color": color, "width": 3}, row=1, col=col,
        customdata=q[:, [0, 2]], name=name,
        hovertemplate="day %{x:.0f}: %{y:.3g} (%{customdata[0]:.3g}-%{customdata[1]:.3g})",
    )  # fmt: skip


def way(lots: Lots) -> go.Figure:
    """Median viable target cells after each step, and what each step does to them."""
    import plotly.graph_objects as go

    stages = lots.stages
    cells = [float(np.median(stage.measures["cells"])) for stage in stages]
    cells.append(float(np.median(lots.cells)))
    infused = lots.cells * lots.viability_after_thaw
    cells.append(float(np.median(infused)))
    names = [f"{i}. {s.label}" for i, s in enumerate(stages, start=1)]
    names += ["in bags for patients", "viable after thaw"]
    change = [1.0, *(b / a if a else 1.0 for a, b in pairwise(cells))]
    text = [_power(cells[0])]
    text += [f"{_power(c)}  ×{number(f)}" for c, f in zip(cells[1:], change[1:])]
    figure = go.Figure()
    low = 10 ** np.floor(np.log10(max(min(cells), 1)) - 0.5)
    figure.add_bar(
        x=[max(c, low) for c in cells], y=names, orientation="h", text=text,
        textposition="outside", cliponaxis=False, hoverinfo="skip",
        marker={"color": [BLUE if f >= 0.999 else RED for f in change]},
    )  # fmt: skip
    top = np.log10(max(cells)) + 1.6
    figure.update_xaxes(type="log", range=[np.log10(low), top], exponentformat="power", dtick=1)
    figure.update_yaxes(autorange="reversed", automargin=True)
    return _styled(figure, 110 + 34 * len(names))


def _power(value: float) -> str:
    if value < 1000:
        return number(value)
    exponent = int(np.floor(np.log10(value)))
    return f"{value / 10**exponent:.1f} × {power_of_ten(exponent)}"


def release(lots: Lots) -> go.Figure:
    """Lots lost by reason, most frequent first, and the share lost so far."""
    from plotly.subplots import make_subplots

    failed = [(name, share) for name, share in lots.failed() if share > 0][:SHOWN]
    names = [name.replace("_", " ") for name, _ in failed]
    order = [lots.reasons.index(name) for name, _ in failed]
    summed = [100 * float(lots.failures[:, order[: k + 1]].any(axis=1).mean())
              for k in range(len(order))]  # fmt: skip
    figure = make_subplots()
    figure.add_bar(
        x=names, y=[100 * share for _, share in failed], marker={"color": BLUE},
        text=[f"{100 * share:.1f}" for _, share in failed], textposition="outside",
        hovertemplate="%{x}: %{y:.2f} % of lots<extra></extra>", cliponaxis=False,
    )  # fmt: skip
    figure.add_scatter(
        x=names, y=summed, mode="lines+markers", line={"color": RED},
        hovertemplate="lost so far: %{y:.1f} %<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(title="% of lots", rangemode="tozero")
    return _styled(figure)


def matters(moved: Sequence[Influence]) -> go.Figure:
    """Released doses per lot with each number at the ends of its range."""
    import plotly.graph_objects as go

    shown = [m for m in moved if m.number.range][:SHOWN]
    figure = go.Figure()
    for end, color in (("at_low", GRAY), ("at_high", BLUE)):
        figure.add_scatter(
            x=[getattr(m, end) for m in shown], y=[m.number.id for m in shown], mode="markers",
            marker={"color": color, "size": 11}, name="low end" if end == "at_low" else "high end",
            customdata=[(m.number.range or (0, 0))[end == "at_high"] for m in shown],
            hovertemplate="%{y} at %{customdata:.3g}: %{x:.3g} doses",
        )  # fmt: skip
    for m in shown:
        figure.add_shape(
            type="line", x0=m.at_low, x1=m.at_high, y0=m.number.id, y1=m.number.id,
            line={"color": "#9aa6b6", "width": 3}, layer="below",
        )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(title="released doses per started lot", rangemode="tozero")
    _styled(figure, 130 + 28 * len(shown))
    return figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.12})


def cost(lots: Lots) -> go.Figure:
    """Share of each priced thing in the cost of a lot."""
    import plotly.graph_objects as go

    total = float(lots.cost.sum())
    shares = sorted((100 * float(v.sum()) / total, k) for k, v in lots.cost_items.items())
    colors = [GRAY if name in lots.unsourced else BLUE for _, name in shares]
    figure = go.Figure()
    figure.add_bar(
        x=[share for share, _ in shares], y=[name.replace("_", " ") for _, name in shares],
        orientation="h", marker={"color": colors}, text=[f"{share:.0f} %" for share, _ in shares],
        textposition="outside", cliponaxis=False, hoverinfo="skip",
    )  # fmt: skip
    figure.update_xaxes(title="% of the cost of a lot", range=[0, 1.2 * shares[-1][0]])
    figure.update_yaxes(automargin=True)
    return _styled(figure, 110 + 26 * len(shares))


def correlation(lots: Lots) -> go.Figure:
    """Rank correlation between lots of what a lot is at the end."""
    import plotly.graph_objects as go

    joint = lots.stages[-1].correlation()
    names = [name.replace("_", " ") for name in MEASURES]
    text = [["" if not np.isfinite(x) else f"{x:.2f}" for x in row] for row in joint]
    figure = go.Figure()
    figure.add_heatmap(
        z=np.where(np.isfinite(joint), joint, 0.0), x=names, y=names, text=text, zmin=-1, zmax=1,
        texttemplate="%{text}", colorscale="RdBu", showscale=False, hoverinfo="skip",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True)
    return _styled(figure, 400)


def _tiles(lots: Lots) -> list[dict[str, str]]:
    s = lots.summary()
    low, high = s["released_interval"]
    doses = s["doses_per_lot"]
    return [
        {"value": number(doses["median"]), "what": "doses per lot",
         "note": f"{number(doses['p5'])} to {number(doses['p95'])} in 90 % of lots"},
        {"value": f"{100 * lots.released_fraction:.0f} %", "what": "of lots released",
         "note": f"{100 * low:.1f} to {100 * high:.1f} % by the number of lots made"},
        {"value": number(s["days_to_release"]["median"]), "what": "days to release",
         "note": f"{number(s['culture_days']['median'])} of them in a clean room"},
        {"value": f"{100 * s['car_positive']['median']:.0f} %", "what": "CAR+ cells",
         "note": f"{number(s['vcn_per_total_cell']['median'])} copies per total cell,"
                 f" {number(s['vcn_per_car_positive_cell']['median'])} per CAR+ cell"},
    ]  # fmt: skip


def _tests(lots: Lots) -> list[dict[str, str]]:
    rows = []
    for test in lots.summary()["release_tests"]:
        share = test["test"] in SHARES
        value, low, high = test["value"], test["low"], test["high"]
        limit = "none found"
        if low is not None or high is not None:
            limit = f"at least {low:g}" if high is None else f"at most {high:g}"
            limit += f" at {test['et']:g}:1" if test["et"] else ""
        seen = f"{number(value['median'])} ({number(value['p5'])} to {number(value['p95'])})"
        rows.append(
            {
                "test": test["test"].replace("_", " "),
                "limit": limit,
                "value": seen if share or low is not None or high is not None else "",
                "pass": f"{100 * test['pass_rate']:.1f} %",
                "wrong": f"{100 * test['passed_out_of_limits']:.2f} %",
                "lost": f"{100 * test['failed_within_limits']:.2f} %",
                "source": test["source"],
            }
        )
    return rows
