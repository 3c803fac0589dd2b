"""What a run can be asked in one number: a quantity of every patient, averaged over them.

Of a paired study the number is the difference between its second arm and its first, taken patient
by patient.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..domain import Study
from ..kinetics import RULES, STATES, Courses, simulate, time_grid
from .backends import backend
from .ensemble import cohorts
from .numbers import Array, Known, fresh_view
from .patients import Cohort, draw, join, rows_asked, start_day
from .run import Columns, outcome_columns

BATCH = 4000  # patients solved in one call
LONGEST_EXPOSURE = 28.0  # days that AUC0-28d needs
B_CELLS = [STATES.index("b_cells")]
TUMOR = [STATES.index(name) for name in ("tumor_high", "tumor_low", "tumor_bare")]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Answer:
    """A quantity by name: `of` reads it for every patient, off outcomes and log10 of the burden.

    early: read from all days, not the last. NaN in a patient who was not treated, where it is of
    what the cells do.
    """

    meaning: str
    of: Callable[[Columns, Array], Array]
    early: bool = False


def _logarithm(column: str) -> Callable[[Columns, Array], Array]:
    return lambda columns, _: np.log10(np.maximum(columns[column], 1e-6))


def _share(column: str) -> Callable[[Columns, Array], Array]:
    return lambda columns, _: np.asarray(columns[column], dtype=float)


ANSWERS = {
    "response": Answer("share of patients in response on the response day", _share("response")),
    "complete_response": Answer(
        "share of patients in complete response on the response day", _share("complete_response")
    ),
    "burden": Answer(
        "mean log10 of tumor cells (B cells in autoimmunity) on the response day",
        lambda _, burden: burden,
    ),
    "cmax": Answer(
        "mean log10 of Cmax, CAR-positive cells/uL of blood", _logarithm("cmax_per_ul"), True
    ),
    "auc": Answer("mean log10 of AUC0-28d, cells/uL x day", _logarithm("auc_0_28d"), True),
    "peak_il6": Answer("mean log10 of peak serum IL-6, pg/mL", _logarithm("peak_il6"), True),
    "crs": Answer("mean chance of CRS of any grade", _share("crs_probability_1"), True),
}


@dataclass(frozen=True)
class Question:
    """An answer wanted of a study, whose first `patients` are simulated to the response day."""

    study: Study
    answer: str  # a key of ANSWERS
    patients: int

    @property
    def rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """(patient, arm) of every row, the same in every run."""
        return rows_asked(self.study, np.arange(self.patients))

    @property
    def meaning(self) -> str:
        """What the answer is, in words."""
        what = ANSWERS[self.answer].meaning
        if not compares(self.study):
            return what
        first, second = (arm.name for arm in self.study.arms[:2])
        return f"difference in the same patients, {second} less {first}: {what}"


def compares(study: Study) -> bool:
    """Whether the question is a difference between arms in the same patients."""
    return study.paired and len(study.arms) > 1


def two_arms(study: Study, arm: str = "") -> Study:
    """A paired study with its first arm and another, the second unless named; others unchanged."""
    if not compares(study):
        return study
    other = next((each for each in study.arms if each.name == arm), study.arms[1])
    return replace(study, arms=(study.arms[0], other))


def days_of(question: Question) -> Array:
    """The days to solve for: the response day alone, or a grid up to it where peaks are asked."""
    study, start = question.study, start_day(question.study)
    if not ANSWERS[question.answer].early:
        return np.array([start, study.response_day])
    infusions = {day for arm in study.arms for day in arm.regimen.infusion.days}
    last = max(study.response_day, LONGEST_EXPOSURE)
    return time_grid(start, last, tuple(sorted(infusions)), (study.response_day,))


def evaluate(
    question: Question,
    values: dict[str, Array],
    jobs: int = 1,
    progress: Progress = lambda done, of: None,
) -> Array:
    """The answer under each joint value of the numbers, (runs,); the patients are always the same.

    values: (runs,) by id of a number; all others are as the question's study has them. Neither jobs
    nor the size of batches changes a byte. NaN where no patient could be simulated.
    """
    ids, arm = question.rows
    runs, size = len(next(iter(values.values()))), max(1, BATCH // ids.size)
    known: Known = {}
    view = fresh_view(question.study)
    draw(question.study, view, ids, uncertain=False, known=known, arm=arm)
    found = np.full(runs, np.nan)
    spans = [slice(first, min(first + size, runs)) for first in range(0, runs, size)]
    done = 0
    with backend(jobs) as workers:
        for span, part in workers.map(partial(_batch, question, values, known), spans):
            found[span] = part
            done += part.size
            progress(done, runs)
    return found


def _batch(
    question: Question, values: dict[str, Array], known: Known, span: slice
) -> tuple[slice, Array]:
    """The answers of some runs, all solved in one call."""
    study, answer = question.study, ANSWERS[question.answer]
    own = {name: column[span] for name, column in values.items()}
    ids, arm = question.rows
    every = join(list(cohorts(study, fresh_view(study), ids, own, arm, known)))
    courses = simulate(every.parameters, every.initial, every.doses, every.luck, days_of(question))
    diseases = np.array(list(study.diseases))[every.disease]
    columns = outcome_columns(study, every, courses, diseases)
    each = answer.of(columns, log_burden(study, every, courses))
    each = np.where(courses.failed, np.nan, each)
    each = each.reshape(-1, question.patients, ids.size // question.patients)
    each = each[..., 1] - each[..., 0] if compares(study) else each[..., 0]
    left = np.isfinite(each)
    with np.errstate(invalid="ignore"):
        return span, np.where(left, each, 0.0).sum(axis=1) / left.sum(axis=1)


def log_burden(study: Study, cohort: Cohort, courses: Courses) -> Array:
    """Log10 of expected cells of what is to be killed on the last day, one per row.

    In a paired study by intention to treat: with the chance of not being treated, the burden with
    which the simulation begins, which nothing has touched.
    """
    depletion = all(RULES[name].b_cells for name in study.diseases)
    targets = B_CELLS if depletion else TUMOR
    after = np.log10(np.maximum(courses.states[:, -1][:, targets].sum(axis=1), 1.0))
    if not study.paired:
        return np.asarray(after)
    untouched = np.log10(np.maximum(cohort.initial[:, targets].sum(axis=1), 1.0))
    treated = cohort.reading["treated_chance"]
    return np.asarray(treated * after + (1 - treated) * untouched)
