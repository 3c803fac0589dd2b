"""Replicates for a comparison have the power they are said to; maps are balanced and read back."""

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from carnk.assays.kits import kit_of, kits
from carnk.assays.layout import read_layout
from carnk.assays.replicates import compare, layout_text, plate_map, power_of
from carnk.base import SpecError
from carnk.library import table


def test_power_is_that_of_a_simulated_t_test():
    asked = compare(15, 8, 0.9)
    rng = np.random.default_rng(1)
    draws = rng.standard_normal((2, 20_000, asked.replicates)) * 8
    p = stats.ttest_ind(draws[0] + 15, draws[1], axis=1).pvalue
    assert (p < 0.05).mean() == pytest.approx(asked.power, abs=0.01)
    assert asked.power >= 0.9 > power_of(15 / 8, asked.replicates - 1, 0.05)


@pytest.mark.parametrize(("d", "n"), [(0.5, 64), (0.8, 26), (0.2, 394)])
def test_replicates_of_cohens_table(d, n):
    """Cohen 1988, table 2.4.1: alpha 0.05 two-sided, power 0.80."""
    assert abs(compare(d, 1.0, 0.8).replicates - n) <= 1


def test_without_an_effect_the_power_is_alpha():
    assert power_of(0.0, 5, 0.05) == pytest.approx(0.05)


def test_what_cannot_be_planned_says_so():
    with pytest.raises(SpecError) as error:
        compare(0, -1, 1.2)
    assert len(error.value.problems) == 3
    with pytest.raises(SpecError, match="needs more than 10,000 replicates"):
        compare(0.001, 1, 0.9)
    with pytest.raises(SpecError, match="need 110 wells of 96"):
        plate_map(["a", "b"], 55)
    with pytest.raises(SpecError, match=r"there is no plate of 95 wells\. Known are 6"):
        plate_map(["a", "b"], 5, 95)


def _edge(places):
    return Counter(
        p.group for p in places if p.group and (p.well[0] in "AH" or p.well[1:] in ("1", "12"))
    )


def test_the_edge_is_used_last_and_then_equally():
    assert not _edge(plate_map(["a", "b"], 30))
    crowded = _edge(plate_map(["a", "b", "c"], 30, seed=4))
    assert sum(crowded.values()) == 30
    assert max(crowded.values()) - min(crowded.values()) <= 1
    with_kit = _edge(plate_map(["a", "b"], 35, kit=kit_of("nkp44"), seed=2))
    assert max(with_kit.values()) - min(with_kit.values()) <= 1


def test_a_seed_is_a_map_and_another_seed_another():
    assert plate_map(["a", "b"], 8, seed=3) == plate_map(["a", "b"], 8, seed=3)
    assert plate_map(["a", "b"], 8, seed=3) != plate_map(["a", "b"], 8, seed=4)


@pytest.mark.parametrize("wells", [96, 384])
def test_the_layout_is_read_back(tmp_path, wells):
    places = plate_map(["control", "treated"], 8, wells, kit_of("il6"))
    path = tmp_path / "layout.csv"
    path.write_text(layout_text(places))
    layout = read_layout(path)
    assert len(layout.wells) == wells
    assert layout.unit == "pg/mL"
    assert Counter(w.role for w in layout.wells.values()) == {
        "sample": 16, "standard": 18, "blank": 4, "empty": wells - 38,
    }  # fmt: skip
    assert Counter(w.words["group"] for w in layout.of("sample")) == {"control": 8, "treated": 8}
    assert max(w.concentration for w in layout.of("standard")) == kits()["il6"].top


def test_kits_are_the_rows_of_the_librarys_table():
    rows = table("elisa_kits")
    assert list(kits()) == rows["kit"].to_list()
    assert set(rows["basis"]) == {"assumed"}
    with pytest.raises(SpecError, match=r"'nkp46' is not a kit\. Did you mean 'nkp44'"):
        kit_of("nkp46")
