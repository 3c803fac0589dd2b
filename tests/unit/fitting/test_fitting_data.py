"""What is fitted, to what, and how likely it is."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from carnk.fitting.data import AGGRESSIVE, FITTED, ROWS, log_likelihood, rates
from carnk.study import read


def test_at_most_four_numbers_are_fitted():
    assert len(FITTED) <= 4


def test_rows_are_marins_counts():
    study = read("marin2024")
    response = [row for row in ROWS if row.outcome == "response"]
    assert sum(row.events for row in response) == 18
    assert sum(row.patients for row in response) == 37
    assert {d for row in response for d in row.diseases} == set(study.diseases)
    published = [o for o in study.observed if o.outcome == "response" and o.disease]
    for row in response:
        mine = [o for o in published if o.disease in row.diseases]
        assert sum(o.events for o in mine) == row.events
        assert sum(o.patients for o in mine) == row.patients
    pfs = next(row for row in ROWS if row.outcome == "pfs")
    assert set(pfs.diseases) == set(study.diseases)
    assert (pfs.events, pfs.patients) == (12, 37)


def test_the_likelihood_is_binomial_up_to_a_constant():
    one, two = np.array([0.9, 0.6, 0.3, 0.3]), np.array([0.5, 0.5, 0.5, 0.5])

    def full(p):
        return sum(binom.logpmf(row.events, row.patients, x) for row, x in zip(ROWS, p))

    apart = log_likelihood(one) - log_likelihood(two)
    assert apart == pytest.approx(full(one) - full(two))
    assert log_likelihood(np.stack([one, two])).shape == (2,)


def test_rates_count_the_rows_own_patients():
    diseases = ["follicular", "cll", *AGGRESSIVE, "dlbcl"]
    outcomes = pl.DataFrame(
        {
            "disease": diseases,
            "response": [1.0, 0.0, 1.0, 0.0, np.nan, 1.0],
            "progression_day": [400.0, 100.0, np.inf, 50.0, np.nan, 60.0],
        }
    )
    wanted = [1.5 / 2, 0.5 / 2, 2.5 / 4, 2.5 / 6]
    assert rates(outcomes) == pytest.approx(wanted)
