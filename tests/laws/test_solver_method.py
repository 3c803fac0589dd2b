"""The integrator: orders of convergence, agreement with SciPy's Radau, conservation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from benchmarks import twenty_states
from carnk.solver import Doses, Model, solve
from carnk.solver.executors import interpret_plan
from carnk.solver.method import RODAS5P
from carnk.solver.steps import plan


def prey(y, p):
    return {"prey": y.prey - y.prey * y.hunters, "hunters": y.prey * y.hunters - y.hunters}


HUNT = Model(("prey", "hunters"), (), (prey,))


def hunt(t, y):
    return [y[0] - y[0] * y[1], y[0] * y[1] - y[1]]


def fixed_steps(executor, count, end):
    """Errors at the end and in the middle of the last step, after equal steps."""
    functions, rows, w = executor.functions, executor.rows, executor.memory()
    table = w.reshape(-1, executor.lanes)
    state = slice(rows["y"], rows["y"] + 2)
    table[rows["rtol"]], table[rows["atol"] : rows["atol"] + 2] = 1e9, 1.0
    table[state] = [[1.5], [0.7]]
    h = end / count
    table[rows["ih"]] = 1 / h
    for n in range(count):
        functions["step"](w)
        if n == count - 1:
            table[rows["fraction"]] = 0.5
            functions["between"](w, 0, 0)
            middle = table[rows["within"] : rows["within"] + 2, 0].copy()
        functions["accept"](w, 0, 0)
    return table[state, 0], middle, end - h / 2


def test_the_step_has_order_five_and_the_dense_output_four():
    executor, end = interpret_plan(plan(HUNT, RODAS5P)), 2.0
    exact = solve_ivp(
        hunt, (0, end), [1.5, 0.7], "DOP853", dense_output=True, rtol=1e-13, atol=1e-14
    )
    at_end, at_middle = [], []
    for count in (16, 32, 64):
        last, middle, t = fixed_steps(executor, count, end)
        at_end.append(np.abs(last - exact.sol(end)).max())
        at_middle.append(np.abs(middle - exact.sol(t)).max())
    orders = np.log2(np.array(at_end)[:-1] / at_end[1:])
    assert orders == pytest.approx([5, 5], abs=0.3)
    assert np.log2(np.array(at_middle)[:-1] / at_middle[1:]).min() > 3.8


def robertson(y, p):
    first, second, third = p.a * y.a, p.b * y.b * y.c, p.d * y.b * y.b
    return {"a": second - first, "b": first - second - third, "c": third}


def oscillator(y, p):
    return {"x": y.v, "v": p.mu * (1 - y.x * y.x) * y.v - y.x}


PROBLEMS = {
    "robertson": (
        Model(("a", "b", "c"), ("a", "b", "d"), (robertson,)),
        [0.04, 1e4, 3e7],
        [1.0, 0.0, 0.0],
        np.logspace(-3, 5, 9),
        lambda t, y: [
            -0.04 * y[0] + 1e4 * y[1] * y[2],
            0.04 * y[0] - 1e4 * y[1] * y[2] - 3e7 * y[1] ** 2,
            3e7 * y[1] ** 2,
        ],
    ),
    "van der pol": (
        Model(("x", "v"), ("mu",), (oscillator,)),
        [1000.0],
        [2.0, 0.0],
        np.array([1.0, 500.0, 1500.0, 2000.0]),
        lambda t, y: [y[1], 1000.0 * (1 - y[0] ** 2) * y[1] - y[0]],
    ),
}


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_stiff_problems_agree_with_radau(problem):
    model, numbers, start, times, rates = problem
    s = solve(model, [numbers], [start], times, rtol=1e-8, atol=1e-14, engine="interpreter")
    oracle = solve_ivp(rates, (0, times[-1]), start, "Radau", times, rtol=1e-10, atol=1e-15)
    assert s.values[0] == pytest.approx(oracle.y.T, rel=3e-6, abs=1e-13)


class Named:
    """Attribute access to one patient's numbers."""

    def __init__(self, names, values):
        self.__dict__.update(zip(names, values))


def plain_rates(model, parameters):
    """The rates of a model from its mechanisms, called with plain numbers."""
    p, place = Named(model.parameters, parameters), {n: i for i, n in enumerate(model.states)}

    def rates(t, y):
        total = np.zeros(len(y))
        for mechanism in model.mechanisms:
            for name, arrow in mechanism(Named(model.states, y), p).items():
                total[place[name]] += arrow
        return total

    return rates


def test_the_benchmark_model_agrees_with_radau():
    model, times = twenty_states.MODEL, twenty_states.TIMES[:20]
    parameters, initial, doses = twenty_states.population(1)
    s = solve(model, parameters, initial, times, doses=doses, rtol=1e-8, engine="interpreter")
    y, t, rates = initial[0].copy(), 0.0, plain_rates(model, parameters[0])
    order = np.argsort(doses.times[0], kind="stable")
    stops = [*doses.times[0][order], times[-1]]
    for n, stop in enumerate(stops):
        if stop > t:
            y = solve_ivp(rates, (t, stop), y, "Radau", rtol=1e-8, atol=1e-11).y[:, -1]
        t = stop
        if n < len(order):
            y[doses.states[order[n]]] += doses.amounts[0, order[n]]
    assert s.values[0, -1] == pytest.approx(y, rel=1e-5, abs=1e-8)


def exchange(y, p):
    there, back, gone = p.there * y.blood, p.back * y.tissue, p.gone * y.blood
    return {"blood": back - there - gone, "tissue": there - back, "lost": gone}


BODY = Model(
    ("blood", "tissue", "lost"),
    ("there", "back", "gone"),
    (exchange,),
    positive=("blood", "tissue", "lost"),
)
rates = st.floats(-4, 4).map(lambda x: 10.0**x)
dose = st.tuples(st.floats(0, 9), st.floats(0, 1e6))


@settings(max_examples=25, deadline=None)
@given(st.tuples(rates, rates, rates), st.lists(dose, max_size=4))
def test_what_is_given_is_somewhere_and_never_negative(numbers, given_doses):
    days, amounts = np.array(sorted(given_doses)).reshape(-1, 2).T
    doses = Doses(days[None], np.zeros(len(days), int), amounts[None])
    times = np.linspace(0.0, 10.0, 21)
    s = solve(BODY, [numbers], [[1.0, 2.0, 0.0]], times, doses=doses, engine="interpreter")
    now = times * (1 + 4e-16) + 1e-18  # what cannot be told from an output's time is due
    given_so_far = 3.0 + np.array([amounts[days <= t].sum() for t in now])
    assert not s.failed[0]
    assert s.values.min() >= 0.0
    assert s.values[0].sum(axis=1) == pytest.approx(given_so_far, rel=1e-9)
    assert (np.diff(s.values[0, :, 2]) >= -1e-6 * s.values[0, -1, 2]).all()
