"""Lin, Zhou, Yan, Li and Yuan 2020, doi:10.1200/PO.20.00257: BOIN12.

Scores of Table 3 and trials of section 6, Figure S2 and page 1396: as read in the tests of
brockk/escalation. Operating characteristics: brockk/escalation issue 8, 10,000 trials each, of
trialdesign.org and of the escalation package, for the same setting. They differ because the first
ends with the dose of highest posterior mean utility and does not force exploration, while the
second reports the dose that would come next and does.
"""

import numpy as np
import pytest

from carnk.designs import Boin12, Truth, boin12, draw, read_cohorts, simulate
from carnk.designs.boin12 import desirability_table
from carnk.designs.stopping import EnoughAtAnyDose, MaxPatients

RULE = Boin12(0.35)
TRUTH = Truth((0.03, 0.17, 0.35, 0.5, 0.65), (0.12, 0.39, 0.43, 0.55, 0.65))


def test_scores_of_table_3():
    rows = {(r["n"], r["dlt"], r["responses"]): r for r in desirability_table(RULE, (0, 3, 6, 9))}
    assert rows[0, 0, 0]["rds"] == 60
    assert rows[3, 0, 3]["rds"] == 91
    assert rows[9, 0, 8]["rds"] == 99
    assert rows[9, 4, 0]["rds"] is None
    assert 100 * RULE.utility.benchmark(0.35, 0.25) == pytest.approx(70.5)


@pytest.mark.parametrize(
    ("outcomes", "dose"),
    [
        ("1NNN", 2),
        ("1NNN 2NNB 3NEE", 3),
        ("1NNN 2NNB 3NEE 3NTN 4ETE", 4),
        ("1NNN 2NNB 3NEE 3NTN 4ETE 4NBE 4BNN", 5),
        ("1NNN 2NNB 3NEE 3NTN 4ETE 4NBE 4BNN 5BEN 5NBT", 4),
        ("1NNN 2ENT 3ETT 2EEN", 2),
    ],
)
def test_worked_trials(outcomes, dose):
    design = boin12(RULE, 5, MaxPatients(30) | EnoughAtAnyDose(12))
    decision = design.decide(read_cohorts(outcomes, 5))
    assert not decision.stops
    assert decision.next_dose == dose


def test_exploration_makes_the_paper_s_choice():
    """With nine patients at dose 4 the paper goes on to dose 5; the bare rule would stay."""
    cohorts = read_cohorts("1NNN 2NNB 3NEE 3NTN 4ETE 4NBE 4BNN", 5)
    assert boin12(Boin12(0.35, explore=None), 5).decide(cohorts).next_dose == 4


def selections(explore, final):
    design = boin12(Boin12(0.35, explore=explore), 5, final=final)
    trials = simulate(design, draw(TRUTH, 20_000, 36, seed=6))
    return [(trials.selected == dose).mean() for dose in (1, 2)]


@pytest.mark.parametrize(
    ("explore", "final", "published"),
    [(None, "mean utility", (0.573, 0.213)), (9, "next dose", (0.496, 0.237))],
)
def test_two_readings_give_the_two_published_results(explore, final, published):
    error = np.sqrt(np.array(published) * (1 - np.array(published)) * (1 / 10_000 + 1 / 20_000))
    assert (np.abs(np.array(selections(explore, final)) - published) < 3 * error).all()


@pytest.mark.parametrize(
    ("explore", "final", "published"),
    [(None, "next dose", (0.573, 0.213)), (9, "desirability", (0.496, 0.237))],
)
def test_other_readings_do_not(explore, final, published):
    """Among them the one that the thread blames: choosing by P(utility > benchmark)."""
    error = np.sqrt(np.array(published) * (1 - np.array(published)) * (1 / 10_000 + 1 / 20_000))
    assert (np.abs(np.array(selections(explore, final)) - published) > 5 * error).any()
