"""Claims: verdicts with their rows, grades by rule, references, runs beside clinical rows."""

from dataclasses import replace

import pytest

from carnk.base import DataError
from carnk.evidence.claims import (
    GRADES,
    KINDS,
    STARTS,
    VERDICTS,
    all_claims,
    article_references,
    beside,
    claims,
    months,
)
from carnk.library import references, table

CHECKED = {  # science/CLINICAL.md, section 5
    "liu-responses": "supported", "liu-vector": "contradicted", "liu-safety": "supported",
    "no-crs": "overstated", "no-gvhd": "overstated", "no-conditioning": "contradicted",
    "short-persistence": "supported", "allo-t-knockout": "overstated",
    "approved-allo-t": "contradicted", "over-100-trials": "supported",
    "ft596-current": "outdated", "randomized-needed": "overstated", "full-adcc": "overstated",
    "cord-yield": "unknown", "shed-receptor": "unknown", "cord-expansion": "supported",
    "none-approved": "supported", "few-approved": "contradicted",
    "solid-ranking": "contradicted", "cancer-only": "outdated", "tang-pmid": "contradicted",
    "memory-like-remission": "overstated", "low-cytokines": "unknown",
    "lentiviral-standard": "overstated",
}  # fmt: skip


def one(name):
    return next(each for each in all_claims() if each.id == name)


def test_the_verdicts_are_those_of_the_check():
    assert {name: one(name).verdict for name in CHECKED} == CHECKED


def test_every_claim_is_whole():
    ids = [each.id for each in all_claims()]
    assert len(ids) == len(set(ids))
    assert set(table("claim_rows")["claim"]) <= set(ids)
    assert set(table("claim_runs")["claim"]) <= set(ids)
    for each in all_claims():
        assert each.verdict in VERDICTS
        assert each.design in STARTS
        assert each.grade in GRADES
        assert each.article in ("1", "2", "both", "question")
        assert each.because
        assert each.would_change
        assert each.dated
        assert each.rows or each.verdict == "unknown"
        assert {row.speaks for row in each.rows} <= {"for", "against", "beside"}


def test_a_verdict_against_a_claim_names_a_row_against():
    for each in all_claims():
        if each.verdict in ("contradicted", "overstated", "outdated"):
            against = [row for row in each.rows if row.speaks == "against"]
            named = against or [row for row in each.rows if row.speaks == "for"]
            assert named, each.id
            assert against or each.id == "memory-like-remission"


def test_rows_carry_figures_of_the_tables():
    gvhd = {row.row: row for row in one("no-gvhd").rows}
    assert gvhd["R036:gvhd"].what == "GvHD: 5 of 9, 56 % (21-86 %)"
    assert gvhd["R036:gvhd"].speaks == "against"
    assert gvhd["R004:gvhd"].patients == 37
    counted = {row.row: row for row in one("solid-ranking").rows}
    assert "of 164 trials" in counted["disease=pancreatic cancer"].what
    assert one("low-cytokines").rows[0].unread
    assert set(table("claim_rows")["kind"]) <= set(KINDS)


def test_patients_of_one_cohort_count_once():
    claim = one("liu-responses")
    assert claim.patients == 11
    twice = replace(claim, rows=claim.rows + claim.rows)
    assert twice.patients == 11


def test_grades_fall_with_few_patients_short_follow_up_and_distance():
    claim = one("blood-responses")
    assert claim.grade == "low"
    assert replace(claim, follow_up="").grade == "very low"
    assert replace(claim, directness="partly").grade == "very low"
    assert replace(claim, design="randomized trial").grade == "high"
    assert replace(claim, rows=()).grade == "very low"
    # one case refutes a statement about all
    assert one("no-crs").grade == "moderate"
    assert replace(one("no-crs"), verdict="supported").grade != "moderate"
    assert months("up to 13.8 months") == 13.8
    assert months("189 days") == pytest.approx(6.2, abs=0.05)
    assert months("") == 0


@pytest.mark.parametrize(
    ("term", "first"),
    [("no GvHD", "no-gvhd"), ("no-gvhd", "no-gvhd"), ("IL-15", "il15-persistence"),
     ("conditioning", "no-conditioning"), ("randomized trials", "randomized-needed")],
)  # fmt: skip
def test_words_find_claims(term, first):
    assert claims(term)[0].id == first


def test_nothing_found_names_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'gvhd'"):
        claims("gvdh")
    with pytest.raises(DataError, match="lists them all"):
        claims("zzzz")


def test_claims_a_simulation_can_test_show_it_beside_the_clinical_row():
    for name in ("il15-persistence", "repeat-dosing", "crs-by-source"):
        runs = one(name).runs
        assert len(runs) > 1
        for run in runs:
            assert len(run.study_sha256) == len(run.outcomes_sha256) == 16
            assert "carnk run" in run.command
            assert run.ran
            assert beside(run)
    assert {run.study for run in one("il15-persistence").runs} >= {"liu2020", "no_il15"}


def test_all_thirteen_references_have_a_verdict():
    found = {row["reference"]: row for row in article_references()}
    assert len(found) == 13
    assert set(found) <= set(references())
    assert found["tang2018"]["verdict"] == "wrong PMID"
    assert found["caligiuri2008"]["verdict"] == "wrong DOI"
    unread = {key for key, row in found.items() if row["checked"] != "read"}
    assert all(found[key]["verdict"] == "unknown" for key in unread)
    assert sum(row["article"] == "2" for row in found.values()) == 12
