"""Gradients on shared steps agree with differences of separate solves at a tight tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import gradient as bench
from carnk.kinetics import MODEL, PARAMETERS, STATES
from carnk.kinetics.courses import tolerances
from carnk.solver import Doses, solve
from carnk.solver.gradient import sensitivities


def test_the_gradient_of_a_likelihood_of_forty_patients_and_ten_numbers():
    data = bench.make_data()
    likelihood, gradient = bench.shared(data)
    car = bench._car(data, data.cohort.parameters)
    assert likelihood == pytest.approx(data.likelihood(car), rel=1e-6)
    assert gradient == pytest.approx(bench.separate(data, 1e-4), rel=1e-4)


def test_a_rescue_in_the_course_of_a_patient_moves_with_the_numbers():
    """Tocilizumab given when IL-6 rises to a level: the derivative follows the day of the event."""
    data = bench.make_data()
    some = slice(0, 6)
    p, initial = data.cohort.parameters[some].copy(), data.cohort.initial[some]
    doses = Doses(*(getattr(data.cohort.doses, f)[some] for f in ("times", "states", "amounts")))
    place = {name: PARAMETERS.index(name) for name in ("rescue_il6", "bystander", "expansion")}
    p[:, place["bystander"]] = 0.5
    p[:, place["rescue_il6"]] = 40.0
    p[:, PARAMETERS.index("rescue_tocilizumab")] = 100.0
    p[:, PARAMETERS.index("rescue_steroid")] = 10.0
    settings = {"doses": doses, "start": data.start}
    days, tight = np.array([5.0, 10.0, 20.0, 40.0]), tolerances() * 1e-6
    found = sensitivities(
        MODEL, p, initial, days, list(place), rtol=1e-8, atol=tolerances(), **settings
    )
    for k, (name, column) in enumerate(place.items()):
        wanted = []
        for width in (1e-4, 2e-4):
            sides = []
            for side in (1, -1):
                moved = p.copy()
                moved[:, column] *= 1 + side * width
                sides.append(solve(MODEL, moved, initial, days, rtol=1e-12, atol=tight, **settings))
            assert all(s.event_counts.min() == 1 for s in sides)
            wanted.append((sides[0].values - sides[1].values) / (2 * width))
        exact = (4 * wanted[0] - wanted[1]) / 3
        for state in ("il6", "tocilizumab", "steroid", "car_blood", "macrophages"):
            i = STATES.index(state)
            mine = found.slopes[:, :, i, k] * p[:, None, column]
            floor = 1e-4 * np.abs(found.values[:, :, i]).max(axis=1).min()
            assert mine == pytest.approx(exact[:, :, i], rel=1e-4, abs=1e-4 * floor), (name, state)
