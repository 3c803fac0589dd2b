"""Trials the fit never saw: what was predicted, how it scored, how a null would have."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..domain import Observation, Study
from ..kinetics import grade_probabilities
from ..study import read
from ..study.summary import Prediction, happened, predict
from .crs import COEFFICIENTS, laws_without
from .ensemble import trials
from .joint import Worlds

Array = NDArray[np.float64]
HELD_OUT = ("lei2025", "nkx019", "ft596", "cd33_aml")
PRIMARY = {"lei2025": "response", "nkx019": "response", "ft596": "response",
           "cd33_aml": "complete_response"}  # fmt: skip
PATIENTS = 150
TRAINING = (18, 37)  # responders of Marin 2024


@dataclass(frozen=True)
class Score:
    """One held-out count with the model's prediction and its log score."""

    study: str
    seen: Observation
    prediction: Prediction
    scored: bool  # one row per trial counts towards the total
    null: Prediction | None  # the pooled rate of the training data for everyone
    harder: Prediction | None  # the pooled rate of all trials here, the answers included


def null_of(events: int, patients: int) -> Prediction:
    """A pooled rate with the uncertainty of its own count (Jeffreys)."""
    return Prediction(events + 0.5, patients - events + 0.5)


def held_out(worlds: Worlds, laws: dict[str, Array], threads: int = 2) -> list[Score]:
    """Predict every count of the held-out trials; laws: of CRS, fitted without each trial."""
    seen = [(read(name), o) for name in HELD_OUT for o in read(name).observed]
    main = [o for study, o in seen if o.outcome == PRIMARY[study.name]]
    pooled = TRAINING[0] + sum(o.events for o in main), TRAINING[1] + sum(o.patients for o in main)
    scores = []
    for name in HELD_OUT:
        study = read(name)
        runs = _runs(study, worlds, laws[name], threads)
        for o in study.observed:
            primary = o.outcome == PRIMARY[name]
            nulls = (null_of(*TRAINING), null_of(*pooled)) if primary else (None, None)
            scores.append(Score(name, o, _prediction(runs, study, o), primary, *nulls))
    return scores


def _runs(study: Study, worlds: Worlds, laws: Array, threads: int) -> pl.DataFrame:
    """The study's outcomes in every world, with CRS probabilities fitted without the study."""
    frames = []
    for i, outcomes in enumerate(trials(study, worlds.values, PATIENTS, threads)):
        law = laws[i]
        signal = np.log10(outcomes["peak_il6_signal"].to_numpy() / worlds.values["il6_base"][i])
        size = signal.size
        p = grade_probabilities(signal, np.full(size, law[0]), np.tile(law[1:], (size, 1)))
        luck = np.random.default_rng((i, 1)).random(size)
        grades = (luck[:, None] < p).sum(axis=1).astype(float)
        columns = {"crs_grade": grades, "world": np.full(size, i)}
        frames.append(outcomes.with_columns(**{k: pl.Series(v) for k, v in columns.items()}))
    return pl.concat(frames)


def _prediction(runs: pl.DataFrame, study: Study, o: Observation) -> Prediction:
    if o.arm:
        runs = runs.filter(pl.col("arm") == [arm.name for arm in study.arms].index(o.arm))
    if o.disease:
        runs = runs.filter(pl.col("disease") == o.disease)
    return predict(happened(runs, o.outcome, o.day), runs["world"].to_numpy())


def all_laws_without(worlds: Worlds) -> dict[str, Array]:
    """CRS coefficients of a new trial, fitted without each held-out trial in turn."""
    return {name: laws_without(worlds.signals, name) for name in HELD_OUT}


def without_rows(laws: dict[str, Array]) -> list[dict[str, object]]:
    """The table of CRS coefficients that never saw a held-out trial, by trial and world."""
    return [
        {"study": name, "world": i} | {n: f"{x:.4g}" for n, x in zip(COEFFICIENTS, law)}
        for name, mine in laws.items()
        for i, law in enumerate(mine)
    ]


def rows(scores: list[Score]) -> list[dict[str, object]]:
    """The table of held-out trials, one row per count."""
    table: list[dict[str, object]] = []
    for s in scores:
        o = s.seen
        low, high = s.prediction.predictive(o.patients)
        row: dict[str, object] = {"study": s.study, "outcome": o.outcome, "day": o.day}
        row |= {"disease": o.disease}
        row |= {"arm": o.arm, "events": o.events, "patients": o.patients}
        row |= {"predicted": round(s.prediction.mean, 4), "low": low, "high": high}
        row |= {"log_score": round(s.prediction.log_score(o.events, o.patients), 3)}
        row |= {"log_score_null": _score(s.null, o), "log_score_all": _score(s.harder, o)}
        table.append(row | {"source": o.source, "checked": o.checked})
    return table


def _score(null: Prediction | None, o: Observation) -> float | None:
    return None if null is None else round(null.log_score(o.events, o.patients), 3)
