"""Lee and Liu 2008, doi:10.1177/1740774508089279: monitoring by predictive probability.

Section 3: p0 0.2, p1 0.4, 36 patients, looks from 10 on, prior Beta(0.2, 0.8), success 0.9,
futility 0.001: stop at 0 of 10, 1 of 17, 2 of 21, 3 of 24, 4 of 27, 5 of 29, 6 of 31, 7 of 33,
8 of 34, 9 of 35, 10 of 36; type I error 0.088, power 0.906, 27.67 patients expected at p0.
Zhou, Lee and Yuan 2017, doi:10.1002/sim.7338: BOP2, whose rule is checked here by its definition.
"""

import numpy as np
import pytest
from scipy.stats import beta

from carnk.designs import bop2, predictive

LIMITS = {10: 0, 17: 1, 21: 2, 24: 3, 27: 4, 29: 5, 31: 6, 33: 7, 34: 8, 35: 9, 36: 10}


def test_example_of_the_paper():
    made = predictive(0.2, 0.4, range(10, 37), success=0.9, futile=0.001, prior=(0.2, 0.8))
    at = {look.n: look.futile_if_le for look in made.looks}
    first = {limit: min(n for n, known in at.items() if known == limit) for limit in range(11)}
    assert {n: limit for limit, n in first.items()} == LIMITS
    assert made.alpha == pytest.approx(0.088, abs=5e-4)
    assert made.power == pytest.approx(0.906, abs=5e-4)
    assert made.expected == pytest.approx(27.67, abs=5e-3)


def test_bop2_keeps_its_error_and_follows_its_rule():
    looks, p0 = (10, 20, 30, 40), 0.2
    made = bop2(p0, 0.4, looks, alpha=0.05)
    assert made.alpha <= 0.05
    lam, gamma = made.tuning["lambda"], made.tuning["gamma"]
    for look in made.looks:
        events = np.arange(look.n + 1)
        chance = beta.sf(p0, p0 + events, 1 - p0 + look.n - events)
        stops = events[chance < lam * (look.n / looks[-1]) ** gamma]
        assert look.futile_if_le == (stops[-1] if stops.size else None)


def test_exact_characteristics_agree_with_simulation():
    made = bop2(0.2, 0.4, (10, 20, 30, 40), alpha=0.05)
    rng, number = np.random.default_rng(5), 40_000
    responses = np.cumsum(rng.random((number, 40)) < 0.4, axis=1)
    alive, patients = np.ones(number, dtype=bool), np.zeros(number)
    for look in made.looks:
        patients[alive] = look.n
        alive &= responses[:, look.n - 1] > look.futile_if_le
    error = np.sqrt(made.power * (1 - made.power) / number)
    assert abs(alive.mean() - made.power) < 3 * error
    assert abs(patients.mean() - made.expected_p1) < 3 * patients.std() / np.sqrt(number)
