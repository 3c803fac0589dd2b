"""What specific lysis, its intervals and its curves hold for any plate."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.assay_plates import plate_of, wells_of
from carnk.assays.et_curve import HYPERBOLA, fit
from carnk.assays.shrinkage import together
from carnk.assays.specific import READOUTS, Specific, fieller, specific
from carnk.assays.wells import Well

CALCEIN = READOUTS["calcein"]
positive = st.floats(0.1, 1000.0)
seeds = st.integers(0, 10_000)


def read(wells: list[Well]) -> Specific:
    (plate,) = specific(plate_of(wells), CALCEIN)
    return plate


def moved(wells: list[Well], times: float, plus: float) -> list[Well]:
    return [
        Well(w.name, w.plate, w.kind, w.donor, w.target, w.effector, w.et, times * w.signal + plus)
        for w in wells
    ]


@settings(max_examples=25)
@given(seeds, positive, st.floats(-50.0, 500.0))
def test_lysis_and_its_interval_do_not_know_the_unit_or_background_of_the_reader(
    seed: int, times: float, plus: float
) -> None:
    wells = wells_of(np.random.default_rng(seed), (100.0, 400.0))
    one, other = read(wells), read(moved(wells, times, plus))
    assert np.allclose(one.lysis, other.lysis, atol=1e-6)
    assert np.allclose(one.interval(0), other.interval(0), atol=1e-4)


@settings(max_examples=25)
@given(seeds)
def test_the_order_of_wells_does_not_matter(seed: int) -> None:
    wells = wells_of(np.random.default_rng(seed), (100.0, 400.0))
    one, other = read(wells), read(wells[::-1])
    assert np.allclose(one.lysis, other.lysis)
    assert [g.et for g in one.groups] == [g.et for g in other.groups]


@given(
    st.floats(-50.0, 150.0), st.floats(50.0, 500.0),
    st.tuples(*[st.floats(0.01, 100.0)] * 3), st.tuples(*[st.floats(2.0, 20.0)] * 3),
)  # fmt: skip
def test_fieller_holds_the_ratio_or_has_no_ends(
    top: float,
    bottom: float,
    variances: tuple[float, float, float],
    dfs: tuple[float, float, float],
) -> None:
    low, high = fieller(top, bottom, variances, dfs)
    assert np.isnan(low) == np.isnan(high)
    assert np.isnan(low) or low <= top / bottom + 1e-9
    assert np.isnan(high) or top / bottom <= high + 1e-9


@settings(max_examples=25)
@given(st.floats(30.0, 98.0), st.floats(0.3, 8.0), st.floats(0.1, 10.0))
def test_et50_goes_with_the_unit_of_et(emax: float, et50: float, unit: float) -> None:
    et = np.array([0.3, 0.6, 1.25, 2.5, 5.0, 10.0])
    lysis = (emax * et / (et50 + et))[None]
    error = np.full(et.size, 2.0)
    one, other = fit(HYPERBOLA, et, lysis, error), fit(HYPERBOLA, unit * et, lysis, error)
    assert np.isclose(other.et50[0] / one.et50[0], unit, rtol=1e-6)
    assert np.isclose(one.emax[0], emax, rtol=0.02)


@settings(max_examples=25)
@given(st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=6))
def test_donors_are_drawn_toward_each_other_and_never_past(values: list[float]) -> None:
    found = together(values, [0.3] * len(values), prior_spread=0.25)
    for value, (each, _, _) in zip(values, found.each):
        assert min(values) - 0.1 <= each <= max(values) + 0.1
        assert abs(each - found.mean[0]) <= abs(value - found.mean[0]) + 0.05
