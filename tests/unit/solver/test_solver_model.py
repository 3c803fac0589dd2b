"""Tracing a model: sums of arrows, names, and what is said when they do not fit."""

from __future__ import annotations

import pytest

from carnk.base.errors import SolveError
from carnk.solver import Event, Model, exp
from carnk.solver.equations import equations
from carnk.solver.model import trace


def growth(y, p):
    return {"tumor": p.rate * y.tumor}


def killing(y, p):
    kills = p.kill * y.tumor * y.nk / (p.half + y.tumor)
    return {"tumor": -kills, "nk": -0.1 * kills}


STATES, PARAMETERS = ("tumor", "nk"), ("rate", "kill", "half")
MODEL = Model(STATES, PARAMETERS, (growth, killing))


def test_rates_are_sums_of_arrows():
    traced = trace(MODEL)
    assert [name for name, _ in traced.arrows] == ["growth", "killing"]
    total = traced.arrows[0][1]["tumor"] + traced.arrows[1][1]["tumor"]
    assert traced.rates[0] is total


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Model(STATES, PARAMETERS, (lambda y, p: {"tumour": y.nk},)), "Did you mean 'tumor'"),
        (Model(STATES, PARAMETERS, (lambda y, p: {"nk": p.rat},)), "Did you mean 'rate'"),
        (Model(STATES, PARAMETERS, (lambda y, p: {"nk": 1 if y.nk > 0 else 0},)), "where"),
        (Model(("nk", "nk"), (), ()), "more than once"),
        (Model(("nk",), (), (), positive=("n",)), "positive: 'n' is not a state"),
        (Model((), (), ()), "none"),
        (
            Model(("nk",), (), (), (Event("cut", lambda y, p: y.nk, lambda y, p: {"x": 1.0}),)),
            "cut: it changes 'x'",
        ),
    ],
)
def test_what_does_not_fit_is_named(model, said):
    with pytest.raises(SolveError, match=said):
        trace(model)


def test_equations_are_readable():
    lines = equations(MODEL)
    assert [(line.mechanism, line.state) for line in lines] == [
        ("growth", "tumor"),
        ("killing", "tumor"),
        ("killing", "nk"),
    ]
    assert lines[0].text == "d tumor/dt gets tumor * rate"
    assert lines[1].text == "d tumor/dt gets -nk * tumor * kill / (tumor + half)"
    assert lines[1].latex == (
        r"\frac{d\,\mathrm{tumor}}{dt} \mathrel{+}= "
        r"-\frac{\mathrm{nk} \, \mathrm{tumor} \, \mathrm{kill}}{\mathrm{tumor} + \mathrm{half}}"
    )


def test_brackets_stand_where_they_are_needed():
    def rule(y, p):
        return {
            "tumor": (y.tumor - (y.nk + p.rate)) / (y.nk * p.half) * y.nk**p.rate,
            "nk": -((y.nk + p.rate) ** 2) / exp(p.kill),
        }

    first, second = equations(Model(STATES, PARAMETERS, (rule,)))
    assert first.text.endswith("gets (tumor - (nk + rate)) * nk^rate / (nk * half)")
    assert second.text.endswith("gets -(nk + rate)^2 / exp(kill)")
