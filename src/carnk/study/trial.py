"""A trial's settings with the library's numbers filled in, and how its patients fill lots."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..domain import Lots, Study, Trial
from ..library import View
from .lots import made, numbered
from .numbers import fresh_view, world_count

MEMBERS = 10  # most patients simulated of one lot
LEAST_LOTS = 2  # in each world, or lots cannot be told apart


def settled(study: Study, view: View) -> Trial:
    """The study's trial; what the file leaves out is the process's number, or the library's."""
    trial = study.trial
    assert trial is not None
    lots, calendar, limiting = trial.lots, trial.calendar, trial.limiting
    if study.product.process is not None:
        lots = _as_made(study, lots)

    def given(value: float | None, number_id: str) -> float:
        return view[number_id] if value is None else value

    return replace(
        trial,
        target=given(trial.target, "trial_target"),
        margin=given(trial.margin, "trial_plateau_margin"),
        bound=given(trial.bound, "trial_toxicity_bound"),
        limiting=replace(limiting, window_days=given(limiting.window_days, "trial_dlt_window")),
        lots=replace(
            lots,
            doses=int(given(lots.doses, "trial_lot_doses")),
            failure=given(lots.failure, "trial_lot_failure"),
            days_apart=given(lots.days_apart, "trial_lot_days"),
        ),
        calendar=replace(
            calendar,
            arrival_days=given(calendar.arrival_days, "trial_arrival_days"),
            sentinel_days=given(calendar.sentinel_days, "trial_sentinel_days"),
        ),
    )


def _as_made(study: Study, lots: Lots) -> Lots:
    """Doses and failures of the lots that the study's process makes, where the file gives none."""
    runs = made(study)
    doses = int(np.median(runs.doses[runs.index_released]))
    failure = 1 - runs.released_fraction
    return replace(
        lots,
        doses=doses if lots.doses is None else lots.doses,
        failure=failure if lots.failure is None else lots.failure,
    )


def members(study: Study, trial: Trial) -> int:
    """Virtual patients simulated of one lot: as many as one treats, up to ten."""
    fewest = min(len(arm.regimen.infusion.days) for arm in study.arms)
    return members_of(int(trial.lots.doses or 1), fewest, trial.patients)


def members_of(doses: int, infusions: int, patients: int) -> int:
    """The same from the infusions of a lot and of a patient, and a trial's most patients."""
    return max(1, min(MEMBERS, doses // max(infusions, 1), patients))


def too_few(patients: int, size: int) -> tuple[str, str] | None:
    """What is wrong and what to do when the patients do not fill two lots in each world."""
    count = world_count()
    least = LEAST_LOTS * count * size
    if patients >= least:
        return None
    what = (
        f"{patients:,} patients are too few for {LEAST_LOTS} lots of {size} in each of {count} "
        "plausible worlds"
    )
    return what, f"Give {least:,} or more."


def refused_patients(study: Study) -> tuple[str, str] | None:
    """The same for a study with other patients than its file has; None where it is no trial."""
    if study.trial is None:
        return None
    return too_few(study.patients, members(study, settled(study, fresh_view(study))))


def lots_per_world(study: Study, trial: Trial) -> int:
    """Whole lots that the study's patients fill in every world."""
    return study.patients // (world_count() * members(study, trial))


def lot_of(study: Study, trial: Trial, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lot of each patient; all patients of a lot live in one world."""
    return numbered(ids, members(study, trial))
