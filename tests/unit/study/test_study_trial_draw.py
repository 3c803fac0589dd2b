"""Trials drawn from a population: lots in blocks, luck anew, dates that follow the lots."""

from dataclasses import replace

import numpy as np
import pytest

from carnk.designs import Truth, boin, draw, simulate, three_plus_three
from carnk.domain import Calendar, LimitingToxicity, Lots, Rule, Trial
from carnk.study import read
from carnk.study.trial_draw import Population, Schedule, draw_trials, schedules

WORLDS, LOTS, SIZE, DAYS = 4, 6, 10, 28
TRIAL = Trial(
    rules=(Rule("boin"),),
    cohorts=10,
    size=3,
    trials=400,
    target=0.3,
    margin=0.05,
    bound=0.1,
    limiting=LimitingToxicity(window_days=float(DAYS)),
    lots=Lots(10, 0.0, 28.0),
    calendar=Calendar(14.0, 7.0),
)
ONCE = Schedule("day 0", (0, 1, 2), 1)


@pytest.fixture(scope="module")
def study():
    return replace(read("liu2020"), seed=5)


def people(chance):
    """A population with these chances of DLT, (worlds, lots, members, arms), even over the days."""
    chance = np.broadcast_to(chance, (WORLDS, LOTS, SIZE, 3)).astype(np.float32)
    share = np.arange(1, DAYS + 1, dtype=np.float32) / DAYS
    return Population(chance[..., None] * share, chance > 0.5, 0)


def by_lot():
    """Half of the lots harm everyone, half nobody."""
    return people((np.arange(LOTS) % 2)[None, :, None, None])


def test_patients_of_one_lot_share_its_fate_and_others_do_not(study):
    shared = draw_trials(by_lot(), study, TRIAL, ONCE).patients.toxic[:, :, 0]
    blocks = shared.reshape(TRIAL.trials, 3, 10)
    assert (blocks.all(axis=2) | ~blocks.any(axis=2)).all()
    alone = draw_trials(by_lot(), study, TRIAL, ONCE, shared=False).patients.toxic[:, :, 0]
    assert shared.mean() == pytest.approx(alone.mean(), abs=0.06)
    assert shared.sum(axis=1).var() > 5 * alone.sum(axis=1).var()


def test_three_infusions_leave_three_patients_to_a_lot(study):
    weekly = Schedule("days 0, 7 and 14", (0, 1, 2), 3)
    toxic = draw_trials(by_lot(), study, TRIAL, weekly).patients.toxic[:, :, 0]
    blocks = toxic.reshape(TRIAL.trials, 10, 3)
    assert (blocks.all(axis=2) | ~blocks.any(axis=2)).all()
    assert not (toxic[:, :10].all(axis=1) | ~toxic[:, :10].any(axis=1)).all()


def test_a_patient_of_a_lot_comes_once_as_long_as_the_lot_has_others(study):
    marked = people(np.eye(SIZE)[None, None, :, :3])  # member k is harmed at arm k alone
    toxic = draw_trials(marked, study, TRIAL, ONCE).patients.toxic
    assert (toxic.reshape(TRIAL.trials, 3, 10, 3).sum(axis=2) == 1).all()


def test_the_day_of_a_toxicity_follows_the_chance_by_day(study):
    patients = draw_trials(people(1.0), study, TRIAL, ONCE).patients
    assert patients.toxic.all()
    days = patients.toxic_day
    assert (days.min(), days.max()) == (1.0, float(DAYS))
    assert days.mean() == pytest.approx((DAYS + 1) / 2, abs=0.3)
    none = draw_trials(people(0.0), study, TRIAL, ONCE).patients
    assert not none.toxic.any()
    assert np.isinf(none.toxic_day).all()


def test_a_lot_that_cannot_fill_a_dose_gives_the_highest_it_can(study):
    trial = replace(TRIAL, lots=replace(TRIAL.lots, fills=(1.0, 0.7, 0.4)), trials=2000)
    top = people(np.array([0.0, 0.0, 1.0]))
    patients = draw_trials(top, study, trial, ONCE).patients
    assert (patients.received <= np.arange(3)).all()
    assert (patients.received[:, :, 0] == 0).all()
    filled = (patients.received == np.arange(3)).mean(axis=(0, 1))
    assert filled == pytest.approx([1.0, 0.7, 0.4], abs=0.03)
    assert (patients.toxic[:, :, 2] == (patients.received[:, :, 2] == 2)).all()


def test_a_failed_lot_costs_the_time_of_a_lot(study):
    prompt = draw_trials(people(0.1), study, TRIAL, ONCE)
    assert (np.diff(prompt.patients.arrival_day, axis=1) >= 0).all()
    assert (prompt.release_day == np.repeat([0.0, 28.0, 56.0], 10)).all()
    trial = replace(TRIAL, lots=replace(TRIAL.lots, failure=0.5), trials=4000)
    late = draw_trials(people(0.1), study, trial, ONCE).release_day
    assert late[:, 0].mean() == pytest.approx(28.0, rel=0.08)  # one failure on average
    assert (np.diff(late, axis=1)[:, 9::10] >= 28.0).all()


def test_more_trials_leave_the_first_ones_as_they_were(study):
    few = draw_trials(people(0.2), study, TRIAL, ONCE).patients
    many = draw_trials(people(0.2), study, replace(TRIAL, trials=800), ONCE).patients
    for name in ("toxic", "response", "toxic_day", "received", "arrival_day"):
        assert (getattr(many, name)[:400] == getattr(few, name)).all(), name


def test_an_arm_with_other_drugs_is_another_schedule():
    names = [each.name for each in schedules(read("ft596"))]
    assert names == ["as 3e8 alone", "as 3e8 with rituximab", "days 0, 7 and 14"]


@pytest.mark.parametrize("design", [boin(0.3, 3), three_plus_three(3)], ids=["boin", "3+3"])
def test_independent_patients_of_a_plain_truth_are_a_classical_simulation(study, design):
    truth, trials = (0.05, 0.15, 0.35), 4000
    trial = replace(TRIAL, trials=trials)
    mine = draw_trials(people(np.array(truth)), study, trial, ONCE, shared=False).patients
    classical = draw(Truth(truth), trials, 30, seed=11)
    for shown in ("selected", "patients"):
        found, expected = (
            np.asarray(getattr(simulate(design, each), shown), float) for each in (mine, classical)
        )
        if shown == "selected":
            found, expected = (x[:, None] == np.arange(-1, 3) for x in (found, expected))
        error = np.sqrt((found.var(axis=0) + expected.var(axis=0)) / trials)
        assert (np.abs(found.mean(axis=0) - expected.mean(axis=0)) <= 4 * error + 1e-3).all()
