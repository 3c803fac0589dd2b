"""Event tables and plain courses: what is read, and what is named as wrong."""

from pathlib import Path

import polars as pl
import pytest

from carnk.assays.events import Events, read_events
from carnk.base import DataError, SpecError


def written(folder: Path, text: str) -> Path:
    path = folder / "course.csv"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str, time_unit: str = "day", lloq: float | None = None) -> Events:
    return read_events(written(folder, text), time_unit, lloq)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(DataError) as caught:
        read(folder, text)
    return [str(problem) for problem in caught.value.problems]


def test_plain_course(tmp_path: Path) -> None:
    events = read(tmp_path, "id,time,value\nA,1,10\nA,0,0\nB,2,3\nB,3,.\nB,4,5\n")
    assert events.ids == ["A", "B"]
    assert events.samples.select("id", "line", "time_days", "value").rows() == [
        ("A", 3, 0.0, 0.0), ("A", 2, 1.0, 10.0), ("B", 4, 2.0, 3.0), ("B", 6, 4.0, 5.0),
    ]  # fmt: skip
    assert events.outputs == [""]
    assert events.doses.is_empty()


def test_event_table_with_doses_outputs_and_covariates(tmp_path: Path) -> None:
    text = (
        "#ID,TIME (h),AMT (cells),EVID,MDV,DV (copies/ug),DVID,RATE,II,ADDL,SS,WT,SEX\n"
        "1,0,1e7,1,1,.,.,2e7,168,2,0,70,F\n"
        "1,24,.,0,0,5,car,.,.,.,.,70,F\n"
        "1,24,.,0,0,7,il15,.,.,.,.,70,F\n"
        "1,400,.,0,1,.,car,.,.,.,.,70,F\n"
        "1,800,.,0,0,3,car,.,.,.,.,71,F\n"
        "1,800,.,2,1,.,car,.,.,.,.,71,F\n"
    )
    events = read(tmp_path, text, "")
    assert events.doses["time_days"].to_list() == [0.0, 7.0, 14.0]
    assert events.doses["rate_per_day"].to_list() == pytest.approx([4.8e8] * 3)
    assert events.outputs == ["car", "il15"]
    assert events.samples["time_days"].to_list() == pytest.approx([1.0, 1.0, 800 / 24])
    assert (events.value_unit, events.amount_unit) == ("copies/ug", "cells")
    assert events.covariates == ("WT", "SEX")
    assert events.samples["WT"].to_list() == [70.0, 70.0, 71.0]
    assert events.rows.schema["SEX"] == pl.String


def test_european_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    events = read(tmp_path, "ID;Tag;Time (d);DV;Age\nA;x;0,5;1,25;40,5\nA;x;1;2;40,5\n", "")
    assert events.samples["value"].to_list() == [1.25, 2.0]
    assert events.rows["Age"].to_list() == [40.5, 40.5]


def test_commas_that_may_group_thousands_are_asked_about(tmp_path: Path) -> None:
    text = "id\ttime\tdv\nA\t1\t12,400\nA\t2\t3\n"
    assert "may be 12400 or 12.400" in problems(tmp_path, text)[0]
    path = written(tmp_path, text)
    assert read_events(path, "day", decimal="point").samples["value"].to_list() == [12400, 3]
    assert read_events(path, "day", decimal="comma").samples["value"].to_list() == [12.4, 3]


@pytest.mark.parametrize(
    ("text", "lloq"),
    [
        ("id,time,dv,cens\nA,1,10,0\nA,2,5,1\n", None),
        ("id,time,dv,lloq\nA,1,10,5\nA,2,1,5\n", None),
        ("id,time,dv\nA,1,10\nA,2,<5\n", None),
        ("id,time,dv\nA,1,10\nA,2,BLQ\n", 5.0),
        ("id,time,dv,cens\nA,1,10,0\nA,2,.,1\n", 5.0),
        ("id,time,dv,cens,lloq\nA,1,10,0,5\nA,2,0,1,5\n", None),
    ],
)
def test_samples_below_the_limit(tmp_path: Path, text: str, lloq: float | None) -> None:
    events = read(tmp_path, text, "day", lloq)
    assert events.samples["censored"].to_list() == [0, 1]
    assert events.samples["value"].to_list() == [10.0, 5.0]
    assert events.samples["limit"].to_list()[1] == 5.0


def test_all_problems_at_once_with_their_lines(tmp_path: Path) -> None:
    text = (
        "ID,TIME,AMT,EVID,DV,CENS\n"
        "1,0,1e6,1,.,.\n"
        "1,1,.,0,ten,0\n"
        "1,2,.,0,-3,0\n"
        "1,-2,.,0,4,0\n"
        "1,3,.,0,5,0\n"
        "1,3,.,0,6,0\n"
        "1,4,.,0,.,1\n"
        "1,5,5,0,1,0\n"
        "1,6,.,3,.,0\n"
        "1,7,0,1,.,0\n"
        ",8,.,0,1,2\n"
    )
    found = problems(tmp_path, text)
    expected = {
        3: "'ten' is not a number", 4: "-3 is below 0", 5: "before time 0", 7: "already on line 6",
        8: "below a limit that is not given", 9: "no dose (EVID 0)", 10: "3 is not one of 0, 1, 2",
        11: "needs an amount above 0", 12: "the patient is missing",
    }  # fmt: skip
    for line, words in expected.items():
        assert any(each.startswith(f"course.csv:{line}:") and words in each for each in found), line


def test_no_warning_names_a_patient(tmp_path: Path) -> None:
    text = "ID,TIME,AMT,DV\nAnna,0,1e6,.\nAnna,1,.,3\nAnna,20,1e6,.\nBerta,1,.,4\nCarl,0,1e6,.\n"
    found = " ".join(str(each) for each in read(tmp_path, text).warnings)
    assert "has no dose" in found
    assert not any(name in found for name in ("Anna", "Berta", "Carl"))


def test_warnings_do_not_stop(tmp_path: Path) -> None:
    text = "ID,TIME,AMT,DV\n1,-5,.,0\n1,0,1e6,.\n1,1,.,3\n1,20,1e6,.\n2,1,.,4\n3,0,1e6,.\n"
    found = [str(each) for each in read(tmp_path, text).warnings]
    assert [each.split(":")[1] for each in found] == ["2", "5", "6", "6", "7"]
    for words in ("baseline", "follows the dose of day 20", "no dose", "one sample"):
        assert any(words in each for each in found)


def test_cens_zero_below_lloq_is_told(tmp_path: Path) -> None:
    events = read(tmp_path, "id,time,dv,cens,lloq\nA,1,10,0,5\nA,2,1,0,5\n")
    assert events.samples["value"].to_list() == [10.0, 1.0]
    assert "below the limit 5" in str(events.warnings[0])


def test_unit_of_time_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="unit of time is not given"):
        read(tmp_path, "id,time,dv\nA,1,10\n", "")
    with pytest.raises(SpecError, match="header says 'h', --time-unit 'day'"):
        read(tmp_path, "id,time (h),dv\nA,1,10\n", "day")
    with pytest.raises(SpecError, match="is an amount, but a time"):
        read(tmp_path, "id,time (cell),dv\nA,1,10\n", "")
    assert read(tmp_path, "id,day,dv\nA,1,10\nA,2,1\n", "").samples["time_days"].to_list() == [1, 2]
    assert read(tmp_path, "id,TIME_H,dv\nA,48,10\nA,72,3\n", "").samples["time_days"][0] == 2.0


def test_columns_that_are_missing_or_double(tmp_path: Path) -> None:
    assert problems(tmp_path, "idd,time,dv\nA,1,1\n")[0].endswith("Did you mean 'idd'?")
    assert "both mean DV" in problems(tmp_path, "id,time,conc,value\nA,1,1,1\n")[0]
    events = read(tmp_path, "id,time,dv,DAY,Subject\nA,1,1,7,x\nA,2,1,8,x\n")
    assert events.covariates == ("DAY", "Subject")
    assert "LIMIT" in problems(tmp_path, "id,time,dv,limit\nA,1,1,0\n")[0]
    assert "meaning of its own" in problems(tmp_path, "id,time,dv,output\nA,1,1,1\nA,2,1,1\n")[0]
    assert "no rows" in problems(tmp_path, "id,time,dv\n")[0]
    assert "4 cells, but 3" in problems(tmp_path, "id,time,dv\nA,1,1,4\n")[0]


def test_limit_is_the_other_end_of_a_censored_sample(tmp_path: Path) -> None:
    text = "id,time,dv,cens,limit\nA,1,9,0,.\nA,2,5,1,2\nA,3,5,-1,8\nA,4,5,1,.\n"
    assert read(tmp_path, text).samples["other_end"].to_list() == [None, 2.0, 8.0, None]
    wrong = "id,time,dv,cens,limit\nA,1,9,0,.\nA,2,5,1,8\n"
    assert "8 does not lie below DV, 5" in problems(tmp_path, wrong)[0]
