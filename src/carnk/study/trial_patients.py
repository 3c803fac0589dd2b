"""The virtual patients of a trial: several to a lot, each treated at every dose level and schedule.

The population is simulated once; trials are then drawn from it (`trial_draw.py`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain import Study, Trial
from ..kinetics import Courses, grade_probabilities
from ..library import View
from .numbers import Array
from .patients import Cohort, draw
from .trial import lot_of, settled


def draw_at_every_arm(study: Study, view: View, ids: NDArray[np.int64]) -> Cohort:
    """These patients in their lots, one row for each arm: the same patient at each of them."""
    arms = len(study.arms)
    rows, arm = np.repeat(ids, arms), np.tile(np.arange(arms), ids.size)
    return draw(study, view, rows, arm=arm, lots=lot_of(study, settled(study, view), rows))


def limiting(study: Study, view: View, cohort: Cohort, courses: Courses) -> dict[str, Any]:
    """Columns of patient, arm, lot and the chances of a limiting toxicity by day."""
    trial = settled(study, view)
    chances = limiting_chances(trial, cohort, courses)
    who = {"patient": cohort.ids, "lot": lot_of(study, trial, cohort.ids), "arm": cohort.arm}
    return who | {f"day_{i}": column for i, column in enumerate(chances.T, 1)}


def limiting_chances(trial: Trial, cohort: Cohort, courses: Courses) -> Array:
    """Chance of a dose-limiting toxicity by day 1, 2, ... of the window, (patients, days).

    CRS and ICANS follow the highest IL-6 signal so far, by the ordered logit of the run; GvHD its
    cumulative hazard. They are independent given the patient's course.
    """
    limiting, by = trial.limiting, cohort.reading
    window = int(limiting.window_days or 0)
    days = np.arange(1.0, window + 1)
    acting = courses.il6_signal(by["tocilizumab_half"], by["tocilizumab_max"])
    highest = _at(np.maximum.accumulate(acting, axis=1), courses.times, days)
    signal = np.log10(highest / by["il6_base"][:, None])
    free = np.ones_like(signal)
    thresholds = np.column_stack([by[f"crs_threshold_{k}"] for k in (1, 2, 3)])
    shifts: dict[str, tuple[int, Any]] = {
        "crs": (limiting.crs_grade, 0.0),
        "icans": (limiting.icans_grade, by["icans_shift"]),
    }
    for name, (least, shift) in shifts.items():
        if name in limiting.counts:
            harder = thresholds + np.reshape(shift, (-1, 1))
            free *= 1 - _graded(signal, by["crs_slope"], harder, least)
    if "gvhd" in limiting.counts:
        free *= np.exp(-_at(courses.of("gvhd_hazard"), courses.times, days))
    return np.asarray(np.where(courses.failed[:, None], np.nan, 1 - free))


def _graded(signal: Array, slope: Array, thresholds: Array, least: int) -> Array:
    """Chance of at least a grade at each time."""
    days = signal.shape[1]
    rows: Any = np.repeat(np.arange(signal.shape[0]), days)
    chances = grade_probabilities(signal.ravel(), slope[rows], thresholds[rows])
    return np.asarray(chances[:, least - 1].reshape(signal.shape))


def _at(values: Array, times: Array, days: Array) -> Array:
    """Values at these days, linear between the times of the course; (patients, days)."""
    after = np.clip(np.searchsorted(times, days), 1, times.size - 1)
    share = (days - times[after - 1]) / (times[after] - times[after - 1])
    return np.asarray(values[:, after - 1] * (1 - share) + values[:, after] * share)
