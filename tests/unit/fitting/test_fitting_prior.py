"""What is plausible before a fit stays in range, with its median at the value."""

import numpy as np
import pytest
from scipy.stats import norm

from carnk.fitting.prior import plausible, prior, uncertain
from carnk.library import Number, Spread

U = np.linspace(1e-6, 1 - 1e-6, 2001)


@pytest.mark.parametrize("number", uncertain(), ids=lambda n: n.id)
def test_every_number_stays_in_range_around_its_value(number):
    values = plausible(number, U)
    low, high = number.range
    assert values.min() >= low
    assert values.max() <= high
    assert np.median(values) == pytest.approx(number.value, rel=1e-9, abs=1e-12)
    assert (np.diff(values) >= 0).all()


def quantile(z):
    """Where a standard normal cut at its central 95 % has the value z."""
    return (norm.cdf(np.asarray(z)) - 0.025) / 0.95


def test_the_range_holds_all_and_would_hold_95_percent_uncut():
    number = Number("x", 2.0, "1", "", "", range=(1.0, 8.0))
    assert plausible(number, np.array([0.0, 1.0])) == pytest.approx([1.0, 8.0])
    half = norm.ppf(0.975) / 2
    assert plausible(number, quantile([-half, half])) == pytest.approx([2 / 2**0.5, 2 * 4**0.5])


def test_a_range_from_zero_is_linear():
    number = Number("x", 2.0, "1", "", "", range=(0.0, 10.0))
    half = norm.ppf(0.975) / 2
    assert plausible(number, quantile([-half, half])) == pytest.approx([1.0, 6.0])


def test_no_lump_at_the_ends():
    number = Number("x", 2.0, "1", "", "", range=(1.0, 8.0))
    assert np.unique(plausible(number, U)).size == U.size


def test_a_range_that_covers_patients_leaves_a_third_for_the_median():
    plain = Number("x", 2.0, "1", "", "", range=(1.0, 4.0))
    spread = Number("x", 2.0, "1", "", "", range=(1.0, 4.0), spread=Spread("lognormal_cv", 0.3))
    wide, narrow = (np.log(plausible(n, quantile([1.2])) / 2) for n in (plain, spread))
    assert narrow == pytest.approx(wide / 3)


def test_the_cube_fills_every_slice_and_repeats_by_seed():
    numbers = uncertain()[:4]
    made = prior(numbers, 50, seed=3)
    assert set(made) == {n.id for n in numbers}
    again = prior(numbers, 50, seed=3)
    for n in numbers:
        assert np.array_equal(made[n.id], again[n.id])
        edges = plausible(n, np.linspace(0, 1, 51)[1:-1])
        if np.unique(edges).size == edges.size:
            assert set(np.searchsorted(edges, made[n.id])) == set(range(50))
