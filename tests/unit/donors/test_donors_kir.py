"""KIR genes: names, silent variants, haplotypes that no rule settles."""

import pytest

from carnk.donors import read_kir
from carnk.donors.ligands import BW4_80T, C1, C2

A = "KIR2DL1;KIR2DL3;KIR2DL4;KIR2DP1;KIR2DS4;KIR3DL1;KIR3DL2;KIR3DL3;KIR3DP1"


def typed(text):
    kir, problems = read_kir(text)
    assert problems == []
    return kir


def test_names_with_and_without_kir_and_alleles():
    assert typed("2DL1 KIR2DL3*001,3dl1").genes == {"KIR2DL1", "KIR2DL3", "KIR3DL1"}
    assert typed("KIR2DL5A;KIR2DL5B").genes == {"KIR2DL5"}
    assert typed("KIR2DL1;KIR2DL1").genes == {"KIR2DL1"}
    assert read_kir("") == (None, [])
    assert read_kir("NT") == (None, [])


def test_variants_that_do_not_reach_the_surface_count_for_haplotypes_only():
    for word in ("KIR2DS4*003", "KIR2DS4del", "KIR1D", "2DS4N"):
        kir = typed(f"{A.replace('KIR2DS4', word)}")
        assert "KIR2DS4" in kir.genes
        assert kir.silent == {"KIR2DS4"}
        assert kir.tel == "AA"
    mixed = typed("KIR2DS4*001;KIR2DS4*003;KIR3DL1;KIR2DL3")
    assert mixed.silent == frozenset()
    assert typed("KIR3DL1*004;KIR2DL3").educated(BW4_80T | C1) == ("KIR2DL3",)


def test_education_needs_the_own_ligand():
    kir = typed(A)
    assert kir.educated(C2) == ("KIR2DL1",)
    assert kir.educated(C1 | BW4_80T) == ("KIR2DL3", "KIR3DL1")
    assert kir.educated(0) == ()


@pytest.mark.parametrize(
    ("genes", "open_parts", "cen", "tel", "content"),
    [
        ("KIR2DL1;KIR3DL1;KIR2DS4", ("cen",), "?", "AA", "0-2"),
        ("KIR2DL3;KIR2DS2;KIR3DL1;KIR2DS4", ("cen",), "AB", "AA", "1"),
        ("KIR2DL2;KIR2DS2;KIR2DL1", ("tel",), "BB", "AA", "2"),
        ("KIR2DL3;KIR3DS1;KIR3DL1;KIR2DS4", ("tel",), "AA", "AB", "1"),
        ("KIR2DL3;KIR2DS1;KIR3DS1;KIR3DL1", ("tel",), "AA", "BB", "2"),
    ],
)
def test_odd_gene_content_is_flagged(genes, open_parts, cen, tel, content):
    kir = typed(genes)
    assert kir.open == open_parts
    assert (kir.cen, kir.tel, kir.b_content) == (cen, tel, content)


def test_an_open_haplotype_has_no_category():
    assert typed("KIR2DL1;KIR3DL1;KIR2DS4").category == ""


def test_missing_framework_genes_are_noted_unless_none_is_listed():
    assert dict(typed(A.replace("KIR3DL3;", "")).notes).keys() == {"framework"}
    assert typed("KIR2DL1;KIR2DL3;KIR2DS4;KIR3DL1").notes == ()


@pytest.mark.parametrize("word", ["KIR2DL9", "KIR3LD1", "2DX1", "KIR4DL1", "B*07:02", "none"])
def test_genes_that_do_not_exist(word):
    _, problems = read_kir(f"KIR2DL1;{word}")
    assert len(problems) == 1
    assert word.upper() in problems[0].what
