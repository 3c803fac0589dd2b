"""Derivatives on shared steps against those on paper, with a dose and an event that moves."""

from __future__ import annotations

import numpy as np
import pytest

from carnk.base.errors import SolveError
from carnk.solver import Doses, Event, Model, solve
from carnk.solver.gradient import sensitivities, solve_together

TIMES = np.array([0.0, 0.4, 1.0, 2.0, 3.5])


def decay(y, p):
    return {"x": -p.k * y.x, "seen": p.k * y.x * y.x}


REFILL = Event("refill", lambda y, p: p.low - y.x, lambda y, p: {"x": p.added})
FALLING = Model(("x", "seen"), ("k", "low", "added"), (decay,), (REFILL,))
K, LOW, ADDED, X0 = 0.7, 0.5, 2.0, 1.5


def on_paper(k, low, added, x0, t):
    """x at t: decay, refilled once on the day that it has fallen to `low`."""
    before = x0 * np.exp(-k * t)
    return np.where(t < np.log(x0 / low) / k, before, (low + added) * x0 / low * np.exp(-k * t))


def derivatives_on_paper(t):
    x = on_paper(K, LOW, ADDED, X0, t)
    after = t > np.log(X0 / LOW) / K
    return {
        "k": -t * x,
        "low": np.where(after, -ADDED / LOW / (LOW + ADDED) * x, 0.0),
        "added": np.where(after, x / (LOW + ADDED), 0.0),
        "x": x / X0,
    }


@pytest.mark.parametrize("rtol", [1e-5, 1e-8])
def test_the_time_of_an_event_moves_with_the_numbers(rtol):
    found = sensitivities(
        FALLING, [[K, LOW, ADDED]], [[X0, 0.0]], TIMES, ["k", "low", "added", "x"],
        rtol=rtol, atol=1e-12, engine="interpreter",
    )  # fmt: skip
    assert found.values[0, :, 0] == pytest.approx(on_paper(K, LOW, ADDED, X0, TIMES), rel=10 * rtol)
    for j, wanted in enumerate(derivatives_on_paper(TIMES).values()):
        assert found.slopes[0, :, 0, j] == pytest.approx(wanted, rel=1e-4, abs=20 * rtol)


def test_doses_set_the_clocks_right_and_differ_between_copies():
    """After an event the copies' clocks differ; a dose of a copy's own size comes on its day."""
    doses = Doses(np.array([[0.0, 2.5]]), np.array([0, 0]), np.array([[[0.5, 1.0], [0.5, 1.001]]]))
    rows, start = np.array([[[K, LOW, ADDED]] * 2]), np.array([[[X0 - 0.5, 0.0]] * 2])
    rows[0, 1, 1] = LOW * 1.001
    values, reasons = solve_together(
        FALLING, rows, start, TIMES, doses=doses, rtol=1e-9, engine="interpreter"
    )
    assert not reasons
    for copy in (0, 1):
        own = Doses(doses.times, doses.states, doses.amounts[:, copy])
        alone = solve(
            FALLING, rows[:, copy], start[:, copy], TIMES, doses=own, rtol=1e-9,
            engine="interpreter",
        )  # fmt: skip
        assert values[0, copy] == pytest.approx(alone.values[0], rel=1e-7, abs=1e-9)


def test_a_patient_is_the_same_beside_its_copies():
    rows, start = np.array([[K, LOW, ADDED], [2 * K, LOW, 1.0]]), np.array([[X0, 0.0], [2.0, 0.1]])
    alone = solve(FALLING, rows, start, TIMES, engine="interpreter")
    found = sensitivities(FALLING, rows, start, TIMES, ["k"], rtol=1e-6, engine="interpreter")
    assert found.values == pytest.approx(alone.values, rel=1e-11)


def test_more_copies_than_lanes_are_carried_in_several_blocks():
    rows = np.full((1, 150, 3), (K, LOW, ADDED))
    rows[0, :, 2] *= 1 + 1e-3 * np.arange(150) / 150
    values, _ = solve_together(
        FALLING, rows, np.full((1, 150, 2), (X0, 0.0)), TIMES, engine="interpreter"
    )
    wanted = on_paper(K, LOW, rows[0, :, 2:], X0, TIMES)
    assert values[0, :, :, 0] == pytest.approx(wanted, rel=1e-5)


def test_a_patient_who_fails_is_named_and_the_others_stay():
    model = Model(("x",), ("k",), (lambda y, p: {"x": p.k * y.x * y.x},))
    found = sensitivities(
        model, [[1.0], [0.1], [np.nan]], [[1.0]] * 3, [0.5, 2.0], ["k"], engine="interpreter"
    )
    assert found.failed.tolist() == [True, False, True]
    assert "the step became too small" in found.reasons[0]
    assert "not finite at the start" in found.reasons[2]
    assert found.slopes[1, :, 0, 0] == pytest.approx([0.5 / 0.95**2, 2 / 0.8**2], rel=1e-4)


@pytest.mark.parametrize(
    ("of", "numbers", "said"),
    [
        (["kk"], [K, LOW, ADDED], "'kk' is no parameter and no state. Did you mean 'k'"),
        (["added"], [K, LOW, 0.0], "'added' is 0 in patient 0"),
    ],
)
def test_numbers_without_a_derivative_are_named(of, numbers, said):
    with pytest.raises(SolveError, match=said):
        sensitivities(FALLING, [numbers], [[X0, 0.0]], TIMES, of, engine="interpreter")
