"""Snapshots, counts, search, updates and differences of the registry."""

import gzip
import json
import sys

import polars as pl
import pytest
from evidence_records import record

from carnk.base import DataError, Problem, SpecError
from carnk.evidence import counts, diff, find, frame, overview, show, snapshot, snapshots, update
from carnk.evidence.export import csv_export, safe

SHIPPED = "2026-08-22"


def test_the_shipped_snapshot_counts_credible_car_nk_trials():
    rows = frame(SHIPPED, everything=True)
    counted = frame(SHIPPED)
    assert rows.height == 198
    doubtful = rows.filter(pl.col("flag").str.starts_with("LOW CREDIBILITY"))
    assert doubtful.height == 30
    assert rows.filter(pl.col("kind") == "CAR-NKT").height == 4
    assert counted.height == 198 - 30 - 4
    assert not counted["flag"].str.contains("LOW CREDIBILITY").any()
    assert (rows["source"] != "").all()
    assert (rows["checked"] != "").all()


def test_counts_state_their_denominator_what_is_unknown_and_what_is_unread():
    for each in overview(SHIPPED):
        assert each.trials == 164
        assert 0 <= each.unknown < each.trials
        assert all(v.unread <= v.trials for v in each.values)
    source = counts("nk_source", SHIPPED)
    assert {v.value: (v.trials, v.unread) for v in source.values}["iPSC"] == (17, 5)
    assert source.unknown == 164 - 80
    years = counts("year", SHIPPED)
    assert sum(v.trials for v in years.values) == 164
    assert years.by_start == 163
    with pytest.raises(SpecError, match="Did you mean 'target'"):
        counts("targt")


def test_a_disease_finds_its_kinds_and_its_broader_groups_and_says_so():
    found = find("DLBCL", day=SHIPPED)
    fits = {hit.row["id"]: hit.fit for hit in found.hits}
    assert found.disease.name == "diffuse large B-cell lymphoma"
    assert fits["NCT05673447"] == "exact"
    assert fits["NCT05020678"] == "broader"
    assert "NCT05008536" not in fits
    assert [hit.fit for hit in found.hits] == sorted(fits.values(), key="exact broader".index)
    assert any("broader group" in note for note in found.notes)
    assert {h.row["id"] for h in find("diffuse large B cell lymphomas", day=SHIPPED).hits} == set(
        fits
    )
    lymphoma = {hit.row["id"]: hit.fit for hit in find("lymphoma", day=SHIPPED).hits}
    assert lymphoma["NCT05673447"] == "narrower"


def test_filters_by_status_country_and_target():
    found = find("lymphoma", recruiting=True, country="usa", only={"target": "cd70"}, day=SHIPPED)
    assert found.hits
    for hit in found.hits:
        assert hit.row["status"] == "RECRUITING"
        assert "United States" in hit.row["country"]
        assert "CD70" in hit.row["target"].split("; ")
    assert find("lymphoma", country="Germany", day=SHIPPED).hits == ()
    with pytest.raises(DataError, match="Did you mean 'Germany'"):
        find("lymphoma", country="Germny")


def test_words_find_trials_and_an_unknown_disease_gets_the_nearest_terms():
    assert all("TGFBR2" in str(hit.row) for hit in find("TGFBR2", day=SHIPPED).hits)
    with pytest.raises(DataError, match="diffuse large B-cell lymphoma"):
        find("difuse large b cell lymfoma")
    with pytest.raises(DataError, match="is not a disease known here"):
        find('"; drop table trials; --')


def test_one_trial_whole_and_the_nearest_id():
    row = show("nct03056339", SHIPPED)
    assert (row["target"], row["armor"], row["switch"]) == ("CD19", "IL-15", "iC9")
    assert "armor" in row["unread"]
    with pytest.raises(DataError, match="Did you mean 'NCT03056339'"):
        show("NCT03056338")


def test_a_day_without_a_snapshot_gets_the_nearest():
    with pytest.raises(DataError, match=f"no snapshot of 2026-11-01.* {SHIPPED}"):
        snapshot("2026-11-01")
    with pytest.raises(DataError, match="is not a date"):
        snapshot("yesterday")


def test_an_update_makes_a_snapshot_beside_the_shipped_one():
    raw = [record(1), record(2, "Aspirin"), record(1), {"protocolSection": {}}, 5]
    made = update(raw, "2026-11-01")
    assert (made.records, made.trials, made.new, made.kept) == (5, 2, 2, 198)
    assert [each.date for each in snapshots()] == [SHIPPED, "2026-11-01"]
    assert any("stands twice" in str(problem) for problem in made.problems)
    with gzip.open(made.snapshot.path.parent / "records.jsonl.gz", "rt") as stream:
        kept = stream.read().splitlines()
    assert [json.loads(line) for line in kept] == raw
    assert show("NCT00000002")["kind"] == "other"
    assert frame().height == 165
    changed = diff(SHIPPED, "2026-11-01")
    assert [row["id"] for row in changed.added] == ["NCT00000001"]
    assert (changed.removed, changed.changed, changed.common) == ((), (), 164)


def test_long_lists_are_classified_in_blocks_with_the_same_outcome(data, monkeypatch):
    records = [record(i) for i in range(1, 12)] + [record(3, "CD7 CAR-NK cells"), 5]
    update(records, "2026-11-01")
    whole = (data / "2026-11-01" / "trials.csv").read_text(encoding="utf-8")
    told = (data / "2026-11-01" / "problems.txt").read_text(encoding="utf-8")
    monkeypatch.setattr(sys.modules["carnk.evidence.update"], "BLOCK", 4)
    shown = []
    made = update(records, "2026-11-01", shown.append)
    assert (made.records, made.trials) == (13, 11)
    assert (data / "2026-11-01" / "trials.csv").read_text(encoding="utf-8") == whole
    assert (data / "2026-11-01" / "problems.txt").read_text(encoding="utf-8") == told
    with gzip.open(data / "2026-11-01" / "records.jsonl.gz", "rt", encoding="utf-8") as stream:
        assert [json.loads(line) for line in stream] == records


def test_a_list_that_breaks_off_in_a_later_block_changes_nothing(data, monkeypatch):
    monkeypatch.setattr(sys.modules["carnk.evidence.update"], "BLOCK", 4)

    def broken():
        yield from (record(i) for i in range(1, 7))
        raise DataError(Problem("page", "this is not JSON"))

    with pytest.raises(DataError, match="this is not JSON"):
        update(broken(), "2026-11-01")
    assert not (data / "2026-11-01").exists()


def test_what_people_collected_is_kept_where_a_record_does_not_say_it():
    before = show("NCT03056339", SHIPPED)
    status = {"overallStatus": "TERMINATED", "studyFirstPostDateStruct": {"date": "2017-02-16"}}
    raw = record(3056339, "CAR-engineered NK cells from cord blood", status=status)
    update([raw], "2026-11-01")
    row = show("NCT03056339")
    assert row["armor"] == before["armor"]
    assert "armor" in row["unread"]
    assert "snapshot before" in row["stated"]
    assert row["year_basis"] == "first posted"
    fields = {c.field: (c.before, c.after) for c in diff(SHIPPED, "2026-11-01").changed}
    assert fields["status"] == ("COMPLETED", "TERMINATED")


def test_a_sponsor_of_doubtful_registrations_stays_flagged():
    sponsor = {"leadSponsor": {"name": "Beijing Biotech", "class": "INDUSTRY"}}
    update([record(1, sponsorCollaborators=sponsor)], "2026-11-01")
    assert show("NCT00000001")["flag"].startswith("LOW CREDIBILITY")
    assert frame().height == 164


def test_the_old_snapshot_stays_until_the_new_one_is_whole(data):
    update([record(1)], "2026-11-01")

    def broken():
        yield record(2)
        raise DataError("the file ends here")

    with pytest.raises(DataError, match="ends here"):
        update(broken(), "2026-11-01")
    with pytest.raises(DataError, match="no record"):
        update([], "2026-11-01")
    assert show("NCT00000001")["id"] == "NCT00000001"
    assert [path.name for path in data.iterdir()] == ["2026-11-01"]
    update([record(3)], "2026-11-01")
    assert show("NCT00000003")["id"] == "NCT00000003"
    assert show("NCT00000001")["id"] == "NCT00000001"


def test_a_file_that_is_no_snapshot_is_refused(data):
    (data / "2026-11-01").mkdir(parents=True)
    (data / "2026-11-01/trials.csv").write_text("id,title\n1,2\n")
    with pytest.raises(DataError, match="this is no snapshot"):
        frame()
    assert frame(SHIPPED).height == 164


def test_exported_cells_are_no_formulas():
    assert safe("=1+1") == "'=1+1"
    assert safe(" @SUM(A1)") == "' @SUM(A1)"
    assert safe("\x1f=1+1") == "'\x1f=1+1"
    assert safe("-5") == "-5"
    assert safe("plain") == "plain"
    assert csv_export([{"a": '=HYPERLINK("x")', "b": "1,2"}], ("a", "b")) == (
        'a,b\r\n"\'=HYPERLINK(""x"")","1,2"\r\n'
    )
