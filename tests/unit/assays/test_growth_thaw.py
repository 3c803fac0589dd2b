"""Growth of cultures, cells after thaw, and the numbers that both give to other rooms."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import linregress
from typer.testing import CliRunner

from carnk.assays.growth import EXPONENTIAL, LAG, LOGISTIC, Course, grow
from carnk.assays.growth_files import read_growth
from carnk.assays.own_numbers import growth_numbers, thaw_numbers
from carnk.assays.shrinkage import together
from carnk.assays.thaw import read_thaw
from carnk.base import CarnkError, DataError, SpecError
from carnk.cli.app import app
from carnk.library import number_file_text, parse_number_file

DAYS = np.array([0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0])
RATE = np.log(2) / 1.6
Law = Callable[[np.ndarray], np.ndarray]
TRUE: dict[str, Law] = {
    EXPONENTIAL: lambda t: 1e6 * np.exp(RATE * t),
    LAG: lambda t: 1e6 * np.exp(RATE * np.maximum(t - 2.5, 0)),
    LOGISTIC: lambda t: 6e7 / (1 + 59 * np.exp(-RATE * t)),
}


def cultures(law: str, seed: int, donors: int = 1, scatter: float = 0.1) -> list[Course]:
    rng = np.random.default_rng(seed)
    return [
        Course(str(k), "", DAYS, TRUE[law](DAYS) * np.exp(scatter * rng.standard_normal(DAYS.size)))
        for k in range(donors)
    ]


@pytest.mark.parametrize("law", list(TRUE))
def test_the_law_of_growth_is_recognized_and_its_interval_holds_the_truth(law: str) -> None:
    right = held = 0
    for seed in range(12):
        (found,) = grow(cultures(law, seed))
        right += found.law == law
        d = found.doubling_days
        held += bool(d.low and d.high and d.low <= 1.6 <= d.high)
    assert right >= 10
    assert held >= 10


def test_lag_and_plateau_are_found() -> None:
    (late,) = grow(cultures(LAG, 1))
    assert late.lag_days.low < 2.5 < late.lag_days.high
    (full,) = grow(cultures(LOGISTIC, 1))
    assert full.plateau_cells.low < 6e7 < full.plateau_cells.high


def test_few_days_give_no_lag_and_wide_intervals() -> None:
    course = Course("", "", DAYS[:3], TRUE[EXPONENTIAL](DAYS[:3]) * np.array([1.0, 1.05, 0.95]))
    (found,) = grow([course])
    assert found.law == EXPONENTIAL
    assert found.why == "3 days: a lag or a plateau needs 6"
    assert found.doubling_days.high / found.doubling_days.low > 1.5
    (two,) = grow([Course("", "", DAYS[:2], np.array([1e6, 4e6]))])
    assert two.doubling_days.value == pytest.approx(1.0, rel=0.01)
    assert two.doubling_days.low is None


def test_the_doubling_time_is_that_of_the_regression_line() -> None:
    days = np.array([0.0, 2, 4, 7, 10])
    cells = np.array([1e6, 1.1e6, 3.2e6, 1.5e7, 7.1e7])
    line = linregress(days, np.log(cells))
    found = grow([Course("", "", days, cells)])[0]
    assert found.law == EXPONENTIAL
    assert found.doubling_days.value == pytest.approx(np.log(2) / line.slope, rel=1e-9)


def test_a_culture_that_shrinks_has_no_doubling_time() -> None:
    (found,) = grow([Course("", "", DAYS, 1e6 * np.exp(-0.1 * DAYS))])
    assert found.doubling_days.value is None
    assert "does not grow" in found.doubling_days.why


def test_donors_are_drawn_together_as_far_as_their_error_asks_for() -> None:
    found = together([0.0, 0.0, 1.0], [0.05, 0.05, 0.6], prior_spread=0.25)
    sure, _, vague = (each[0] for each in found.each)
    assert abs(sure) < 0.05
    assert 0.0 < vague < 0.5
    assert found.new[1] < found.mean[1] < found.mean[2] < found.new[2]


def test_two_donors_that_agree_do_not_prove_that_all_do() -> None:
    found = together([0.3, 0.3], [0.01, 0.01], prior_spread=0.25)
    assert found.new[2] - found.new[1] > 0.1


COUNTS = "donor,group,day,cells\n" + "".join(
    f"Meier {d},feeders,{t:g},{c:.4g}\n"
    for d in range(3)
    for t, c in zip(DAYS, cultures(LAG, d + 1, scatter=0.08)[0].cells)
)


def written(folder: Path, text: str) -> Path:
    path = folder / "counts.csv"
    path.write_text(text)
    return path


def test_cultures_of_a_group_share_a_law_and_give_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, COUNTS)
    (found,) = read_growth(path).expansions
    assert {g.law for g in found.grown} == {LAG}
    numbers = growth_numbers(found, "k562_mbil21", path.read_bytes())
    assert [n.id for n in numbers] == ["doubling_k562_mbil21", "lag_stimulated", "donor_growth"]
    own = parse_number_file(number_file_text(numbers))
    assert own[0].range[0] < 1.6 < own[0].range[1]
    assert own[1].range[0] < 2.5 < own[1].range[1]
    with pytest.raises(SpecError, match="Did you mean 'k562_mbil21'"):
        growth_numbers(found, "k562_mbil2", b"")


def test_cells_taken_away_are_counted_as_kept(tmp_path: Path) -> None:
    text = "day,cells,carried\n0,1e6,\n2,4e6,1e6\n4,4e6,\n"
    (found,) = read_growth(written(tmp_path, text)).expansions
    assert found.grown[0].course.cells.tolist() == [1e6, 4e6, 1.6e7]
    assert found.grown[0].fold.value == pytest.approx(16.0)


def test_counts_that_fall_or_stand_twice_are_noted(tmp_path: Path) -> None:
    same = "".join(f"{d},{t},{c}\n" for d in "AB" for t, c in ((0, 1e6), (2, 5e6), (4, 1e6)))
    flags = read_growth(written(tmp_path, "donor,day,cells\n" + same)).flags
    assert any("cells fall from 5e+06 on day 2 to 1e+06 on day 4" in str(f) for f in flags)
    assert any("the same counts stand under" in str(f) for f in flags)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("day,cells\n0,1e6\n2,many\n", "counts.csv:3: cells"),
        ("day,cells\n0,1e6\n2,\n", "counts.csv:3: cells"),
        ("day,cells\n0,0\n2,1e6\n", "counts.csv:2: cells"),
        (
            "donor,day,cells\nAnna,0,1e6\nAnna,0,2e6\n",
            "counts.csv:2: the culture was counted on one",
        ),
        ("day,cels\n0,1e6\n", "counts.csv:1"),
    ],
)
def test_bad_counts_are_told_with_their_place(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(CarnkError) as caught:
        read_growth(written(tmp_path, text))
    assert str(caught.value.problems[0]).startswith(place)


VIALS = "donor,vial,container,day,frozen,live,dead,factor\n" + "".join(
    f"Meier {v},v{v},coolcell,{day},1e7,{live},{dead},5e4\n"
    for v, pairs in enumerate((((160, 20), (80, 60)), ((150, 30), (90, 50)), ((170, 25), (75, 70))))
    for day, (live, dead) in enumerate(pairs)
)


def test_recovery_viability_and_survival_have_counting_errors(tmp_path: Path) -> None:
    found = read_thaw(written(tmp_path, VIALS))
    first = found.vials[0]
    assert first.recovery.value == pytest.approx(160 * 5e4 / 1e7)
    assert first.recovery.low == pytest.approx(0.8 * 136.17 / 160, rel=1e-3)  # exact Poisson
    assert first.recovery.high == pytest.approx(0.8 * 186.80 / 160, rel=1e-3)
    assert first.viability.value == pytest.approx(160 / 180)
    assert found.survivals[0].share.value == pytest.approx(0.5)
    survival = next(p for p in found.pooled if p.what == "survival")
    assert survival.vials == 3
    assert survival.typical[1] < 0.52 < survival.typical[2]


def test_no_live_cells_are_not_no_chance(tmp_path: Path) -> None:
    text = "frozen,live,dead,factor\n1e6,0,150,1e4\n"
    vial = read_thaw(written(tmp_path, text)).vials[0]
    assert vial.viability.value == 0.0
    assert 0.02 < vial.viability.high < 0.03
    assert vial.recovery.high == pytest.approx(3.689 * 1e4 / 1e6, rel=1e-3)


def test_a_counted_label_adds_its_own_error(tmp_path: Path) -> None:
    plain = read_thaw(written(tmp_path, "frozen,live,dead,factor\n2e7,200,20,5e4\n")).vials[0]
    head = "frozen,live,dead,factor,frozen_counted\n"
    counted = read_thaw(written(tmp_path, f"{head}2e7,200,20,5e4,200\n")).vials[0]
    assert counted.recovery.value == pytest.approx(plain.recovery.value)
    assert counted.recovery.low < plain.recovery.low
    assert counted.recovery.high > plain.recovery.high


def test_thaw_gives_the_numbers_that_making_reads(tmp_path: Path) -> None:
    path = written(tmp_path, VIALS)
    numbers = thaw_numbers(read_thaw(path), "coolcell", path.read_bytes())
    assert [n.id for n in numbers] == ["viability_after_thaw", "recovery_after_thaw"]
    own = parse_number_file(number_file_text(numbers))
    assert own[0].value == pytest.approx(0.8, abs=0.05)
    assert own[1].value == pytest.approx(0.5, abs=0.06)
    with pytest.raises(SpecError, match="no container 'colcell'"):
        thaw_numbers(read_thaw(path), "colcell", b"")


def test_more_cells_than_were_frozen_are_flagged_and_give_no_number(tmp_path: Path) -> None:
    path = written(tmp_path, "frozen,live,dead,factor\n1e6,400,20,5e3\n")
    found = read_thaw(path)
    assert "200% of the frozen cells are recovered" in str(found.flags[0])
    assert thaw_numbers(found, "", path.read_bytes()) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("frozen,live,dead,factor\n1e6,4.5,20,5e3\n", "counts.csv:2: live"),
        ("frozen,live,dead,factor\n1e6,some,20,5e3\n", "counts.csv:2: live"),
        ("frozen,live,dead,factor\n1e6,40,,5e3\n", "counts.csv:2: dead"),
        ("frozen,live,dead\n1e6,40,20\n", "counts.csv:1"),
    ],
)
def test_bad_vials_are_told_with_their_place(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(DataError) as caught:
        read_thaw(written(tmp_path, text))
    assert str(caught.value.problems[0]).startswith(place)


def test_numbers_go_into_making(tmp_path: Path) -> None:
    """`assay growth` and `assay thaw` write what `make run --numbers` reads; donors stay hidden."""
    run = CliRunner().invoke
    growth, thaw = tmp_path / "g", tmp_path / "t"
    counts = str(written(tmp_path, COUNTS))
    done = run(app, ["assay", "growth", counts, "--method", "k562_mbil21", "--out", str(growth)])
    assert done.exit_code == 0, done.output
    assert "Meier" not in done.output + (growth / "growth.csv").read_text()
    done = run(app, ["assay", "thaw", str(written(tmp_path, VIALS)), "--out", str(thaw)])
    assert done.exit_code == 0, done.output
    assert all(len(line) <= 100 for line in done.output.splitlines())
    for folder in (growth, thaw):
        assert "Meier" not in next(folder.glob("*.html")).read_text()
        own = parse_number_file((folder / "numbers.yaml").read_text())
        assert {n.room for n in own} <= {"making", "products"}
