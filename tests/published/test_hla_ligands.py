"""KIR ligands of HLA alleles, from residues 76-83 and leader residue -21.

Sources: IPD-IMGT/HLA (Barker 2023, doi of the database paper; release 3.58) for the residues of the
alleles below, as read for this project; the rule for C1 and C2 (Asn or Lys at 80), Bw4 (Leu 82,
Arg 83, with Ile or Thr at 80) and -21 M/T. The whole reference is read where ../shared lies beside
the repository.
"""

import csv
from pathlib import Path

import pytest

from carnk.donors import built_in_rules, read_alleles
from carnk.donors.ligands import ligand_of_residues, ligands_of, names_of

SHARED = Path(__file__).parents[3] / "shared" / "reference" / "immunogenetics"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside the project")

ALLELES = {  # ligand and leader
    "A*01:01": ("", ""), "A*03:01": ("A3/A11", ""), "A*11:01": ("A3/A11", ""),
    "A*23:01": ("Bw4-80I", ""), "A*24:02": ("Bw4-80I", ""), "A*25:01": ("Bw4-80I", ""),
    "A*32:01": ("Bw4-80I", ""), "B*07:02": ("", "M"), "B*08:01": ("", "M"),
    "B*08:02": ("Bw4-80T", "M"), "B*13:02": ("Bw4-80T", "T"), "B*15:01": ("", "T"),
    "B*15:13": ("Bw4-80I", "T"), "B*15:16": ("Bw4-80I", "T"), "B*15:17": ("Bw4-80I", "T"),
    "B*15:23": ("Bw4-80I", "T"), "B*15:24": ("Bw4-80I", "T"), "B*27:02": ("Bw4-80I", "T"),
    "B*27:05": ("Bw4-80T", "T"), "B*27:08": ("", "T"), "B*38:01": ("Bw4-80I", "M"),
    "B*38:02": ("Bw4-80T", "M"), "B*44:02": ("Bw4-80T", "T"), "B*46:01": ("C1", "T"),
    "B*57:01": ("Bw4-80I", "T"), "B*73:01": ("C1", "M"), "B*81:01": ("", "M"),
    "C*03:04": ("C1", ""), "C*03:07": ("C2", ""), "C*03:10": ("C2", ""), "C*03:15": ("C2", ""),
    "C*07:02": ("C1", ""), "C*07:07": ("C2", ""), "C*07:09": ("C2", ""), "C*12:03": ("C1", ""),
    "C*12:04": ("C2", ""), "C*12:05": ("C2", ""), "C*15:02": ("C2", ""), "C*15:07": ("C1", ""),
    "C*16:01": ("C1", ""), "C*16:02": ("C2", ""), "C*18:01": ("C2", ""),
}  # fmt: skip


def typed(text):
    loci, problems = read_alleles(text)
    assert problems == []
    return ligands_of(loci, built_in_rules())


@pytest.mark.parametrize(("allele", "wanted"), ALLELES.items())
def test_ligand_and_leader_of_an_allele(allele, wanted):
    found = typed(allele)
    assert (";".join(found.names), found.minus21) == wanted
    assert found.open == ()


@pytest.mark.parametrize(
    ("group", "open_ligands"),
    [
        ("C*16", ("C1", "C2")),
        ("C*03", ("C1", "C2")),
        ("C*15", ("C1", "C2")),
        ("B*15", ("Bw4-80I", "Bw4-80T")),
        ("B*27", ("Bw4-80I", "Bw4-80T")),
        ("B*38", ("Bw4-80I", "Bw4-80T")),
    ],
)
def test_a_mixed_group_is_left_open(group, open_ligands):
    found = typed(group)
    assert found.names == ()
    assert found.open == open_ligands
    assert found.open_alleles == (group,)


@pytest.mark.parametrize("group", ["C*18", "B*50", "B*67", "B*78", "B*81", "B*82"])
def test_a_group_of_one_class_is_settled(group):
    assert typed(group).open == ()


@needs_shared
def test_every_allele_of_the_reference():
    with (SHARED / "hla_ligand_alleles.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 40
    for row in rows:
        expected = row["expected_ligand"].split(" (")[0]
        expected = {"Bw6": "", "none": "", "Bw6+C1": "C1"}.get(expected, expected)
        found = typed(row["allele"])
        assert (";".join(found.names), found.open) == (expected, ()), row["allele"]
        if row["allele"].startswith("B") and row["leader_minus21"] != "*":
            assert found.minus21 == row["leader_minus21"], row["allele"]


@needs_shared
def test_the_residue_rule_gives_the_ligand_of_every_allele_of_the_reference():
    with (SHARED / "hla_ligand_alleles.csv").open() as stream:
        for row in csv.DictReader(stream):
            residues = {n: row[f"residue_{n}"] for n in (76, 77, 80, 81, 82, 83)}
            allele = row["allele"]
            bits = ligand_of_residues(allele[0], allele.split(":")[0], residues)
            expected = row["expected_ligand"].split(" (")[0]
            expected = {"Bw6": "", "none": "", "Bw6+C1": "C1"}.get(expected, expected)
            assert ";".join(names_of(bits)) == expected, allele


@needs_shared
def test_groups_leave_open_every_class_that_was_counted_in_them():
    with (SHARED / "hla_first_field_risk.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        counted = {part.split("=")[0] for part in row["counts"].split(";")}
        ligands = counted & {"C1", "C2", "Bw4-80I", "Bw4-80T"}
        no_ligand = counted - ligands - {"unknown"}
        found = typed(row["first_field"])
        may = set(found.names) | set(found.open)
        assert ligands <= may, row["first_field"]
        if len(ligands) + bool(no_ligand) > 1 and row["first_field"] not in ("B*46", "B*73"):
            assert found.names == (), row["first_field"]
