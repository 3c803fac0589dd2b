"""Shared lots and the proof that a toxicity is rare."""

import numpy as np
import pytest

from carnk.study.trial_safety import (
    count_chances,
    needed,
    patients_to_bound,
    raised,
    shared_lot_correlation,
)


@pytest.mark.parametrize(("events", "patients"), [(0, 29), (1, 46), (2, 61), (3, 76)])
def test_independent_patients_follow_the_binomial(events, patients):
    """0.9^29 = 0.047 and 0.9^28 = 0.052, and so on for more events."""
    assert needed(events, 0.10, 10, 0.0) == patients


def test_a_lot_that_harms_all_or_none_is_one_observation():
    assert needed(0, 0.10, 10, 1 - 1e-7) == 28 * 10 + 1


def test_shared_lots_never_need_fewer():
    for size in (1, 3, 10):
        found = [needed(0, 0.1, size, rho) for rho in (0.0, 0.02, 0.1, 0.3)]
        assert found == sorted(found)
        assert size > 1 or len(set(found)) == 1


@pytest.mark.parametrize("rho", [0.0, 0.05, 0.5])
def test_chances_of_a_count_add_up(rho):
    chances = count_chances(23, 10, 0.1, rho)
    assert chances.size == 24
    assert chances.sum() == pytest.approx(1.0)
    mean = chances @ np.arange(24)
    assert mean == pytest.approx(2.3)
    spread = chances @ (np.arange(24) - mean) ** 2
    pairs = 2 * 10 * 9 + 3 * 2
    assert spread == pytest.approx(0.09 * (23 + pairs * rho))


def beta_lots(rho, worlds=60, lots=20, size=10, mean=0.1):
    rng = np.random.default_rng(3)
    rate = rng.beta(mean * (1 / rho - 1), (1 - mean) * (1 / rho - 1), (worlds, lots, 1))
    return np.broadcast_to(rate, (worlds, lots, size))


@pytest.mark.parametrize("rho", [0.02, 0.1, 0.3])
def test_the_correlation_of_beta_lots_comes_back(rho):
    found, error = shared_lot_correlation(beta_lots(rho))
    assert abs(found - rho) < 4 * error


def test_patients_who_differ_are_not_taken_for_lots_that_do():
    rng = np.random.default_rng(4)
    found, error = shared_lot_correlation(rng.beta(0.5, 4.5, (100, 10, 10)))
    assert found < 4 * error
    assert shared_lot_correlation(rng.random((10, 5, 1)))[0] == 0.0


def test_raised_odds_have_the_mean_and_keep_the_order():
    chance = beta_lots(0.1, mean=0.02)
    high = raised(chance, 0.1)
    assert high.mean(axis=(1, 2)) == pytest.approx(np.full(60, 0.1), abs=1e-9)
    assert (np.argsort(high[0, :, 0]) == np.argsort(chance[0, :, 0])).all()


def test_the_plan_for_independent_patients_errs_more_often_in_shared_lots():
    found = patients_to_bound(beta_lots(0.1, mean=0.03), 0.1, 10)
    for row in found["rows"]:
        assert row["shared"] > row["independent"]
        assert row["wrong"] > 0.05
        assert 0 < row["passes_shared"] < row["passes_independent"] < 1
