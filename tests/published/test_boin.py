"""Liu and Yuan 2015: BOIN's boundaries, a worked trial, and operating characteristics of R BOIN.

Sources: doi:10.1111/rssc.12089. Boundaries at target 0.3: the summary that R BOIN prints in
brockk/escalation issue 6. Decisions: page 25 of Han, Pan, Zhang, Liu and Yuan 2019 as cited there.
Operating characteristics: get.oc of R BOIN 2.7.2, 20,000 trials, seed 6, run for the project.
"""

import numpy as np
import pytest

from carnk.designs import Truth, boin, boundaries, draw, read_cohorts, simulate
from carnk.designs.boin import Interval
from carnk.designs.stopping import MaxPatients

TRIALS = 20_000
# n: (escalate if <=, de-escalate if >=, eliminate if >=)
PRINTED = {
    3: (0, 2, 3), 6: (1, 3, 4), 9: (2, 4, 5), 12: (2, 5, 7), 15: (3, 6, 8),
    18: (4, 7, 9), 21: (4, 8, 10), 24: (5, 9, 11), 27: (6, 10, 12), 30: (7, 11, 14),
}  # fmt: skip


@pytest.mark.parametrize(
    ("target", "low", "high"),
    [(0.2, 0.1572, 0.2385), (0.25, 0.1968, 0.2984), (0.3, 0.2365, 0.3585)],
)
def test_boundaries_of_the_rate(target, low, high):
    rule = Interval(target)
    assert rule.escalate_at == pytest.approx(low, abs=5e-5)
    assert rule.deescalate_at == pytest.approx(high, abs=5e-5)


def test_printed_decision_table():
    rows = {row["n"]: row for row in boundaries(0.3, 30)}
    for n, expected in PRINTED.items():
        row = rows[n]
        found = (row["escalate_if_le"], row["deescalate_if_ge"], row["eliminate_if_ge"])
        assert found == expected, n


@pytest.mark.parametrize("target", [0.1, 0.3, 0.6])
def test_whoever_eliminates_a_dose_leaves_it(target):
    for row in boundaries(target, 100):
        gone = row["eliminate_if_ge"]
        assert row["escalate_if_le"] < row["deescalate_if_ge"]
        assert gone is None or row["deescalate_if_ge"] <= gone
    # R BOIN lowers the boundary so: ceil(0.7215 * 44) is 33, but 32 of 44 eliminate.
    assert boundaries(0.6, 44)[-1]["deescalate_if_ge"] == 32


@pytest.mark.parametrize(
    ("outcomes", "dose"),
    [
        ("1NNN", 2),
        ("1NNN 2NNN 3NTT", 2),
        ("1NNN 2NNN 3NTT 2NTN 3NNN", 3),
        ("1NNN 2NNN 3NTT 2NTN 3NNN 3NNN 4TTT", 3),
        ("1NNN 2NNN 3NTT 2NTN 3NNN 3NNN 4TTT 3NTN 3NNT", 3),
    ],
)
def test_worked_trial(outcomes, dose):
    decision = boin(0.3, 5).decide(read_cohorts(outcomes, 5))
    assert not decision.stops
    assert decision.next_dose == dose


@pytest.mark.parametrize(
    ("target", "truth", "cohorts", "enough", "selected", "patients"),
    [
        (0.3, (0.05, 0.15, 0.3, 0.45, 0.6), 20, 100,
         (1.14, 22.02, 66.61, 10.06, 0.14), (4.57575, 16.9548, 28.16775, 9.15525, 1.12965)),
        (0.3, (0.3, 0.45, 0.5, 0.6, 0.7), 10, 100,
         (63.145, 15.795, 2.815, 0.28, 0.02), (18.59025, 6.50145, 1.3086, 0.19035, 0.01515)),
        (0.3, (0.5, 0.6, 0.7, 0.8, 0.9), 10, 100,
         (16.855, 0.38, 0.005, 0, 0), (13.30725, 1.2069, 0.07935, 0.00165, 0)),
        (0.25, (0.02, 0.05, 0.12, 0.25, 0.4), 12, 12,
         (0.09, 1.955, 26.09, 56.17, 15.695), (3.7509, 5.31555, 9.0924, 9.7689, 4.3689)),
        (0.3, (0.05, 0.3, 0.5), 10, 9, (14.415, 69.285, 16.27), (5.8989, 9.57075, 4.3368)),
    ],
)  # fmt: skip
def test_operating_characteristics(target, truth, cohorts, enough, selected, patients):
    most = 3 * cohorts
    design = boin(target, len(truth), MaxPatients(most), enough_at_dose=enough)
    trials = simulate(design, draw(Truth(truth), TRIALS, most, seed=7))
    share = np.array([(trials.selected == dose).mean() for dose in range(len(truth))])
    known = np.array(selected) / 100
    # Both sides are simulated with as many trials; a count of 0 still has the error of one.
    error = np.sqrt(2 * np.maximum(known * (1 - known), 1 / TRIALS) / TRIALS)
    assert (np.abs(share - known) < 3 * error).all()
    spread = np.maximum(trials.patients.std(axis=0), 3 / np.sqrt(TRIALS))
    gap = np.abs(trials.patients.mean(axis=0) - patients)
    assert (gap < 3 * spread * np.sqrt(2 / TRIALS)).all()


def test_extra_safe_stops_a_toxic_lowest_dose_earlier():
    outcomes = read_cohorts("1NTT", 5)
    assert not boin(0.3, 5).decide(outcomes).stops
    assert boin(0.3, 5, extra_safe=True).decide(outcomes).stops
