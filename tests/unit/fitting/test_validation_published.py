"""Every published quantity has a row or a reason, and is read as it was printed."""

import pytest

from carnk.base import NumberError
from carnk.evidence.pooling import exact
from carnk.evidence.results import OUTCOMES, reports
from carnk.fitting.published import (
    RESPONDERS,
    _published,
    _spread,
    left_out,
    published,
)
from carnk.library import references, table
from carnk.study import read

BY_QUANTITY = {(row.source_row, row.outcome): row for row in published()}


def test_every_row_of_both_tables_is_predicted_or_left_out_with_a_reason():
    known = {each.id for each in reports()} | set(table("kinetics")["row_id"])
    mapped = {row.source_row for row in published()}
    told = {each.source_row for each in left_out()}
    assert known <= mapped | told
    assert told <= known
    assert mapped - known <= set(references())
    assert all(each.reason for each in left_out())


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_no_outcome_of_a_report_is_lost(outcome):
    told = {(each.source_row, what) for each in left_out() for what in each.what.split("; ")}
    for each in reports():
        if outcome in each.seen:
            mapped = (each.id, outcome) in BY_QUANTITY
            assert mapped != ((each.id, OUTCOMES[outcome]) in told)


def test_classes_without_a_model_and_contained_reports_say_so():
    reasons = {(each.source_row, each.reason) for each in left_out()}
    assert {("R017", "NK without CAR"), ("R023", "NK-92"), ("R018", "no built-in study"),
            ("R020", "contained"), ("K004", "no number")} <= reasons  # fmt: skip
    assert not any(row.source_row == "R020" and row.outcome == "response" for row in published())


def test_no_reason_is_given_for_what_is_predicted():
    mapped = {(row.source_row, row.outcome) for row in published()}
    whole = {row.source_row for row in published()}
    for row in table("validation_left_out").to_dicts():
        assert (row["source_row"], row["quantity"]) not in mapped
        if row["quantity"] in (None, "whole"):
            assert row["source_row"] not in whole


def test_rows_point_at_what_their_studies_have():
    for row in published():
        study = read(row.study)
        assert set(row.arms) <= {arm.name for arm in study.arms}
        assert set(row.groups) <= set(study.diseases) | set(RESPONDERS)
        assert row.role in ("calibration", "set from", "held out")
        assert row.evidence_class
    calibrated = {row.study for row in published() if row.role == "calibration"}
    assert {"marin2024", "liu2020"} <= calibrated
    assert not calibrated & {"lei2025", "nkx019", "cd33_aml", "ft596"}


def test_the_words_written_out_by_hand_stand_in_their_source_row():
    tables = {"R": table("results"), "K": table("kinetics")}
    for row in table("validation_rows").to_dicts():
        if row["printed"] is None:
            continue
        key = row["source_row"]
        source = tables[key[0]].filter(row_id=key).to_dicts()[0]
        assert any(row["printed"] in str(cell) for cell in source.values()), row["row_id"]
    by_hand = table("validation_rows").drop_nulls("value")
    assert by_hand["printed"].null_count() == 0


def test_a_count_is_read_with_its_exact_interval():
    seen = BY_QUANTITY["R021", "response"].observed
    assert (seen.events, seen.patients, seen.value) == (8, 10, 0.8)
    assert (seen.low, seen.high) == exact(8, 10)
    assert seen.checked == "read"
    assert 0.6 < seen.shrunk < 0.8


def test_a_range_of_percent_has_the_widest_interval():
    seen = BY_QUANTITY["R024", "crs"].observed
    assert (seen.low, seen.high) == (exact(7, 10)[0], exact(8, 10)[1])
    assert "70-80 %" in seen.note


def test_a_percentage_without_n_has_no_interval_and_says_so():
    seen = BY_QUANTITY["R015", "response"].observed
    assert (seen.value, seen.events, seen.patients) == (1.0, None, None)
    assert seen.low is seen.high is seen.shrunk is None
    assert "without n" in seen.note


def test_a_count_in_words_comes_from_the_studys_own_file():
    seen = BY_QUANTITY["R004", "pfs"].observed
    assert (seen.events, seen.patients) == (12, 37)
    assert "Kaplan-Meier" in seen.note


def test_nothing_is_shrunk_where_no_scale_was_found():
    for row in published():
        if row.observed.shrunk is not None:
            assert row.observed.scale


@pytest.mark.parametrize(
    ("printed", "wanted"),
    [
        ("2-189", (2, 189)), ("95% CI 0.61-1.01", (0.61, 1.01)), ("5-8 (IQR)", (5, 8)),
        ("SD 2", (6.08, 13.92)), ("SD 20", (0, 49.2)), ("CV 100%", (1.956, 51.14)),
    ],
)  # fmt: skip
def test_printed_spreads(printed, wanted):
    assert _spread(10.0, printed) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("printed", ["", "wide"])
def test_words_are_no_spread(printed):
    assert _spread(10.0, printed) == (None, None)


PLAIN = {
    "row_id": "V", "source_row": "R021", "study": "nkx019", "arm": None, "disease": None,
    "outcome": "response", "day": None, "role": "held out", "value": None, "low": None,
    "high": None, "patients": None, "printed": None, "note": None,
}  # fmt: skip


def test_an_added_row_is_all_that_is_needed():
    assert _published(PLAIN).observed.events == 8
    late = _published(PLAIN | {"source_row": "K005", "outcome": "median_tmax_day"})
    assert (late.observed.value, late.observed.patients, late.is_rate) == (1.0, 86, False)


@pytest.mark.parametrize(
    "change", [{"outcome": "pfs"}, {"source_row": "K001", "outcome": "median_tlast_day"}]
)
def test_a_row_without_a_figure_is_refused(change):
    with pytest.raises(NumberError) as error:
        _published(PLAIN | change)
    assert error.value.problems[0].where == "V"
