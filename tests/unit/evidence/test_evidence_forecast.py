"""Forecasts: dated, hashed, never of what has been reported, scored against the base rate."""

from dataclasses import replace
from importlib import import_module

import pytest

from carnk.base import DataError, SpecError
from carnk.evidence.forecast import (
    as_csv,
    base_rate,
    forecasts,
    forecasts_for,
    keep,
    make,
    score,
    scored,
)
from carnk.evidence.query import show
from carnk.evidence.results import reports

FORECAST = import_module("carnk.evidence.forecast")
RUN = {"outcome": "response", "study": "lei2025", "study_sha256": "0" * 16,
       "outcomes_sha256": "1" * 16, "carnk": "0.1.0", "patients": 1000, "seed": 1}  # fmt: skip


def test_shipped_forecasts_are_of_trials_that_had_not_reported():
    found = forecasts()
    assert len(found) >= 10
    assert len({(f.trial, f.outcome) for f in found}) == len(found)
    for each in found:
        row = show(each.trial)
        assert row["target"] == "CD19"
        assert each.made >= "2026-08-22"
        assert each.a > 0 < each.b
        assert 0 < each.mean < 1
        assert each.differs


def test_the_hash_holds_every_cell():
    found = forecasts()[0]
    for field, value in (("a", found.a + 1), ("made", "2020-01-01"), ("study", "other")):
        assert replace(found, **{field: value}).sha256 != found.sha256


def test_a_changed_row_is_refused(data):
    data.mkdir(parents=True)
    made = make("NCT06827782", (3.0, 4.0), RUN, "CNS lymphoma")
    (data / "forecasts.csv").write_text(as_csv([made]).replace("3.0", "5.0"))
    with pytest.raises(DataError, match="changed after it was made"):
        forecasts()


def test_forecasts_of_ones_own_are_kept(data):
    made = make("NCT06827782", (3.0, 4.0), RUN, "CNS lymphoma")
    assert keep(made) == data / "forecasts.csv"
    assert forecasts_for("nct06827782") == (made,)
    keep(replace(made, outcome="crs"))
    assert len(forecasts_for("NCT06827782")) == 2


def test_a_reported_trial_is_not_forecast():
    with pytest.raises(DataError, match="has reported response"):
        make("NCT05472558", (3.0, 4.0), RUN)
    with pytest.raises(DataError, match="not in the snapshot"):
        make("NCT99999999", (3.0, 4.0), RUN)
    with pytest.raises(SpecError, match="outcome"):
        make("NCT06827782", (3.0, 4.0), {**RUN, "outcome": "cure"})


def test_the_null_is_the_base_rate_of_what_was_read():
    a, b = base_rate("response")
    assert (a, b) == (36.5, 26.5)  # 18/37, 5/8, 8/10, 5/7
    assert base_rate("crs_grade_3")[0] == 0.5


def test_scores_are_log_chances_and_coverage():
    flat = replace(forecasts()[0], a=1.0, b=1.0, null_a=1000.0, null_b=1.0)
    found = score(flat, 2, 10)
    assert found.log_score == pytest.approx(-2.3979, abs=1e-4)  # log(1/11): every count alike
    assert found.covered
    assert not found.covered_null
    assert found.log_score_null < found.log_score
    with pytest.raises(SpecError, match="cannot be"):
        score(flat, 11, 10)


def test_a_result_that_arrives_is_scored(monkeypatch):
    found = forecasts()[0]
    assert scored(found) is None
    arrived = next(each for each in reports() if each.id == "R012")
    row = {**arrived.row, "trial_id": found.trial}
    monkeypatch.setattr(FORECAST, "reports", lambda: (replace(arrived, row=row),))
    done = scored(found)
    assert (done.events, done.patients) == (5, 8)
    assert done.source.startswith("R012")
    assert done.log_score == score(found, 5, 8).log_score


def test_an_unknown_trial_names_the_nearest():
    with pytest.raises(DataError, match="NCT0"):
        forecasts_for("NCT0670725")
