"""Designs run on the trials drawn from a population, and what a protocol asks of them.

Read `trial_patients.py` for the population, `trial_draw.py` for the draw; here the designs meet
the patients, once with shared lots and once as if every patient had a lot to himself.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..designs import Design, Patients, Trials, simulate
from ..domain import Study, Trial
from ..library import View
from .numbers import Array
from .trial import settled
from .trial_draw import (
    Drawn,
    Ints,
    Population,
    Schedule,
    draw_trials,
    population,
    schedules,
)
from .trial_rules import ON_RESPONSE, design_of
from .trial_safety import patients_to_bound, shared_lot_correlation

Row = dict[str, Any]
Told = Callable[[int, int], None]
Done = Callable[[], None]
TOO_TOXIC = 1.4  # times the target: where BOIN's paper sets overdosing
LOTS = (("shared", True), ("independent", False))


def run_trials(
    study: Study, view: View, table: pl.DataFrame, told: Told = lambda done, of: None
) -> Row:
    """Everything the report says of the trial, as plain values for trial.json.

    table: rows that the run wrote for each patient and arm (`trial_patients.limiting`). told: is
    called with the trials done and those in all.
    """
    trial = settled(study, view)
    people = population(study, trial, table)
    plans = schedules(study)
    steps = count(1)
    whole = len(plans) * len(trial.rules) * len(LOTS) * trial.trials

    told(0, whole)

    def one_done() -> None:
        told(next(steps) * trial.trials, whole)

    return {
        "setting": _setting(study, trial, people),
        "schedules": [_schedule(study, trial, people, plan, one_done) for plan in plans],
        "differences": [
            _difference(people, plans[0], plan)
            for plan in plans[1:]
            if len(plan.arms) == len(plans[0].arms)
        ],
    }


def _difference(people: Population, first: Schedule, other: Schedule) -> Row:
    """How another schedule differs from the first at each level, in the same patients."""
    row: Row = {"name": other.name, "against": first.name, "levels": []}
    for here, there in zip(other.arms, first.arms):
        level = {}
        for name, values in (("response", people.response), ("toxicity", people.toxicity)):
            gain = values[..., here].mean(axis=(1, 2)) - values[..., there].mean(axis=(1, 2))
            low, high = np.percentile(gain, (2.5, 97.5))
            level[name] = {"mean": float(gain.mean()), "low": float(low), "high": float(high)}
        row["levels"].append(level)
    return row


def _setting(study: Study, trial: Trial, people: Population) -> Row:
    worlds, lots, size, _arms = people.response.shape
    return {
        "trials": trial.trials,
        "patients": trial.patients,
        "cohorts": trial.cohorts,
        "size": trial.size,
        "target": trial.target,
        "margin": trial.margin,
        "bound": trial.bound,
        "counts": list(trial.limiting.counts),
        "crs_grade": trial.limiting.crs_grade,
        "icans_grade": trial.limiting.icans_grade,
        "window_days": trial.limiting.window_days,
        "response_day": study.response_day,
        "lot_doses": trial.lots.doses,
        "lot_failure": trial.lots.failure,
        "lot_days": trial.lots.days_apart,
        "fills": list(trial.lots.fills),
        "arrival_days": trial.calendar.arrival_days,
        "sentinel_days": trial.calendar.sentinel_days,
        "population": {
            "worlds": worlds,
            "lots": lots,
            "members": size,
            "replaced": people.replaced,
            "left_out": study.patients - worlds * lots * size,
        },
    }


def _schedule(
    study: Study, trial: Trial, people: Population, schedule: Schedule, one_done: Done
) -> Row:
    arms = list(schedule.arms)
    toxicity = people.toxicity[..., arms].mean(axis=(1, 2))
    response = people.response[..., arms].mean(axis=(1, 2))
    truth = _truth(trial, toxicity, response)
    amounts = tuple(study.arms[i].regimen.infusion.amount for i in arms)
    designs = [design_of(rule, trial, amounts) for rule in trial.rules]
    most = max(trial.patients, *(design.max_patients for design in designs))
    drawn = {kind: draw_trials(people, study, trial, schedule, flag, most) for kind, flag in LOTS}
    rules = []
    for rule, design in zip(trial.rules, designs):
        later = study.response_day if rule.name in ON_RESPONSE else 0.0
        mine = {kind: _known_after(each, later) for kind, each in drawn.items()}
        rules.append({"rule": rule.name} | _rule(design, mine, truth, one_done))
    per_lot = int(trial.lots.doses or 1) // schedule.infusions
    highest = people.toxicity[..., arms[-1]]
    return {
        "name": schedule.name,
        "arms": [study.arms[i].name for i in arms],
        "infusions": schedule.infusions,
        "patients_per_lot": per_lot,
        "truth": _truth_rows(toxicity, response, truth),
        "rules": rules,
        "lots": _lots(trial.patients, people, schedule, drawn),
        "bound": patients_to_bound(highest, float(trial.bound or 0), per_lot),
        "short": _short(drawn["shared"].patients),
    }


def _known_after(drawn: Drawn, days: float) -> Drawn:
    """The same patients where a cohort is known only after so many days, if the window is less."""
    patients = drawn.patients
    return replace(drawn, patients=replace(patients, window_days=max(patients.window_days, days)))


def _rule(design: Design, drawn: dict[str, Drawn], truth: dict[str, Ints], one_done: Done) -> Row:
    """What one design did, with shared lots and without."""
    runs = {}
    for kind, each in drawn.items():
        runs[kind] = simulate(design, each.patients)
        one_done()
    row: Row = {kind: _operating(runs[kind], each, truth) for kind, each in drawn.items()}
    return row | {
        "name": design.name,
        "describe": design.describe(),
        "calendar": _calendar(runs["shared"], drawn["shared"]),
        "reasons": _reasons(runs["shared"]),
        "cohorts": _cohorts(runs["shared"]),
    }


def _truth(trial: Trial, toxicity: Array, response: Array) -> dict[str, Ints]:
    """The right and the optimal dose of every world, -1 for none.

    right: chance of a limiting toxicity nearest to the target; none where even the lowest dose is
    far above it. optimal: the lowest dose on the plateau of response, among the tolerable ones.
    """
    target, margin = float(trial.target or 0), float(trial.margin or 0)
    levels = np.arange(toxicity.shape[1])
    # Designs take toxicity not to fall with dose; of doses equally far off the higher one is right.
    far = np.abs(np.maximum.accumulate(toxicity, axis=1) - target)[:, ::-1]
    none = toxicity[:, 0] >= TOO_TOXIC * target
    right = np.where(none, -1, levels[-1] - far.argmin(axis=1))
    tolerable = levels <= right[:, None]
    best = np.where(tolerable, response, -1.0).max(axis=1, keepdims=True)
    plateau = tolerable & (response >= best - margin)
    optimal = np.where(right < 0, -1, plateau.argmax(axis=1))
    return {"right": right, "optimal": optimal}


def _truth_rows(toxicity: Array, response: Array, truth: dict[str, Ints]) -> list[Row]:
    """Of each dose, over plausible worlds: chances, and how often it is the right or the best."""
    rows = []
    for level in range(toxicity.shape[1]):
        row: Row = {}
        for name, values in (("toxicity", toxicity), ("response", response)):
            low, high = np.percentile(values[:, level], (2.5, 97.5))
            row[name] = {
                "mean": float(values[:, level].mean()),
                "low": float(low),
                "high": float(high),
            }
        row |= {name: float((dose == level).mean()) for name, dose in truth.items()}
        rows.append(row)
    return rows


def _operating(run: Trials, drawn: Drawn, truth: dict[str, Ints]) -> Row:
    """Shares of trials by what they chose, and means of what happened in them."""
    right, optimal = (truth[name][drawn.world] for name in ("right", "optimal"))
    chosen = run.selected
    worlds = int(drawn.world.max()) + 1
    flags = {f"dose {level}": chosen == level for level in range(run.design.doses)}
    flags |= {"none": chosen < 0, "right": chosen == right, "too_high": chosen > right}
    flags |= {"too_low": chosen < right, "optimal": chosen == optimal}
    flags |= {"any_toxicity": run.toxic.sum(axis=1) > 0}
    return {
        "share": {name: _over_worlds(flag, drawn.world, worlds) for name, flag in flags.items()},
        "patients": run.patients.mean(axis=0).tolist(),
        "toxic": run.toxic.mean(axis=0).tolist(),
        "responses": run.responses.mean(axis=0).tolist(),
        "assigned": run.assigned.mean(axis=0).tolist(),
        "treated": float(run.patients.sum(axis=1).mean()),
    }


def _over_worlds(flag: Any, world: Ints, worlds: int) -> Row:
    """A share of trials, where 95 % of plausible worlds have it, and its Monte Carlo error."""
    counted = np.bincount(world, minlength=worlds)
    rates = np.bincount(world, weights=flag, minlength=worlds) / np.maximum(counted, 1)
    rates = rates[counted > 0]
    low, high = np.percentile(rates, (2.5, 97.5))
    share = float(np.mean(flag))
    error = float(np.sqrt(max((rates * (1 - rates)).mean(), 0.0) / flag.size))
    return {"mean": share, "low": float(low), "high": float(high), "error": error}


def _calendar(run: Trials, drawn: Drawn) -> Row:
    """Days of a trial, and what they are spent on."""
    assert run.days is not None
    last = np.maximum(run.assigned.sum(axis=1) - 1, 0)
    arrived = drawn.arrival_day[np.arange(len(run)), last]
    prompt = replace(drawn.patients, arrival_day=drawn.arrival_day)
    without_lots = simulate(run.design, prompt).days
    assert without_lots is not None
    low, median, high = np.percentile(run.days, (5, 50, 95))
    return {
        "days": {"low": low, "median": median, "high": high, "mean": float(run.days.mean())},
        "arrivals": float(arrived.mean()),
        "windows": float((without_lots - arrived).mean()),
        "lots": float((run.days - without_lots).mean()),
    }


def _reasons(run: Trials) -> list[Row]:
    counts = np.bincount(run.reason, minlength=len(run.reasons)) / len(run)
    rows = [{"reason": name, "share": float(n)} for name, n in zip(run.reasons, counts) if n > 0]
    return sorted(rows, key=lambda row: -row["share"])


def _cohorts(run: Trials) -> list[Row]:
    """By cohort: trials that have it, patients at each dose, toxicities."""
    rows = []
    for dose, patients, toxic in zip(run.cohort_dose.T, run.cohort_patients.T, run.cohort_toxic.T):
        had = dose >= 0
        levels = np.bincount(dose[had], minlength=run.design.doses) / len(run)
        rows.append(
            {
                "trials": float(had.mean()),
                "doses": levels.tolist(),
                "patients": float(patients.sum() / len(run)),
                "toxic": float(toxic.sum() / len(run)),
            }
        )
    return rows


def _lots(first: int, people: Population, schedule: Schedule, drawn: dict[str, Drawn]) -> list[Row]:
    """At each dose: correlation within lots; variance of a count among a trial's first patients."""
    rows = []
    for level, arm in enumerate(schedule.arms):
        chances = {"toxicity": people.toxicity[..., arm], "response": people.response[..., arm]}
        row: Row = {}
        for name, values in chances.items():
            correlation, error = shared_lot_correlation(np.asarray(values, dtype=float))
            counts = {
                kind: _count(name, each.patients, level, first) for kind, each in drawn.items()
            }
            world = drawn["shared"].world
            variance = {kind: _within(count, world) for kind, count in counts.items()}
            row[name] = {
                "correlation": correlation,
                "error": error,
                "variance_shared": variance["shared"],
                "variance_independent": variance["independent"],
                "ratio": variance["shared"] / max(variance["independent"], 1e-300),
            }
        rows.append(row)
    return rows


def _count(name: str, patients: Patients, level: int, first: int) -> Array:
    flags = patients.toxic if name == "toxicity" else patients.response
    assert flags is not None
    return np.asarray(flags[:, :first, level].sum(axis=1), dtype=float)


def _within(count: Array, world: Ints) -> float:
    """Variance of a count between trials of one world, averaged over worlds."""
    number = np.bincount(world)
    mean = np.bincount(world, weights=count) / np.maximum(number, 1)
    left = np.bincount(world, weights=(count - mean[world]) ** 2)
    many = number > 1
    return float((left[many] / (number[many] - 1)).mean()) if many.any() else float("nan")


def _short(patients: Patients) -> list[float]:
    """Share of patients who would get less than an assigned dose, by dose."""
    assert patients.received is not None
    levels = np.arange(patients.doses)
    return [float(x) for x in (patients.received < levels).mean(axis=(0, 1))]


def write_trials(study: Study, view: View, folder: Path, told: Told) -> None:
    """Run the designs on the patients of a run folder and write trial.json beside them."""
    found = run_trials(study, view, pl.read_parquet(folder / "trial_patients.parquet"), told)
    text = json.dumps(found, indent=1, allow_nan=False) + "\n"
    (folder / "trial.json").write_text(text, encoding="utf-8")
