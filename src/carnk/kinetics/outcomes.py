"""What the field reports of each patient: cellular kinetics, response, relapse, toxicity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .courses import Assay, Courses
from .response import RULES, progression_day, responses

Array = NDArray[np.float64]
B_CELL_APLASIA = 0.1  # of the count before treatment
FIRST_VISIT, LAST_RESPONSE_VISIT = 28.0, 100.0  # days of restaging


@dataclass(frozen=True)
class Outcomes:
    """One value per patient; days count from the first infusion, NaN where the solve failed."""

    cmax_per_ul: Array
    tmax_day: Array
    auc_0_28d: Array  # cells/uL x day
    half_life_day: Array  # from the last third of the days above the limit; NaN below three points
    tlast_day: Array  # last day above the limit of quantification; 0 if never
    detected_day_15: Array
    detected_day_365: Array
    burden_before: Array
    burden_response_day: Array
    response: Array
    complete_response: Array
    best_response: Array
    best_complete_response: Array
    progression_day: Array  # inf if not within the study
    extinct_day: Array  # all clones died out; inf if not within the study
    peak_il6: Array
    peak_il15: Array
    peak_ifng: Array
    b_cell_recovery_day: Array  # first day above a tenth after the nadir; inf: never, 0: no need
    gvhd_probability: Array


def outcomes(
    courses: Courses,
    assay: Assay,
    disease: NDArray[np.str_],
    imaging_limit: Array,
    marrow_cells: Array,
    response_day: float,
) -> Outcomes:
    """Read every patient's outcomes off the courses; `disease` and limits are one per patient."""
    times, burden = courses.times, courses.burden
    after = times >= 0
    cells = np.where(after, courses.car_per_ul(assay), 0.0)
    seen = (courses.copies_per_ug(assay) >= assay.limit_copies_per_ug[:, None]) & after
    at = int(np.argmin(np.abs(times - response_day)))
    judged = _judged(courses, disease, imaging_limit, marrow_cells)
    visits = (times >= FIRST_VISIT) & (times <= LAST_RESPONSE_VISIT)
    gone = courses.extinct.max(axis=1)
    values = {
        "cmax_per_ul": cells.max(axis=1),
        "tmax_day": times[cells.argmax(axis=1)],
        "auc_0_28d": _area(cells, times, 28.0),
        "half_life_day": _half_life(cells, seen, times),
        "tlast_day": np.where(seen.any(axis=1), times[::-1][seen[:, ::-1].argmax(axis=1)], 0.0),
        "detected_day_15": _at(seen, times, 15.0),
        "detected_day_365": _at(seen, times, 365.0),
        "burden_before": burden[:, 0],
        "burden_response_day": burden[:, at],
        "response": judged[0][:, at].astype(float),
        "complete_response": judged[1][:, at].astype(float),
        "best_response": judged[0][:, visits].any(axis=1).astype(float),
        "best_complete_response": judged[1][:, visits].any(axis=1).astype(float),
        "progression_day": judged[2],
        "extinct_day": np.where(np.isnan(gone), np.inf, gone),
        "peak_il6": courses.of("il6").max(axis=1),
        "peak_il15": courses.of("il15").max(axis=1),
        "peak_ifng": courses.of("ifng").max(axis=1),
        "b_cell_recovery_day": _recovery(courses.of("b_cells"), times),
        "gvhd_probability": -np.expm1(-courses.of("gvhd_hazard")[:, -1]),
    }
    return Outcomes(**{k: np.where(courses.failed, np.nan, v) for k, v in values.items()})


def _judged(
    courses: Courses, disease: NDArray[np.str_], limit: Array, marrow: Array
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Array]:
    """(response, complete response) over time and day of progression, by each disease's rule."""
    burden, times = courses.burden, courses.times
    response = np.zeros(burden.shape, bool)
    complete = np.zeros(burden.shape, bool)
    progression = np.full(len(burden), np.inf)
    for name in np.unique(disease):
        rows, rule = disease == name, RULES[str(name)]
        if rule.b_cells:
            left = courses.of("b_cells")[rows] / courses.of("b_cells")[rows][:, :1]
            response[rows], complete[rows] = left <= rule.partial, left <= rule.partial / 10
            continue
        mine = burden[rows]
        response[rows], complete[rows] = responses(
            mine, mine[:, 0], rule, limit[rows], marrow[rows]
        )
        progression[rows] = progression_day(mine, times, rule, limit[rows], FIRST_VISIT)
    return response, complete, progression


def _at(flags: NDArray[np.bool_], times: Array, day: float) -> Array:
    """The flag at a day, or NaN when the study does not reach it."""
    if times[-1] < day:
        return np.full(len(flags), np.nan)
    return np.asarray(flags[:, int(np.argmin(np.abs(times - day)))], dtype=float)


def _area(cells: Array, times: Array, end: float) -> Array:
    """Trapezoid area from day 0 to `end`, with the end point interpolated."""
    days = np.union1d(times[(times >= 0) & (times <= end)], [0.0, min(end, times[-1])])
    rows = np.stack([np.interp(days, times, row) for row in cells])
    return np.asarray(np.trapezoid(rows, days, axis=1))


def _half_life(cells: Array, seen: NDArray[np.bool_], times: Array) -> Array:
    """Terminal half-life: log-linear fit over the last third of the days above the limit."""
    last = np.where(seen.any(axis=1), times[::-1][seen[:, ::-1].argmax(axis=1)], 0.0)
    peak = times[cells.argmax(axis=1)]
    used = seen & (times >= (last - (last - peak) / 3)[:, None]) & (times <= last[:, None])
    weight = used.astype(float)
    count = np.maximum(weight.sum(axis=1), 1)
    y = np.log(np.maximum(cells, 1e-300))
    t_mean = (weight * times).sum(axis=1) / count
    y_mean = (weight * y).sum(axis=1) / count
    dt = times - t_mean[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (weight * dt * (y - y_mean[:, None])).sum(axis=1) / (weight * dt**2).sum(axis=1)
        half = -np.log(2) / slope
    return np.asarray(np.where((count >= 3) & (half > 0), half, np.nan))


def _recovery(b_cells: Array, times: Array) -> Array:
    """First day after the nadir on which B cells are back above a tenth of baseline."""
    above = b_cells >= B_CELL_APLASIA * b_cells[:, :1]
    later = np.arange(times.size) >= b_cells.argmin(axis=1)[:, None]
    back = above & later
    day = np.where(back.any(axis=1), times[back.argmax(axis=1)], np.inf)
    return np.asarray(np.where(above.all(axis=1), 0.0, day))
