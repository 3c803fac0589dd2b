"""Laws of making: nothing negative, mass kept, the same seed the same lots, one law of vectors."""

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from carnk.making import built_in, make, read
from carnk.making.delivery import cells_by_copies, copies_per_positive, share_with_copy
from carnk.making.levers import with_levers

MEANS = st.floats(1e-6, 50)
SHAPES = st.floats(0.05, 1e4)
SHARES = st.floats(0.01, 1)


@cache
def lots_of(name, lots, seed):
    return make(read(name), lots, seed)


@given(st.sampled_from(built_in()), st.integers(1, 40), st.integers(0, 5))
@settings(max_examples=20)
def test_a_lot_is_the_same_however_many_run(name, few, seed):
    some, many = lots_of(name, few, seed), lots_of(name, 60, seed)
    for field in ("doses", "cells", "car_positive", "vcn_total", "potency", "released", "days"):
        np.testing.assert_array_equal(getattr(some, field), getattr(many, field)[:few])


@given(st.sampled_from(built_in()), st.integers(0, 50))
@settings(max_examples=25)
def test_shares_are_shares_and_cells_are_kept(name, seed):
    lots = lots_of(name, 60, seed)
    for field in ("viability", "viability_after_thaw", "recovery_after_thaw", "purity",
                  "car_positive", "killing_after_thaw"):  # fmt: skip
        values = getattr(lots, field)
        assert np.all((values >= 0) & (values <= 1))
    assert np.all(lots.vcn_car_positive[lots.car_positive > 0] >= 1 - 1e-9) or name == "ipsc_bank"
    last = lots.stages[-1].measures["cells"]
    assert np.all(lots.cells <= last + 1)  # bags hold no more than was there
    for before, after in zip(lots.stages, lots.stages[1:]):
        if not after.label.startswith(("expand", "differentiate")):
            assert np.all(after.measures["cells"] <= before.measures["cells"] * (1 + 1e-12))
    assert all(np.all(amount >= 0) for amount in lots.used_amounts.values())


@given(SHARES, MEANS, SHAPES)
def test_copies_per_total_cell_are_those_per_positive_times_their_share(share, mean, shape):
    positive = float(share_with_copy(np.array(share), np.array(mean), shape))
    assert 0 < positive <= share
    assert copies_per_positive(np.array(mean), shape) >= 1 - 1e-9
    assert np.isclose(positive * float(copies_per_positive(np.array(mean), shape)), share * mean)


@given(SHARES, st.floats(0.01, 5), st.floats(0.2, 20))
def test_the_cells_by_copies_are_a_distribution_with_that_mean(share, mean, shape):
    cells = cells_by_copies(
        share, mean, shape, int(nbinom.ppf(1 - 1e-10, shape, shape / (shape + mean))) + 5
    )
    assert np.isclose(cells.sum(), 1)
    assert np.isclose((cells * np.arange(cells.size)).sum(), share * mean, rtol=1e-4)
    assert np.isclose(1 - cells[0], float(share_with_copy(np.array(share), np.array(mean), shape)))


@given(MEANS)
def test_a_large_shape_is_poisson(mean):
    np.testing.assert_allclose(
        copies_per_positive(np.array(mean), 1e9), mean / -np.expm1(-mean), rtol=1e-5
    )


@given(SHARES, MEANS, st.floats(1.01, 5), SHAPES)
def test_more_vector_reaches_more_cells_and_puts_more_in_each(share, mean, factor, shape):
    low, high = np.array(mean), np.array(mean * factor)
    assert share_with_copy(np.array(share), high, shape) >= share_with_copy(
        np.array(share), low, shape
    )
    assert copies_per_positive(high, shape) >= copies_per_positive(low, shape)


@given(SHARES, MEANS, st.floats(0.1, 5), st.floats(1.1, 20))
def test_over_dispersion_reaches_fewer_cells_with_more_in_each(share, mean, shape, factor):
    reach = [
        float(share_with_copy(np.array(share), np.array(mean), k)) for k in (shape, shape * factor)
    ]
    each = [float(copies_per_positive(np.array(mean), k)) for k in (shape, shape * factor)]
    assert reach[0] <= reach[1] * (1 + 1e-9)
    assert each[0] >= each[1] * (1 - 1e-9)


@given(st.floats(0.1, 10), st.floats(1.05, 4))
@settings(max_examples=20)
def test_more_feeders_never_grow_fewer_cells(ratio, factor):
    """Where there is room: feeders that crowd a vessel cost growth."""
    process = read("cord_blood_mbil21").with_numbers(culture_density=1e12)
    few, many = (
        make(with_levers(process, {"feeder_ratio": r}), 40, 1).stages[4].measures["cells"]
        for r in (ratio, ratio * factor)
    )
    assert np.all(many >= few * (1 - 1e-6))


@given(st.floats(10, 20), st.floats(0.5, 5))
@settings(max_examples=20)
def test_waiting_never_loses_cells_in_culture(day, more):
    process = read("nk92")
    early, late = (
        make(with_levers(process, {"harvest_day": d}), 40, 1).stages[1].measures["cells"]
        for d in (day, day + more)
    )
    assert np.all(late >= early * (1 - 1e-9))
