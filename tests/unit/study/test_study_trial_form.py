"""The `design:` block: what it becomes, and every refusal with its line."""

from dataclasses import fields

import pytest
from jsonschema import Draft202012Validator

from carnk.base import SpecError, parse_yaml
from carnk.designs import DESIGNS, Settings, read_cohorts
from carnk.study import parse, read, study_text
from carnk.study.fields import study_form
from carnk.study.trial_draw import schedules
from carnk.study.trial_rules import RULES, design_of

GOOD = """\
study: small
title: A small trial
patients: 4000
days: 60
diseases: {dlbcl: 1, follicular: 1}
product:
  name: cells
  source: cord_blood
  construct: {target: CD19, armor: il15_secreted, delivery: retroviral}
regimen:
  dosing: per_kg
  counts: car_positive
  drugs:
    - {drug: fludarabine, dose: 30 mg/m2, days: [-5, -4, -3]}
arms:
  - {name: low, dose: 1e6 cells/kg}
  - {name: high, dose: 1e7 cells/kg}
  - {name: low weekly, dose: 1e6 cells/kg, days: [0, 7, 14]}
  - {name: high weekly, dose: 1e7 cells/kg, days: [14, 0, 7]}
design:
  rules: [boin, 3+3]
  target: 0.25
  cohorts: 10
  size: 3
  trials: 1000
  dlt: {counts: [crs, gvhd], crs: 2, icans: 3, days: 21}
  lots: {doses: 10, failure: 0.2, days: 30, fills: [1, 0.8]}
  calendar: {arrival: 7, sentinel: 0}
"""


def refused(old, new, text=GOOD):
    assert old in text
    with pytest.raises(SpecError) as caught:
        parse(text.replace(old, new, 1), "t.yaml")
    assert caught.value.exit_code == 2
    return str(caught.value)


def line(text, start):
    return next(i for i, each in enumerate(text.splitlines(), 1) if each.strip().startswith(start))


def test_the_block_becomes_a_trial():
    trial = parse(GOOD).trial
    assert [rule.name for rule in trial.rules] == ["boin", "3+3"]
    assert (trial.target, trial.patients, trial.trials) == (0.25, 30, 1000)
    assert trial.limiting.counts == ("crs", "gvhd")
    assert (trial.limiting.crs_grade, trial.limiting.window_days) == (2, 21)
    assert (trial.lots.doses, trial.lots.failure, trial.lots.fills) == (10, 0.2, (1.0, 0.8))
    assert (trial.calendar.arrival_days, trial.calendar.sentinel_days) == (7.0, 0.0)


def test_what_is_left_out_is_the_library_s():
    block = GOOD[: GOOD.index("design:")] + "design: {rules: [boin]}\n"
    trial = parse(block).trial
    assert (trial.target, trial.lots.doses, trial.limiting.window_days) == (None, None, None)


def test_a_study_without_the_block_is_no_trial():
    assert parse(GOOD[: GOOD.index("design:")]).trial is None


def test_arms_on_other_days_are_another_schedule():
    once, weekly = schedules(parse(GOOD))
    assert (once.name, once.arms, once.infusions) == ("day 0", (0, 1), 1)
    assert (weekly.name, weekly.arms, weekly.infusions) == ("days 0, 7 and 14", (2, 3), 3)


BAD = {
    "an unknown design": ("[boin,", "[boyn,", "rules:", "Did you mean 'boin'?"),
    "no design": ("[boin, 3+3]", "[]", "rules:", "at least 1 entry"),
    "a design twice": ("[boin, 3+3]", "[boin, boin]", "rules:", "stands here twice"),
    "a rule without a name": ("[boin, 3+3]", "[{target: 1}]", "rules:", "'rule' is missing"),
    "an unknown setting": ("[boin,", "[{rule: boin, lik: 1},", "rules:", "lik"),
    "a flag that is none": (
        "[boin,", "[{rule: boin, extra_safe: 2},", "rules:", "'2' is neither true nor false"
    ),
    "a design without what it needs": ("[boin,", "[boin12,", "rules:", "needs 'least_response'"),
    "a setting that is missing": (
        "[boin,", "[{rule: boin12},", "rules:", "'least_response' is missing",
    ),
    "a skeleton that does not rise": (
        "[boin,", "[{rule: crm, skeleton: [0.3, 0.2]},", "rules:", "is not increasing",
    ),
    "a skeleton of another length": (
        "[boin,", "[{rule: crm, skeleton: [0.1, 0.2, 0.3]},", "rules:", "3 values for 2 doses",
    ),
    "a level that does not exist": (
        "[boin,", "[{rule: crm, prior_mtd: 5},", "rules:", "prior MTD: 5",
    ),
    "an interval that is none": (
        "[boin,", "[{rule: blrm, interval: [0.3]},", "rules:", "two increasing",
    ),
    "a utility of three numbers": (
        "[boin,", "[{rule: boin12, least_response: 0.2, utility: [1, 2, 3]},", "rules:",
        "3 numbers instead of 4",
    ),
    "EffTox without its contour": (
        "[boin,", "[{rule: efftox, least_response: 0.2},", "rules:", "contour: EffTox has no",
    ),
    "a target that is too low": ("0.25", "0.04", "target:", "0.04 is too small"),
    "a target that is too high": ("0.25", "0.7", "target:", "0.7 is too large"),
    "a target in words": ("0.25", "high", "target:", "high"),
    "a window of 0 days": ("days: 21", "days: 0", "dlt:", "0 is too small"),
    "a window beyond the study": ("days: 21", "days: 90", "dlt:", "longer than the study"),
    "lots of 0 doses": ("{doses: 10,", "{doses: 0,", "lots:", "0 is too small"),
    "a lot that treats nobody": ("{doses: 10,", "{doses: 2,", "lots:", "3 infusions"),
    "shares of the wrong number": ("[1, 0.8]", "[1, 1, 1]", "lots:", "3 shares for 2 dose levels"),
    "shares that rise": ("[1, 0.8]", "[0.8, 1]", "lots:", "Begin with 1"),
    "half a cohort": ("size: 3", "size: 2.5", "size:", "2.5 is not a whole number"),
    "cohorts of four in 3+3": ("size: 3", "size: 4", "size:", "cohorts of 3"),
    "no cohort": ("cohorts: 10", "cohorts: 0", "cohorts:", "0 is too small"),
    "too few patients": ("patients: 4000", "patients: 300", "patients:", "2 lots of 10"),
    "too many trials": ("trials: 1000", "trials: 1000000", "trials:", "too large"),
    "more than memory holds": (
        "cohorts: 10\n  size: 3\n  trials: 1000",
        "cohorts: 100\n  size: 3\n  trials: 100000",
        "trials:",
        "at most",
    ),
    "a negative wait": ("sentinel: 0", "sentinel: -3", "calendar:", "-3 is too small"),
    "nobody ever comes": ("arrival: 7", "arrival: 0", "calendar:", "above 0"),
    "a kind that does not exist": ("[crs, gvhd]", "[crs, rash]", "dlt:", "'rash'"),
    "equal doses": ("high, dose: 1e7", "high, dose: 1e6", "- {name: high,", "not above"),
    "falling doses": ("high, dose: 1e7", "high, dose: 1e5", "- {name: high,", "low to high"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_told_with_its_line(old, new, at, said):
    message = refused(old, new)
    place = line(GOOD.replace(old, new, 1), at)
    assert any(f"t.yaml:{place}:" in each and said in each for each in message.splitlines()), (
        message
    )


def test_other_patients_must_fill_lots_too():
    assert read("liu2020_trial", patients=2000).patients == 2000
    with pytest.raises(SpecError, match=r"--patients: 1,999 patients are too few .* 2,000 or more"):
        read("liu2020_trial", patients=1999)


def test_one_dose_level_is_no_trial():
    lines = [each for each in GOOD.splitlines() if "name: high," not in each]
    with pytest.raises(SpecError, match="'low' is the only dose level"):
        parse("\n".join(lines))


def test_a_study_without_arms_has_no_dose_levels():
    arms = GOOD[GOOD.index("arms:") : GOOD.index("design:")]
    text = GOOD.replace(arms, "").replace("  counts:", "  dose: 1e6 cells/kg\n  counts:")
    with pytest.raises(SpecError, match="no dose levels for a trial"):
        parse(text)


def test_all_problems_come_at_once():
    text = GOOD.replace("[boin,", "[boyn,").replace("target: 0.25", "target: 2")
    with pytest.raises(SpecError) as caught:
        parse(text.replace("{doses: 10,", "{doses: 0,"))
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("text", ["", "design: {rules: [boin]}\n", "{}\n", "design:\n"])
def test_an_empty_study_is_refused(text):
    with pytest.raises(SpecError):
        parse(text)


def test_the_schema_accepts_what_the_reader_accepts():
    validator = Draft202012Validator(study_form().schema())
    assert list(validator.iter_errors(parse_yaml(GOOD, "t.yaml").plain())) == []
    for old, new in (("[boin,", "[boyn,"), ("days: 21", "days: 0"), ("0.25", "0.7")):
        assert list(validator.iter_errors(parse_yaml(GOOD.replace(old, new), "t").plain())), new


EFFTOX = (
    "least_response: 0.3, contour: [0.5, 0.65, 0.7, 0.25], "
    "prior_mean: [-7.9593, 1.5482, 0.7367, 3.4181, 0, 0], "
    "prior_sd: [3.5487, 3.5018, 2.5423, 2.4406, 0.2, 1]"
)


def test_every_design_can_be_named():
    settings = {"boin12": ", least_response: 0.2", "efftox": f", {EFFTOX}"}
    rules = ", ".join(f"{{rule: {name}{settings.get(name, '')}}}" for name in RULES)
    text = GOOD.replace("[boin, 3+3]", f"[{rules}]")
    trial = parse(text).trial
    assert [rule.name for rule in trial.rules] == list(RULES)
    aimed = [design_of(rule, trial, (1e6, 1e7)) for rule in trial.rules]
    assert all(each.doses == 2 for each in aimed)
    assert len({each.name for each in aimed}) == len(RULES)


def test_settings_of_a_design_reach_it():
    rules = "[{rule: boin, extra_safe: true}, {rule: mtpi2, half_width: 0.1}, boin]"
    trial = parse(GOOD.replace("[boin, 3+3]", rules)).trial
    safe, wide, plain = (design_of(rule, trial, (1e6, 1e7)) for rule in trial.rules)
    seen = read_cohorts("1NTT", 2)  # P(DLT rate > 0.25) is between 0.90 and 0.95
    assert safe.decide(seen).stops
    assert not plain.decide(seen).stops
    assert wide.rule.below == 0.1


def test_settings_are_those_of_the_catalog():
    """Every setting that a file may give is one that the catalog takes."""
    known = {field.name for field in fields(Settings)}
    assert all(set(form.fields) <= known for form in RULES.values())
    assert set(RULES) == set(DESIGNS) - {"backfill-boin"}


@pytest.mark.parametrize("name", ["liu2020_trial", "dose_schedule"])
def test_built_in_trials_compare_designs(name):
    assert [rule.name for rule in parse(study_text(name)[1]).trial.rules][:2] == ["boin", "3+3"]
