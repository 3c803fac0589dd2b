"""Binomial-normal model of Stijnen, Hamza and Ozdemir 2010, doi 10.1002/sim.4040, Table II.

Catheter-related bloodstream infections of 18 trials in each arm; estimate on the logit scale, its
standard error, variance between trials and the rate, as printed there and reproduced by metafor.
"""

import pytest

from carnk.evidence.pooling import pool

TREATED = (
    (0, 116), (1, 44), (2, 208), (0, 130), (5, 151), (1, 98), (1, 174), (1, 74), (1, 97),
    (1, 113), (0, 66), (0, 70), (3, 188), (6, 187), (0, 118), (0, 252), (1, 345), (4, 64),
)  # fmt: skip
CONTROLS = (
    (3, 117), (3, 35), (9, 195), (7, 136), (6, 157), (4, 139), (3, 177), (2, 39), (19, 103),
    (2, 122), (7, 64), (1, 58), (5, 175), (11, 180), (0, 105), (1, 262), (3, 362), (1, 69),
)  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "logit", "error", "variance", "rate", "interval"),
    [
        (CONTROLS, -3.50, 0.26, 0.81, 0.029, (0.018, 0.048)),
        (TREATED, -4.81, 0.36, 0.83, 0.008, (0.004, 0.016)),
    ],
)
def test_table_two(counts, logit, error, variance, rate, interval):
    found = pool(counts)
    assert found.logit == pytest.approx(logit, abs=0.005)
    assert found.error == pytest.approx(error, abs=0.005)
    assert found.tau**2 == pytest.approx(variance, abs=0.005)
    assert found.rate == pytest.approx(rate, abs=0.0005)
    # printed are Wald's limits; those of the profile likelihood lie a little lower
    assert found.interval == pytest.approx(interval, abs=0.002)


def test_the_beta_binomial_check_has_the_mean_of_the_mixed_model():
    for counts in (TREATED, CONTROLS):
        found = pool(counts)
        assert found.check == pytest.approx(found.mean, rel=0.03)
