"""The loop: chunks, failures by patient, what outcomes hold."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from carnk.kinetics import PARAMETERS
from carnk.library import load
from carnk.study import parse, read, study_text
from carnk.study.backends import backend
from carnk.study.run import (
    Tally,
    courses_of,
    difference_at_half_tolerance,
    one_chunk,
    run_chunks,
)
from carnk.study.unfinished import under_way

run = import_module("carnk.study.run")  # the room also has a function of this name
PLANTED = 5


def same(a, b, rows=slice(None)):
    return all(np.asarray(a[k])[rows].tobytes() == np.asarray(b[k])[rows].tobytes() for k in a)


@pytest.fixture(scope="module")
def small():
    return replace(read("liu2020"), patients=25)


@pytest.fixture(scope="module")
def whole(small):
    return one_chunk(small, load().view(), np.arange(25), 1)


def test_a_failing_patient_is_named_and_the_others_are_unchanged(small, whole, monkeypatch):
    real = run.draw

    def planted(study, view, ids):
        cohort = real(study, view, ids)
        cohort.parameters[ids == PLANTED, PARAMETERS.index("growth")] = np.nan
        return cohort

    monkeypatch.setattr(run, "draw", planted)
    chunk = one_chunk(small, load().view(), np.arange(25), 1)
    assert list(chunk.failures) == [PLANTED]
    assert "growth" in chunk.failures[PLANTED]
    others = np.arange(25) != PLANTED
    assert same(chunk.outcomes, whole.outcomes, others)
    assert not whole.failures
    for name in ("response", "crs_grade", "icans", "gvhd", "progression_day", "cmax_per_ul"):
        assert np.isnan(chunk.outcomes[name][PLANTED]), name


def worked(study, place, chunk, progress=lambda tally: None):
    """The tally and the rows of a study in small chunks."""
    tally = Tally()
    with backend(1) as serial, under_way(place, {"chunk": chunk}, "refuse") as unfinished:
        run_chunks(study, unfinished, serial, tally, progress)
        rows = [frame.height for frame in unfinished.frames("outcomes.csv")]
    return tally, rows


@pytest.mark.parametrize("failing", [PLANTED, 22])
def test_a_failure_is_named_by_patient_in_any_chunk(small, tmp_path, monkeypatch, failing):
    real = run.draw

    def planted(study, view, ids):
        cohort = real(study, view, ids)
        cohort.parameters[ids == failing, PARAMETERS.index("growth")] = np.nan
        return cohort

    monkeypatch.setattr(run, "draw", planted)
    tally, rows = worked(small, tmp_path / "out", 4)
    assert sum(rows) == tally.done == 25
    assert list(tally.failures) == [failing]


def test_probabilities_of_toxicity_are_never_zero_and_fall_with_the_grade(whole):
    o = whole.outcomes
    for name in ("crs_probability_1", "icans_probability", "gvhd_probability"):
        assert ((o[name] > 0) & (o[name] < 1)).all(), name
    assert (o["crs_probability_1"] > o["crs_probability_2"]).all()
    assert (o["crs_probability_2"] > o["crs_probability_3"]).all()
    assert (o["icans_probability"] < o["crs_probability_1"]).all()
    assert set(o["crs_grade"]) <= {0, 1, 2, 3}


def test_complete_response_is_a_response(whole):
    o = whole.outcomes
    assert (o["complete_response"] <= o["response"]).all()
    assert (o["best_complete_response"] <= o["best_response"]).all()


def test_courses_are_kept_for_the_sample_alone(small, monkeypatch):
    monkeypatch.setattr(run, "SAMPLE", 3)
    chunk = one_chunk(small, load().view(), np.arange(2, 8), 1)
    assert set(chunk.courses["patient"]) == {2}
    days = courses_of(small, run.draw(small, load().view(), np.arange(1))).times
    assert chunk.courses["day"].tolist() == days.tolist()
    assert (chunk.courses["tumor"] >= 0).all()


def test_the_tolerance_check_is_small_and_not_zero(small):
    apart = difference_at_half_tolerance(small, load().view())
    assert 0 < apart < 1e-2


def test_a_noted_interrupt_ends_after_the_chunk_at_hand(small, tmp_path):
    def stop(tally):
        tally.interrupted = True

    tally, rows = worked(small, tmp_path / "out", 10, stop)
    assert tally.done == 10
    assert rows == [10]


def test_tocilizumab_does_not_raise_the_chance_of_crs():
    text = study_text("cd33_aml")[1]
    rescue = "dosing: flat\n  rescue: {il6: 20 pg/mL, tocilizumab: 8 mg/kg}\n"
    ids, view = np.arange(40), load().view()
    without = one_chunk(parse(text), view, ids, 1).outcomes["crs_probability_1"]
    rescued = one_chunk(parse(text.replace("dosing: flat\n", rescue)), view, ids, 1)
    assert rescued.outcomes["crs_probability_1"].mean() <= 1.01 * without.mean()


def test_a_study_too_short_for_its_response_day_is_refused():
    from carnk.base import SpecError

    with pytest.raises(SpecError):
        parse(study_text("liu2020")[1].replace("days: 365", "days: 10"))
