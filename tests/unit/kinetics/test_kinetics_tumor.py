"""Mechanisms of the tumor, each alone on plain floats."""

import pytest

from carnk.kinetics import rates, tumor

EFFECTORS = {"car_tissue": 1e9, "car_expressed": 1e9}
CLONES = {"tumor_high": 1e11, "tumor_low": 1e8, "tumor_bare": 1e8}


def test_growth_is_logistic_and_stops_below_one_cell(body, numbers):
    p = numbers(growth=0.1, tumor_capacity=1e12)
    free = tumor.growth(body(tumor_high=1e6), p)["tumor_high"]
    assert free == pytest.approx(0.1 * 1e6, rel=1e-5)
    assert tumor.growth(body(tumor_high=1e12), p)["tumor_high"] == 0
    half = tumor.growth(body(tumor_high=4e11, tumor_low=1e11), p)
    assert half["tumor_low"] == pytest.approx(0.05 * 1e11)
    assert tumor.growth(body(tumor_bare=0.01), p)["tumor_bare"] < 1e-4 * 0.1 * 0.01 * 1.01


def test_nothing_dies_without_a_killer(body, numbers):
    assert set(tumor.killing(body(**CLONES), numbers()).values()) == {0}


def test_each_clone_meets_its_own_arms(body, numbers):
    y, p = body(**CLONES, **EFFECTORS), numbers()
    hazard = {clone: rates.hazard(y, p, clone) for clone in rates.CLONES}
    contact = 1e9 * rates.contact(y, p)
    assert hazard["high"] == pytest.approx((4.0 + 0.5) * contact)
    assert hazard["low"] == pytest.approx((0.1 + 0.5) * contact)
    assert hazard["bare"] == pytest.approx((4.0 + 1.5) * contact)
    flows = tumor.killing(y, p)
    for clone in rates.CLONES:
        wanted = -hazard[clone] * getattr(y, f"tumor_{clone}")
        assert flows[f"tumor_{clone}"] == pytest.approx(wanted)


def test_car_negative_cells_kill_without_the_car(body, numbers):
    y, p = body(plain_tissue=1e9, **CLONES), numbers()
    innate = rates.hazard(y, p, "high")
    assert innate == pytest.approx(rates.hazard(y, p, "low"))
    assert 0 < innate < rates.hazard(y, p, "bare")


def test_adcc_needs_antibody_and_serves_every_cell(body, numbers):
    p = numbers(kill_adcc=2.0, kill_car_high=0.0, kill_natural=0.0)
    for cells in ({"car_tissue": 1e9}, {"plain_tissue": 1e9}):
        assert rates.hazard(body(**CLONES, **cells), p, "high") == 0
        half = rates.hazard(body(antibody=p.antibody_half, **CLONES, **cells), p, "high")
        much = rates.hazard(body(antibody=1e6, **CLONES, **cells), p, "high")
        assert much == pytest.approx(2 * half, rel=1e-4)
        assert half > 0


def test_killing_saturates_in_effectors_and_in_targets(body, numbers):
    p = numbers()

    def total(effectors, targets):
        y = body(car_tissue=effectors, car_expressed=effectors, tumor_high=targets)
        return rates.hazard(y, p, "high") * targets

    assert total(2e6, 1e11) == pytest.approx(2 * total(1e6, 1e11), rel=1e-3)  # few effectors
    assert total(2e14, 1e9) < 1.01 * total(1e14, 1e9)  # many
    assert total(1e8, 2e13) < 1.01 * total(1e8, 1e13)  # busy with targets
    assert total(1e8, 2e13) <= 4.5 * 1e8  # no more than each cell's own rate


@pytest.mark.parametrize(
    ("change", "states"),
    [
        ({"access": 0.01}, {}),
        ({"suppression": 0.9}, {}),
        ({"kill_car_high": 0.4}, {}),
        ({}, {"steroid": 100.0}),
        ({}, {"car_expressed": 1e7}),
    ],
)
def test_what_holds_effectors_back_kills_less(body, numbers, change, states):
    usual = rates.hazard(body(**CLONES, **EFFECTORS), numbers(), "high")
    less = rates.hazard(body(**(CLONES | EFFECTORS | states)), numbers(**change), "high")
    assert 0 < less < 0.5 * usual


def test_a_chemokine_receptor_brings_more_effectors_to_a_solid_tumor(body, numbers):
    y = body(**CLONES, **EFFECTORS)
    usual = rates.effectors(y, numbers(access=0.005))[0]
    assert rates.effectors(y, numbers(access=0.005, homing=3.0))[0] == pytest.approx(3 * usual)


def test_conditioning_and_antibody_alone_kill_tumor(body, numbers):
    p = numbers(chemo_sensitivity=0.1, antibody_tumor_kill=0.02)
    drugs = rates.tumor_death(body(fludarabine=30.0, **CLONES), p, "low")
    assert drugs == pytest.approx(0.1 * p.fludarabine_kill * 30)
    alone = rates.tumor_death(body(antibody=1e9, **CLONES), p, "high")
    assert alone == pytest.approx(0.02)


def test_extinction_follows_the_same_deaths_and_births(body, numbers):
    y = body(decline_high=2.0, ancestry_high=1.5, **CLONES, **EFFECTORS)
    p = numbers()
    flows, killed, grown = tumor.extinction(y, p), tumor.killing(y, p), tumor.growth(y, p)
    for clone in rates.CLONES:
        cells = getattr(y, f"tumor_{clone}")
        net = (killed[f"tumor_{clone}"] + grown[f"tumor_{clone}"]) / cells
        assert flows[f"decline_{clone}"] == pytest.approx(-net)
    death = rates.tumor_death(y, p, "high")
    assert flows["ancestry_high"] == pytest.approx(death * 2.718281828**0.5, rel=1e-6)
    assert flows["ancestry_low"] == pytest.approx(rates.tumor_death(y, p, "low"))


def test_b_cells_fall_to_a_car_that_sees_them_and_to_anti_cd20(body, numbers):
    y = body(b_cells=1e10, antibody=1e6, **EFFECTORS)
    assert rates.b_cell_hazard(y, numbers()) == 0
    seen = rates.b_cell_hazard(y, numbers(b_cells_seen=1.0))
    assert seen > 0
    antibody = numbers(antibody_sees_b=1.0)
    assert rates.b_cell_hazard(y, antibody) == pytest.approx(antibody.antibody_b_kill, rel=1e-4)
    assert rates.b_cell_hazard(y, numbers(antibody_sees_b=1.0, kill_adcc=2.0)) > 1.5 * seen / 4


def test_no_more_effectors_are_at_the_tumor_than_in_tissue(body, numbers):
    y = body(**CLONES, **EFFECTORS)
    assert rates.effectors(y, numbers(access=1.0, homing=2.0))[0] <= y.car_tissue
