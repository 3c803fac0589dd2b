"""3+3 exactly: Storer 1989 (doi:10.2307/2531693) and Lin and Shih 2001.

The chance of escalating from a dose is (1-p)^3 + 3p(1-p)^5. Operating characteristics of whole
trials: computed beforehand by enumeration for the project, checked there against simulation.
"""

import numpy as np
import pytest

from carnk.designs import Truth, draw, enumerate_trials, read_cohorts, simulate, three_plus_three

EXACT = [
    (False, (0.05, 0.1, 0.2, 0.3, 0.5), 0.02655786,
     (0.09136047, 0.25703154, 0.31611098, 0.25584024, 0.05309892), 14.674960, 2.713598),
    (True, (0.05, 0.1, 0.2, 0.3, 0.5), 0.02718205,
     (0.09712621, 0.27727736, 0.32782463, 0.21749083, 0.05309892), 16.918850, 3.108433),
    (False, (0.25, 0.35, 0.45, 0.55), 0.40014648,
     (0.36203828, 0.18209075, 0.04894994, 0.00677454), 8.091345, 2.550494),
    (True, (0.25, 0.35, 0.45, 0.55), 0.44415322,
     (0.35645453, 0.15844790, 0.03416981, 0.00677454), 9.449661, 2.951839),
]  # fmt: skip


@pytest.mark.parametrize(("down", "truth", "none", "selected", "patients", "toxic"), EXACT)
def test_exact_operating_characteristics(down, truth, none, selected, patients, toxic):
    found = enumerate_trials(three_plus_three(len(truth), down), truth)
    assert found.none == pytest.approx(none, abs=1e-8)
    assert found.selected == pytest.approx(selected, abs=1e-8)
    assert found.patients.sum() == pytest.approx(patients, abs=1e-5)
    assert found.toxic.sum() == pytest.approx(toxic, abs=1e-5)


@pytest.mark.parametrize("p", [0.05, 0.1, 0.25, 0.33, 0.5, 0.6])
def test_chance_of_escalating(p):
    found = enumerate_trials(three_plus_three(1), (p,))
    assert 1 - found.none == pytest.approx((1 - p) ** 3 + 3 * p * (1 - p) ** 5, abs=1e-12)


@pytest.mark.parametrize("down", [False, True])
def test_simulation_agrees_with_enumeration(down):
    truth, number = (0.05, 0.1, 0.2, 0.3, 0.5), 20_000
    design = three_plus_three(5, down)
    trials = simulate(design, draw(Truth(truth), number, design.max_patients, seed=2))
    exact = enumerate_trials(design, truth)
    share = np.bincount(trials.selected + 1, minlength=6) / number
    known = np.array([exact.none, *exact.selected])
    assert (np.abs(share - known) < 3 * np.sqrt(known * (1 - known) / number)).all()


@pytest.mark.parametrize(
    ("outcomes", "dose", "goes_on"),
    [
        ("1NNN", 2, True),
        ("1NTT", None, False),
        ("1NNN 2NTT", 1, False),
        ("1NNN 2NNT 2NNN", 3, True),
    ],
)
def test_decisions_without_deescalation(outcomes, dose, goes_on):
    """Read in the tests of brockk/escalation."""
    decision = three_plus_three(5).decide(read_cohorts(outcomes, 5))
    assert decision.recommended == dose
    assert decision.stops is not goes_on
