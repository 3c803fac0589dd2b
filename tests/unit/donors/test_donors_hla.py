"""HLA nomenclature: what laboratories write, old and new, and what is refused."""

from pathlib import Path

import pytest

from carnk.donors import Allele, built_in_rules, read_alleles
from carnk.donors.ligands import C1, C2, ligands_of
from carnk.library import table

ROOT = Path(__file__).parents[3]


def alleles(text):
    loci, problems = read_alleles(text)
    assert problems == []
    return loci


def only(text):
    (genotypes,) = alleles(text).values()
    ((copy,),) = genotypes
    return copy


def ligands(text):
    return ligands_of(alleles(text), built_in_rules())


@pytest.mark.parametrize(
    ("text", "allele"),
    [
        ("C*07", Allele("C", "07")),
        ("HLA-C*07:02", Allele("C", "07", "02")),
        ("hla-c*07:02:01:03", Allele("C", "07", "02")),
        ("C*07:02:01G", Allele("C", "07", "02")),
        ("C*07:01P", Allele("C", "07", "01")),
        ("A*24:09N", Allele("A", "24", "09", "N")),
        ("B*44:02:01:02S", Allele("B", "44", "02", "S")),
        ("B*15:XX", Allele("B", "15")),
        ("B*15:BNDK", Allele("B", "15")),
        ("Cw*0702", Allele("C", "07", "02")),
        ("Cw7", Allele("C", "07")),
        ("B*270502", Allele("B", "27", "05")),
        ("A*02010102L", Allele("A", "02", "01", "L")),
        ("B*9501", Allele("B", "15", "101")),
        ("A*9201", Allele("A", "02", "101")),
    ],
)
def test_names_old_and_new(text, allele):
    assert only(text) == (allele,)


@pytest.mark.parametrize("text", ["B*15:01/B*15:02", "B*15:01/15:02", "B*15:01/02"])
def test_alleles_that_one_copy_may_be(text):
    assert [a.name for a in only(text)] == ["B*15:01", "B*15:02"]


def test_other_loci_are_passed_over_and_one_allele_stands_for_both_copies():
    assert set(alleles("A*01:01 DRB1*15:01 DQB1*06:02 C*07:02 -")) == {"A", "C"}
    assert ligands("C*07:02").present == ligands("C*07:02 C*07:02").present == C1


def test_null_alleles_carry_no_ligand_and_low_ones_do():
    assert ligands("A*24:09N A*01:01").names == ()
    assert ligands("C*07:02 C*05:07N").names == ("C1",)
    assert ligands("A*24:02:01:02L A*01:01").names == ("Bw4-80I",)
    assert ligands("B*57:01Q B*07:02").open == ("Bw4-80I",)
    assert ligands("B*07:02 B*44:23N").minus21 == "M"


def test_a_gl_string_keeps_what_all_its_genotypes_share():
    text = "HLA-C*07:01+HLA-C*06:02|HLA-C*07:01+HLA-C*16:01^HLA-B*08:01+HLA-B*57:01"
    found = ligands(text)
    assert found.names == ("C1", "Bw4-80I")
    assert found.open == ("C2",)
    assert found.minus21 == "M/T"
    phased = ligands("HLA-C*07:01~HLA-B*08:01+HLA-C*06:02~HLA-B*57:01")
    assert phased.names == ("C1", "C2", "Bw4-80I")


def test_an_allele_string_is_settled_where_all_alleles_agree():
    assert ligands("C*16:01/C*16:04 C*07:01").present == C1
    assert ligands("C*16:01/C*16:02").possible == C1 | C2
    assert ligands("C*16:01/C*16:02").present == 0


def test_an_open_leader_is_shown_open():
    assert ligands("B*07:02/B*15:01 B*15:01").minus21 == "M/T|T/T"


def test_no_hla_at_all_is_not_the_same_as_not_typed():
    bare, untyped = ligands("none"), ligands("NT")
    assert bare.untyped == ()
    assert bare.possible_with_untyped == 0
    assert untyped.untyped == ("A", "B", "C")
    assert untyped.possible_with_untyped == 0b11111


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("A*02:01 A*03:01 A*11:01", "3 alleles at HLA-A"),
        ("C*07:01+C*07:02+C*16:01", "3 alleles at HLA-C"),
        ("A*99:01", "no allele group A*99"),
        ("C*16:999", "C*16 has"),
        ("C*16:00", "C*16 has"),
        ("A2", "serological"),
        ("HLA-B27", "serological"),
        ("Q*01:01", "no HLA locus 'Q'"),
        ("A02:01", "not an HLA allele"),
        ("A*2", "not an HLA allele"),
        ("A*02:01+B*07:02/C*07:02", "two loci"),
        ("A*01:01^A*02:01", "typed twice"),
    ],
)
def test_what_is_refused(text, says):
    _, problems = read_alleles(text)
    assert any(says in problem.what for problem in problems)


def test_all_problems_are_told_at_once():
    _, problems = read_alleles("A*99:01 A2 Q*01 C*16:999")
    assert len(problems) == 4


def test_the_manual_counts_the_settled_alleles_as_they_are():
    rows = table("hla_alleles")
    text = (ROOT / "docs" / "donors.md").read_text(encoding="utf-8")
    assert f"{len(rows)} alleles of mixed groups" in text
    assert f"{(rows['checked'] == 'read').sum()} were read by residue" in text


def test_settled_alleles_belong_to_a_group_that_may_carry_their_ligand():
    groups = {row["first_field"]: row for row in table("hla_first_fields").to_dicts()}
    for row in table("hla_alleles").to_dicts():
        group = groups[row["allele"].split(":")[0]]
        possible = group["possible"].split(";")
        assert row["ligand"] in possible, row["allele"]
        assert len(possible) > 1, row["allele"]
        is_exception = row["ligand"] != group["ligand"]
        assert row["follows"] == ("exception" if is_exception else "group"), row["allele"]
