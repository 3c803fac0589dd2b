"""Binding, switch, mixtures, rates and lysis of the killing room."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from carnk.killing import (
    ARMS,
    Amount,
    antibody_on_cell,
    bond_survival,
    cd16_left,
    complexes,
    effector,
    kills_per_killer,
    law,
    lysis,
    mean_rate,
    pair_rates,
    shares,
    target,
    vav,
)
from carnk.killing.adcc import cd16_kd
from carnk.killing.healthy import pareto


def test_complexes_solve_the_quadratic() -> None:
    bound = complexes(5000, 8000, 1356)
    free = (5000 - bound) * (8000 - bound)
    assert free / bound == pytest.approx(1356)


def test_complexes_keep_their_digits_when_one_partner_is_scarce() -> None:
    assert complexes(1e-6, 1e6, 1e3) == pytest.approx(1e-6 * 1e6 / (1e6 + 1e3), rel=1e-9)


def test_affinity_is_inert_in_the_contact_but_not_in_the_lifetime_of_the_bond() -> None:
    contact = law().contact
    tight, loose = (complexes(20_000, 6_000, kd * contact) for kd in (0.1, 300.0))
    assert loose / tight == pytest.approx(1, abs=0.015)
    assert bond_survival(7.1e-5 * 300, 20) < 0.7
    assert bond_survival(7.1e-5 * 0.1, 20) > 0.99


@pytest.mark.parametrize("softness", [0.01, 0.3, 2.0])
def test_the_switch_passes_its_singular_point(softness: float) -> None:
    around = vav(np.array([1 - 1e-9, 1.0, 1 + 1e-9]), softness)
    assert np.all(np.isfinite(around))
    assert np.ptp(around) < 1e-6
    assert around[1] == pytest.approx(0.5)


def test_the_switch_balances_kinase_and_phosphatase() -> None:
    ratio, k = 1.7, 0.3
    on = vav(ratio, k)
    assert ratio * (1 - on) / (k + 1 - on) == pytest.approx(on / (k + on))


def test_classes_carry_the_mean_of_the_mixture() -> None:
    amount = Amount(1000.0, 0.3, 0.4)
    copies, share = amount.classes(7)
    assert share.sum() == pytest.approx(1)
    assert copies[0] == 0
    assert share[0] == pytest.approx(0.4)
    expected = 0.6 * 1000 * np.exp((0.3 * np.log(10)) ** 2 / 2)
    assert copies @ share == pytest.approx(expected, rel=1e-4)


def test_lysis_by_quadrature_agrees_with_an_integrator() -> None:
    numbers = law()
    rates = pair_rates(numbers, effector("cd33_gen2"), target("kasumi1"))
    rate, share = rates.per_target(), rates.target
    ratio, hours = 1.7, 30.0

    def flow(_: float, y: np.ndarray) -> np.ndarray:
        left, waiting, spent = y[:-2], y[-2], y[-1]
        working = np.exp(-spent / numbers.serial_kills)
        hit = rate * left * ratio * working / (left.sum() + numbers.crowding * ratio)
        killed = hit.sum()
        per_killer = killed / (ratio * (1 - numbers.non_killers))
        return np.concatenate([-hit, [killed - waiting / numbers.delay, per_killer]])

    end = solve_ivp(flow, (0, hours), np.append(share, [0, 0]), rtol=1e-9, atol=1e-12).y[:, -1]
    course = lysis(numbers, rates, [ratio], [hours])
    assert course.lysed[0, 0] == pytest.approx(1 - end[:-2].sum() - end[-2], abs=2e-3)


def test_serial_killing_is_limited() -> None:
    numbers = law()
    rates = pair_rates(numbers, effector("wild_type"), target("k562"))
    course = lysis(numbers, rates, [0.001], [1.0, 16.0, 200.0])
    most = numbers.serial_kills * (1 - numbers.non_killers) * 3
    assert course.kills_per_effector[0, -1] < most
    assert np.all(np.diff(course.kills_per_effector[0]) >= 0)


def test_nothing_is_lysed_without_a_signal() -> None:
    numbers = law()
    nk = replace(effector("wild_type"), receptors={})
    assert lysis(numbers, pair_rates(numbers, nk, target("k562")), [10], [4]).lysed.max() == 0


def test_et_of_zero_is_refused() -> None:
    numbers = law()
    rates = pair_rates(numbers, effector("wild_type"), target("k562"))
    with pytest.raises(ValueError, match="E:T"):
        lysis(numbers, rates, [0.0], [4.0])


def test_shares_leave_one_arm_out() -> None:
    numbers, nk, cell = law(), effector("cd33_gen2"), target("kasumi1")
    parts = shares(numbers, nk, cell, mean_rate)
    assert set(parts) == {"CAR", *ARMS}
    without = mean_rate(pair_rates(numbers, nk, cell, ("CAR",)))
    whole = mean_rate(pair_rates(numbers, nk, cell))
    assert parts["CAR"] == pytest.approx(1 - without / whole)
    assert parts["CD16"] == 0  # no antibody in the well


def test_kir2dl1_is_blind_to_a_line_without_c2() -> None:
    numbers, nk = law(), effector("wild_type")
    bare = {r: a for r, a in nk.receptors.items() if r != "KIR2DL1"}
    for name, holds in (("kasumi1", False), ("hl60", True)):
        with_kir = mean_rate(pair_rates(numbers, nk, target(name)))
        without = mean_rate(pair_rates(numbers, replace(nk, receptors=bare), target(name)))
        assert (without > with_kir * (1 + 1e-9)) is holds


def test_cd16_is_shed_unless_it_cannot_be_cleaved() -> None:
    assert cd16_left(1e5, 0.5, 0.2, cleavable=True) == pytest.approx(1e4)
    assert cd16_left(1e5, 0.5, 0.2, cleavable=False) == 1e5
    assert cd16_kd(500, 66_000) == pytest.approx(66_500)
    assert antibody_on_cell(1e4, 8.0, 8.0) == pytest.approx(5e3)


def test_kills_per_killer_finds_extra_zeros() -> None:
    rng = np.random.default_rng(3)
    counts = np.where(rng.random(40_000) < 0.4, 0, rng.poisson(1.5, 40_000))
    share, mean = kills_per_killer(counts.tolist())
    assert share == pytest.approx(0.4, abs=0.02)
    assert mean == pytest.approx(1.5, abs=0.05)
    assert kills_per_killer([0, 0]) == (1.0, 0.0)
    with pytest.raises(ValueError, match="no cells"):
        kills_per_killer([])


def test_pareto_keeps_what_nothing_beats() -> None:
    gain, price = np.array([0.2, 0.5, 0.5, 0.9]), np.array([0.1, 0.2, 0.3, 0.9])
    assert pareto(gain, price).tolist() == [True, True, False, True]
