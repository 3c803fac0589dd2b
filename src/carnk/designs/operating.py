"""Operating characteristics as statisticians publish them, from simulated trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from .outcomes import NONE, Counts
from .simulate import Trials


@dataclass(frozen=True)
class Characteristics:
    """What a design does on average over simulated trials of one truth.

    selected: percent of trials per dose; none: percent without a dose. patients, toxic,
    responses, assigned: mean per dose. standard_error: of each selection percentage.
    correct: percent that select the dose whose true rate is nearest to the target (either of ties).
    over, under: percent of patients treated above and below that dose. over60, over80: percent of
    trials that treat more than 60 and 80 % of their patients above it. poor: percent of trials that
    treat fewer than n/doses of their patients at it. high_toxicity: percent of trials with a DLT
    rate above the target. reasons: percent of trials per stop reason. days: mean, 5th and 95th
    percentile, None without a calendar. cohorts: rows of the per-cohort table.
    """

    design: str
    trials: int
    selected: tuple[float, ...]
    standard_error: tuple[float, ...]
    none: float
    patients: tuple[float, ...]
    toxic: tuple[float, ...]
    responses: tuple[float, ...]
    assigned: tuple[float, ...]
    total_patients: float
    total_toxic: float
    correct: float | None
    over: float | None
    under: float | None
    over60: float | None
    over80: float | None
    poor: float | None
    high_toxicity: float | None
    reasons: dict[str, float]
    days: tuple[float, float, float] | None
    cohorts: tuple[dict[str, Any], ...]


def summarize(
    trials: Trials, target: float | None = None, truth: Sequence[float] | None = None
) -> Characteristics:
    """Return the operating characteristics; those that need target and truth are None without."""
    number, doses = trials.patients.shape
    share = np.bincount(trials.selected + 1, minlength=doses + 1) / number
    error = 100 * np.sqrt(share * (1 - share) / number)
    total = np.maximum(trials.patients.sum(axis=1), 1)
    reasons: dict[str, float] = {}
    for index, words in enumerate(trials.reasons):
        percent = 100 * float((trials.reason == index).mean())
        if percent:
            reasons[words] = reasons.get(words, 0.0) + percent
    right = _right_doses(target, truth)
    judged = _judged(trials, right, target, total) if right is not None else {}
    patients, toxic, responses, assigned = (
        tuple(map(float, each.mean(axis=0)))
        for each in (trials.patients, trials.toxic, trials.responses, trials.assigned)
    )
    return Characteristics(
        design=trials.design.name,
        trials=number,
        selected=tuple(map(float, 100 * share[1:])),
        standard_error=tuple(map(float, error[1:])),
        none=float(100 * share[0]),
        patients=patients,
        toxic=toxic,
        responses=responses,
        assigned=assigned,
        total_patients=float(trials.patients.sum(axis=1).mean()),
        total_toxic=float(trials.toxic.sum(axis=1).mean()),
        correct=judged.get("correct"),
        over=judged.get("over"),
        under=judged.get("under"),
        over60=judged.get("over60"),
        over80=judged.get("over80"),
        poor=judged.get("poor"),
        high_toxicity=judged.get("high_toxicity"),
        reasons=reasons,
        days=_days(trials),
        cohorts=tuple(_cohort_rows(trials)),
    )


def _right_doses(target: float | None, truth: Sequence[float] | None) -> Counts | None:
    if target is None or truth is None:
        return None
    distance = np.abs(np.asarray(truth) - target)
    return np.flatnonzero(distance <= distance.min() + 1e-9)


def _judged(trials: Trials, right: Counts, target: float | None, total: Counts) -> dict[str, float]:
    doses = trials.patients.shape[1]
    above = trials.patients[:, right.max() + 1 :].sum(axis=1) / total
    at = trials.patients[:, right].sum(axis=1)
    rate = trials.toxic.sum(axis=1) / total
    everyone = trials.patients.sum()
    return {
        "correct": 100 * float(np.isin(trials.selected, right).mean()),
        "over": 100 * float(trials.patients[:, right.max() + 1 :].sum() / max(everyone, 1)),
        "under": 100 * float(trials.patients[:, : right.min()].sum() / max(everyone, 1)),
        "over60": 100 * float((above > 0.6).mean()),
        "over80": 100 * float((above > 0.8).mean()),
        "poor": 100 * float((at < total / doses).mean()),
        "high_toxicity": 100 * float((rate > (target or 0.0)).mean()),
    }


def _days(trials: Trials) -> tuple[float, float, float] | None:
    if trials.days is None:
        return None
    low, high = np.percentile(trials.days, (5, 95))
    return float(trials.days.mean()), float(low), float(high)


def _cohort_rows(trials: Trials) -> list[dict[str, Any]]:
    """Per cohort: percent of trials that reach it, at which dose, and its DLT rate."""
    rows = []
    for number in range(trials.cohort_dose.shape[1]):
        dose = trials.cohort_dose[:, number]
        reached = int((dose > NONE).sum())
        if not reached:
            continue
        patients = int(trials.cohort_patients[:, number].sum())
        toxic = int(trials.cohort_toxic[:, number].sum())
        counts = np.bincount(dose[dose > NONE], minlength=trials.patients.shape[1])
        rows.append(
            {
                "cohort": number + 1,
                "reached_pct": 100 * reached / len(trials),
                **{f"dose_{d}_pct": 100 * c / reached for d, c in enumerate(counts.tolist(), 1)},
                "dlt_rate": toxic / patients if patients else None,
            }
        )
    return rows


@dataclass(frozen=True)
class Difference:
    """Two designs on the same patients: difference of correct selection with its standard error."""

    one: str
    other: str
    correct: float
    standard_error: float


def difference(one: Trials, other: Trials, target: float, truth: Sequence[float]) -> Difference:
    """Compare correct selection trial by trial, which common patients make precise; in percent."""
    right = _right_doses(target, truth)
    assert right is not None
    gap = np.isin(one.selected, right).astype(float) - np.isin(other.selected, right)
    error = 100 * float(gap.std()) / sqrt(len(gap))
    return Difference(one.design.name, other.design.name, 100 * float(gap.mean()), error)
