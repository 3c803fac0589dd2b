"""A published quantity beside virtual patients: rates, statistics, intervals, scores."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from carnk.base import SpecError
from carnk.base.streams import uniforms
from carnk.fitting.heldout import null_of
from carnk.fitting.published import Observed, Published, published
from carnk.fitting.validation import (
    STATISTICS,
    _key,
    _simulated,
    amount,
    caution,
    check,
    overlap,
    rate,
    validate,
)
from carnk.fitting.validation_table import COLUMNS, table_rows
from carnk.library import table
from carnk.study import read
from carnk.study.numbers import fresh_view, worlds
from carnk.study.patients import UNIFORMS
from carnk.study.run import one_chunk
from carnk.study.summary import Prediction, predict

ROW = Published(
    "V", "R021", "nkx019", (), (), "response", None, "held out",
    Observed(8, 10, 0.8, 0.44, 0.98, checked="read"), "CAR-NK",
)  # fmt: skip


def amount_row(**seen):
    return replace(ROW, outcome="median_tmax_day", observed=Observed(**seen))


def test_a_rate_is_scored_beside_its_trial_of_the_same_size():
    law = Prediction(2.0, 6.0)
    found = rate(ROW, law)
    assert found.predicted == 0.25
    assert (found.low * 10, found.high * 10) == law.predictive(10)
    assert found.log_score == law.log_score(8, 10)
    assert found.log_score_null == pytest.approx(-2.99, abs=0.01)
    assert (found.overlap, found.inside) == (True, False)
    assert found.standardized_error < -2


def test_calibration_rows_have_no_null():
    assert rate(replace(ROW, role="calibration"), Prediction(2.0, 6.0)).log_score_null is None


def test_a_percentage_without_n_is_not_judged():
    found = rate(replace(ROW, observed=Observed(value=1.0)), Prediction(2.0, 6.0))
    assert (found.low, found.high) == Prediction(2.0, 6.0).interval()
    assert found.overlap is found.inside is found.standardized_error is found.log_score is None


@pytest.mark.parametrize(
    ("low", "high", "meets"),
    [(None, 4, False), (None, 5, True), (9, None, True), (10.5, None, False), (2, 4.9, False),
     (2, 20, True)],
)  # fmt: skip
def test_open_ends_and_spreads_meet_or_do_not(low, high, meets):
    assert overlap(Observed(value=1.0, low=low, high=high), 5.0, 10.0) is meets


def test_an_amount_without_a_spread_is_a_point():
    assert overlap(Observed(value=5.0, patients=3), 5.0, 10.0)
    assert not overlap(Observed(value=4.0, patients=3), 5.0, 10.0)


def test_a_statistic_is_that_of_trials_of_the_published_size():
    rng = np.random.default_rng(0)
    world = np.repeat(np.arange(50), 40)
    values = rng.lognormal(2.0, 0.5, world.size)
    few, many = (
        amount(amount_row(value=8.0, patients=n), values, world, STATISTICS["median"], rng)
        for n in (5, 100)
    )
    assert few.predicted == pytest.approx(np.exp(2.0), rel=0.1)
    assert few.high - few.low > 2 * (many.high - many.low)
    assert few.overlap
    assert abs(few.standardized_error) < 1


def test_a_value_without_n_or_spread_is_not_judged():
    world = np.arange(20)
    found = amount(
        amount_row(value=8.0), world + 1.0, world, STATISTICS["median"], np.random.default_rng(0)
    )
    assert found.overlap is found.standardized_error is None


def test_patients_whose_solve_failed_are_left_out():
    world, values = np.repeat([0, 1], 3), np.array([1.0, np.nan, 1.0, np.nan, np.nan, np.nan])
    row = amount_row(value=1.0, patients=4)
    found = amount(row, values, world, STATISTICS["maximum"], np.random.default_rng(0))
    assert (found.predicted, found.standardized_error) == (1.0, 0.0)


def outcomes():
    return pl.DataFrame({
        "world": [0, 1, 2, 3], "arm": ["a", "a", "b", "b"], "disease": ["x", "y", "x", "y"],
        "best_response": [1.0, 0.0, 1.0, 1.0], "cmax_copies": [1e4, 2e4, 3e4, 4e4],
        "progression_day": [30.0, np.inf, np.inf, np.inf],
    })  # fmt: skip


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"arms": ("b",)}, 4e4), ({"groups": ("y", "non-responders")}, 2e4),
        ({"groups": ("responders",), "arms": ("a",)}, 1e4), ({}, 4e4),
    ],
)  # fmt: skip
def test_arms_diseases_and_responders_are_chosen(change, wanted):
    row = replace(amount_row(value=1.0), outcome="maximum_cmax_copies", **change)
    found = check(row, read("nkx019"), outcomes())
    assert found.high <= wanted
    assert found.predicted > 365  # only times end with the study


def test_nothing_is_predicted_from_no_patients():
    row = replace(amount_row(value=1.0), outcome="maximum_cmax_copies", groups=("z",))
    found = check(row, read("nkx019"), outcomes())
    assert found.predicted is found.low is found.overlap is found.inside is None


def test_times_end_with_the_study():
    row = replace(amount_row(value=1.0), outcome="maximum_progression_day")
    assert check(row, read("nkx019"), outcomes()).high == 365


def test_a_time_beyond_the_study_gets_a_longer_run():
    row = replace(amount_row(value=700.0), outcome="maximum_tlast_day")
    study = read("nkx019")
    assert _key(row, study) == ("nkx019", 30.0, 1050.0)
    assert _key(replace(row, observed=Observed(value=365.0)), study)[2] == 365.0
    assert _key(replace(ROW, day=100.0), study) == ("nkx019", 100.0, 365.0)


@pytest.fixture(scope="module")
def small():
    return validate(100, 3, "cd33_aml")


def test_the_same_seed_gives_the_same_rows(small):
    assert table_rows(validate(100, 3, "cd33_aml")) == table_rows(small)
    assert {row["study"] for row in table_rows(small)} == {"cd33_aml"}
    assert list(table_rows(small)[0]) == list(COLUMNS)


def test_peak_copies_are_those_of_the_courses():
    study = read("nkx019", 100, 3)
    found = _simulated(study, np.arange(100))
    chunk = one_chunk(study, fresh_view(study), np.arange(100), 1)
    after = pl.DataFrame(chunk.courses).filter(pl.col("day") >= 0)
    peaks = after.group_by("patient", maintain_order=True).agg(pl.col("copies_per_ug").max())
    assert found["cmax_copies"].to_list() == pytest.approx(peaks["copies_per_ug"].to_list())


def test_toxicity_of_a_held_out_trial_never_saw_it():
    """Grades are those of the law fitted without the trial, not of the run's own law."""
    study, ids = read("cd33_aml", 100, 3), np.arange(100)
    run = pl.DataFrame(one_chunk(study, fresh_view(study), ids, 1).outcomes)
    laws = table("crs_without").filter(pl.col("study") == "cd33_aml").sort("world")
    law = laws.select("crs_slope", "crs_threshold_1", "crs_threshold_2", "crs_threshold_3")
    slope, *thresholds = law.to_numpy().T
    signal = np.log10(run["peak_il6_signal"].to_numpy() / worlds()["il6_base"])
    chances = expit(slope[:, None] * signal[:, None] - np.column_stack(thresholds))
    luck = uniforms(study.seed, ids, len(UNIFORMS), "luck")[:, UNIFORMS.index("crs")]
    grades = (luck[:, None] < chances).sum(axis=1)
    found = _simulated(study, ids)["crs_grade"].to_numpy()
    assert (found == grades).all()
    assert (found != run["crs_grade"].to_numpy()).any()


def test_the_shipped_table_is_that_of_today(small):
    """`make validation` has to follow what changes predictions."""
    shipped = {row["row_id"]: row for row in table("validation").to_dicts()}
    assert set(shipped) == {row.id for row in published()}
    for each in [*small, *validate(200, 3, "marin2024")]:
        if each.published.is_rate:
            predicted = shipped[each.published.id]["predicted"]
            assert each.predicted == pytest.approx(predicted, abs=0.2), "run `make validation`"


def test_too_few_patients_and_unknown_studies_are_refused():
    with pytest.raises(SpecError, match="at least 100"):
        validate(99)
    with pytest.raises(SpecError, match="Did you mean 'nkx019'"):
        validate(100, 1, "nkx01")


def test_toxicity_has_no_null_on_another_scale():
    rows = {row.id: row for row in published()}
    penn = rows["V090"]  # CRS of tisagenlecleucel, as JULIET's; ZUMA-1's is on another scale
    law = Prediction(5.0, 5.0)
    juliet = rows["V076"].observed
    wanted = null_of(juliet.events, juliet.patients).log_score(58, 75)
    assert rate(penn, law).log_score_null == pytest.approx(wanted)
    for scale in ("ASTCT", ""):
        other = replace(penn, observed=replace(penn.observed, scale=scale))
        assert rate(other, law).log_score_null is None
    response = replace(rows["V074"], observed=replace(rows["V074"].observed, scale="another"))
    assert rate(response, law).log_score_null is not None


def test_kinetics_that_numbers_were_set_from_are_not_held_out():
    """Capacity, growth and burden come from a fit to ZUMA-1."""
    amounts = [row for row in published() if row.study == "zuma1" and not row.is_rate]
    assert {row.role for row in amounts} == {"set from", "calibration"}


def test_few_patients_widen_intervals_and_are_warned_of():
    """The weak prior on how far worlds differ shows where worlds hold few patients."""
    many = np.repeat(np.arange(100), 200)
    flags = np.random.default_rng(1).random(many.size) < 0.5  # all worlds have the same rate
    widths = []
    for per_world in (2, 200):
        kept = np.tile(np.arange(200) < per_world, 100)
        low, high = predict(flags[kept].astype(float), many[kept]).interval()
        widths.append(high - low)
    assert widths[0] > 2 * widths[1]
    assert caution(1000) == ""
    assert "990 patients are 9.9 in each of 100 plausible worlds" in caution(990)
