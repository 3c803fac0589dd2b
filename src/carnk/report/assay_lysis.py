"""The page of a killing assay: curves, plates as they lie, courses, arms beside arms."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..assays.et_curve import LEVEL, Curves
from ..assays.lysis import Arm, Lysis
from ..assays.scatter_flags import place
from .assay_page import COLORS, MUTED, RED, Note, Picture, Table, laid_out, page, told
from .numerals import number, plural

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDE = 3  # panels in a row
CURVES = "Small: wells. Large: mean with the interval of Fieller. Band: 95 % of the curve."
APART = 1.05  # between arms at one E:T, and between wells and their mean
PLATE = "Lysis in percent where the wells lie. Red frames: flagged wells."
COURSES = "Mean of replicates with its 95 % interval; a color for each E:T."


def lysis_page(found: Lysis) -> str:
    """The whole page as text."""
    flags = [Note(str(flag), flag.is_grave) for flag in found.flags]
    flags += [Note(str(note), False) for note in found.notes]
    pictures = [Picture("Lysis over E:T", CURVES, curves(found))]
    if any(arm.courses for arm in found.arms):
        pictures.append(Picture("Lysis over time", COURSES, courses(found)))
    if maps := plates(found):
        pictures.append(Picture("The plates", PLATE, maps))
    about = (
        f"Specific lysis by {found.readout.signal}, {plural(len(found.arms), 'arm')}"
        f" on {plural(len(found.plates), 'plate')}; 95 % intervals throughout."
    )
    tables = [_arms(found), _pairs(found), _synergy(found), _times(found)]
    return page(_title(found), about, flags, pictures, tables)


def _title(found: Lysis) -> str:
    arms = list(dict.fromkeys(arm.effector for arm in found.arms))
    targets = list(dict.fromkeys(arm.target for arm in found.arms if arm.target))
    shown = ", ".join(arms[:4]) + (" and others" if len(arms) > 4 else "")
    return f"Killing of {', '.join(targets[:3])} by {shown}" if targets else f"Killing by {shown}"


def _arms(found: Lysis) -> Table:
    units = f"LU30: effectors that lyse 30 % of {number(found.targets_per_well, 6)} targets a well."
    rows = [
        (
            _where(arm, found), told(arm.fitted.emax), told(arm.fitted.et50),
            told(arm.lytic), arm.fitted.et50.why or arm.lytic.why or arm.fitted.law,
        )
        for arm in found.arms
    ]  # fmt: skip
    heads = ("Arm", "Emax, %", "ET50, E:T", "LU30 per 10⁷", "Law, or why there is no number")
    return Table("Curves in numbers", units, heads, rows)


def _pairs(found: Lysis) -> Table:
    rows = [
        (
            f"{_where(p.first, found)} against {p.second.effector}", told(p.et50), told(p.killing),
            "" if p.et50.value else p.et50.why,
        )
        for p in found.pairs
    ]  # fmt: skip
    caption = (
        "How many times fewer effectors the first needs for half of its lysis, and how many times"
        " more each of them kills where effectors are few. In a well: no rate in a body."
    )
    heads = ("First against second", "ET50 ratio", "Kills per effector, ratio", "")
    return Table("Arms beside each other", caption, heads, rows)


def _synergy(found: Lysis) -> Table:
    rows = []
    for each in found.synergies:
        name = f"{each.combination.together}, E:T "
        for et, bliss, loewe in zip(each.et, each.bliss, each.loewe):
            rows.append((f"{name}{et:g}:1", told(bliss, 2), told(loewe, 2)))
        rows.append((f"{name}all", told(each.mean_bliss, 2), told(each.mean_loewe, 2)))
    caption = (
        "Bliss: points of lysis beyond independent arms, above 0 for synergy. Loewe: index, below"
        " 1 for synergy."
    )
    heads = ("Combination", "Bliss excess, points", "Loewe index")
    return Table("Arms together", caption, heads, rows)


def _times(found: Lysis) -> Table:
    rows = [
        (f"{_where(arm, found)} {et:g}:1", told(c.half_time), told(c.mean), c.half_time.why)
        for arm in found.arms
        for et, c in zip(arm.et[::-1], arm.courses[::-1])
    ]
    heads = ("Arm and E:T", "Hours to 50 %", "Mean lysis over time, %", "")
    return Table("Courses in numbers", "Mean lysis is the area over the hours.", heads, rows)


def _where(arm: Arm, found: Lysis) -> str:
    """An arm with its target and plate where there are several."""
    targets = {a.target for a in found.arms}
    words = [_named(arm, found)] + ([f"on {arm.target}"] if len(targets) > 1 else [])
    shared = [a for a in found.arms if (a.name, a.target) == (arm.name, arm.target)]
    return " ".join(words + ([f"(plate {arm.plate})"] if len(shared) > 1 else []))


def _named(arm: Arm, found: Lysis) -> str:
    """An arm with its donor where there are several."""
    return arm.name if len({a.donor for a in found.arms}) > 1 else arm.effector


def curves(found: Lysis) -> "go.Figure":
    """Lysis over E:T, a panel for each plate and target."""
    from plotly.subplots import make_subplots

    panels = list(dict.fromkeys((arm.plate, arm.target) for arm in found.arms))
    columns = min(len(panels), WIDE)
    rows = -(-len(panels) // columns)
    titles = [f"plate {plate}{f', {target}' if target else ''}" for plate, target in panels]
    fig = make_subplots(
        rows, columns, subplot_titles=titles if len(panels) > 1 else None, shared_yaxes=True,
        horizontal_spacing=0.05, vertical_spacing=0.16 / rows,
    )  # fmt: skip
    colors = _colors(found.arms)
    shown: set[str] = set()
    names = list(colors)
    for arm in found.arms:
        k = panels.index((arm.plate, arm.target))
        at = {"row": k // columns + 1, "col": k % columns + 1, "legendgroup": arm.name}
        aside = APART ** (names.index(arm.name) - (len(names) - 1) / 2)
        if arm.curves is not None and arm.fitted.et50.value is not None:
            _fit(fig, arm, arm.curves, colors[arm.name], at)
        _points(fig, arm, colors[arm.name], (aside, _named(arm, found), arm.name not in shown), at)
        shown.add(arm.name)
    ticks = sorted({float(et) for arm in found.arms for et in arm.et})
    fig.update_xaxes(
        type="log", tickvals=ticks, ticktext=[f"{et:.3g}" for et in ticks], tickangle=0
    )
    for column in range(1, columns + 1):
        fig.update_xaxes(title="effectors per target (E:T)", row=rows, col=column)
    fig.update_yaxes(title="specific lysis, %", col=1)
    legend = {"orientation": "h", "y": -0.18 / rows, "yanchor": "top"}
    return laid_out(fig, 150 + 340 * rows, legend=legend)


def _colors(arms: Sequence[Arm]) -> dict[str, str]:
    names = dict.fromkeys(arm.name for arm in arms)
    return {name: COLORS[k % len(COLORS)] for k, name in enumerate(names)}


def _points(
    fig: "go.Figure",
    arm: Arm,
    color: str,
    look: tuple[float, str, bool],
    at: dict[str, object],
) -> None:
    """Wells and means, moved aside a little so that arms do not hide each other."""
    aside, name, legend = look
    wells = [(et, w, lysis) for et, those in zip(arm.et, arm.wells) for w, lysis in those]
    fig.add_scatter(
        x=[float(et) * aside / APART**0.5 for et, _, _ in wells],
        y=[float(lysis[-1]) for _, _, lysis in wells], text=[w for _, w, _ in wells],
        mode="markers", showlegend=False, marker={"color": color, "size": 5, "opacity": 0.5},
        hovertemplate="%{text}: %{y:.0f} %<extra></extra>", **at,
    )  # fmt: skip
    mean, low, high = arm.lysis[:, -1], arm.low[:, -1], arm.high[:, -1]
    fig.add_scatter(
        x=arm.et * aside, y=mean, mode="markers", name=name, showlegend=legend,
        marker={"color": color, "size": 9}, text=[f"{et:g}:1" for et in arm.et],
        error_y={"array": np.nan_to_num(high - mean), "arrayminus": np.nan_to_num(mean - low),
                 "thickness": 1.4, "width": 3, "color": color},
        hovertemplate=f"{name} %{{text}}: %{{y:.1f}} %<extra></extra>", **at,
    )  # fmt: skip


def _fit(fig: "go.Figure", arm: Arm, fit: Curves, color: str, at: dict[str, object]) -> None:
    line = np.geomspace(arm.et.min() / 1.3, arm.et.max() * 1.3, 60)
    drawn = fit.at(line)
    low, high = np.quantile(drawn[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    red, green, blue = (int(color[k : k + 2], 16) for k in (1, 3, 5))
    fig.add_scatter(
        x=[*line, *line[::-1]], y=[*high, *low[::-1]], fill="toself", mode="none",
        fillcolor=f"rgba({red},{green},{blue},0.13)", hoverinfo="skip", showlegend=False,
        **at,
    )  # fmt: skip
    fig.add_scatter(
        x=line, y=drawn[0], mode="lines", line={"color": color, "width": 2.2}, hoverinfo="skip",
        showlegend=False, **at,
    )  # fmt: skip


def courses(found: Lysis) -> "go.Figure":
    """Lysis over time, a panel for each arm, a color for each E:T."""
    from plotly.colors import sample_colorscale
    from plotly.subplots import make_subplots

    arms = [arm for arm in found.arms if arm.courses]
    columns = min(len(arms), WIDE)
    rows = -(-len(arms) // columns)
    fig = make_subplots(
        rows, columns, subplot_titles=[_where(arm, found) for arm in arms], shared_yaxes=True,
        horizontal_spacing=0.05, vertical_spacing=0.2 / rows,
    )  # fmt: skip
    ratios = sorted({float(et) for arm in arms for et in arm.et})
    shades = sample_colorscale("Viridis", list(np.linspace(0.85, 0.0, len(ratios))))
    shown: set[float] = set()
    for k, arm in enumerate(arms):
        for i, et in enumerate(arm.et):
            color = shades[ratios.index(float(et))]
            at = {"row": k // columns + 1, "col": k % columns + 1, "legendgroup": f"{et:g}"}
            band = [*arm.high[i], *arm.low[i][::-1]]
            fig.add_scatter(
                x=[*arm.hours, *arm.hours[::-1]], y=np.nan_to_num(band), fill="toself", mode="none",
                fillcolor=color.replace("rgb", "rgba").replace(")", ", 0.14)"), hoverinfo="skip",
                showlegend=False, **at,
            )  # fmt: skip
            fig.add_scatter(
                x=arm.hours, y=arm.lysis[i], mode="lines", line={"color": color, "width": 2},
                name=f"{et:g}:1", showlegend=float(et) not in shown,
                hovertemplate=f"{et:g}:1, %{{x:.1f}} h: %{{y:.0f}} %<extra></extra>", **at,
            )  # fmt: skip
            shown.add(float(et))
    fig.add_hline(y=50, line={"color": MUTED, "width": 1, "dash": "dot"})
    fig.update_xaxes(title="hours", row=rows)
    fig.update_yaxes(title="specific lysis, %", col=1)
    return laid_out(fig, 120 + 300 * rows, legend={"orientation": "h", "y": -0.16})


def plates(found: Lysis) -> "go.Figure | None":
    """Lysis where the wells lie, a panel for each plate; None where wells have no places."""
    from plotly.subplots import make_subplots

    flagged = {(flag.plate, name) for flag in found.flags for name in flag.wells}
    lysis: dict[str, dict[str, float]] = {}
    for each in found.plates:
        wells = lysis.setdefault(each.plate, {})
        levels = [g.level for g in each.groups] + [each.none, each.full]
        for level in levels:
            wells |= {w.name: float(each.well_lysis(w)[-1]) for w in level.wells}
    gone = {plate: {n: np.nan for p, n in flagged if p == plate and n not in known}
            for plate, known in lysis.items()}  # fmt: skip
    shown = {plate: known | gone[plate] for plate, known in lysis.items()}
    if not shown or any(place(name) is None for wells in shown.values() for name in wells):
        return None
    titles = [f"plate {plate}" for plate in shown] if len(shown) > 1 else None
    columns = min(len(shown), 2)
    rows = -(-len(shown) // columns)
    fig = make_subplots(rows, columns, subplot_titles=titles, vertical_spacing=0.2 / rows)
    for k, (plate, wells) in enumerate(shown.items()):
        at = {"row": k // columns + 1, "col": k % columns + 1}
        _plate(fig, wells, {name for p, name in flagged if p == plate}, at, k == 0)
    height = 90 + 320 * rows
    bar = {"title": "%", "thickness": 12}
    scale = {"colorscale": "Blues", "cmin": 0, "cmax": 100, "colorbar": bar}
    return laid_out(fig, height, coloraxis=scale)


def _plate(
    fig: "go.Figure", wells: dict[str, float], flagged: set[str], at: dict[str, int], first: bool
) -> None:
    places = {name: place(name) or (0, 0) for name in wells}
    height = max(8, *(row + 1 for row, _ in places.values()))
    width = max(12, *(column + 1 for _, column in places.values()))
    z = np.full((height, width), np.nan)
    for name, lysis in wells.items():
        z[places[name]] = lysis
    letters = [chr(65 + k) if k < 26 else f"A{chr(39 + k)}" for k in range(height)]
    text = [[f"{x:.0f}" if np.isfinite(x) else "" for x in line] for line in z]
    fig.add_heatmap(
        z=z, x=[str(k + 1) for k in range(width)], y=letters, text=text, texttemplate="%{text}",
        coloraxis="coloraxis", xgap=2, ygap=2, hoverongaps=False,
        hovertemplate="%{y}%{x}: %{z:.0f} %<extra></extra>", **at,
    )  # fmt: skip
    for name in flagged & set(wells):
        row, column = places[name]
        fig.add_shape(
            type="rect", x0=column - 0.48, x1=column + 0.48, y0=row - 0.48, y1=row + 0.48,
            line={"color": RED, "width": 2}, **at,
        )  # fmt: skip
    fig.update_yaxes(autorange="reversed", showgrid=False, dtick=1, **at)
    fig.update_xaxes(showgrid=False, dtick=1, side="top" if first else "bottom", **at)
