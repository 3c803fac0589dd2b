"""By dose or arm, and by disease: chances with intervals, kinetics as medians with ranges."""

from typing import Any

import polars as pl

from ...kinetics import RULES, Rule
from ...library import references
from ..chances import Chance, chance
from ..numerals import NONE, count, number, percent, powers, span
from ..record import Record
from ..strips import SMALL_TICKS, Axis, Mark, log_axis
from ..words import DISEASES, sentence, words

Row = dict[str, Any]
KINETICS = (  # column, title, unit, logarithmic
    ("cmax_per_ul", "Peak (Cmax)", "cells/µL", True),
    ("tmax_day", "Day of the peak (Tmax)", "day", False),
    ("auc_0_28d", "Exposure, days 0–28 (AUC)", "cells/µL × day", True),
    ("half_life_day", "Terminal half-life", "days", True),
    ("tlast_day", "Last day above the limit (Tlast)", "day", False),
)
FRACTIONS = {2 / 3: "two thirds", 1 / 3: "one third"}


def content(record: Record) -> dict[str, Any]:
    """Tables and small figures by arm and by disease."""
    arms = [(arm.name, record.of_arm(arm.name)) for arm in record.study.arms]
    arms = [(name, part) for name, part in arms if len(part)]
    chances = _chances(record, arms)
    return {
        "arms": [(powers(name), count(len(part))) for name, part in arms],
        "chances": chances,
        "kinetics": [_kinetic(record, arms, *each) for each in KINETICS],
        "diseases": _diseases(record),
        "ticks": SMALL_TICKS,
        "rules": _rules(record),
        "response_day": number(record.study.response_day),
        "days": number(record.study.days),
        "same": record.study.trial is not None or record.study.paired,
    }


def _chances(record: Record, arms: list[tuple[str, pl.DataFrame]]) -> list[Row]:
    """One small figure per outcome; those that the study is too short for are left out."""
    day, end = record.study.response_day, record.study.days
    asked: list[tuple[str, str, float | None]] = [
        (f"Response, day {number(day)}", "response", day),
        (f"Complete response, day {number(day)}", "complete_response", day),
        (f"Progression-free, day {number(end)}", "pfs", end),
        ("CRS, any grade", "crs", None),
        ("CAR cells above the limit, day 15", "detected_day_15", None),
        ("CAR cells above the limit, day 365", "detected_day_365", None),
    ]
    figures = []
    for title, outcome, at in asked:
        rows = [_share(powers(name), chance(part, outcome, at)) for name, part in arms]
        if any(row["marks"] for row in rows):
            figures.append({"title": title, "rows": rows, "ticks": SMALL_TICKS})
    return figures


def _share(name: str, each: Chance | None) -> Row:
    if each is None:
        return {"name": name, "marks": [], "text": NONE, "range": ""}
    return {"name": name, "marks": each.marks(), "text": each.text, "range": each.interval}


def _kinetic(
    record: Record,
    arms: list[tuple[str, pl.DataFrame]],
    column: str,
    title: str,
    unit: str,
    log: bool,
) -> Row:
    """Median, 50 % and 90 % of patients of one quantity in every arm."""
    found = [(name, part[column], _quantiles(part[column])) for name, part in arms]
    ends = [q for _, _, five in found if five for q in five]
    top = max(ends, default=1.0)
    axis = log_axis(ends) if log else Axis(0.0, top if top > 0 else 1.0)
    rows = [_range(powers(name), five, axis, values) for name, values, five in found]
    ticks = axis.ticks
    if not log:
        axis = Axis(0.0, max(top, _last(ticks, axis)))
        rows = [_range(powers(name), five, axis, values) for name, values, five in found]
        ticks = [tick for tick in axis.ticks if tick[0] <= 100]
    return {"title": title, "unit": unit, "rows": rows, "ticks": ticks}


def _last(ticks: list[tuple[float, str]], axis: Axis) -> float:
    """The value of the last round tick inside the axis."""
    inside = [float(text.replace(",", "")) for place, text in ticks if place <= 100]
    return max(inside, default=axis.high)


def _quantiles(values: pl.Series) -> list[float] | None:
    known = values.filter(values.is_not_nan() & values.is_not_null())
    if known.is_empty():
        return None
    return [float(known.quantile(q, "linear") or 0.0) for q in (0.05, 0.25, 0.5, 0.75, 0.95)]


def _range(name: str, five: list[float] | None, axis: Axis, values: pl.Series) -> Row:
    if five is None:
        return {"name": name, "marks": [], "text": NONE, "range": "", "known": ""}
    a, b, median, c, d = five
    hint = f"median {number(median)}, half of patients {span(b, c)}, 90 % {span(a, d)}"
    marks: list[Mark] = [
        axis.bar("ninety", a, d, hint),
        axis.bar("fifty", b, c, hint),
        axis.dot("median", median, hint),
    ]
    digits = 2 if axis.log else 3  # days are whole numbers
    share = float(values.is_not_nan().sum()) / len(values)
    known = f"in {percent(share)} of patients" if share < 0.995 else ""
    return {
        "name": name,
        "marks": marks,
        "text": number(median, digits),
        "range": span(a, d, digits),
        "known": known,
    }


def _diseases(record: Record) -> list[Row]:
    """Response and complete response of every disease of the study."""
    day = record.study.response_day
    rows = []
    for disease in record.study.diseases:
        part = record.of_disease(disease)
        if not len(part):
            continue
        found = [chance(part, outcome, day) for outcome in ("response", "complete_response")]
        rows.append(
            {
                "name": sentence(words(disease, DISEASES)),
                "patients": count(len(part)),
                "rule": RULES[disease].name,
                "cells": [_share("", each) for each in found],
            }
        )
    return rows


def _rules(record: Record) -> list[Row]:
    used = dict.fromkeys(RULES[disease] for disease in record.study.diseases)
    known = references()
    return [
        {
            "name": rule.name,
            "text": definition(rule),
            "url": known[rule.source].url if rule.source in known else "",
        }
        for rule in used
    ]


def definition(rule: Rule) -> str:
    """A response criterion in one line, as the model applies it to the number of tumor cells."""
    if rule.marrow:
        return (
            "response: under 5 % blasts among marrow cells; complete response: no residual "
            f"disease that can be measured; progression: {number(rule.progression)} times the nadir"
        )
    size = "size is the number of tumor cells"
    if rule.power != 1:
        size += f" to the power {FRACTIONS.get(rule.power, number(rule.power))}"
    return (
        f"{size}; response: at most {percent(rule.partial)} of the size before treatment; complete "
        f"response: below what imaging sees; progression: {number(rule.progression)} times the "
        "nadir"
    )
