"""Differences between arms in the same virtual patients, with what is not known and what is chance.

Every patient was in every arm, so a difference is taken patient by patient. It varies between
patients, which more patients average out, and between plausible worlds, which nothing does. Benefit
is of all who were enrolled, what cells do is of those treated in both arms.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from ..domain import Study
from .summary import LABELS, LEVEL, Array, happened

SHARES = (
    ("treated", "Treated"),
    ("response", "Response, best"),
    ("complete_response", "Complete response, best"),
    ("pfs", ""),
    ("crs", f"{LABELS['crs']}, of the treated"),
    ("crs_grade_3", f"{LABELS['crs_grade_3']}, of the treated"),
    ("icans", f"{LABELS['icans']}, of the treated"),
    ("gvhd", f"{LABELS['gvhd']}, of the treated"),
    ("detected_day_365", "Cells above the limit, day 365, of the treated"),
)
DAYS = (
    ("wait_day", "Days from enrollment to treatment, of the treated"),
    ("tlast_day", "Last day with cells above the limit, of the treated"),
)
LEAST = 2  # patients in a world, on average, below which worlds and chance cannot be told apart
B_CELLS = ("b_cell_recovery_day", "Day on which B cells are back above a tenth")


@dataclass(frozen=True)
class Difference:
    """An arm less the first arm: mean over patients, and where it lies.

    unit: 'share' of patients or 'days'. low and high hold 95 %: of worlds, and of the chance that
    so many patients leave; NaN with under two patients in a world. between_worlds: standard
    deviation that more patients do not lessen.
    """

    arm: str
    reference: str
    outcome: str
    label: str
    unit: str
    mean: float
    low: float
    high: float
    between_worlds: float
    patients: int

    @property
    def is_clear(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.low > 0 or self.high < 0


def values(outcomes: pl.DataFrame, outcome: str, study: Study) -> Array:
    """One value per row: 0 or 1, or days; NaN where the solve failed."""
    if outcome in ("wait_day", "tlast_day", "treated", "detected_day_365"):
        return outcomes[outcome].to_numpy().astype(float)
    if outcome == "b_cell_recovery_day":
        return np.asarray(np.minimum(outcomes[outcome].to_numpy().astype(float), study.days))
    return happened(outcomes, outcome, study.days if outcome == "pfs" else None)


def endpoints(study: Study) -> list[tuple[str, str, str]]:
    """(outcome, label, unit) of what the arms are compared by."""
    pfs = f"Progression-free, day {study.days:g} from enrollment"
    shares = [(name, label or pfs, "share") for name, label in SHARES]
    known = [each for each in shares if each[0] != "detected_day_365" or study.days >= 365]
    days = list(DAYS)
    if set(study.diseases) == {"sle"}:  # nothing progresses; what counts is B cells
        known = [each for each in known if each[0] != "pfs"]
        days.append(B_CELLS)
    return known + [(name, label, "days") for name, label in days]


def differences(study: Study, outcomes: pl.DataFrame) -> list[Difference]:
    """Every arm against the first, endpoint by endpoint, over the patients whom both solved."""
    first, *others = (arm.name for arm in study.arms)
    base = _of(outcomes, first)
    found = []
    for arm in others:
        mine = _of(outcomes, arm)
        both = np.intersect1d(base["patient"].to_numpy(), mine["patient"].to_numpy())
        pair = [
            p.filter(pl.col("patient").is_in(both.tolist())).sort("patient") for p in (mine, base)
        ]
        world = pair[0]["world"].to_numpy()
        for outcome, label, unit in endpoints(study):
            gap = values(pair[0], outcome, study) - values(pair[1], outcome, study)
            mean, low, high, between = interval(gap, world)
            if unit == "share":
                low, high = alike(gap) if mean == low == high else (max(low, -1), min(high, 1))
            size = int(np.isfinite(gap).sum())
            found.append(
                Difference(arm, first, outcome, label, unit, mean, low, high, between, size)
            )
    return found


def interval(gap: Array, world: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """(mean, low, high, deviation between worlds) of patients' differences.

    The variance between worlds is what is left of the scatter of the worlds' means once the scatter
    within worlds, over their patients, is taken off (method of moments); never below zero. The
    worlds' means, drawn together to that variance, give the interval its two sides, to which the
    chance that so many patients leave is added as a variance.
    """
    kept = np.isfinite(gap)
    gap, world = gap[kept], world[kept]
    if not gap.size:
        return float("nan"), float("nan"), float("nan"), float("nan")
    _, place, count = np.unique(world, return_inverse=True, return_counts=True)
    mean = float(gap.mean())
    if gap.size < LEAST * count.size:
        return mean, float("nan"), float("nan"), float("nan")
    means = np.bincount(place, weights=gap) / count
    within = float(((gap - means[place]) ** 2).sum() / (gap.size - count.size))
    scatter = float(np.var(means, ddof=1)) if count.size > 1 else 0.0
    between = max(scatter - within * float(np.mean(1 / count)), 0.0)
    drawn = (means - mean) * np.sqrt(between / scatter) if scatter else np.zeros_like(means)
    ends = np.percentile(drawn, (100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2))
    chance = within / gap.size + between / count.size
    low, high = np.hypot(ends, norm.ppf((1 + LEVEL) / 2) * np.sqrt(chance))
    return mean, mean - float(low), mean + float(high), float(np.sqrt(between))


def alike(gap: Array) -> tuple[float, float]:
    """Ends of a share's difference that n patients did not show: 3/n, by the rule of three."""
    half = 3.0 / max(int(np.isfinite(gap).sum()), 1)
    return -half, half


def _of(outcomes: pl.DataFrame, arm: str) -> pl.DataFrame:
    return outcomes.filter(pl.col("arm") == arm)
