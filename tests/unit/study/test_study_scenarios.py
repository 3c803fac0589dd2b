"""Scenarios: direction where the mechanism forces it, never a size; and their building blocks."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from carnk.base import SpecError
from carnk.kinetics import PARAMETERS, STATES
from carnk.library import load
from carnk.study import parse, read, scenarios, study_text
from carnk.study.folder import _write_numbers
from carnk.study.paired import differences, endpoints
from carnk.study.patients import draw_paired
from carnk.study.run import courses_of, got_cells, one_chunk

IDS = np.arange(60)


def run(name, old="", new="", days=60.0):
    """(study, cohort, courses) of a scenario, with some of its text replaced."""
    text = study_text(name)[1]
    assert old in text
    study = replace(parse(text.replace(old, new)), days=days)
    cohort = draw_paired(study, load().view(), IDS)
    return study, cohort, courses_of(study, cohort)


def cells(courses):
    return sum(courses.of(name) for name in ("car_blood", "car_tissue", "car_exhausted"))


def on(courses, day):
    return int(np.argmin(np.abs(courses.times - day)))


@pytest.mark.parametrize("name", scenarios())
def test_every_scenario_asks_one_question_of_the_same_patients(name):
    study = read(name)
    assert study.paired
    assert len(study.arms) > 1
    assert study.credibility.question.endswith("?")
    assert study.credibility.context
    assert study.credibility.influence == study.credibility.consequence == "low"
    assert study.about


@pytest.mark.parametrize("name", scenarios())
def test_patients_of_a_scenario_differ_in_nothing_but_the_arm(name):
    study = read(name)
    cohort = draw_paired(study, load().view(), IDS[:8])
    for column in ("growth", "host_t_capacity", "weight", "tumor_capacity", "chemo_sensitivity"):
        rows = cohort.parameters[:, PARAMETERS.index(column)].reshape(8, len(study.arms))
        assert (rows == rows[:, :1]).all(), column
    burden = cohort.drawn["burden"].reshape(8, -1)
    assert (burden == burden[:, :1]).all()


def test_without_conditioning_unarmored_adult_cells_are_rejected_sooner():
    adult = "source: peripheral_blood"
    text = study_text("vs_conditioning")[1].replace("il15_secreted", "none")
    study = replace(parse(text.replace("source: cord_blood", adult)), days=60.0)
    cohort = draw_paired(study, load().view(), IDS)
    courses = courses_of(study, cohort)
    primed = courses.of("primed_t").max(axis=1).reshape(-1, 2)
    left = cells(courses)[:, on(courses, 14)].reshape(-1, 2)
    assert (primed[:, 0] > primed[:, 1]).mean() > 0.9
    assert (left[:, 0] < left[:, 1]).all()


def test_a_car_from_mrna_fades_and_an_integrated_one_stays():
    _, cohort, courses = run("vs_mrna")
    level = courses.of("car_expressed") / np.maximum(cells(courses), 1.0)
    whole = cells(courses)[:, on(courses, 5)] > 1e5
    assert whole.all()
    at = level[:, on(courses, 5)]
    assert at[cohort.arm == 0] == pytest.approx(1.0, rel=1e-3)
    assert (at[cohort.arm == 1] < 0.5).all()


def test_irradiated_nk92_are_gone_before_cord_cells():
    study, cohort, courses = run("vs_source")
    names = [arm.name for arm in study.arms]
    left = cells(courses)[:, on(courses, 30)]
    cord, line = (left[cohort.arm == names.index(n)] for n in ("cord blood", "NK-92"))
    assert (line < cord).all()


def test_the_switch_fires_where_il6_passes_its_level_and_only_there():
    study, cohort, courses = run("vs_switch")
    fired = courses.of("rimiducid").max(axis=1) > 1
    level = study.arms[2].regimen.rescue.il6
    passed = courses.of("il6").max(axis=1) >= level
    assert not fired[cohort.arm != 2].any()
    mine = cohort.arm == 2
    assert fired[mine].any()
    assert (~passed[mine & ~fired]).mean() > 0.95
    later = courses.times >= 3
    sensitive = (courses.of("switch_sensitive") / np.maximum(cells(courses), 1.0))[:, later]
    assert np.median(sensitive[mine & fired].min(axis=1)) < 0.2
    assert np.median(sensitive[cohort.arm == 0].min(axis=1)) > 0.7


def test_an_arm_without_cells_has_no_cells_and_nothing_that_comes_of_them():
    study = replace(read("vs_lupus"), days=100.0)
    cohort = draw_paired(study, load().view(), IDS)
    none = ~got_cells(cohort.doses)
    assert (none == (cohort.arm == 0)).all()
    assert (cohort.doses.amounts[none & (cohort.ids == 0)] > 0).any()  # conditioning is given
    into = STATES.index("donor_t")
    assert not cohort.doses.amounts[none][cohort.doses.states[none] == into].any()
    outcomes = pl.DataFrame(one_chunk(study, load().view(), IDS, 1).outcomes)
    first = outcomes.filter(pl.col("arm") == "conditioning alone")
    for name in ("crs_probability_1", "icans_probability", "gvhd_probability", "cmax_per_ul"):
        assert first[name].max() == 0, name
    assert "pfs" not in {name for name, _, _ in endpoints(study)}
    assert "b_cell_recovery_day" in {name for name, _, _ in endpoints(study)}


def test_zero_is_the_only_dose_below_the_least():
    old = "dose: 0 cells"
    text = study_text("vs_lupus")[1]
    with pytest.raises(SpecError, match="too small"):
        parse(text.replace(old, "dose: 10 cells"))
    with pytest.raises(SpecError):
        parse(text.replace(old, "dose: -1 cells"))
    with pytest.raises(SpecError, match="no arm gets cells"):
        parse(text.replace("dose: 7.5e8 cells", "dose: 0 cells"))


def test_a_dose_level_of_a_design_is_not_zero():
    text = study_text("liu2020_trial")[1]
    with pytest.raises(SpecError, match="a dose level of a design"):
        parse(text.replace("dose: 1e5 cells/kg", "dose: 0 cells/kg"))


def test_a_factor_keeps_the_worlds():
    _, cohort, _ = run("vs_cord_unit", days=30.0)
    kill = cohort.drawn["kill_per_day"].reshape(-1, 2)
    study = replace(read("vs_cord_unit"), arms=read("vs_cord_unit").arms[:1])
    plain = replace(study, arms=(replace(study.arms[0], numbers={}),))
    usual = draw_paired(plain, load().view(), IDS)
    median = usual.drawn["kill_per_day"]
    assert np.corrcoef(np.log(median), np.log(kill[:, 1]))[0, 1] > 0.9
    middle = np.median(np.log(kill[:, 1]) - np.log(kill[:, 0]))
    assert middle == pytest.approx(np.log(2.43 / 0.51), abs=0.15)


def test_a_factor_leaves_a_share_a_share_and_stands_in_the_list_of_numbers(tmp_path):
    old = "viability_after_thaw: 0.95"
    text = study_text("vs_frozen")[1].replace(old, "viability_after_thaw: {times: 50}")
    study, view = parse(text), load().view()
    cohort = draw_paired(study, view, IDS)
    viability = cohort.drawn["viability"].reshape(-1, 2)
    assert (viability[:, 1] <= 1).all()
    assert viability[:, 1] == pytest.approx(1.0, abs=1e-6)
    _write_numbers(study, view, tmp_path)
    listed = pl.read_csv(tmp_path / "numbers.csv")
    at = listed.filter(pl.col("id") == "viability_after_thaw")["at"][0]
    assert "times 50 in arm 'fresh'" in at


@pytest.mark.parametrize(
    ("given", "told"),
    [("{times: 2, value: 3}", "does not go with"), ("{times: -1}", "too small"),
     ("{times: 1e6}", "too large"), ("{tims: 2}", "times")],
)  # fmt: skip
def test_a_wrong_factor_is_told(given, told):
    text = study_text("vs_cord_unit")[1]
    with pytest.raises(SpecError, match=told):
        parse(text.replace("{times: 0.51}", given))


def test_shares_differ_by_no_more_than_all():
    study = replace(read("vs_mrna"), days=60.0)
    ids = np.arange(10) + 100 * np.arange(5)[:, None]  # five patients in each of ten worlds
    outcomes = pl.DataFrame(one_chunk(study, load().view(), ids.ravel(), 1).outcomes)
    found = [d for d in differences(study, outcomes) if d.unit == "share"]
    assert found
    assert all(-1 <= d.low <= d.mean <= d.high <= 1 for d in found)
