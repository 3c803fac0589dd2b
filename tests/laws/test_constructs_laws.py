"""What holds for any construct: sizes add up, DNA translates back, order decides."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from carnk.constructs import check, parts, read, sizes
from carnk.constructs.dna import check_dna, coding_sequence
from carnk.library import load

RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
VIEW = load().view()
CAR = read("cd19_bbz")
proteins = st.text(RESIDUES, min_size=1, max_size=60)


def with_binder(sequence):
    own = replace(parts()["BINDER_CD19"], name="mine", sequence=sequence, checked="read")
    return replace(CAR, parts=tuple(own if p.kind == "binder" else p for p in CAR.parts))


def failed(design):
    return [v.rule for v in check(design, VIEW) if v.verdict == "fail"]


@given(proteins)
def test_three_bases_a_residue_and_one_stop(sequence):
    empty, whole = sizes(with_binder(""), VIEW), sizes(with_binder(sequence), VIEW)
    assert whole.coding - empty.coding == 3 * len(sequence)
    assert whole.coding % 3 == 0
    assert empty.at_least
    assert not whole.at_least


@settings(max_examples=8)
@given(proteins)
def test_dna_of_any_protein_translates_back(sequence):
    design = with_binder(sequence)
    verdicts = check_dna(design, coding_sequence(design, VIEW))
    assert [v for v in verdicts if v.verdict != "ok"] == []


@given(st.permutations(CAR.parts))
def test_only_one_order_of_these_parts_is_a_car(shuffled):
    design = replace(CAR, parts=tuple(shuffled))
    assert ("order" in failed(design)) == (tuple(shuffled) != CAR.parts)


@given(st.integers(0, len(CAR.parts) - 1))
def test_no_part_but_costimulation_can_be_left_out(place):
    left = CAR.parts[:place] + CAR.parts[place + 1 :]
    broken = failed(replace(CAR, parts=left))
    assert bool(broken) == (CAR.parts[place].kind != "costimulation")
