"""The page of a PEtab fit: estimates, measurements beside the model, ends of the starts."""

import csv
import json
from math import inf
from pathlib import Path
from typing import Any

from ..base import write_text_atomic
from .numerals import count, number, span
from .plot import Plot
from .rendering import render

Row = dict[str, Any]


def write_page(folder: Path) -> Path:
    """Write report.html into the folder of a PEtab fit, from what stands there."""
    path = folder / "report.html"
    write_text_atomic(path, page(folder))
    return path


def page(folder: Path) -> str:
    """The whole page as text."""
    from markupsafe import Markup

    facts = json.loads((folder / "fit.json").read_text("utf-8"))
    with (folder / "estimates.csv").open(encoding="utf-8") as stream:
        estimates = [_estimate(row) for row in csv.DictReader(stream)]
    with (folder / "simulations.tsv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        key = (
            row["observableId"],
            row["preequilibrationConditionId"],
            row["simulationConditionId"],
        )
        groups.setdefault(key, []).append(row)
    plots = [Markup(_plot(key, group)) for key, group in groups.items()]
    return render(
        "petab.html", ("page.css", "fit.css"), f=facts, estimates=estimates, plots=plots,
        tiles=_tiles(facts), version=facts["carnk"],
    )  # fmt: skip


def _tiles(facts: Row) -> list[Row]:
    return [
        {"value": count(facts["measurements"]), "what": "measurements",
         "note": f"simulations: {count(facts['conditions'])}"},
        {"value": number(facts["log_likelihood"]), "what": "log likelihood",
         "note": f"log prior {facts['log_prior']:.4g}"},
        {"value": count(facts["estimated"]), "what": "parameters estimated", "note": ""},
        {"value": f"{facts['starts_that_found_it']} of {facts['starts']}",
         "what": "starts ended at the best",
         "note": "one alone may have missed a better one" if facts["starts_that_found_it"] < 2
         else ""},
    ]  # fmt: skip


def _estimate(row: Row) -> Row:
    known = bool(row["low"] and row["high"])
    return {
        "name": row["name"], "scale": row["scale"], "value": number(float(row["value"])),
        "ends": span(float(row["low"]), float(row["high"])) if known else "-",
        "bounds": span(float(row["lower_bound"]), float(row["upper_bound"])), "note": row["note"],
    }  # fmt: skip


def _plot(key: tuple[str, str, str], rows: list[Row]) -> str:
    finite = [float(r["time"]) for r in rows if float(r["time"]) < inf]
    last = max(finite, default=1.0)
    at = [min(float(r["time"]), 1.1 * last) for r in rows]
    seen = [float(r["measurement"]) for r in rows]
    model = [float(r["simulation"] or "nan") for r in rows]
    plot = Plot(at, [*seen, *model])
    pairs = sorted(zip(at, model))
    plot.line([t for t, _ in pairs], [v for _, v in pairs], "model")
    plot.points(at, seen, "dot")
    name = ", ".join(part for part in (key[0], key[1] and f"after {key[1]}", key[2]) if part)
    return plot.svg("time", name, f"Measurements and model, {name}")
