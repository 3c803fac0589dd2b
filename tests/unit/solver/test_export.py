"""Our model as SBML, Antimony and LaTeX: the same courses elsewhere, units and sources on all."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from carnk.base import SpecError
from carnk.cli.app import app
from carnk.kinetics import MODEL, STATES
from carnk.kinetics.courses import tolerances
from carnk.library import load
from carnk.solver import Doses, solve
from carnk.solver.antimony import antimony_text
from carnk.solver.labels import Document
from carnk.solver.latex import escape, latex_text
from carnk.solver.sbml import sbml_text
from carnk.solver.sbml_read import read_sbml
from carnk.solver.sbml_settings import until
from carnk.solver.sbml_units import check_sbml_units
from carnk.solver.simulate import simulate
from carnk.study.export import typical
from carnk.study.read import read

SPACE = {"s": "http://www.sbml.org/sbml/level3/version1/core"}
SBML = "{http://www.sbml.org/sbml/level3/version1/core}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
TIMES = np.concatenate([np.arange(0.0, 20.0), np.arange(20.0, 366.0, 5.0)])
FLOOR = 1e-3  # of a state's largest value, under which an error counts as absolute


def document(study: str = "liu2020") -> Document:
    return typical(read(study), load().view())


def with_rescue() -> Document:
    """A patient whose IL-6 rises through the level at which rescue drugs are given."""
    made = document("nkx019")
    changed = {
        "bystander": 0.5,
        "rescue_il6": 40.0,
        "rescue_tocilizumab": 114.0,
        "rescue_steroid": 10.0,
    }
    return replace(made, parameters={**made.parameters, **changed})


def by_roadrunner(text: str) -> np.ndarray:
    roadrunner = pytest.importorskip("roadrunner", reason="libRoadRunner is not installed")
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
    simulator = roadrunner.RoadRunner(text)
    simulator.integrator.relative_tolerance = 1e-9
    simulator.integrator.absolute_tolerance = 1e-9
    simulator.timeCourseSelections = ["time", *STATES]
    return np.array(simulator.simulate(times=TIMES.tolist()))[:, 1:]


def by_ourselves(made: Document) -> tuple[np.ndarray, int]:
    """Courses by our kernel, and how many rescues there were."""
    days, states, amounts = zip(*made.doses)
    doses = Doses(
        np.array([days]), np.array([[STATES.index(s) for s in states]]), np.array([amounts])
    )
    found = solve(
        MODEL, [list(made.parameters.values())], [list(made.initial.values())], TIMES,
        doses=doses, rtol=1e-8, atol=tolerances() * 1e-2,
    )  # fmt: skip
    return found.values[0], int(found.event_counts[0, 0])


def worst(theirs: np.ndarray, ours: np.ndarray) -> float:
    scale = np.abs(ours) + FLOOR * np.abs(ours).max(axis=0) + 1e-12
    return float((np.abs(theirs - ours) / scale).max())


@pytest.mark.parametrize("study", ["liu2020", "nkx019", "cd33_aml", "lei2025"])
def test_libroadrunner_has_the_same_courses(study):
    made = document(study)
    ours, rescues = by_ourselves(made)
    assert worst(by_roadrunner(sbml_text(made)), ours) < 1e-4
    assert rescues == 0
    assert ours[:, STATES.index("car_blood")].max() > 1e6  # the infusions are in


def test_libroadrunner_has_the_same_rescue():
    made = with_rescue()
    ours, rescues = by_ourselves(made)
    assert rescues == 1
    assert ours[:, STATES.index("tocilizumab")].max() > 50
    assert worst(by_roadrunner(sbml_text(made)), ours) < 1e-4


@pytest.mark.parametrize("made", [document(), with_rescue()], ids=["liu2020", "rescue"])
def test_our_own_reader_has_the_same_courses(made):
    settings = until(float(TIMES[-1]), int(TIMES[-1]) + 1)
    course = simulate(read_sbml(sbml_text(made)), settings, rtol=1e-8)
    columns = [course.names.index(name) for name in STATES]
    rows = [int(t) for t in TIMES]
    ours, _ = by_ourselves(made)
    assert worst(np.array(course.values)[np.ix_(rows, columns)], ours) < 1e-4


def test_every_symbol_and_every_number_of_a_sum_has_a_unit():
    root = ElementTree.fromstring(sbml_text(document()))
    parameters = root.findall(".//s:parameter", SPACE)
    assert len(parameters) > len(MODEL.states) + len(MODEL.parameters)
    assert [p.get("id") for p in parameters if not p.get("units")] == []
    numbers = list(root.iter(f"{MATHML}cn"))
    assert numbers
    assert all(n.get(f"{SBML}units") for n in numbers)
    defined = {u.get("id") for u in root.findall(".//s:unitDefinition", SPACE)}
    used = {p.get("units") for p in parameters} | {n.get(f"{SBML}units") for n in numbers}
    assert used - {"dimensionless"} <= defined
    day = root.find(".//s:unitDefinition[@id='unit_day']//s:unit", SPACE)
    assert day is not None
    assert (day.get("kind"), day.get("multiplier")) == ("second", "86400")


@pytest.mark.parametrize("study", ["liu2020", "nkx019"])
def test_our_reader_finds_no_unit_that_does_not_fit(study):
    report = check_sbml_units(read_sbml(sbml_text(document(study))))
    assert report.contradictions == ()
    assert report.doubts == ()


def test_numbers_carry_meaning_basis_source_and_address():
    made = document()
    text = sbml_text(made)
    root = ElementTree.fromstring(text)
    by_id = {p.get("id"): p for p in root.findall(".//s:parameter", SPACE)}
    said = "".join(by_id["host_t_recovery"].itertext())
    assert "Gompertz regrowth" in said
    assert "borrowed, Kimmel et al. 2021, read" in said
    described = {p for p, e in by_id.items() if "isDescribedBy" in ElementTree.tostring(e).decode()}
    assert described == {name for name, label in made.labels.items() if label.link}
    assert "https://identifiers.org/doi:10." in text
    assert "Given in its file" not in said


def test_a_typical_patient_is_at_the_median_of_the_population():
    made, library = document(), load()
    for name in ("weight", "niche", "host_t_capacity"):
        assert made.parameters[name] == pytest.approx(library[name].value)
    assert made.parameters["growth"] == pytest.approx(library["growth_cll"].value)
    assert made.parameters["expansion"] == pytest.approx(library["expansion_cord_blood"].value)
    high, low = (typical(read("liu2020"), library.view(), arm=a) for a in ("1e7 per kg", ""))
    (of_high,), (of_low,) = ([d[2] for d in m.doses if d[1] == "lung"] for m in (high, low))
    assert of_high == pytest.approx(100 * of_low)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"arm": "1e8 per kg"}, "--arm: '1e8 per kg' is not an arm of liu2020. Did you mean"),
        ({"disease": "aml"}, "--disease: 'aml' is not a disease of liu2020. Its diseases: cll"),
    ],
)
def test_unknown_arms_and_diseases_are_named(options, said):
    with pytest.raises(SpecError, match=re.escape(said)):
        typical(read("liu2020"), load().view(), **options)


def test_antimony_has_the_same_courses():
    antimony = pytest.importorskip("antimony", reason="the Antimony library is not installed")
    made = with_rescue()
    assert antimony.loadAntimonyString(antimony_text(made)) >= 0, antimony.getLastError()
    ours, _ = by_ourselves(made)
    assert worst(by_roadrunner(antimony.getSBMLString()), ours) < 1e-4


def test_antimony_gives_each_symbol_its_number_unit_and_equation():
    made = document()
    text = antimony_text(made)
    for name, value in {**made.parameters, **made.initial}.items():
        kind = "var" if name in made.initial else "const"
        assert f"\n  {kind} {name} = {value!r};" in text
        assert f"\n  {name} has " in text
    assert all(f"\n  {state}' = " in text for state in MODEL.states)
    assert text.count(": at (time >= ") == len(made.doses)
    assert text.rstrip().endswith("end")


def test_latex_lists_everything():
    made = document()
    text = latex_text(made)
    for name in (*MODEL.states, *MODEL.parameters):
        assert rf"\texttt{{{escape(name)}}}" in text
    assert text.count(r"\bibitem") == len(made.references) > 5
    assert text.count(r"\fit{") > len(MODEL.states)
    assert "nk recovery" in text


def test_latex_compiles(tmp_path: Path):
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("pdflatex is not installed")
    hard = replace(
        document(), title=r"50% of A_1 & \input{x} #{~^} αβ – “ć” 細 \x07", notes=("$", "<")
    )
    (tmp_path / "model.tex").write_text(latex_text(hard), encoding="utf-8")
    done = subprocess.run(
        [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "model.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]


def test_odd_titles_stay_valid_xml():
    hard = replace(document(), title="a \x07 <b> & \n ]]>", notes=("\x00 ok",))
    root = ElementTree.fromstring(sbml_text(hard))
    assert root[0].get("name") == "a <b> & ]]>"


def test_the_command_writes_files_and_prints(tmp_path: Path):
    run = CliRunner().invoke
    for form, head in (("sbml", "<?xml"), ("antimony", "//"), ("latex", r"\documentclass")):
        printed = run(app, ["export", "liu2020", "--format", form])
        assert printed.exit_code == 0
        assert printed.stdout.startswith(head)
        path = tmp_path / f"model.{form}"
        assert run(app, ["export", "liu2020", "--format", form, "--out", str(path)]).exit_code == 0
        assert path.read_text("utf-8") == printed.stdout
        assert run(app, ["export", "liu2020", "--format", form, "--out", "-"]).stdout == (
            printed.stdout
        )
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_the_command_takes_the_path_of_a_study(tmp_path: Path):
    source = Path(read.__code__.co_filename).parent / "built_in" / "liu2020.yaml"
    path = tmp_path / "mine.yaml"
    path.write_text(source.read_text("utf-8"), encoding="utf-8")
    printed = CliRunner().invoke(app, ["export", str(path)])
    assert printed.exit_code == 0
    assert printed.stdout == sbml_text(document())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export", "liu2021"], "Did you mean 'liu2020'?"),
        (["export", "liu2020", "--out", "/nowhere/at/all/model.xml"], "does not exist"),
    ],
)
def test_the_command_says_what_is_wrong(words, said):
    found = CliRunner().invoke(app, words)
    assert isinstance(found.exception, SpecError)
    assert said in str(found.exception)
