"""Files of killing assays: RTCA workbooks, Incucyte exports, plates and layouts, lists."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.assay_plates import course, plate_of, wells_of, written
from carnk.assays.incucyte import read_incucyte
from carnk.assays.lysis import Ask, analyze
from carnk.assays.lysis_files import Asked, normalized, read_wells
from carnk.assays.rtca import read_rtca
from carnk.assays.wells import MAXIMUM, SAMPLE, SPONTANEOUS
from carnk.base import DataError, SpecError

HOURS = (0.0, 0.25, 24.0, 48.5)
KEEP = Asked(keep_ids=True)


def rtca(path: Path, signal: dict[str, np.ndarray], names: dict[str, str] | None = None) -> Path:
    """A workbook as the instrument's program writes it: Cover, Layout, Cell Index in blocks."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "Cover"
    book.active.append(["Experiment", "RTCA SP"])
    layout, index = book.create_sheet("Layout"), book.create_sheet("Cell Index")
    layout.append(["", *range(1, 13)])
    for row in "ABCDEFGH":
        layout.append([row, *((names or {}).get(f"{row}{c}", "") for c in range(1, 13))])
    for k, hours in enumerate(HOURS):
        h, m = divmod(round(hours * 60), 60)
        index.append([f"Cell Index at: {h}:{m:02d}:00"])
        index.append(["", *range(1, 13)])
        for row in "ABCDEFGH":
            cells = (signal.get(f"{row}{c}") for c in range(1, 13))
            index.append([row, *(None if x is None else float(x[k]) for x in cells)])
    book.save(path)
    return path


def course_wells() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {w.name: w.signal for w in course(rng, HOURS)}


def test_a_workbook_of_cell_indices_is_read(tmp_path: Path) -> None:
    signal = course_wells()
    found = read_rtca(rtca(tmp_path / "run.xlsx", signal))
    assert found.hours.tolist() == list(HOURS)
    assert set(found.signal) == set(signal)
    assert found.signal["B2"] == pytest.approx(signal["B2"])


def test_names_of_the_workbook_may_be_the_layout(tmp_path: Path) -> None:
    names = {w.name: f"{w.effector} {w.et:g}:1" if w.effector else "Target alone"
             for w in course(np.random.default_rng(1), HOURS)}  # fmt: skip
    path = rtca(tmp_path / "run.xlsx", course_wells(), names)
    (wells,) = read_wells(path)
    kinds = {(w.kind, w.effector) for w in wells.wells}
    assert kinds == {(SAMPLE, "CAR-NK"), (SAMPLE, "WT NK"), (SPONTANEOUS, "")}
    found = analyze(path, None, Ask("impedance", added=0.25, draws=50), Asked())
    assert found.arms[0].hours.tolist() == pytest.approx([0.0, 23.75, 48.25])


def test_names_that_say_nothing_are_told_by_well(tmp_path: Path) -> None:
    path = rtca(tmp_path / "run.xlsx", course_wells(), {"B2": "mystery", "B10": "target alone"})
    with pytest.raises(DataError, match=r"run\.xlsx: Layout, well B2: 'mystery'"):
        read_wells(path)
    with pytest.raises(SpecError, match="nothing says what is in the wells"):
        read_wells(rtca(tmp_path / "bare.xlsx", course_wells()))


def test_a_workbook_without_cell_indices_is_refused(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "Cell Indx"
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(DataError, match=r"no sheet 'Cell Index'\. Did you mean 'Cell Indx'"):
        read_rtca(tmp_path / "other.xlsx")
    (tmp_path / "torn.xlsx").write_bytes((tmp_path / "other.xlsx").read_bytes()[:300])
    with pytest.raises(SpecError, match="not a workbook"):
        read_rtca(tmp_path / "torn.xlsx")


def test_text_among_cell_indices_is_told_by_row_and_well(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    path = rtca(tmp_path / "run.xlsx", course_wells())
    book = openpyxl.load_workbook(path)
    book["Cell Index"]["C4"] = "error"
    book.save(path)
    with pytest.raises(DataError, match="Cell Index, row 4: 'error' in well B2"):
        read_rtca(path)


def test_without_openpyxl_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = rtca(tmp_path / "run.xlsx", course_wells())
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(SpecError, match=r"carnk\[excel\]"):
        read_rtca(path)


WIDE = """Vessel Name: plate 7
Metric: Red Object Count (1/Well)
Cell Type: SKOV3

Date Time\tElapsed\tB2, Image 1\tB2, Image 2\tB3\tB3, Std Err
10/07/2026 10:04:00\t0\t90\t110\t200\t3
10/07/2026 14:04:00\t4\t80\t100\t-4.294967E+08\t3
10/07/2026 18:04:00\t8\t\t60\t150\t3
"""
MATRIX = """Vessel Name: plate 7
Metric: Phase Object Confluence (%)
Time Stamp:\t10/07/2026 10:04:00 AM\tElapsed:\t0\thours

\t1\t2\t3
A\t10\t20\t30
B\t11\t21\t-4.29e8

Std Err Img
\t1\t2\t3
A\t1\t1\t1

Time Stamp:\t10/07/2026 02:04:00 PM\tElapsed:\t4\thours

\t1\t2\t3
A\t12\t22\t32
B\t13\t23\t33
"""


def test_wells_over_time_of_an_incucyte(tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    path.write_text(WIDE)
    found = read_incucyte(path)
    assert found.hours.tolist() == [0.0, 4.0, 8.0]
    assert found.signal["B2"].tolist() == [100.0, 90.0, 60.0]
    assert np.isnan(found.signal["B3"][1])
    assert "well B3: the image failed at 4 h" in str(found.notes[0])


def test_matrices_of_an_incucyte(tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    path.write_text(MATRIX)
    found = read_incucyte(path)
    assert found.signal["A2"].tolist() == [20.0, 22.0]
    assert np.isnan(found.signal["B3"][0])
    assert "well B3: the image failed at 0 h" in str(found.notes[0])


def test_failed_images_are_noted_and_not_used(tmp_path: Path) -> None:
    wells = course(np.random.default_rng(2), HOURS)
    names = [w.name for w in wells]
    lines = ["Metric: Red Object Count", "", "\t".join(("Date Time", "Elapsed", *names))]
    for k, hours in enumerate(HOURS):
        cells = [f"{100 * w.signal[k]:.3f}" for w in wells]
        cells[0] = "-429496700" if k == 2 else cells[0]
        lines.append("\t".join(("10/07/2026 10:04:00", f"{hours:g}", *cells)))
    (tmp_path / "export.txt").write_text("\n".join(lines))
    _, layout = written(tmp_path, list(wells))
    found = analyze(tmp_path / "export.txt", layout, Ask("imaging", draws=50), Asked())
    assert any(names[0] in str(note) and "24 h" in str(note) for note in found.notes)
    assert np.isfinite(found.arms[0].lysis).all()


def test_a_plate_with_its_layout(tmp_path: Path) -> None:
    made = wells_of(np.random.default_rng(3), (100.0, 400.0))
    plate, layout = written(tmp_path, made)
    (wells,) = read_wells(plate, layout, KEEP)
    assert {w.name for w in wells.wells} == {w.name for w in made}
    assert {w.donor for w in wells.wells} == {"donor 7", ""}
    (hidden,) = read_wells(plate, layout)
    assert not any("donor" in w.donor for w in hidden.wells)


def test_wells_may_be_left_out(tmp_path: Path) -> None:
    plate, layout = written(tmp_path, wells_of(np.random.default_rng(3), (100.0, 400.0)))
    (wells,) = read_wells(plate, layout, Asked(leave_out=("B2", "C3")))
    assert not {"B2", "C3"} & {w.name for w in wells.wells}
    with pytest.raises(SpecError, match="no wells A9"):
        read_wells(plate, layout, Asked(leave_out=("A9",)))


def test_a_list_of_wells_with_a_course(tmp_path: Path) -> None:
    path = tmp_path / "wells.csv"
    rows = ["well,kind,effector,et,hours,signal"]
    for hours in (0, 2, 4):
        rows += [f"A1,sample,NK,5:1,{hours},{100 - hours}", f"A2,target alone,,,{hours},100"]
    path.write_text("\n".join(rows))
    (wells,) = read_wells(path)
    assert wells.hours.tolist() == [0.0, 2.0, 4.0]
    assert [w.signal.tolist() for w in wells.wells] == [[100.0, 98.0, 96.0], [100.0] * 3]


def test_lengths_of_assay_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "wells.csv"
    rows = ["plate,kind,effector,et,hours,signal"]
    for plate, hours in (("p", 4), ("q", 24)):
        rows += [f"{plate},sample,NK,{et}:1,{hours},200" for et in (1, 2)]
        rows += [f"{plate},{kind},,,{hours},{x}" for kind, x in (("max", 300), ("spont", 100))]
    path.write_text("\n".join(rows))
    found = read_wells(path, None, KEEP)
    assert [w.hours.tolist() for w in found] == [[4.0], [24.0]]
    assert {w.kind for w in found[0].wells} == {SAMPLE, MAXIMUM, SPONTANEOUS}


def test_a_course_is_divided_by_its_start_when_effectors_come() -> None:
    wells = plate_of(course(np.random.default_rng(4), HOURS), HOURS)
    found = normalized(wells, added=0.3)
    assert found.hours.tolist() == pytest.approx([0.0, 23.75, 48.25])
    assert all(w.signal[0] == 1.0 for w in found.wells)
    with pytest.raises(DataError, match=r"readings run from 0 to 48\.5 h"):
        normalized(wells, added=60.0)
