"""The one loop: draw patients, simulate them, read their outcomes, chunk by chunk."""

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..base import SpecError
from ..domain import Study
from ..kinetics import (
    STATES,
    Assay,
    Courses,
    grade,
    grade_probabilities,
    outcomes,
    simulate,
    time_grid,
)
from ..library import View
from ..solver import Doses
from .backends import Backend
from .identity import differences, identity
from .numbers import fresh_view
from .patients import Cohort, draw, draw_paired, join, start_day
from .trial_patients import draw_at_every_arm, limiting
from .unfinished import Packed, Unfinished, pack
from .waiting import by_intention

CHUNK = 1000  # patients, at most
SAMPLE = 400  # patients whose courses are kept
CHECKED = 16  # patients solved again at half the tolerance
RTOL = 1e-6
SERIES = ("il6", "il15", "b_cells", "ifng", "host_t", "primed_t", "macrophages")
Columns = dict[str, Any]
Progress = Callable[["Tally"], None]


@dataclass
class Chunk:
    """Outcomes of the patients of one chunk, and the courses of those who are in the sample."""

    patients: Columns
    outcomes: Columns
    courses: Columns
    failures: dict[int, str] = field(default_factory=dict)  # by patient id
    limiting: Columns = field(default_factory=dict)  # chances of toxicity by day, in a trial

    def tables(self) -> dict[str, pl.DataFrame]:
        """What is kept of the chunk, by name of the file."""
        tables = {"outcomes.csv": self.outcomes, "patients.parquet": self.patients}
        if len(self.courses["patient"]):
            tables["courses.parquet"] = self.courses
        if self.limiting:
            tables["trial_patients.parquet"] = self.limiting
        return {name: pl.DataFrame(columns) for name, columns in tables.items()}


@dataclass
class Tally:
    """What a run says about itself."""

    done: int = 0
    kept: int = 0  # of these, patients of an earlier session that was stopped
    failures: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    tolerance_check: float | None = None
    interrupted: bool = False
    trials: tuple[int, int] | None = None  # of the designs, done and in all

    def add(self, chunk: Packed) -> None:
        """Count a finished chunk."""
        self.done += chunk.patients
        self.failures |= chunk.failures


def run_chunks(
    study: Study, unfinished: Unfinished, backend: Backend, tally: Tally, progress: Progress
) -> None:
    """Work on every chunk that is not finished yet and keep it on the disk.

    Neither the size of chunks nor their order changes a byte. No chunk is begun any more once
    `tally.interrupted` is set.
    """
    began = perf_counter()
    finished = set()
    for chunk in unfinished.kept():
        finished.add(chunk.first)
        tally.add(chunk)
    tally.kept = tally.done
    left = [s for s in spans(study, unfinished.begun["chunk"]) if s.start not in finished]
    task = partial(packed_chunk, study, identity())
    for chunk in backend.map(task, (span for span in left if not tally.interrupted)):
        unfinished.keep(chunk)
        tally.add(chunk)
        tally.seconds = perf_counter() - began
        progress(tally)


def spans(study: Study, size: int) -> list[range]:
    """The patients of every chunk."""
    return [range(i, min(i + size, study.patients)) for i in range(0, study.patients, size)]


def packed_chunk(study: Study, asked_by: dict[str, str], span: range) -> Packed:
    """One chunk from its patients' ids to the content of its file.

    asked_by: the identity of the carnk that asks; SpecError where this one is another.
    """
    do = "Give workers the same environment as the one that runs the study."
    if problems := differences(f"worker on {platform.node()}", asked_by, identity(), do):
        raise SpecError(problems)
    view = fresh_view(study)
    chunk = one_chunk(study, view, np.arange(span.start, span.stop), 1)
    return pack(span.start, chunk.tables(), chunk.failures, [n.id for n in view.used])


def one_chunk(study: Study, view: View, ids: Any, threads: int) -> Chunk:
    """Draw, simulate and read these patients; in a trial, each of them at every arm."""
    cohort = drawer(study)(study, view, ids)
    courses = courses_of(study, cohort, threads)
    diseases = np.array(list(study.diseases))[cohort.disease]
    arms = np.array([arm.name for arm in study.arms])[cohort.arm]
    who = {"patient": cohort.ids, "arm": arms, "disease": diseases, "world": cohort.world}
    patients = who | cohort.drawn
    read = outcome_columns(study, cohort, courses, diseases)
    kept = int((cohort.ids < SAMPLE).sum())
    failures = {int(cohort.ids[row]): reason for row, reason in courses.reasons.items()}
    toxic = limiting(study, view, cohort, courses) if study.trial else {}
    toxic |= {"response": read["response"]} if study.trial else {}
    curves = _courses(who, courses, assay(cohort), kept)
    return Chunk(patients, who | read, curves, failures, toxic)


def drawer(study: Study) -> Callable[[Study, View, Any], Cohort]:
    """How patients are drawn: into one arm each, or, in a trial or a paired study, into every."""
    if study.trial:
        return draw_at_every_arm
    return draw_paired if study.paired else draw


def courses_of(study: Study, cohort: Cohort, threads: int = 1, rtol: float = RTOL) -> Courses:
    """The courses of a cohort under its study."""
    infusions = {day for arm in study.arms for day in arm.regimen.infusion.days}
    asked = {study.response_day} | {o.day for o in study.observed if o.day is not None}
    times = time_grid(start_day(study), study.days, tuple(sorted(infusions)), tuple(sorted(asked)))
    return simulate(
        cohort.parameters, cohort.initial, cohort.doses, cohort.luck, times, rtol=rtol,
        threads=threads,
    )  # fmt: skip


def assay(cohort: Cohort) -> Assay:
    """The blood test by which CAR-NK cells are counted."""
    names = ("white_cells", "dna_per_cell", "detection_copies")
    blood = cohort.reading["blood_per_kg"] * cohort.drawn["weight"]
    return Assay(blood, cohort.drawn["vcn"], *(cohort.reading[name] for name in names))


def outcome_columns(study: Study, cohort: Cohort, courses: Courses, diseases: Any) -> Columns:
    """Outcomes of every patient of a cohort by name, NaN where the solve failed."""
    by = cohort.reading
    limits = by["imaging_limit"], by["marrow_cells"]
    result = outcomes(courses, assay(cohort), diseases, *limits, study.response_day)
    columns: Columns = dict(vars(result))
    acting = courses.il6_signal(by["tocilizumab_half"], by["tocilizumab_max"]).max(axis=1)
    columns["peak_il6_signal"] = np.where(courses.failed, np.nan, acting)
    signal = np.log10(columns["peak_il6_signal"] / by["il6_base"])
    thresholds = np.column_stack([by[f"crs_threshold_{k}"] for k in (1, 2, 3)])
    crs = grade_probabilities(signal, by["crs_slope"], thresholds)
    harder = thresholds + by["icans_shift"][:, None]
    icans = grade_probabilities(signal, by["crs_slope"], harder)
    infused = got_cells(cohort.doses)[:, None]  # without cells both are impossible by definition
    crs, icans = crs * infused, icans * infused
    columns |= {f"crs_probability_{k}": crs[:, k - 1] for k in (1, 2, 3)}
    columns |= {"crs_grade": grade(crs, cohort.luck.crs), "icans_probability": icans[:, 0]}
    columns |= {"icans_grade": grade(icans, cohort.luck.icans)}
    columns |= {"icans": cohort.luck.icans < icans[:, 0]}
    columns |= {"gvhd": cohort.luck.gvhd < result.gvhd_probability}
    for name in ("crs_grade", "icans_grade", "icans", "gvhd"):
        columns[name] = np.where(courses.failed, np.nan, columns[name])
    return by_intention(columns, cohort.drawn) if study.paired else columns


def got_cells(doses: Doses) -> NDArray[np.bool_]:
    """Whether each patient is infused with cells at all; an arm may be without."""
    into = doses.states == STATES.index("lung")
    return np.asarray((into & (doses.amounts > 0)).any(axis=1))


def outcomes_of(study: Study, cohorts: list[Cohort], threads: int) -> Iterator[pl.DataFrame]:
    """Yield the outcomes of each cohort; all are solved in one call, which is faster."""
    courses = courses_of(study, join(cohorts), threads)
    names = np.array(list(study.diseases))
    first = 0
    for cohort in cohorts:
        rows = slice(first, first + cohort.ids.size)
        part = courses.rows(rows)
        columns = outcome_columns(study, cohort, part, names[cohort.disease])
        who = {"patient": cohort.ids, "arm": cohort.arm, "disease": names[cohort.disease]}
        yield pl.DataFrame(who | columns)
        first = rows.stop


def _courses(who: Columns, courses: Courses, blood: Assay, kept: int) -> Columns:
    """Courses of the first `kept` patients as long columns, one row per patient and day."""
    days = courses.times.size
    series = {
        "car_per_ul": courses.car_per_ul(blood),
        "copies_per_ug": courses.copies_per_ug(blood),
    }
    series |= {"tumor": courses.burden} | {name: courses.of(name) for name in SERIES}
    columns: Columns = {name: np.repeat(column[:kept], days) for name, column in who.items()}
    columns["day"] = np.tile(courses.times, kept)
    return columns | {name: values[:kept].ravel() for name, values in series.items()}


def difference_at_half_tolerance(study: Study, view: View) -> float | None:
    """Largest relative difference of a state when a few patients are solved at half the tolerance.

    Each state is measured against its own largest value in that patient; None if all failed.
    """
    cohort = draw(study, view, np.arange(min(CHECKED, study.patients)))
    once, again = courses_of(study, cohort), courses_of(study, cohort, rtol=RTOL / 2)
    fine = ~(once.failed | again.failed)
    if not fine.any():
        return None
    scale = np.abs(again.states[fine]).max(axis=1, keepdims=True) + 1e-300
    return float((np.abs(once.states[fine] - again.states[fine]) / scale).max())
