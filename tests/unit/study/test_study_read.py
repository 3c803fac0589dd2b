"""Reading a study file: what is right becomes a Study, what is wrong is told with its line."""

import re
from pathlib import Path

import pytest

from carnk.base import SpecError
from carnk.domain import Credibility
from carnk.library import load, table
from carnk.study import built_in, parse, read, study_text

GOOD = """\
study: small
title: A small study
patients: 20
days: 60
diseases: {dlbcl: 1, follicular: 1}
product:
  name: cells
  source: cord_blood
  construct: {target: CD19, armor: il15_secreted, delivery: retroviral}
regimen:
  dosing: per_kg
  counts: car_positive
  dose: 1e6 cells/kg
  drugs:
    - {drug: fludarabine, dose: 30 mg/m2, days: [-5, -4, -3]}
    - {drug: rituximab, dose: 375 mg/m2, days: [-4]}
arms:
  - {name: low}
  - {name: high, dose: 1e7 cells/kg}
"""
REGIMEN = GOOD.splitlines().index("regimen:") + 1


def refused(old, new, text=GOOD):
    assert old in text
    with pytest.raises(SpecError) as caught:
        parse(text.replace(old, new, 1), "s.yaml")
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_study_becomes_nouns():
    study = parse(GOOD)
    low, high = study.arms
    assert low.regimen.infusion.amount == 1e6
    assert high.regimen.infusion.amount == 1e7
    assert low.regimen.drugs == high.regimen.drugs
    assert low.regimen.drugs[0].days == (-5.0, -4.0, -3.0)
    assert (study.patients, study.days, study.response_day, study.seed) == (20, 60.0, 30.0, 1)
    assert study.product.construct.switch == "none"


def test_days_come_out_sorted_and_units_converted():
    study = parse(
        GOOD.replace("days: [-5, -4, -3]", "days: [-3, -5]").replace("30 mg/m2", "3 g/m2")
    )
    drug = study.arms[0].regimen.drugs[0]
    assert drug.days == (-5.0, -3.0)
    assert drug.amount == pytest.approx(3000.0)


def test_a_study_without_arms_has_one():
    assert [arm.name for arm in parse(GOOD.split("arms:", maxsplit=1)[0]).arms] == ["all"]


BAD = {
    "an amount where a dose per weight is needed": (
        "  dose: 1e6 cells/kg", "  dose: 1e6 cells", "regimen.dose",
        "'1e6 cells' is an amount, but a dose per body weight (cells/kg) is needed here. "
        "Write '1e6 cells/kg'.",
    ),
    "a dose per weight where flat is asked": (
        "dosing: per_kg", "dosing: flat", "regimen.dose",
        "'1e6 cells/kg' is a dose per body weight",
    ),
    "unknown key": ("title:", "tittle:", "tittle", "Did you mean 'title'?"),
    "missing key": ("title: A small study\n", "", "", "'title' is missing"),
    "unknown word": ("cord_blood", "cord_bloods", "product.source", "Did you mean 'cord_blood'?"),
    "negative": ("1e7 cells/kg", "-1e7 cells/kg", "arms[1].dose", "too small"),
    "too few": ("1e7 cells/kg", "1 cells/kg", "arms[1].dose", "too small"),
    "absurd": ("1e7 cells/kg", "1e15 cells/kg", "arms[1].dose", "too large to be meant"),
    "not a dose": ("1e7 cells/kg", "1e7 mg", "arms[1].dose", "'1e7 mg'"),
    "no patients": ("patients: 20", "patients: 0", "patients", "too small"),
    "half a patient": ("patients: 20", "patients: 2.5", "patients", "not a whole number"),
    "a disease without numbers": (
        "{dlbcl: 1,", "{glioma: 1,", "diseases.glioma", "'glioma' has no numbers in the library",
    ),
    "drug in another unit": ("375 mg/m2", "375 mg/kg", "drugs[1].dose", "not in mg/m2"),
    "duplicate arms": ("name: high", "name: low", "arms[0]", "two arms are named 'low'"),
    "a list where a mapping is meant": (
        "regimen:", "observed: []\nregimen: [1]\nold:", "regimen", "this is not a mapping",
    ),
    "a mapping where a list is meant": ("days: [-4]", "days: {a: 1}", "days", "this is not a list"),
    "an unknown number": (
        "arms:", "numbers: {kill_kar: 3}\narms:", "numbers.kill_kar", "Did you mean 'kill_car'?",
    ),
    "a number in a wrong unit": (
        "arms:", "numbers: {weight: 70 mL}\narms:", "numbers.weight", "'70 mL'",
    ),
    "a number outside its own range": (
        "arms:", "numbers: {weight: {value: 9 kg, range: [60 kg, 80 kg]}}\narms:",
        "numbers.weight.range", "outside its own range",
    ),
    "a range of three": (
        "arms:", "numbers: {weight: {value: 9 kg, range: [1 kg, 2 kg, 3 kg]}}\narms:",
        "numbers.weight.range", "[low, high]",
    ),
    "an unknown reference": (
        "arms:", "references: [liu202]\narms:", "references[0]", "Did you mean 'liu2020'?",
    ),
    "more events than patients": (
        "arms:",
        "observed:\n  - {outcome: crs, events: 5, of: 4, source: liu2020, checked: read}\narms:",
        "observed[0]", "5 events among 4 patients",
    ),
    "an observed arm that is none": (
        "arms:",
        "observed:\n  - {outcome: crs, events: 1, of: 4, arm: hihg, source: liu2020, "
        "checked: read}\narms:",
        "observed[0]", "Did you mean 'high'?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_told_with_its_line_and_its_key(old, new, path, words):
    message = refused(old, new)
    assert words in message
    assert re.search(r"s\.yaml:\d+", message)
    assert path in message


def test_the_line_is_the_line():
    wrong = GOOD.splitlines().index("  dose: 1e6 cells/kg") + 1
    assert f"s.yaml:{wrong}: regimen.dose: " in refused("dose: 1e6 cells/kg", "dose: 1e6 cells")


def test_two_antibodies_in_one_arm_are_refused():
    second = "    - {drug: cetuximab, dose: 400 mg/m2, days: [-4]}\narms:"
    assert "two antibodies in one study (cetuximab, rituximab)" in refused("arms:", second)


def test_two_antibodies_in_two_arms_are_refused_or_both_used():
    own = "{name: low, drugs: [{drug: cetuximab, dose: 400 mg/m2, days: [-4]}]}"
    assert "antibodies" in refused("{name: low}", own)


def test_all_problems_come_at_once():
    text = GOOD.replace("patients: 20", "patients: 0").replace("cord_blood", "cord")
    message = refused("1e6 cells/kg", "1e6 cells", text)
    assert message.startswith("3 problems in s.yaml")
    lines = [int(n) for n in re.findall(r"s\.yaml:(\d+)", message)]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a mapping"),
        ("study: small", "'title' is missing"),
        ("study: [", "not YAML"),
        ("- a\n- b\n", "not a mapping"),
        ("just words", "not a mapping"),
        ("42", "not a mapping"),
        (GOOD + "study: again\n", "stands twice"),
        (GOOD.replace("patients: 20", "patients: &x 20\nseed: *x"), "alias"),
        (GOOD.replace("regimen:\n", "regimen:\n  dosing: flat\n"), "stands twice"),
    ],
)
def test_texts_that_are_no_study(text, words):
    with pytest.raises(SpecError, match=words) as caught:
        parse(text, "s.yaml")
    assert "s.yaml" in str(caught.value)


@pytest.mark.parametrize("numbers", ["[1, 2]", "5", "many"])
def test_numbers_have_to_be_a_mapping(numbers):
    assert "numbers" in refused("arms:", f"numbers: {numbers}\narms:")


def test_numbers_are_read_in_the_librarys_unit():
    exit_rate = "{value: 0.05 1/h, range: [0.02 1/h, 0.1 1/h]}"
    own = f"numbers: {{weight: 70000 g, lung_exit: {exit_rate}}}\narms:"
    numbers = parse(GOOD.replace("arms:", own)).numbers
    assert numbers["weight"].value == pytest.approx(70.0)
    assert numbers["lung_exit"].value == pytest.approx(1.2)
    assert (numbers["lung_exit"].low, numbers["lung_exit"].high) == pytest.approx((0.48, 2.4))


def test_a_missing_file_and_an_unknown_name():
    with pytest.raises(SpecError, match="there is no such file"):
        read("nowhere/study.yaml")
    with pytest.raises(SpecError, match="Did you mean 'liu2020'"):
        read("liu202")
    with pytest.raises(SpecError, match="neither a file nor a built-in study"):
        study_text("quite something else")
    for name in ("nope", "liu202"):
        with pytest.raises(SpecError, match="'carnk studies' lists them") as error:
            study_text(name)
        assert len(str(error.value)) < 150


def test_a_folder_stands_for_its_study(tmp_path: Path):
    (tmp_path / "study.yaml").write_text(GOOD, "utf-8")
    assert read(tmp_path) == read(tmp_path / "study.yaml") == parse(GOOD)


def test_patients_and_seed_can_be_others(tmp_path: Path):
    study = read("liu2020", patients=7, seed=9)
    assert (study.patients, study.seed) == (7, 9)
    for wrong in ({"patients": 0}, {"patients": 10**9}, {"seed": -1}, {"seed": 2**32}):
        with pytest.raises(SpecError):
            read("liu2020", **wrong)


ROWS = {  # study: (row of library table 'results', outcome column, outcome here)
    "liu2020": [("R001", "ORR_n", "response"), ("R001", "CR_n", "complete_response")],
    "marin2024": [("R004", "ORR_n", "response")],
    "lei2025": [("R012", "ORR_n", "response"), ("R012", "CR_n", "complete_response")],
    "nkx019": [("R021", "ORR_n", "response"), ("R021", "CR_n", "complete_response")],
    "cd33_aml": [("R024", "CR_n", "complete_response")],
}


@pytest.mark.parametrize(
    ("name", "row", "column", "outcome"),
    [(name, *rows) for name, listed in ROWS.items() for rows in listed],
)
def test_observed_counts_are_those_of_the_library(name, row, column, outcome):
    published = table("results").filter(table("results")["row_id"] == row).row(0, named=True)
    seen = [o for o in read(name).observed if o.outcome == outcome and not o.disease and not o.arm]
    assert len(seen) == 1
    assert seen[0].events == int(published[column])
    assert seen[0].patients == int(published["n_evaluable"] or published["n_treated"])


def test_liu_had_eight_responders_of_whom_seven_were_complete():
    counts = {o.outcome: (o.events, o.patients) for o in read("liu2020").observed}
    assert counts["response"] == (8, 11)
    assert counts["complete_response"] == (7, 11)


def test_marins_diseases_sum_to_the_whole():
    rows = [o for o in read("marin2024").observed if o.outcome == "response"]
    whole = next(o for o in rows if not o.disease)
    parts = [o for o in rows if o.disease]
    assert sum(o.events for o in parts) == whole.events == 18
    assert sum(o.patients for o in parts) == whole.patients == 37


@pytest.mark.parametrize("name", built_in())
def test_every_built_in_study_parses(name):
    study = read(name)
    assert study.name == name
    assert study.observed or study.trial or study.paired
    assert set(study.numbers) <= set(load())
    assert all(o.events <= o.patients for o in study.observed)


def test_a_car_without_its_target_is_refused():
    message = refused("target: CD19", "target: BCMA")
    assert "do not carry BCMA, which the CAR sees" in message
    assert "Diseases that do: myeloma." in message


def test_a_dose_of_no_cells_is_refused():
    assert "too small" in refused("1e6 cells/kg", "1e-3 cells/kg")


def test_a_new_study_is_nobodys_trial(tmp_path):
    from carnk.study.new import new_study

    new_study(tmp_path / "mine", "liu2020")
    text = (tmp_path / "mine" / "study.yaml").read_text()
    made = parse(text)
    assert made.name == "mine"
    assert made.observed == ()
    assert made.registry == ""
    assert "# observed:" in text


def test_every_target_has_diseases_of_the_library():
    from carnk.study.fields import CARRY, diseases, targets

    assert set(targets()) <= set(CARRY)
    assert {name for names in CARRY.values() for name in names} <= set(diseases())


DECLARED = """\
credibility:
  question: Is 1e7 per kg worth a cohort?
  context: Ranks dose levels beside the published trials.
  influence: medium
  consequence: high
"""


def test_what_the_answer_is_for_is_read_and_may_be_left_out():
    assert parse(GOOD).credibility == Credibility()
    told = parse(GOOD + DECLARED).credibility
    assert told.question == "Is 1e7 per kg worth a cohort?"
    assert (told.influence, told.consequence) == ("medium", "high")
    part = parse(GOOD + "credibility: {influence: low}\n").credibility
    assert part == Credibility(influence="low")


def test_an_influence_is_low_medium_or_high():
    found = refused("influence: medium", "influence: hgh", GOOD + DECLARED)
    assert "'hgh' is not one of 'low', 'medium', 'high'" in str(found)
