"""The page and the files of an ELISA: curve, plate, samples, standards, tests, flags, numbers."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..assays.blocks import row_name
from ..assays.elisa import Elisa, Measured
from ..assays.layout import Layout
from ..assays.plate import Plate, position
from ..base import new_folder_atomic
from ..library import Number, number_file_text
from .rendering import render

BLUE, RED, GRAY, GREEN = "#0b62a4", "#b3261e", "#6b6b6b", "#0a8f6c"
FONT = {"family": "Helvetica, Arial, sans-serif", "size": 14, "color": "#1c1c1c"}


@dataclass(frozen=True)
class Told:
    """What is written of a plate: what it is called, and what its samples are called."""

    analyte: str
    names: Mapping[str, str]
    sha256: str
    numbers: tuple[Number, ...]
    note: str = ""


def write(folder: Path, found: Elisa, plate: Plate, layout: Layout, told: Told) -> None:
    """Write tables, page and number file into a new folder, whole or not at all."""
    with new_folder_atomic(folder) as inside:
        for name, rows in tables(found, told).items():
            if rows:
                (inside / f"{name}.csv").write_text(_csv(rows), encoding="utf-8")
        if told.numbers:
            text = number_file_text(told.numbers, told.note)
            (inside / "numbers.yaml").write_text(text, encoding="utf-8")
        (inside / "report.html").write_text(page(found, plate, layout, told), encoding="utf-8")


def tables(found: Elisa, told: Told) -> dict[str, list[dict[str, Any]]]:
    """Rows of every table by its file's name; what is not there is None."""
    unit = found.unit
    return {
        "samples": [_sample_row(m, unit, told.names) for m in found.measured],
        "standards": [
            {
                "concentration": level.concentration, "unit": unit, "wells": " ".join(level.names),
                "signal": level.signal, "cv": _known(level.cv), "recovery": _known(level.recovery),
                "expected_cv": _known(level.expected_cv),
            }
            for level in found.levels
        ],
        "dilutions": [
            {
                "sample": told.names[d.sample], "dilutions": " ".join(f"{x:g}" for x in d.dilution),
                "concentration": d.concentration, "low": d.low, "high": d.high, "unit": unit,
                "recoveries": " ".join(f"{r:.3f}" for r in d.recovery),
                "linearity_p": d.linearity_p, "slope_ratio": _known(d.slope_ratio),
                "slope_low": _known(d.slope_range[0]), "slope_high": _known(d.slope_range[1]),
                "parallelism_p": _known(d.parallelism_p), "parallel": d.parallel,
            }
            for d in found.dilutions
        ],
        "spikes": [
            {
                "sample": told.names[s.sample], "dilution": s.dilution, "added": s.added,
                "before": s.base, "unit": unit, "recovery": s.recovery, "low": s.low,
                "high": s.high,
            }
            for s in found.spikes
        ],
        "flags": [{"flag": flag} for flag in found.flags],
    }  # fmt: skip


def _sample_row(m: Measured, unit: str, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "role": m.wells.role,
        "sample": names[m.wells.sample],
        "dilution": m.wells.dilution,
        "wells": " ".join(m.wells.names),
        "signal": _known(m.signal),
        "cv": _known(m.cv),
        "result": m.shown,
        "concentration": m.concentration if m.is_in_range else None,
        "low": _known(m.low),
        "high": _known(m.high),
        "delta_low": _known(m.delta[0]),
        "delta_high": _known(m.delta[1]),
        "unit": unit,
        "flag": m.flag,
    }


def about(found: Elisa) -> dict[str, Any]:
    """The curve, its limits and how the wells scatter, for scripts."""
    curve = found.curve
    names = ("signal_at_none", "signal_at_any", "mid_concentration", "slope", "asymmetry")
    values = [*curve.b]
    values[2] = math.exp(values[2])
    if len(values) == 5:
        values[4] = math.exp(values[4])
    return {
        "model": curve.model,
        "parameters": {name: float(value) for name, value in zip(names, values)},
        "aicc": curve.aicc,
        "blank": curve.blank,
        "weights": curve.noise.how,
        "freedom": curve.freedom,
        "unit": found.unit,
        "lloq": _known(found.lloq),
        "uloq": _known(found.uloq),
    }


def json_text(found: Elisa, told: Told) -> str:
    """Everything that was found as JSON."""
    return json.dumps(
        {"analyte": told.analyte, "plate_sha256": told.sha256, "curve": about(found)}
        | tables(found, told),
        indent=1,
    )


def page(found: Elisa, plate: Plate, layout: Layout, told: Told) -> str:
    """One page that needs no network."""
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    figures = {"curve": _curve(found, told), "plate": _plate(plate, layout, told)}
    text = json.dumps(figures, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return render(
        "assay_elisa.html",
        told=told,
        found=found,
        about=about(found),
        tables=tables(found, told),
        figures=Markup(text),
        plotly=Markup(get_plotlyjs()),
    )


def _curve(found: Elisa, told: Told) -> dict[str, Any]:
    """Standards with the fitted curve and its 95 % band, samples on it, limits as lines."""
    curve = found.curve
    known = curve.x > -100
    low, high = float(curve.x[known].min()), float(curve.x[known].max())
    x = np.linspace(low - 0.7, high + 0.7, 160)
    y = curve.at(x)
    reach = curve.band(x)
    at = np.exp(x)
    inside = [m for m in found.measured if m.is_in_range]
    traces = [
        _trace([*at, *at[::-1]], [*(y + reach), *(y - reach)[::-1]], mode="lines", fill="toself",
               fillcolor="rgba(11,98,164,0.15)", line={"width": 0}, hoverinfo="skip"),
        _trace(at, y, mode="lines", name="curve", line={"color": BLUE, "width": 3},
               hovertemplate="%{x:.4g}: %{y:.3f}<extra>curve</extra>"),
        _trace(np.exp(curve.x[known]), curve.y[known], mode="markers", name="standards",
               marker={"size": 9, "color": BLUE, "line": {"color": "white", "width": 1}},
               hovertemplate="standard %{x:.4g}: %{y:.3f}<extra></extra>"),
        _trace([math.exp(m.estimate.log) for m in inside], [m.signal for m in inside],
               mode="markers", name="samples in range",
               marker={"size": 9, "color": GREEN, "symbol": "diamond-open", "line": {"width": 2}},
               error_x={"type": "data", "symmetric": False, "color": GREEN, "thickness": 1.2,
                        "array": [_reach(m, 1) for m in inside],
                        "arrayminus": [_reach(m, 0) for m in inside]},
               text=[f"{told.names[m.wells.sample]}, 1:{m.wells.dilution:g}" for m in inside],
               hovertemplate="%{text}: %{x:.4g} in the well<extra></extra>"),
    ]  # fmt: skip
    limits = [
        (limit, name)
        for limit, name in ((found.lloq, "LLOQ"), (found.uloq, "ULOQ"))
        if math.isfinite(limit)
    ]
    line = {"color": RED, "dash": "dot", "width": 1.5}
    axis = {"gridcolor": "#e8e8e8", "zeroline": False, "exponentformat": "none"}
    layout = {
        "font": FONT, "plot_bgcolor": "white", "height": 460,
        "margin": {"l": 70, "r": 20, "t": 40, "b": 60},
        "shapes": [
            {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line}
            for x, _ in limits
        ],
        "annotations": [
            {"x": math.log10(x), "y": 1, "yref": "paper", "text": f"{name} {x:.4g}",
             "showarrow": False, "yanchor": "bottom", "font": {"color": RED, "size": 12}}
            for x, name in limits
        ],
        "xaxis": axis | {"type": "log", "dtick": 1, "minor": {"ticks": "outside", "dtick": "D1"},
                         "title": {"text": f"{told.analyte} in the well, {found.unit}"}},
        "yaxis": axis | {"title": {"text": "signal above blank"}},
        "legend": {"x": 0.02, "y": 0.98},
    }  # fmt: skip
    traces[0]["showlegend"] = False
    return {"data": traces, "layout": layout}


def _plate(plate: Plate, layout: Layout, told: Told) -> dict[str, Any]:
    """The plate as a heat map of raw signals; hover tells what is in a well."""
    rows, columns = plate.shape
    grid: list[list[float | None]] = [[None] * columns for _ in range(rows)]
    words = [[""] * columns for _ in range(rows)]
    for well, reading in plate.readings.items():
        row, column = position(well)
        inside = layout.wells.get(well)
        name = told.names.get(inside.sample, "") if inside else ""
        grid[row][column] = reading.value if math.isfinite(reading.value) else None
        flag = f", {reading.flag} range" if reading.flag else ""
        words[row][column] = f"{well}: {inside.role if inside else ''} {name}{flag}"
    letters = [row_name(row) for row in range(rows)]
    trace = {
        "type": "heatmap", "z": grid, "text": words, "x": list(range(1, columns + 1)), "y": letters,
        "hovertemplate": "%{text}<br>%{z:.3f}<extra></extra>", "xgap": 2, "ygap": 2,
        "colorscale": [[0, "#f3f7fb"], [0.5, "#7fb2dc"], [1, "#083d66"]],
        "colorbar": {"title": {"text": "raw signal"}, "thickness": 12},
    }  # fmt: skip
    layout_ = {
        "font": FONT, "height": 360, "margin": {"l": 40, "r": 20, "t": 34, "b": 30},
        "xaxis": {"side": "top", "dtick": 1, "showgrid": False, "constrain": "domain"},
        "yaxis": {"autorange": "reversed", "showgrid": False},
    }  # fmt: skip
    return {"data": [trace], "layout": layout_}


def _reach(m: Measured, side: int) -> float | None:
    """Length of an error bar in the well's concentration; None where it has no end."""
    end = m.estimate.profile[side]
    return abs(math.exp(end) - math.exp(m.estimate.log)) if math.isfinite(end) else None


def _trace(x: Sequence[float] | Any, y: Sequence[float] | Any, **more: Any) -> dict[str, Any]:
    return {"type": "scatter", "x": [float(v) for v in x], "y": [float(v) for v in y], **more}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow(_cell(value) for value in row.values())
    return stream.getvalue()


def _cell(value: Any) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"'{value}" if str(value).startswith(("=", "+", "-", "@")) else str(value)
