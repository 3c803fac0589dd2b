"""Trials drawn from a population that was simulated once: lots first, then patients within lots."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..base import Problem, SolveError
from ..base.streams import uniforms
from ..designs import Patients
from ..domain import Study, Trial
from .numbers import Array, world_count
from .trial import lots_per_world, members

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Schedule:
    """Dose levels that differ in nothing but the dose."""

    name: str
    arms: tuple[int, ...]  # indices into the study's arms, the lowest dose first
    infusions: int  # of each patient


def schedules(study: Study) -> tuple[Schedule, ...]:
    """The study's arms by infusion days, other drugs and rescue, in the order of the file."""
    groups: dict[Any, list[int]] = {}
    for i, arm in enumerate(study.arms):
        regimen = arm.regimen
        key = (regimen.infusion.days, regimen.drugs, regimen.rescue)
        groups.setdefault(key, []).append(i)
    days = [days for days, _, _ in groups]
    return tuple(
        Schedule(
            _days(key[0]) if days.count(key[0]) == 1 else f"as {study.arms[arms[0]].name}",
            tuple(arms),
            len(key[0]),
        )
        for key, arms in groups.items()
    )


def _days(days: tuple[float, ...]) -> str:
    named = [f"{day:g}" for day in days]
    if len(named) == 1:
        return f"day {named[0]}"
    return f"days {', '.join(named[:-1])} and {named[-1]}"


@dataclass(frozen=True)
class Population:
    """Simulated patients by (world, lot, member, arm).

    by_day: chance of a dose-limiting toxicity by day 1, 2, ... of the window; response: 0 or 1;
    replaced: patients whose solve failed, for whom another patient of the lot stands in.
    """

    by_day: NDArray[np.float32]
    response: NDArray[np.bool_]
    replaced: int

    @property
    def toxicity(self) -> Array:
        """Chance of a dose-limiting toxicity within the window."""
        return np.asarray(self.by_day[..., -1], dtype=float)


def population(study: Study, trial: Trial, table: pl.DataFrame) -> Population:
    """Arrange the rows that a run wrote by world, lot, member and arm; whole lots only."""
    worlds, size, lots = world_count(), members(study, trial), lots_per_world(study, trial)
    arms, whole = len(study.arms), worlds * size * lots
    kept = table.filter(pl.col("patient") < whole).sort("patient", "arm")
    days = [name for name in kept.columns if name.startswith("day_")]
    shape = (lots, size, worlds, arms)
    by_day = kept.select(days).to_numpy().astype(np.float32).reshape(*shape, len(days))
    response = kept["response"].to_numpy().reshape(shape)
    by_day, response = by_day.transpose(2, 0, 1, 3, 4), response.transpose(2, 0, 1, 3)
    failed = np.isnan(by_day[..., -1]).any(axis=3) | np.isnan(response).any(axis=3)
    by_day, response = np.ascontiguousarray(by_day), np.ascontiguousarray(response)
    for world, lot in np.argwhere(failed.any(axis=2)):
        bad, fine = np.flatnonzero(failed[world, lot]), np.flatnonzero(~failed[world, lot])
        if not fine.size:
            what = "the solves of all patients of a lot failed"
            raise SolveError(Problem("trial", what, "Look at the reasons in run.json."))
        stand_in = fine[np.arange(bad.size) % fine.size]
        by_day[world, lot, bad] = by_day[world, lot, stand_in]
        response[world, lot, bad] = response[world, lot, stand_in]
    return Population(by_day, response.astype(bool), int(failed.sum()))


@dataclass(frozen=True)
class Drawn:
    """Patients of many trials: those of the designs, and what only the report asks."""

    patients: Patients
    world: Ints  # of each trial
    release_day: Array  # (trials, patients), of each patient's lot
    arrival_day: Array  # (trials, patients), before any wait for a lot


def draw_trials(
    people: Population,
    study: Study,
    trial: Trial,
    schedule: Schedule,
    shared: bool = True,
    patients: int | None = None,
) -> Drawn:
    """Draw every trial's patients, or so many, in the order in which they come.

    A trial lives in one plausible world. Its lots are drawn from that world's, with replacement,
    and a lot's patients from those simulated of it, without as far as they last. With `shared`
    False each patient has a lot to itself, all else (arrivals, luck, lot dates) being the same.
    """
    ids = np.arange(trial.trials)
    world = ids % people.response.shape[0]
    per_lot = int(trial.lots.doses or 1) // schedule.infusions
    seat = np.arange(patients or trial.patients)
    nth_lot = seat // per_lot
    lot, member = _who(people, study.seed, ids, nth_lot, seat % per_lot, shared)
    levels = np.array(schedule.arms)
    received = _received(trial, study.seed, ids, nth_lot, levels.size)
    rows = (world[:, None], lot, member)
    luck = uniforms(study.seed, ids, seat.size, "trial toxicity")
    toxic, day = _toxicity(people, rows, levels[received], luck)
    response = np.take_along_axis(people.response[rows][:, :, levels], received, axis=2)
    arrival, release = _dates(trial, study.seed, ids, nth_lot)
    found = Patients(
        toxic,
        response,
        day,
        received,
        np.maximum.accumulate(np.maximum(arrival, release), axis=1),
        float(trial.limiting.window_days or 0),
        float(trial.calendar.sentinel_days or 0),
    )
    return Drawn(found, world, release, arrival)


def _toxicity(
    people: Population, rows: tuple[Ints, Ints, Ints], arm: Ints, luck: Array
) -> tuple[NDArray[np.bool_], Array]:
    """(whether, on which day or inf) each patient would have a DLT, (trials, patients, levels).

    arm: received at each level. A patient's one number in [0, 1) decides at all of them.
    """
    toxic = luck[:, :, None] < np.take_along_axis(people.by_day[..., -1][rows], arm, axis=2)
    day = np.full(toxic.shape, np.inf)
    t, i, d = np.nonzero(toxic)
    world, lot, member = (np.broadcast_to(each, luck.shape)[t, i] for each in rows)
    curve = people.by_day[world, lot, member, arm[t, i, d]]
    day[t, i, d] = 1 + (curve <= luck[t, i][:, None]).sum(axis=1)
    return toxic, day


def _who(
    people: Population, seed: int, ids: Ints, nth_lot: Ints, place: Ints, shared: bool
) -> tuple[Ints, Ints]:
    """(lot, member) of each patient of each trial, shape (trials, patients)."""
    _worlds, lots, size, _arms = people.response.shape
    if not shared:
        chosen = uniforms(seed, ids, nth_lot.size, "trial lot to itself") * (lots * size)
        own, place = np.divmod(chosen.astype(np.int64), size)
        return own, place
    used = int(nth_lot[-1]) + 1
    lot = (uniforms(seed, ids, used, "trial lot") * lots).astype(np.int64)
    keys = uniforms(seed, ids, used * size, "trial member").reshape(ids.size, used, size)
    order = keys.argsort(axis=2)
    return np.asarray(lot[:, nth_lot]), np.asarray(order[:, nth_lot, place % size])


def _received(trial: Trial, seed: int, ids: Ints, nth_lot: Ints, levels: int) -> Ints:
    """The level that a patient gets where a level is assigned: no more than the lot can fill."""
    fills = trial.lots.fills or (1.0,) * levels
    luck = uniforms(seed, ids, int(nth_lot[-1]) + 1, "trial lot yield")
    highest = (luck[:, :, None] < np.array(fills)).sum(axis=2) - 1
    assigned = np.broadcast_to(np.arange(levels), (ids.size, nth_lot.size, levels))
    return np.asarray(np.minimum(assigned, highest[:, nth_lot][:, :, None]))


def _dates(trial: Trial, seed: int, ids: Ints, nth_lot: Ints) -> tuple[Array, Array]:
    """(arrival, release of the lot) of each patient, in days; a failed lot costs a lot's time."""
    calendar, lots = trial.calendar, trial.lots
    gaps = -np.log1p(-uniforms(seed, ids, nth_lot.size, "trial arrival"))
    arrival = np.cumsum(gaps * float(calendar.arrival_days or 0), axis=1)
    luck, failure = uniforms(seed, ids, int(nth_lot[-1]) + 1, "trial lot failure"), lots.failure
    failed = np.floor(np.log1p(-luck) / np.log(failure)) if failure else np.zeros_like(luck)
    tries = np.cumsum(failed + 1, axis=1) - 1
    return arrival, (tries * float(lots.days_apart or 0))[:, nth_lot]
