"""Lots: how they differ, and how much of the outcome's variance lies between them."""

from typing import Any

import polars as pl

from ...study.lots import SHARED, made
from ..chances import chance
from ..lot_effects import LotShare, lot_share, patients_of, values_of
from ..numerals import NONE, count, number, percent, percents, span
from ..record import Record
from ..strips import share_axis

Row = dict[str, Any]
SHOWN = 40  # lots in the table
ATTRIBUTES = (  # column, title, unit, shown as a share
    ("potency", "Killing relative to a typical lot", "", False),
    ("car_positive", "CAR-positive cells", "", True),
    ("viability", "Viable right after thaw", "", True),
    ("recovery", "Of these alive after a day", "", True),
    ("vcn", "Vector copies per CAR-positive cell", "", False),
    ("t_cells_per_kg", "Residual CD3-positive cells", "cells/kg per dose", False),
)


def content(record: Record) -> Row:
    """Variance shares, the lots' attributes with the response at both ends, and a table of lots."""
    people, day = patients_of(record), record.study.response_day
    asked = [
        (f"Response, day {number(day)}", "response", day),
        (f"Complete response, day {number(day)}", "complete_response", day),
        ("Peak in blood (Cmax), log", "cmax_per_ul", None),
        ("Exposure, days 0–28 (AUC), log", "auc_0_28d", None),
    ]
    found = [
        (title, lot_share(people, values_of(people, outcome, at))) for title, outcome, at in asked
    ]
    shares = [(title, each) for title, each in found if each is not None]
    table = _lots(people)
    return {
        "figure": _figure(shares),
        "attributes": [_attribute(people, table, day, *each) for each in ATTRIBUTES],
        "rows": [_lot(row) for row in table.head(SHOWN).iter_rows(named=True)],
        "lots": count(len(table)),
        "patients": count(len(people)),
        "most": 0 if record.study.trial else SHARED,
        "day": number(day),
        **_process(record),
    }


def _process(record: Record) -> Row:
    """The process and how its simulated runs end."""
    runs = made(record.study)
    doses = runs.doses[runs.index_released]
    low, median, high = (
        float(pl.Series(doses).quantile(q, "linear") or 0) for q in (0.05, 0.5, 0.95)
    )
    return {
        "process": runs.process.name,
        "runs": count(runs.doses.size),
        "released": percent(runs.released_fraction),
        "doses": f"{number(median)} ({span(low, high)})",
        "reasons": [(name, percent(share)) for name, share in runs.failed()[:3] if share > 0],
    }


def _figure(shares: list[tuple[str, LotShare]]) -> Row | None:
    """Share of variance between lots, one bar for each outcome."""
    if not shares:
        return None
    axis, ticks = share_axis(max(each.high for _, each in shares))
    rows = []
    for title, each in shares:
        hint = f"between lots {percent(each.share)}, 95 % {percents(each.low, each.high)}"
        bar = axis.bar("world", each.low, each.high, hint)
        rows.append(
            {
                "name": title,
                "marks": [bar, axis.dot("predicted", each.share, hint)],
                "text": percent(each.share),
                "range": percents(each.low, each.high),
            }
        )
    title = "Share of the variance within a world that lies between lots"
    return {"title": title, "rows": rows, "ticks": ticks}


def _lots(people: pl.DataFrame) -> pl.DataFrame:
    """One row a lot: patients, responders, attributes."""
    columns = [column for column, *_ in ATTRIBUTES]
    return (
        people.group_by("lot")
        .agg(
            pl.len().alias("patients"),
            pl.col("response").cast(pl.Float64).sum().alias("responders"),
            *(pl.col(column).first() for column in columns),
        )
        .sort("lot")
    )


def _attribute(
    people: pl.DataFrame, table: pl.DataFrame, day: float, column: str, title: str, unit: str,
    share: bool,
) -> Row:  # fmt: skip
    """How lots differ in one attribute, and the response in the third at either end."""
    values = table[column].drop_nans()
    low, median, high = (float(values.quantile(q, "linear") or 0) for q in (0.05, 0.5, 0.95))
    thirds = [float(values.quantile(q, "linear") or 0) for q in (1 / 3, 2 / 3)]
    ends = [
        people.filter(pl.col(column) < thirds[0]),
        people.filter(pl.col(column) > thirds[1]),
    ]
    told = [chance(part, "response", day) if len(part) else None for part in ends]
    show = percent if share else number
    return {
        "title": title,
        "unit": unit,
        "median": show(median),
        "range": percents(low, high) if share else span(low, high),
        "ends": [(each.text, each.interval) if each else (NONE, "") for each in told],
    }


def _lot(row: Row) -> Row:
    cells = [
        percent(row[column]) if share else number(row[column], 2)
        for column, _, _, share in ATTRIBUTES
    ]
    return {
        "lot": count(row["lot"] + 1),
        "patients": count(row["patients"]),
        "responders": count(row["responders"]),
        "cells": cells,
    }
