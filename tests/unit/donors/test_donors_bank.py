"""The reach of a donor bank: limits, growth with size, and names that are not known."""

import pytest

from carnk.base import SpecError
from carnk.donors import MODELS, populations, reach
from carnk.donors.bank import _hla_shares, _patients

HLA, KIR = "USA NMDP European Caucasian", "USA California Caucasians"


def test_a_larger_bank_serves_no_fewer():
    one, five, many = (reach(size, HLA, KIR) for size in (1, 5, 200))
    for model, *rows in zip(MODELS, one, five, many):
        assert {row.model for row in rows} == {model}
        drawn = [row.drawn for row in rows]
        assert drawn[0] <= drawn[1] + 1e-12 <= drawn[2] + 2e-12
        for row in rows:
            assert 0 <= row.low <= row.drawn + 1e-12
            assert row.drawn <= row.high + 1e-12 <= 1 + 2e-12
            assert row.drawn <= row.chosen + 1e-9


def test_nobody_is_served_beyond_those_who_lack_a_ligand():
    rows = {row.model: row for row in reach(1000, HLA, KIR)}
    c2, lacking = 0.3747, rows["missing_ligand"].drawn
    everyone = 2 * c2 * (1 - c2) * (1 - (1 - 0.1631) ** 2 * 0.623**2)
    assert lacking == pytest.approx(1 - everyone, abs=0.002)
    assert rows["ligand_ligand"].drawn <= lacking + 1e-9
    assert rows["haplotype"].drawn == pytest.approx(1.0)


def test_shares_of_types_sum_to_one_and_follow_their_loci():
    _, types = _patients()
    names = ("c2", "a_bw4", "a3", "b_i", "b_t")
    shares = _hla_shares({n: (f, 1) for n, f in zip(names, (0.4, 0.2, 0.1, 0.2, 0.2))}, types)
    assert shares.sum() == pytest.approx(1)
    c2c2 = sum(s for s, (c, _, _) in zip(shares, types) if c == "C2C2")
    assert c2c2 == pytest.approx(0.16)
    no_bw4 = sum(s for s, (_, bw4, _) in zip(shares, types) if not bw4)
    assert no_bw4 == pytest.approx(0.8**2 * 0.6**2)
    a3 = sum(s for s, (_, _, has) in zip(shares, types) if has)
    assert a3 == pytest.approx(1 - 0.9**2)


def test_fewer_people_typed_leave_more_open():
    wide = reach(3, "Germany pop 8", KIR)[0]
    narrow = reach(3, HLA, KIR)[0]
    assert wide.high - wide.low > narrow.high - narrow.low


def test_the_same_seed_gives_the_same_reach():
    assert reach(5, HLA, KIR, seed=3) == reach(5, HLA, KIR, seed=3)


def test_both_names_are_told_if_unknown():
    with pytest.raises(SpecError) as caught:
        reach(5, "USA NMDP European Caucasia", "Nowhere")
    first, second = caught.value.problems
    assert "USA NMDP European Caucasian" in first.do
    assert second.where == "--kir-population"
    assert HLA in populations()[0]
    assert KIR in populations()[1]
