"""Laws of killing, for any cells."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from carnk.killing import Amount, complexes, effector, law, lysis, pair_rates, target, vav

COPIES = st.floats(1.0, 1e6)
LAW = law()
NAMES = st.sampled_from(["kasumi1", "hl60", "mv411", "skov3", "k562", "monocyte", "nalm6"])
PRODUCTS = st.sampled_from(["wild_type", "cd33_gen2", "cd33_gen4", "her2", "cd19_il15_icasp9"])
FEW = settings(max_examples=40, deadline=None)


@given(COPIES, COPIES, st.floats(1e-3, 1e6))
def test_complexes_stay_below_the_scarcer_partner(receptors, ligands, kd):
    bound = complexes(receptors, ligands, kd)
    assert 0 <= bound <= min(receptors, ligands) * (1 + 1e-12)
    assert bound >= complexes(receptors, ligands, 2 * kd) * (1 - 1e-12)


@given(st.floats(0, 1e6), st.floats(1.0, 10.0), st.floats(1e-3, 10))
def test_the_switch_rises_within_zero_and_one(ratio, more, softness):
    low, high = vav(ratio, softness), vav(ratio * more, softness)
    assert 0 <= low <= high * (1 + 1e-9) <= 1 + 1e-6


@given(COPIES, st.floats(0.0, 1.5), st.floats(0.0, 0.99), st.integers(1, 7))
def test_classes_are_a_mixture(median, spread, negative, count):
    copies, share = Amount(median, spread, negative).classes(count)
    assert np.all(copies >= 0)
    assert np.all(share > 0)
    assert np.isclose(share.sum(), 1)


@FEW
@given(PRODUCTS, NAMES, st.floats(1.0, 20.0))
def test_more_inhibition_never_kills_more(product, name, times):
    nk, cell = effector(product), target(name)
    held = replace(nk, inhibition=times)
    assert np.all(pair_rates(LAW, held, cell).rate <= pair_rates(LAW, nk, cell).rate * (1 + 1e-9))


@FEW
@given(PRODUCTS, NAMES, st.sampled_from(["NKG2DL", "NKp30L", "DNAM1L", "CD48", "ICAM1", "CD33"]))
def test_more_of_an_activating_ligand_never_kills_less(product, name, molecule):
    nk, cell = effector(product), target(name)
    more = replace(cell, ligands={**cell.ligands, molecule: cell.amount(molecule).times(3.0)})
    assert np.all(pair_rates(LAW, nk, more).rate >= pair_rates(LAW, nk, cell).rate * (1 - 1e-9))


@FEW
@given(PRODUCTS, NAMES, st.lists(st.floats(0.05, 50), min_size=1, max_size=4))
def test_lysis_stays_within_bounds_and_rises_with_time_and_effectors(product, name, ratios):
    hours = [0.0, 1.0, 4.0, 24.0, 72.0]
    et = sorted(ratios)
    course = lysis(LAW, pair_rates(LAW, effector(product), target(name)), et, hours)
    assert np.all((course.lysed >= 0) & (course.lysed <= 1 + 1e-9))
    assert np.all(course.lysed[:, 0] == 0)
    assert np.all(np.diff(course.lysed, axis=1) >= -1e-9)
    assert np.all(np.diff(course.lysed, axis=0) >= -1e-3)


@FEW
@given(PRODUCTS, NAMES, st.floats(0.01, 50))
def test_no_effector_kills_more_than_its_limits(product, name, ratio):
    rates = pair_rates(LAW, effector(product), target(name))
    course = lysis(LAW, rates, [ratio], [72.0])
    assert np.all(course.kills_per_effector <= 1 / ratio + 1e-9)
    assert np.all(course.kills_per_effector <= 72.0 * rates.rate.max() + 1e-9)
