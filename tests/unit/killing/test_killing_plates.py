"""Bad plates are named and left out, malformed files refused."""

from pathlib import Path

import numpy as np
import pytest

from carnk.assays.curve_flags import check
from carnk.assays.curves import read_curves
from carnk.assays.lysis import curves_of_wells
from carnk.assays.wells import et_ratio
from carnk.base import DataError
from carnk.fitting.stains import read_inputs

HEAD = "donor,target,effector,hours,ET,lysis_pct,sd,n\n"
RATIOS = ("10:1", "5:1", "2.5:1", "1.25:1", "0.6:1")
RISING = (60.0, 48.0, 34.0, 22.0, 12.0)


def curve(effector: str, lysis: tuple[float, ...], donor: str = "X") -> str:
    return "".join(
        f"{donor},HL-60,{effector},4,{et},{x},3,3\n" for et, x in zip(RATIOS, lysis, strict=True)
    )


def written(folder: Path, text: str) -> Path:
    path = folder / "lysis.csv"
    path.write_text(text)
    return path


def flags_of(folder: Path, text: str) -> tuple[list[str], int]:
    checked = check(read_curves(written(folder, text)), "lysis.csv")
    return [str(flag) for flag in checked.flags], sum(c.et.size for c in checked.curves)


def test_a_good_plate_passes(tmp_path: Path) -> None:
    text = HEAD + curve("WT NK", RISING) + curve("CAR-NK", tuple(x + 15 for x in RISING))
    assert flags_of(tmp_path, text) == ([], 10)


def test_impossible_lysis_is_named_by_row(tmp_path: Path) -> None:
    flags, kept = flags_of(tmp_path, HEAD + curve("WT NK", (104.0, 48.0, 34.0, 22.0, -25.0)))
    assert kept == 3
    assert [f.split(": ")[0] for f in flags] == ["lysis.csv:2", "lysis.csv:6"]


def test_a_reversed_curve_takes_its_plate_with_it(tmp_path: Path) -> None:
    text = HEAD + curve("WT NK", RISING[::-1]) + curve("CAR-NK", (86.0, 81.0, 82.0, 79.0, 80.0))
    text += curve("WT NK", RISING, donor="Y")
    flags, kept = flags_of(tmp_path, text)
    assert kept == 5
    assert "lysis rises as E:T falls (donor X, WT NK on HL-60" in flags[0]
    assert "rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11" in flags[0]


def test_noise_is_not_a_reversal(tmp_path: Path) -> None:
    assert flags_of(tmp_path, HEAD + curve("WT NK", (38.0, 43.0, 16.0, 13.0, 16.0)))[0] == []


def test_swapped_plates_are_both_left_out(tmp_path: Path) -> None:
    car = tuple(x + 20 for x in RISING)
    flags, kept = flags_of(tmp_path, HEAD + curve("WT NK", car) + curve("CAR-NK", RISING))
    assert kept == 0
    assert "swapped plates" in flags[0]


def test_a_plate_pasted_twice_is_found(tmp_path: Path) -> None:
    flags, kept = flags_of(tmp_path, HEAD + curve("WT NK", RISING) + curve("AAVS1", RISING))
    assert kept == 0
    assert "pasted twice" in flags[0]


def test_malformed_cells_are_all_told_with_their_line(tmp_path: Path) -> None:
    text = HEAD + "X,HL-60,WT NK,0,10;1,5,3,3\nX,HL-60,WT NK,4,0:1,x,3,3\n,HL-60,WT,4,1:1,5,3,3\n"
    with pytest.raises(DataError) as caught:
        read_curves(written(tmp_path, text))
    told = [str(p) for p in caught.value.problems]
    assert [t.split(": ")[0] for t in told] == [f"lysis.csv:{n}" for n in (2, 2, 3, 3, 4)]


def test_missing_columns_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lysis_pct"):
        read_curves(written(tmp_path, "donor,target,effector,hours,ET,lysis\nX,Y,Z,4,1:1,5\n"))


@pytest.mark.parametrize(("text", "value"), [("10:1", 10.0), (" 1:2 ", 0.5), ("2.5", 2.5)])
def test_et_ratios(text: str, value: float) -> None:
    assert et_ratio(text) == value


@pytest.mark.parametrize("text", ["", "10;1", "0:1", "-1", "nan", "1:x"])
def test_bad_et_ratios(text: str) -> None:
    with pytest.raises((ValueError, ZeroDivisionError)):
        et_ratio(text)


def wells(signal: dict[str, float], spontaneous: float = 100.0, most: float = 300.0) -> str:
    rows = ["donor,target,kind,effector,et,signal,well"]
    rows += [f"X,L,control,maximum,,{most},A{i}" for i in range(3)]
    rows += [f"X,L,control,spontaneous,,{spontaneous},B{i}" for i in range(3)]
    for k, (et, value) in enumerate(signal.items()):
        rows += [f"X,L,sample,WT,{et},{value + i},C{k}{i}" for i in range(3)]
    return "\n".join(rows) + "\n"


def test_lysis_from_wells(tmp_path: Path) -> None:
    text = wells({"10:1": 219.0, "5:1": 159.0, "1:1": 119.0})
    curves, flags = curves_of_wells(written(tmp_path, text))
    assert flags == []
    assert curves[0].lysis == pytest.approx([60.0, 30.0, 10.0])
    assert curves[0].replicates.tolist() == [3, 3, 3]


def test_wells_outside_the_controls_are_named(tmp_path: Path) -> None:
    text = wells({"10:1": 340.0, "5:1": 159.0, "1:1": 20.0})
    curves, flags = curves_of_wells(written(tmp_path, text))
    assert curves[0].et.tolist() == [5.0]
    named = " ".join(map(str, flags))
    assert "wells C00, C01, C02: lysis over 100 % beyond noise" in named
    assert "wells C20, C21, C22: lysis below -20 % beyond noise" in named


def test_spontaneous_release_near_maximum_leaves_the_plate_out(tmp_path: Path) -> None:
    text = wells({"10:1": 290.0}, spontaneous=280.0)
    curves, flags = curves_of_wells(written(tmp_path, text))
    assert curves == []
    assert "93% of maximum (wells B0, B1, B2)" in str(flags[0])


def test_a_plate_without_controls_is_refused(tmp_path: Path) -> None:
    text = wells({"10:1": 219.0}).replace("spontaneous", "blank")
    with pytest.raises(DataError, match="no spontaneous wells"):
        curves_of_wells(written(tmp_path, text))


def test_quantiles_become_mixtures(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    head = "file,sheet,q05,q25,q50,q75,q95,frac_positive,median_of_positive\n"
    path.write_text(
        head
        + "f/CAR-NK X.xlsx,CAR-NK X_Gen1,50,200,9000,30000,80000,0.6,20000\n"
        + "f/HL60.xlsx,HL60_ICAM,116,269,386,521,802,,\n"
        + "f/Monocyte.xlsx,Monocyte_CD33,NOEQ,['no'],4096\n"
    )
    inputs = read_inputs(path)
    assert [n.where for n in inputs.notes] == ["q.csv:4"]
    car = inputs.on_effector("X", "CAR-NK Gen1", True)["CAR"]
    assert car.negative == pytest.approx(0.4)
    assert car.median == pytest.approx(20000)
    icam = inputs.on_target("HL-60 (run 2)")["ICAM1"]
    assert icam.median == 386
    assert icam.sd_log10 == pytest.approx(np.log10(802 / 116) / 3.29, rel=1e-3)
    assert inputs.on_effector("Z", "CAR-NK Gen1", True) == {}
