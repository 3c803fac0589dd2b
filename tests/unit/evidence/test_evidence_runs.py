"""Runs as evidence: what a run folder predicts, forecasts from it, and the table of claim runs."""

import pytest
from typer.testing import CliRunner

from carnk.base import SpecError
from carnk.cli.app import app
from carnk.evidence.forecast import forecasts_for, make
from carnk.report import claim_runs
from carnk.report.forecast_runs import identity
from carnk.report.predictions import last_seen, predicted
from carnk.study.folder import run_to_folder
from carnk.study.read import read
from carnk.study.result import Result


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a run of 40 patients."""
    folder = tmp_path_factory.mktemp("runs")
    run_to_folder("liu2020", read("liu2020", patients=40), folder / "liu2020")
    return folder


def test_a_run_predicts_what_its_report_says(runs):
    found = predicted(runs / "liu2020", "response")
    told = next(
        row for row in Result(runs / "liu2020").predictions()
        if row.outcome == "response" and row.day is None
    )  # fmt: skip
    assert (found.law.a, found.law.b) == (told.prediction.a, told.prediction.b)
    assert (found.study, found.patients, found.seed) == ("liu2020", 40, 1)
    assert len(found.study_sha256) == len(found.outcomes_sha256) == 64
    part = predicted(runs / "liu2020", "crs", ("dlbcl", "cll"))
    assert part.law != predicted(runs / "liu2020", "crs").law


@pytest.mark.parametrize(
    ("outcome", "diseases", "arm", "said"),
    [
        ("respnse", (), "", "Did you mean 'response'"),
        ("response", ("dlbc",), "", "Did you mean 'dlbcl'"),
        ("response", (), "1e9", "arm"),
    ],
)
def test_what_a_run_does_not_hold_is_answered(runs, outcome, diseases, arm, said):
    with pytest.raises(SpecError, match=said):
        predicted(runs / "liu2020", outcome, diseases, arm)


def test_no_run_is_no_prediction(tmp_path):
    with pytest.raises(SpecError):
        predicted(tmp_path / "nowhere", "response")


def test_last_days_are_in_order(runs):
    middle, low, high = last_seen(runs / "liu2020")
    assert 0 <= low <= middle <= high <= 365


def test_a_forecast_is_made_kept_and_shown(runs, data):
    words = ["trials", "forecast", "NCT06827782", "--run", str(runs / "liu2020"),
             "--disease", "dlbcl", "--differs", "CNS lymphoma"]  # fmt: skip
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0
    assert (data / "forecasts.csv").is_file()
    (kept,) = forecasts_for("NCT06827782")
    found = predicted(runs / "liu2020", "response", ("dlbcl",))
    assert kept == make("NCT06827782", (found.law.a, found.law.b), identity(found), "CNS lymphoma")
    assert kept.sha256 in done.output


def test_claim_runs_are_read_from_runs(runs, monkeypatch):
    plan = [row for row in claim_runs.PLAN if row[1] == "liu2020"]
    monkeypatch.setattr(claim_runs, "PLAN", plan)
    rows = claim_runs.rows(runs, "2026-11-22")
    assert [row["claim"] for row in rows] == [row[0] for row in plan]
    assert all(tuple(row) == claim_runs.COLUMNS for row in rows)
    assert all(row["patients"] == 40 for row in rows)
    assert {row["study_sha256"] for row in rows} == {
        predicted(runs / "liu2020", "crs").study_sha256[:16]
    }
