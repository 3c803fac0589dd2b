"""The held-out table, the fitted numbers and the worlds of the library are consistent."""

import numpy as np
import pytest

from carnk.fitting.calibrate import _weights
from carnk.fitting.car_t import numbers_t
from carnk.fitting.crs import COEFFICIENTS
from carnk.fitting.data import FITTED
from carnk.fitting.heldout import HELD_OUT, PRIMARY, TRAINING, null_of
from carnk.fitting.joint import _resample
from carnk.fitting.prior import uncertain
from carnk.library import load, table
from carnk.study import read
from carnk.study.numbers import worlds


@pytest.fixture(scope="module")
def held_out():
    return table("heldout").to_dicts()


def test_every_count_of_every_held_out_trial_is_there(held_out):
    for name in HELD_OUT:
        told = [(r["outcome"], r["events"], r["patients"]) for r in held_out if r["study"] == name]
        assert told == [(o.outcome, o.events, o.patients) for o in read(name).observed]
    assert {r["study"] for r in held_out} == set(HELD_OUT)
    assert "marin2024" not in HELD_OUT


def test_predictions_and_intervals_are_possible(held_out):
    for row in held_out:
        assert 0 < row["predicted"] < 1
        assert 0 <= row["low"] <= row["high"] <= row["patients"]
        assert row["low"] <= row["predicted"] * row["patients"] <= row["high"] + 1
        assert row["log_score"] < 0


def test_one_row_per_trial_has_a_null_and_it_scores_what_is_told(held_out):
    scored = [row for row in held_out if row["log_score_null"] is not None]
    assert [(row["study"], row["outcome"]) for row in scored] == list(PRIMARY.items())
    for row in scored:
        null = null_of(*TRAINING).log_score(row["events"], row["patients"])
        assert row["log_score_null"] == pytest.approx(null, abs=6e-4)
        assert row["log_score_all"] > row["log_score_null"]


def test_the_null_is_the_pooled_rate_with_its_own_uncertainty():
    small, large = null_of(18, 37), null_of(180, 370)
    assert small.mean == pytest.approx(18.5 / 38)
    assert np.ptp(small.interval()) > 2.5 * np.ptp(large.interval())
    assert 0 < null_of(0, 11).mean < 1


@pytest.mark.parametrize("name", [*FITTED, *COEFFICIENTS])
def test_fitted_numbers_say_so(name):
    number = load()[name]
    assert number.basis == "fitted"
    assert number.range
    assert number.range[0] <= number.value <= number.range[1]
    assert number.source
    assert number.at


@pytest.mark.parametrize("name", FITTED)
def test_fitted_numbers_lie_in_their_priors(name):
    own, before = load()[name], load()[f"prior_{name}"]
    assert before.range[0] <= own.range[0] < own.range[1] <= before.range[1]
    assert own.unit == before.unit
    assert "identified" in own.at


def test_thresholds_rise():
    values = [load()[f"crs_threshold_{k}"].value for k in (1, 2, 3)]
    assert values == sorted(values)
    assert load()["crs_slope"].value > 0


def test_worlds_hold_the_uncertain_numbers_within_their_ranges():
    numbers = {n.id: n for n in (*uncertain(), *numbers_t())}
    wanted = {i for i, n in numbers.items() if n.room != "priors"}
    assert {*FITTED, *COEFFICIENTS} <= set(worlds()) <= wanted
    assert len(wanted - set(worlds())) <= 3  # numbers newer than the last calibration
    for name, values in worlds().items():
        low, high = numbers[name].range
        if name in COEFFICIENTS:
            continue  # drawn anew in each world
        if name == "icans_shift_t":
            continue  # likewise
        if name in (*FITTED, "kill_car_t"):
            low, high = load()[f"prior_{name}"].range
        assert values.min() >= low * (1 - 1e-3), name
        assert values.max() <= high * (1 + 1e-3), name
    assert {values.size for values in worlds().values()} == {100}


def test_weights_and_resampling():
    weight = _weights(np.array([-1000.0, -1000.0 + np.log(3)]))
    assert weight == pytest.approx([0.25, 0.75])
    chosen = _resample(weight, 100, np.random.default_rng(1))
    assert np.bincount(chosen).tolist() == [25, 75]
