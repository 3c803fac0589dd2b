"""`carnk construct` as a user types it: tables, files, exit codes."""

import json

import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app

WRONG = """construct: wrong
target: CD19
platform: lentiviral
parts:
  - SP_CD8A
  - {name: FMC63, kind: binder, sequence: EVQLVESGGGLVQPGGSLRLSCAAS}
  - HINGE_CD8A
  - TM_CD8A
  - SIG_CD3Z_KPRRK
"""


def call(*words):
    done = CliRunner().invoke(app, ["construct", *map(str, words)])
    if isinstance(done.exception, CarnkError):
        return done.exception.exit_code, str(done.exception)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def test_show_tells_parts_rules_and_size():
    code, text = call("show", "cd19_il15_icasp9")
    assert code == 0
    assert all(len(line) <= 100 for line in text.splitlines())
    for word in ("FMC63_VH", "1-395", "of 8,000 bases", "checked: unread"):
        assert word in text


def test_show_of_a_design_only_says_that_it_cannot_be_built():
    code, text = call("show", "ft596")
    assert code == 0
    assert "cannot be built" in text
    assert call("show", "ft596", "--json")[0] == 0


def test_show_as_json():
    code, text = call("show", "cd19_bbz", "--json")
    told = json.loads(text)
    assert code == 0
    assert told["parts"][0]["name"] == "SP_CD8A"
    assert {rule["verdict"] for rule in told["rules"]} <= {"ok", "warn", "fail"}


def test_a_broken_rule_ends_with_2_and_nothing_is_written(tmp_path):
    (tmp_path / "wrong.yaml").write_text(WRONG)
    code, text = call("show", tmp_path / "wrong.yaml")
    assert code == 2
    assert "is called FMC63 and is not" in " ".join(text.split())
    code, text = call("build", tmp_path / "wrong.yaml", "--out", tmp_path / "wrong.gb")
    assert code == 2
    assert "FMC63" in text
    assert not (tmp_path / "wrong.gb").exists()


def test_build_writes_genbank_and_fasta(tmp_path):
    out, fasta = tmp_path / "car.gb", tmp_path / "car.fasta"
    code, text = call("build", "cd19_il15_icasp9", "--out", out, "--fasta", fasta)
    assert code == 0
    assert "free of EcoRI" in text
    assert out.read_text().startswith("LOCUS       cd19_il15_icasp9")
    assert fasta.read_text().count(">") == 2
    assert call("build", "cd19_il15_icasp9", "--out", out, "--fasta", out)[0] == 2
    assert call("build", "cd19_bbz", "--out", tmp_path / "x.gb")[0] == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("parts",), "COSTIM_2B4"),
        (("parts", "P2A"), "ATNFSLLKQAGDVEENPGP"),
        (("parts", "IL21"), "not known here"),
        (("list",), "cd19_il15_icasp9"),
    ],
)
def test_lists(words, says):
    code, text = call(*words)
    assert code == 0
    assert says in text
    assert all(len(line) <= 100 for line in text.splitlines() if " " in line.strip())


def test_parts_by_kind_and_what_is_not_one():
    code, text = call("parts", "--kind", "cleavage", "--json")
    assert {part["kind"] for part in json.loads(text)} == {"cleavage"}
    assert call("parts", "P2B")[0] == 2
    code, text = call("parts", "--kind", "costim")
    assert code == 2
    assert "'costimulation'" in text
