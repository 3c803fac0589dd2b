"""Coding sequences and GenBank records: they translate back, and the same seed gives the same."""

import io
from dataclasses import replace

import numpy as np
import pytest
from Bio import SeqIO
from Bio.Seq import Seq

from carnk.base import SpecError
from carnk.constructs import parts, read
from carnk.constructs.dna import check_dna, coding_sequence, gc_share
from carnk.constructs.genbank import fasta, genbank
from carnk.library import load


@pytest.fixture(scope="module")
def design():
    return read("cd19_il15_icasp9")


@pytest.fixture(scope="module")
def coding(design):
    return coding_sequence(design, load().view(), seed=1)


def test_the_dna_translates_back_and_keeps_every_rule(design, coding):
    assert str(Seq(coding).translate(to_stop=True)) == design.protein
    assert {v.rule: v.verdict for v in check_dna(design, coding)} == dict.fromkeys(
        ("frame", "start", "stop", "protein", "sites", "GC"), "ok"
    )
    for site in ("GAATTC", "CTCGAG", "GCGGCCGC"):  # EcoRI, XhoI, NotI
        assert site not in coding
    assert 0.35 < gc_share(coding) < 0.68


def test_broken_dna_is_told(design, coding):
    def broken(dna):
        return {v.rule for v in check_dna(design, dna) if v.verdict == "fail"}

    assert broken(coding[:30] + "TAA" + coding[33:]) == {"stop", "protein"}
    assert broken("CTG" + coding[3:]) == {"start", "protein"}
    assert "sites" in broken(coding[:30] + "GAATTC" + coding[36:])


def test_the_same_seed_gives_the_same_dna_and_leaves_other_draws_alone():
    short = replace(read("cd19_il15_icasp9"), parts=(parts()["SP_CD8A"], parts()["FMC63_VL"]))
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (coding_sequence(short, load().view(), seed=7) for _ in range(2))
    assert first == second
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_genbank_features_translate_back(design, coding):
    record = SeqIO.read(io.StringIO(genbank(design, coding)), "genbank")
    (cds,) = (f for f in record.features if f.type == "CDS")
    assert str(cds.extract(record.seq).translate(to_stop=True)) == design.protein
    assert cds.qualifiers["translation"] == [design.protein]
    features = [f for f in record.features if f.type == "misc_feature"]
    assert [f.qualifiers["label"][0] for f in features] == [p.name for p in design.parts]
    for feature, part in zip(features, design.parts):
        assert str(feature.extract(record.seq).translate()) == part.sequence
        assert f"checked: {part.checked}" in feature.qualifiers["note"][0].replace("\n", " ")


def test_genbank_refuses_dna_of_another_protein(design, coding):
    with pytest.raises(ValueError, match="does not translate"):
        genbank(design, coding[:-6] + "GGGTAA")


def test_fasta_holds_protein_and_dna(design, coding):
    protein, dna = SeqIO.parse(io.StringIO(fasta(design, coding)), "fasta")
    assert str(protein.seq) == design.protein
    assert str(dna.seq) == coding


def test_parts_without_a_sequence_cannot_be_built():
    with pytest.raises(SpecError, match="no sequence is known for BINDER_CD19"):
        coding_sequence(read("cd19_bbz"), load().view())


def test_limits_that_no_dna_can_keep_are_told():
    forced = replace(parts()["SP_CD8A"], sequence="MWM")  # TGG ATG holds GGATG, the site of FokI
    design = replace(read("cd19_bbz"), parts=(forced,))
    assert coding_sequence(design, load().view()).startswith("ATGTGGATGT")
    with pytest.raises(SpecError, match="no DNA keeps all limits"):
        coding_sequence(replace(design, avoid_sites=("FokI",)), load().view())
