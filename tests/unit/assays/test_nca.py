"""Non-compartmental analysis: closed forms, limits of quantification, several doses, groups."""

from collections.abc import Callable
from math import exp, log
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from carnk.assays.events import read_events
from carnk.assays.nca import groups_of, nca, summarize
from carnk.base import SpecError


def analyzed(folder: Path, text: str, lloq: float | None = None) -> pl.DataFrame:
    path = folder / "course.csv"
    path.write_text(text, encoding="utf-8")
    return nca(read_events(path, "day", lloq))


def sampled(course: Callable[[float], float], days: list[float]) -> str:
    return "id,time,dv\n" + "".join(f"A,{day!r},{course(day)!r}\n" for day in days)


def test_bolus_is_exact_from_few_samples(tmp_path: Path) -> None:
    k, top = 0.17, 1000.0
    days = [0.0, 1.0, 3.0, 7.0, 14.0, 21.0, 35.0]
    row = analyzed(tmp_path, sampled(lambda t: top * exp(-k * t), days)).row(0, named=True)
    assert row["cmax"] == top
    assert row["tmax_days"] == 0
    assert row["half_life_days"] == pytest.approx(log(2) / k, rel=1e-9)
    assert row["auc_last"] == pytest.approx(top / k * (1 - exp(-k * 35)), rel=1e-9)
    assert row["auc_end"] == pytest.approx(top / k * (1 - exp(-k * 28)), rel=1e-9)
    assert row["auc_end_extrapolated"] == 0
    assert row["auc_inf"] == pytest.approx(top / k, rel=1e-9)
    assert row["auc_inf_extrapolated"] == pytest.approx(exp(-k * 35), rel=1e-9)
    assert row["mrt_days"] == pytest.approx(1 / k, rel=1e-9)
    assert row["notes"] == ""


def test_day_28_beyond_the_last_sample_is_extrapolated(tmp_path: Path) -> None:
    k, top = 0.17, 1000.0
    row = analyzed(tmp_path, sampled(lambda t: top * exp(-k * t), [0.0, 1.0, 3.0, 7.0]))
    found = row.row(0, named=True)
    assert found["auc_end"] == pytest.approx(top / k * (1 - exp(-k * 28)), rel=1e-9)
    share = (exp(-k * 7) - exp(-k * 28)) / (1 - exp(-k * 28))
    assert found["auc_end_extrapolated"] == pytest.approx(share, rel=1e-9)
    assert "of AUC0-28d is extrapolated" in found["notes"]
    assert found["mrt_days"] is None  # a third of AUCinf is extrapolated


def test_expansion_and_two_phases_by_closed_form(tmp_path: Path) -> None:
    """Growth to day 9, then a fast and a slow fall, densely sampled."""
    grow, fast, slow, share, peak, top = 0.8, 0.16, 0.0032, 0.008, 9.0, 24_000.0

    def course(t: float) -> float:
        if t <= peak:
            return top * exp(grow * (t - peak))
        return top * ((1 - share) * exp(-fast * (t - peak)) + share * exp(-slow * (t - peak)))

    days = [*np.linspace(0, peak, 4001), *np.geomspace(peak, 400, 3001)[1:]]
    row = analyzed(tmp_path, sampled(course, [float(d) for d in days])).row(0, named=True)
    rise = top * (1 - exp(-grow * peak)) / grow

    def fall(t: float) -> float:
        parts = ((1 - share, fast), (share, slow))
        return top * sum(a / k * (1 - exp(-k * (t - peak))) for a, k in parts)

    assert row["auc_end"] == pytest.approx(rise + fall(28), rel=1e-6)
    assert row["auc_last"] == pytest.approx(rise + fall(400), rel=1e-6)
    assert (row["cmax"], row["tmax_days"]) == (top, peak)
    assert row["tlast_days"] == 400


def test_half_life_takes_the_terminal_phase(tmp_path: Path) -> None:
    days = [0.0, 1, 2, 4, 7, 10, 14, 28, 60, 90, 120, 180]
    course = sampled(lambda t: 1e4 * exp(-0.5 * t) + 100 * exp(-0.01 * t), days)
    row = analyzed(tmp_path, course).row(0, named=True)
    assert row["half_life_days"] == pytest.approx(log(2) / 0.01, rel=0.01)
    low, high = row["half_life_low"], row["half_life_high"]
    assert low < row["half_life_days"] < high


def test_samples_below_the_limit(tmp_path: Path) -> None:
    """0 before the first above it, missing between, dropped after the last."""
    text = "id,time,dv\nA,0,0\nA,1,<10\nA,2,100\nA,3,<10\nA,4,50\nA,6,25\nA,8,12.5\nA,15,<10\n"
    row = analyzed(tmp_path, text).row(0, named=True)
    k = log(2) / 2
    assert row["tlast_days"] == 8
    assert row["auc_last"] == pytest.approx(50 + (100 - 12.5) / k, rel=1e-9)
    assert row["half_life_days"] == pytest.approx(2, rel=1e-9)
    assert row["samples"] == 4


def test_no_half_life_but_a_sample_below_the_limit(tmp_path: Path) -> None:
    row = analyzed(tmp_path, "id,time,dv\nA,0,0\nA,7,100\nA,14,BLQ\n", 10).row(0, named=True)
    assert row["half_life_days"] is None
    assert row["auc_end"] == pytest.approx(350 + 350)
    assert "first sample below the limit" in row["notes"]


def test_nothing_above_the_limit(tmp_path: Path) -> None:
    row = analyzed(tmp_path, "id,time,dv\nA,1,BLQ\nA,7,0\n", 10).row(0, named=True)
    assert row["cmax"] is None
    assert row["notes"] == "no sample above the limit of quantification"


def test_several_doses(tmp_path: Path) -> None:
    rows = ["ID,TIME,AMT,DV", "A,5,1e6,.", "A,5,.,80", "A,11.95,.,10", "A,12,1e6,.", "A,13,.,90"]
    rows += [f"A,{day},.,{90 * exp(-0.3 * (day - 13))!r}" for day in (15, 19, 26, 33)]
    table = analyzed(tmp_path, "\n".join(rows) + "\n")
    assert table["period"].to_list() == ["all", "dose 1", "dose 2"]
    whole, first, second = table.rows(named=True)
    assert (whole["cmax"], whole["tmax_days"]) == (90, 8)
    assert (first["cmax"], first["tmax_days"], first["end_days"]) == (80, 0, 7)
    assert first["auc_end"] == pytest.approx(7 * 70 / log(8))
    assert (second["cmax"], second["tmax_days"]) == (90, 1)
    assert second["half_life_days"] == pytest.approx(log(2) / 0.3, rel=1e-9)
    assert second["auc_end"] == pytest.approx(50 + 300 * (1 - exp(-0.3 * 27)), rel=1e-9)
    assert whole["mrt_days"] is None


def test_no_area_where_a_dose_has_no_sample(tmp_path: Path) -> None:
    text = "ID,TIME,AMT,DV\nA,0,1,.\nA,0,.,9\nA,3,.,5\nA,7,1,.\nA,8,.,6\nA,9,.,4\nA,11,.,1\n"
    _, first, second = analyzed(tmp_path, text).rows(named=True)
    assert first["auc_end"] is None
    assert second["auc_end"] is None
    assert first["cmax"] == 9
    assert second["cmax"] == 6


def test_zero_at_the_first_dose_if_no_sample_is_there(tmp_path: Path) -> None:
    row = analyzed(tmp_path, "id,time,dv\nA,-5,0\nA,4,10\nA,6,5\n").row(0, named=True)
    assert row["auc_last"] == pytest.approx(20 + 2 * 5 / log(2))
    assert "0 is taken at the dose" in row["notes"]


def test_summary_over_patients_and_groups(tmp_path: Path) -> None:
    path = tmp_path / "course.csv"
    rows = [f"{i},{day},{top * 2.0**-day},{arm}"
            for i, top, arm in ((1, 10, "CR"), (2, 1000, "CR"), (3, 50, "PD"))
            for day in (0, 1, 2, 3, 4)]  # fmt: skip
    path.write_text("id,day,dv,Response\n" + "\n".join(rows) + "\n", encoding="utf-8")
    events = read_events(path)
    table = nca(events)
    whole = summarize(table).filter(parameter="cmax").row(0, named=True)
    assert (whole["n"], whole["median"], whole["low"], whole["high"]) == (3, 50, 10, 1000)
    groups = groups_of(events, "response")
    by = summarize(table, groups).filter(parameter="cmax")
    assert by["group"].to_list() == ["CR", "PD"]
    assert by["geometric_mean"].to_list() == pytest.approx([100, 50])
    sd = np.std(np.log([10, 1000]), ddof=1)
    assert by["geometric_cv"][0] == pytest.approx(np.sqrt(np.expm1(sd**2)))
    assert by["geometric_cv"][1] is None
    tmax = summarize(table).filter(parameter="tmax_days")
    assert tmax["geometric_mean"][0] is None
    with pytest.raises(SpecError, match="Did you mean 'Response'"):
        groups_of(events, "respons")
