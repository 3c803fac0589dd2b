"""Courses with worlds outside and patients inside: what is not known apart from what differs."""

import warnings

import numpy as np
import polars as pl

from ..domain import Study
from ..kinetics import Courses
from ..library import View
from .ensemble import cohorts, free
from .numbers import Array, world_count
from .patients import Cohort, join
from .run import assay, courses_of

MOST_PATIENTS, FEWEST_PATIENTS = 16, 4  # in each world and arm
PER_PATIENTS = 50  # of the run, one here
WORLDS_AT_ONCE = 20
LEVELS = 0.05, 0.5, 0.95
SERIES = ("car_per_ul", "tumor", "il15", "il6", "b_cells")
COLUMNS = (
    "median", "population_low", "population_high", "parameter_low", "parameter_high",
)  # fmt: skip
SCHEMA = {"arm": pl.String, "quantity": pl.String, "day": pl.Float64} | dict.fromkeys(
    COLUMNS, pl.Float64
)


def bands(study: Study, view: View, threads: int = 1) -> pl.DataFrame:
    """Bands of the courses by arm, quantity and day.

    The same few patients are put into every plausible world and every arm. median: over worlds of
    the world's median patient. population_low, _high: 5th and 95th percentile of patients within a
    world, in the median world. parameter_low, _high: 5th and 95th percentile over worlds of the
    world's median patient. NaN where nobody could be simulated.
    """
    inner = min(study.patients, MOST_PATIENTS, max(FEWEST_PATIENTS, study.patients // PER_PATIENTS))
    count, arms = min(world_count(), study.patients), len(study.arms)
    ids, arm = np.tile(np.arange(inner), arms), np.repeat(np.arange(arms), inner)
    found: dict[str, list[Array]] = {name: [] for name in SERIES}
    days = np.zeros(0)
    for first in range(0, count, WORLDS_AT_ONCE):
        chosen = slice(first, min(first + WORLDS_AT_ONCE, count))
        values = {name: column[chosen] for name, column in free(study).items()}
        every = join(list(cohorts(study, view, ids, values, arm=arm)))
        courses = courses_of(study, every, threads)
        days = courses.times
        shape = -1, arms, inner, days.size  # world, arm, patient, day
        for name in SERIES:
            part = _series(courses, every, name).reshape(shape)
            found[name].append(np.moveaxis(quantiles(part, LEVELS, 2), 0, 1))
    rows = [
        pl.DataFrame(
            {"arm": study.arms[i].name, "quantity": name, "day": days}
            | dict(zip(COLUMNS, two_layers(np.concatenate(found[name])[:, :, i]))),
            schema=SCHEMA,
        )
        for i in range(arms)
        for name in SERIES
    ]
    return pl.concat(rows)


def two_layers(levels: Array) -> Array:
    """The five COLUMNS, (5, days), from percentiles of the patients within each world.

    levels: (worlds, 3, days): LEVELS of the world's patients.
    """
    low, middle, high = quantiles(levels, (0.5,), 0)[0]
    least, most = quantiles(levels[:, 1], (LEVELS[0], LEVELS[2]), 0)
    return np.array([middle, low, high, least, most])


def quantiles(values: Array, levels: tuple[float, ...], axis: int) -> Array:
    """Quantiles along an axis, first in the result, of those that are no NaN."""
    if not np.isnan(values).any():
        return np.asarray(np.quantile(values, levels, axis=axis))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nobody left: NaN, as it should be
        return np.asarray(np.nanquantile(values, levels, axis=axis))  # much slower


def _series(courses: Courses, cohort: Cohort, name: str) -> Array:
    if name == "tumor":
        return np.asarray(np.where(courses.failed[:, None], np.nan, courses.burden))
    return courses.car_per_ul(assay(cohort)) if name == "car_per_ul" else courses.of(name)
