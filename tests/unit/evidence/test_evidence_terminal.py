"""`carnk trials` as a user types it, and the landscape page."""

import csv
import io
import json
import re
from importlib import import_module

import pytest
from evidence_records import record
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app
from carnk.evidence import update

WIDTH = 100
FETCHING = import_module("carnk.evidence.fetch")


def call(*words):
    done = CliRunner().invoke(app, ["trials", *words])
    if isinstance(done.exception, CarnkError):
        return done.exception.exit_code, str(done.exception)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize(
    "words",
    [
        (), ("--all",), ("find", "DLBCL", "--recruiting"), ("show", "NCT03056339"),
        ("find", "lupus", "--country", "China"), ("find", "LBCL", "--all"), ("--help",),
    ],
)  # fmt: skip
def test_output_fits_the_terminal(words):
    code, text = call(*words)
    assert code == 0
    assert all(len(line) <= WIDTH for line in text.splitlines())


def test_the_overview_states_denominators_and_marks():
    _, text = call()
    assert text.startswith("164 CAR-NK trials in the snapshot of 2026-08-22; 34 more")
    assert "156 of 164 state it" in text
    assert "163 by start, first posting unknown" in text
    assert "* unread" in text


def test_answers_for_scripts(tmp_path):
    _, text = call("find", "myeloma", "--json")
    assert all(row["disease"] for row in json.loads(text)["trials"])
    call("find", "myeloma", "--format", "csv", "--out", str(tmp_path / "m.csv"))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "m.csv").read_text())))
    assert {row["id"] for row in rows} == {row["id"] for row in json.loads(text)["trials"]}
    assert json.loads(call("--json")[1])["snapshot"] == "2026-08-22"
    assert json.loads(call("show", "NCT03056339", "--json")[1])["target"] == "CD19"
    assert call("find", "myeloma", "--format", "cvs")[0] == 2


def test_an_update_from_a_file_and_the_difference(tmp_path):
    path = tmp_path / "studies.json"
    path.write_text(json.dumps({"studies": [record(1), record(2)]}))
    code, text = call("update", "--from", str(path), "--day", "2026-11-01")
    assert code == 0
    assert "2 records, 2 studies, 2 new" in text
    assert "2 trials added, 0 gone" in call("diff", "2026-08-22", "2026-11-01")[1]
    assert call("diff", "2026-08-22", "2026-12-24")[0] == 5
    assert call("update", "--from", str(path), "--day", "someday")[0] == 5


def test_an_update_from_the_registry(registry, monkeypatch):
    monkeypatch.setenv("CARNK_CTGOV", registry.url)
    monkeypatch.setattr(FETCHING, "BETWEEN_PAGES", 0.0)
    code, text = call("update", "--day", "2026-11-01")
    assert code == 0
    assert "5 records, 5 studies, 5 new" in text


def test_an_offline_machine_keeps_its_snapshot(monkeypatch):
    monkeypatch.setenv("CARNK_CTGOV", "http://127.0.0.1:9/none")
    monkeypatch.setattr(FETCHING, "FIRST_WAIT", 0.0)
    code, text = call("update")
    assert code == 5
    assert "cannot be reached" in text
    assert call()[1].startswith("164 CAR-NK trials in the snapshot of 2026-08-22")


def test_the_page_needs_no_network_and_escapes_what_the_registry_says(tmp_path):
    title = "<script>alert(1)</script> CD19 CAR-NK"
    raw = record(1, "CD19 CAR-NK", identification={"nctId": "NCT00000001", "briefTitle": title})
    raw["protocolSection"]["armsInterventionsModule"] = {
        "interventions": [{"name": '"><img src=x onerror=alert(1)> CD19 CAR-NK'}]
    }
    raw["protocolSection"]["sponsorCollaboratorsModule"] = {
        "leadSponsor": {"name": "a < b & </script><script>alert(2)</script> x"}
    }
    update([raw], "2026-11-01")
    code, text = call("page", "--out", str(tmp_path / "l.html"))
    page = (tmp_path / "l.html").read_text()
    assert (code, text.strip()) == (0, str(tmp_path / "l.html"))
    assert page.count("<script") == 1
    assert "alert(1)</script>" not in page
    assert "<img" not in page
    assert set(re.findall(r'(?:src|href)="(https?://[^/"]+)', page)) <= {
        "https://clinicaltrials.gov", "https://www.chictr.org.cn"
    }  # fmt: skip
    assert not re.search(r"<link|@import|url\(|<(?:img|iframe|object)", page)
    assert "165</b>" in page
