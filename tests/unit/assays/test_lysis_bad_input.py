"""Bad files of killing assays: an error with its place, and nothing written."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.assay_plates import wells_of, written
from carnk.assays.lysis import Ask, analyze
from carnk.assays.lysis_files import Asked
from carnk.base import CarnkError, DataError, SpecError
from carnk.cli.app import app

HEAD = "donor,target,kind,effector,et,signal\n"
CONTROLS = "X,L,control,maximum,,300\nX,L,control,spontaneous,,100\n"


def refused(folder: Path, text: str, readout: str = "calcein") -> list[str]:
    path = folder / "wells.csv"
    path.write_text(text)
    with pytest.raises(CarnkError) as caught:
        analyze(path, None, Ask(readout), Asked())
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("row", "place", "what"),
    [
        ("X,L,sample,NK,5:1,abc", "wells.csv:4: signal", "not a number"),
        ("X,L,sample,NK,5:1,", "wells.csv:4: signal", "the well is empty"),
        ("X,L,sample,NK,0:1,150", "wells.csv:4: et", "not an E:T ratio"),
        ("X,L,sample,,5:1,150", "wells.csv:4: effector", "needs its effector"),
        ("X,L,smple,NK,5:1,150", "wells.csv:4: kind", "Did you mean 'sample'"),
    ],
)
def test_a_bad_cell_is_told_with_its_place(tmp_path: Path, row: str, place: str, what: str) -> None:
    (problem, *_) = refused(tmp_path, f"{HEAD}{CONTROLS}{row}\n")
    assert problem.startswith(place)
    assert what in problem


@pytest.mark.parametrize("missing", ["maximum", "spontaneous"])
def test_missing_controls_are_told_by_plate(tmp_path: Path, missing: str) -> None:
    rows = [line for line in CONTROLS.splitlines() if missing not in line]
    (problem,) = refused(tmp_path, HEAD + "\n".join(rows) + "\nX,L,sample,NK,5:1,150\n")
    assert f"there are no {missing} wells" in problem
    assert "L" in problem


def test_one_et_gives_lysis_and_no_curve(tmp_path: Path) -> None:
    path = tmp_path / "wells.csv"
    path.write_text(HEAD + CONTROLS + "".join(f"X,L,sample,NK,5:1,{s}\n" for s in (150, 154, 158)))
    (arm,) = analyze(path, None, Ask("calcein"), Asked()).arms
    assert arm.lysis[0, 0] == pytest.approx(27.0)
    assert arm.fitted.et50.value is None
    assert arm.fitted.et50.why == "1 E:T, 3 are needed"


def test_a_layout_that_does_not_match_is_told_by_well(tmp_path: Path) -> None:
    plate, layout = written(tmp_path, wells_of(np.random.default_rng(1), (100.0, 400.0)))
    text = layout.read_text()
    layout.write_text(text.replace("C3,sample", "A1,sample"))
    with pytest.raises(DataError, match="C3"):
        analyze(plate, layout, Ask("calcein"), Asked())


def test_an_empty_well_that_the_layout_fills_is_told(tmp_path: Path) -> None:
    wells = wells_of(np.random.default_rng(1), (100.0, 400.0))
    plate, layout = written(tmp_path, wells)
    plate.write_text(plate.read_text().replace(f"{wells[0].signal[0]:.6g}", ""))
    with pytest.raises(DataError, match="the layout fills B2"):
        analyze(plate, layout, Ask("calcein"), Asked())


def test_a_plate_needs_a_layout(tmp_path: Path) -> None:
    plate, _ = written(tmp_path, wells_of(np.random.default_rng(1), (100.0, 400.0)))
    with pytest.raises(SpecError, match="Give --layout"):
        analyze(plate, None, Ask("calcein"), Asked())
    with pytest.raises(SpecError, match="Did you mean 'calcein'"):
        analyze(plate, None, Ask("calcien"), Asked())


def test_nothing_is_half_written(tmp_path: Path) -> None:
    path, out = tmp_path / "wells.csv", tmp_path / "out"
    path.write_text(HEAD + CONTROLS + "X,L,sample,NK,5:1,abc\n")
    done = CliRunner().invoke(app, ["assay", "lysis", str(path), "--out", str(out)])
    assert isinstance(done.exception, DataError)
    assert not out.exists()
    path.write_text(HEAD + CONTROLS + "X,L,sample,NK,5:1,150\n")
    done = CliRunner().invoke(
        app, ["assay", "lysis", str(path), "--out", str(out), "--share", "kill_car=A/B"]
    )
    assert isinstance(done.exception, SpecError)
    assert [p.name for p in tmp_path.iterdir()] == ["wells.csv"]


def test_donors_and_plates_are_not_written(tmp_path: Path) -> None:
    plate, layout = written(tmp_path, wells_of(np.random.default_rng(1), (100.0, 400.0)))
    out = tmp_path / "out"
    options = ["assay", "lysis", str(plate), "--layout", str(layout), "--out", str(out)]
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 0, done.output
    told = done.output + "".join(p.read_text() for p in out.glob("*.csv"))
    assert "donor 7" not in told + (out / "lysis.html").read_text()
    assert all(len(line) <= 100 for line in done.output.splitlines())
    kept = CliRunner().invoke(app, [*options[:-1], str(tmp_path / "kept"), "--keep-ids"])
    assert kept.exit_code == 0
    assert "donor 7" in (tmp_path / "kept" / "arms.csv").read_text()
