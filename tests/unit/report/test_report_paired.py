"""The section of a paired study: arms side by side, differences, supply, survival as observed."""

from dataclasses import replace

import polars as pl
import pytest

from carnk.library import load
from carnk.report import record as records
from carnk.report.page import page
from carnk.report.sections import opening, paired
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
