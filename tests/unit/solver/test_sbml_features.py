"""Every feature of SBML core on a model of our own with an exact solution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from carnk.base import SolveError, SpecError
from carnk.solver.oracles.answers import ORACLES
from carnk.solver.oracles.refused import REFUSED
from carnk.solver.sbml_read import parse_sbml, read_sbml
from carnk.solver.sbml_settings import Settings, read_settings, until
from carnk.solver.selftest import FOLDER, feature, order, refusal
from carnk.solver.simulate import simulate
from carnk.solver.support import support_page

# libRoadRunner leaves the standard here: concentrations set by events or rules while the volume
# changes, triggers true for a moment, values that are not set, elements without mathematics; its
# integrator does not get past the end of a species, and its rounding decides whether an event at an
# output time comes before or after it.
THEIRS_DIFFER = (
    *("assigned_volume", "volume_event", "amount_event", "equalities", "narrow_window"),
    *("not_set", "no_mathematics", "root_decay", "clock_edges"),
)
STIFF = ("rober", "hires")


@pytest.mark.parametrize("name", ORACLES)
def test_a_feature_follows_its_exact_solution(name):
    row = feature(name, ORACLES[name])
    assert row.holds, row.found


@pytest.mark.parametrize("name", [n for n in ORACLES if n not in (*THEIRS_DIFFER, *STIFF)])
def test_libroadrunner_gives_the_same(name):
    roadrunner = pytest.importorskip("roadrunner", reason="libRoadRunner is not installed")
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    oracle, text = ORACLES[name], (FOLDER / f"{name}.xml").read_text("utf-8")
    model = read_sbml(text)
    names = tuple(oracle.answer(np.zeros(1)))
    settings = Settings(0.0, oracle.until, oracle.points - 1, names)
    plain = {s.id for s in model.species if s.substance_only or name == "no_dimension"}
    species = {s.id for s in model.species} - plain
    theirs = roadrunner.RoadRunner(text)
    theirs.integrator.relative_tolerance = 1e-9
    theirs.integrator.absolute_tolerance = 1e-12
    theirs.integrator.maximum_time_step = 0.01
    theirs.timeCourseSelections = [f"[{n}]" if n in species else n for n in names]
    values = np.array(theirs.simulate(times=settings.times().tolist()))
    ours = simulate(model, settings).values
    assert np.allclose(ours, values, rtol=1e-4, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused_with_its_place(name):
    row = refusal("refused", name, lambda: parse_sbml(REFUSED[name].encode(), "model.xml"))
    assert row.holds, row.found


def test_the_method_has_the_order_it_was_made_for():
    assert order().holds


def test_an_oracle_can_fail(tmp_path: Path, monkeypatch):
    text = (FOLDER / "decay.xml").read_text("utf-8").replace('value="0.7"', 'value="0.7001"')
    (tmp_path / "decay.xml").write_text(text, "utf-8")
    monkeypatch.setattr("carnk.solver.selftest.FOLDER", tmp_path)
    assert not feature("decay", ORACLES["decay"]).holds


def test_the_support_page_lists_everything():
    page = support_page("")
    assert all(f"`{name}`" in page for name in ORACLES)
    assert "was not refused" not in page


CORE = "http://www.sbml.org/sbml/level3/version1/core"


def with_rate(formula: str, value: str = 'value="1"') -> str:
    """A model of x and k whose rate of x is a formula."""
    return (
        f'<sbml xmlns="{CORE}" level="3" version="1"><model><listOfParameters>'
        f'<parameter id="x" value="1" constant="false"/><parameter id="k" {value} constant="true"/>'
        '</listOfParameters><listOfRules><rateRule variable="x"><math'
        f' xmlns="http://www.w3.org/1998/Math/MathML">{formula}</math></rateRule></listOfRules>'
        "</model></sbml>"
    )


PRODUCT = "<apply><times/><ci>k</ci><ci>x</ci></apply>"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ('value="NaN"', "the parameter 'k' is nan"),
        ('value="INF"', "the parameter 'k' is inf"),
        ("", "the parameter 'k' has no value"),
    ],
)
def test_a_number_that_is_none_is_named(value, says):
    with pytest.raises(SolveError, match=says):
        simulate(read_sbml(with_rate(PRODUCT, value)), until(1, 2))


def test_a_solution_that_ends_says_when():
    square = "<apply><times/><ci>x</ci><ci>x</ci></apply>"
    with pytest.raises(SolveError, match=r"time 1: the step became too small.*'x'"):
        simulate(read_sbml(with_rate(square)), until(2, 3))


def test_conditions_that_never_settle_say_so():
    sliding = (
        "<piecewise><piece><cn>-1</cn><apply><gt/><ci>x</ci><cn>0.5</cn></apply></piece>"
        "<otherwise><cn>1</cn></otherwise></piecewise>"
    )
    with pytest.raises(SolveError, match=r"time 0\.5: conditions change without end"):
        simulate(read_sbml(with_rate(sliding)), until(2, 3))


def test_notes_of_any_size_are_passed_over():
    text = with_rate(PRODUCT)
    notes = "<annotation>" + '<a xmlns="a:a"/>' * 130_000 + "</annotation>"
    assert read_sbml(text.replace("<model>", f"<model>{notes}")).parameters


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ('<cn type="e-notation"> 5 <sep/> -1 </cn>', 0.5),
        ('<cn type="rational">1<sep/>2</cn>', 0.5),
        ('<cn type="integer">2.0</cn>', 2.0),
        ("<cn> +.5 </cn>", 0.5),
    ],
)
def test_numbers_are_read_in_every_form(number, value):
    course = simulate(read_sbml(with_rate(number)), until(1, 2))
    assert course.values[-1, 0] == pytest.approx(1 + value)


def test_a_function_without_mathematics_takes_any_arguments():
    text = with_rate("<cn>1</cn>").replace("version1", "version2").replace('n="1"', 'n="2"')
    functions = '<functionDefinition id="f"/>'
    started = (
        '<listOfInitialAssignments><initialAssignment symbol="k"><math'
        ' xmlns="http://www.w3.org/1998/Math/MathML"><apply><ci>f</ci><cn>1</cn></apply></math>'
        "</initialAssignment></listOfInitialAssignments>"
    )
    text = text.replace(
        "<model>", f"<model><listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions>"
    ).replace("<listOfRules>", f"{started}<listOfRules>")
    course = simulate(read_sbml(text), Settings(0.0, 1.0, 1, ("x", "k")))
    assert np.isnan(course.values[:, 1]).all()
    assert course.values[-1, 0] == pytest.approx(2)


def test_only_courses_in_time_are_made(tmp_path):
    path = tmp_path / "case-settings.txt"
    path.write_text("start: 0\nduration: 1\nsteps: 1\ntestType: FluxBalance\n", "utf-8")
    with pytest.raises(SpecError, match="'FluxBalance' are not supported"):
        read_settings(path)


def test_names_of_python_are_names_like_others():
    text = with_rate(PRODUCT).replace('"x"', '"__class__"').replace("<ci>x<", "<ci>__class__<")
    course = simulate(read_sbml(text), until(1, 2))
    assert course.names == ("__class__",)
    assert course.values[-1, 0] == pytest.approx(np.e, rel=1e-5)


def test_equal_priorities_are_drawn_by_lot_and_by_seed():
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML">'
    event = (
        '<event useValuesFromTriggerTime="false"><trigger initialValue="false" persistent="true">'
        f"{math}<true/></math></trigger><listOfEventAssignments>"
        f'<eventAssignment variable="x">{math}'
        "<apply><plus/><apply><times/><cn>2</cn><ci>x</ci></apply><cn>{0}</cn></apply></math>"
        "</eventAssignment></listOfEventAssignments></event>"
    )
    events = f"<listOfEvents>{event.format(0)}{event.format(1)}</listOfEvents></model>"
    model = read_sbml(with_rate("<cn>0</cn>").replace("</model>", events))
    ends = [simulate(model, until(1, 2), seed=seed).values[-1, 0] for seed in range(20)]
    assert set(ends) == {5.0, 6.0}
    assert ends[3] == simulate(model, until(1, 2), seed=3).values[-1, 0]


def test_a_wish_for_an_unknown_variable_is_refused():
    with pytest.raises(SpecError, match="'xx' is not a variable of the model"):
        simulate(read_sbml(with_rate(PRODUCT)), Settings(0, 1, 1, ("xx",)))


def test_amounts_stay_at_or_above_zero():
    course = simulate(read_sbml(with_rate("<apply><minus/>" + PRODUCT + "</apply>")), until(60, 31))
    assert (course.values >= 0).all()
