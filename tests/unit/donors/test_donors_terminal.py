"""`carnk donors` as a user types it: formats, exit codes, notes."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app
from carnk.cli.donors import COLUMNS, grade

TYPINGS = """id,hla,kir
a,A*02:01 A*03:01 B*07:02 B*44:02 C*07:02 C*05:01,KIR2DL1;KIR2DL3;KIR2DS4;KIR3DL1;KIR3DL2
b,A*24 B*15 B*27:05 C*16 C*07:02,2DL1;2DL2;2DS2;2DS4;3DL1
"""
PATIENTS = "id,hla\np,A*01:01 B*07:02 B*08:01 C*07:01\nq,none\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "typings.csv").write_text(TYPINGS)
    (tmp_path / "patients.csv").write_text(PATIENTS)
    return tmp_path


def call(*words):
    done = CliRunner().invoke(app, ["donors", *map(str, words)])
    if isinstance(done.exception, CarnkError):
        return done.exception.exit_code, str(done.exception), ""
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_type_as_csv_has_the_promised_columns(folder):
    code, text, notes = call("type", folder / "typings.csv", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert code == 0
    assert tuple(rows[0]) == COLUMNS
    assert rows[0] == {
        "id": "a", "ligands": "C1;C2;Bw4-80T;A3/A11", "ambiguous": "", "minus21": "M/T",
        "cen": "AA", "tel": "AA", "b_content": "0", "educated": "KIR2DL1;KIR2DL3;KIR3DL1;KIR3DL2",
    }  # fmt: skip
    assert rows[1]["ligands"] == "C1;Bw4-80T"
    assert rows[1]["ambiguous"] == "C2;Bw4-80I"
    assert "C*16" in notes


def test_other_formats_and_a_file(folder):
    _, text, _ = call("type", folder / "typings.csv", "--format", "json")
    assert json.loads(text)[0]["id"] == "a"
    code, table, _ = call("type", folder / "typings.csv")
    assert code == 0
    assert all(len(line) <= 100 for line in table.splitlines())
    out = folder / "out.csv"
    call("type", folder / "typings.csv", "--format", "csv", "--out", out)
    assert out.read_text().startswith(",".join(COLUMNS))


def test_rank_holds_every_pair_and_prefers_no_model(folder):
    words = ("rank", folder / "typings.csv", "--patient", folder / "patients.csv")
    code, text, _ = call(*words, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert code == 0
    assert [(row["patient"], row["donor"]) for row in rows] == [
        ("p", "a"), ("p", "b"), ("q", "a"), ("q", "b"),
    ]  # fmt: skip
    assert rows[0]["ligand_ligand"] == "C2;Bw4"
    assert rows[3]["haplotype"] == "best"
    assert not [name for name in rows[0] if name in ("score", "rank", "total")]
    code, table, _ = call(*words)
    assert "no model is preferred" in table
    assert all(len(line) <= 100 for line in table.splitlines())


def test_rank_by_one_model_says_so(folder):
    words = ("rank", folder / "typings.csv", "--patient", folder / "patients.csv")
    _, table, _ = call(*words, "--by", "haplotype")
    assert "ordered by haplotype alone" in table
    assert table.index("\nb ") < table.index("\na ")
    code, text, _ = call(*words, "--by", "haplotyp")
    assert code == 2
    assert "Did you mean 'haplotype'" in text


def test_evidence_shows_both_sides(folder):
    words = ("rank", folder / "typings.csv", "--patient", folder / "patients.csv", "--evidence")
    _, text, _ = call(*words)
    assert "HR 0.99" in " ".join(text.split()) or "0.99" in text
    assert "15.4 %" in text
    assert all(len(line) <= 100 for line in text.splitlines())
    code, table, evidence = call(*words, "--format", "csv")
    assert code == 0
    assert len(table.splitlines()) == 5
    assert "Evidence" in evidence


def test_wrong_data_end_with_5_and_every_line(folder):
    bad = folder / "bad.csv"
    bad.write_text("id,hla,kir\na,A*99:01,KIR2DL9\na,C*07:02,\n")
    code, text, _ = call("type", bad)
    assert code == 5
    assert text.count("bad.csv:") == 3
    assert call("type", folder / "none.csv")[0] == 2


def test_bank_and_cord(folder):
    words = ("--population", "USA NMDP Japanese", "--kir-population", "Japan Tokyo")
    code, text, _ = call("bank", "--size", "3", *words, "--format", "csv")
    assert code == 0
    assert len(text.splitlines()) == 6
    assert call("bank", "--size", "3", "--population", "Atlantis")[0] == 2
    code, text, _ = call("populations", "--kir")
    assert "Japan Tokyo" in text.splitlines()
    units = folder / "units.csv"
    units.write_text("id,nrbc,hours\nu,5e7,20\nv,9e7,30\n")
    code, text, notes = call("cord", units, "--format", "csv")
    assert text == "id,optimal,beyond\nu,yes,\nv,no,nrbc;hours\n"
    assert "37 patients" in notes


def test_grades_follow_what_speaks_for_and_against():
    def row(speaks, design):
        return {"speaks": speaks, "design": design}

    assert grade([row("for", "function")]).startswith("function only")
    assert grade([row("for", "cohort"), row("against", "cohort")]).startswith("contested")
    assert grade([row("for", "registry"), row("against", "validation")]).startswith("not confirmed")
    assert grade([row("for", "validation")]) == "confirmed outside"
    assert grade([row("for", "cohort")]).startswith("one-sided")
