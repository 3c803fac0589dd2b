"""The page of a fit: estimates, visual check, residuals, own courses, profiles, shrinkage."""

import json
from math import nan
from pathlib import Path
from typing import Any

import polars as pl

from ..base import write_text_atomic
from .numerals import count, number, span
from .plot import Plot
from .rendering import render

Row = dict[str, Any]
MOST_PATIENTS = 24
NEARLY_FLAT = 1.92  # half the 95 % point of chi-squared with one degree of freedom
SCORE = 1.96
EARLY, LATE = 35.0, 70.0  # days: of a second plot, and of courses that are long enough for it
PERCENTILES = ("p5", "p50", "p95")
TEXTS = ("patient", "output", "name", "kind", "unit", "scale", "note", "closed")


def write_page(folder: Path) -> Path:
    """Write report.html into the folder of a fit, from what stands there."""
    path = folder / "report.html"
    write_text_atomic(path, page(folder))
    return path


def page(folder: Path) -> str:
    """The whole page as text."""
    from markupsafe import Markup

    facts = json.loads((folder / "fit.json").read_text("utf-8"))
    rows = {name: _read(folder / f"{name}.csv") for name in ("estimates", "vpc", "samples")}
    profiles = folder / "profiles.csv"
    figures = {
        "vpc": [
            _visual_check(facts, out, rows["vpc"], rows["samples"]) for out in facts["outputs"]
        ],
        "residuals": [_residuals(facts, out, rows["samples"]) for out in facts["outputs"]],
        "own": [_own(facts, out, rows["samples"]) for out in facts["outputs"]],
        "profiles": _profiles(_read(profiles), rows["estimates"]) if profiles.exists() else [],
    }
    marked = {
        name: [(title, [Markup(svg) for svg in svgs]) for title, svgs in parts]
        for name, parts in figures.items()
    }
    estimates = [_estimate(row) for row in rows["estimates"].iter_rows(named=True)]
    return render(
        "fit.html", ("page.css", "fit.css"), f=facts, estimates=estimates, figures=marked,
        shrinkage=_shrinkage(facts), tiles=_tiles(facts), version=facts["carnk"],
    )  # fmt: skip


def _read(path: Path) -> pl.DataFrame:
    frame = pl.read_csv(path, infer_schema=False)
    numbers = [n for n in frame.columns if n not in TEXTS]
    return frame.with_columns(pl.col(numbers).cast(pl.Float64)).with_columns(
        pl.col([n for n in TEXTS if n in frame.columns]).fill_null("")
    )


def _tiles(facts: Row) -> list[Row]:
    data = facts["data"]
    missing = facts["not_identified"]
    return [
        {"value": count(data["patients"]), "what": "patients",
         "note": f"{count(data['samples'])} samples, {count(data['not_seen'])} known only to lie "
         "beyond a limit"},
        {"value": number(facts["minus_two_log_likelihood"]), "what": "-2 log likelihood",
         "note": f"Monte Carlo error {facts['its_monte_carlo_error']:.2f}; by Laplace's "
         f"approximation {facts['by_laplace']:.1f}"},
        {"value": count(len(missing)), "what": "of the estimates not identified",
         "note": ", ".join(missing) or "each posterior is narrower than its prior"},
        {"value": count(facts["rounds"]), "what": "rounds until nothing moved",
         "note": f"{facts['posterior_effective_draws']:.0f} independent draws of the posterior"},
    ]  # fmt: skip


def _estimate(row: Row) -> Row:
    unit = "" if row["unit"] == "1" else row["unit"]
    return {
        "name": row["name"], "kind": row["kind"], "unit": unit, "value": number(row["value"]),
        "ends": span(row["low"], row["high"]), "rse": f"{row['rse_pct']:.0f} %",
        "prior": span(row["prior_low"], row["prior_high"]),
        "width": f"{100 * row['width_over_prior']:.0f} %", "note": row["note"],
    }  # fmt: skip


def _shrinkage(facts: Row) -> list[tuple[str, str]]:
    etas = [(f"between patients, {n}", s) for n, s in facts["eta_shrinkage"].items()]
    errors = [
        (f"error{f' of output {n}' if n else ''}", s) for n, s in facts["error_shrinkage"].items()
    ]
    return [(name, "-" if s is None else f"{100 * s:.0f} %") for name, s in etas + errors]


def _of(frame: pl.DataFrame, output: Row) -> pl.DataFrame:
    return frame.filter(pl.col("output") == output["name"])


def _title(facts: Row, output: Row, what: str) -> str:
    return f"{what}, output {output['name']}" if len(facts["outputs"]) > 1 else what


def _is_log(output: Row) -> bool:
    return bool(output["error"] != "additive")


def _shown(frame: pl.DataFrame) -> pl.DataFrame:
    """Samples with where they are drawn: their value, or the end that is known."""
    return frame.with_columns(
        pl.coalesce("value", "below", "above").alias("at"),
        pl.col("value").is_null().alias("hidden"),
    )


def _visual_check(
    facts: Row, output: Row, checks: pl.DataFrame, samples: pl.DataFrame
) -> tuple[str, list[str]]:
    check, seen = _of(checks, output), _shown(_of(samples, output))
    last = float(seen["day"].to_numpy().max())
    shown = [_over_days(output, check, seen)]
    if last > LATE and (early := check.filter(pl.col("day") <= EARLY)).height > 2:
        shown.append(_over_days(output, early, seen.filter(pl.col("day") <= EARLY)))
    if check["below_limit"].to_numpy().max() > 0:
        day = check["day"].to_list()
        low, high = (check[f"model_below_{end}"].to_list() for end in ("low", "high"))
        share = Plot(day, [0.0, 1.0])
        share.band(day, low, high, "inner")
        share.line(day, check["below_limit"].to_list(), "seen")
        shown.append(share.svg("day", "share below the limit", "Share of samples below the limit"))
    return _title(facts, output, "Visual predictive check"), shown


def _over_days(output: Row, check: pl.DataFrame, seen: pl.DataFrame) -> str:
    """Percentiles of samples over the bands of simulated ones."""
    names = [f"model_{p}_{end}" for p in PERCENTILES for end in ("low", "high")]
    values = [*seen["at"], *(v for n in names for v in check[n])]
    plot = Plot([*seen["day"], *check["day"]], values, log_y=_is_log(output))
    day = check["day"].to_list()
    for p, kind in zip(PERCENTILES, ("outer", "inner", "outer")):
        plot.band(day, check[f"model_{p}_low"].to_list(), check[f"model_{p}_high"].to_list(), kind)
    for hidden, kind in ((False, "dot"), (True, "dot hidden")):
        part = seen.filter(pl.col("hidden") == hidden)
        plot.points(part["day"].to_list(), part["at"].to_list(), kind)
    for p in PERCENTILES:
        plot.line(day, check[f"seen_{p}"].to_list(), "seen")
    return plot.svg("day", output["unit"], "Samples and simulated percentiles over time")


def _residuals(facts: Row, output: Row, samples: pl.DataFrame) -> tuple[str, list[str]]:
    rows = _of(samples, output)
    plots = []
    for name, title in (("iwres", "IWRES"), ("npde", "NPDE")):
        for x, x_title in (("day", "day"), ("own", f"own course, {output['unit']}")):
            part = rows.filter(pl.col(name).is_not_null() & (pl.col(x).is_not_null()))
            values = part[name].to_list()
            is_log = x == "own" and _is_log(output)
            plot = Plot(part[x].to_list(), [*values, -3.0, 3.0], log_x=is_log)
            for level, kind in ((0.0, "zero"), (SCORE, "edge"), (-SCORE, "edge")):
                plot.across(level, kind)
            plot.points(part[x].to_list(), values, "dot")
            plots.append(plot.svg(x_title, title, f"{title} over {x_title}"))
    return _title(facts, output, "Residuals"), plots


def _own(facts: Row, output: Row, samples: pl.DataFrame) -> tuple[str, list[str]]:
    rows = _shown(_of(samples, output))
    people = rows["patient"].unique(maintain_order=True).to_list()
    plots = []
    for patient in people[:MOST_PATIENTS]:
        part = rows.filter(pl.col("patient") == patient).sort("day")
        lines = [*part["at"], *part["own"], *part["typical"]]
        plot = Plot(part["day"].to_list(), lines, log_y=_is_log(output))
        plot.line(part["day"].to_list(), part["typical"].to_list(), "typical")
        plot.line(part["day"].to_list(), part["own"].to_list(), "model")
        for hidden, kind in ((False, "dot"), (True, "dot hidden")):
            each = part.filter(pl.col("hidden") == hidden)
            plot.points(each["day"].to_list(), each["at"].to_list(), kind)
        plots.append(plot.svg(f"day, {patient}", output["unit"], f"Course of {patient}"))
    more = f", the first {MOST_PATIENTS} of {len(people)}" if len(people) > MOST_PATIENTS else ""
    return _title(facts, output, f"Own courses{more}"), plots


def _profiles(profiles: pl.DataFrame, estimates: pl.DataFrame) -> list[tuple[str, list[str]]]:
    best = dict(zip(estimates["name"], estimates["value"]))
    scale = dict(zip(estimates["name"], estimates["scale"]))
    plots = []
    for name in profiles["name"].unique(maintain_order=True):
        part = profiles.filter(pl.col("name") == name)
        x, y = part["value"].to_list(), part["log_likelihood"].to_list()
        plot = Plot(x, [max(v, -6.0) for v in y] + [0.0], log_x=scale[name] == "log")
        plot.across(-NEARLY_FLAT, "edge")
        plot.down(best.get(name, nan), "zero")
        plot.line(x, y, "model")
        plots.append(plot.svg(name, "log likelihood, less its maximum", f"Profile of {name}"))
    return [("", plots)]
