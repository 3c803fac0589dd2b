"""Bands of parameters and of the population, told apart; variances with known answers."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from carnk.library import load
from carnk.study import read
from carnk.study.bands import bands, quantiles, two_layers
from carnk.study.summary import Prediction, variances


@pytest.fixture(scope="module")
def found():
    return bands(replace(read("liu2020"), patients=8), load().view())


def test_every_arm_has_every_quantity_on_every_day(found):
    study = read("liu2020")
    assert found["arm"].unique().sort().to_list() == sorted(arm.name for arm in study.arms)
    assert set(found.group_by("arm", "quantity").len()["len"]) == {found["day"].n_unique()}
    assert not found.select(pl.selectors.float().is_nan().any()).to_numpy().any()


def test_bands_are_in_order_and_hold_the_median(found):
    for layer in ("population", "parameter"):
        assert (found[f"{layer}_low"] <= found["median"] * (1 + 1e-12)).all()
        assert (found[f"{layer}_high"] >= found["median"] * (1 - 1e-12)).all()


def test_where_only_numbers_or_only_patients_differ_one_band_is_a_line():
    """By construction: worlds differ and patients do not, and the other way round."""
    worlds = np.linspace(1, 3, 21)[:, None, None] * np.ones((21, 3, 2))
    middle, low, high, least, most = two_layers(worlds)
    assert low.tolist() == high.tolist() == middle.tolist() == [2.0, 2.0]
    assert least == pytest.approx([1.1, 1.1])
    assert most == pytest.approx([2.9, 2.9])
    patients = np.tile(np.array([1.0, 2.0, 5.0])[None, :, None], (21, 1, 2))
    middle, low, high, least, most = two_layers(patients)
    assert (low[0], middle[0], high[0]) == (1.0, 2.0, 5.0)
    assert least.tolist() == most.tolist() == middle.tolist()


def test_the_same_patients_under_one_world_leave_no_band_of_parameters():
    study = replace(read("liu2020"), patients=1)  # lives in world 0, the only one
    one = bands(study, load().view())
    assert np.array_equal(one["parameter_low"], one["parameter_high"])


def test_who_failed_is_left_out_and_where_all_failed_there_is_none():
    values = np.array([[1.0, np.nan, 3.0], [np.nan] * 3])
    middle = quantiles(values, (0.5,), 1)[0]
    assert middle[0] == 2.0
    assert np.isnan(middle[1])


def test_variances_of_a_known_case_come_out():
    """Worlds with variance 4, patients with variance 1, drawn without any carnk code."""
    rng = np.random.default_rng(1)
    world = np.arange(400 * 5) % 400
    effect = rng.standard_normal(400)
    effect *= 2.0 / effect.std(ddof=1)
    between, within = variances(effect[world] + rng.standard_normal(world.size), world)
    assert between == pytest.approx(4.0, rel=0.1)
    assert within == pytest.approx(1.0, rel=0.1)


def test_the_split_is_exact_for_a_small_balanced_case():
    """Two worlds, {0, 2} and {4, 6}: within 2, means 1 and 5 with variance 8, less 2/2."""
    assert variances(np.array([0.0, 4.0, 2.0, 6.0]), np.array([0, 1, 0, 1])) == (7.0, 2.0)


def test_chance_between_patients_is_not_taken_for_uncertainty():
    rng = np.random.default_rng(2)
    splits = [variances(rng.standard_normal(200), np.arange(200) % 100) for _ in range(200)]
    between, within = np.mean(splits, axis=0)
    assert between < 0.08  # the means of two patients differ with variance 0.5
    assert within == pytest.approx(1.0, abs=0.03)


def test_nothing_can_be_told_from_one_patient_a_world():
    assert np.isnan(variances(np.arange(5.0), np.arange(5))).all()


def test_unequal_worlds_and_missing_values_are_allowed():
    values = np.array([1.0, 1.0, 1.0, 5.0, 5.0, np.nan])
    between, within = variances(values, np.array([0, 0, 0, 1, 1, 1]))
    assert within == 0.0
    assert between == pytest.approx(8.0)


def test_the_variances_of_a_share_sum_to_that_of_a_coin():
    law = Prediction(2.0, 6.0)
    between, within = law.variances
    assert between + within == pytest.approx(0.25 * 0.75)
    rates = np.random.default_rng(3).beta(2.0, 6.0, 200_000)
    assert between == pytest.approx(rates.var(), rel=0.02)
    assert within == pytest.approx((rates * (1 - rates)).mean(), rel=0.02)
