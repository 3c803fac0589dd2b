"""Records are read with all that is missing or wrong in them; files of them piece by piece."""

import json

import pytest
from evidence_records import record

from carnk.base import DataError
from carnk.evidence import classify, read_pages, study


def test_a_record_is_read_with_its_facts():
    found = study(
        record(7, design={"phases": ["PHASE1", "PHASE2"], "enrollmentInfo": {"count": 30}})
    )
    assert (found.id, found.product, found.problems) == ("NCT00000007", found.title, ())
    assert found.facts["phase"] == "Phase 1/2"
    assert found.facts["start_date"] == "2026-03"
    assert found.facts["first_posted"] == "2026-02-11"
    assert found.facts["country"] == "Germany"
    assert found.facts["enrollment"] == "30"


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (None, "a record is NoneType"),
        ({}, "'' is not an NCT number"),
        ({"protocolSection": []}, "is list, not dict"),
        (record(1, conditions="Lymphoma"), "conditionsModule: is str, not dict"),
        (record(1, status={"startDateStruct": {"date": "soon"}}), "'soon' is not a date"),
        (record(1, status={"startDateStruct": {"date": "2020-13"}}), "not a date of this calendar"),
        (record(1, armsInterventions={"interventions": [1]}), "1 of 1 entries are not objects"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_is_read(raw, what):
    found = study(raw)
    assert any(what in str(problem) for problem in found.problems)
    classify(found)


@pytest.mark.parametrize(("date", "kept"), [("2020", "2020"), ("2020-3", "2020-03"), ("", "")])
def test_partial_dates_are_kept_as_they_are(date, kept):
    assert study(record(1, status={"startDateStruct": {"date": date}})).facts["start_date"] == kept


def test_html_in_text_is_read_as_text():
    found = study(record(1, "<b>CD19</b> CAR&#45;NK &lt;script&gt;"))
    assert found.title == "CD19 CAR-NK <script>"


@pytest.mark.parametrize("indent", [None, 1])
def test_every_shape_of_a_saved_answer_is_read(tmp_path, indent):
    records = [record(i) for i in range(3)]
    path = tmp_path / "s.json"
    page = {"nextPageToken": "x", "studies": records, "totalCount": 3}
    for saved in (page, {"studies": records}, records, {"totalCount": 3, **page}):
        path.write_text(json.dumps(saved, indent=indent), encoding="utf-8-sig")
        assert list(read_pages(path)) == records
    path.write_text(json.dumps(records[0]))
    assert list(read_pages(path)) == records[:1]
    path.write_text("\n".join(map(json.dumps, records)))
    assert list(read_pages(path)) == records
    assert list(read_pages(tmp_path)) == records


def test_a_file_longer_than_a_piece_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("carnk.evidence.record.PIECE", 50)
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"studies": [record(i) for i in range(40)], "nextPageToken": "t"}))
    assert len(list(read_pages(path))) == 40


@pytest.mark.parametrize(
    ("text", "line"),
    [('{"studies": [\n{"a": 1,]}', 2), ("[1,\n\n2 3]", 3), ('{"studies": [{}', 1), ("[1]\n,", 2)],
)
def test_text_that_is_no_json_is_refused_with_its_line(tmp_path, text, line):
    path = tmp_path / "s.json"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"s\.json:{line}: this is not JSON"):
        list(read_pages(path))


def test_a_missing_file_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        list(read_pages(tmp_path / "none.json"))
    with pytest.raises(DataError, match="no JSON file"):
        list(read_pages(tmp_path))
