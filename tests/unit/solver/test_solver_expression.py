"""The expression graph: folding, sharing, derivatives, hoisting, and use with plain numbers."""

from __future__ import annotations

import numpy as np
import pytest

from carnk.solver import exp, log, maximum, minimum, power, sqrt, where
from carnk.solver.executors import NUMPY, numpy_body
from carnk.solver.expression import Graph, hoist, jacobian, lower, substitute
from carnk.solver.tape import write_tape

NAMES = {"np": np, "LANES": 1, "rough": lambda x: 1 / x}


def evaluate(outputs, values):
    """The outputs as numbers, by the interpreter's own text; values are {leaf: number}."""
    graph = outputs[0].graph
    size = len(values)
    leaves = [graph.node("load", str(i)) for i in range(size)]
    moved = substitute(lower(outputs), zip(values, leaves))
    tape = write_tape({str(size + i): e for i, e in enumerate(moved)})
    namespace = dict(NAMES)
    exec(f"def run(w, src, dst):\n{numpy_body(tape)}\n", namespace)
    w = np.zeros(size + len(outputs))
    w[:size] = list(values.values())
    with np.errstate(all="ignore"):
        namespace["run"](w, 0, 0)
    return w[size:]


@pytest.fixture
def leaves():
    graph = Graph()
    return [graph.node("state", name) for name in "ab"]


def test_equal_expressions_are_one_node(leaves):
    a, b = leaves
    assert a * b + 1 is b * a + 1
    assert a - a is a.graph.lift(0)
    assert a * 1 is a
    opposite = -a
    assert -opposite is a
    assert a + 0 is a


def test_a_symbol_has_no_truth_value(leaves):
    with pytest.raises(TypeError, match="where"):
        bool(leaves[0] > 1)


FORMS = {
    "product": lambda a, b: a * a * b - 3 * b,
    "quotient": lambda a, b: a / (2 + b) - 1 / a,
    "exp": lambda a, b: exp(-a) * b,
    "log": lambda a, b: log(a) / b,
    "power": lambda a, b: power(a, 1.7) + a**b,
    "root": lambda a, b: sqrt(a + b),
    "larger": lambda a, b: maximum(a * b, a + b),
    "smaller": lambda a, b: minimum(a * b, 2.0),
    "choice": lambda a, b: where(a > b, a * a, b * a),
    "chosen below": lambda a, b: where(a < 2 * b, a * a, b * a),
    "whole powers": lambda a, b: a**3 + b**-2 + a**0 + 2.0**b,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("at", [(0.7, 1.3), (2.1, 0.4)])
def test_derivatives_match_differences(leaves, form, at):
    e = form(*leaves)
    values = dict(zip(leaves, at))
    entries = jacobian([e], leaves)
    found = [0.0, 0.0]
    for (_, column), entry in entries.items():
        found[column] = evaluate([entry], values)[0]
    for i, width in enumerate((1e-6, 1e-6)):
        up, down = list(at), list(at)
        up[i] += width
        down[i] -= width
        assert found[i] == pytest.approx((form(*up) - form(*down)) / (2 * width), abs=2e-8)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_symbols_and_numbers_agree(leaves, form):
    at = (0.7, 1.3)
    assert evaluate([form(*leaves)], dict(zip(leaves, at)))[0] == pytest.approx(
        form(*at), rel=1e-14
    )


def test_functions_take_arrays():
    x = np.array([-1.0, 0.0, 4.0])
    assert sqrt(x).tolist() == [0.0, 0.0, 2.0]
    assert where(x > 0, x, 7.0).tolist() == [7.0, 7.0, 4.0]
    assert maximum(x, 1.0).tolist() == [1.0, 1.0, 4.0]
    assert minimum(x, 1.0).tolist() == [-1.0, 0.0, 1.0]
    assert exp(np.zeros(2)).tolist() == [1.0, 1.0]
    assert log(1.0) == 0.0


def test_a_power_of_nothing_is_nothing_and_so_is_its_slope(leaves):
    a, b = leaves
    e = power(a, 1.5)
    slope = jacobian([e], [a])[0, 0]
    assert evaluate([e, slope], {a: 0.0, b: 1.0}).tolist() == [0.0, 0.0]
    assert evaluate([e, slope], {a: -1e-9, b: 1.0}).tolist() == [0.0, 0.0]


def test_hoisting_takes_out_what_does_not_vary(leaves):
    a, b = leaves
    moving, constants = hoist([a * log(b), exp(b)], [a], lambda i: a.graph.node("load", str(i)))
    assert constants == [log(b), exp(b)]
    assert moving[0] is a * a.graph.node("load", "0")


def test_products_used_once_are_fused(leaves):
    a, b = leaves
    assert "fma" in write_tape({"0": a * b + 1})
    shared = write_tape({"0": a * b + 1, "1": a * b})
    assert "fma" not in shared
    assert set(NUMPY) >= {"fma", "fms", "fnma"}
