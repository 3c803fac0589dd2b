"""Two uncertainties of every main outcome, kept apart: of parameters and of the population."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from ...study.summary import happened, predict, variances
from ..chances import Chance
from ..numerals import number, percent, powers, span
from ..record import Record
from ..strips import SHARES, SMALL_TICKS

Row = dict[str, Any]
NORMAL_90 = 1.645  # standard deviations on either side
QUANTITIES = (  # column, title, unit, smallest value told apart
    ("cmax_per_ul", "Peak of CAR-positive cells in blood (Cmax)", "cells/µL", 1e-3),
    ("auc_0_28d", "Exposure, days 0–28 (AUC)", "cells/µL × day", 1e-3),
    ("peak_il6", "Peak of IL-6 in serum", "pg/mL", 1e-2),
)


def content(record: Record) -> dict[str, Any]:
    """Rows for the template."""
    return shown(facts(record))


def shown(rows: list[Row]) -> dict[str, Any]:
    """What the template shows of machine facts."""
    return {"rows": [_row(each) for each in rows], "ticks": SMALL_TICKS}


def facts(record: Record) -> list[Row]:
    """Variances and bands of every main outcome, as plain values.

    A share has the band of its rate over worlds; within a world each patient has the outcome or
    not. A quantity's variances are of its log10 within arms, and its bands hold 90 %, of worlds and
    of patients, taken as lognormal around the median. Where arms are compared every row is of one
    arm, so that no patient counts twice and no mean is over products; its quantities are of the
    patients who were treated. Other studies have one row over all arms, with no arm named.
    """
    outcomes, day, end = record.outcomes, record.study.response_day, record.study.days
    if outcomes.is_empty():
        return []
    asked: tuple[tuple[str, str, float | None], ...] = (
        ("response", f"Response, day {number(day)}", day),
        ("complete_response", f"Complete response, day {number(day)}", day),
        ("pfs", f"Progression-free, day {number(end)}", end),
        ("crs", "CRS, any grade", None),
    )
    parts = {"": outcomes}
    if record.study.is_comparison:
        parts = {arm.name: record.of_arm(arm.name) for arm in record.study.arms}
    rows = [(arm, _share(part, *each)) for each in asked for arm, part in parts.items()]
    if record.study.paired:
        parts = {arm: part.filter(pl.col("treated") > 0) for arm, part in parts.items()}
    rows += [(arm, _quantity(part, *each)) for each in QUANTITIES for arm, part in parts.items()]
    return [row | {"arm": arm} for arm, row in rows if row is not None]


def _share(outcomes: pl.DataFrame, outcome: str, title: str, day: float | None) -> Row | None:
    flags = happened(outcomes, outcome, day)
    if not np.isfinite(flags).any():
        return None
    law = predict(flags, outcomes["world"].to_numpy())
    parameter, population = law.variances
    return {
        "outcome": outcome, "title": title, "kind": "share", "unit": "1", "middle": float(law.mean),
        "parameter_variance": float(parameter), "population_variance": float(population),
        "parameter_band": list(Chance(law, int(np.isfinite(flags).sum())).ends),
        "population_band": None,
    }  # fmt: skip


def _quantity(
    outcomes: pl.DataFrame, column: str, title: str, unit: str, least: float
) -> Row | None:
    measured = outcomes[column].to_numpy().astype(float)
    if not (measured > least).any():  # an arm without cells, or without patients
        return None
    values = np.log10(np.maximum(measured, least))
    arm = outcomes["arm"].to_physical().to_numpy()
    means = np.bincount(arm, weights=values) / np.maximum(np.bincount(arm), 1)
    parameter, population = variances(values - means[arm], outcomes["world"].to_numpy())
    if np.isnan(parameter):
        return None
    middle = float(np.median(values))

    def band(variance: float) -> list[float]:
        side = NORMAL_90 * variance**0.5
        return [10 ** (middle - side), 10 ** (middle + side)]

    return {
        "outcome": column, "title": title, "kind": "quantity", "unit": unit, "middle": 10**middle,
        "parameter_variance": parameter, "population_variance": population,
        "parameter_band": band(parameter), "population_band": band(population),
    }  # fmt: skip


def share_of_parameters(row: Row) -> float:
    """Part of the variance that is not known numbers."""
    whole = row["parameter_variance"] + row["population_variance"]
    return float(row["parameter_variance"] / whole) if whole > 0 else 0.0


def _row(each: Row) -> Row:
    share = share_of_parameters(each)
    quantity = each["kind"] == "quantity"
    low, high = each["parameter_band"]
    sizes = [number(each[f"{layer}_variance"], 2) for layer in ("parameter", "population")]
    bars = SHARES.bar("parameter", 0.0, share), SHARES.bar("population", share, 1.0)
    hint = f"parameters {percent(share)}, patients {percent(1 - share)} of the variance"
    return {
        "title": each["title"],
        "arm": powers(each["arm"]),
        "unit": each["unit"] if quantity else "",
        "middle": number(each["middle"], 2) if quantity else percent(each["middle"]),
        "share": percent(share),
        "marks": [replace(bar, hint=hint) for bar in bars],
        "parameter": span(low, high) if quantity else f"{percent(low)} to {percent(high)}",
        "population": span(*each["population_band"]) if quantity else "yes or no",
        "sizes": " + ".join(sizes),
    }
