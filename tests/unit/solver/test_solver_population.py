"""Whole solutions against analytic ones: doses, events, positivity, failures, wrong input."""

from __future__ import annotations

import numpy as np
import pytest

from carnk.base.errors import SolveError
from carnk.solver import Doses, Event, Model, exp, power, solve

ENGINE = "interpreter"  # the laws hold the compiled engine to the interpreter
INF = np.inf


def decay(y, p):
    return {"drug": -p.loss * y.drug}


def made(y, p):
    return {"made": p.loss * y.drug}


DECAY = Model(("drug", "made"), ("loss",), (decay, made))
TIMES = np.linspace(0.0, 10.0, 41)


def run(model, parameters, initial, times, **options):
    return solve(model, parameters, initial, times, engine=ENGINE, **options)


def test_decay_is_exact_and_conserves():
    s = run(DECAY, [[0.7], [0.0]], [[3.0, 0.0], [3.0, 0.0]], TIMES, rtol=1e-9)
    assert s.values[0, :, 0] == pytest.approx(3 * np.exp(-0.7 * TIMES), rel=1e-7)
    assert s.values.sum(axis=2) == pytest.approx(np.full((2, 41), 3.0), rel=1e-12)
    assert s.values[1, :, 0] == pytest.approx(3.0, rel=1e-15)


def test_doses_restart_and_show_at_their_own_time():
    doses = Doses(
        times=np.array([[-7.0, 0.0, 5.0], [0.0, INF, INF]]),
        states=np.array([0, 0, 1]),
        amounts=np.array([[1.0, 2.0, 4.0], [8.0, 9.0, np.nan]]),
    )
    times = np.array([-7.0, -1.0, 0.0, 5.0, 6.0])
    s = run(DECAY, [[0.5], [0.5]], np.zeros((2, 2)), times, doses=doses, start=-7.0, rtol=1e-9)
    late = np.where(times >= 0, 2 * np.exp(-0.5 * np.maximum(times, 0)), 0)
    assert s.values[0, :, 0] == pytest.approx(np.exp(-0.5 * (times + 7)) + late, rel=1e-7)
    total = [1.0, 1.0, 3.0, 7.0, 7.0]
    assert s.values[0].sum(axis=1) == pytest.approx(total, rel=1e-9)
    assert s.values[1, :, 0] == pytest.approx(4 * late, rel=1e-7)
    assert not s.failed.any()


def test_each_patient_may_have_targets_of_its_own():
    doses = Doses(np.array([[1.0], [1.0]]), np.array([[0], [1]]), np.array([[2.0], [2.0]]))
    s = run(DECAY, [[0.0], [0.0]], np.zeros((2, 2)), [0.0, 2.0], doses=doses)
    assert s.values[:, -1].tolist() == [[2.0, 0.0], [0.0, 2.0]]


def test_doses_at_the_same_time_add_and_one_at_the_end_shows():
    doses = Doses(np.array([[1.0, 1.0, 2.0]]), np.zeros(3, int), np.array([[2.0, 3.0, 4.0]]))
    s = run(DECAY, [[0.0]], [[0.0, 0.0]], [0.0, 1.0, 2.0], doses=doses)
    assert s.values[0, :, 0].tolist() == [0.0, 5.0, 9.0]


def refill(times=3):
    return Event("refill", lambda y, p: 1.0 - y.drug, lambda y, p: {"drug": 3.0 * p.loss}, times)


def test_a_threshold_fires_on_time_and_only_so_often():
    model = Model(("drug", "made"), ("loss",), (decay, made), (refill(),))
    loss = np.array([1.0, 0.5, 0.01])
    s = run(model, loss[:, None], np.tile([4.0, 0.0], (3, 1)), [0.0, 20.0], rtol=1e-10)
    first = np.log(4.0) / loss
    assert s.event_times[:2, 0] == pytest.approx(first[:2], rel=1e-8)
    assert np.isnan(s.event_times[2, 0])
    assert s.event_counts[:, 0].tolist() == [3, 3, 0]
    gap = np.log(1 + 3 * loss) / loss
    last = first + 2 * gap
    left = (1 + 3 * loss) * np.exp(-loss * (20.0 - last))
    assert s.values[:2, -1, 0] == pytest.approx(left[:2], rel=1e-7)


def test_a_trigger_that_starts_above_zero_waits_for_its_next_rise():
    model = Model(("drug", "made"), ("loss",), (decay, made), (refill(1),))
    doses = Doses(np.array([[1.0]]), np.array([0]), np.array([[4.0]]))
    s = run(model, [[1.0]], [[0.5, 0.0]], [0.0, 9.0], doses=doses, rtol=1e-10)
    after = 0.5 * np.exp(-1.0) + 4.0
    assert s.event_times[0, 0] == pytest.approx(1.0 + np.log(after), rel=1e-8)


def test_a_dose_can_set_off_an_event_and_that_one_another():
    events = (
        Event("alarm", lambda y, p: y.drug - 5.0, lambda y, p: {"made": 2.0 * y.drug}),
        Event("echo", lambda y, p: y.made - 10.0, lambda y, p: {"drug": -1.0}),
        Event("never", lambda y, p: y.made - 1e9, lambda y, p: {"drug": 1e9}),
    )
    model = Model(("drug", "made"), ("loss",), (decay, made), events)
    doses = Doses(np.array([[2.0]]), np.array([0]), np.array([[6.0]]))
    s = run(model, [[0.0]], [[0.0, 0.0]], [0.0, 1.9, 2.0, 3.0], doses=doses)
    assert s.values[0].tolist() == [[0.0, 0.0], [0.0, 0.0], [5.0, 12.0], [5.0, 12.0]]
    assert s.event_times[0, :2].tolist() == [2.0, 2.0]
    assert s.event_counts[0].tolist() == [1, 1, 0]


def test_events_that_fire_together_see_the_same_state():
    rise = Model(
        ("x",),
        (),
        (lambda y, p: {"x": 1.0},),
        tuple(Event(n, lambda y, p: y.x - 1.0, lambda y, p: {"x": y.x}) for n in "ab"),
    )
    s = run(rise, np.zeros((1, 0)), [[0.0]], [0.0, 1.5])
    assert s.event_times[0] == pytest.approx([1.0, 1.0], rel=1e-9)
    assert s.values[0, -1, 0] == pytest.approx(3.5, rel=1e-9)


def emptying(y, p):
    return {"store": -p.rate * y.store / (1e-4 + y.store)}


def test_a_positive_state_is_never_returned_negative():
    """Stiff removal at a constant rate: unguarded, a step leaps below zero and past the pole."""
    rates = 10.0 ** np.linspace(0, 4, 9)[:, None]
    ones, times = np.ones((9, 1)), np.linspace(0.0, 2.0, 101)
    free = run(Model(("store",), ("rate",), (emptying,)), rates, ones, times, rtol=1e-4)
    assert free.values.min() < -1.0
    kept = Model(("store",), ("rate",), (emptying,), positive=("store",))
    s = run(kept, rates, ones, times, rtol=1e-4)
    assert not s.failed.any()
    assert s.values.min() >= 0.0
    assert s.values[:, :, 0] == pytest.approx(np.maximum(1 - rates * times, 0), abs=2e-3)


def test_jumps_take_no_more_than_there_is_and_nobody_starts_below_zero():
    model = Model(("drug", "made"), ("loss",), (decay, made), positive=("drug",))
    doses = Doses(np.array([[1.0]] * 2), np.array([0]), np.array([[-5.0]] * 2))
    s = run(model, [[0.0]] * 2, [[2.0, -1.0], [-1e-3, 0.0]], [0.0, 1.0, 2.0], doses=doses)
    assert s.values[0].tolist() == [[2.0, -1.0], [0.0, -1.0], [0.0, -1.0]]
    assert s.failed.tolist() == [False, True]
    assert "a positive state starts below zero" in s.reason(1)


def test_nobody_is_a_population_too():
    s = run(DECAY, np.zeros((0, 1)), np.zeros((0, 2)), [1.0])
    assert s.values.shape == (0, 1, 2)


def explode(y, p):
    return {"x": p.rate * y.x * y.x}


def test_failing_patients_are_named_and_leave_the_others_alone():
    model = Model(("x",), ("rate",), (explode,))
    rates = np.array([[0.1], [1.0], [np.nan], [-1.0], [0.2]])
    times = np.array([0.5, 2.0])
    s = run(model, rates, np.ones((5, 1)), times)
    assert s.failed.tolist() == [False, True, True, False, False]
    assert s.values[1, 0, 0] == pytest.approx(2.0, rel=1e-5)
    assert np.isnan(s.values[1, 1, 0])
    assert np.isnan(s.values[2]).all()
    assert "day 1: the step became too small" in s.reason(1)
    assert s.reason(2).endswith("not finite at the start: rate")
    assert s.reason(0) == ""
    alone = run(model, rates[[0, 3, 4]], np.ones((3, 1)), times)
    assert alone.values.tobytes() == s.values[[0, 3, 4]].tobytes()


def test_a_rate_that_is_no_number_is_said_so():
    model = Model(("x",), (), (lambda y, p: {"x": power(y.x, 0.5) / (y.x - y.x * y.x)},))
    s = run(model, np.zeros((1, 0)), [[1.0]], [1.0])
    assert s.failed[0]
    assert "day 0" in s.reason(0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"parameters": [[1.0, 2.0]]}, "parameters: the shape"),
        ({"initial": [[1.0]]}, "initial: the shape"),
        ({"times": [1.0, 0.5]}, "not sorted"),
        ({"times": [-1.0, 0.5]}, "before the start"),
        ({"times": [0.0]}, "after the start"),
        ({"times": []}, "at least one"),
        ({"rtol": 0.0}, "rtol"),
        ({"atol": 0.0}, "atol"),
        ({"engine": "kernels"}, "engine"),
        ({"doses": Doses(np.array([[-1.0]]), np.array([0]), np.ones((1, 1)))}, "before the start"),
        ({"doses": Doses(np.array([[1.0]]), np.array([2]), np.ones((1, 1)))}, "index"),
        ({"doses": Doses(np.array([[2.0, 1.0]]), np.array([0, 0]), np.ones((1, 2)))}, "sorted"),
        ({"doses": Doses(np.array([[1.0]]), np.array([0, 0]), np.ones((1, 1)))}, "states"),
    ],
)
def test_input_that_does_not_fit_is_refused(changes, said):
    given = {"parameters": [[1.0]], "initial": [[1.0, 0.0]], "times": [1.0], "engine": ENGINE}
    with pytest.raises(SolveError, match=said):
        solve(DECAY, **{**given, **changes})


def test_time_scales_from_seconds_to_centuries():
    rates = 10.0 ** np.arange(-6, 6)
    s = run(DECAY, rates[:, None], np.tile([1.0, 0.0], (12, 1)), [1.0], rtol=1e-8)
    assert s.values[:, 0, 0] == pytest.approx(np.exp(-rates), rel=1e-6, abs=1e-11)


def test_a_model_with_a_hill_term_starts_from_nothing():
    def uptake(y, p):
        taken = power(y.out, p.steep) / (1.0 + power(y.out, p.steep))
        return {"out": 1.0 - taken, "inside": taken * exp(-y.inside)}

    s = run(Model(("out", "inside"), ("steep",), (uptake,)), [[1.5]], [[0.0, 0.0]], [5.0])
    assert not s.failed.any()


def test_outputs_within_the_step_that_an_event_ends_come_from_that_step():
    def loss(y, p):
        return {"x": -p.k * y.x}

    event = Event("low", lambda y, p: p.low - y.x, lambda y, p: {"x": p.added})
    model = Model(("x",), ("k", "low", "added"), (loss,), (event,))
    times = np.linspace(0, 12, 4001)  # many outputs in every step
    s = solve(model, [0.3, 0.2, 5.0], [1.0], times, rtol=1e-10, atol=1e-14)
    when = np.log(1 / 0.2) / 0.3
    exact = np.where(times < when, np.exp(-0.3 * times), 5.2 * np.exp(-0.3 * (times - when)))
    assert s.values[0, :, 0] == pytest.approx(exact, rel=1e-7)
