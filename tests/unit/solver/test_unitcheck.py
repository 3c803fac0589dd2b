"""Units of equations: our own model is clean, and each kind of mistake is named with its place."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from carnk.base import NumberError
from carnk.kinetics import FROM_LIBRARY, MODEL, PARAMETERS, STATES
from carnk.kinetics.units import PARAMETER_MEANINGS, PARAMETER_UNITS, STATE_MEANINGS, STATE_UNITS
from carnk.library import load
from carnk.solver import Event, Model, exp, log, maximum, power, where
from carnk.solver.sbml_read import read_sbml
from carnk.solver.sbml_units import check_sbml_units
from carnk.solver.unitcheck import check_units
from carnk.solver.units import PLAIN, parse_unit, same_dimension, same_scale

CASES = Path(__file__).parents[4] / "shared" / "reference"


def our_units() -> dict[str, str]:
    return {**STATE_UNITS, **PARAMETER_UNITS, **{n: load()[n].unit for n in FROM_LIBRARY}}


def told(mechanism, units, events=(), states=("x", "z")):
    parameters = tuple(n for n in units if n not in states)
    return [str(p) for p in check_units(Model(states, parameters, (mechanism,), events), units)]


def test_our_own_model_is_clean_and_every_name_has_a_unit_and_a_meaning():
    assert set(our_units()) == {*STATES, *PARAMETERS}
    assert check_units(MODEL, our_units()) == []
    assert set(STATE_MEANINGS) == set(STATES)
    assert set(PARAMETER_MEANINGS) == set(PARAMETERS) - set(FROM_LIBRARY)


@pytest.mark.parametrize("name", sorted({*STATES, *PARAMETERS}))
def test_a_wrong_unit_of_any_name_of_our_model_is_seen(name):
    """A unit divided into international units fits nowhere."""
    wrong = {**our_units(), name: f"IU/({our_units()[name]})"}
    assert check_units(MODEL, wrong) != []


@pytest.mark.parametrize(
    ("text", "factor", "dimension"),
    [
        ("1/day", 1 / 86400, {"second": -1}),
        ("mL/kg", 1e-6, {"metre": 3, "kilogram": -1}),
        ("(pg/mL)/(mg/kg)", 1e-3, {"kilogram": 1, "metre": -3}),
        ("m2/mg/day", 1e6 / 86400, {"metre": 2, "kilogram": -1, "second": -1}),
        ("cells", 1.0, {"cell": 1}),
        ("nM", 1e-6, {"mole": 1, "metre": -3}),
        ("mL^-2", 1e12, {"metre": -6}),
        ("percent", 0.01, {}),
        ("1", 1.0, {}),
    ],
)
def test_units_are_read(text, factor, dimension):
    unit = parse_unit(text)
    assert unit.factor == pytest.approx(factor)
    assert dict(unit.dimension) == dimension


@pytest.mark.parametrize("text", ["", "mL mL", "mL/", "(mL", "mL)", "2", "mL^", "mL^100", "a**9"])
def test_what_is_no_unit_is_refused(text):
    with pytest.raises(NumberError):
        parse_unit(text)


def test_rational_powers_come_back():
    root = parse_unit("mm2") ** Fraction(1, 2)
    assert same_dimension(root, parse_unit("mm"))
    assert same_scale(root, parse_unit("mm"))
    assert (root / root) == PLAIN


def test_one_dimension_in_two_scales_is_told_with_both_units():
    said = told(
        lambda y, p: {"x": p.a * (p.late + p.delay)},
        {"x": "cell", "a": "cell/day/day", "late": "h", "delay": "day"},
    )
    assert said == [
        "<lambda>: x: 'late' is in h, 'delay' in day, and they are added. "
        "One h is 0.0416667 day: give both in one scale."
    ]


def test_other_dimensions_are_told_before_scales():
    def growth(y, p):
        return {"x": p.k * y.x + p.volume * (y.z + p.liters)}

    said = told(growth, {"x": "cell", "z": "mL", "k": "1/day", "volume": "1/day", "liters": "L"})
    assert said == [
        "growth: x: 'z' is in mL, 'liters' in L, and they are added. "
        "One mL is 0.001 L: give both in one scale."
    ]
    said = told(growth, {"x": "cell", "z": "mL", "k": "1/day", "volume": "1/day", "liters": "mL"})
    assert said[0].startswith(
        "growth: x: 'x * k' is in cell/day, 'volume * (z + liters)' in mL/day"
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (lambda y, p: {"x": p.k * p.k * y.x}, "is in cell/day^2, but cell/day is needed here"),
        (lambda y, p: {"x": p.hourly * y.x}, "is in cell/h, but cell/day is needed here"),
        (lambda y, p: {"x": p.k * y.x * exp(y.z)}, "exp is taken of 'z', which is in mL"),
        (lambda y, p: {"x": p.k * y.x * exp(p.hourly / p.k)}, "One day/h is 24: give both in one"),
        (lambda y, p: {"x": p.k * y.x * log(y.x)}, "log is taken of 'x', which is in cell"),
        (lambda y, p: {"x": p.k * maximum(y.x, y.z)}, "and they are compared"),
        (lambda y, p: {"x": p.k * where(y.x > y.z, y.x, 0.0)}, "subtracted or compared"),
        (lambda y, p: {"x": p.k * where(y.x > 1.0, y.x, y.z)}, "and they are alternatives"),
        (lambda y, p: {"x": p.k * power(y.x, 0.5)}, "is in cell^(1/2)/day, but cell/day"),
        (lambda y, p: {"x": p.k * power(y.x, y.z)}, "the exponent is made of 'z'"),
    ],
)
def test_each_operation_is_looked_at(rule, said):
    units = {"x": "cell", "z": "mL", "k": "1/day", "hourly": "1/h"}
    assert any(said in line for line in told(rule, units))


@pytest.mark.parametrize(
    "rule",
    [
        lambda y, p: {"x": 2 * p.k * y.x * y.x / (1e6 + y.x)},
        lambda y, p: {"x": p.k * y.x * (1 - y.z / p.v) * exp(-y.z / p.v)},
        lambda y, p: {"x": p.k * power(y.x, 2 / 3) * power(p.cells, 1 / 3)},
        lambda y, p: {"x": p.k * y.x * power(y.z / p.v, p.n)},
        lambda y, p: {"x": p.unknown * y.z + p.k * y.x, "z": p.unknown * y.x},
        lambda y, p: {"x": p.k * maximum(0.0, y.x - 3.0)},
        lambda y, p: {"x": 24 * p.hourly * y.x},
    ],
)
def test_right_formulas_and_unknown_units_make_no_alarm(rule):
    units = {"x": "cell", "z": "mL", "k": "1/day", "v": "mL", "n": "1", "cells": "cell",
             "hourly": "1/h"}  # fmt: skip
    model = Model(("x", "z"), ("k", "v", "n", "cells", "unknown", "hourly"), (rule,))
    assert check_units(model, units) == []


def test_events_are_looked_at():
    event = Event("refill", lambda y, p: p.low - y.x, lambda y, p: {"x": p.volume})
    units = {"x": "cell", "z": "1", "k": "1/day", "low": "mL", "volume": "mL"}
    said = told(lambda y, p: {"x": -p.k * y.x}, units, (event,))
    assert said[0].startswith("refill: trigger: 'low' is in mL, 'x' in cell")
    assert said[1].startswith("refill: x: 'volume' is in mL, but cell is needed here")


def test_an_unknown_unit_is_refused():
    with pytest.raises(NumberError, match="'hourz' is not a known unit"):
        told(lambda y, p: {"x": y.x}, {"x": "1/hourz"})


HEAD = """<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">
 <model id="m" timeUnits="second" substanceUnits="mole" extentUnits="mole" volumeUnits="litre">
  <listOfUnitDefinitions>
   <unitDefinition id="hour"><listOfUnits>
    <unit kind="second" exponent="1" scale="0" multiplier="3600"/></listOfUnits></unitDefinition>
   <unitDefinition id="per_second"><listOfUnits>
    <unit kind="second" exponent="-1" scale="0" multiplier="1"/></listOfUnits></unitDefinition>
   <unitDefinition id="root_metre"><listOfUnits>
    <unit kind="metre" exponent="0.5" scale="0" multiplier="1"/></listOfUnits></unitDefinition>
  </listOfUnitDefinitions>
  <listOfCompartments><compartment id="c" size="1" spatialDimensions="3" constant="true"/>
  </listOfCompartments>
  <listOfSpecies><species id="S" compartment="c" initialAmount="1" hasOnlySubstanceUnits="true"
    boundaryCondition="false" constant="false"/></listOfSpecies>
  <listOfParameters>
   <parameter id="x" value="0" constant="false"{x}/>
   <parameter id="moles" value="2" constant="true" units="mole"/>
   <parameter id="seconds" value="3" constant="true" units="second"/>
   <parameter id="hours" value="3" constant="true" units="hour"/>
   <parameter id="k" value="3" constant="true" units="per_second"/>
   <parameter id="root" value="3" constant="true" units="root_metre"/>
   <parameter id="metres" value="3" constant="true" units="metre"/>
   <parameter id="two" value="2" constant="true"/>
  </listOfParameters>
"""
RULE = """<listOfRules><assignmentRule variable="x">
 <math xmlns="http://www.w3.org/1998/Math/MathML">{}</math></assignmentRule></listOfRules>"""
LAW = """<listOfReactions><reaction id="r" reversible="false" fast="false"><listOfReactants>
  <speciesReference species="S" stoichiometry="1" constant="true"/></listOfReactants>
 <kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML">{}</math></kineticLaw>
 </reaction></listOfReactions>"""


def ci(name):
    return f"<ci> {name} </ci>"


def apply(op, *parts):
    return f"<apply><{op}/>{''.join(parts)}</apply>"


def report(body, x=""):
    return check_sbml_units(read_sbml(f"{HEAD.format(x=x)}{body}</model></sbml>"))


def test_seconds_added_to_moles_are_refused_with_their_place():
    found = report(RULE.format(apply("plus", ci("moles"), ci("seconds"))))
    with pytest.raises(NumberError, match=r"model:\d+: .*'x'.*'moles' is in mole, 'seconds' in se"):
        found.refuse()
    assert found.doubts == ()


def test_hours_added_to_seconds_are_a_doubt_that_only_strictness_refuses():
    found = report(RULE.format(apply("plus", ci("hours"), ci("seconds"))))
    found.refuse()
    assert "One hour is 3600 second" in found.note
    with pytest.raises(NumberError):
        found.refuse(strict=True)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (apply("times", ci("k"), ci("S")), ""),
        (apply("times", ci("two"), ci("seconds")), ""),
        (apply("times", "<cn> 0.5 </cn>", ci("seconds")), ""),
        (ci("S"), "'S' is in mole, but a rate is in mole/second"),
        (apply("times", ci("k"), ci("k"), ci("S")), "is in mole*per_second^2, but a rate"),
        (apply("exp", ci("seconds")), "exp is taken of 'seconds', which is in second"),
        (apply("exp", apply("times", ci("k"), ci("hours"))), "exp is taken of 'k * hours'"),
    ],
)
def test_kinetic_laws_are_doubted_never_refused(formula, said):
    found = report(LAW.format(formula))
    assert found.contradictions == ()
    assert any(said in str(p) for p in found.doubts) if said else found.note == ""


@pytest.mark.parametrize(
    ("formula", "doubts"),
    [
        (apply("plus", apply("power", ci("root"), ci("two")), ci("metres")), 0),
        (apply("plus", apply("root", ci("metres")), ci("root")), 0),
        (apply("plus", apply("power", ci("root"), "<cn> 3 </cn>"), ci("metres")), 1),
        ("<csymbol encoding='text' definitionURL='http://www.sbml.org/sbml/symbols/time'> t "
         "</csymbol>", 0),
        (apply("plus", "<csymbol encoding='text' definitionURL="
               "'http://www.sbml.org/sbml/symbols/time'> t </csymbol>", ci("hours")), 1),
        (apply("times", "<csymbol encoding='text' definitionURL="
               "'http://www.sbml.org/sbml/symbols/avogadro'> n </csymbol>", ci("moles")), 0),
        (f"<piecewise><piece>{ci('hours')}{apply('lt', ci('seconds'), ci('hours'))}</piece>"
         f"<otherwise>{ci('seconds')}</otherwise></piecewise>", 2),
        (apply("plus", ci("two"), ci("hours"), "<cn> 4 </cn>"), 0),
    ],
)  # fmt: skip
def test_mathematics_of_sbml(formula, doubts):
    found = report(RULE.format(formula))
    assert (found.contradictions, len(found.doubts)) == ((), doubts)


def test_a_variable_with_a_unit_wants_it():
    found = report(RULE.format(ci("moles")), x=' units="second"')
    assert [str(p).split(": ", 2)[2] for p in found.contradictions] == [
        "'moles' is in mole, but 'x' needs second. Correct a unit or the formula."
    ]


def test_hostile_units_and_formulas_end_quickly():
    """Deep nesting, functions of functions that double, sizes beyond all numbers."""
    deep = ci("moles")
    for _ in range(1500):
        deep = apply("minus", deep)
    assert report(RULE.format(deep)) is not None
    names = [f"f{n}" for n in range(60)]
    doubling = "".join(
        f'<functionDefinition id="{name}"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda>'
        f"<bvar><ci> a </ci></bvar>{apply('times', inner, inner)}</lambda></math>"
        "</functionDefinition>"
        for name, inner in zip(
            names, [ci("a"), *(f"<apply><ci> {n} </ci><ci> a </ci></apply>" for n in names)]
        )
    )
    huge = '<unit kind="metre" exponent="99" scale="299" multiplier="1e299"/>'
    wild = '<unit kind="metre" exponent="1" scale="0" multiplier="-1"/>'
    head = HEAD.format(x=' units="huge"').replace(
        "<listOfUnitDefinitions>",
        f"<listOfFunctionDefinitions>{doubling}</listOfFunctionDefinitions><listOfUnitDefinitions>"
        f'<unitDefinition id="huge"><listOfUnits>{huge}</listOfUnits></unitDefinition>'
        f'<unitDefinition id="wild"><listOfUnits>{wild}</listOfUnits></unitDefinition>',
    )
    body = RULE.format(f"<apply><ci> {names[-1]} </ci>{ci('metres')}</apply>")
    found = check_sbml_units(read_sbml(f"{head}{body}</model></sbml>"))
    assert found.contradictions == ()


def test_no_model_that_has_to_be_solved_is_refused_for_its_units():
    """SBML's test suite and published models: units that do not fit change no number there."""
    if not CASES.is_dir():
        pytest.skip("shared/reference is not beside this checkout")
    table = CASES / "sbml_semantic" / "manifest.csv"
    with table.open(encoding="utf-8") as stream:
        wanted = {r["case"] for r in csv.DictReader(stream) if r["expectation"] == "match"}
    paths = [p for c in wanted for p in (CASES / "sbml_semantic" / "cases" / c).glob("*sbml*.xml")]
    paths += (CASES / "published_models" / "models").glob("*.xml")
    assert len(paths) > 50
    reports = {path.name: check_sbml_units(read_sbml(path)) for path in paths}
    assert [name for name, found in reports.items() if found.contradictions] == []
    doubted = {name[:15] for name, found in reports.items() if found.doubts}
    assert {name[:5] for name in doubted} <= {"BIOMD"}
