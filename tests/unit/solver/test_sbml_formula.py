"""Operations of formulas: exact where plain arithmetic raises, derivatives, proofs of sign."""

from __future__ import annotations

import math

import pytest

from carnk.solver.formula import JUMPING, OPERATIONS, Formulas, compiled, slopes
from carnk.solver.sbml_read import read_sbml
from carnk.solver.sbml_settings import until
from carnk.solver.signs import never_negative
from carnk.solver.simulate import simulate

LOGIC = (*JUMPING, "is0", "and", "or", "not")
SMOOTH = [name for name in OPERATIONS if name not in LOGIC]
ARGUMENTS = {"where": 3, **dict.fromkeys(("add", "sub", "mul", "div", "pow", "max"), 2)}
POINT = {"acosh": (1.7,), "factorial": (3.0,), "where": (1.0, 0.6, 0.3)}


@pytest.mark.parametrize("op", SMOOTH)
def test_a_derivative_is_the_limit_of_differences(op):
    graph = Formulas()
    count = ARGUMENTS.get(op, 1)
    x = [graph.node("state", n) for n in range(count)]
    f = graph.make(op, *x)
    point = list(POINT.get(op, (0.6, 0.3)[:count]))
    found = slopes([f])[0]
    for place, leaf in enumerate(x):
        if op == "where" and place == 0:
            continue
        slope = compiled([found.get(leaf, graph.lift(0))])(0.0, point, (), ())[0]
        step = 1e-6
        above, below = ([v + s * (n == place) for n, v in enumerate(point)] for s in (step, -step))
        rise = compiled([f])(0.0, above, (), ())[0] - compiled([f])(0.0, below, (), ())[0]
        assert slope == pytest.approx(rise / (2 * step), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    ("op", "args", "value"),
    [
        ("div", (1, 0), math.inf),
        ("div", (-1, 0), -math.inf),
        ("div", (0, 0), math.nan),
        ("ln", (0,), -math.inf),
        ("ln", (-1,), math.nan),
        ("sqrt", (-1,), math.nan),
        ("exp", (1000,), math.inf),
        ("pow", (-8, 1 / 3), math.nan),
        ("pow", (0, -1), math.inf),
        ("pow", (-10, 1001), -math.inf),
        ("atanh", (1,), math.inf),
        ("sinh", (-1000,), -math.inf),
        ("factorial", (171,), math.inf),
        ("floor", (math.inf,), math.inf),
        ("cmp", (math.nan, 1), 2),
    ],
)
def test_what_raises_in_python_has_its_value_of_ieee_754(op, args, value):
    graph = Formulas()
    assert graph.make(op, *map(graph.lift, args)).args[0] == pytest.approx(value, nan_ok=True)
    x = [graph.node("state", n) for n in range(len(args))]
    found = compiled([graph.make(op, *x)])(0.0, [float(a) for a in args], (), ())[0]
    assert found == pytest.approx(value, nan_ok=True)


def test_what_stays_above_zero_is_proved_and_nothing_else():
    graph = Formulas()
    x, y, z = (graph.node("state", n) for n in range(3))
    decay = graph.make("neg", graph.make("mul", x, y))
    drain = graph.make("sub", graph.make("mul", x, y), graph.lift(1))
    fed = graph.make("exp", graph.make("neg", z))
    assert never_negative([decay, fed, drain], [1, 1, 1], []) == [True, True, False]
    assert never_negative([decay, fed, fed], [-1, 1, 1], []) == [False, True, True]
    lost = graph.make("mul", graph.node("held", 0), y)
    assert never_negative([lost, fed, fed], [0, 1, 1], [-1.0]) == [False, True, True]


def test_generated_text_holds_no_name_of_the_file(monkeypatch):
    texts = []
    make = compile

    def watched(source, *rest):
        texts.append(source)
        return make(source, *rest)

    monkeypatch.setattr("carnk.solver.formula.compile", watched, raising=False)
    text = (
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model>'
        '<listOfParameters><parameter id="evil_name" value="1" constant="false"/>'
        '</listOfParameters><listOfRules><rateRule variable="evil_name"><math'
        ' xmlns="http://www.w3.org/1998/Math/MathML"><apply><sin/><ci>evil_name</ci></apply></math>'
        "</rateRule></listOfRules></model></sbml>"
    )
    simulate(read_sbml(text), until(1, 2))
    assert texts
    assert not any("evil" in text for text in texts)
