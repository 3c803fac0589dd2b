"""Published results: counts, intervals, cohorts, scales, and what is never pooled."""

import pytest

from carnk.base import DataError, SpecError
from carnk.evidence import ontology
from carnk.evidence.pooling import pool
from carnk.evidence.results import (
    CAR_NK,
    CLASSES,
    NO_CAR,
    OUTCOMES,
    candidates,
    chosen,
    pooled,
    report,
    reports,
)
from carnk.library import table


def pools(evidence_class, outcome, disease=None):
    return pooled(chosen(evidence_class, outcome, disease), outcome)


def test_every_row_of_results_has_a_class_and_a_cohort():
    assert set(table("results")["row_id"]) == set(table("reports")["row_id"])
    assert {each.evidence_class for each in reports()} == set(CLASSES)
    assert all(each.cohort for each in reports())
    assert {each.part for each in reports()} == {"whole", "interim", "part"}
    for each in reports():
        for disease in each.diseases:
            ontology().named(disease)


def test_counts_keep_response_and_complete_response_apart():
    seen = report("R001").seen
    assert (seen["response"].events, seen["response"].patients) == (8, 11)
    assert (seen["complete_response"].events, seen["complete_response"].patients) == (7, 11)
    assert seen["crs"].interval == pytest.approx((0.0, 0.2849), abs=1e-4)
    assert seen["crs"].text == "0 of 11 (0-28 %)"
    assert seen["response"].text == "8 of 11, 73 % (39-94 %)"


def test_a_percentage_without_patients_gets_no_interval_and_is_not_pooled():
    seen = report("R016").seen["response"]
    assert seen.events is None
    assert seen.interval is None
    assert seen.text == "38 %, denominator not given"
    used = {each.id for found in pools(CAR_NK, "response") for each in found.reports}
    assert not used & {"R015", "R016", "R022"}


def test_a_percentage_of_patients_leaves_several_counts_open():
    assert candidates("48.6", 37) == (18, 18)
    assert candidates("81", 274) == (221, 223)
    assert candidates("70-80", 10) == (7, 8)
    assert candidates("61.8", 155) is None
    with pytest.raises(DataError, match="not one"):
        candidates("many", 10)
    seen = report("R040").seen["response"]
    assert (seen.least, seen.events, seen.most) == (221, 222, 223)
    low, high = seen.interval
    assert low < 222 / 274 < high


def test_reports_that_share_patients_count_once():
    marin = report("R004").cohort
    assert report("R001").cohort == marin
    assert [each.id for each, _ in chosen(CAR_NK, "response") if each.cohort == marin] == ["R004"]
    # complete responses stand only in the earlier cut
    cut = [each.id for each, _ in chosen(CAR_NK, "complete_response") if each.cohort == marin]
    assert cut == ["R001"]
    nkx = [each.id for each, _ in chosen(CAR_NK, "response") if "NKX019" in each.cohort]
    assert nkx == ["R021"]
    for kind in CLASSES:
        for outcome in OUTCOMES:
            cohorts = [each.cohort for each, _ in chosen(kind, outcome)]
            assert len(cohorts) == len(set(cohorts))


def test_pools_hold_one_class_design_and_stated_scale_and_only_read_figures():
    for kind in CLASSES:
        for outcome in OUTCOMES:
            for found in pools(kind, outcome):
                seen = [each.seen[outcome] for each in found.reports]
                assert {each.evidence_class for each in found.reports} == {kind}
                assert {each.design for each in found.reports} == {found.design}
                assert {s.scale for s in seen} == {found.scale} != {""}
                assert not any(s.unread for s in seen)
                assert found.pool.events == sum(s.events for s in seen)


def test_a_disease_takes_its_own_reports_first():
    large = ontology().named("large B-cell lymphoma")
    found = {each.id: fit for each, fit in chosen(CAR_NK, "response", large)}
    assert found["R012"] == "exact"
    assert found["R007"] == "narrower"  # the diffuse large cell part of Marin 2024, unread
    assert found["R021"] == "broader"
    assert "R004" not in found
    marked = report("R007").seen["response"]
    assert marked.unread
    myeloma = ontology().named("multiple myeloma")
    assert chosen(CAR_NK, "response", myeloma) == []


def test_cells_without_a_car_stay_apart():
    assert all("no CAR" not in each.row["cell_type"] for each, _ in chosen(CAR_NK, "crs"))
    assert {each.id for each, _ in chosen(NO_CAR, "gvhd")} == {"R029", "R032", "R036"}


def test_severe_crs_of_car_nk_is_not_zero():
    (found,) = pools(CAR_NK, "crs_grade_3")
    assert found.pool.rate == 0
    assert 0 < found.pool.interval[1] < 0.05
    assert found.pool.prediction is None
    assert found.scale_unread


def test_few_reports_give_no_prediction_interval():
    assert pool(((5, 8), (8, 10))).prediction is None
    assert pool(((5, 8), (8, 10), (2, 9))).prediction is not None


def test_models_that_disagree_say_so():
    assert pool(((5, 8), (8, 10), (2, 9))).agrees
    assert not pool(((0, 30), (0, 10), (5, 9))).agrees


def test_unknown_words_are_answered():
    with pytest.raises(SpecError, match="Did you mean 'CAR-NK'"):
        chosen("CAR-NKK", "response")
    with pytest.raises(SpecError, match="outcome"):
        chosen(CAR_NK, "survival")
    with pytest.raises(DataError, match="Did you mean 'R009'"):
        report("R0099")
