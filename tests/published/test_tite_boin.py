"""Yuan, Lin, Li, Nie and Warren 2018, doi:10.1158/1078-0432.CCR-18-0246: TITE-BOIN.

Numeric thresholds of the follow-up time at target 0.2: Table 1 of PMC9260438.
"""

import numpy as np
import pytest

from carnk.designs import Calendar, Truth, boin, draw, simulate, tite_boin
from carnk.designs.boin import Interval
from carnk.designs.outcomes import read_cohorts
from carnk.designs.tite_boin import thresholds


@pytest.mark.parametrize(
    ("toxic", "pending", "which", "printed"),
    [(1, 3, 0, 0.77), (1, 4, 0, 2.15), (2, 1, 1, 0.52), (2, 2, 1, 1.59), (2, 3, 1, 2.66),
     (2, 4, 1, 3.73)],
)  # fmt: skip
def test_printed_thresholds_of_nine_patients(toxic, pending, which, printed):
    found = thresholds(Interval(0.2), *(np.array([each]) for each in (9, toxic, pending)))
    assert round(float(found[which][0]), 2) == printed


def test_follow_up_decides():
    design = tite_boin(0.2, 5)
    early = read_cohorts("1NNNNNTP0.1P0.1P0.1", 5)
    late = read_cohorts("1NNNNNTP0.9P0.9P0.9", 5)
    assert design.decide(early).next_dose == 1
    assert design.decide(late).next_dose == 2
    assert design.decide(read_cohorts("1NP0.5P0.5", 5)).waits


def test_without_pending_patients_it_is_boin():
    boin_rows = {row["n"]: row for row in boin(0.3, 5).rule.table(12)}
    for row in tite_boin(0.3, 5).rule.table(12):
        if row["pending"]:
            continue
        known = boin_rows[row["n"]]
        wanted = "S"
        if row["dlt"] <= known["escalate_if_le"]:
            wanted = "E"
        if row["dlt"] >= known["deescalate_if_ge"]:
            wanted = "D"
        assert row["decision"][0] == wanted, row


def test_it_is_faster_than_boin_and_selects_alike():
    truth = (0.05, 0.15, 0.3, 0.45, 0.6)
    patients = draw(Truth(truth), 3000, 30, 4, Calendar(5.0, 60.0))
    slow, fast = (simulate(made(0.3, 5), patients) for made in (boin, tite_boin))
    assert fast.days.mean() < 0.75 * slow.days.mean()
    assert abs((fast.selected == 2).mean() - (slow.selected == 2).mean()) < 0.06
