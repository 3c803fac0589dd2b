"""Rows of a killing assay's results: for files, scripts and the page."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from .et_curve import Estimate
from .lysis import Arm, Lysis

Row = dict[str, str]
TABLES = ("arms", "points", "wells", "pairs", "synergy", "courses", "flags")


def rows(found: Lysis) -> dict[str, list[Row]]:
    """Tables by name; one that has nothing to say is empty."""
    return {
        "arms": [_arm(arm, found) for arm in found.arms],
        "points": [row for arm in found.arms for row in _points(arm)],
        "wells": [row for arm in found.arms for row in _wells(arm)],
        "pairs": _pairs(found),
        "synergy": _synergy(found),
        "courses": [row for arm in found.arms for row in _courses(arm)],
        "flags": _flags(found),
    }


def kill_curves(found: Lysis) -> list[Row]:
    """Curves as `carnk kill fit` reads them: lysis at the last time, with the SD of replicates."""
    return [
        {
            "donor": arm.donor or "one",
            "target": arm.target or "target",
            "effector": arm.effector,
            "hours": number(float(arm.hours[-1])),
            "ET": number(float(et)),
            "lysis_pct": number(float(arm.lysis[k, -1])),
            "sd": number(float(arm.sd[k])),
            "n": str(arm.replicates[k]),
        }
        for arm in found.arms
        for k, et in enumerate(arm.et)
        if isfinite(arm.lysis[k, -1]) and isfinite(arm.sd[k]) and arm.hours[-1] > 0
    ]


def number(value: float | None, digits: int = 5) -> str:
    """A number for a file; nothing where there is none."""
    return "" if value is None or not isfinite(value) else f"{value:.{digits}g}"


def _place(arm: Arm) -> Row:
    return {
        "plate": arm.plate, "donor": arm.donor, "target": arm.target, "effector": arm.effector,
    }  # fmt: skip


def told(name: str, estimate: Estimate) -> Row:
    """A number with its ends, as three cells."""
    return {
        name: number(estimate.value),
        f"{name}_low": number(estimate.low),
        f"{name}_high": number(estimate.high),
    }


def _arm(arm: Arm, found: Lysis) -> Row:
    fit = arm.fitted
    value, low, high = (None if x is None else x / 10 for x in _ends(arm.lytic))
    return {
        **_place(arm),
        "hours": number(float(arm.hours[-1])),
        "law": fit.law,
        **told("emax_pct", fit.emax),
        **told("et50", fit.et50),
        **told("slope", fit.slope),
        **told("lu30_per_1e7", arm.lytic),
        **told("lu30_per_1e6", Estimate(value, low, high)),
        "targets_per_well": number(found.targets_per_well, 9),
        "chance_of_misfit": number(fit.chance, 3),
        "no_curve_because": fit.et50.why,
        "no_lytic_units_because": arm.lytic.why,
    }


def _ends(e: Estimate) -> tuple[float | None, float | None, float | None]:
    return e.value, e.low, e.high


def _points(arm: Arm) -> Iterator[Row]:
    for k, et in enumerate(arm.et):
        for t, hours in enumerate(arm.hours):
            yield {
                **_place(arm),
                "et": number(float(et)),
                "hours": number(float(hours)),
                "lysis_pct": number(float(arm.lysis[k, t])),
                "low": number(float(arm.low[k, t])),
                "high": number(float(arm.high[k, t])),
                "wells": str(arm.replicates[k]),
            }


def _wells(arm: Arm) -> Iterator[Row]:
    for et, wells in zip(arm.et, arm.wells):
        for name, lysis in wells:
            for hours, x in zip(arm.hours, lysis):
                yield {
                    **_place(arm),
                    "et": number(float(et)),
                    "well": name,
                    "hours": number(float(hours)),
                    "lysis_pct": number(float(x)),
                }


def _pairs(found: Lysis) -> list[Row]:
    return [
        {
            "plate": p.first.plate,
            "donor": p.first.donor,
            "target": p.first.target,
            "first": p.first.effector,
            "second": p.second.effector,
            **told("et50_of_second_over_first", p.et50),
            **told("kills_per_effector_first_over_second", p.killing),
            "why_none": p.et50.why,
        }
        for p in found.pairs
    ]


def _synergy(found: Lysis) -> list[Row]:
    made = []
    for each in found.synergies:
        parts = " and ".join(name for name, _ in each.combination.parts)
        wanted = each.combination
        name = {"together": wanted.together, "alone": parts, "base": wanted.base}
        points = zip(map(number, each.et), each.bliss, each.loewe)
        for et, bliss, loewe in (*points, ("mean", each.mean_bliss, each.mean_loewe)):
            cells = {**told("bliss_excess_pct", bliss), **told("loewe_index", loewe)}
            made.append({**name, "et": et, **cells})
    return made


def _courses(arm: Arm) -> Iterator[Row]:
    for et, each in zip(arm.et, arm.courses):
        yield {
            **_place(arm),
            "et": number(float(et)),
            **told("area_pct_h", each.area),
            **told("mean_lysis_pct", each.mean),
            **told("hours_to_50_pct", each.half_time),
            "no_time_because": each.half_time.why,
        }


def _flags(found: Lysis) -> list[Row]:
    flags = [
        {
            "kind": flag.kind,
            "left_out": "yes" if flag.is_grave else "no",
            "plate": flag.plate,
            "wells": " ".join(flag.wells),
            "what": str(flag),
        }
        for flag in found.flags
    ]
    return flags + [
        {"kind": "file", "left_out": "no", "plate": "", "wells": "", "what": str(note)}
        for note in found.notes
    ]
