"""Plates with one known fault each: the fault is found and its wells are named."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.assay_plates import ARMS, changed, plate_of, wells_of
from carnk.assays.flags import Flag
from carnk.assays.lysis import Ask, judge, of_wells
from carnk.assays.specific import READOUTS
from carnk.assays.wells import MAXIMUM, SPONTANEOUS, Well
from carnk.base import DataError

CALCEIN = READOUTS["calcein"]
LEVELS = (100.0, 400.0)


def clean(seed: int = 1, **more: object) -> list[Well]:
    return wells_of(np.random.default_rng(seed), LEVELS, **more)  # type: ignore[arg-type]


def found(wells: Sequence[Well], kind: str) -> Flag:
    flags = judge(plate_of(wells), CALCEIN)
    (flag,) = [flag for flag in flags if flag.kind == kind]
    return flag


def test_plates_without_fault_are_rarely_flagged() -> None:
    """Arms, controls and scatter drawn at random; below 5 % of plates are flagged."""
    flagged = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        arms = {
            "CAR-NK": (rng.uniform(70, 100), rng.uniform(0.4, 2.0)),
            "WT NK": (rng.uniform(50, 70), rng.uniform(2.0, 20.0)),
        }
        most = rng.uniform(300, 3000)
        levels = most * rng.uniform(0.1, 0.25), most
        wells = wells_of(rng, levels, arms, cv=rng.uniform(0.02, 0.08))
        flagged += any("Within the noise" not in str(f) for f in judge(plate_of(wells), CALCEIN))
    assert flagged <= 3


def test_lysis_out_of_range_is_named_and_left_out() -> None:
    wells = changed(clean(), {"C3": 560.0, "G6": -80.0})
    over, below = found(wells, "lysis over 100 %"), found(wells, "lysis below -20 %")
    assert (over.wells, below.wells) == (("C3",), ("G6",))
    assert over.is_grave
    assert below.is_grave
    assert "beyond noise" in str(over)


def test_lysis_just_over_100_is_noted_and_kept() -> None:
    flag = found(changed(clean(cv=0.06), {"B2": 404.0}), "lysis over 100 %")
    assert "B2" in flag.wells
    assert not flag.is_grave


def test_spontaneous_release_near_maximum_states_the_ratio() -> None:
    rng = np.random.default_rng(2)
    wells = wells_of(rng, (340.0, 400.0), cv=0.02)
    flag = found(wells, "spontaneous release")
    assert flag.is_grave
    assert "spontaneous release is 85% of maximum" in str(flag)
    assert all(f"{row}10" in str(flag) for row in "BCDEFG")
    with pytest.raises(DataError, match="85% of maximum"):
        of_wells([plate_of(wells)], CALCEIN, Ask("calcein"))


def test_release_of_the_size_of_maximum_states_the_ratio_too() -> None:
    flag = found(wells_of(np.random.default_rng(2), (400.0, 401.0)), "spontaneous release")
    assert flag.is_grave
    assert re.search(r"is (9\d|10\d)% of maximum", str(flag))


def test_high_spontaneous_release_is_noted() -> None:
    flag = found(wells_of(np.random.default_rng(3), (160.0, 400.0)), "spontaneous release")
    assert not flag.is_grave
    assert "39% of maximum" in str(flag)


def test_swapped_controls_are_found() -> None:
    swapped = {SPONTANEOUS: MAXIMUM, MAXIMUM: SPONTANEOUS}
    wells = [replace(w, kind=swapped.get(w.kind, w.kind)) for w in clean()]
    assert found(wells, "swapped controls").is_grave


def test_lysis_that_rises_as_et_falls_takes_the_arms_of_the_plate_with_it() -> None:
    reversed_et = dict(zip("BCDEFG", "GFEDCB"))
    signal = {w.name: float(w.signal[0]) for w in clean()}
    turned = {
        f"{row}{column}": signal[f"{reversed_et[row]}{column}"]
        for row in "BCDEFG" for column in (2, 3, 4)
    }  # fmt: skip
    flag = found(changed(clean(), turned), "rises as E:T falls")
    assert {"B2", "G4"} <= set(flag.wells)
    assert len(flag.left_out) == 36


def test_a_swapped_car_is_found() -> None:
    arms = {"WT NK": ARMS["CAR-NK"], "CAR-NK": ARMS["WT NK"]}
    assert found(clean(arms=arms), "swapped plates").is_grave


def test_an_outlier_among_replicates_is_named_and_kept() -> None:
    flag = found(changed(clean(cv=0.03), {"E3": 380.0}), "replicate outlier")
    assert flag.wells == ("E3",)
    assert not flag.is_grave


def test_wells_of_another_plate_are_found_by_its_controls() -> None:
    """Plate 2 reads three times as high; its CAR wells stand on plate 1 as well, rescaled."""
    one = clean(seed=4)
    two = wells_of(np.random.default_rng(5), (300.0, 1200.0), plate="2")
    other = {w.name: float(w.signal[0]) * 1.001 for w in two if w.effector == "CAR-NK"}
    flag = found([*changed(one, other), *two], "another plate's wells")
    assert flag.plate == "1"
    assert "controls of plate 2" in str(flag)
    assert set(flag.wells) == set(other)


def test_an_arm_that_no_curve_fits_is_left_out_if_its_plate_is_not_in_the_file() -> None:
    """Lysis from -60 to 130 %: wells of a plate with a wider window."""
    read = {w.name: float(w.signal[0]) for w in clean(seed=4) if w.effector == "CAR-NK"}
    pasted = {name: 3 * signal - 620 for name, signal in read.items()}
    flag = found(changed(clean(seed=4), pasted), "another plate's wells")
    assert flag.is_grave
    assert "cannot be with these controls" in str(flag)
    assert set(flag.wells) == set(pasted)


@pytest.mark.parametrize("columns", [(2, 3, 4), (5,)])
def test_a_block_pasted_from_another_plate_is_named(columns: tuple[int, ...]) -> None:
    one, two = clean(seed=6), clean(seed=7, plate="2")
    names = [f"{row}{column}" for row in "BCDEF" for column in columns]
    source = {w.name: float(w.signal[0]) for w in one}
    flag = found([*one, *changed(two, {n: source[n] for n in names})], "reused block")
    assert set(names) <= set(flag.wells)
    assert "plate 1" in str(flag)
    assert "plate 2" in str(flag)
    assert {w.plate for w in flag.left_out} == {"1", "2"}


def test_a_block_used_twice_on_one_plate_is_named() -> None:
    signal = {w.name: float(w.signal[0]) for w in clean(seed=8)}
    again = {f"F{c}": signal[f"C{c}"] for c in (2, 3, 4)}
    flag = found(changed(clean(seed=8), again), "reused block")
    assert set(flag.wells) == {"C2", "C3", "C4", "F2", "F3", "F4"}


def test_counts_that_agree_by_chance_are_no_block() -> None:
    rng = np.random.default_rng(9)
    wells = [replace(w, signal=np.round(w.signal / 20)) for w in wells_of(rng, LEVELS)]
    kinds = [flag.kind for flag in judge(plate_of(wells), CALCEIN)]
    assert "reused block" not in kinds


def test_wells_at_the_edge_that_read_higher_are_named() -> None:
    """The arms moved to the left edge: column 1 evaporates and reads a fifth higher."""

    def moved(w: Well) -> Well:
        row, column = w.name[0], int(w.name[1:])
        column = column - 1 if column < 8 else column
        return replace(w, name=f"{row}{column}", signal=w.signal * (1.2 if column == 1 else 1.0))

    flag = found([moved(w) for w in clean(cv=0.02)], "edge effect")
    assert {f"{row}1" for row in "BCDEFG"} <= set(flag.wells)
    assert not any(name.endswith("3") for name in flag.wells)


def test_flagged_wells_are_left_out_and_the_rest_is_computed() -> None:
    bad = changed(clean(), {"C3": 900.0})
    with_fault = of_wells([plate_of(bad)], CALCEIN, Ask("calcein", draws=50))
    car = next(arm for arm in with_fault.arms if arm.effector == "CAR-NK")
    names = [name for wells in car.wells for name, _ in wells]
    assert "C3" not in names
    assert len(names) == 17
