"""The compiled engine and the interpreter agree; bytes do not depend on the batch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import twenty_states
from carnk.solver import Doses, Event, Model, exp, maximum, minimum, power, solve, sqrt, where
from carnk.solver.executors import compile_plan, executor, interpret_plan
from carnk.solver.method import RODAS5P
from carnk.solver.population import _run, make_job, reasons_of
from carnk.solver.steps import plan


def everything(y, p):
    """Every operation of the graph in one mechanism."""
    flow = p.a * power(y.x, p.n) / (1 + power(y.x, p.n)) + sqrt(y.z)
    lost = maximum(p.a * y.x, minimum(y.z, 0.5)) + where(y.z > 0.3, y.z * y.z, exp(-y.z) * 0.1)
    return {"x": y.z - flow * y.x, "z": flow - lost / (y.x + p.n)}


def chain(y, p):
    return {"x": -p.a * y.x, "y": p.a * y.x - p.b * y.y * y.z, "z": p.b * y.y * y.z - y.z}


REFILL = Event("refill", lambda y, p: 1.0 - y.x, lambda y, p: {"x": p.n * 0.5}, times=2)
MIXED = Model(("x", "z"), ("a", "n"), (everything,), (REFILL,), positive=("x", "z"))
MODELS = {
    "mixed": MIXED,
    "chain": Model(("x", "y", "z"), ("a", "b"), (chain,)),
    "twenty states": twenty_states.MODEL,
}
COUNT = 21


def mixed_population(count):
    draws = np.random.default_rng(5)
    parameters = np.exp(0.4 * draws.standard_normal((count, 2))) * [1.2, 1.5]
    initial = np.exp(draws.standard_normal((count, 2)))
    times = np.sort(draws.uniform(0.0, 8.0, (count, 2)), axis=1)
    doses = Doses(times, np.array([1, 0]), draws.uniform(0.1, 1.0, (count, 2)))
    return parameters, initial, doses


def part(doses, rows):
    return Doses(doses.times[rows], doses.states, doses.amounts[rows])


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_kernel_agrees_to_rounding(model):
    """Each kernel once, on random rows."""
    made = plan(model, RODAS5P)
    compiled, plain = compile_plan(made), interpret_plan(made)
    lanes, rows = compiled.lanes, made.rows
    draws = np.random.default_rng(3)
    table = np.exp(draws.standard_normal((rows["end"], lanes)))
    table[rows["rtol"]], table[rows["ih"]] = 1e-6, 1e3
    calls = [("prologue", 0, 0), ("triggers", rows["y"], rows["trigger"]), ("effects", 0, 0)]
    calls += [
        *made.step,
        ("between", 0, 0),
        ("propose", 0, 0),
        ("judge", 0, 0),
        ("guess", 0, 0),
        ("accept", 0, 0),
    ]
    for name, src, dst in calls:
        w = compiled.memory()
        w.reshape(-1, lanes)[:] = table
        compiled.functions[name](w, src, dst)
        wide = plain.memory()
        view = wide.reshape(-1, plain.lanes)
        view[:] = np.tile(table, (1, plain.lanes // lanes))
        with np.errstate(all="ignore"):
            plain.functions[name](wide, src, dst)
        expected = view[:, :lanes].copy()
        changed = (expected != table).any(axis=1)
        scale = np.abs(expected[changed])
        if name != "prologue":  # sums may cancel: their parts are as large as their neighbors
            scale = np.maximum(scale, 0.01 * scale.max(axis=0, initial=0.0))
        apart = np.abs(w.reshape(-1, lanes)[changed] - expected[changed])
        assert (apart <= 1e-12 * scale).all(), name
        assert (w.reshape(-1, lanes)[~changed] == table[~changed]).all(), name
        if name in ("prologue", "factor"):  # what the others read; these stay on random rows
            table = expected


def test_whole_solutions_of_the_engines_agree():
    parameters, initial, doses = mixed_population(COUNT)
    times = np.linspace(0.0, 10.0, 21)
    compiled, plain = (
        solve(MIXED, parameters, initial, times, doses=doses, rtol=1e-8, engine=engine)
        for engine in ("kernel", "interpreter")
    )
    assert not compiled.failed.any()
    assert compiled.values == pytest.approx(plain.values, rel=1e-6, abs=1e-9)
    assert (compiled.event_counts == plain.event_counts).all()
    assert compiled.event_counts.max() == 2
    assert compiled.event_times == pytest.approx(plain.event_times, rel=1e-6, nan_ok=True)


def test_bytes_do_not_depend_on_threads_chunks_or_order():
    parameters, initial, doses = mixed_population(COUNT)
    times = np.linspace(0.0, 10.0, 11)

    def run(rows, threads=1):
        chosen = (parameters[rows], initial[rows])
        return solve(MIXED, *chosen, times, doses=part(doses, rows), threads=threads).values

    everyone = np.arange(COUNT)
    whole = run(everyone)
    assert run(everyone, threads=2).tobytes() == whole.tobytes()
    shuffled = np.random.default_rng(1).permutation(COUNT)
    assert run(shuffled).tobytes() == whole[shuffled].tobytes()
    for size in (1, 7):
        chunks = [run(everyone[i : i + size]) for i in range(0, COUNT, size)]
        assert np.concatenate(chunks).tobytes() == whole.tobytes()
    parameters[3], initial[5] = np.nan, -1e200
    others = np.setdiff1d(everyone, [3, 5])
    assert run(everyone)[others].tobytes() == whole[others].tobytes()


def test_bytes_do_not_depend_on_the_number_of_lanes():
    parameters, initial, doses = mixed_population(COUNT)
    times = np.linspace(0.0, 10.0, 11)
    results = []
    for lanes in (4, 8):
        job = make_job(MIXED, parameters, initial, times, doses, (0.0, 1e-6, 1e-12))
        _run(compile_plan(plan(MIXED, RODAS5P), lanes), job, threads=1)
        assert not reasons_of(MIXED, job)
        results.append(job.out.tobytes())
    assert results[0] == results[1]


def test_the_benchmark_model_keeps_its_accuracy():
    parameters, initial, doses = twenty_states.population(24)
    given = (twenty_states.MODEL, parameters, initial, twenty_states.TIMES)
    usual = solve(*given, doses=doses)
    tight = solve(*given, doses=doses, rtol=1e-10, atol=1e-14)
    error = np.abs(usual.values - tight.values) / (np.abs(tight.values) + 1e-3)
    assert not usual.failed.any()
    assert error.max() < 1e-4
    assert usual.steps.mean() < 400
    free = solve(replace(given[0], positive=()), *given[1:], doses=doses, engine="interpreter")
    assert usual.steps.mean() < 1.02 * free.steps.mean()


def test_the_interpreter_needs_no_compiler():
    program = (
        "import sys; from carnk.solver import Model, solve\n"
        "m = Model(('x',), ('k',), (lambda y, p: {'x': -p.k * y.x},))\n"
        "assert abs(solve(m, [[1.0]], [[1.0]], [1.0], engine='interpreter').values[0, 0, 0]"
        " - 0.36787944) < 1e-5\n"
        "assert not {'numba', 'llvmlite', 'scipy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_model_is_built_once():
    assert executor(MIXED, "interpreter") is executor(MIXED, "interpreter")
