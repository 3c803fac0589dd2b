"""The SBML written here, read and solved by libRoadRunner (CVODE), gives the same courses."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks import twenty_states
from carnk.base.errors import SolveError
from carnk.solver import Doses, Event, Model, exp, log, maximum, minimum, power, solve, where
from carnk.solver.sbml import write_sbml


def everything(y, p):
    flow = p.a * power(y.x, p.n) / (1 + power(y.x, p.n)) + log(1 + y.z)
    lost = maximum(p.a * y.x, minimum(y.z, 0.5)) + where(y.z > 0.3, y.z * y.z, exp(-y.z) * 1e-7)
    return {"x": y.z - flow * y.x, "z": flow - lost / (y.x + p.n) + 2.5e-8}


REFILL = Event("refill", lambda y, p: 1.0 - y.x, lambda y, p: {"x": p.n, "z": -0.1 * y.x}, times=2)
MIXED = Model(("x", "z"), ("a", "n"), (everything,), (REFILL,))
NUMBERS, START = {"a": 1.2, "n": 1.5}, {"x": 2.0, "z": 0.2}


def by_roadrunner(text, states, times):
    roadrunner = pytest.importorskip("roadrunner", reason="libRoadRunner is not installed")
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    simulator = roadrunner.RoadRunner(text)
    simulator.integrator.relative_tolerance = 1e-9
    simulator.integrator.absolute_tolerance = 1e-13
    simulator.timeCourseSelections = ["time", *states]
    return np.array(simulator.simulate(times=list(times)))[:, 1:]


def test_the_benchmark_model_agrees():
    model, times = twenty_states.MODEL, twenty_states.TIMES
    parameters, initial, doses = twenty_states.population(1)
    given = [
        (day, model.states[into], amount)
        for day, into, amount in zip(doses.times[0], doses.states, doses.amounts[0])
    ]
    numbers = dict(zip(model.parameters, parameters[0]))
    text = write_sbml(model, numbers, dict(zip(model.states, initial[0])), given)
    theirs = by_roadrunner(text, model.states, times)
    ours = solve(model, parameters, initial, times, doses=doses, rtol=1e-8, engine="interpreter")
    error = np.abs(ours.values[0] - theirs) / (np.abs(theirs) + 1e-3)
    assert error.max() < 1e-4


def test_every_operation_and_an_event_agree():
    times = np.linspace(0.0, 12.0, 25)
    text = write_sbml(MIXED, NUMBERS, START, [(0.0, "z", 0.5), (6.25, "x", 1.0)])
    theirs = by_roadrunner(text, MIXED.states, times)
    doses = Doses(np.array([[0.0, 6.25]]), np.array([1, 0]), np.array([[0.5, 1.0]]))
    ours = solve(
        MIXED,
        [list(NUMBERS.values())],
        [list(START.values())],
        times,
        doses=doses,
        rtol=1e-9,
        engine="interpreter",
    )
    assert ours.event_counts[0, 0] >= 1
    assert ours.values[0] == pytest.approx(theirs, rel=1e-4, abs=1e-6)


def test_the_text_is_level_3_and_names_every_symbol():
    root = ElementTree.fromstring(write_sbml(MIXED, NUMBERS, START))
    assert root.attrib == {"level": "3", "version": "1"}
    space = {"s": "http://www.sbml.org/sbml/level3/version1/core"}
    names = {e.get("id"): e for e in root.findall(".//s:parameter", space)}
    assert set(names) >= {"x", "z", "a", "n", "fired_1"}
    assert names["a"].get("constant") == "true"
    assert names["x"].get("value") == "2.0"
    assert len(root.findall(".//s:rateRule", space)) == 2


@pytest.mark.parametrize(
    ("numbers", "start", "doses", "said"),
    [
        ({"a": 1.0}, START, [], "'n' has no finite number"),
        (NUMBERS, {"x": 1.0, "z": float("nan")}, [], "'z' has no finite number"),
        (NUMBERS, START, [(0.0, "y", 1.0)], "not a day, a state and an amount"),
    ],
)
def test_missing_numbers_are_named(numbers, start, doses, said):
    with pytest.raises(SolveError, match=said):
        write_sbml(MIXED, numbers, start, doses)


def test_a_name_cannot_be_a_state_and_a_parameter():
    model = Model(("x",), ("x",), (lambda y, p: {"x": p.x},))
    with pytest.raises(SolveError, match="name of a state as well"):
        write_sbml(model, {"x": 1.0}, {"x": 1.0})
