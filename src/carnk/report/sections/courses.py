"""Courses by arm with two bands, of patients and of worlds, drawn by plotly."""

from typing import Any

import polars as pl

from ..numerals import count, number, powers, quantity, span
from ..record import Record

QUANTILES = (0.05, 0.5, 0.95)
PANELS = {  # column: title, unit, smallest value drawn
    "car_per_ul": ("CAR cells in blood", "cells/µL", 1e-3),
    "tumor": ("Tumor cells in the body", "cells", 1.0),
    "il15": ("IL-15 in serum", "pg/mL", 1e-2),
    "il6": ("IL-6 in serum", "pg/mL", 1e-2),
    "b_cells": ("B cells in the body", "cells", 1.0),
}
ALL = "All arms"


def content(record: Record) -> dict[str, Any]:
    """Data of the figures for the page's script, arms with their patients, and the assay's line."""
    courses, bands = record.courses, record.bands
    if courses.is_empty():
        return {"figure": None}
    limit = _limit(record, courses)
    layered = not bands.is_empty()
    there = set((bands if layered else courses)["arm"])
    arms = [arm.name for arm in record.study.arms if arm.name in there]
    people = {arm: _people(courses.filter(pl.col("arm") == arm)) for arm in arms}
    of = _layers if layered else _sample
    mine = {arm: (bands if layered else courses).filter(pl.col("arm") == arm) for arm in arms}
    figure = {
        "days": [_short(day) for day in (bands if layered else courses)["day"].unique().sort()],
        "arms": [powers(arm) for arm in arms],
        "panels": [
            {
                "id": name,
                "title": title,
                "unit": unit,
                "floor": floor,
                "bands": [of(mine[arm], name, floor) for arm in arms],
            }
            for name, (title, unit, floor) in PANELS.items()
        ],
        "limit": limit and {"value": limit["median"], "text": limit["label"]},
        "last": record.study.days,
    }
    return {
        "figure": figure,
        "arms": [(powers(arm), count(people[arm])) for arm in arms],
        "patients": count(_people(courses)),
        "limit": limit,
        "titles": [(name, title, unit) for name, (title, unit, _) in PANELS.items()],
        "layered": layered,
        "worlds": record.outcomes["world"].n_unique(),
    }


def _people(courses: pl.DataFrame) -> int:
    return courses["patient"].n_unique()


def _layers(bands: pl.DataFrame, name: str, floor: float) -> dict[str, Any]:
    """Median, band of patients and band of worlds of one quantity, none below what is drawn."""
    table = bands.filter(pl.col("quantity") == name).sort("day")

    def line(column: str) -> list[float]:
        return [_short(max(x, floor)) for x in table[column]]

    return {
        "median": line("median"),
        "population": [line("population_low"), line("population_high")],
        "parameter": [line("parameter_low"), line("parameter_high")],
    }


def _sample(courses: pl.DataFrame, name: str, floor: float) -> dict[str, Any]:
    """The same of a run whose layers were not worked out: both in one band."""
    ends = [
        pl.col(name).quantile(q, "linear").clip(lower_bound=floor).alias(str(q)) for q in QUANTILES
    ]
    table = courses.group_by("day").agg(ends).sort("day")
    low, median, high = ([_short(x) for x in table[str(q)]] for q in QUANTILES)
    return {"median": median, "population": [low, high], "parameter": None}


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _limit(record: Record, courses: pl.DataFrame) -> dict[str, Any] | None:
    """The limit of quantification in cells/µL: the assay's copies over each patient's copies."""
    given = record.number("detection_copies")
    ratio = (
        courses.filter(pl.col("car_per_ul") > 0)
        .group_by("patient")
        .agg((pl.col("copies_per_ug") / pl.col("car_per_ul")).first().alias("copies"))["copies"]
    )
    if given is None or ratio.is_empty():
        return None
    cells = given["value"] / ratio
    low, median, high = (cells.quantile(q, "linear") for q in (0.05, 0.5, 0.95))
    assay = quantity(given["value"], "copies/ug")
    return {
        "median": median,
        "label": f"limit {assay} ≈ {number(median, 2)} cells/µL",
        "assay": f"{assay} of blood DNA",
        "cells": f"{number(median, 2)} cells/µL",
        "range": f"{span(low, high)} cells/µL",
    }
