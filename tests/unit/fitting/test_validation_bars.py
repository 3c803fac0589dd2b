"""Bars and aims: read, measured on what was read in its source, told apart."""

from dataclasses import replace

import pytest

from carnk.base import SpecError
from carnk.fitting.bars import MEASURES, WORDS, Bar, Verdict, judged, read_bars, stated
from carnk.fitting.published import Observed, Published
from carnk.fitting.validation import Checked

HEAD = "name,evidence_class,kind,least,most,why\n"
PUBLISHED = Published(
    "V", "R021", "nkx019", (), (), "response", None, "held out",
    Observed(8, 10, 0.8, 0.44, 0.98, checked="read"), "CAR-NK",
)  # fmt: skip
INSIDE = Checked(PUBLISHED, 0.7, 0.4, 1.0, True, -0.5, -1.0, -3.0)
OUTSIDE = Checked(PUBLISHED, 0.3, 0.0, 0.6, True, -2.0, -4.0, -3.0)


def measure(name, *rows, kind="CAR-NK"):
    return judged(list(rows), (Bar(name, kind, "bar", 0.0, None, ""),))[0].measured


def test_every_stated_bar_has_a_measure_and_a_reason():
    assert {bar.name for bar in stated()} <= set(MEASURES)
    assert set(MEASURES) == set(WORDS)
    assert all(bar.why and bar.kind in ("bar", "aim") for bar in stated())
    assert any(bar.kind == "bar" for bar in stated())
    assert [bar.kind for bar in stated() if bar.name == "log_score_over_null"] == ["aim"]


def test_coverage_counts_held_out_rows_of_the_class_that_were_read():
    assert measure("held_out_inside", INSIDE, OUTSIDE, OUTSIDE) == pytest.approx(1 / 3)
    unread = replace(PUBLISHED, observed=replace(PUBLISHED.observed, checked="unread"))
    assert measure("held_out_inside", INSIDE, replace(OUTSIDE, published=unread)) == 1
    other = replace(OUTSIDE, published=replace(PUBLISHED, evidence_class="autologous CAR-T"))
    assert measure("held_out_inside", INSIDE, other) == 1
    assert measure("held_out_inside", INSIDE, other, kind="autologous CAR-T") == 0


def test_efficacy_and_calibration_are_counted_apart():
    crs = replace(OUTSIDE, published=replace(PUBLISHED, outcome="crs"))
    assert measure("held_out_efficacy_inside", INSIDE, crs) == 1
    fitted = replace(OUTSIDE, published=replace(PUBLISHED, role="calibration"), overlap=False)
    assert measure("calibration_overlap", INSIDE, fitted) == 0
    assert measure("calibration_overlap", INSIDE) is None


def test_overlap_counts_shares_of_patients_and_no_amounts():
    apart = replace(INSIDE, overlap=False)
    spread = Observed(value=9.0, patients=20, low=1.0, high=99.0, checked="read")
    amount = replace(PUBLISHED, outcome="median_tmax_day", observed=spread)
    amounts = [replace(INSIDE, published=amount)] * 8
    assert measure("held_out_overlap", INSIDE, apart, *amounts) == 0.5


def test_the_log_score_is_that_of_main_outcomes_less_the_nulls():
    assert measure("log_score_over_null", INSIDE, OUTSIDE) == pytest.approx(2.0 - 1.0)
    other = replace(INSIDE, published=replace(PUBLISHED, outcome="complete_response"))
    assert measure("log_score_over_null", other) is None


def test_only_a_bar_that_was_measured_fails():
    bar = Bar("held_out_inside", "CAR-NK", "bar", 0.5, 0.9, "")
    assert [Verdict(bar, x).fails for x in (0.4, 0.5, 0.9, 0.91, None)] == [
        True, False, False, True, False,
    ]  # fmt: skip
    assert not Verdict(replace(bar, kind="aim"), 0.4).fails


def test_bars_of_ones_own_are_read(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEAD + "held_out_inside,CAR-NK,bar,0.99,,strict\n", encoding="utf-8")
    assert read_bars(path) == (Bar("held_out_inside", "CAR-NK", "bar", 0.99, None, "strict"),)


def test_all_problems_of_bars_are_told_at_once(tmp_path):
    path = tmp_path / "mine.csv"
    lines = [
        "held_out_insid,CAR-NK,bar,0.9,,x", "held_out_inside,CAR,baar,high,nan,x",
        "held_out_inside,CAR-NK,aim,,,x", "short,row",
    ]  # fmt: skip
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(SpecError) as error:
        read_bars(path)
    text = str(error.value)
    for told in (
        "mine.csv:2: name: 'held_out_insid' is not known. Did you mean 'held_out_inside'?",
        "mine.csv:3: evidence_class: 'CAR'", "mine.csv:3: kind: 'baar'", "'high' is not a number",
        "'nan' is not a number", "mine.csv:4: there is neither", "mine.csv:5: there are 2 cells",
    ):  # fmt: skip
        assert told in text


@pytest.mark.parametrize("text", ["", HEAD, "name,kind\na,b\n"])
def test_a_table_of_another_shape_is_refused(tmp_path, text):
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="evidence_class"):
        read_bars(path)
