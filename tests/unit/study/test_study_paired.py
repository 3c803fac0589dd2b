"""Arms with products of their own, on the same patients, from enrollment on."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from carnk.base import SpecError
from carnk.kinetics import PARAMETERS
from carnk.library import load
from carnk.study import parse, read, study_text
from carnk.study.numbers import worlds
from carnk.study.paired import alike, differences, interval
from carnk.study.patients import by_product, draw, draw_paired, rows_of, start_day
from carnk.study.run import courses_of, one_chunk
from carnk.study.supply import supply

IDS = np.arange(40)


@pytest.fixture(scope="module")
def compared():
    return read("compare_car_t")


@pytest.fixture(scope="module")
def cohort(compared):
    return draw_paired(compared, load().view(), IDS)


@pytest.fixture(scope="module")
def chunk(compared):
    return one_chunk(replace(compared, days=60.0), load().view(), IDS, 1)


def column(cohort, name, arm):
    return cohort.parameters[cohort.arm == arm, PARAMETERS.index(name)]


def edited(compared, old, new):
    text = study_text("compare_car_t")[1]
    assert old in text
    return text.replace(old, new)


def test_every_patient_is_in_every_arm_with_the_same_body(cohort, compared):
    assert (cohort.ids.reshape(-1, len(compared.arms)) == IDS[:, None]).all()
    assert (cohort.arm.reshape(-1, len(compared.arms)) == np.arange(4)).all()
    for name in ("growth", "host_t_capacity", "tumor_capacity", "weight"):
        assert (column(cohort, name, 0) == column(cohort, name, 3)).all(), name
    enrolled = cohort.drawn["burden_enrolled"]
    assert (enrolled[cohort.arm == 0] == enrolled[cohort.arm == 2]).all()


def test_t_cells_bring_numbers_of_their_own(cohort):
    assert (column(cohort, "antigen_expansion", 0) == 0).all()
    assert (column(cohort, "memory_formation", 1) == 0).all()
    assert (column(cohort, "antigen_expansion", 2) > 0.2).all()
    assert (column(cohort, "kill_natural", 2) == 0).all()
    assert (column(cohort, "visible_to_t", 2) == 0).all()
    assert (column(cohort, "mismatch", 2) == 0).all()
    assert (column(cohort, "visible_to_nk", 3) > 0).all()  # B2M is gone
    for arm, name in ((0, "icans_shift"), (2, "icans_shift_t")):
        mine = cohort.arm == arm
        of_world = worlds()[name][cohort.world[mine]]
        assert cohort.reading["icans_shift"][mine] == pytest.approx(of_world)


def test_an_arm_alone_is_the_arm_beside_others(compared, cohort):
    """What the other arms get changes nothing in this one."""
    alone = replace(compared, arms=compared.arms[2:3])
    mine = draw(alone, load().view(), IDS)
    assert np.array_equal(mine.parameters, cohort.parameters[cohort.arm == 2])
    assert np.array_equal(mine.initial, cohort.initial[cohort.arm == 2])


def test_arms_of_one_product_are_drawn_together(compared):
    assert [arms for _, arms in by_product(compared)] == [[0, 1], [2], [3]]


def test_autologous_patients_wait_longer_are_lost_more_and_grow_more(cohort):
    wait, lost = cohort.drawn["wait_day"], cohort.drawn["lost_day"]
    own, shelf = cohort.arm == 2, cohort.arm == 0
    assert (wait[own] > wait[shelf]).all()
    assert np.isfinite(lost[own]).sum() >= np.isfinite(lost[shelf]).sum()
    assert (lost[shelf] >= wait[shelf]).sum() == np.isinf(lost[shelf]).sum()
    grown = cohort.drawn["burden"] / cohort.drawn["burden_enrolled"]
    assert (grown >= 1).all()
    capacity = cohort.parameters[:, PARAMETERS.index("tumor_capacity")]
    assert (cohort.drawn["burden"] <= capacity).all()


def test_an_untreated_tumor_grows_over_the_whole_wait_once(compared):
    """From enrollment to the infusion: in closed form before conditioning, simulated after it."""
    fludarabine, cyclophosphamide = (
        line for line in study_text("compare_car_t")[1].splitlines() if "- {drug:" in line
    )
    text = edited(compared, f"{cyclophosphamide}\n", "")
    study = parse(text.replace(fludarabine, fludarabine.replace("30 mg/m2", "1e-9 mg/m2")))
    cohort = draw_paired(study, load().view(), IDS)
    rows = np.flatnonzero((cohort.arm == 0) & (cohort.drawn["wait_day"] > 6))
    courses = courses_of(replace(study, days=40.0), rows_of(cohort, rows))
    at_zero = courses.burden[:, np.flatnonzero(courses.times == 0)[0]]
    here = {n: cohort.parameters[rows, PARAMETERS.index(n)] for n in ("growth", "tumor_capacity")}
    enrolled, days = cohort.drawn["burden_enrolled"][rows], cohort.drawn["wait_day"][rows]
    times = np.exp(here["growth"] * days)
    grown = enrolled * times / (1 + enrolled / here["tumor_capacity"] * (times - 1))
    assert start_day(study) == -5
    assert at_zero == pytest.approx(grown, rel=1e-3)


def test_untreated_patients_count_without_response(chunk):
    outcomes = pl.DataFrame(chunk.outcomes)
    lost = outcomes.filter(pl.col("treated") == 0)
    assert len(lost)
    assert lost["best_response"].sum() == 0
    assert lost["progression_day"].is_finite().all()
    for name in ("crs_grade", "gvhd", "cmax_per_ul", "tmax_day", "half_life_day", "wait_day"):
        assert lost[name].is_nan().all(), name  # of the treated alone
    kept = outcomes.filter((pl.col("treated") == 1) & pl.col("progression_day").is_finite())
    assert (kept["progression_day"] > kept["wait_day"]).all()


def test_differences_are_against_the_first_arm_of_the_same_patient(compared, chunk):
    found = differences(replace(compared, days=60.0), pl.DataFrame(chunk.outcomes))
    wait = {each.arm: each for each in found if each.outcome == "wait_day"}
    assert wait["CAR-NK three times"].mean == 0
    assert wait["autologous CAR-T"].mean > 10
    assert {each.reference for each in found} == {"CAR-NK once"}
    assert np.isnan(wait["autologous CAR-T"].low)  # under two patients in a world


def test_interval_keeps_worlds_and_chance_apart():
    """Worlds that scatter by 0.3 with patients by 0.4 around them: the parts come back."""
    rng = np.random.default_rng(1)
    world = np.repeat(np.arange(400), 50)
    centers = norm.ppf((np.arange(400) + 0.5) / 400) * 0.3
    gap = 0.1 + centers[world] + rng.normal(0, 0.4, world.size)
    mean, low, high, between = interval(gap, world)
    assert mean == pytest.approx(0.1, abs=0.02)
    assert between == pytest.approx(0.3, abs=0.03)
    assert (high - low) / 2 == pytest.approx(1.96 * 0.3, rel=0.08)
    alike = rng.normal(0.1, 0.4, world.size)
    _, low, high, between = interval(alike, world)
    assert between < 0.05
    assert (high - low) / 2 < 0.1


def test_no_difference_in_n_patients_is_not_certainty():
    assert alike(np.zeros(100)) == (-0.03, 0.03)


def test_an_interval_does_not_pass_what_worlds_show():
    """Losses only: where every world loses, the interval does not reach to gains."""
    rng = np.random.default_rng(5)
    world = np.repeat(np.arange(100), 40)
    lost = -(rng.random(world.size) < rng.beta(0.5, 4.0, 100)[world]).astype(float)
    mean, low, high, _ = interval(lost, world)
    assert low < mean < high < 0.03
    assert mean - low > 2 * (high - mean)


def test_one_patient_to_a_world_has_no_interval():
    mean, low, high, between = interval(np.array([0.0, 1.0, 0.0]), np.arange(3))
    assert mean == pytest.approx(1 / 3)
    assert np.isnan([low, high, between]).all()


def test_a_lot_treats_one_autologous_patient_and_several_of_the_others(compared):
    per = [supply(arm.product or compared.product, arm.regimen.infusion) for arm in compared.arms]
    assert per[2].patients == 1
    assert per[0].patients > per[1].patients
    assert per[3].patients > 1
    assert [bool(each.prices) for each in per] == [False, False, True, False]
    assert per[2].prices == tuple(load()[f"price_{each}"].value for each in ("axi_cel", "tisa_cel"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("source: autologous_t", "source: ipsc\n      edits: [tcr_loss]", "'tcr_loss' changes"),
        ("edits: [tcr_loss, b2m_loss]", "edits: [hla_e]", "'hla_e' without 'b2m_loss'"),
        ("edits: [tcr_loss, b2m_loss]", "edits: [hncd16]", "gives T cells no ADCC"),
        ("      source: autologous_t", "      source: autologous", "Did you mean 'autologous_t'"),
        ("construct: {armor: none, switch: none}", "construct: {target: BCMA}",
         "the CAR of arm 'autologous CAR-T' sees"),
        ("source: autologous_t", "source: autologous_t\n      edits: [tcr_loss, b2m_loss]",
         "'tcr_loss' and 'b2m_loss' changes nothing in 'autologous_t'"),
        ("    dose: 1.6e8 cells\n    product:\n      name: CD19 auto",
         "    numbers: {kill_cart: 3}\n    dose: 1.6e8 cells\n    product:\n      name: CD19 auto",
         "Did you mean"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_line(compared, old, new, told):
    with pytest.raises(SpecError, match=r"study.yaml:\d+") as error:
        parse(edited(compared, old, new))
    assert told in str(error.value)


def test_numbers_of_an_arm_are_its_own(compared):
    old = "  - name: CAR-NK once\n"
    study = parse(edited(compared, old, old + "    numbers: {il15_half: 100 pg/mL}\n"))
    cohort = draw_paired(study, load().view(), IDS)
    assert (column(cohort, "il15_half", 0) == 100).all()
    assert (column(cohort, "il15_half", 1) != 100).any()


def test_an_arm_whose_car_has_no_target_is_told_at_its_product(compared):
    text = edited(compared, "construct: {armor: none, switch: none}", "construct: {target: BCMA}")
    (line,) = [i for i, each in enumerate(text.splitlines(), 1) if "target: BCMA" in each]
    with pytest.raises(SpecError) as error:
        parse(text)
    (problem,) = error.value.problems
    assert problem.where.startswith(f"study.yaml:{line}")
    assert "'autologous CAR-T'" in problem.what


def test_the_chance_of_treatment_is_how_often_it_is_drawn(compared):
    cohort = draw_paired(compared, load().view(), np.arange(3000))
    for arm in (0, 2):
        mine = cohort.arm == arm
        treated = np.isinf(cohort.drawn["lost_day"][mine])
        chance = cohort.reading["treated_chance"][mine].mean()
        error = np.sqrt(chance * (1 - chance) / treated.size)
        assert treated.mean() == pytest.approx(chance, abs=4 * error)
