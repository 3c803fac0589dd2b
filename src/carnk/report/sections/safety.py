"""Safety: grades as probabilities with intervals, never a bare zero."""

from typing import Any

import numpy as np
import polars as pl

from ..chances import Chance, chance, chance_of
from ..numerals import count, number, powers, span
from ..record import Record
from ..strips import share_axis

GRADES = ((1, "CRS, any grade"), (2, "CRS, grade 2 or higher"), (3, "CRS, grade 3 or higher"))
OTHERS = (("icans", "ICANS, any grade"), ("gvhd", "GvHD, grade 2 or higher"))


def content(record: Record) -> dict[str, Any]:
    """The study's chances of harm, and those of each arm when there are several."""
    groups = [("All patients", record.outcomes)]
    if len(record.study.arms) > 1:
        groups += [(powers(arm.name), record.of_arm(arm.name)) for arm in record.study.arms]
    groups = [(name, part) for name, part in groups if len(part)]
    figures = []
    for title, reader in _readers():
        figures.append(_figure(title, [(name, reader(part)) for name, part in groups]))
    return {
        "figures": [figure for figure in figures if figure["rows"]],
        "patients": count(record.patients),
        "il6": _il6(record.outcomes),
    }


def _readers() -> list[tuple[str, Any]]:
    def graded(least: int) -> Any:
        return lambda part: chance_of(_grade_at_least(part, least), part)

    def flagged(outcome: str) -> Any:
        return lambda part: chance(part, outcome)

    crs = [(title, graded(least)) for least, title in GRADES]
    return crs + [(title, flagged(outcome)) for outcome, title in OTHERS]


def _grade_at_least(part: pl.DataFrame, least: int) -> Any:
    grade = part["crs_grade"].to_numpy().astype(float)
    return np.where(np.isnan(grade), np.nan, grade >= least)


def _figure(title: str, found: list[tuple[str, Chance | None]]) -> dict[str, Any]:
    """One kind of harm in every group, on an axis that its largest interval fits."""
    known = [(name, each) for name, each in found if each is not None]
    axis, ticks = share_axis(max((each.ends[1] for _, each in known), default=1))
    rows = [
        {"name": name, "marks": each.marks(axis), "text": each.text, "range": each.interval}
        for name, each in known
    ]
    return {"title": title, "rows": rows, "ticks": ticks}


def _il6(outcomes: pl.DataFrame) -> list[dict[str, str]]:
    """Peak IL-6 of the patients by CRS grade: what stands behind the grades."""
    rows = []
    for grade in (0, 1, 2, 3):
        peak = outcomes.filter(pl.col("crs_grade") == grade)["peak_il6"]
        if len(peak) < 5:
            continue
        low, median, high = (peak.quantile(q, "linear") for q in (0.05, 0.5, 0.95))
        rows.append(
            {
                "grade": ("none", "1", "2", "3 or higher")[grade],
                "patients": count(len(peak)),
                "median": number(median, 2),
                "range": span(low, high),
            }
        )
    return rows
