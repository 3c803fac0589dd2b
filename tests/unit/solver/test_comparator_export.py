"""Published models as SBML, Antimony and LaTeX; the SBML solved by our own reader agrees."""

from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from carnk.base import SpecError
from carnk.cli.app import app
from carnk.kinetics.comparators import COMPARATORS, simulate
from carnk.library import load
from carnk.solver.antimony import antimony_text
from carnk.solver.latex import latex_text
from carnk.solver.sbml import sbml_text
from carnk.solver.sbml_read import read_sbml
from carnk.solver.sbml_settings import until
from carnk.solver.sbml_units import check_sbml_units
from carnk.solver.simulate import simulate as solve_sbml
from carnk.solver.unitcheck import check_units
from carnk.study.comparator_folder import document
from carnk.study.comparators import numbers_of

LAST = {"stein2019": "typical", "hardiansyah2019": "upn3", "singh2021": "d800",
        "kimmel2021": "fast"}  # fmt: skip
NAMES = list(COMPARATORS)


@pytest.mark.parametrize("name", NAMES)
def test_our_own_reader_has_the_same_courses(name):
    comparator = COMPARATORS[name]
    case = comparator.cases[-2 if name == "kimmel2021" else -1]
    known = numbers_of(comparator, case, load().view())
    numbers = {n: np.array([number.value]) for n, number in known.items()}
    days = np.arange(121.0)
    ours = simulate(comparator, numbers, days)
    text = sbml_text(document(comparator, load().view(), LAST[name]))
    theirs = solve_sbml(read_sbml(text), until(120.0, 121), rtol=1e-8)
    for state in comparator.model.states:
        found = np.array(theirs.values)[:, theirs.names.index(state)]
        own = ours.states[state][0]
        np.testing.assert_allclose(found, own, rtol=1e-4, atol=1e-6 * np.abs(own).max())


@pytest.mark.parametrize("name", NAMES)
def test_units_fit_and_every_symbol_has_one(name):
    for case in COMPARATORS[name].cases:
        made = document(COMPARATORS[name], load().view(), case.name)
        assert check_units(made.model, made.units()) == []
        assert set(made.units()) == {*made.model.states, *made.model.parameters}
    report = check_sbml_units(read_sbml(sbml_text(made)))
    assert report.contradictions == ()
    assert report.doubts == ()


def test_a_wrong_unit_would_be_told():
    made = document(COMPARATORS["kimmel2021"], load().view())
    assert check_units(made.model, made.units() | {"kill": "cell/day"})


@pytest.mark.parametrize("name", NAMES)
def test_every_format_carries_the_readings_and_the_paper(name):
    made = document(COMPARATORS[name], load().view())
    for text in (sbml_text(made), antimony_text(made), latex_text(made)):
        assert "no medical advice" in text
    assert "https://identifiers.org/doi:10." in sbml_text(made)
    assert any(COMPARATORS[name].choices[0][:40] in note for note in made.notes)


def test_the_switch_of_stein_moves_with_its_parameter():
    root = ElementTree.fromstring(sbml_text(document(COMPARATORS["stein2019"], load().view())))
    event = ElementTree.tostring(root.find(".//{*}event")).decode()
    assert ">tmax<" in event.replace(" ", "")


def test_the_command_writes_cases_and_warns(tmp_path):
    path = tmp_path / "k.xml"
    words = ["export", "kimmel2021", "--format", "sbml", "--arm", "fast", "--disease", "aml"]
    done = CliRunner().invoke(app, [*words, "--out", str(path)])
    assert done.exit_code == 0
    assert "never fitted to 'aml'" in done.stderr
    text = path.read_text("utf-8")
    assert 'id="growth" constant="true" value="0.265"' in text
    assert "never fitted to" in text


def test_an_unknown_case_offers_the_nearest():
    found = CliRunner().invoke(app, ["export", "kimmel2021", "--arm", "slowe"])
    assert isinstance(found.exception, SpecError)
    assert "Did you mean 'slow'?" in str(found.exception)
