"""Simulation on patients drawn beforehand: counts, calendar, lost patients, common patients."""

from dataclasses import replace

import numpy as np
import pytest

from carnk.base import SpecError
from carnk.designs import (
    DESIGNS,
    Calendar,
    Patients,
    Settings,
    Truth,
    backfill_boin,
    boin,
    build,
    difference,
    draw,
    rolling_six,
    simulate,
    summarize,
    three_plus_three,
    tite_boin,
)
from carnk.designs.simulate import OUT_OF_PATIENTS, joined
from carnk.designs.stopping import MaxPatients

TRUTH = Truth((0.05, 0.15, 0.3), (0.2, 0.4, 0.5))
EFFTOX = {
    "prior_mean": (-7.9593, 1.5482, 0.7367, 3.4181, 0.0, 0.0),
    "prior_sd": (3.5487, 3.5018, 2.5423, 2.4406, 0.2, 1.0),
    "contour": (0.5, 0.65, 0.7, 0.25),
}


def never_toxic(trials, per_trial, doses, **columns):
    return Patients(np.zeros((trials, per_trial, doses), dtype=bool), **columns)


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_runs_and_counts_add_up(name):
    extra = EFFTOX if name == "efftox" else {}
    settings = Settings(3, 0.3, cohorts=4, amounts=(1.0, 2.0, 4.0), **extra)
    design = build(name, settings)
    patients = draw(TRUTH, 40, 4 * design.max_patients, 3, Calendar())
    found = simulate(design, patients)
    assert (found.toxic <= found.patients).all()
    assert (found.assigned == found.patients).all()
    assert (found.cohort_patients.sum(axis=1) <= found.patients.sum(axis=1)).all()
    assert ((found.selected >= -1) & (found.selected < 3)).all()
    treated = np.take_along_axis(found.patients, np.maximum(found.selected, 0)[:, None], 1)[:, 0]
    # CRM may recommend a dose that nobody had, as dfcrm does; every other design may not.
    assert "crm" in name or (treated[found.selected >= 0] > 0).all()
    assert (found.reason >= 0).all()
    assert (found.days > 0).all()
    summary = summarize(found, 0.3, TRUTH.toxicity)
    assert sum(summary.selected) + summary.none == pytest.approx(100)
    assert sum(summary.reasons.values()) == pytest.approx(100)


def test_patients_are_the_same_in_any_number_of_trials():
    few, many = draw(TRUTH, 5, 9, 1, Calendar()), draw(TRUTH, 50, 30, 1, Calendar())
    assert (few.toxic == many.toxic[:5, :9]).all()
    assert few.arrival_day == pytest.approx(many.arrival_day[:5, :9])
    assert (draw(TRUTH, 5, 9, 2).toxic != few.toxic).any()


def test_a_patient_with_a_dlt_has_it_at_every_higher_dose():
    toxic = draw(TRUTH, 200, 9, 1).toxic
    assert (toxic[:, :, :-1] <= toxic[:, :, 1:]).all()


def test_blocks_of_trials_join_to_the_whole():
    design, patients = boin(0.3, 3), draw(TRUTH, 30, 30, 1, Calendar())
    whole = simulate(design, patients)
    parts = joined([simulate(design, patients.rows(slice(k, k + 10))) for k in (0, 10, 20)])
    assert (parts.selected == whole.selected).all()
    assert (parts.cohort_toxic == whole.cohort_toxic).all()
    assert parts.days == pytest.approx(whole.days)


def test_untroubled_trials_climb_and_take_their_time():
    arrival = np.tile(np.arange(6.0), (2, 1))
    patients = never_toxic(2, 6, 2, arrival_day=arrival, window_days=28.0, sentinel_days=7.0)
    found = simulate(boin(0.3, 2, MaxPatients(6)), patients)
    assert found.patients.tolist() == [[3, 3]] * 2
    # Cohort 1: days 0, 7, 7, evaluated on 35; cohort 2: 35, 42, 42, evaluated on 70.
    assert found.days.tolist() == [70.0, 70.0]


def test_received_dose_counts_and_lost_patients_are_used_up():
    received = np.broadcast_to(np.array([0, 1]), (1, 12, 2)).copy()
    received[0, 1, :] = -1  # the second patient is never treated
    received[0, 4, 1] = 0  # the fifth gets the lower dose
    found = simulate(boin(0.3, 2, MaxPatients(6)), never_toxic(1, 12, 2, received=received))
    assert found.assigned.tolist() == [[3, 4]]
    assert found.patients.tolist() == [[3, 3]]
    assert found.cohort_patients[0].tolist() == [2, 3, 1]


def test_a_trial_without_further_patients_stops_and_says_so():
    found = simulate(boin(0.3, 2), never_toxic(3, 7, 2))
    assert {found.reasons[k] for k in found.reason} == {OUT_OF_PATIENTS}
    assert found.patients.sum(axis=1).tolist() == [6, 6, 6]


def test_rolling_designs_need_days():
    with pytest.raises(SpecError, match="Calendar"):
        simulate(tite_boin(0.3, 3), draw(TRUTH, 2, 30, 1))
    with pytest.raises(SpecError, match="3 doses, but the design has 4"):
        simulate(boin(0.3, 4), draw(TRUTH, 2, 30, 1))


def test_rolling_six_is_faster_than_three_plus_three():
    patients = draw(TRUTH, 400, 18, 5, Calendar(3.0, 60.0))
    fast, slow = (simulate(d, patients) for d in (rolling_six(3), three_plus_three(3, True)))
    assert fast.days.mean() < 0.9 * slow.days.mean()
    assert fast.patients.sum(axis=1).mean() >= slow.patients.sum(axis=1).mean()
    assert (fast.patients <= 6).all()


def test_no_response_no_backfill():
    silent = Truth((0.05, 0.15, 0.3), (0.0, 0.0, 0.0))
    patients = draw(silent, 300, 200, 5, Calendar(5.0, 28.0))
    found = simulate(backfill_boin(0.3, 3), patients)
    assert (found.patients.sum(axis=1) <= 30).all()
    helpful = replace(patients, response=np.ones_like(patients.toxic))
    more = simulate(backfill_boin(0.3, 3, cap=9), helpful)
    assert more.patients.sum(axis=1).mean() > 30
    lower = more.patients[:, :2] - 30  # only the escalation can take a dose beyond the cap
    assert (lower <= 9).all()


def test_backfill_without_patients_to_spare_agrees_with_boin():
    """With slow arrival nobody arrives early, so both designs see the same trials."""
    patients = draw(TRUTH, 300, 30, 5, Calendar(5000.0, 1.0))
    one, other = (simulate(d(0.3, 3), patients) for d in (boin, backfill_boin))
    same = (one.patients == other.patients).all(axis=1)
    assert same.mean() > 0.97


def test_paired_difference_is_sharper_than_an_unpaired_one():
    patients = draw(Truth((0.05, 0.15, 0.3, 0.45)), 4000, 30, 5)
    one, other = (simulate(build(n, Settings(4, 0.3)), patients) for n in ("boin", "keyboard"))
    gap = difference(one, other, 0.3, (0.05, 0.15, 0.3, 0.45))
    share = summarize(one, 0.3, (0.05, 0.15, 0.3, 0.45)).correct / 100
    assert gap.standard_error < 50 * np.sqrt(2 * share * (1 - share) / 4000)
