"""Vector copies: droplets and Cq to copies per cell, their intervals, files, numbers, command."""

import json
from math import exp, log, sqrt
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from carnk.assays.qpcr import curve
from carnk.assays.qpcr import per_cell as by_curves
from carnk.assays.vcn import Copies, Droplets, per_car_positive, per_cell, ratio
from carnk.assays.vcn_files import read_vcn, share_of
from carnk.assays.vcn_numbers import vcn_number
from carnk.base import DataError, SpecError
from carnk.cli.app import app
from carnk.library import number_file_text, parse_number_file

BIORAD = """Well,Sample,TargetType,Target,Status,Concentration,Positives,Negatives,AcceptedDroplets
A01,Jane Roe,Ch1Unknown,WPRE,Manual,1,4200,13800,18000
A01,Jane Roe,Ch2Reference,RPP30,Manual,1,3900,14100,18000
B01,Lot 2,Ch1Unknown,WPRE,Manual,1,2900,15100,18000
B01,Lot 2,Ch2Reference,RPP30,Manual,1,4300,13700,18000
D01,NTC,Ch1Unknown,WPRE,Manual,1,2,17998,18000
D01,NTC,Ch2Reference,RPP30,Manual,1,1,17999,18000
"""


def read(folder: Path, text: str) -> Path:
    path = folder / "pcr.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_poisson_and_reference_copies() -> None:
    found = per_cell([Droplets(4200, 18000)], [Droplets(3900, 18000)])
    assert found.value == pytest.approx(2 * log(13800 / 18000) / log(14100 / 18000))
    assert found.low < found.value < found.high
    diluted = per_cell([Droplets(4200, 18000)], [Droplets(3900, 18000, dilution=10.0)])
    assert diluted.value == pytest.approx(found.value / 10)


def test_interval_is_fieller_for_many_droplets() -> None:
    """Against Fieller's quadratic with the delta method's variances."""
    n, p, q = 400_000, 90_000, 70_000
    found = ratio(Droplets(p, n), Droplets(q, n))
    a, b = -log(1 - p / n), -log(1 - q / n)
    va, vb = (k / n / (n * (1 - k / n)) for k in (p, q))
    z2 = 1.959964**2
    middle, scale = a * b, b * b - z2 * vb
    root = sqrt(middle**2 - (a * a - z2 * va) * scale)
    assert found.low == pytest.approx((middle - root) / scale, rel=1e-4)
    assert found.high == pytest.approx((middle + root) / scale, rel=1e-4)


@pytest.mark.parametrize(("target", "reference"), [(0.25, 0.2), (0.002, 0.1), (0.0004, 0.3)])
def test_coverage(target: float, reference: float) -> None:
    """The interval holds the true ratio in at least 94 % of wells, also with few droplets."""
    rng, n = np.random.default_rng(3), 15_000
    hits = 0
    for _ in range(1000):
        p, q = (int(rng.binomial(n, 1 - exp(-each))) for each in (target, reference))
        found = ratio(Droplets(p, n), Droplets(q, n))
        hits += found.low <= target / reference <= found.high
    assert 940 <= hits <= 998


def test_no_positive_droplet_has_an_upper_end() -> None:
    found = ratio(Droplets(0, 18_000), Droplets(4000, 18_000))
    assert (found.value, found.low) == (0, 0)
    assert 0 < found.high < 0.002


def test_wells_that_differ_widen_the_interval() -> None:
    even = [Droplets(4000, 18_000), Droplets(4000, 18_000)]
    uneven = [Droplets(3000, 18_000), Droplets(5000, 18_000)]
    reference = [Droplets(4000, 18_000)] * 2
    narrow, wide = per_cell(even, reference), per_cell(uneven, reference)
    assert log(wide.high / wide.low) > 5 * log(narrow.high / narrow.low)
    assert any("widened" in note for note in wide.notes)
    assert not any("widened" in note for note in narrow.notes)


def test_per_car_positive_and_poisson() -> None:
    mean = 0.6
    share = 1 - exp(-mean)
    found = per_car_positive(Copies(mean, 0.57, 0.63), share, share - 0.02, share + 0.02)
    assert found.copies.value == pytest.approx(mean / share)
    assert found.poisson == pytest.approx(mean / share)
    assert found.dispersion == pytest.approx(1)
    assert not found.copies.notes
    few = per_car_positive(Copies(0.3, 0.28, 0.32), 0.45, 0.43, 0.47)
    assert "fewer copies than CAR+ cells" in few.copies.notes[0]
    many = per_car_positive(Copies(2.5, 2.4, 2.6), 0.45, 0.43, 0.47)
    assert "more copies than Poisson" in many.copies.notes[0]


def test_shares_of_car() -> None:
    assert share_of("45 %", "") == (0.45, 0.45, 0.45)
    assert share_of("0.45", "") == (0.45, 0.45, 0.45)
    assert share_of("45 % (42-48)", "") == pytest.approx((0.45, 0.42, 0.48))
    for wrong in ("", "many", "120 %", "45 % (46-48)", "0"):
        with pytest.raises(SpecError):
            share_of(wrong, "--car-positive")


def test_export_of_droplets(tmp_path: Path) -> None:
    report = read_vcn(read(tmp_path, BIORAD), car="45 % (42-48)")
    assert (report.method, report.reference) == ("ddPCR", "RPP30")
    assert [each.sample for each in report.results] == ["Jane Roe", "Lot 2"]
    assert any("no-template wells: 2 of 18,000" in note for note in report.results[0].notes)
    number = vcn_number(report)
    assert number is not None
    (again,) = parse_number_file(number_file_text([number]))
    assert again.id == "vcn"
    assert again.range is not None
    assert again.range[0] < again.value < again.range[1]
    assert again.spread is not None
    assert vcn_number(read_vcn(read(tmp_path, BIORAD))) is None


def test_a_column_of_copies_makes_no_standards_of_droplets(tmp_path: Path) -> None:
    text = "sample,target,partitions (positive),partitions (valid),copies\n"
    text += "A,CAR,3000,18000,5\nA,RPP30,4000,18000,6\n"
    (found,) = read_vcn(read(tmp_path, text)).results
    assert found.total.value == pytest.approx(2 * log(15 / 18) / log(14 / 18))


def test_car_share_of_each_sample_from_its_column(tmp_path: Path) -> None:
    text = "sample,target,positives,total,CAR+ (%)\nA,CAR,3000,18000,0.8\nA,RPP30,4000,18000,0.8\n"
    text += "B,CAR,3000,18000,45\nB,RPP30,4000,18000,45\n"
    shares = [each.car_share for each in read_vcn(read(tmp_path, text)).results]
    assert [each[0] for each in shares if each] == pytest.approx([0.008, 0.45])


def test_untransduced_cells_named_ntc_are_a_sample(tmp_path: Path) -> None:
    text = "sample,target,positives,total\nNTC,CAR,3,18000\nNTC,RPP30,4000,18000\n"
    (found,) = read_vcn(read(tmp_path, text)).results
    assert found.total.value < 0.01


def test_all_problems_of_a_file(tmp_path: Path) -> None:
    text = (
        "sample,target,positives,total\nA,CAR,ten,18000\nA,RPP30,500,400\n"
        "B,CAR,18000,18000\n,RPP30,10,18000\nB,RPP30,1.5,100\n"
    )
    with pytest.raises(DataError) as caught:
        read_vcn(read(tmp_path, text))
    told = "\n".join(str(each) for each in caught.value.problems)
    for line, words in ((2, "'ten'"), (3, "500 of 400"), (4, "all droplets"), (5, "sample is"),
                        (6, "whole numbers")):  # fmt: skip
        assert f"pcr.csv:{line}:" in told
        assert words in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sample,target,total\nA,CAR,5\n", "no column positive"),
        ("sample,target,positives\nA,CAR,5\n", "no column total"),
        ("sample,target,positives,total\nA,CAR,5,9\nA,X,5,9\n", "reference gene is not told"),
        ("sample,target,positives,total\nA,CAR,5,9\nA,RPP30,0,9\n", "no droplet of the ref"),
        ("sample,target,positives,total\nA,CAR,5,9\nB,RPP30,3,9\n", "no well of the ref"),
    ],
)
def test_what_cannot_be_counted(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_vcn(read(tmp_path, text))


def cq(copies: float, offset: float, noise: float = 0.0) -> float:
    return offset - 3.4 * np.log10(copies) + noise


def test_standard_curve() -> None:
    levels = [10.0**k for k in range(1, 6)]
    found = curve("CAR", levels, [cq(x, 38) for x in levels], "")
    assert found.efficiency == pytest.approx(10 ** (1 / 3.4) - 1)
    assert found.line.r2 == pytest.approx(1)
    assert not found.notes
    with pytest.raises(DataError, match="rises"):
        curve("CAR", levels, [30, 31, 32, 33, 34], "")
    with pytest.raises(DataError, match="needs 3 points"):
        curve("CAR", levels[:2], [30, 26], "")


def test_coverage_of_curves() -> None:
    rng = np.random.default_rng(8)
    levels = np.repeat([10.0**k for k in range(1, 6)], 3)
    hits = 0
    for _ in range(400):
        sets = [[cq(x, o, rng.normal(0, 0.15)) for x in levels] for o in (38, 39)]
        a, b = (curve(n, levels.tolist(), y, "") for n, y in zip("ab", sets))
        seen = [
            [cq(x, o, rng.normal(0, 0.15)) for _ in range(3)] for x, o in ((900, 38), (600, 39))
        ]
        found = by_curves((a, seen[0]), (b, seen[1]))
        hits += found.low <= 3.0 <= found.high
    assert 368 <= hits <= 392


def test_table_of_cq(tmp_path: Path) -> None:
    rows = ["Sample Name,Target Name,Task,CT,Quantity"]
    for name, offset in (("CAR", 38.0), ("ALB", 39.0)):
        rows += [f"std,{name},STANDARD,{cq(10.0**k, offset):.4f},{10.0**k:g}" for k in range(1, 6)]
        rows.append(f"L1,{name},UNKNOWN,{cq(3000, offset):.4f},2999")
    rows += [f"U,ALB,UNKNOWN,{cq(3000, 39.0):.4f},", "U,CAR,UNKNOWN,Undetermined,"]
    report = read_vcn(read(tmp_path, "\n".join(rows) + "\n"))
    assert report.method == "qPCR"
    lot, bare = report.results
    assert lot.total.value == pytest.approx(2, rel=1e-3)
    assert bare.total.value == 0
    assert bare.total.high == pytest.approx(2 * 10 / 3000, rel=1e-3)
    assert "fewer than the lowest standard" in bare.notes[0]


def test_command(tmp_path: Path) -> None:
    path, out = read(tmp_path, BIORAD), tmp_path / "out"
    words = ["assay", "vcn", str(path), "--car-positive", "45 % (42-48)"]
    done = CliRunner().invoke(app, [*words, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert all(len(line) <= 100 for line in done.output.splitlines())
    assert {each.name for each in out.iterdir()} == {"vcn.csv", "vcn.html", "numbers.yaml"}
    assert not any("Jane" in each.read_text(encoding="utf-8") for each in out.iterdir())
    assert "Jane" not in done.output
    found = json.loads(CliRunner().invoke(app, [*words, "--json", "--keep-ids"]).stdout)
    first = found["samples"][0]
    assert first["sample"] == "Jane Roe"
    assert first["per_car"] == pytest.approx(first["per_total"] / 0.45)
    assert found["numbers"]["vcn"]["unit"] == "copies/cell"
