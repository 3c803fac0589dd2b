"""The answer under many joint values of the numbers, and which of them it hangs on."""

from dataclasses import replace

import numpy as np
import pytest

from carnk.base import SpecError
from carnk.domain import Given
from carnk.library import load
from carnk.study import read
from carnk.study.answers import ANSWERS, Question, days_of, evaluate, two_arms
from carnk.study.ensemble import cohorts, free, holding, typical
from carnk.study.find import study_text
from carnk.study.global_sensitivity import Asked, analyze
from carnk.study.numbers import worlds
from carnk.study.patients import draw, rows_asked
from carnk.study.run import courses_of, outcome_columns

TEXT = study_text("liu2020")[1]


@pytest.fixture(scope="module")
def study():
    return read("liu2020")


def quick(study, **other):
    return Asked(study, **{"numbers": 3, "runs": 20, "patients": 4} | other)


def test_cohorts_are_the_same_patients_under_other_numbers(study):
    values = {"kill_car": np.array([1.0, 2.0])}
    ids = np.arange(5)
    low, high = cohorts(study, load().view(), ids, values)
    assert np.array_equal(low.drawn["weight"], high.drawn["weight"])
    assert np.array_equal(low.luck.clones, high.luck.clones)
    assert high.drawn["kill_per_day"] == pytest.approx(2 * low.drawn["kill_per_day"])
    alone = draw(holding(study, {"kill_car": 2.0}), load().view(), ids, uncertain=False)
    assert np.array_equal(alone.parameters, high.parameters)


def test_what_was_read_before_changes_nothing_but_time(study):
    values, ids, known = {"kill_car": np.array([3.0])}, np.arange(5), {}
    draw(study, load().view(), ids, uncertain=False, known=known)
    (fresh,) = cohorts(study, load().view(), ids, values)
    (spared,) = cohorts(study, load().view(), ids, values, known=known)
    assert np.array_equal(fresh.parameters, spared.parameters)
    assert np.array_equal(fresh.initial, spared.initial)


def test_a_number_that_the_study_gives_does_not_vary(study):
    given = holding(study, {"kill_car": 4.0})
    assert "kill_car" not in free(given)
    assert typical(given).numbers["kill_car"] == Given(4.0)
    assert typical(study).numbers["kill_car"].value == np.median(worlds()["kill_car"])


@pytest.mark.parametrize("answer", ["response", "cmax", "peak_il6", "crs"])
def test_an_answer_is_that_of_a_whole_run(study, answer):
    """Solving only as far as needed gives what the outcomes of the full study give."""
    question = Question(study, answer, 6)
    (found,) = evaluate(question, {"kill_car": np.array([5.0])})
    (cohort,) = cohorts(study, load().view(), np.arange(6), {"kill_car": np.array([5.0])})
    diseases = np.array(list(study.diseases))[cohort.disease]
    columns = outcome_columns(study, cohort, courses_of(study, cohort), diseases)
    mean = ANSWERS[answer].of(columns, np.zeros(6)).mean()
    assert found == pytest.approx(mean, rel=1e-3)  # peaks lie between the days of the grid


def test_only_the_response_day_is_solved_for_unless_a_peak_is_asked(study):
    assert days_of(Question(study, "burden", 1)).tolist() == [-5.0, 30.0]
    days = days_of(Question(study, "cmax", 1))
    assert days[-1] == 30.0
    assert days.size > 30


def test_neither_jobs_nor_batches_change_a_byte(study, monkeypatch):
    values = {"kill_car": np.geomspace(0.5, 10, 7)}
    once = evaluate(Question(study, "burden", 3), values)
    monkeypatch.setattr("carnk.study.answers.BATCH", 6)
    assert np.array_equal(evaluate(Question(study, "burden", 3), values, jobs=2), once)
    assert (np.diff(once) < 0).all()  # more killing, less tumor


def test_the_widest_numbers_are_chosen_and_ranked(study):
    found = analyze(quick(study, answer="burden", method="morris"), TEXT)
    assert found.rows[0]["id"] == "kill_car"
    assert len(found.rows) == 3
    sizes = [row["size"] for row in found.rows]
    assert sizes == sorted(sizes, reverse=True)
    assert found.rows[0]["alone_low"] > 0 > found.rows[0]["alone_high"]
    low, high = np.percentile(worlds()["kill_car"], (5, 95))
    assert (found.rows[0]["low"], found.rows[0]["high"]) == (low, high)
    assert found.facts["runs"] == 20


def test_sobol_says_what_it_stood_on(study):
    seen = []
    found = analyze(quick(study), TEXT, stage=lambda *told: seen.append(told))
    assert found.facts["runs"] == 4 * 5
    assert found.facts["answer"] == "response"
    assert {"first", "total", "total_error"} <= set(found.rows[0])
    assert {what for what, _, _ in seen} == {"numbers tried", "runs"}
    assert seen[-1][1:] == (20, 20)


def test_all_that_is_wrong_with_a_wish_is_told(study):
    asked = Asked(study, "responce", "sobl", 1, 3, 0)
    with pytest.raises(SpecError) as caught:
        analyze(asked, TEXT)
    told = str(caught.value)
    for word in ("'response'", "'sobol'", "--numbers", "--runs", "--patients"):
        assert word in told


def test_a_study_that_leaves_nothing_uncertain_is_refused(study):
    certain = typical(study)
    with pytest.raises(SpecError, match="it leaves 0 of the numbers"):
        analyze(quick(certain), TEXT)


def test_stopping_it_leaves_nothing_behind(tmp_path, monkeypatch):
    """Ctrl-C in the middle of the runs: no folder, not even a hidden one."""
    from typer.testing import CliRunner

    from carnk.cli.app import app

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("carnk.study.answers._batch", stop)
    words = ["sensitivity", "liu2020", "--numbers", "2", "--runs", "8", "--patients", "2"]
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "found")])
    assert done.exit_code == 130
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def compared():
    return read("compare_car_t")


@pytest.mark.parametrize("answer", ["response", "crs", "cmax"])
def test_the_answer_of_a_paired_study_is_the_difference_of_a_whole_run(compared, answer):
    pair, values = two_arms(compared, "autologous CAR-T"), {"kill_car_t": np.array([2.0])}
    (found,) = evaluate(Question(pair, answer, 8), values)
    ids, arm = rows_asked(pair, np.arange(8))
    (cohort,) = cohorts(pair, load().view(), ids, values, arm=arm)
    diseases = np.array(list(pair.diseases))[cohort.disease]
    columns = outcome_columns(pair, cohort, courses_of(pair, cohort), diseases)
    each = ANSWERS[answer].of(columns, np.zeros(16))
    gap = each[arm == 1] - each[arm == 0]
    assert found == pytest.approx(np.nanmean(gap), rel=1e-3, abs=1e-9)
    assert np.nanmax(np.abs(gap)) > 0


def test_arms_that_are_alike_do_not_differ(compared):
    same = replace(compared.arms[0], name="again")
    twice = replace(compared, arms=(compared.arms[0], same))
    found = evaluate(Question(twice, "burden", 4), {"kill_car": np.array([1.0, 4.0])})
    assert found.tolist() == [0.0, 0.0]


def test_a_comparison_says_which_arms_and_reads_the_numbers_of_both(compared):
    found = analyze(quick(compared, answer="burden", arm="autologous CAR-T"), TEXT)
    assert found.facts["arms"] == ["CAR-NK once", "autologous CAR-T"]
    assert "autologous CAR-T less CAR-NK once" in found.facts["meaning"]
    default = analyze(quick(compared, numbers=2, runs=8, patients=2), TEXT)
    assert default.facts["arms"] == ["CAR-NK once", compared.arms[1].name]
    assert found.facts["tried"] > default.facts["tried"]  # those of T cells too


@pytest.mark.parametrize("arm", ["CAR-NK once", "nobody"])
def test_an_arm_that_cannot_be_set_against_the_first_is_told(compared, study, arm):
    with pytest.raises(SpecError, match="no arm to set against the first"):
        analyze(quick(compared, arm=arm), TEXT)
    with pytest.raises(SpecError, match="not compared in the same patients"):
        analyze(quick(study, arm=arm), TEXT)
