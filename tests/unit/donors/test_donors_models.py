"""Five models side by side: what typings leave open, and places under each model."""

import pytest

from carnk.donors import FINDINGS, MODELS, compare, read_typings

DONORS = """id,hla,kir
whole,A*02:01 A*03:01 B*07:02 B*44:02 C*07:02 C*05:01,KIR2DL1;KIR2DL3;KIR3DL1;KIR3DL2
vague,A*01:01 A*02:01 B*07:02 B*08:01 C*16 C*07:02,KIR2DL1;KIR2DL2;KIR2DS2
no_kir,A*01:01 A*02:01 B*07:02 B*08:01 C*05:01 C*07:02,
best,A*01:01 A*02:01 B*07:02 B*08:01 C*07:01 C*07:02,KIR2DL2;KIR2DS2;KIR3DL1;KIR2DS4
"""
PATIENTS = """id,hla
c1,A*02:01 A*01:01 B*07:02 B*08:01 C*07:01 C*07:02
c2,A*02:01 A*01:01 B*07:02 B*08:01 C*05:01 C*06:02
part,C*07:02
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("typings")
    (folder / "donors.csv").write_text(DONORS)
    (folder / "patients.csv").write_text(PATIENTS)
    return compare(
        read_typings(folder / "donors.csv"),
        read_typings(folder / "patients.csv", needs_kir=False),
    )


def test_there_are_five_models(seen):
    assert len(MODELS) == 5
    assert seen.shape == (4, 3)
    for name in FINDINGS:
        assert seen.words(name).shape == seen.shape


def test_what_is_open_is_marked(seen):
    words = seen.words("ligand_ligand")
    assert words[:, 0].tolist() == ["C2;Bw4", "C2?", "C2", ""]
    assert seen.words("missing_ligand")[0].tolist() == ["C2;Bw4", "C1;Bw4", "C2;Bw4?"]
    receptors = seen.words("receptor_ligand")
    assert receptors[:, 0].tolist() == [
        "KIR2DL1;KIR3DL1",
        "KIR2DL1",
        "KIR2DL1?;KIR3DL1?",
        "KIR3DL1",
    ]
    assert seen.words("education")[1, 0] == "KIR2DL1?"
    assert seen.words("haplotype")[:, 0].tolist() == ["neutral", "best", "?", "best"]


def test_two_receptors_of_one_ligand_count_once(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("id,hla,kir\nd,C*07:02 C*07:01,KIR2DL2;KIR2DL3\n")
    patient = tmp_path / "p.csv"
    patient.write_text("id,hla\np,none\n")
    found = compare(read_typings(path), read_typings(patient, needs_kir=False))
    assert found.words("education")[0, 0] == "KIR2DL2;KIR2DL3"
    assert found.counts("education")[0, 0] == 1


def test_places_count_only_what_is_sure_and_equals_share_one(seen):
    assert seen.ranks("ligand_ligand")[:, 0].tolist() == [1, 3, 2, 3]
    assert seen.ranks("missing_ligand")[:, 0].tolist() == [1, 1, 1, 1]
    assert seen.ranks("haplotype")[:, 0].tolist() == [3, 1, 4, 1]
