"""Non-compartmental analysis of courses of cells or vector copies, by the field's names.

Samples below the limit of quantification (or 0) count as 0 before the first sample above it, as
missing between such samples, and are dropped after the last. Time runs from the patient's first
dose. No clearance is told: living cells grow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isnan, nan

import numpy as np
import polars as pl

from ..base import Problem, SpecError, did_you_mean
from .events import Events
from .exposure import (
    Array,
    Slope,
    area_until,
    areas,
    extrapolated,
    geometric,
    terminal_slope,
)

END_DAYS = 28.0
MUCH = 0.2  # share of an area from which its extrapolation is told
SHORT = 2.0 - 1e-9  # half-lives that a terminal phase should span
LOOSE = 0.8  # adjusted R2 below which a half-life is told as loose
PARAMETERS: Mapping[str, tuple[str, str]] = {
    "cmax": ("Cmax", "value"),
    "tmax_days": ("Tmax", "day"),
    "clast": ("Clast", "value"),
    "tlast_days": ("Tlast", "day"),
    "auc_last": ("AUC0-t", "value*day"),
    "auc_end": ("AUC0-28d", "value*day"),
    "auc_inf": ("AUCinf", "value*day"),
    "half_life_days": ("half-life", "day"),
    "mrt_days": ("MRT", "day"),
}
GEOMETRIC = ("cmax", "clast", "auc_last", "auc_end", "auc_inf", "half_life_days", "mrt_days")
MOST_GROUPS = 12
PRE_DOSE = 0.1  # days before a dose in which its baseline is taken
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("id", "output", "period"), pl.String),
    **dict.fromkeys(PARAMETERS, pl.Float64),
    **dict.fromkeys(("end_days", "auc_end_extrapolated", "auc_inf_extrapolated"), pl.Float64),
    **dict.fromkeys(("half_life_low", "half_life_high", "lambda_z_per_day"), pl.Float64),
    "lambda_z_points": pl.Int64,
    "lambda_z_adjusted_r2": pl.Float64,
    "samples": pl.Int64,
    "notes": pl.String,
}
Row = dict[str, object]


@dataclass
class Course:
    """One output of one patient from one dose on, by the rules for samples below the limit.

    Days since that dose. A terminal slope begins after `last_dose`. `below_after` is the first
    sample below the limit after the last one above it, infinite if there is none.
    """

    times: Array
    values: Array
    last_dose: float = 0.0
    below_after: float = inf
    has_area: bool = True
    notes: list[str] = field(default_factory=list)


def nca(events: Events, end_days: float = END_DAYS) -> pl.DataFrame:
    """Parameters of every patient, output and dose; days from the first dose, null for none.

    Columns id, output, period ('all' from the first dose on; where there are several doses also
    'dose 1' and so on, each until the next), the keys of PARAMETERS (areas in value x day; auc_end
    until end_days, which is the next dose for all but the last), auc_end_extrapolated and
    auc_inf_extrapolated (shares), half_life_low, half_life_high (95 %), lambda_z_per_day,
    lambda_z_points, lambda_z_adjusted_r2, samples (above the limit) and notes.
    """
    rows: list[Row] = []
    for patient in events.rows.partition_by("id", maintain_order=True):
        doses = np.unique(patient.filter("is_dose")["time_days"].to_numpy())
        samples = patient.filter(~pl.col("is_dose") & pl.col("value").is_not_null())
        for course in samples.partition_by("output", maintain_order=True):
            names: Row = {"id": course["id"][0], "output": course["output"][0]}
            for period, start, end in _periods(doses):
                until = end_days if end == inf else end - start
                found = _parameters(_cut(course, doses, start, end), until, len(doses) < 2)
                rows.append(names | {"period": period, "end_days": until} | found)
    return pl.DataFrame(rows, schema=SCHEMA).with_columns(pl.col(pl.Float64).fill_nan(None))


def _periods(doses: Array) -> list[tuple[str, float, float]]:
    """Name, start and end of the whole course and of each of several doses."""
    whole = ("all", float(doses[0]) if len(doses) else 0.0, inf)
    if len(doses) < 2:
        return [whole]
    ends = [*doses[1:].tolist(), inf]
    return [whole, *((f"dose {i + 1}", d, e) for i, (d, e) in enumerate(zip(doses.tolist(), ends)))]


def _cut(course: pl.DataFrame, doses: Array, start: float, end: float) -> Course:
    """The samples of a period by the rules for those below the limit."""
    times = _at_doses(course["time_days"].to_numpy(), doses)
    raw = course["value"].to_numpy()
    censored = course["censored"].to_numpy()
    below = (censored == 1) | (raw <= 0)
    above = np.flatnonzero(~below)
    if not len(above):
        return Course(np.empty(0), np.empty(0))
    kept = ~below | (np.arange(len(times)) < above[0])
    kept &= (times >= start) & (times <= end)
    after = times[below & (times > times[above[-1]])]
    made = Course(times[kept] - start, np.where(below, 0.0, raw)[kept])
    made.below_after = float(after[0]) - start if len(after) else inf
    made.last_dose = float(max((d - start for d in doses if d <= end), default=0.0))
    if (censored[kept] == -1).any():
        made.notes.append("values above the assay's range are taken as its end")
    if not (times == start).any():
        is_first = not len(doses) or start == doses[0]
        made.has_area = is_first
        made.notes.append(
            "0 is taken at the dose, where no sample is"
            if is_first
            else "no sample at the dose, so no area"
        )
        made.times = np.insert(made.times, 0, 0.0) if is_first else made.times
        made.values = np.insert(made.values, 0, 0.0) if is_first else made.values
    if end < inf and not (times == end).any():
        made.has_area = False
        made.notes.append("no sample at the next dose, so no area")
    return made


def _at_doses(times: Array, doses: Array) -> Array:
    """Times with the last sample of the 2.4 hours before a dose taken to be at it."""
    moved = times.copy()
    for dose in doses:
        before = np.flatnonzero((times >= dose - PRE_DOSE) & (times < dose))
        if len(before) and not (times == dose).any():
            moved[before[-1]] = dose
    return moved


def _parameters(course: Course, end_days: float, is_single: bool) -> Row:
    """All parameters of one course."""
    t, c = course.times, course.values
    if not (c > 0).any():
        what = "no sample above the limit of quantification"
        return {"samples": 0, "notes": "; ".join([*course.notes, what])}
    peak, last = int(np.argmax(c)), int(np.flatnonzero(c > 0)[-1])
    found: Row = {
        "cmax": float(c[peak]),
        "tmax_days": float(t[peak]),
        "clast": float(c[last]),
        "tlast_days": float(t[last]),
        "samples": int((c > 0).sum()),
    }
    t, c = t[: last + 1], c[: last + 1]
    tail = t >= course.last_dose
    slope = terminal_slope(t[tail], c[tail]) if tail.any() else None
    if slope is None:
        course.notes.append("no half-life: no 3 samples after Cmax that fall")
    else:
        found |= _terminal(slope, float(t[-1]), course.notes)
    if course.has_area:
        found |= _areas(course, (t, c), end_days, slope, is_single)
    return found | {"notes": "; ".join(course.notes)}


def _terminal(slope: Slope, tlast: float, notes: list[str]) -> Row:
    """Half-life and how well it is seen."""
    if slope.adjusted_r2 < LOOSE:
        notes.append(f"loose half-life: adjusted R2 {slope.adjusted_r2:.2f}")
    if (span := (tlast - slope.first_day) / slope.half_life) < SHORT:
        notes.append(f"loose half-life: its samples span {span:.1f} half-lives")
    return {
        "half_life_days": slope.half_life,
        "half_life_low": slope.interval[0],
        "half_life_high": slope.interval[1],
        "lambda_z_per_day": slope.per_day,
        "lambda_z_points": slope.points,
        "lambda_z_adjusted_r2": slope.adjusted_r2,
    }


def _areas(
    course: Course,
    until_last: tuple[Array, Array],
    end_days: float,
    slope: Slope | None,
    is_single: bool,
) -> Row:
    """Areas until Tlast, a day and infinity; mean residence time where it is sound."""
    t, c = until_last
    area, moment = areas(t, c)
    until, share = area_until(t, c, end_days, slope)
    if isnan(share) and course.below_after < inf:
        fall = np.append(t, course.below_after), np.append(c, 0.0)
        until, share = area_until(*fall, min(end_days, course.below_after))
        course.notes.append("AUC falls linearly to 0 at the first sample below the limit")
    if share > MUCH:
        course.notes.append(f"{share:.0%} of AUC0-{end_days:g}d is extrapolated")
    found: Row = {"auc_last": area, "auc_end": until, "auc_end_extrapolated": share}
    if slope is None:
        return found
    beyond, moment_beyond = extrapolated(t, c, slope)
    beyond_share = beyond / (area + beyond)
    if beyond_share > MUCH:
        course.notes.append(f"{beyond_share:.0%} of AUCinf is extrapolated")
    elif is_single:
        found["mrt_days"] = (moment + moment_beyond) / (area + beyond)
    return found | {"auc_inf": area + beyond, "auc_inf_extrapolated": beyond_share}


def groups_of(events: Events, by: str) -> dict[str, str]:
    """Group of each patient by a covariate (its first value there); SpecError if it has none."""
    names = {name.lower(): name for name in events.covariates}
    if by.lower() not in names:
        listed = ", ".join(events.covariates) or "none"
        do = did_you_mean(by, events.covariates) or f"Covariates of the file: {listed}."
        raise SpecError(Problem("--by", f"'{by}' is no column of {events.file}", do))
    column = names[by.lower()]
    first = pl.col(column).drop_nulls().first()
    rows = events.rows.group_by("id", maintain_order=True).agg(first).rows()
    found = {patient: _word(value) for patient, value in rows}
    if len(set(found.values())) > MOST_GROUPS:
        what = f"'{column}' makes {len(set(found.values()))} groups"
        raise SpecError(Problem("--by", what, f"Choose a column of at most {MOST_GROUPS} values."))
    return found


def _word(value: str | float | None) -> str:
    if value is None:
        return "not given"
    return f"{value:g}" if isinstance(value, float) else value


def summarize(table: pl.DataFrame, groups: Mapping[str, str] | None = None) -> pl.DataFrame:
    """Over patients: geometric mean and CV, median and range of each parameter.

    Columns group ('' without groups), output, period, parameter, patients, n (with a value),
    geometric_mean and geometric_cv (of values above 0; not of times), median, low, high.
    """
    rows = []
    mine = table.with_columns(
        group=pl.col("id").replace_strict(groups, default="") if groups else pl.lit("")
    )
    for part in mine.partition_by("group", "output", "period", maintain_order=True):
        for name in PARAMETERS:
            values = part[name].drop_nulls().to_numpy()
            mean, cv = geometric(values) if name in GEOMETRIC and len(values) else (nan, nan)
            middle = (float(np.median(values)), values.min(), values.max()) if len(values) else ()
            low_high = dict(zip(("median", "low", "high"), middle))
            rows.append(
                {key: part[key][0] for key in ("group", "output", "period")}
                | {"parameter": name, "patients": len(part), "n": len(values)}
                | {"geometric_mean": mean, "geometric_cv": cv}
                | low_high
            )
    return pl.DataFrame(rows, schema=SUMMARY).with_columns(pl.col(pl.Float64).fill_nan(None))


SUMMARY: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("group", "output", "period", "parameter"), pl.String),
    **dict.fromkeys(("patients", "n"), pl.Int64),
    **dict.fromkeys(("geometric_mean", "geometric_cv", "median", "low", "high"), pl.Float64),
}
