"""Predicted proportions with their uncertainty, beside what was seen with exact intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import betaincinv, betaln, gammaln

from ..domain import Observation, Study

Array = NDArray[np.float64]
LEVEL = 0.95
CONCENTRATION, CONCENTRATION_WIDTH = 1.0, 1.5
LABELS = {
    "response": "Response",
    "complete_response": "Complete response",
    "crs": "CRS, any grade",
    "crs_grade_3": "CRS, grade 3 or higher",
    "icans": "ICANS, any grade",
    "icans_grade_3": "ICANS, grade 3 or higher",
    "gvhd": "GvHD, grade 2 or higher",
    "pfs": "Progression-free",
}


@dataclass(frozen=True)
class Prediction:
    """The chance of an outcome over plausible worlds, as a beta law.

    a, b: the law of a world's rate; what differs between worlds is uncertainty about numbers, what
    differs within a world is chance between patients.
    """

    a: float
    b: float

    @property
    def mean(self) -> float:
        """Predicted proportion."""
        return self.a / (self.a + self.b)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Where the true rate lies, given that numbers are uncertain."""
        tail = (1 - level) / 2
        return float(betaincinv(self.a, self.b, tail)), float(betaincinv(self.a, self.b, 1 - tail))

    @property
    def variances(self) -> tuple[float, float]:
        """Variance of a patient's yes or no: (between worlds, within them)."""
        size = self.a + self.b
        all_of_it = self.mean * (1 - self.mean)
        return all_of_it / (size + 1), all_of_it * size / (size + 1)

    def log_chances(self, patients: int) -> Array:
        """Log of the beta-binomial chance of 0, 1, ... `patients` events."""
        k = np.arange(patients + 1)
        ways = gammaln(patients + 1) - gammaln(k + 1) - gammaln(patients - k + 1)
        spread = betaln(k + self.a, patients - k + self.b) - betaln(self.a, self.b)
        return np.asarray(ways + spread)

    def predictive(self, patients: int, level: float = LEVEL) -> tuple[int, int]:
        """Central interval of the events that a trial of this size would see."""
        below = np.cumsum(np.exp(self.log_chances(patients)))
        tail = (1 - level) / 2
        return int(np.searchsorted(below, tail)), int(np.searchsorted(below, 1 - tail))

    def log_score(self, events: int, patients: int) -> float:
        """Log of the chance given to what was seen; nearer to 0 is better."""
        return float(self.log_chances(patients)[events])


def predict(events: Array, world: NDArray[np.int64]) -> Prediction:
    """Fit the law of the worlds' rates to 0/1 outcomes, world by world.

    The rate never becomes 0 or 1: half an event is added to each side. How far worlds differ is
    fitted with a weak prior (log of a + b about 1, give or take 1.5), which a run with few patients
    in each world falls back to.
    """
    kept = np.isfinite(events)
    happened = np.bincount(world[kept], weights=events[kept])
    treated = np.bincount(world[kept]).astype(float)
    happened, treated = happened[treated > 0], treated[treated > 0]
    rate = (happened.sum() + 0.5) / (treated.sum() + 1)

    log_size = np.linspace(-3.0, 8.0, 221)[:, None]
    a, b = rate * np.exp(log_size), (1 - rate) * np.exp(log_size)
    fit = (betaln(happened + a, treated - happened + b) - betaln(a, b)).sum(axis=1)
    weak = 0.5 * ((log_size[:, 0] - CONCENTRATION) / CONCENTRATION_WIDTH) ** 2
    size = float(np.exp(log_size[np.argmax(fit - weak), 0]))
    return Prediction(rate * size, (1 - rate) * size)


def variances(values: Array, world: NDArray[np.int64]) -> tuple[float, float]:
    """Variance of a quantity over patients: (between worlds, within them).

    Analysis of variance with random worlds, each patient living in one: what the means of worlds
    differ by chance between patients is taken off, so that both are unbiased but for the first
    never being negative. values that are not finite are left out; NaN if no world has two left.
    """
    kept = np.isfinite(values)
    values, world = values[kept], world[kept]
    patients = np.bincount(world).astype(float)
    sums = np.bincount(world, weights=values)[patients > 0]
    patients = patients[patients > 0]
    worlds, total = patients.size, float(patients.sum())
    if worlds < 2 or total <= worlds:
        return float("nan"), float("nan")
    means = sums / patients
    squares = float((values**2).sum() - (sums * means).sum())
    within = max(squares, 0.0) / (total - worlds)
    between = float((patients * (means - values.mean()) ** 2).sum()) / (worlds - 1)
    usual = (total - float((patients**2).sum()) / total) / (worlds - 1)  # patients in a world
    return max((between - within) / usual, 0.0), within


def happened(outcomes: pl.DataFrame, outcome: str, day: float | None) -> Array:
    """Whether each patient had an outcome (0, 1 or NaN), as an Observation names it."""
    if outcome in ("response", "complete_response"):
        name = outcome if day is not None else f"best_{outcome}"
        return outcomes[name].to_numpy().astype(float)
    if outcome in ("crs", "crs_grade_3", "icans_grade_3"):
        grade = outcomes[f"{outcome.partition('_')[0]}_grade"].to_numpy().astype(float)
        flags = grade >= (1 if outcome == "crs" else 3)
        return np.where(np.isnan(grade), np.nan, flags)
    if outcome == "pfs":
        until = outcomes["progression_day"].to_numpy().astype(float)
        free = np.isinf(until) if day is None else until > day
        return np.where(np.isnan(until), np.nan, free)
    return outcomes[outcome].to_numpy().astype(float)


@dataclass(frozen=True)
class Comparison:
    """One row of predicted against observed; `seen` is None where nothing was published."""

    outcome: str
    label: str
    arm: str
    disease: str
    day: float | None
    prediction: Prediction
    patients: int  # virtual patients behind the prediction
    seen: Observation | None = None


def _chosen(outcomes: pl.DataFrame, arm: str, disease: str) -> pl.DataFrame:
    if arm:
        outcomes = outcomes.filter(pl.col("arm") == arm)
    return outcomes.filter(pl.col("disease") == disease) if disease else outcomes


def _row(
    outcomes: pl.DataFrame, what: tuple[str, float | None], arm: str, disease: str, seen: Any
) -> Comparison:
    part = _chosen(outcomes, arm, disease)
    outcome, day = what
    prediction = predict(happened(part, outcome, day), part["world"].to_numpy())
    label = LABELS[outcome] + (f", day {day:g}" if day is not None else "")
    return Comparison(outcome, label, arm, disease, day, prediction, len(part), seen)


def compare(study: Study, outcomes: pl.DataFrame) -> list[Comparison]:
    """Every published proportion beside its prediction, then the study's main predictions."""
    rows = [
        _row(outcomes, (o.outcome, o.day), o.arm, o.disease, o)
        for o in study.observed
        if len(_chosen(outcomes, o.arm, o.disease))
    ]
    told = {(row.outcome, row.day) for row in rows if not row.arm and not row.disease}
    apart = [arm.name for arm in study.arms if len(_chosen(outcomes, arm.name, ""))]
    main: list[tuple[str, float | None]] = [
        ("response", study.response_day),
        ("complete_response", study.response_day),
        ("pfs", study.days),
        ("crs", None),
        ("crs_grade_3", None),
        ("icans", None),
        ("gvhd", None),
    ]
    groups = apart if study.is_comparison else [""]
    for group in groups:
        rows += [_row(outcomes, what, group, "", None) for what in main if what not in told]
    return rows


def by_arm(study: Study, outcomes: pl.DataFrame) -> list[Comparison]:
    """Response, CRS and progression by arm."""
    what: tuple[tuple[str, float | None], ...] = (
        ("response", study.response_day),
        ("complete_response", study.response_day),
        ("pfs", study.days),
        ("crs", None),
    )
    return [
        _row(outcomes, each, arm.name, "", None)
        for arm in study.arms
        for each in what
        if len(_chosen(outcomes, arm.name, ""))
    ]
