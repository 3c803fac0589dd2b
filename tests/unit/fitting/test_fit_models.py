"""Models as they are offered to a fit give the courses that their own rooms give."""

from pathlib import Path

import numpy as np
import pytest

from carnk.assays.events import read_events
from carnk.base import DataError, SpecError
from carnk.fitting.bind import bind, samples_of
from carnk.fitting.catalog import offer_of
from carnk.fitting.infix import parse
from carnk.fitting.plan import Asked, make_plan
from carnk.kinetics.comparators import STEIN, simulate
from carnk.kinetics.courses import tolerances
from carnk.library import load
from carnk.solver import Doses, solve
from carnk.study.export import typical
from carnk.study.patients import start_day
from carnk.study.read import read
from tests.unit.fitting.petab_cases import MODEL

DAYS = (1.0, 5.0, 9.0, 12.0, 30.0, 100.0)


def table(path: Path, head: str, *rows: str, patients: int = 4) -> Path:
    """Rows for every patient, with its name put in front."""
    lines = [f"P{i},{row}" for i in range(patients) for row in rows]
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def courses(word, data, numbers=None, near=False):
    """Quantities of an offered model for the patients of a table, at its own numbers."""
    events, offer = read_events(data), offer_of(word)
    ids = tuple(events.ids)
    samples = samples_of(events.samples, ids, events.outputs)
    own = {n: np.full((len(ids), 1), k.value) for n, k in offer.numbers.items()}
    return offer.bind(events, samples, ids)(own | (numbers or {}), near)


def test_stein_in_closed_form_is_the_comparator(tmp_path):
    data = table(tmp_path / "c.csv", "ID,TIME (day),DV", *(f"{d:g},1" for d in DAYS))
    found = courses("stein2019", data)["transgene"][0, 0]
    numbers = {n: np.array([k.value]) for n, k in offer_of("stein2019").numbers.items()}
    wanted = simulate(STEIN, numbers, np.array([0.0, *DAYS]))
    total = wanted.states["effector"][0] + wanted.states["memory"][0]
    assert found == pytest.approx(total[1:], rel=1e-5)


def test_days_count_from_the_first_dose(tmp_path):
    rows = ("2,.,1e8", *(f"{d + 2:g},1,." for d in DAYS))
    data = table(tmp_path / "c.csv", "ID,TIME (day),DV,AMT", *rows)
    plain = table(tmp_path / "d.csv", "ID,TIME (day),DV", *(f"{d:g},1" for d in DAYS))
    late, early = (courses("stein2019", d)["transgene"] for d in (data, plain))
    assert late == pytest.approx(early, rel=1e-12)


def test_sbml_model_with_doses_and_its_own_clock(tmp_path):
    model = tmp_path / "model.xml"
    hours = (
        '<listOfUnitDefinitions><unitDefinition id="hour"><listOfUnits><unit kind="second"'
        ' exponent="1" scale="0" multiplier="3600"/></listOfUnits></unitDefinition>'
        '</listOfUnitDefinitions><listOfCompartments>'
    )  # fmt: skip
    text = MODEL.replace('<model id="conversion">', '<model id="conversion" timeUnits="hour">')
    model.write_text(text.replace("<listOfCompartments>", hours, 1))
    head = "ID,TIME (day),DV (1),AMT,CMT"
    data = table(tmp_path / "c.csv", head, "0.05,1,.,.", "0.1,.,3,A", "0.2,1,.,.")
    found = courses(str(model), data, {"a0": np.full((4, 1), 2.0)})
    at, dose, k1, k2 = np.array([0.05, 0.2]) * 24, 2.4, 0.8, 0.6

    def a_at(time, a, b):
        rest = (a + b) * k2 / (k1 + k2)
        return rest + (a - rest) * np.exp(-(k1 + k2) * time)

    before = a_at(dose, 2.0, 0.0)
    wanted = [a_at(at[0], 2.0, 0.0), a_at(at[1] - dose, before + 3, 2.0 - before)]
    assert found["A"][0, 0] == pytest.approx(wanted, rel=1e-5)
    events = read_events(table(tmp_path / "d.csv", head, "0.1,.,3,nowhere", "0.2,1,.,.", "1,2,.,."))
    offer = offer_of(str(model))
    plan = make_plan(offer, events.outputs, events.value_unit, Asked(of="A + B"))
    with pytest.raises(DataError, match="not a species"):
        bind(events, offer, plan)


def test_study_model_is_that_of_the_study(tmp_path):
    study = read("liu2020")
    document = typical(study, load().view())
    label = study.arms[0].regimen.infusion
    cells = label.amount * (document.parameters["weight"] if label.per == "kg" else 1.0)
    rows = (f"0,.,{cells!r}", *(f"{d:g},1,." for d in DAYS))
    data = table(tmp_path / "c.csv", "ID,TIME (day),DV (copies/ug),AMT (cells)", *rows, patients=2)
    found = courses("study:liu2020", data)["car_blood"][0, 0]
    start = start_day(study)
    model, states = document.model, document.model.states
    doses = sorted((float(t) + start, states.index(s), float(a)) for t, s, a in document.doses)
    times, into, amounts = (np.array([column]) for column in zip(*doses))
    wanted = solve(
        model, [document.parameters[n] for n in model.parameters],
        [document.initial[s] for s in states], DAYS, doses=Doses(times, into, amounts),
        start=start, rtol=1e-8, atol=tolerances() * 1e-2,
    )  # fmt: skip
    assert found == pytest.approx(wanted.values[0, :, states.index("car_blood")], rel=1e-4)


def test_models_that_cannot_be_fitted_are_refused(tmp_path):
    with pytest.raises(SpecError, match="Did you mean 'stein2019'"):
        offer_of("stein2091")
    with pytest.raises(SpecError, match="not a case"):
        offer_of("hardiansyah2019/upn9")
    rows = ("0,.,1e8", "1,5,.", "2,6,.")
    data = table(tmp_path / "c.csv", "ID,TIME (day),DV (cells/uL),AMT", *rows)
    with pytest.raises(SpecError, match="its own doses"):
        courses("kimmel2021", data)
    with pytest.raises(DataError, match="unit of the doses"):
        courses("study:liu2020", data)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2^3^2", 512.0), ("-2^2", -4.0), ("2*-3", -6.0), ("1 - 2 - 3", -4.0), ("8/4/2", 1.0),
        ("2**3*x", 24.0), ("max(x, 1) + min(x, 1)", 4.0), ("log(8, 2)", 3.0), ("1e2 + .5", 100.5),
        ("piecewise(1, x > 5, 2, x > 2, 3)", 2.0), ("exp(ln(x))", 3.0), ("-(-x)", 3.0),
        ("2^-1", 0.5), ("x >= 3 && x < 4", 1.0),
    ],
)  # fmt: skip
def test_formulas(text, value):
    assert float(parse(text, "here")({"x": 3.0})) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["", "1 +", "(1", "1)", "sine(1)", "x y", "__import__('os')", "x.y", "1" + "+(" * 200]
)
def test_formulas_that_make_no_sense(text):
    with pytest.raises(SpecError, match="here"):
        parse(text, "here")
