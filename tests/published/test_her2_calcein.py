"""Wells and curves of CAR_NK_In_Silico, github.com/drsamalik/CAR_NK_In_Silico (no licence file).

Raw calcein wells of HER2 CAR-NK cells on two plates, and curves of CD33 CAR-NK cells of which one
run has lysis that rises as E:T falls. The files are not part of this project: without ../shared
these tests are skipped.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from carnk.assays.lysis import Ask, analyze, judge, of_wells
from carnk.assays.lysis_files import Asked, read_wells
from carnk.assays.specific import READOUTS

SHARED = Path(__file__).parents[3] / "shared" / "labdata"
WELLS = SHARED / "her2_calcein_raw_donor_C.csv"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside the project")


def test_sound_plates_are_kept_whole_and_the_car_kills_more() -> None:
    found = analyze(WELLS, None, Ask("calcein"), Asked())
    assert not any(flag.is_grave for flag in found.flags)
    assert len(found.arms) == 4
    assert [(p.first.effector, p.second.effector) for p in found.pairs] == [("HER2_CAR", "WT")] * 2
    assert all(p.killing.low > 1 for p in found.pairs)


def test_lysis_is_that_of_the_means() -> None:
    """SKOV3, HER2 CAR, 10:1: wells 249, 250.175, 228.846 between 111.8 and 257.3."""
    arm = analyze(WELLS, None, Ask("calcein"), Asked()).arms[0]
    assert arm.lysis[-1, 0] == pytest.approx(89.9, abs=0.1)


def test_the_wells_of_one_plate_pasted_into_the_other_are_named() -> None:
    (wells,) = read_wells(WELLS, None, Asked(keep_ids=True))
    skov3 = [w for w in wells.wells if w.target == "SKOV3" and w.effector == "WT"]
    other = {(w.et, k % 3): w.signal for k, w in enumerate(skov3)}
    target = [w for w in wells.wells if w.target == "DIPG36" and w.effector == "WT"]
    pasted = {w.name: other[w.et, k % 3] * 0.999 for k, w in enumerate(target)}
    bad = [replace(w, signal=pasted.get(w.name, w.signal)) for w in wells.wells]
    flags = judge(replace(wells, wells=tuple(bad)), READOUTS["calcein"])
    grave = [flag for flag in flags if flag.is_grave]
    assert {name for flag in grave for name in flag.wells} <= set(pasted)
    assert len({name for flag in grave for name in flag.wells}) >= 6


def test_maximum_release_near_spontaneous_leaves_the_plate_out() -> None:
    (wells,) = read_wells(WELLS, None, Asked(keep_ids=True))
    near = [
        replace(w, signal=np.array([180.0]) + w.signal / 100)
        if (w.target, w.kind) == ("DIPG36", "maximum")
        else w
        for w in wells.wells
    ]
    found = of_wells([replace(wells, wells=tuple(near))], READOUTS["calcein"], Ask("calcein"))
    assert {arm.target for arm in found.arms} == {"SKOV3"}
    assert any("of maximum" in str(flag) and flag.is_grave for flag in found.flags)


def test_the_reversed_run_is_left_out_with_its_plate() -> None:
    found = analyze(SHARED / "lysis_donors_A_B_C.csv", None, Ask("calcein"), Asked(keep_ids=True))
    (flag,) = found.flags
    assert "lysis rises as E:T falls (donor B, WT NK on HL-60 (run2)" in str(flag)
    assert len(found.arms) == 20
    assert not any("run2" in arm.target for arm in found.arms)
