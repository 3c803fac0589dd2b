"""End values of two standard stiff problems, HIRES and ROBER.

Source: F. Mazzia and C. Magherini, Test Set for Initial Value Problem Solvers, release 2.4,
Department of Mathematics, University of Bari, 2008 (https://archimede.uniba.it/~testset);
ROBER and HIRES also in E. Hairer and G. Wanner, Solving Ordinary Differential Equations II,
Springer 1996, section IV.10, doi:10.1007/978-3-642-05221-7. The numbers were checked with SciPy's
Radau at rtol 1e-12 (relative difference below 1e-12).
"""

from __future__ import annotations

import numpy as np
import pytest

from carnk.solver import Model, solve

HIRES_END = 321.8122
HIRES_START = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057]
HIRES = [
    0.7371312573325668e-3,
    0.1442485726316185e-3,
    0.5888729740967575e-4,
    0.1175651343283149e-2,
    0.2386356198831331e-2,
    0.6238968252742796e-2,
    0.2849998395185769e-2,
    0.2850001604814231e-2,
]
ROBER_END = 1e11
ROBER_START = [1.0, 0.0, 0.0]
ROBER = [0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050]


def hires(y, p):
    binding = 280.0 * y.y6 * y.y8
    return {
        "y1": -1.71 * y.y1 + 0.43 * y.y2 + 8.32 * y.y3 + 0.0007,
        "y2": 1.71 * y.y1 - 8.75 * y.y2,
        "y3": -10.03 * y.y3 + 0.43 * y.y4 + 0.035 * y.y5,
        "y4": 8.32 * y.y2 + 1.71 * y.y3 - 1.12 * y.y4,
        "y5": -1.745 * y.y5 + 0.43 * y.y6 + 0.43 * y.y7,
        "y6": -binding + 0.69 * y.y4 + 1.71 * y.y5 - 0.43 * y.y6 + 0.69 * y.y7,
        "y7": binding - 1.81 * y.y7,
        "y8": -binding + 1.81 * y.y7,
    }


def rober(y, p):
    first, second, third = 0.04 * y.y1, 1e4 * y.y2 * y.y3, 3e7 * y.y2 * y.y2
    return {"y1": second - first, "y2": first - second - third, "y3": third}


def names(count):
    return tuple(f"y{i + 1}" for i in range(count))


PROBLEMS = {
    "HIRES": (Model(names(8), (), (hires,)), HIRES_START, HIRES_END, HIRES, 1e-12),
    "ROBER": (Model(names(3), (), (rober,)), ROBER_START, ROBER_END, ROBER, 1e-20),
}


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
@pytest.mark.parametrize(("rtol", "within"), [(1e-6, 2e-5), (1e-9, 2e-8)])
def test_end_values(problem, rtol, within):
    model, start, end, reference, atol = problem
    nothing = np.zeros((1, 0))
    s = solve(model, nothing, [start], [end], rtol=rtol, atol=atol, engine="interpreter")
    assert s.values[0, -1] == pytest.approx(reference, rel=within)
