"""Laws of the published models for any numbers: closed form, chance, conservation, seeds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnk.kinetics.comparators import COMPARATORS, simulate
from carnk.library import load
from carnk.study.comparators import _drawn, numbers_of

FEW = settings(max_examples=3)
SEEDS = st.integers(0, 2**32 - 1)


def numbers(name, patients, case=0):
    comparator = COMPARATORS[name]
    known = numbers_of(comparator, comparator.cases[case], load().view())
    return comparator, {n: np.full(patients, number.value) for n, number in known.items()}


@FEW
@given(SEEDS)
def test_stein_is_its_closed_form_for_any_patient(seed):
    comparator = COMPARATORS["stein2019"]
    known = numbers_of(comparator, comparator.cases[0], load().view())
    n = _drawn(comparator, known, np.arange(16), seed)
    days = np.linspace(0, 120, 61)
    c = simulate(comparator, n, days)
    column = {name: value[:, None] for name, value in n.items()}
    since = days - column["tmax"]
    rise = column["cmax"] * np.exp(np.log(column["fold_expansion"]) * since / column["tmax"])
    slow = column["memory_share"] * np.exp(-column["beta"] * since)
    fall = (1 - column["memory_share"]) * np.exp(-column["alpha"] * since)
    expected = np.where(since < 0, rise, column["cmax"] * (fall + slow))
    found = comparator.lines[0].of(c)
    assert (found > 0).all()
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@FEW
@given(st.floats(0.05, 0.4), st.floats(1.01, 2.0))
def test_the_chance_of_extinction_rises_with_time_and_killing_and_falls_with_growth(growth, more):
    comparator, n = numbers("kimmel2021", 3)
    n["growth"] = growth * np.array([1, 1, more])
    n["kill"] = n["kill"] * [1, more, 1]
    c = simulate(comparator, n, np.linspace(0, 200, 101))
    chance = comparator.lines[-1].of(c)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert (np.diff(chance, axis=1) >= -1e-9).all()
    base, killed, grown = chance[:, -1]
    assert killed >= base >= grown


@FEW
@given(st.floats(0.01, 1.0), st.floats(1e3, 1e12))
def test_conversion_and_distribution_keep_the_number_of_cells(formation, half):
    comparator, n = numbers("hardiansyah2019", 1)
    for still in ("expansion", "effector_loss", "memory_growth", "memory_loss", "kill"):
        n[still] = np.zeros(1)
    n["memory_formation"], n["burden_half"] = np.array([formation]), np.array([half])
    c = simulate(comparator, n, np.array([0.0, 0.5, 1.5, 3.0, 10.0, 60.0]))
    pools = ("effector", "effector_tissue", "memory", "memory_tissue")
    total = sum(c.states[pool][0] for pool in pools)
    given_by = np.array([1, 1, 4, 10, 10, 10]) * 1.1e8
    np.testing.assert_allclose(total, given_by, rtol=1e-6)
    assert c.states["memory"][0, -1] > 0


def test_singh_without_killing_grows_and_never_falls_below_zero():
    comparator, n = numbers("singh2021", 2)
    n["kill_max"] = n["kill_max"] * [0, 1]
    c = simulate(comparator, n, np.linspace(0, 60, 61))
    assert all((c.states[state] >= 0).all() for state in comparator.model.positive)
    free = n["tumor_start"][0] * np.exp(n["tumor_growth"][0] * c.days)
    np.testing.assert_allclose(c.states["tumor"][0], free, rtol=1e-6)
    assert c.states["tumor"][1, -1] < 1e-3 * free[-1]


@FEW
@given(SEEDS, st.integers(1, 40))
def test_a_patient_is_the_same_in_any_batch(seed, patients):
    comparator = COMPARATORS["stein2019"]
    known = numbers_of(comparator, comparator.cases[0], load().view())
    many = _drawn(comparator, known, np.arange(41), seed)
    few = _drawn(comparator, known, np.arange(patients), seed)
    for name in known:
        assert few[name].tolist() == many[name][:patients].tolist()


@pytest.mark.parametrize("name", ["stein2019", "singh2021"])
def test_drawn_numbers_have_the_printed_variance(name):
    comparator = COMPARATORS[name]
    known = numbers_of(comparator, comparator.cases[0], load().view())
    drawn = _drawn(comparator, known, np.arange(20_000), 1)
    for number_name, number in known.items():
        logs = np.log(drawn[number_name] / number.value)
        omega2 = number.spread.size if number.spread else 0.0
        assert logs.var() == pytest.approx(omega2, rel=0.05, abs=1e-12)
        assert abs(logs.mean()) <= 4 * np.sqrt(omega2 / 20_000)
