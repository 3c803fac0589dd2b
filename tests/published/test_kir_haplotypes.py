"""Centromeric and telomeric KIR haplotypes by gene content, and B content.

Sources: rules by gene content as in midasHLA (Match_counts_kir_haplotypes.txt); B content 0 to 4
and 'best' (Cen-B/B), 'better' (two or more motifs), 'neutral' after Cooley 2010, Blood 116:2411
(the scoring itself unread, its effects read in the abstract).
"""

import csv
from pathlib import Path

import pytest

from carnk.donors import read_kir

SHARED = Path(__file__).parents[3] / "shared" / "reference" / "immunogenetics"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside the project")

A = "2DL1;2DL3;2DL4;2DP1;2DS4;3DL1;3DL2;3DL3;3DP1"
GENOTYPES = [  # genes, Cen, Tel, B content, category
    (A, "AA", "AA", "0", "neutral"),
    (f"{A};2DL2;2DS2", "AB", "AA", "1", "neutral"),
    (f"{A};2DS1;3DS1;2DL5;2DS5", "AA", "AB", "1", "neutral"),
    (f"{A};2DL2;2DS2;2DS1;3DS1", "AB", "AB", "2", "better"),
    ("2DL2;2DS2;2DL4;2DS4;3DL1;3DL2;3DL3;3DP1", "BB", "AA", "2", "best"),
    ("2DL1;2DL3;2DL4;2DS1;3DS1;3DL2;3DL3;3DP1", "AA", "BB", "2", "better"),
    ("2DL1;2DL2;2DS2;2DL4;2DS1;3DS1;3DL2;3DL3;3DP1", "BB", "BB", "4", "best"),
]


@pytest.mark.parametrize(("genes", "cen", "tel", "content", "category"), GENOTYPES)
def test_haplotypes_and_b_content(genes, cen, tel, content, category):
    kir, problems = read_kir(genes)
    assert problems == []
    assert (kir.cen, kir.tel, kir.b_content, kir.category) == (cen, tel, content, category)
    assert kir.open == ()


@needs_shared
def test_every_genotype_of_the_reference():
    with (SHARED / "kir_b_content.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    for row in rows:
        kir, problems = read_kir(row["genes_present"])
        assert problems == []
        found = (kir.genotype, kir.cen, kir.tel, kir.b_content, kir.category.title())
        wanted = ("haplotype", "cen_midas", "tel_midas", "B_score_midas_rule")
        expected = (*(row[key] for key in wanted), row["category_midas_rule"])
        assert found == expected, row["genotype"]
        assert bool(kir.open) == bool(row["ambiguous"]), row["genotype"]
