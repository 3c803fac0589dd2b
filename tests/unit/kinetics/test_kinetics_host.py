"""Mechanisms of the host, each alone on plain floats."""

import pytest

from carnk.kinetics import host, rates


def test_conditioning_depletes_lymphocytes_and_fades(body, numbers):
    pools = {"host_t": 2.5e11, "host_nk": 2e10, "b_cells": 2e10, "primed_t": 1e6, "monocytes": 1e10}
    p = numbers()
    flows = host.conditioning(body(fludarabine=30.0, cyclophosphamide=500.0, **pools), p)
    kill = p.fludarabine_kill * 30 + p.cyclophosphamide_kill * 500
    for pool in ("host_t", "host_nk", "b_cells", "primed_t"):
        assert flows[pool] == pytest.approx(-kill * pools[pool])
    assert flows["monocytes"] == pytest.approx(-p.monocyte_chemo * kill * 1e10)
    assert flows["fludarabine"] == pytest.approx(-p.fludarabine_clearance * 30)
    assert set(host.conditioning(body(**pools), p).values()) == {0}


def test_t_cells_return_to_their_set_point(body, numbers):
    p = numbers()

    def growth(cells):
        return host.t_cell_recovery(body(host_t=cells), p)["host_t"]

    assert growth(p.host_t_capacity) == 0
    assert growth(2 * p.host_t_capacity) < 0 < growth(3e9)
    assert growth(3e9) == pytest.approx(
        p.host_t_recovery * 3e9 * 4.4228, rel=1e-4
    )  # ln(2.5e11/3e9)
    assert growth(0.0) == 0


def test_nk_cells_return_to_their_set_point(body, numbers):
    p = numbers()
    full = p.host_nk_capacity
    assert host.nk_recovery(body(host_nk=full), p)["host_nk"] == 0
    assert host.nk_recovery(body(host_nk=full / 2), p)["host_nk"] > 0
    assert host.nk_recovery(body(host_nk=1.5 * full), p)["host_nk"] < 0


def test_priming_needs_donor_cells_and_mismatch(body, numbers):
    many = {"host_t": 2e11, "car_tissue": 1e10}
    p = numbers()
    assert host.priming(body(**many), p)["primed_t"] > 0
    assert host.priming(body(host_t=2e11), p)["primed_t"] == 0
    assert host.priming(body(**many), numbers(mismatch=0.0))["primed_t"] == 0
    alone = host.priming(body(host_t=2e11, primed_t=1e9), p)["primed_t"]
    assert alone == pytest.approx(-p.primed_loss * 1e9)


def test_primed_cells_expand_on_donor_cells(body, numbers):
    p = numbers(mismatch=0.0)
    y = body(host_t=0.1 * p.host_t_capacity, primed_t=1e6, car_tissue=1e13)
    rate = host.priming(y, p)["primed_t"] / 1e6
    assert rate == pytest.approx(0.9 * p.primed_expansion - p.primed_loss, rel=0.02)
    full = body(host_t=p.host_t_capacity, primed_t=1e9, car_tissue=1e13)
    assert host.priming(full, p)["primed_t"] == pytest.approx(-p.primed_loss * 1e9)


def test_primed_cells_come_from_host_t_cells(body, numbers):
    flows = host.priming(body(host_t=1e10, car_tissue=1e10), numbers(mismatch=0.7))
    assert flows["host_t"] == -flows["primed_t"] < 0


def test_rejection_needs_primed_cells_not_t_cells(body, numbers):
    p = numbers(visible_to_t=1.0, mismatch=1.0)
    assert rates.rejection(body(host_t=2.5e11, host_nk=2e10), p) == 0
    half = rates.rejection(body(primed_t=p.rejection_half), p)
    assert half == pytest.approx(p.rejection_max / 2)
    assert rates.rejection(body(primed_t=1e15), p) <= p.rejection_max
    primed = body(primed_t=p.rejection_half)
    assert rates.rejection(primed, numbers(visible_to_t=0.1, mismatch=1.0)) == pytest.approx(
        half / 10
    )
    assert rates.rejection(primed, numbers(visible_to_t=1.0, mismatch=0.1)) == pytest.approx(
        half / 10
    )


def test_missing_self_is_seen_by_host_nk_alone(body, numbers):
    p = numbers(visible_to_t=0.0, visible_to_nk=1.0)
    full = rates.rejection(body(primed_t=1e15, host_nk=p.host_nk_capacity), p)
    assert full == pytest.approx(p.missing_self_kill)
    assert rates.rejection(body(primed_t=1e15), p) == 0


def test_b_cells_rest_and_return(body, numbers):
    p = numbers()
    assert host.b_cell_turnover(body(b_cells=p.b_capacity), p)["b_cells"] == 0
    assert host.b_cell_turnover(body(), p)["b_cells"] == pytest.approx(p.b_turnover * p.b_capacity)


def test_il15_rests_with_full_pools_and_surges_without(body, numbers):
    p = numbers()
    consumers = (p.host_t_capacity + p.host_nk_capacity) / p.il15_reference_cells
    rest = p.il15_depleted / (1 + p.il15_uptake * consumers)
    full = {"host_t": p.host_t_capacity, "host_nk": p.host_nk_capacity}
    assert host.il15(body(il15=rest, **full), p)["il15"] == pytest.approx(0.0, abs=1e-9)
    assert host.il15(body(il15=rest), p)["il15"] > 0
    assert host.il15(body(il15=p.il15_depleted), p)["il15"] == pytest.approx(0.0, abs=1e-9)
    assert host.il15(body(il15=p.il15_depleted, **full), p)["il15"] < 0


def test_armor_releases_il15_into_plasma_and_agonist_fades(body, numbers):
    p = numbers(armor_secretion=5e-5, weight=70.0)
    y = body(il15=p.il15_depleted, car_tissue=1e9)
    armed = host.il15(y, p)["il15"] - host.il15(y, numbers(weight=70.0))["il15"]
    assert armed == pytest.approx(5e-5 * 1e9 / (p.plasma_per_kg * 70))  # pg/mL/day
    assert host.il15(body(agonist=300.0), numbers(agonist_clearance=0.83))["agonist"] == -249.0


def test_every_source_of_il15_counts_alike_at_the_cell(body, numbers):
    p = numbers()
    serum = rates.car_signal(body(il15=p.il15_half), p)
    assert serum == 0.5
    assert rates.car_signal(body(agonist=p.il15_half), p) == serum
    assert rates.car_signal(body(), numbers(armor_il15=p.il15_half)) == serum
    shared = rates.plain_signal(body(), numbers(armor_il15=p.il15_half))
    assert 0 < shared < serum


def test_effector_cytokines_come_from_contact(body, numbers):
    p = numbers(weight=70.0)
    rest = {"ifng": p.ifng_base, "tnf": p.tnf_base}
    assert set(host.effector_cytokines(body(**rest, car_tissue=1e9), p).values()) == {0}
    made = host.effector_cytokines(body(**rest, car_tissue=1e9, tumor_high=1e11), p)
    engaged = 1e9 * 1e11 / (1e11 + p.effector_half * 1e9 + p.target_half)
    wanted = p.ifng_secretion * engaged / (p.fluid_per_kg * 70)
    assert made["ifng"] == pytest.approx(wanted)
    assert made["tnf"] == pytest.approx(wanted * p.tnf_secretion / p.ifng_secretion)


def test_myeloid_cells_rest_at_baseline_and_answer_by_source(body, numbers):
    p = numbers()
    rest = {"ifng": p.ifng_base, "tnf": p.tnf_base, "monocytes": p.monocyte_capacity}
    assert set(host.myeloid_activation(body(**rest), p).values()) == {0}
    hot = body(**(rest | {"ifng": 500.0}))
    turned = [
        host.myeloid_activation(hot, numbers(bystander=b))["macrophages"] for b in (0.0, 0.02, 1.0)
    ]
    assert turned[0] == 0 < turned[1] < turned[2]
    flows = host.myeloid_activation(hot, p)
    assert flows["monocytes"] == -flows["macrophages"]
    calm = host.myeloid_activation(body(**(rest | {"ifng": 500.0, "steroid": 30.0})), p)
    assert 0 < calm["macrophages"] < 0.5 * flows["macrophages"]


def test_a_car_against_monocytes_activates_them_itself(body, numbers):
    p = numbers(myeloid_target=0.02, monocytes_seen=1.0, bystander=0.0)
    rest = {"ifng": p.ifng_base, "tnf": p.tnf_base, "monocytes": p.monocyte_capacity}
    y = body(car_tissue=1e9, car_expressed=1e9, tumor_high=1e11, **rest)
    flows = host.myeloid_activation(y, p)
    assert flows["macrophages"] > 0
    assert flows["monocytes"] < -10 * flows["macrophages"]
    assert host.myeloid_activation(y, numbers(bystander=0.0))["macrophages"] == 0


def test_il6_comes_from_macrophages_and_blockade_slows_its_removal(body, numbers):
    p = numbers()
    assert host.il6(body(il6=p.il6_base), p)["il6"] == pytest.approx(0.0, abs=1e-9)
    assert host.il6(body(il6=p.il6_base, macrophages=1e8), p)["il6"] == pytest.approx(
        p.il6_secretion * 1e8
    )
    free = host.il6(body(il6=100.0), p)["il6"]
    blocked = host.il6(body(il6=100.0, tocilizumab=1e9), p)["il6"]
    assert free < blocked < 0


def test_antibody_is_kept_between_two_compartments(body, numbers):
    y = body(antibody=50.0, antibody_deep=20.0, tocilizumab=10.0, steroid=8.0)
    still = host.drugs(y, numbers(antibody_clearance=0.0))
    assert still["antibody"] + still["antibody_deep"] == pytest.approx(0.0)
    p = numbers(antibody_clearance=0.1)
    flows = host.drugs(y, p)
    assert flows["antibody"] + flows["antibody_deep"] == pytest.approx(-0.1 * 50)
    assert flows["tocilizumab"] == pytest.approx(-p.tocilizumab_clearance * 10)
    assert flows["steroid"] == pytest.approx(-p.steroid_clearance * 8)
