"""Single decisions of designs that have no worked trial in print, and settings that are refused."""

from dataclasses import replace

import numpy as np
import pytest

from carnk.base import SpecError
from carnk.designs import (
    BlrmModel,
    CrmModel,
    Settings,
    Tally,
    Truth,
    Utility,
    backfill_boin,
    blrm,
    boin,
    build,
    enumerate_trials,
    paths,
    read_cohorts,
    rolling_six,
    skeleton,
    three_plus_three,
)
from carnk.designs.catalog import problems_of
from carnk.designs.crm import Crm


@pytest.mark.parametrize(
    ("outcomes", "next_dose", "stops", "waits"),
    [
        ("1NP0.5P0.5", 1, False, False),
        ("1NNN", 2, False, False),
        ("1NNNP0.5", 1, False, False),
        ("1NNT", 1, False, False),
        ("1NNNNNP0.5", 2, False, False),
        ("1NNNNP0.5P0.5", None, False, True),
        ("1NNNNTP0.5", None, False, True),
        ("1NNNNNT", 2, False, False),
        ("1NNN 2TT", 1, False, False),
        ("1NNN 2TT 1NNN", None, True, False),
        ("1TT", None, True, False),
    ],
)
def test_rolling_six(outcomes, next_dose, stops, waits):
    decision = rolling_six(3).decide(read_cohorts(outcomes, 3))
    assert (decision.next_dose, decision.stops, decision.waits) == (next_dose, stops, waits)


@pytest.mark.parametrize(
    ("outcomes", "next_dose"),
    [
        ("1NNN 2NNN +1NNN", 3),  # everything says escalate
        ("1NNN 2NNN +1TTN", 2),  # dose 1 says stay, pooled 2 of 9 says escalate no more than ...
        ("1NNT 1NNN 2NNN +1TTT", 1),
        ("1NNN 2NTT +1NNN", 1),
    ],
)
def test_backfill_pools_doses_that_contradict(outcomes, next_dose):
    design = backfill_boin(0.25, 3)
    tally = Tally.of(read_cohorts(outcomes, 3), 3)
    low, high = design.rule.escalate_at, design.rule.deescalate_at
    if outcomes == "1NNN 2NNN +1TTN":
        assert low < 2 / 9 < high
    assert design.decide(read_cohorts(outcomes, 3)).next_dose == next_dose
    assert tally.treated[0] == tally.patients.sum() - 3


def test_backfill_opens_with_a_response_and_closes_when_unsafe():
    rule = backfill_boin(0.25, 3, cap=6).rule
    asks = {
        "1NNE 2NNN": 0,
        "1NNN 2NNN": -1,
        "1NNE 2NNN +1NNN": -1,  # full
        "1TTE 2TTN": -1,  # unsafe alone and pooled
        "1NNE 2NNE 3NNN": 1,
    }
    found = {
        text: int(rule.open_for_backfill(Tally.of(read_cohorts(text, 3), 3))[0]) for text in asks
    }
    assert found == asks


@pytest.mark.parametrize(
    ("outcomes", "next_dose", "waits"),
    [
        ("1NNN 2NP0.1P0.1", None, True),
        ("1NNN 2TTTTP0.1P0.1P0.1P0.1P0.2", 1, False),  # 4 of 9 eliminate at target 0.2
        ("1NNN 2NTTP0.9P0.9P0.9P0.9P0.9", None, True),
    ],
)
def test_tite_boin_leaves_an_eliminated_dose_without_waiting(outcomes, next_dose, waits):
    decision = build("tite-boin", Settings(5, 0.2)).decide(read_cohorts(outcomes, 5))
    assert (decision.next_dose, decision.waits) == (next_dose, waits)


def test_crm_with_another_intercept():
    curve = (0.1, 0.2, 0.33, 0.45, 0.6, 0.7, 0.8)
    settings = Settings(7, 0.33, skeleton=curve, link="logistic", intercept=4.0)
    seen = read_cohorts("1NNN 2NNN 3NTT 2NNN 3TNN 3TNT 2NNN", 7)
    found, usual = (build("crm", each) for each in (settings, replace(settings, intercept=3.0)))
    assert found.decide(seen).next_dose == 3
    assert found.decide(seen).why != usual.decide(seen).why


def test_designs_of_whole_cohorts_wait_for_pending_patients():
    cohorts = read_cohorts("1NNP0.5", 3)
    assert boin(0.3, 3).decide(cohorts).waits
    assert not boin(0.3, 3).decide(read_cohorts("1NNN", 3)).waits


def test_blrm_holds_back_when_overdose_is_likely():
    model = BlrmModel((1.0, 2.0, 4.0, 8.0), 8.0)
    design = blrm(model)
    assert design.decide(()).next_dose == 1
    climbs = design.decide(read_cohorts("1NNN", 4))
    assert climbs.next_dose == 2
    stopped = design.decide(read_cohorts("1TTT", 4))
    assert stopped.stops
    assert stopped.recommended is None


def test_two_parameter_crm_is_plain_and_monotone():
    model = CrmModel((0.1, 0.2, 0.3), "two-parameter")
    rule = Crm(model, 0.3)
    few, more = (rule.fit(Tally.of(read_cohorts(text, 3), 3)) for text in ("2NNT", "2NTT"))
    assert list(few.rates) == sorted(few.rates)
    assert (np.array(more.rates) > few.rates).all()
    assert (np.array(few.low) <= few.rates).all()


def test_crm_stops_for_a_toxic_lowest_dose():
    design = build("crm", Settings(3, 0.2))
    assert design.decide(read_cohorts("1TTT", 3)).stops


def test_pathways_branch_once_per_number_of_dlt():
    found = list(paths(boin(0.3, 5), read_cohorts("1NNN", 5), 2))
    assert len(found) == 1 + 4 + 16
    assert found[0].decision.next_dose == 2
    last = list(paths(three_plus_three(2), read_cohorts("1NTT", 2), 2))
    assert len(last) == 1


def test_enumeration_of_a_short_boin_trial():
    found = enumerate_trials(build("boin", Settings(3, 0.3, cohorts=4)), (0.1, 0.3, 0.5))
    assert found.none + found.selected.sum() == pytest.approx(1)
    assert found.reasons.sum() == pytest.approx(1)


def test_more_patients_than_the_design_has_are_refused():
    design = build("boin", Settings(3, 0.3, cohorts=2))
    with pytest.raises(SpecError, match="9 patients, but the design allows 6"):
        design.decide(read_cohorts("1NNN 1NNN 1NNN", 3))


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("boin", Settings(3, 0.04), "0.04 is not from 0.05 to 0.6"),
        ("boin", Settings(3, 0.61), "0.61 is not from 0.05 to 0.6"),
        ("boin", Settings(3), "boin needs a target DLT rate"),
        ("bion", Settings(3, 0.3), "Did you mean 'boin'?"),
        ("crm", Settings(3, 0.3, skeleton=(0.1, 0.3, 0.2)), "0.1,0.3,0.2 is not increasing"),
        ("crm", Settings(3, 0.3, skeleton=(0.1, 0.3)), "2 values for 3 doses"),
        ("crm", Settings(2, 0.3, skeleton=(0.0, 1.0)), "not all between 0 and 1"),
        ("crm", Settings(3, 0.3, prior_mtd=4), "4 is not from 1 to 3"),
        ("blrm", Settings(3), "blrm needs the dose amounts"),
        ("blrm", Settings(2, amounts=(2.0, 1.0)), "2,1 is not increasing"),
        ("blrm", Settings(2, amounts=(1.0, 2.0), prior_sd=(1.0,)), "1 numbers, but blrm has 2"),
        ("efftox", Settings(2, 0.3, amounts=(1.0, 2.0)), "EffTox has no default"),
        ("boin12", Settings(2, 0.3, utility=(1.0, 2.0)), "2 numbers instead of 4"),
        ("mtpi", Settings(3, 0.05), "0.05 around the target leaves no rate"),
        ("crm", Settings(3, 0.3, scale=0.0), "scale: 0 is not above 0"),
        ("crm", Settings(3, 0.3, intercept=-1.0), "intercept: -1 is not above 0"),
        ("boin", Settings(3, 0.3, cohorts=0), "0 is not from 1 to 500"),
        ("boin", Settings(3, 0.3, cohorts=400), "1200 patients are more than 500"),
    ],
)
def test_settings_that_are_refused(name, settings, says):
    assert says in " ".join(map(str, problems_of(name, settings)))
    with pytest.raises(SpecError):
        build(name, settings)


def test_all_problems_of_settings_at_once():
    settings = Settings(3, 0.9, skeleton=(0.3, 0.2), cohorts=0)
    assert len(problems_of("crm", settings)) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Truth(()),
        lambda: Truth((0.1, 1.2)),
        lambda: Truth((0.1, 0.2), (0.3,)),
        lambda: Truth((0.1,), correlation=1.0),
        lambda: Utility(0.0, 40.0, 60.0, 0.0),
        lambda: CrmModel((0.3, 0.2)),
        lambda: skeleton(0.3, 0.25, 1, 3),
        lambda: skeleton(0.05, 0.25, 4, 3),
        lambda: BlrmModel((1.0, 2.0), 2.0, sd=(0.0, 1.0)),
    ],
)
def test_truths_and_models_that_are_refused(wrong):
    with pytest.raises(SpecError):
        wrong()
