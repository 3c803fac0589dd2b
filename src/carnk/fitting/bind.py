"""From an event table, a model and a plan to what the mixed-effects engine takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..assays.events import Events
from ..base import DataError, Problem, SpecError, did_you_mean
from .mixed.density import Samples
from .mixed.population import Effect, Error, Population
from .mixed.structure import Study
from .offers import Offer
from .plan import Plan

Array = NDArray[np.float64]
FEWEST_PATIENTS = 4
MOST_LEVELS = 6


def bind(events: Events, offer: Offer, plan: Plan) -> Study:
    """The study to fit. DataError with all that the data lack, SpecError for a wrong covariate."""
    rows = events.samples
    ids = tuple(rows["id"].unique(maintain_order=True))
    _check(events, rows, ids, offer, plan)
    samples = samples_of(rows, ids, [m.name for m in plan.outputs])
    covariates, effects = _covariates(events, ids, plan)
    population = Population(
        plan.quantities,
        tuple(Error(m.error, m.sizes) for m in plan.outputs),
        effects,
        tuple(m.name for m in plan.outputs),
        plan.full,
    )
    courses = offer.bind(events, samples, ids)
    names = [q.name for q in plan.quantities]

    def predict(values: Array, near: bool) -> Array:
        numbers: dict[str, Array] = {n: values[..., i] for i, n in enumerate(names)}
        shape = values.shape[:2]
        numbers |= {n: np.full(shape, v) for n, v in plan.fixed.items()}
        known = _known(courses(numbers, near), numbers, samples)
        found = np.empty((*shape, samples.low.shape[1]))
        for place, measured in enumerate(plan.outputs):
            value = np.broadcast_to(measured.formula(known), found.shape)
            np.copyto(found, value, where=(samples.output == place)[:, None])
        return found

    return Study(population, samples, covariates, predict, ids)


def _known(
    found: dict[str, Array], numbers: Mapping[str, Array], samples: Samples
) -> dict[str, Array]:
    each = {name: value[..., None] for name, value in numbers.items()}
    return each | found | {"time": samples.day[:, None]}


def samples_of(rows: pl.DataFrame, ids: tuple[str, ...], outputs: list[str]) -> Samples:
    """Samples of all patients, padded to the longest; padding repeats the last sample's time."""
    parts = [rows.filter(pl.col("id") == i) for i in ids]
    most = max(len(part) for part in parts)
    shape = (len(ids), most)
    day, low, high = (np.zeros(shape) for _ in range(3))
    output, used = np.zeros(shape, np.int64), np.zeros(shape, bool)
    for i, part in enumerate(parts):
        count = len(part)
        value = part["value"].to_numpy()
        censored = part["censored"].to_numpy()
        day[i] = part["time_days"][-1]
        day[i, :count] = part["time_days"].to_numpy()
        end = part["other_end"].cast(pl.Float64).to_numpy()
        low[i, :count] = np.where(censored == 1, np.nan_to_num(end, nan=-np.inf), value)
        high[i, :count] = np.where(censored == -1, np.nan_to_num(end, nan=np.inf), value)
        output[i, :count] = [outputs.index(name) for name in part["output"]]
        used[i, :count] = True
    low[~used] = high[~used] = 1.0
    return Samples(day, low, high, output, used)


def _check(
    events: Events, rows: pl.DataFrame, ids: tuple[str, ...], offer: Offer, plan: Plan
) -> None:
    problems = []
    if len(ids) < FEWEST_PATIENTS:
        what = f"{len(ids)} patients have samples; differences between them need at least"
        problems.append(Problem(events.file, f"{what} {FEWEST_PATIENTS}"))
    counts = rows.group_by("id", maintain_order=True).agg(
        pl.len(), pl.col("line").first(), (pl.col("censored") == 0).sum().alias("seen")
    )
    if not (counts["seen"] > 1).any():
        what = "no patient has two values above the limit: a course cannot be told from one point"
        problems.append(Problem(events.file, what, "Give whole courses."))
    problems += _doses_without_samples(events, rows)
    if offer.needs_doses and not events.doses.is_empty():
        given = set(events.doses["id"])
        problems += [
            Problem(f"{events.file}:{line}", f"patient {i} has no dose", "Write its doses, AMT.")
            for i, line in counts.select("id", "line").rows()
            if i not in given
        ]
    logs = [m.name for m in plan.outputs if m.error == "lognormal"]
    wrong = rows.filter(pl.col("output").is_in(logs) & (pl.col("value") <= 0))
    for line, value in wrong.select("line", "value").rows():
        do = "Give the limit of quantification (LLOQ or --lloq), or another error model."
        what = f"{value:g} has no logarithm, which the error 'lognormal' asks for"
        problems.append(Problem(f"{events.file}:{line}: DV", what, do))
    if problems:
        raise DataError(problems, events.file)


def _doses_without_samples(events: Events, rows: pl.DataFrame) -> list[Problem]:
    """A patient whose every sample lies before the first dose tells nothing."""
    last = rows.group_by("id").agg(pl.col("time_days").max().alias("last"))
    first = events.doses.group_by("id", maintain_order=True).agg(
        pl.col("time_days").min().alias("first"), pl.col("line").first()
    )
    late = first.join(last, on="id", maintain_order="left").filter(
        pl.col("first") >= pl.col("last")
    )
    return [
        Problem(
            f"{events.file}:{line}",
            f"patient {i}: the first dose, day {day:g}, comes after the last sample, day {end:g}",
            "Correct the times or leave the patient out.",
        )
        for i, line, day, end in late.select("id", "line", "first", "last").rows()
    ]


def _covariates(
    events: Events, ids: tuple[str, ...], plan: Plan
) -> tuple[Array, tuple[Effect, ...]]:
    """Columns of the covariate table, and the effects that use them."""
    columns: list[Array] = []
    effects: list[Effect] = []
    problems: list[Problem] = []
    for wish in plan.covariates:
        if wish.column not in events.covariates:
            what = f"'{wish.column}' is not a column of {events.file}"
            problems.append(
                Problem("covariate", what, did_you_mean(wish.column, events.covariates))
            )
            continue
        values = [_one(events, patient, wish.column, problems) for patient in ids]
        if problems:
            continue
        for label, column in _coded(wish.column, values, problems).items():
            effects.append(Effect(f"{wish.on}_by_{label}", wish.on, len(columns)))
            columns.append(column)
    if problems:
        raise SpecError(problems)
    table = np.column_stack(columns) if columns else np.zeros((len(ids), 0))
    return table, tuple(effects)


def _one(events: Events, patient: str, column: str, problems: list[Problem]) -> object:
    """The one value of a patient's covariate."""
    rows = events.rows.filter(pl.col("id") == patient)
    found = rows[column].drop_nulls().unique(maintain_order=True).to_list()
    if len(found) == 1:
        return found[0]
    line = rows["line"][0]
    what = f"patient {patient} has {len(found)} values of '{column}'"
    do = "Give every patient one: covariates that change with time are not fitted."
    problems.append(Problem(f"{events.file}:{line}: {column}", what, do))
    return None


def _coded(column: str, values: list[object], problems: list[Problem]) -> dict[str, Array]:
    """Logarithm over the median for numbers; 0 or 1 for every level but the most frequent."""
    if all(isinstance(v, int | float) for v in values):
        numbers = np.array(values, float)
        if set(numbers) <= {0.0, 1.0}:
            return {column: numbers}
        if (numbers > 0).all() and np.ptp(numbers) > 0:
            return {column: np.log(numbers / np.median(numbers))}
        what = f"'{column}' has to be above 0 and not the same in all patients"
        problems.append(Problem("covariate", what, "Leave it out or code it as text."))
        return {}
    levels = sorted(
        {str(v) for v in values}, key=lambda level: (-sum(str(v) == level for v in values), level)
    )
    if not 2 <= len(levels) <= MOST_LEVELS:
        what = f"'{column}' has {len(levels)} levels; 2 to {MOST_LEVELS} can be fitted"
        problems.append(Problem("covariate", what, "Join levels or leave it out."))
        return {}
    return {
        f"{column}_{level}": np.array([float(str(v) == level) for v in values])
        for level in levels[1:]
    }
