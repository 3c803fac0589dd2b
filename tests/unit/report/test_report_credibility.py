"""The credibility page: built from facts, honest about what is missing, ranked by construction."""

import json
from pathlib import Path
from typing import Any

import pytest

from carnk.base import SpecError
from carnk.domain import Credibility
from carnk.library import table
from carnk.report import credibility_facts
from carnk.report.credibility import TITLES, facts_text, page, write_credibility
from carnk.report.credibility_facts import (
    behind,
    classes,
    facts,
    risk,
    scores,
    validation,
    verdict,
)
from carnk.report.reading_list import effect, reading_list, shares
from carnk.report.sensitivity import write_sensitivity
from carnk.report.validation_rows import named, shown_row
from carnk.solver.selftest import Row
from carnk.study import read
from carnk.study.global_sensitivity import Sensitivity
from carnk.study.identity import identity
from tests.unit.report.conftest import Copy


def analysis(**changed: Any) -> Sensitivity:
    """An analysis of the example run, as if it had been made."""
    row = {"id": "il15_half", "meaning": "IL-15", "unit": "pg/mL", "basis": "assumed",
           "checked": "", "low": 14.0, "high": 290.0, "alone_low": 0.1, "alone_high": -0.2,
           "first": 0.2, "first_error": 0.05, "total": 0.37, "total_error": 0.06}  # fmt: skip
    known = {"answer": "response", "meaning": "share of patients in response", "method": "sobol",
             "tried": 141, "patients": 50, "runs": 2048, "mean": 0.6, "variance": 0.05,
             "study": "liu2020", "seed": 1}  # fmt: skip
    own = {key: identity()[key] for key in ("carnk", "code", "numbers")}
    return Sensitivity([row], known | own | changed)


@pytest.fixture(scope="module")
def found(example: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Facts of the example, its code verified for once, its analysis made up."""
    import shutil

    folder = tmp_path_factory.mktemp("facts") / "run"
    shutil.copytree(example, folder)
    manifest = json.loads((folder / "run.json").read_text())
    write_sensitivity(analysis(study_sha256=manifest["study_sha256"]), "", folder / "sensitivity")
    return facts(folder)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No oracles, which another test asks."""
    row = Row("engines agree", "liu2020", True, "1e-10 apart")
    monkeypatch.setattr(credibility_facts, "shipped", lambda: iter(()))
    monkeypatch.setattr(credibility_facts, "engines_agree", lambda study: row)


def with_analysis(copied: Copy, **changed: Any) -> dict[str, Any]:
    write_sensitivity(analysis(study_sha256="00", **changed), "", copied.folder / "sensitivity")
    return facts(copied.folder)


def test_the_facts_are_plain_json(found: dict[str, Any]) -> None:
    assert json.loads(facts_text(found)) == found


def test_the_page_is_of_the_facts_and_opens_with_the_null(found: dict[str, Any]) -> None:
    text = page(json.loads(facts_text(found)))
    assert text.index("CAR-NK: the model ") < text.index('<section id="question">')
    places = [text.index(f'<section id="{name}">') for name in TITLES]
    assert places == sorted(places)
    assert "src=" not in text
    assert "default-src 'none'" in text
    assert "nan" not in text.split("</style>")[1].lower().replace("finance", "")


def test_scores_are_those_of_the_tables() -> None:
    heldout = table("heldout").drop_nulls(["log_score", "log_score_null"])
    told = scores(read("nkx019"))
    rows = {each["table"]: each for each in told if each["evidence_class"] == "CAR-NK"}
    assert rows["heldout"]["model"] == pytest.approx(heldout["log_score"].sum())
    assert rows["heldout"]["null"] == pytest.approx(heldout["log_score_null"].sum())
    assert rows["heldout"]["here"] == 1
    every = table("validation").drop_nulls(["log_score", "log_score_null"]).to_dicts()
    every = [row for row in every if row.get("evidence_class", "CAR-NK") == "CAR-NK"]
    wanted = [row["log_score"] for row in every if row["role"] == "held out"]
    assert rows["validation"]["counts"] == len(wanted)
    assert rows["validation"]["model"] == pytest.approx(sum(wanted))


def test_the_verdict_follows_the_scores(found: dict[str, Any]) -> None:
    better = found["score"][0] | {"model": -5.0, "null": -9.0}
    assert "the model beats the null" in page(found | {"score": [better]})
    assert "the model is level with the null" in page(found | {"score": [better | {"model": -8.5}]})
    assert "the model does not beat the null" in page(found | {"score": [better | {"model": -11}]})
    assert "Not tested on held-out trials." in page(found | {"score": []})


def test_classes_of_evidence_are_never_mixed(found: dict[str, Any]) -> None:
    """A study of CAR-T cells is held to its own trials, and those come first."""
    assert classes(read("liu2020")) == ["CAR-NK"]
    assert classes(read("zuma1")) == ["autologous CAR-T"]
    assert len(classes(read("compare_car_t"))) == 3
    told = scores(read("zuma1"))
    assert [row["own_class"] for row in told] == sorted(
        (row["own_class"] for row in told), reverse=True
    )
    lost = {"model": -9.0, "null": -5.0}
    rows = [{"own_class": False, **lost}, {"own_class": True, "model": -5.0, "null": -9.0}]
    assert behind(rows) == []
    assert behind([{"own_class": True, **lost}]) == [{"own_class": True, **lost}]
    text = page(found)
    for name in {row["evidence_class"] for row in found["validation"]["rows"]} - {"CAR-NK"}:
        assert f"Another class of evidence: {name}" in text


def test_all_oracles_are_asked_of_this_very_code(found: dict[str, Any]) -> None:
    code = found["code_verification"]
    assert code["failing"] == []
    assert sum(group["asked"] for group in code["groups"]) > 50
    assert all(group["holding"] == group["asked"] for group in code["groups"])
    assert code["code"] == identity()["code"]
    assert found["run"]["same_code"]


@pytest.mark.usefixtures("quick")
def test_a_failing_oracle_and_a_run_of_other_code_are_told(
    copied: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Row("exact solution", "decay", False, "error 3.1e+00 of allowed")
    monkeypatch.setattr(credibility_facts, "shipped", lambda: iter((wrong,)))
    copied.manifest(code="0123456789abcdef")
    text = page(with_analysis(copied))
    assert "The run is not of this version." in text
    assert "0123456789abcdef" in text
    assert "error 3.1e+00 of allowed" in text
    assert "These fail." in text
    assert "Not of this run." in text  # the analysis is of another study file
    assert "another study file" in text


def test_the_runs_own_check_at_half_the_tolerance_is_there(
    found: dict[str, Any], example: Path
) -> None:
    solver = json.loads((example / "run.json").read_text())["solver"]
    difference = found["calculation_verification"]["largest_difference_at_half_tolerance"]
    assert difference == solver["largest_difference_at_half_tolerance"]


@pytest.mark.usefixtures("quick")
def test_what_is_not_declared_says_what_to_write(copied: Copy) -> None:
    copied.study(lambda text: text[: text.index("credibility:")])
    found = with_analysis(copied)
    assert found["declared"] == dict.fromkeys(("influence", "consequence", "risk")) | {
        "question": "", "context": "",
    }  # fmt: skip
    text = page(found)
    assert text.count("<b>Not declared.</b>") == 3
    for key in ("question", "context", "influence", "consequence"):
        assert f"  {key}: " in text


def test_what_is_declared_is_shown(found: dict[str, Any]) -> None:
    text = page(found)
    assert "What response rate does one infusion" in text
    assert "the model risk is <b>low</b>" in text
    assert "Not declared" not in text
    assert "No ground for a decision" not in text


def test_risk_rises_with_influence_and_consequence(found: dict[str, Any]) -> None:
    assert risk("low", "low") == "low"
    assert risk("high", "low") == risk("low", "high") == risk("medium", "medium") == "medium"
    assert risk("high", "high") == "high"
    assert risk("high", None) is None
    declared = {"question": "", "context": "", "influence": "high", "consequence": "medium"}
    graver = found | {"declared": declared | {"risk": risk("high", "medium")}}
    worse = [found["score"][0] | {"model": -9.0, "null": -5.0}]
    assert "No ground for a decision." in page(graver | {"score": worse})
    assert set(declared) == set(vars(Credibility()))


def test_misses_come_first(found: dict[str, Any]) -> None:
    rows = [row for row in found["validation"]["rows"] if row["role"] == "held out"]
    order = ["missed", "outside", "not judged", "inside"]
    places = [order.index(row["says"]) for row in rows]
    assert places == sorted(places)
    inside = [row["standardized_error"] for row in rows if row["says"] == "inside"]
    worst = [abs(error or 0.0) for error in inside]
    assert worst == sorted(worst, reverse=True)
    assert len(found["validation"]["rows"]) == table("validation").height


def test_a_verdict_is_of_the_intervals() -> None:
    row = {"overlap": "yes", "observed": 0.5, "predicted_low": 0.2, "predicted_high": 0.6}
    assert verdict(row) == "inside"
    assert verdict(row | {"observed": 0.7}) == "outside"
    assert verdict(row | {"overlap": "no"}) == "missed"
    assert verdict(row | {"overlap": None}) == "not judged"
    assert verdict(row | {"observed": None}) == "inside"
    assert validation("liu2020") is not None


def test_outcomes_are_told_in_words_and_units() -> None:
    assert named("crs_grade_3") == ("CRS, grade 3 or higher", None)
    assert named("median_tmax_day") == ("Tmax, median", "days")
    assert named("geomean_cmax_copies") == ("Cmax, geometric mean", "copies/µg")
    every = {row["outcome"] for row in table("validation").to_dicts()}
    assert all("_" not in named(outcome)[0] for outcome in every)
    row = validation("liu2020")["rows"][0] | {"day": None, "note": None}  # type: ignore[index]
    amount = row | {"outcome": "geomean_cmax_copies", "observed": 7.5e4, "predicted": 8.1e4,
                    "observed_events": None}  # fmt: skip
    told = shown_row(amount)
    assert told["observed"] == "75,000"
    assert told["part"].endswith("copies/µg")
    assert told["marks"] == []


NUMBERS = [
    {"id": f"n{i}", "meaning": f"number {i}", "value": 1.0, "unit": "1", "basis": basis,
     "checked": checked, "source": source, "at": "Table 1" if source else "",
     "why": "" if source else "a guess"}
    for i, (basis, checked, source) in enumerate([
        ("assumed", "", ""), ("borrowed", "unread", "zhang2007"), ("measured", "read", "zhang2007"),
        ("assumed", "", ""), ("derived", "unread", "zhang2007"), ("study", "", ""),
    ])
]  # fmt: skip


def moves(*effects: tuple[float, float]) -> list[dict[str, Any]]:
    return [
        {"id": f"n{i}", "low": 0.5, "high": 2.0, "effect_low": low, "effect_high": high}
        for i, (low, high) in enumerate(effects)
    ]


def test_the_reading_list_is_ranked_by_influence_times_spread() -> None:
    """n2 is read and n5 is the study's own: neither is on the list, however much they move."""
    moved = moves((0.1, -0.1), (-1.0, 0.5), (5.0, -5.0), (0.4, 0.7), (0.0, 0.0), (9.0, -9.0))
    rows = reading_list(NUMBERS, moved, {"n3": 0.25})
    assert [row["id"] for row in rows] == ["n1", "n3", "n0"]
    assert [row["effect"] for row in rows] == pytest.approx([1.5, 0.7, 0.2])
    assert [row["do"] for row in rows] == ["open this source", "measure this", "measure this"]
    assert (rows[0]["source"], rows[0]["at"]) == ("Zhang et al. 2007", "Table 1")
    assert (rows[1]["why"], rows[1]["total"]) == ("a guess", 0.25)
    assert [row["id"] for row in reading_list(NUMBERS, moved, {}, shown=1)] == ["n1"]


def test_an_effect_counts_from_nothing_done() -> None:
    """Both ends can move the answer the same way: by the larger, not by their difference."""
    (row,) = moves((0.4, 0.5))
    assert effect(row) == 0.5


def test_shares_of_numbers_and_of_effects() -> None:
    told = shares(NUMBERS, moves((1.0, 0.0), (0.0, 0.0), (3.0, 0.0)))
    assert (told["assumed"], told["unread"], told["numbers"]) == (2, 2, 6)
    assert told["share"] == pytest.approx(4 / 6)
    assert told["share_of_effects"] == pytest.approx(0.25)


@pytest.mark.usefixtures("quick")
def test_a_stopped_run_has_a_page_too(copied: Copy) -> None:
    copied.manifest(complete=False, patients=1000)
    for name in ("sensitivity.csv", "bands.csv"):
        head = (copied.folder / name).read_text().splitlines()[0]
        (copied.folder / name).write_text(head + "\n")
    found = facts(copied.folder)
    assert found["sensitivity"] is None
    assert found["reading_list"] == []
    assert found["numbers"]["share_of_effects"] is None
    text = write_credibility(copied.folder, found).read_text(encoding="utf-8")
    assert "the run was stopped before its end" in text
    assert "This run was interrupted" in text


@pytest.mark.usefixtures("quick")
def test_the_text_of_a_study_cannot_become_html_here(copied: Copy) -> None:
    evil = "<img src=x onerror=alert(1)>"
    copied.study(lambda text: text.replace("question: What", f"question: {evil} What"))
    text = page(with_analysis(copied))
    assert evil not in text
    assert "&lt;img src=x" in text


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is not the folder of a run"):
        facts(tmp_path)
