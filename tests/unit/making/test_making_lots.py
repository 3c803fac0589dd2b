"""Lots: what comes out, release, doses, cost."""

import numpy as np
import pytest

from carnk.base import SpecError
from carnk.library import load
from carnk.making import built_in, make, parse, read
from carnk.making.lots import proportion


@pytest.mark.parametrize("name", built_in())
def test_every_built_in_process_makes_doses(name):
    lots = make(read(name), 200, 3)
    assert lots.released.any()
    assert lots.doses_released.sum() > 0
    assert np.all(lots.car_positive > 0)
    assert set(lots.reasons) >= {"run lost", "no whole dose", "viability"}
    assert np.all(lots.released == ~lots.failures.any(axis=1))


def test_an_autologous_lot_is_one_dose_at_most():
    lots = make(read("carT_autologous"), 500, 3)
    assert set(np.unique(lots.doses)) <= {0, 1}
    assert np.all(lots.days > read("carT_autologous").days_of_culture)


def test_unedited_t_cells_are_counted_in_the_allogeneic_product():
    process = read("carT_allogeneic")
    poor = process.with_numbers(editing_tcr=0.5)
    assert np.median(make(poor, 200, 3).t_cells_per_kg) > 3 * np.median(
        make(process, 200, 3).t_cells_per_kg
    )


def test_optimal_cord_units_kill_more(text):
    any_unit = make(parse(text), 400, 3)
    optimal = make(parse(text.replace("by: cord_unit", "by: cord_unit\n    optimal: true")), 400, 3)
    assert optimal.potency.mean() > 1.15 * any_unit.potency.mean()


def test_quality_of_the_unit_ties_cells_to_potency():
    process = read("cord_blood_mbil21").with_numbers(cord_outside_growth=0.85)
    joint = make(process, 2000, 3).stages[-1].correlation()
    assert joint[0, 5] > 0.2


def test_doses_follow_bags_dose_and_weight(small_lots, small):
    from dataclasses import replace

    dose = small.dose
    per_bag = 5e8 * small_lots.car_positive
    mean_need = dose.amount * load()["weight"].value / per_bag
    fine = replace(small, dose=replace(dose, amount=dose.amount / 10))
    assert np.all(make(fine, 400, 7).doses >= small_lots.doses)
    few = small_lots.bags > 5
    rough = small_lots.bags / np.maximum(mean_need, 1)
    assert np.all(small_lots.doses[few] <= np.ceil(1.6 * rough[few]))
    assert np.all(small_lots.doses <= small_lots.bags)


def test_the_chance_of_passing_is_the_pass_rate_of_many_measurements():
    lots = make(read("carT_autologous"), 20_000, 3)
    for outcome in lots.outcomes:
        rate, chance = outcome.passed.mean(), outcome.chance.mean()
        assert rate == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / 20_000) + 1e-4)


def test_measurement_error_passes_some_that_should_not_pass_and_fails_some_that_should():
    process = read("peripheral_feeder_free")
    tests = {t["test"]: t for t in make(process, 4000, 3).summary()["release_tests"]}
    assert 0 < tests["t_cells_per_kg"]["passed_out_of_limits"] < 0.05
    assert 0 < tests["t_cells_per_kg"]["failed_within_limits"] < 0.05
    exact = make(process.with_numbers(error_t_cells=1e-9), 4000, 3).summary()["release_tests"]
    assert next(t for t in exact if t["test"] == "t_cells_per_kg")["passed_out_of_limits"] < 1e-6


def test_copy_numbers_are_told_per_total_and_per_car_positive_cell(small_lots):
    told = small_lots.summary()
    assert told["vcn_per_total_cell"]["median"] < told["vcn_per_car_positive_cell"]["median"]
    np.testing.assert_allclose(
        small_lots.vcn_total, small_lots.vcn_car_positive * small_lots.car_positive
    )


def test_a_limit_on_copies_names_which(text):
    limits = "release: {{preset: car_nk, vcn_{}: [null, 1.5 copies/cell]}}"
    total = make(parse(text.replace("release: car_nk", limits.format("total"))), 400, 3)
    per_car = make(parse(text.replace("release: car_nk", limits.format("car_positive"))), 400, 3)
    assert dict(total.failed())["vcn_total"] < 0.1
    assert dict(per_car.failed())["vcn_car_positive"] > 0.5


def test_without_every_price_only_ratios_are_told(small_lots, small, text):
    assert small_lots.currency == ""
    assert "cord_unit" in small_lots.unsourced
    assert "cd3_depletion" not in small_lots.unsourced  # its price is from print
    given = "".join(f"  {name}: 100 USD\n" for name in small_lots.cost_items)
    priced = make(parse(text + "prices:\n" + given), 400, 7)
    assert priced.currency == "USD"
    assert priced.unsourced == ()
    amounts = sum(priced.used_amounts.values()) + 1  # and the release tests
    np.testing.assert_allclose(priced.cost, 100 * amounts)


def test_the_potency_test_takes_a_law_of_killing(small):
    none = make(small, 200, 3, lysis=lambda potency, et: 0 * potency + 1e-3)
    assert dict(none.failed())["potency"] == 1.0
    assert not none.released.any()
    assert none.summary()["cost_per_released_dose"] is None


def test_mrna_fades_and_leaves_no_copies(text):
    rna = text.replace("  - step: harvest", "  - step: electroporate\n    by: lnp\n"
                       "    days: DAYS\n  - step: harvest")  # fmt: skip
    begin, end = rna.index("  - step: transduce"), rna.rindex("  - step: expand")
    rna = rna[:begin] + rna[end:]
    rna = rna.replace("release: car_nk", "release: tc_nk")
    early, late = (make(parse(rna.replace("DAYS", d)), 200, 3) for d in ("12 h", "4 days"))
    assert np.all(early.vcn_total == 0)
    assert np.median(late.car_positive) < 0.4 * np.median(early.car_positive)


def test_memory_like_priming_marks_the_lots(text):
    primed = text.replace("  - step: harvest", "  - step: prime\n  - step: harvest")
    lots = make(parse(primed), 50, 3)
    assert np.all(lots.memory_like == 1)
    assert lots.process.days_of_culture == pytest.approx(17.5)


def test_fast_cooling_little_dmso_and_a_wash_cost_viable_cells(text):
    thawed = [
        np.median(make(parse(text.replace("  - step: freeze", step)), 200, 3).viability_after_thaw)
        for step in (
            "  - step: freeze",
            "  - step: freeze\n    cooling: 8 K/min",
            "  - step: freeze\n    dmso: 1 percent",
            "  - step: freeze\n  - step: store\n    days: 3000 days",
            "  - step: freeze\n  - step: thaw\n    wash: true",
            "  - step: freeze\n  - step: thaw\n    hold: 6 h",
        )
    ]
    assert all(value < thawed[0] for value in thawed[1:])


def test_held_after_thaw_cells_die_and_the_rest_kill_more(text):
    held = text.replace("  - step: freeze", "  - step: freeze\n  - step: thaw\n    hold: 1 day")
    at_once, later = make(parse(text), 100, 3), make(parse(held), 100, 3)
    expected = at_once.viability_after_thaw * at_once.recovery_after_thaw
    np.testing.assert_allclose(later.viability_after_thaw, expected)
    np.testing.assert_allclose(later.recovery_after_thaw, 1)
    assert np.all(later.killing_after_thaw > at_once.killing_after_thaw)


def test_zero_of_many_leaves_a_chance():
    assert proportion(0, 11) == (0.0, pytest.approx(0.285, abs=0.001))
    assert proportion(11, 11)[1] == 1.0


@pytest.mark.parametrize("lots", [0, -1, 10**9])
def test_impossible_numbers_of_lots_are_refused(small, lots):
    with pytest.raises(SpecError, match="lots cannot be made"):
        make(small, lots, 1)


def test_the_interface_of_study_and_plan(cord_lots):
    for name in ("viability_after_thaw", "recovery_after_thaw", "car_positive", "potency"):
        values = getattr(cord_lots, name)
        assert values.shape == (400,)
        assert np.isfinite(values).all()
    assert np.array_equal(cord_lots.index_released, np.flatnonzero(cord_lots.released))
    assert np.all(cord_lots.doses_released[~cord_lots.released] == 0)
