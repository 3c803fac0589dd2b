"""Courses with bands: medians and ranges of the sampled patients by arm, drawn by plotly."""

from typing import Any

import polars as pl

from ..numerals import count, number, powers, quantity, span
from ..record import Record

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
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
    courses = record.courses
    if courses.is_empty():
        return {"figure": None}
    limit = _limit(record, courses)
    arms = [arm.name for arm in record.study.arms if arm.name in set(courses["arm"])]
    people = {arm: _people(courses.filter(pl.col("arm") == arm)) for arm in arms}
    groups = {arm: courses.filter(pl.col("arm") == arm) for arm in arms}
    figure = {
        "days": [_short(day) for day in courses["day"].unique().sort()],
        "arms": [powers(arm) for arm in arms],
        "panels": [
            {
                "id": name,
                "title": title,
                "unit": unit,
                "floor": floor,
                "bands": [_bands(groups[arm], name, floor) for arm in arms],
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
    }


def _people(courses: pl.DataFrame) -> int:
    return courses["patient"].n_unique()


def _bands(courses: pl.DataFrame, name: str, floor: float) -> list[list[float]]:
    """The quantiles of one quantity, each over the days, none below what is drawn."""
    ends = [
        pl.col(name).quantile(q, "linear").clip(lower_bound=floor).alias(str(q)) for q in QUANTILES
    ]
    table = courses.group_by("day").agg(ends).sort("day")
    return [[_short(x) for x in table[str(q)]] for q in QUANTILES]


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
