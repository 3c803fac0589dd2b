"""Donor and recipient pairs under the models of donor choice.

Sources: definitions of the ligand-ligand, missing-ligand, receptor-ligand and education models in
PMC5296332 (Fig. 1) and PMC8886110 (Table 5); effects of Cooley 2010 (Blood 116:2411) and Schetelig
2020 (Blood 135:1386), abstracts.
"""

import csv
from pathlib import Path

import pytest

from carnk.donors import built_in_rules, compare, evidence, read_alleles, read_kir
from carnk.donors.ligands import ligands_of
from carnk.donors.typings import Typing

SHARED = Path(__file__).parents[3] / "shared" / "reference" / "immunogenetics"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside the project")

DONOR = "A*02:01 A*03:01 B*07:02 B*44:02 C*07:02 C*05:01"
KIR = "KIR2DL1;KIR2DL3;KIR3DL1;KIR3DL2"
FOUND = ("ligand_ligand", "missing_ligand", "receptor_ligand", "receptor_ligand_3dl2", "education")
PAIRS = [  # recipient, and what each model finds with the donor above
    (
        "A*02:01 A*01:01 B*07:02 B*08:01 C*07:01 C*07:02",
        ("C2;Bw4", "C2;Bw4", "KIR2DL1;KIR3DL1", "KIR2DL1;KIR3DL1;KIR3DL2",
         "KIR2DL1;KIR3DL1;KIR3DL2"),
    ),
    (
        "A*24:02 A*02:01 B*07:02 B*08:01 C*07:02 C*07:01",
        ("C2", "C2", "KIR2DL1", "KIR2DL1;KIR3DL2", "KIR2DL1;KIR3DL2"),
    ),
    ("A*11:01 A*02:01 B*46:01 B*40:01 C*15:02 C*06:02", ("Bw4", "Bw4", *["KIR3DL1"] * 3)),
    ("A*02:01 A*26:01 B*51:01 B*55:01 C*16:02 C*03:03", ("", "", "", "KIR3DL2", "KIR3DL2")),
    (
        "none",
        ("C1;C2;Bw4", "C1;C2;Bw4", "KIR2DL1;KIR2DL3;KIR3DL1", "KIR2DL1;KIR2DL3;KIR3DL1;KIR3DL2",
         "KIR2DL1;KIR2DL3;KIR3DL1;KIR3DL2"),
    ),
]  # fmt: skip


def person(hla, kir=""):
    loci, problems = read_alleles(hla)
    genes, more = read_kir(kir)
    assert problems + more == []
    return Typing("x", ligands_of(loci, built_in_rules()), genes)


def verdicts(donor, patient):
    seen = compare([donor], [patient])
    return tuple(str(seen.words(name)[0, 0]) for name in FOUND)


@pytest.mark.parametrize(("recipient", "wanted"), PAIRS)
def test_each_model_of_a_pair(recipient, wanted):
    assert verdicts(person(DONOR, KIR), person(recipient)) == wanted


@needs_shared
def test_every_pair_of_the_reference():
    with (SHARED / "kir_hla_pairs.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    columns = (
        *("ligand_incompatible_GvH", "missing_ligand", "receptor_ligand_unbound_C1_C2_Bw4"),
        *("receptor_ligand_unbound_incl_KIR3DL2", "educated_uninhibited"),
    )
    assert len(rows) > 10
    for row in rows:
        donor = person(row["donor_HLA"], row["donor_iKIR"])
        patient = person(row["recipient_HLA"] or "none")
        expected = tuple(row[column] for column in columns)
        assert verdicts(donor, patient) == expected, (row["recipient"], row["donor"])


def test_the_evidence_holds_both_sides_with_their_numbers():
    rows = {(row["model"], row["speaks"], row["source"]): row for row in evidence()}
    cooley = rows["haplotype", "for", "cooley2010"]
    assert "15.4 %" in cooley["finding"]
    assert "36.5 %" in cooley["finding"]
    schetelig = rows["receptor_ligand", "against", "schetelig2020"]
    assert "HR 0.99" in schetelig["finding"]
    assert schetelig["patients"] == 2222
