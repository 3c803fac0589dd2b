"""Clopper and Pearson 1934: exact intervals of a proportion.

Source: Biometrika 26:404-413, doi:10.1093/biomet/26.4.404. The limits are the rates at which a
count this high or this low has a chance of 2.5 %, solved here from binomial sums by bisection.
"""

from math import comb

import pytest

from carnk.designs import clopper_pearson


def at_most(events, patients, rate):
    return sum(
        comb(patients, k) * rate**k * (1 - rate) ** (patients - k) for k in range(events + 1)
    )


def crossing(tail):
    """The rate at which a falling `tail` passes 2.5 %."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) > 0.025 else (low, middle)
    return low


@pytest.mark.parametrize(
    ("events", "patients"), [(8, 11), (7, 11), (18, 37), (12, 37), (5, 8), (1, 18), (36, 37)]
)
def test_both_ends_leave_two_and_a_half_percent(events, patients):
    low, high = clopper_pearson(events, patients)
    assert high == pytest.approx(crossing(lambda r: at_most(events, patients, r)), abs=1e-9)
    misses = patients - events
    assert 1 - low == pytest.approx(crossing(lambda r: at_most(misses, patients, r)), abs=1e-9)


def test_none_of_eleven_is_at_most_28_percent():
    low, high = clopper_pearson(0, 11)
    assert low == 0.0
    assert high == pytest.approx(1 - 0.025 ** (1 / 11), rel=1e-9)
    assert round(100 * high, 1) == 28.5
    assert clopper_pearson(11, 11) == pytest.approx((1 - high, 1.0))


def test_values_in_common_tables():
    assert clopper_pearson(8, 11) == pytest.approx((0.3903, 0.9398), abs=5e-5)
    assert clopper_pearson(0, 8)[1] == pytest.approx(0.3694, abs=5e-5)


def test_another_level_is_narrower():
    wide, narrow = clopper_pearson(8, 11), clopper_pearson(8, 11, 0.8)
    assert wide[0] < narrow[0] < 8 / 11 < narrow[1] < wide[1]
