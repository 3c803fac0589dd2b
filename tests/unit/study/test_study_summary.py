"""Predicted proportions and what they are scored by."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from carnk.study import read
from carnk.study.summary import Prediction, by_arm, compare, happened, predict


def outcomes(**columns):
    plain = {
        "world": [0, 0, 1, 1], "arm": ["a", "a", "b", "b"], "disease": ["x", "y", "x", "y"],
        "response": [1.0, 0.0, 1.0, np.nan], "complete_response": [0.0, 0.0, 1.0, np.nan],
        "best_response": [1.0, 1.0, 1.0, np.nan], "best_complete_response": [1.0, 0.0, 1.0, np.nan],
        "crs_grade": [0.0, 1.0, 3.0, np.nan], "icans": [0.0, 0.0, 1.0, np.nan],
        "gvhd": [0.0, 1.0, 0.0, np.nan], "progression_day": [28.0, 400.0, np.inf, np.nan],
    }  # fmt: skip
    return pl.DataFrame(plain | columns)


@pytest.mark.parametrize(
    ("outcome", "day", "wanted"),
    [
        ("response", 30.0, [1, 0, 1]),
        ("response", None, [1, 1, 1]),
        ("complete_response", 30.0, [0, 0, 1]),
        ("complete_response", None, [1, 0, 1]),
        ("crs", None, [0, 1, 1]),
        ("crs_grade_3", None, [0, 0, 1]),
        ("icans", None, [0, 0, 1]),
        ("gvhd", None, [0, 1, 0]),
        ("pfs", 365.0, [0, 1, 1]),
        ("pfs", 28.0, [0, 1, 1]),
        ("pfs", None, [0, 0, 1]),
    ],
)
def test_what_happened(outcome, day, wanted):
    found = happened(outcomes(), outcome, day)
    assert found[:3].tolist() == wanted
    assert np.isnan(found[3])


@pytest.mark.parametrize(("a", "b"), [(2.0, 6.0), (0.7, 0.7), (30.0, 10.0)])
def test_a_known_law_of_rates_is_recovered(a, b):
    rng = np.random.default_rng(3)
    rate = rng.beta(a, b, 400)
    world = np.repeat(np.arange(400), 50)
    found = predict((rng.random(world.size) < rate[world]).astype(float), world)
    assert found.mean == pytest.approx(a / (a + b), abs=4 * np.sqrt(0.25 / (a + b + 1) / 400))
    assert np.log((found.a + found.b) / (a + b)) == pytest.approx(0, abs=0.35)


def test_worlds_that_agree_leave_a_narrow_law_and_chance_alone_is_not_uncertainty():
    rng = np.random.default_rng(4)
    world = np.repeat(np.arange(100), 200)
    found = predict((rng.random(world.size) < 0.3).astype(float), world)
    assert found.a + found.b > 200
    low, high = found.interval()
    assert low < 0.3 < high
    assert high - low < 0.15


def test_rates_are_never_zero_or_one():
    world = np.repeat(np.arange(20), 10)
    for value in (0.0, 1.0):
        found = predict(np.full(200, value), world)
        assert 0 < found.mean < 1
        assert np.isfinite(found.log_score(3, 11))


def test_failed_patients_are_left_out():
    world = np.repeat(np.arange(20), 10)
    events = (np.arange(200) % 4 == 0).astype(float)
    with_nan = np.concatenate([events, np.full(50, np.nan)])
    some = predict(with_nan, np.concatenate([world, np.repeat(np.arange(5), 10)]))
    assert (some.a, some.b) == pytest.approx((predict(events, world).a, predict(events, world).b))


@pytest.mark.parametrize(
    "prediction", [Prediction(2.0, 6.0), Prediction(0.1, 0.2), Prediction(900.0, 100.0)]
)
@pytest.mark.parametrize("patients", [1, 11, 86])
def test_chances_of_all_counts_sum_to_one(prediction, patients):
    chances = np.exp(prediction.log_chances(patients))
    assert chances.sum() == pytest.approx(1.0, rel=1e-8)
    assert chances @ np.arange(patients + 1) == pytest.approx(patients * prediction.mean, rel=1e-6)
    assert prediction.log_score(patients, patients) == pytest.approx(np.log(chances[-1]))


@pytest.mark.parametrize(
    "prediction", [Prediction(2.0, 6.0), Prediction(0.5, 9.0), Prediction(50, 50)]
)
def test_intervals_cover_what_they_say(prediction):
    rng = np.random.default_rng(5)
    rate = rng.beta(prediction.a, prediction.b, 20_000)
    low, high = prediction.interval()
    assert np.mean((rate >= low) & (rate <= high)) == pytest.approx(0.95, abs=0.01)
    seen = rng.binomial(20, rate)
    first, last = prediction.predictive(20)
    assert np.mean((seen >= first) & (seen <= last)) >= 0.94
    assert np.mean(seen < first) <= 0.03
    assert np.mean(seen > last) <= 0.03


def test_every_observation_stands_beside_its_prediction():
    study = read("marin2024")
    made = pl.concat(
        [outcomes(arm=["1e5 per kg"] * 4, disease=[name] * 4) for name in study.diseases]
    )
    rows = compare(study, made)
    assert [row.seen for row in rows if row.seen] == list(study.observed)
    cll = next(r for r in rows if r.disease == "cll")
    assert cll.patients == 4
    assert {row.outcome for row in rows} >= {"response", "pfs", "crs", "icans", "gvhd"}


def test_an_observation_without_virtual_patients_is_left_out():
    study = read("marin2024")
    rows = compare(study, outcomes(arm=["1e5 per kg"] * 4, disease=["cll"] * 4))
    assert not [row for row in rows if row.disease == "dlbcl"]


def test_arms_have_their_own_rows():
    study = replace(read("liu2020"))
    names = [arm.name for arm in study.arms]
    rows = by_arm(study, outcomes(arm=[names[0], names[0], names[1], names[1]]))
    assert {row.arm for row in rows} == set(names[:2])
    response = [row.prediction.mean for row in rows if row.outcome == "response"]
    assert response[0] != response[1]
