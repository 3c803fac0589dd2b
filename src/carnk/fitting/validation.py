"""`carnk validate`: every published quantity beside what its study predicts, fitted to or not."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log1p, sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..base import Problem, SpecError, did_you_mean
from ..base.streams import uniforms
from ..domain import Study
from ..kinetics import grade, grade_probabilities
from ..kinetics.courses import UL_PER_ML
from ..library import table
from ..study import read
from ..study.numbers import fresh_view, world_count, worlds
from ..study.patients import UNIFORMS
from ..study.run import one_chunk
from ..study.summary import Prediction, happened, predict
from .heldout import PRIMARY, TRAINING, null_of
from .published import RESPONDERS, Observed, Published, published

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]
Key = tuple[str, float, float]
PATIENTS, CHUNK, THREADS = 1000, 250, 2
LEAST_PER_WORLD = 10  # virtual patients; with fewer a weak prior widens the intervals
TRIALS = 1000  # virtual trials behind the interval of a statistic
LEVEL = 0.95
EFFICACY = ("response", "complete_response", "pfs")
BEYOND = 1.5  # times a late day that a run goes on
STATISTICS: dict[str, Callable[[Array], float]] = {
    "median": lambda x: float(np.median(x)),
    "mean": lambda x: float(np.mean(x)),
    "geomean": lambda x: float(np.expm1(np.log1p(x).mean())),
    "maximum": lambda x: float(np.max(x)),
}


@dataclass(frozen=True)
class Checked:
    """One published quantity beside its prediction.

    predicted, low, high: the mean share and the events, as shares, that 95 % of trials of that size
    would see; of a statistic over patients its median and 95 % interval over such trials. Without a
    printed n the interval is that of the rate, or of the worlds' statistics, alone. All are None
    where there is no virtual patient to predict from. overlap, standardized_error and inside (the
    value within low and high) are None where not judged.
    """

    published: Published
    predicted: float | None
    low: float | None
    high: float | None
    overlap: bool | None
    standardized_error: float | None
    log_score: float | None
    log_score_null: float | None

    @property
    def inside(self) -> bool | None:
        """Whether what was seen lies in the predictive interval."""
        seen = self.published.observed
        if self.overlap is None or seen.value is None or self.low is None or self.high is None:
            return None
        return self.low <= seen.value <= self.high


def validate(
    patients: int = PATIENTS, seed: int = 1, study: str = "", progress: Progress = lambda a, b: None
) -> list[Checked]:
    """Predict every published quantity that has a study, with so many virtual patients of each.

    study: only the rows of this one. SpecError for a study that no row belongs to, or for a number
    of patients that no study takes.
    """
    rows = [row for row in published() if study in ("", row.study)]
    if not rows:
        known = sorted({row.study for row in published()})
        do = did_you_mean(study, known) or f"There are {', '.join(known)}."
        raise SpecError(Problem("--study", f"no published row belongs to '{study}'", do))
    if patients < world_count():
        what = f"{patients} patients leave some of the {world_count()} plausible worlds empty"
        raise SpecError(Problem("--patients", what, f"Take at least {world_count()}."))
    studies = {name: read(name, patients, seed) for name in dict.fromkeys(r.study for r in rows)}
    runs = {_key(row, studies[row.study]): studies[row.study] for row in rows}
    runs = {key: replace(s, response_day=key[1], days=key[2]) for key, s in runs.items()}
    steps = [(key, first) for key in runs for first in range(0, patients, CHUNK)]
    frames: dict[Key, list[pl.DataFrame]] = {}
    for done, (key, first) in enumerate(steps):
        progress(done, len(steps))
        ids = np.arange(first, min(first + CHUNK, patients))
        frames.setdefault(key, []).append(_simulated(runs[key], ids))
    whole = {key: pl.concat(parts) for key, parts in frames.items()}
    keys = [_key(row, studies[row.study]) for row in rows]
    return [check(row, runs[key], whole[key]) for row, key in zip(rows, keys)]


def caution(patients: int) -> str:
    """What so few patients can hide, in words; empty where there are enough in every world."""
    count = world_count()
    if patients >= LEAST_PER_WORLD * count:
        return ""
    return (
        f"{patients:,} patients are {patients / count:g} in each of {count} plausible worlds, "
        f"fewer than {LEAST_PER_WORLD}: intervals widen and misses can be hidden. "
        f"A smoke check of the bars, not the verdict; take {LEAST_PER_WORLD * count:,} or more."
    )


def _key(row: Published, study: Study) -> Key:
    """Study, day of response and length of the run that predicts a row.

    A time beyond the end of the study needs a longer run, in which it does not end the wait.
    """
    is_response = row.outcome in ("response", "complete_response")
    response_day = row.day if is_response and row.day is not None else study.response_day
    longest = max(study.days, row.day or 0.0)
    if row.is_time and (row.observed.value or 0.0) > study.days:
        longest = BEYOND * (row.observed.value or 0.0)
    return row.study, response_day, longest


def _simulated(study: Study, ids: NDArray[np.int64]) -> pl.DataFrame:
    """Outcomes of these patients, with copies; toxicity by a law that never saw the study."""
    chunk = one_chunk(study, fresh_view(study), ids, THREADS)
    outcomes = pl.DataFrame(chunk.outcomes)
    world = outcomes["world"].to_numpy()
    dna_per_ml = worlds()["white_cells"][world] * worlds()["dna_per_cell"][world]
    copies = pl.Series(UL_PER_ML * np.asarray(chunk.patients["vcn"]) / dna_per_ml)
    outcomes = outcomes.with_columns(
        cmax_copies=pl.col("cmax_per_ul") * copies, auc_copies=pl.col("auc_0_28d") * copies
    )
    laws = table("crs_without").filter(pl.col("study") == study.name).sort("world")
    if laws.is_empty():
        return outcomes
    names = ("crs_slope", "crs_threshold_1", "crs_threshold_2", "crs_threshold_3")
    law = laws.select(names).to_numpy()[world]
    signal = np.log10(outcomes["peak_il6_signal"].to_numpy() / worlds()["il6_base"][world])
    luck = dict(zip(UNIFORMS, uniforms(study.seed, ids, len(UNIFORMS), "luck").T))
    shift = worlds()["icans_shift"][world][:, None]
    failed = np.isnan(signal)
    columns = {}
    for name, harder in (("crs", 0.0), ("icans", shift)):
        grades = grade(grade_probabilities(signal, law[:, 0], law[:, 1:] + harder), luck[name])
        columns[f"{name}_grade"] = pl.Series(np.where(failed, np.nan, grades))
    columns["icans"] = (columns["icans_grade"] >= 1).cast(pl.Float64)
    return outcomes.with_columns(**columns)


def check(row: Published, study: Study, outcomes: pl.DataFrame) -> Checked:
    """Set one published quantity beside the outcomes of its study's virtual patients.

    Where none of them is of the row's group, such as non-responders, nothing is predicted.
    """
    if row.arms:
        outcomes = outcomes.filter(pl.col("arm").is_in(row.arms))
    if diseases := [name for name in row.groups if name not in RESPONDERS]:
        outcomes = outcomes.filter(pl.col("disease").is_in(diseases))
    if responders := [RESPONDERS[name] for name in row.groups if name in RESPONDERS]:
        outcomes = outcomes.filter(pl.col("best_response").is_in(responders))
    world = outcomes["world"].to_numpy()
    statistic, _, column = row.outcome.partition("_")
    values = (
        happened(outcomes, row.outcome, row.day)
        if row.is_rate
        else outcomes[column].to_numpy().astype(float)
    )
    if row.is_time:
        values = np.minimum(values, study.days)
    if not np.isfinite(values).any():
        return Checked(row, *(None,) * 7)
    if row.is_rate:
        return rate(row, predict(values, world))
    rng = np.random.default_rng((study.seed, *row.id.encode()))
    return amount(row, values, world, STATISTICS[statistic], rng)


def rate(row: Published, law: Prediction) -> Checked:
    """A proportion beside the beta law of its rate over worlds."""
    seen = row.observed
    k, n = seen.events, seen.patients
    if k is None or n is None:
        return Checked(row, law.mean, *law.interval(), None, None, None, None)
    low, high = (ends / n for ends in law.predictive(n))
    null = _null(row)
    beside = null.log_score(k, n) if null else None
    return Checked(
        row, law.mean, low, high, overlap(seen, low, high),
        standardized_error(law, k, n), law.log_score(k, n), beside,
    )  # fmt: skip


def _null(row: Published) -> Prediction | None:
    """The calibration trial's rate of the same outcome for everyone; none for what it is made of.

    The trial is one of the same class of evidence and, for toxicity, of the same grading scale;
    none where the scale is not known. The main outcome of a held-out CAR-NK trial is held against
    the response rate, as in `heldout`.
    """
    if row.role == "calibration":
        return None
    if PRIMARY.get(row.study) == row.outcome:
        return null_of(*TRAINING)
    for other in published():
        seen = other.observed
        if (other.role, other.outcome) != ("calibration", row.outcome) or other.groups:
            continue
        if other.evidence_class != row.evidence_class:
            continue
        same_scale = seen.scale != "" and seen.scale == row.observed.scale
        if row.outcome not in EFFICACY and not same_scale:
            continue
        if seen.events is not None and seen.patients is not None:
            return null_of(seen.events, seen.patients)
    return None


def standardized_error(law: Prediction, events: int, patients: int) -> float:
    """Predicted less observed share, over the root of the summed variances of both.

    The variance of the prediction is that of the rate over worlds; that of what was seen is
    p (1 - p) / n at p = (events + 1/2) / (n + 1), so that 0 of n has one too.
    """
    size = law.a + law.b
    p = (events + 0.5) / (patients + 1)
    variance = law.mean * (1 - law.mean) / (size + 1) + p * (1 - p) / patients
    return (law.mean - events / patients) / sqrt(variance)


def overlap(seen: Observed, low: float, high: float) -> bool:
    """Whether two intervals meet; the observed one is open where it has no end."""
    if seen.low is None and seen.high is None:
        assert seen.value is not None
        return low <= seen.value <= high
    ends = -np.inf if seen.low is None else seen.low, np.inf if seen.high is None else seen.high
    return bool(low <= ends[1] and ends[0] <= high)


def amount(
    row: Published, values: Array, world: NDArray[np.int64],
    statistic: Callable[[Array], float], rng: np.random.Generator,
) -> Checked:  # fmt: skip
    """A statistic over patients beside its law over virtual trials of the same size."""
    seen = row.observed
    kept = np.isfinite(values)
    groups = [values[kept & (world == w)] for w in np.unique(world[kept])]
    if seen.patients is None:
        trials = np.array([statistic(group) for group in groups])
    else:
        trials = np.array([
            statistic(rng.choice(groups[i % len(groups)], seen.patients)) for i in range(TRIALS)
        ])  # fmt: skip
    tail = 100 * (1 - LEVEL) / 2
    low, middle, high = (float(x) for x in np.percentile(trials, (tail, 50, 100 - tail)))
    judged = not (seen.patients is None and seen.low is None and seen.high is None)
    error = None
    if judged and seen.value is not None:
        away, spread = log1p(middle) - log1p(seen.value), float(np.log1p(trials).std())
        error = 0.0 if away == 0 else away / spread if spread else None
    return Checked(
        row, middle, low, high, overlap(seen, low, high) if judged else None, error, None, None
    )  # fmt: skip
