"""Whatever the population and the setting: a trial's tables are consistent and reproducible."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from carnk.designs import boin, simulate
from carnk.designs.parts import FixedSize
from carnk.designs.stopping import MaxPatients
from carnk.domain import Calendar, LimitingToxicity, Lots, Rule, Trial
from carnk.study import read
from carnk.study.trial_draw import Population, Schedule, draw_trials
from carnk.study.trial_safety import count_chances, needed

CALM = settings(max_examples=40, deadline=None)
STUDY = read("liu2020")


@st.composite
def cases(draw):
    worlds, lots, size, arms = (draw(st.integers(1, n)) for n in (5, 4, 5, 4))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    final = rng.beta(0.3, 2.0, (worlds, lots, size, arms, 1))
    days = np.sort(rng.random((worlds, lots, size, arms, 6)), axis=-1)
    days[..., -1] = 1.0
    people = Population((final * days).astype(np.float32), final[..., 0] > 0.1, 0)
    trial = Trial(
        (Rule("boin"),),
        draw(st.integers(1, 6)),
        draw(st.integers(1, 4)),
        draw(st.integers(100, 150)),
        0.3,
        0.05,
        0.1,
        LimitingToxicity(window_days=6.0),
        Lots(draw(st.integers(3, 12)), draw(st.sampled_from([0.0, 0.3])), 10.0),
        Calendar(5.0, 2.0),
    )
    infusions = draw(st.integers(1, 3))
    return people, trial, Schedule("x", tuple(range(arms)), infusions)


@CALM
@given(cases(), st.booleans(), st.integers(0, 2**31))
def test_every_patient_is_counted_once_and_no_trial_ends_before_it_begins(case, shared, seed):
    people, trial, schedule = case
    study = replace(STUDY, seed=seed)
    drawn = draw_trials(people, study, trial, schedule, shared)
    doses = len(schedule.arms)
    design = boin(0.3, doses, MaxPatients(trial.patients), FixedSize(trial.size))
    run = simulate(design, drawn.patients)
    assert (run.patients.sum(axis=1) <= trial.patients).all()
    assert (run.toxic <= run.patients).all()
    assert (run.assigned.sum(axis=1) == run.patients.sum(axis=1)).all()
    assert (run.days >= 6.0).all()
    again = draw_trials(people, study, trial, schedule, shared)
    assert again.patients.toxic.tobytes() == drawn.patients.toxic.tobytes()
    assert (drawn.patients.toxic == np.isfinite(drawn.patients.toxic_day)).all()


@CALM
@given(st.integers(1, 60), st.integers(1, 12), st.floats(0.01, 0.5), st.floats(0, 0.95))
def test_a_count_in_lots_is_a_law(patients, per_lot, rate, correlation):
    chances = count_chances(patients, per_lot, rate, correlation)
    assert abs(chances.sum() - 1) < 1e-9
    assert abs(chances @ np.arange(patients + 1) - rate * patients) < 1e-7


@CALM
@given(st.integers(0, 2), st.integers(1, 12), st.floats(0.0, 0.4))
def test_sharing_never_makes_a_proof_cheaper(events, per_lot, correlation):
    alone, together = needed(events, 0.2, per_lot, 0.0), needed(events, 0.2, per_lot, correlation)
    assert together is None or together >= alone
