"""Laws of trial designs: for any target, counts and truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnk.designs import (
    Cohort,
    CrmModel,
    Patient,
    Settings,
    Tally,
    boundaries,
    build,
    clopper_pearson,
    enumerate_trials,
    read_cohorts,
    simon,
    skeleton,
    write_cohorts,
)
from carnk.designs.boin import Interval
from carnk.designs.crm import Crm
from carnk.designs.exact import beta_above, fewest_above
from carnk.designs.keyboard import UnitMass
from carnk.designs.selection import isotonic

TARGETS = st.floats(0.05, 0.6)
RATES = st.lists(st.floats(0.0, 1.0), min_size=2, max_size=4).map(sorted)
PATIENTS = st.builds(Patient, st.booleans(), st.booleans())
COHORTS = st.lists(
    st.builds(
        Cohort,
        st.integers(1, 3),
        st.lists(st.builds(Patient, st.booleans(), st.booleans()), min_size=1, max_size=3).map(
            tuple
        ),
        st.booleans(),
    ),
    max_size=6,
).map(tuple)


@given(COHORTS)
def test_trials_read_back_as_written(cohorts):
    assert read_cohorts(write_cohorts(cohorts), 3) == cohorts


@given(TARGETS)
def test_boin_boundaries_surround_the_target_and_rise(target):
    rule = Interval(target)
    assert 0 < rule.escalate_at < target < rule.deescalate_at < 1
    rows = boundaries(target, 30)
    for name in ("escalate_if_le", "deescalate_if_ge"):
        values = [row[name] for row in rows]
        assert values == sorted(values)
    for row in rows:
        assert row["escalate_if_le"] < row["deescalate_if_ge"]
        if row["eliminate_if_ge"] is not None:
            assert row["deescalate_if_ge"] <= row["eliminate_if_ge"]


@given(TARGETS, st.sampled_from(["mTPI", "mTPI-2", "keyboard"]))
def test_more_dlt_never_raise_the_dose(target, kind):
    if target - 0.05 < 1e-6:
        return
    moves = UnitMass(kind, target).moves(18)
    for n in range(1, 19):
        assert (np.diff(moves[n, : n + 1]) <= 0).all()


@given(TARGETS, st.integers(0, 40))
def test_the_elimination_table_is_the_tail_area(target, patients):
    fewest = fewest_above(target, 0.95, patients)[patients]
    events = np.arange(patients + 1)
    above = beta_above(target, events + 1.0, patients - events + 1.0) > 0.95
    assert (above == (events >= fewest)).all()


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 5.0)), min_size=1, max_size=7),
)
def test_isotonic_regression_rises_and_keeps_the_mean(points):
    rates, weights = (np.array([each]) for each in zip(*points))
    fit = isotonic(rates, weights)
    assert (np.diff(fit) >= -1e-12).all()
    assert (weights * fit).sum() == pytest.approx((weights * rates).sum())
    assert rates.min() - 1e-12 <= fit.min()
    assert fit.max() <= rates.max() + 1e-12


@settings(max_examples=25)
@given(RATES, st.sampled_from(["3+3", "3+3-down", "boin", "keyboard"]))
def test_exact_chances_add_up_to_one(truth, name):
    design = build(name, Settings(len(truth), 0.3, cohorts=5))
    found = enumerate_trials(design, truth)
    assert found.none + found.selected.sum() == pytest.approx(1.0)
    assert found.reasons.sum() == pytest.approx(1.0)
    assert found.toxic == pytest.approx(found.patients * truth, abs=1e-9)


@settings(max_examples=40)
@given(COHORTS, TARGETS)
def test_one_trial_decides_as_many_do(cohorts, target):
    design = build("boin", Settings(3, target, cohorts=10))
    tally = Tally.of(cohorts, 3)
    alone = design.step(tally)
    among = design.step(tally.rows(np.zeros(4, dtype=np.int64)))
    assert (among.dose == alone.dose[0]).all()
    assert (among.reason == alone.reason[0]).all()


@settings(max_examples=40)
@given(st.floats(0.1, 0.5), st.integers(2, 6), st.data())
def test_a_further_dlt_never_lowers_the_estimated_rates(target, doses, data):
    model = CrmModel(skeleton(target / 4, target, (doses + 1) // 2, doses))
    tally = Tally.empty(1, doses)
    tally.patients[0] = data.draw(st.lists(st.integers(1, 9), min_size=doses, max_size=doses))
    at = data.draw(st.integers(0, doses - 1))
    rule = Crm(model, target)
    before = rule.rates(tally)
    tally.toxic[0, at] += 1
    assert (rule.rates(tally) >= before).all()
    assert (np.diff(before) >= 0).all()


@given(st.integers(1, 200), st.data())
def test_exact_intervals_hold_the_observed_rate(patients, data):
    events = data.draw(st.integers(0, patients))
    low, high = clopper_pearson(events, patients)
    assert 0 <= low <= events / patients <= high <= 1
    mirrored = clopper_pearson(patients - events, patients)
    assert (1 - high, 1 - low) == pytest.approx(mirrored)


@settings(max_examples=8)
@given(st.floats(0.05, 0.6), st.floats(0.2, 0.35))
def test_two_stage_designs_keep_their_errors(p0, gap):
    for each in simon(p0, p0 + gap, 0.1, 0.2):
        assert each.alpha <= 0.1
        assert each.power >= 0.8
        assert each.r1 <= each.r <= each.n
        assert each.n1 < each.n
        assert each.n1 <= each.expected <= each.n
