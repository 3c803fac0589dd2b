"""CAR-T numbers by world: likelihood, candidates, the shift of ICANS, and CAR-NK left as it was."""

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from carnk.fitting import car_t as module
from carnk.fitting.car_t import ROWS_T, car_t, icans_shift, log_likelihood, numbers_t, rates
from carnk.fitting.crs import CrsFit, CrsRow
from carnk.fitting.joint import nuisance
from carnk.library import load
from carnk.study.numbers import worlds


def test_the_likelihood_is_largest_at_the_counts():
    seen = np.array([row.events / row.patients for row in ROWS_T])
    best = log_likelihood(seen)
    for shift in (-0.1, 0.1):
        for i in range(seen.size):
            moved = seen.copy()
            moved[i] += shift
            assert log_likelihood(moved) < best


def test_complete_responses_are_counted_among_responders():
    outcomes = pl.DataFrame(
        {
            "best_response": [1.0, 1.0, 1.0, 0.0],
            "best_complete_response": [1.0, 0.0, 0.0, 0.0],
            "progression_day": [np.inf, 100.0, 300.0, 20.0],
        }
    )
    assert rates(outcomes) == pytest.approx([3.5 / 5, 1.5 / 4, 2.5 / 5])


def test_no_car_t_number_is_drawn_with_those_of_car_nk():
    """Else a new CAR-T number would move every CAR-NK world."""
    own = {n.id for n in nuisance()}
    assert not own & {n.id for n in numbers_t()}
    assert not own & {"kill_car_t", "icans_shift_t"}


def test_candidates_are_kept_by_how_they_meet_the_trial(monkeypatch):
    monkeypatch.setattr(module, "CANDIDATES", 4)
    monkeypatch.setattr(module, "PATIENTS", 20)
    two = {name: values[:2] for name, values in worlds().items()}
    nk = {name: values for name, values in two.items() if load()[name].room != "car_t"}
    found = car_t(nk, threads=1)
    assert {values.size for values in found.values.values()} == {2}
    assert {values.size for values in found.prior.values()} == {8}
    assert "kill_car_t" in found.values
    assert 1 <= found.effective <= 4
    for name, values in found.values.items():
        assert np.isin(values, found.prior[name]).all()


def test_icans_shift_meets_many_patients(monkeypatch):
    crs = CrsFit(np.array([1.0, 3.0, 5.0, 7.0]), {"a": 0.4, "b": -0.4})
    signal = np.full(40, 3.0)
    true = 0.7
    counts = {name: round(40_000 * expit(0.0 - true - own)) for name, own in crs.trials.items()}
    listed = [CrsRow(name, "", 40_000, (0, 0, 0), "R038", n) for name, n in counts.items()]
    monkeypatch.setattr(module, "CRS_ROWS", listed)
    width = module.width(load()["prior_icans_shift_t"])
    spread = load()["prior_crs_trial"]
    share = width**2 / (width**2 + spread.value**2 / len(listed))  # of the truth against the prior
    wanted = 1.0 + share * (true - 1.0)
    assert icans_shift([signal] * 2, crs) == pytest.approx(wanted, abs=0.02)
    draws = [icans_shift([signal] * 2, crs, np.random.default_rng(i)) for i in range(40)]
    assert 0.7 * spread.range[0] < np.std(draws) < 1.5 * spread.range[1]  # of a new trial
