"""The section of a paired study: arms side by side, differences, supply, survival as observed."""

import shutil
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from carnk.library import load
from carnk.report import record as records
from carnk.report.page import contents, page
from carnk.report.reading_list import reading_list
from carnk.report.sections import influence, opening, paired, uncertainty
from carnk.report.sections.paired import signed
from carnk.report.terminal import show
from carnk.study import read
from carnk.study.folder import run_to_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    study = replace(read("compare_car_t"), patients=24)
    place = tmp_path_factory.mktemp("runs") / "compared"
    run_to_folder("compare_car_t", study, place)
    return place


@pytest.fixture(scope="module")
def content(folder):
    return paired.content(records.read(folder))


def test_every_endpoint_has_a_cell_for_every_arm(content):
    assert len(content["arms"]) == 4
    assert {len(row["cells"]) for row in content["rows"]} == {4}
    labels = [row["label"] for row in content["rows"]]
    assert "Treated" in labels
    assert "GvHD, grade 2 or higher, of the treated" in labels
    assert "Progression-free, day 365 from enrollment" in labels


def test_differences_are_of_the_other_arms(content):
    assert content["figures"] == []  # 24 patients in 24 worlds
    assert content["reference"] == "CAR-NK once"


def test_money_only_where_a_price_has_a_source(content):
    rows = {row["name"]: row for row in content["supply"]}
    assert rows["CAR-NK once"]["price"] == "no price in a source"
    assert rows["CAR-NK once"]["cost"] == "–"
    assert rows["autologous CAR-T"]["price"] == "373,000 to 475,000"
    assert all(load()[f"price_{each}"].checked == "read" for each in ("axi_cel", "tisa_cel"))


def test_survival_is_told_by_class_and_never_predicted(content):
    kinds = {row["kind"] for row in content["survival"]}
    assert {"CAR-NK", "autologous CAR-T"} <= kinds
    assert any("5 years" in row["seen"] for row in content["survival"])


def test_few_patients_have_no_intervals_and_still_a_report(tmp_path, capsys):
    run_to_folder("compare_car_t", replace(read("compare_car_t"), patients=1), tmp_path / "one")
    assert "Too few patients in a world" in page(records.read(tmp_path / "one"))
    show(tmp_path / "one")
    assert "CAR-NK once" in capsys.readouterr().out


def test_page_and_terminal_tell_arms_apart(folder, capsys):
    text = page(records.read(folder))
    assert "Arms on the same patients" in text
    assert "by intention to treat" in text
    show(folder)
    told = capsys.readouterr().out
    assert "autologous CAR-T" in told
    assert "Response, best" in told
    assert max(map(len, told.splitlines()[:-1])) <= 100


def test_outcomes_of_a_run_carry_who_was_treated(folder):
    outcomes = pl.read_csv(folder / "outcomes.csv")
    assert len(outcomes) == 24 * 4
    assert set(outcomes["treated"].unique()) <= {0.0, 1.0}


@pytest.mark.parametrize(("value", "text"), [(12.3, "+12"), (-3.42, "−3.4"), (0.0, "0")])
def test_signs_are_told(value, text):
    assert signed(value) == text


def test_b_cells_and_an_arm_without_cells_are_told(tmp_path):
    study = replace(read("vs_lupus"), patients=8, days=60.0)
    run_to_folder("vs_lupus", study, tmp_path / "lupus")
    record = replace(records.read(tmp_path / "lupus"), study=study)
    found = paired.content(record)
    labels = [row["label"] for row in found["rows"]]
    assert "Day on which B cells are back above a tenth" in labels
    assert not any(label.startswith("Progression-free") for label in labels)
    assert [row["name"] for row in found["supply"]] == ["one infusion", "three infusions"]


def test_drugs_of_a_rescue_are_named():
    rescue = read("vs_switch").arms[2].regimen.rescue
    assert opening._rescue(rescue).replace("\u00a0", " ") == "rimiducid 0.4 mg/kg"


@pytest.fixture
def few_worlds(folder, tmp_path):
    """The run with its patients in six worlds, so that chance and uncertainty can be told apart."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    table = pl.read_csv(copy / "outcomes.csv", infer_schema_length=None)
    table.with_columns(world=pl.col("patient") % 6).write_csv(copy / "outcomes.csv")
    return copy


def test_four_copies_of_every_patient_do_not_widen_a_band(few_worlds):
    """Rows of one patient in several arms are no further patients."""
    record = records.read(few_worlds)
    names = [arm.name for arm in record.study.arms]
    alone = {r["outcome"]: r for r in uncertainty.facts(record) if r["arm"] == names[0]}
    table = pl.read_csv(few_worlds / "outcomes.csv", infer_schema_length=None)
    one = table.filter(pl.col("arm") == names[0])
    four = pl.concat([one.with_columns(arm=pl.lit(name)) for name in names])
    four.write_csv(few_worlds / "outcomes.csv")
    rows = uncertainty.facts(records.read(few_worlds))
    assert len(rows) == 4 * len(alone)
    assert {"response", "cmax_per_ul", "peak_il6"} <= set(alone)
    for row in rows:
        assert row == alone[row["outcome"]] | {"arm": row["arm"]}


def test_uncertainty_is_told_arm_by_arm_and_of_treated_patients(few_worlds):
    record = records.read(few_worlds)
    rows = uncertainty.facts(record)
    for arm in record.study.arms:
        mine = {row["outcome"]: row for row in rows if row["arm"] == arm.name}
        assert 0 < mine["response"]["middle"] < 1
        part = record.of_arm(arm.name)
        seen = part.filter(pl.col("treated") > 0)["cmax_per_ul"].to_numpy().astype(float)
        middle = 10 ** np.median(np.log10(np.maximum(seen, 1e-3)))
        assert mine["cmax_per_ul"]["middle"] == pytest.approx(middle)
    assert (record.outcomes["treated"] == 0).any()
    assert "Every row is of one arm" in page(record)


def test_rows_of_one_patient_are_one_patient_in_the_warning(folder):
    record = records.read(folder)
    assert len(record.outcomes) > record.patients
    assert records.few(record).startswith("24\u00a0patients in")


def test_one_arm_alone_has_nothing_to_differ_from(folder):
    record = records.read(folder)
    one = replace(record.study, arms=record.study.arms[:1])
    alone = replace(record, study=one, outcomes=record.of_arm(one.arms[0].name))
    assert "paired" in contents(record)
    assert "paired" not in contents(alone)


def test_what_moves_the_difference_names_its_arm(folder):
    record = records.read(folder)
    found = influence.content(record)
    assert found["reference"] == "CAR-NK once"
    assert {row["arm"] for row in found["rows"]} <= {arm.name for arm in record.study.arms[1:]}
    rows = {row["id"]: row for row in record.sensitivity}
    assert rows["waiting_loss"]["effect_low"] < 0 < rows["waiting_loss"]["effect_high"]
    listed = reading_list(record.numbers, record.sensitivity, {}, shown=200)
    assert all(row["arm"] for row in listed)
    assert "waiting_loss" in {row["id"] for row in listed}
    assert "the difference in mean log" in page(record)
