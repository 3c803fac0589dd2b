"""Construct files: what is read, and every problem with its line."""

import pytest

from carnk.base import SpecError
from carnk.constructs import built_in, check, cistrons, parts, read, sizes
from carnk.constructs.design import KINDS, PLATFORMS
from carnk.constructs.read import parse
from carnk.library import load
from carnk.study import read as read_study

GOOD = """construct: mine
target: CD19
platform: lentiviral
parts: [SP_CD8A, FMC63_VL, LINKER_G4S3, FMC63_VH, HINGE_CD8A, TM_CD8A, COSTIM_41BB, SIG_CD3Z_KPRRK]
"""


def problems_of(text):
    with pytest.raises(SpecError) as caught:
        parse(text, "c.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_a_file_becomes_a_design():
    design = parse(GOOD)
    assert (design.name, design.target, design.platform) == ("mine", "CD19", "lentiviral")
    assert [part.name for part in design.parts][:2] == ["SP_CD8A", "FMC63_VL"]
    assert design.protein.startswith("MALPVTALLL")
    assert len(design.protein) == sum(len(part.sequence) for part in design.parts)


def test_own_parts_bring_their_sequence_and_are_unread_unless_said():
    own = "{name: my_hinge, kind: hinge, sequence: 'GG GG  S', source: me}"
    design = parse(GOOD.replace("HINGE_CD8A", own))
    assert design.parts[4].sequence == "GGGGS"
    assert design.parts[4].checked == "unread"
    read_own = own.replace("source: me", "source: me, checked: read")
    assert parse(GOOD.replace("HINGE_CD8A", read_own)).parts[4].checked == "read"


def test_every_problem_of_a_file_with_its_line():
    found = problems_of(
        "construct: mine\ntargets: CD19\nplatform: lentivral\nparts:\n  - SP_CD8\n"
        "  - {name: scFv, kind: bindr, sequence: 'EVQ*'}\n  - HINGE_CD8A\n"
        "avoid_sites: [EcoR1]\n"
    )
    assert [line.split(":")[1] for line in found] == ["1", "2", "3", "5", "6", "6", "8"]
    text = "\n".join(found)
    for word in ("'target'", "'lentiviral'", "'SP_CD8A'", "'binder'", "stop (*) at residue 4"):
        assert word in text


@pytest.mark.parametrize(
    ("sequence", "says"),
    [
        ("ATGGCTCTACCC", "this is DNA"),
        ("MKLBZ", "are not residues"),
        ("M" * 5001, "more than 5000"),
        ("MK*L", "stop"),
    ],
)
def test_sequences_that_are_no_protein(sequence, says):
    own = f"{{name: x, kind: hinge, sequence: {sequence!r}}}"
    assert says in problems_of(GOOD.replace("HINGE_CD8A", own))[0]


@pytest.mark.parametrize("text", ["", "- a\n", "parts: 3\n"])
def test_files_that_hold_no_construct(text):
    assert problems_of(text)


def test_built_in_constructs_keep_every_rule_and_say_what_is_not_known():
    view = load().view()
    assert built_in()
    for name in built_in():
        design = read(name)
        assert design.name == name
        verdicts = check(design, view)
        assert not [verdict for verdict in verdicts if verdict.verdict == "fail"], name
        unread = {p.name for p in design.parts if p.checked == "unread"}
        warned = " ".join(v.why for v in verdicts if v.verdict == "warn")
        assert all(part in warned for part in unread), name


def test_the_product_of_liu2020_as_a_noun():
    noun = read("cd19_il15_icasp9").noun()
    assert (noun.target, noun.armor, noun.switch) == ("CD19", "il15_secreted", "icasp9")
    assert noun.delivery == "retroviral"
    with pytest.raises(SpecError, match="transposon"):
        parse(GOOD.replace("lentiviral", "transposon")).noun()


@pytest.mark.parametrize(
    ("construct", "study"),
    [("cd19_il15_icasp9", "liu2020"), ("ft596", "ft596"), ("nkx019", "nkx019")],
)
def test_built_in_constructs_agree_with_the_products_of_the_studies(construct, study):
    noun, product = read(construct).noun(), read_study(study).product.construct
    for field in ("target", "armor", "switch", "delivery", "payloads"):
        assert getattr(noun, field) == getattr(product, field), field


def test_a_name_that_is_neither_built_in_nor_a_file():
    with pytest.raises(SpecError, match="cd19_il15_icasp9"):
        read("cd19_il15_icasp")


def test_the_library_of_parts_is_whole():
    for name, part in parts().items():
        assert part.name == name
        assert part.kind in KINDS
        assert part.checked in ("read", "unread")
        assert part.meaning
        assert part.source
        assert part.sequence or part.checked == "unread", name
    needed = {
        *("COSTIM_CD28", "COSTIM_41BB", "COSTIM_2B4", "COSTIM_DAP10", "SIG_DAP12"),
        *("SIG_CD3Z_KPRRK", "P2A", "T2A", "IL15_PRECURSOR", "MBIL15", "IL21", "CXCR4", "CXCR2"),
        *("HNCD16", "ICASP9", "EGFRT"),
    }
    assert needed <= set(parts())


def test_every_platform_has_a_size_and_a_limit():
    view = load().view()
    for platform in PLATFORMS:
        size = sizes(parse(GOOD.replace("lentiviral", platform)), view)
        assert size.coding == 3 * len(parse(GOOD).protein) + 3
        assert 0 < size.vector < size.holds


def test_cistrons_are_what_stands_between_cleavage_peptides():
    runs = cistrons(read("cd19_il15_icasp9"))
    assert [run[0].name for run in runs] == ["ICASP9", "SP_CD8A", "IL15_PRECURSOR"]
    assert [len(run) for run in runs] == [1, 8, 1]
