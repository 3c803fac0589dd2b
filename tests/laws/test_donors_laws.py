"""What holds for any typing, donor and patient."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from carnk.donors import MODELS, built_in_rules, compare, read_alleles, read_kir
from carnk.donors.hla import named
from carnk.donors.kir import GENES
from carnk.donors.ligands import ligands_of
from carnk.donors.typings import Typing
from carnk.library import table

SETTLED = sorted(table("hla_alleles")["allele"])
GROUPS = sorted(named())


def of_locus(locus, names=(*SETTLED, *GROUPS)):
    return st.sampled_from([name for name in names if name[0] == locus])


typings = st.tuples(*(of_locus(locus) for locus in "AABBCC"))
genes = st.sets(st.sampled_from(GENES), min_size=1)


def ligands(words):
    loci, problems = read_alleles(" ".join(words))
    assert problems == []
    return ligands_of(loci, built_in_rules())


@st.composite
def people(draw):
    kir, problems = read_kir(";".join(draw(genes)))
    assert problems == []
    return Typing(draw(st.text("abc", min_size=1)), ligands(draw(typings)), kir)


@given(typings)
def test_what_is_present_is_possible(words):
    found = ligands(words)
    assert found.present & ~found.possible == 0


@given(typings, st.randoms())
def test_order_does_not_matter(words, random):
    shuffled = list(words)
    random.shuffle(shuffled)
    first, second = ligands(words), ligands(shuffled)
    assert (first.present, first.possible, first.minus21) == (
        second.present,
        second.possible,
        second.minus21,
    )


@given(typings, st.data())
def test_less_resolution_claims_no_more(words, data):
    vague = list(words)
    place = data.draw(st.integers(0, len(words) - 1))
    vague[place] = f"{words[place]}/{data.draw(of_locus(words[place][0]))}"
    sharp, open_ = ligands(words), ligands(vague)
    assert open_.present & ~sharp.present == 0
    assert sharp.possible & ~open_.possible == 0


@given(typings)
def test_the_group_never_contradicts_its_allele(words):
    sharp = ligands(words)
    vague = ligands([word.split(":")[0] for word in words])
    assert vague.present & ~sharp.possible == 0
    assert sharp.present & ~vague.possible == 0


@given(typings)
def test_a_gl_string_says_what_the_list_says(words):
    a, b, c = words[:2], words[2:4], words[4:]
    gl = "^".join("+".join(pair) for pair in (a, b, c))
    listed, written = ligands(words), ligands([gl])
    assert (listed.present, listed.possible) == (written.present, written.possible)


@given(genes, genes)
def test_motifs_lie_between_none_and_four(some, more):
    kir, _ = read_kir(";".join(some | more))
    low, _, high = kir.b_content.partition("-")
    assert 0 <= int(low) <= int(high or low) <= 4


@given(st.lists(people(), min_size=1, max_size=6), st.lists(people(), min_size=1, max_size=4))
def test_places_follow_what_each_model_finds(donors, patients):
    seen = compare(donors, patients)
    for model in MODELS:
        counts, ranks = seen.counts(model), seen.ranks(model)
        for column in range(len(patients)):
            expected = [(counts[:, column] > count).sum() + 1 for count in counts[:, column]]
            assert ranks[:, column].tolist() == expected


@given(people(), people())
def test_models_nest(donor, patient):
    seen = compare([donor], [patient])
    sure = {name: int(bits[0, 0]) for name, bits in seen.sure.items()}
    assert sure["ligand_ligand"] & ~sure["missing_ligand"] == 0
    assert sure["receptor_ligand"] & ~sure["receptor_ligand_3dl2"] == 0
    assert sure["education"] & ~sure["receptor_ligand_3dl2"] == 0
    for name, bits in sure.items():
        assert bits & ~int(seen.maybe[name][0, 0]) == 0


@given(people())
def test_nobody_lacks_their_own_ligand(person):
    seen = compare([person], [person])
    assert np.all(seen.sure["ligand_ligand"] == 0)
    assert np.all(seen.sure["education"] == 0)
