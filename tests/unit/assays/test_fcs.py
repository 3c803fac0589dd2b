"""FCS files: every version and kind of number, and everything that can be wrong with them."""

import os
from pathlib import Path

import numpy as np
import pytest

from carnk.assays import fcs
from carnk.assays.fcs import read_fcs
from carnk.base import DataError, SpecError
from tests.unit.assays.fcs_files import written

NAMES = ("FSC-A", "FITC-A", "PE-A")
EVENTS = np.array([[1000.0, 20.5, -3.0], [2000.0, 400.0, 7.0], [500.0, 0.0, 90.0], [1.0, 2.0, 3.0]])


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1"])
@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", ">f8"])
def test_floats(tmp_path: Path, version: str, kind: str) -> None:
    sample = read_fcs(written(tmp_path / "a.fcs", EVENTS, NAMES, version, kind))
    assert np.array_equal(sample.events, EVENTS)
    assert sample.names == NAMES
    assert sample.version == version


def test_integers_with_a_logarithmic_amplifier_and_gain(tmp_path: Path) -> None:
    stored = np.array([[0, 512, 100], [256, 1023, 10], [1024 + 256, 0, 2]])
    keywords = {"P1E": "4,1", "P1R": "1024", "P2R": "1024", "P3R": "1024", "P3G": "4"}
    path = written(tmp_path / "a.fcs", stored, NAMES, "2.0", "<u2", keywords)
    events = read_fcs(path).events
    # bits beyond the range are not data; 4 decades over 1024 channels; a gain of 4 is divided out
    assert events[:, 0] == pytest.approx([1, 10, 10])
    assert events[:, 1].tolist() == [512, 1023, 0]
    assert events[:, 2].tolist() == [25, 2.5, 0.5]


def test_spillover_is_undone(tmp_path: Path) -> None:
    true = np.abs(EVENTS) + 1
    mixed = true.copy()
    mixed[:, 1:] = true[:, 1:] @ np.array([[1, 0.2], [0.05, 1]])
    keywords = {"SPILLOVER": "2,FITC-A,PE-A,1,0.2,0.05,1"}
    path = written(tmp_path / "a.fcs", mixed, NAMES, "3.1", "<f8", keywords)
    sample = read_fcs(path)
    assert sample.channel("PE-A") == pytest.approx(true[:, 2])
    assert sample.channel("PE-A", is_compensated=False) == pytest.approx(mixed[:, 2])
    assert sample.channel("FSC-A") == pytest.approx(true[:, 0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2,FITC-A,PE-A,1,0.2,0.05", "3 values stand for 2 channels"),
        ("2,FITC-A,PE-B,1,0.2,0.05,1", "no channel 'PE-B'. Did you mean 'PE-A'?"),
        ("2,FITC-A,PE-A,1,1,1,1", "no matrix that has an inverse"),
    ],
)
def test_wrong_spillover(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path / "a.fcs", EVENTS, NAMES, keywords={"SPILLOVER": text})
    with pytest.raises(DataError, match=words):
        read_fcs(path).channel("PE-A")


def test_channels_by_marker_and_the_nearest_name(tmp_path: Path) -> None:
    sample = read_fcs(written(tmp_path / "a.fcs", EVENTS, NAMES, keywords={"P2S": "CAR"}))
    assert sample.index("CAR") == sample.index("fitc-a") == 1
    assert sample.titles[1] == "FITC-A (CAR)"
    with pytest.raises(DataError, match=r"no channel .FITC.\. Did you mean .FITC-A."):
        sample.index("FITC")
    with pytest.raises(DataError, match="Channels: FSC-A, FITC-A"):
        sample.index("zzz")


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"TOT": "5"}, "tells of 5 events, but the data hold 4"),
        ({"TOT": "3"}, "tells of 3 events, but the data hold 4"),
        ({"PAR": ""}, "keyword \\$PAR is missing"),
        ({"TOT": "many"}, "cannot be read"),
        ({"MODE": "C"}, "histograms"),
        ({"NEXTDATA": "9000"}, "several data sets"),
        ({"P2N": "FSC-A"}, "3 channels have 2 names"),
        ({"DATATYPE": "A"}, "cannot be read"),
    ],
)
def test_headers_that_lie(tmp_path: Path, keywords: dict[str, str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_fcs(written(tmp_path / "a.fcs", EVENTS, NAMES, keywords=keywords))


@pytest.mark.parametrize("kept", [3, 30, 200, 4096, 4120])
def test_cut_short(tmp_path: Path, kept: int) -> None:
    path = written(tmp_path / "a.fcs", EVENTS, NAMES)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError):
        read_fcs(path)


def test_data_that_end_beyond_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cut short"):
        read_fcs(written(tmp_path / "a.fcs", EVENTS, NAMES, stop_past=4000))


def test_no_events(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no events"):
        read_fcs(written(tmp_path / "a.fcs", EVENTS[:0], NAMES))


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    events = EVENTS.copy()
    events[1, 1] = np.nan
    with pytest.raises(DataError, match="1 events have values"):
        read_fcs(written(tmp_path / "a.fcs", events, NAMES))


def test_data_told_a_byte_too_long_are_read_with_a_warning(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fcs", EVENTS, NAMES, stop_past=1)
    path.write_bytes(path.read_bytes() + b"0")
    sample = read_fcs(path)
    assert np.array_equal(sample.events, EVENTS.astype("f4"))
    assert "differently" in str(sample.warnings[0])


def test_header_and_text_that_disagree_are_settled_by_the_count(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fcs", EVENTS, NAMES, header_off=7)
    sample = read_fcs(path)
    assert np.array_equal(sample.events, EVENTS.astype("f4"))
    assert len(sample.warnings) == 1


def test_five_gigabytes(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fcs", EVENTS, NAMES)
    os.truncate(path, 5_000_000_000)
    with pytest.raises(DataError, match=r"5.0 GB; files up to 2 GB"):
        read_fcs(path)


def test_not_fcs(tmp_path: Path) -> None:
    path = tmp_path / "a.fcs"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DataError, match="no FCS file"):
        read_fcs(path)
    with pytest.raises(SpecError, match=r"no such file. Did you mean 'a.fcs'"):
        read_fcs(tmp_path / "b.fcs")


def test_missing_extra_names_its_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = written(tmp_path / "a.fcs", EVENTS, NAMES)
    monkeypatch.setitem(__import__("sys").modules, "flowio", None)
    with pytest.raises(SpecError, match=r"pip install 'carnk\[flow\]'"):
        read_fcs(path)


def test_nothing_of_the_keywords_is_kept_but_channels(tmp_path: Path) -> None:
    path = written(tmp_path / "a.fcs", EVENTS, NAMES, keywords={"SMNO": "Jane Roe"})
    assert "Jane" not in repr(read_fcs(path))
    assert fcs.VERSIONS == (b"FCS2.0", b"FCS3.0", b"FCS3.1")
