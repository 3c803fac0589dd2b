"""The picture, table and lines of a sensitivity analysis, and its folder."""

import csv
import json
from pathlib import Path

import pytest

from carnk.base import SpecError
from carnk.report.sensitivity import (
    content,
    lines,
    page,
    read_sensitivity,
    write_sensitivity,
)
from carnk.study.global_sensitivity import Sensitivity

ROW = {"meaning": "A number <b>", "unit": "1/day", "low": 0.5, "high": 15.0, "alone_low": 1.0,
       "alone_high": -2.0}  # fmt: skip
FACTS = {"answer": "response", "meaning": "share of patients", "tried": 141, "patients": 200,
         "runs": 8192, "study": "liu2020", "seed": 1, "study_sha256": "00", "carnk": "0.1.0",
         "code": "aa", "numbers": "bb"}  # fmt: skip


@pytest.fixture
def sobol() -> Sensitivity:
    wide = {"first": 0.42, "first_error": 0.1, "total": 0.61, "total_error": 0.12}
    small = {"first": -0.02, "first_error": 0.05, "total": 0.03, "total_error": 0.02}
    rows = [
        ROW | {"id": "kill_car", "basis": "fitted", "checked": "read"} | wide,
        ROW | {"id": "il15_half", "basis": "assumed", "checked": ""} | small,
    ]
    return Sensitivity(rows, FACTS | {"method": "sobol", "mean": 0.61, "variance": 0.04})


@pytest.fixture
def morris() -> Sensitivity:
    effect = {"mean": -0.7, "size": 0.8, "size_error": 0.1, "spread": 0.4}
    rows = [ROW | {"id": "kill_car", "basis": "fitted", "checked": "read"} | effect]
    return Sensitivity(rows, FACTS | {"method": "morris"})


def test_bars_are_as_long_as_the_indices(sobol: Sensitivity) -> None:
    found = content(sobol)
    marks = {mark.kind: mark for mark in found["rows"][0]["marks"]}
    assert marks["total"].width / marks["first"].width == pytest.approx(0.61 / 0.42, rel=1e-3)
    assert marks["error"].width / marks["total"].width == pytest.approx(0.24 / 0.61, rel=1e-3)
    below = {mark.kind: mark for mark in found["rows"][1]["marks"]}
    assert below["first"].width == 0
    assert found["rows"][1]["text"] == "first −0.02 ± 0.05, total 0.03 ± 0.02"


def test_the_summary_says_how_much_is_left_to_company(sobol: Sensitivity) -> None:
    text = content(sobol)["summary"].replace("\u00a0", " ")
    assert "8,192 runs of the same 200 patients" in text
    assert "61 % on average, with a standard deviation of 20 percentage points" in text
    assert "alone they make up about 40 % of its variance (± 11 percentage points)" in text


def test_effects_are_shown_with_their_sign(morris: Sensitivity) -> None:
    assert content(morris)["rows"][0]["text"] == "effect −0.70, size 0.80 ± 0.10"
    line = ("kill_car", "0.5–15 per day", "−0.70", "0.80 ± 0.10", "fitted, read")
    assert lines(morris, 5)[1] == line


def test_the_page_escapes_and_needs_no_network(sobol: Sensitivity) -> None:
    text = page(sobol)
    assert "A number &lt;b&gt;" in text
    assert "default-src 'none'" in text
    assert "src=" not in text


def test_a_folder_is_written_once_and_read_back(sobol: Sensitivity, tmp_path: Path) -> None:
    out = tmp_path / "found"
    write_sensitivity(sobol, "study: x\n", out)
    assert read_sensitivity(out) == sobol
    with (out / "sensitivity.csv").open(encoding="utf-8") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["kill_car", "il15_half"]
    assert json.loads((out / "sensitivity.json").read_text())["facts"]["runs"] == 8192
    with pytest.raises(SpecError):
        write_sensitivity(sobol, "study: x\n", out)
    (out / "sensitivity.json").write_text("{}")
    with pytest.raises(SpecError, match="not what carnk wrote"):
        read_sensitivity(out)
    assert read_sensitivity(tmp_path) is None
