"""`carnk make` in the terminal and its page."""

import csv
import json

import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app

RUN = CliRunner()


def carnk(*words):
    return RUN.invoke(app, ["make", *words])


def test_a_process_is_run_by_its_bare_name():
    named = carnk("nk92", "--lots", "50", "--seed", "7")
    assert named.exit_code == 0, named.output
    assert named.output == carnk("run", "nk92", "--lots", "50", "--seed", "7").output
    for said in ("VCN CAR+", "Doses per lot", "Fails most", "Bill of materials", "Day plan"):
        assert said in named.output
    assert max(map(len, named.output.splitlines())) <= 100


def test_json_holds_steps_tests_and_correlations():
    told = json.loads(carnk("cord_blood_mbil21", "--lots", "60", "--json").output)
    assert told["steps"][-1]["correlation"]["car_positive, vcn_total"] > 0.5
    assert {"vcn_per_total_cell", "vcn_per_car_positive_cell"} <= set(told)
    assert told["cost_unit"] == "clean-room days"
    assert told["matters_most"]


def test_comparison_lists_every_process():
    made = carnk("compare", "cord_blood_mbil21", "nk92", "carT_autologous", "--lots", "80")
    assert made.exit_code == 0, made.output
    assert "NK-92 CAR" in made.output
    assert "autologous CAR-T" in made.output
    assert max(map(len, made.output.splitlines())) <= 100


def test_another_dose_gives_another_number_of_doses():
    few, many = (
        json.loads(carnk("compare", "nk92", "--dose", dose, "--lots", "50", "--json").output)[0]
        for dose in ("4e9 cells", "1e6 cells/kg")
    )
    assert many["doses_per_lot"]["median"] > few["doses_per_lot"]["median"]


def test_a_folder_holds_page_and_tables_and_is_not_written_twice(tmp_path):
    out = tmp_path / "made"
    assert carnk("nk92", "--lots", "40", "--out", str(out)).exit_code == 0
    page = (out / "report.html").read_text()
    assert "The way of the cells" in page
    assert 'src="http' not in page
    with (out / "lots.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 40
    again = carnk("nk92", "--lots", "40", "--out", str(out))
    assert isinstance(again.exception, CarnkError)


def test_a_page_escapes_what_a_file_says(tmp_path, text):
    path = tmp_path / "p.yaml"
    path.write_text(text.replace("A small process.", "'<script>alert(1)</script>'"))
    out = tmp_path / "made"
    assert carnk(str(path), "--lots", "40", "--out", str(out)).exit_code == 0
    assert "<script>alert(1)</script>" not in (out / "report.html").read_text()


def test_run_sheet_design_update_and_titration(tmp_path):
    run = tmp_path / "run.csv"
    run.write_text("day,cells,viability_pct\n6,2e8,93\n")
    told = carnk("track", str(run), "--process", "cord_blood_mbil21", "--lots", "300")
    assert told.output.startswith("WAIT")
    out = tmp_path / "design.csv"
    design = carnk("design", "cord_blood_mbil21", "--lever", "moi=5,15", "--out", str(out))
    assert design.exit_code == 0, design.output
    rows = list(csv.DictReader(out.read_text().splitlines()))
    for row in rows:
        row["measured_cells"] = str(2 * float(row["cells"]))
    with out.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    before = carnk("update", str(out), "--process", "cord_blood_mbil21")
    assert "numbers:\n  doubling_k562_mbil21: 1." in before.output
    data = tmp_path / "titration.csv"
    data.write_text("moi,car_positive_pct,vcn\n5,28,0.6\n20,50,2.3\n")
    assert "per CAR+" in carnk("titrate", str(data), "--per", "total").output


def test_optimize_prints_before_and_after():
    told = carnk("optimize", "nk92", "--lever", "harvest_day=14:20", "--json")
    found = json.loads(told.output)
    assert 14 <= found["levers"]["harvest_day"] <= 20
    assert found["after"]["cost_per_released_dose"] < found["before"]["cost_per_released_dose"]


@pytest.mark.parametrize(
    "words",
    [
        ("cord_blod",),
        ("nk92", "--lots", "0"),
        ("nk92", "--dose", "1e7 cells/mL"),
        ("optimize", "nk92", "--lever", "moi"),
        ("optimize", "nk92", "--lever", "harvest_day=20:14"),
        ("design", "nk92", "--lever", "harvest_day=a,b"),
    ],
)
def test_what_cannot_be_ends_in_words(words):
    done = carnk(*words)
    assert isinstance(done.exception, CarnkError), done.output
    assert str(done.exception)


def test_the_list_names_every_process():
    assert "carT_allogeneic" in carnk("list").output
