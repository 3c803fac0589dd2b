"""`carnk assay elisa` and `carnk design plate`: files, privacy, bad input, own numbers."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app
from carnk.library import parse_number_file
from carnk.study.folder import asked_for
from carnk.study.numbers import own_of

B = (0.06, 3.2, 300.0, 1.2)
NAMES = ("Jane Doe", "MRN-0042", "patient 7")


def signal(concentration):
    return B[1] + (B[0] - B[1]) / (1 + (concentration / B[2]) ** B[3])


def files(folder: Path, separator=",", decimal="."):
    """A plate with eight standards and three samples in duplicate, and its layout."""
    rng = np.random.default_rng(4)
    lines, values = ["well,role,sample,concentration,dilution"], {}
    for row, c in zip("ABCDEFGH", (1000, 500, 250, 125, 62.5, 31.25, 15.625, 0)):
        lines.append(f"{row}1:{row}2,standard,,{c:g} pg/mL,")
        values |= {f"{row}{k}": signal(c) for k in (1, 2)}
    for row, name in zip("ABC", NAMES):
        lines.append(f"{row}3:{row}4,sample,{name},,1:10")
        values |= {f"{row}{k}": signal(60.0 * (1 + "ABC".index(row))) for k in (3, 4)}
    noisy = {w: v * (1 + 0.02 * rng.standard_normal()) for w, v in values.items()}
    rows = [[""] + [str(c) for c in range(1, 13)]]
    for row in "ABCDEFGH":
        cells = [noisy.get(f"{row}{c}") for c in range(1, 13)]
        shown = ["" if v is None else f"{v:.3f}".replace(".", decimal) for v in cells]
        rows.append([row, *shown])
    (folder / "plate.csv").write_text("\n".join(separator.join(r) for r in rows) + "\n")
    (folder / "map.csv").write_text("\n".join(lines) + "\n")
    return folder / "plate.csv", folder / "map.csv"


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_folder_holds_tables_page_and_numbers_and_no_names(tmp_path):
    plate, layout = files(tmp_path)
    done = run(
        "assay", "elisa", plate, "--layout", layout, "--kit", "nkp44", "--out", tmp_path / "o"
    )
    assert done.exit_code == 0, done.output
    written = {path.name for path in (tmp_path / "o").iterdir()}
    assert written == {"samples.csv", "standards.csv", "report.html", "numbers.yaml"}
    told = done.output + "".join(p.read_text("utf-8") for p in (tmp_path / "o").iterdir())
    assert not any(name in told for name in NAMES)
    with (tmp_path / "o" / "samples.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["concentration"]) for row in rows] == pytest.approx(
        [600, 1200, 1800], rel=0.1
    )
    assert all(row["sample"].startswith("id-") for row in rows)
    page = (tmp_path / "o" / "report.html").read_text("utf-8")
    assert "Plotly.newPlot" in page
    assert "NKp44" in page
    assert 'src="http' not in page


def test_names_are_kept_on_demand_and_ids_are_those_of_every_run(tmp_path):
    plate, layout = files(tmp_path)
    once, again = (run("assay", "elisa", plate, "--layout", layout).output for _ in range(2))
    assert once == again
    assert "Jane Doe" in run("assay", "elisa", plate, "--layout", layout, "--keep-ids").output


def test_json_has_everything(tmp_path):
    plate, layout = files(tmp_path)
    found = json.loads(run("assay", "elisa", plate, "--layout", layout, "--json").stdout)
    assert found["curve"]["model"] in ("4pl", "5pl")
    assert found["curve"]["lloq"] >= 15.625
    assert len(found["samples"]) == 3
    assert found["samples"][0]["low"] < 600 < found["samples"][0]["high"]


def test_european_decimals_give_the_same_results(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = run("assay", "elisa", files(tmp_path / "a")[0], "--layout", tmp_path / "a" / "map.csv",
                "--keep-ids")  # fmt: skip
    comma = run("assay", "elisa", files(tmp_path / "b", ";", ",")[0], "--layout",
                tmp_path / "b" / "map.csv", "--keep-ids")  # fmt: skip
    assert comma.exit_code == 0, comma.output
    assert comma.output == plain.output


def test_one_number_goes_into_a_run(tmp_path):
    plate, layout = files(tmp_path)
    run(
        "assay", "elisa", plate, "--layout", layout, "--number", "il6_base", "--out", tmp_path / "o"
    )
    text = (tmp_path / "o" / "numbers.yaml").read_text("utf-8")
    (number,) = parse_number_file(text)
    assert number.id == "il6_base"
    assert number.at.startswith("plate sha256 ")
    assert number.range[0] < number.value < number.range[1]
    study = asked_for("liu2020", None, None, tmp_path / "o" / "numbers.yaml")
    assert own_of(study)[0].value == number.value


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (("plate.csv", "B,", "B,zero,"), 5, "is not a number"),
        (("map.csv", "A3:A4", "A3:A44"), 5, "are not on the plate"),
        (("map.csv", "C3:C4", "D3:D4"), 5, "wells C3, C4 have readings"),
        (("map.csv", "standard", "standart"), 5, "Did you mean 'standard'"),
        (("map.csv", "1:10", "0.1"), 5, "is less than 1-fold"),
    ],
)
def test_bad_input_is_told_with_wells(tmp_path, change, code, said):
    plate, layout = files(tmp_path)
    path = tmp_path / change[0]
    path.write_text(path.read_text().replace(change[1], change[2]))
    done = run("assay", "elisa", plate, "--layout", layout, "--out", tmp_path / "o")
    assert isinstance(done.exception, CarnkError)
    assert done.exception.exit_code == code
    assert said in str(done.exception)
    assert not (tmp_path / "o").exists()


def test_words_that_are_not_options_name_the_nearest(tmp_path):
    plate, layout = files(tmp_path)
    for words, said in (
        (("--model", "4PLs", "--weights", "1/x"), "'4PLs' is not one of auto, 4pl, 5pl"),
        (("--kit", "nkp45"), "Did you mean 'nkp44'"),
        (("--read", "450"), "'450' is not one reading of this file"),
        (("--number", "il6_bas"), "Did you mean 'il6_base'"),
    ):
        done = run("assay", "elisa", plate, "--layout", layout, *words)
        assert said in str(done.exception)


def test_a_designed_plate_is_written_and_read_back(tmp_path):
    done = run("design", "plate", "--effect", 15, "--sd", 8, "--power", 0.9, "--kit", "il6",
               "--out", tmp_path / "next")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "8 replicates in each of 2 groups: power 93.6%" in done.output
    assert {p.name for p in (tmp_path / "next").iterdir()} == {"layout.csv", "plate.html"}
    text = (tmp_path / "next" / "layout.csv").read_text()
    lines = ["well,value"]
    for row in csv.DictReader(text.splitlines()):
        concentration = float((row["concentration"] or "0").split()[0])
        value = {"sample": signal(100.0), "empty": 0.06}.get(row["role"], signal(concentration))
        lines.append(f"{row['well']},{value * (1 + 0.01 * (len(lines) % 3)):.4f}")
    (tmp_path / "plate.csv").write_text("\n".join(lines))
    read = run("assay", "elisa", tmp_path / "plate.csv", "--layout", tmp_path / "next/layout.csv",
               "--json")  # fmt: skip
    assert read.exit_code == 0, read.output
    assert len(json.loads(read.stdout)["samples"]) == 16


def test_a_plate_that_cannot_be_is_told():
    done = run("design", "plate", "--effect", 0, "--sd", 8)
    assert "--effect: 0 is not above 0" in str(done.exception)
    done = run("design", "plate", "--effect", 1, "--sd", 8, "--groups", "a,a")
    assert "does not name different groups" in str(done.exception)
    found = json.loads(run("design", "plate", "--effect", 15, "--sd", 8, "--json").stdout)
    assert found["replicates"] == 8
    assert len(found["map"]) == 16
