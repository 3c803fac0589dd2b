"""PEtab: the log likelihood by hand, every feature, and refusals of what is not supported."""

import numpy as np
import pytest
from scipy.stats import laplace, norm

from carnk.base import CarnkError, SpecError
from carnk.fitting.petab.fit import fit_petab
from carnk.fitting.petab.objective import Objective, check
from carnk.fitting.petab.read import read_petab
from carnk.solver import solve
from carnk.solver.sbml_population import open_model
from carnk.solver.sbml_read import parse_sbml
from carnk.solver.sbml_settings import until
from carnk.solver.simulate import simulate
from tests.unit.fitting.petab_cases import MODEL, PROBLEM, write

K1, K2 = 0.8, 0.6


def a_at(time, a0=1.0, b0=0.0, k1=K1, k2=K2):
    """A of the conversion reaction in closed form."""
    rest = (a0 + b0) * k2 / (k1 + k2)
    return rest + (a0 - rest) * np.exp(-(k1 + k2) * time)


def likelihood(folder, theta=None, **tables):
    objective = Objective(read_petab(write(folder, **tables)), engine="interpreter")
    check(objective)
    at = objective.start() if theta is None else np.asarray(theta)
    return objective, float(objective.log_likelihood(at[None])[0])


def test_normal_noise_by_hand(tmp_path):
    _, found = likelihood(tmp_path)
    by_hand = norm.logpdf(0.7, 1.0, 0.5) + norm.logpdf(0.1, a_at(10.0), 0.5)
    assert found == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize("scale", ["lin", "log", "log10"])
@pytest.mark.parametrize("law", ["normal", "laplace"])
def test_transformations_and_distributions(tmp_path, scale, law):
    observables = (
        "observableId observableFormula noiseFormula observableTransformation noiseDistribution\n"
        f"obs_a 2*A+1 0.5 {scale} {law}\n"
    )
    _, found = likelihood(tmp_path, observables=observables)
    density = {"normal": norm, "laplace": laplace}[law].logpdf
    turned = {"lin": lambda x: x, "log": np.log, "log10": np.log10}[scale]
    by_hand = 0.0
    for value, time in ((0.7, 0.0), (0.1, 10.0)):
        jacobian = {"lin": 1.0, "log": value, "log10": value * np.log(10)}[scale]
        course = 2 * a_at(time) + 1
        by_hand += density(turned(value), turned(course), 0.5) - np.log(jacobian)
    assert found == pytest.approx(by_hand, abs=1e-6)


def test_conditions_set_parameters_and_starts(tmp_path):
    conditions = "conditionId k1 B a0\nc0 0.8 - 1\nc1 k1_hot 2 3\n"
    parameters = (
        "parameterId parameterScale lowerBound upperBound nominalValue estimate\n"
        "k1_hot log 1e-3 10 2.5 1\nk2 lin 0.01 10 0.6 0\n"
    )
    measurements = (
        "observableId simulationConditionId measurement time\nobs_a c0 0.7 1\nobs_a c1 0.2 0.5\n"
    )
    _, found = likelihood(
        tmp_path, conditions=conditions, parameters=parameters, measurements=measurements
    )
    by_hand = norm.logpdf(0.7, a_at(1.0), 0.5) + norm.logpdf(0.2, a_at(0.5, 3, 2, 2.5), 0.5)
    assert found == pytest.approx(by_hand, abs=1e-6)


def test_preequilibration_keeps_what_is_not_set(tmp_path):
    conditions = "conditionId k1 B\npre 0.3 -\nmain 0.8 -\nreset 0.8 1\n"
    parameters = (
        "parameterId parameterScale lowerBound upperBound nominalValue estimate\n"
        "k2 lin 0.01 10 0.6 1\n"
    )
    measurements = (
        "observableId preequilibrationConditionId simulationConditionId measurement time\n"
        "obs_a pre main 0.7 1\nobs_a pre reset 0.7 1\nobs_a pre main 0.5 inf\n"
    )
    _, found = likelihood(
        tmp_path, conditions=conditions, parameters=parameters, measurements=measurements
    )
    rest = K2 / (0.3 + K2)
    by_hand = norm.logpdf(0.7, a_at(1.0, rest, 1 - rest), 0.5)
    by_hand += norm.logpdf(0.7, a_at(1.0, rest, 1.0), 0.5)
    by_hand += norm.logpdf(0.5, K2 / (K1 + K2), 0.5)
    assert found == pytest.approx(by_hand, abs=1e-6)


def test_parameters_of_formulas_by_measurement(tmp_path):
    observables = (
        "observableId observableFormula noiseFormula\n"
        "obs_a observableParameter1_obs_a*A+observableParameter2_obs_a noiseParameter1_obs_a*2\n"
    )
    measurements = (
        "observableId simulationConditionId measurement time observableParameters noiseParameters\n"
        "obs_a c0 0.7 0 scale;0.5 0.1\nobs_a c0 0.1 10 2;offset noise\n"
    )
    parameters = (
        "parameterId parameterScale lowerBound upperBound nominalValue estimate\n"
        "scale lin 0 10 1.5 1\noffset lin -1 1 0.2 1\nnoise log10 1e-3 10 0.3 1\n"
    )
    _, found = likelihood(
        tmp_path, observables=observables, measurements=measurements, parameters=parameters
    )
    by_hand = norm.logpdf(0.7, 1.5 + 0.5, 0.2) + norm.logpdf(0.1, 2 * a_at(10.0) + 0.2, 0.6)
    assert found == pytest.approx(by_hand, abs=1e-6)


def test_initial_assignment_follows_a_parameter(tmp_path):
    parameters = (
        "parameterId parameterScale lowerBound upperBound nominalValue estimate\na0 lin 0 10 4 1\n"
    )
    _, found = likelihood(tmp_path, parameters=parameters)
    by_hand = norm.logpdf(0.7, 4.0, 0.5) + norm.logpdf(0.1, a_at(10.0, 4.0), 0.5)
    assert found == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "values", "law"),
    [
        ("normal", "1;2", norm(1, 2)), ("laplace", "1;2", laplace(1, 2)),
        ("parameterScaleNormal", "0.5;2", None), ("logNormal", "0.3;0.7", None),
        ("uniform", "0.5;2.5", None),
    ],
)  # fmt: skip
def test_priors_of_the_objective(tmp_path, kind, values, law):
    parameters = (
        "parameterId parameterScale lowerBound upperBound nominalValue estimate objectivePriorType"
        f" objectivePriorParameters\nk1 log10 1e-3 1e3 0.8 1 {kind} {values}\n"
    )
    objective, _ = likelihood(tmp_path, parameters=parameters)
    found = float(objective.log_prior(objective.start()[None])[0])
    by_hand = {
        "parameterScaleNormal": norm.logpdf(np.log10(0.8), 0.5, 2),
        "logNormal": norm.logpdf(np.log(0.8), 0.3, 0.7) - np.log(0.8),
        "uniform": -np.log(2.0),
    }.get(kind)
    assert found == pytest.approx(law.logpdf(0.8) if law else by_hand)


def test_gradient_is_the_derivative(tmp_path):
    objective, _ = likelihood(tmp_path)
    theta = np.array([-0.3, 0.4])
    slope = objective.height(theta)[1]
    for k, step in enumerate(1e-5 * np.eye(2)):
        up, down = (float(objective.log_likelihood((theta + s * step)[None])[0]) for s in (1, -1))
        assert slope[k] == pytest.approx((up - down) / 2e-5, rel=1e-3)


def test_fit_finds_the_truth(tmp_path):
    times = np.array([0.1, 0.3, 0.6, 1.0, 1.5, 2.5, 4.0])
    rows = [f"obs_a c0 {a_at(t, k1=1.3, k2=0.4):.10g} {t:g}" for t in times]
    measurements = "observableId simulationConditionId measurement time\n" + "\n".join(rows)
    observables = "observableId observableFormula noiseFormula\nobs_a A 0.02\n"
    objective, _ = likelihood(tmp_path, measurements=measurements, observables=observables)
    found = fit_petab(objective, starts=3)
    assert 10 ** found.theta[0] == pytest.approx(1.3, rel=1e-3)
    assert found.theta[1] == pytest.approx(0.4, rel=1e-3)
    assert np.isfinite(found.standard_errors).all()
    exact = times.size * norm.logpdf(0.0, 0.0, 0.02)
    assert found.log_likelihood == pytest.approx(exact, abs=1e-3)


EVENT = """<listOfEvents><event id="e" useValuesFromTriggerTime="true"><trigger initialValue="true"
 persistent="true"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><gt/><csymbol
 encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time"> t </csymbol><cn>1</cn>
</apply></math></trigger><listOfEventAssignments><eventAssignment variable="A"><math
 xmlns="http://www.w3.org/1998/Math/MathML"><cn>1</cn></math></eventAssignment>
</listOfEventAssignments></event></listOfEvents></model>"""
OBSERVED = "observableId observableFormula noiseFormula"
MEASURED = "observableId simulationConditionId measurement time"
AFTER = (
    "observableId preequilibrationConditionId simulationConditionId measurement time\n"
    "obs_a c0 c0 1 1\n"
)
HEAD = "parameterId parameterScale lowerBound upperBound nominalValue estimate"


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"problem": PROBLEM.replace("format_version: 1", "format_version: 2.0.0")}, "2.0.0"),
        ({"problem": PROBLEM + "extensions:\n  other: {version: 1}\n"}, "extensions"),
        ({"model": MODEL.replace("</model>", EVENT)}, "events"),
        ({"parameters": f"{HEAD}\nk1 ln 1 2 1 1\n"}, "'ln' is not one of"),
        ({"parameters": f"{HEAD}\nk1 log 0 2 1 1\n"}, "has no logarithm"),
        ({"parameters": f"{HEAD} initializationPriorType\nk1 log 1 2 1 1 normal\n"}, "starts"),
        ({"parameters": f"{HEAD}\nunused lin 0 1 0.5 1\n"}, "nothing in the problem"),
        ({"observables": f"{OBSERVED}\nobs_a A*C 1\n"}, "'C'"),
        ({"observables": f"{OBSERVED}\nobs_a A*( 1\n"}, "too early"),
        ({"conditions": "conditionId k9\nc0 1\n"}, "k9"),
        ({"conditions": "conditionId cell\nc0 1\n", "measurements": AFTER}, "the size of"),
        ({"conditions": "conditionId k1\nc0 hot\n"}, "hot"),
        ({"measurements": f"{MEASURED}\nobs_b c0 1 1\n"}, "obs_b"),
        ({"measurements": f"{MEASURED}\nobs_a c9 1 1\n"}, "c9"),
        ({"measurements": f"{MEASURED} lower\nobs_a c0 1 1 2\n"},
         "'lower' is not supported"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_refused(tmp_path, tables, said):
    with pytest.raises(CarnkError, match=said):
        likelihood(tmp_path, **tables)


RULES = """<?xml version="1.0"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="m">
<listOfParameters><parameter id="x" value="0.5" constant="false"/>
<parameter id="k" value="2" constant="true"/></listOfParameters>
<listOfRules><rateRule variable="x"><math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>
</rateRule></listOfRules></model></sbml>
"""
TIME = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>'
FORMULAS = {
    "tanh": "<apply><tanh/><ci>x</ci></apply>",
    "powers": "<apply><minus/><apply><power/><ci>x</ci><cn>3</cn></apply></apply>",
    "root": "<apply><root/><apply><abs/><apply><minus/><ci>x</ci></apply></apply></apply>",
    "logs": "<apply><plus/><apply><ln/><ci>k</ci></apply><apply><log/><ci>k</ci></apply></apply>",
    "hyperbolic": "<apply><divide/><apply><sinh/><ci>x</ci></apply>"
    "<apply><cosh/><ci>x</ci></apply></apply>",
    "time": f"<apply><times/><ci>k</ci>{TIME}</apply>",
    "piecewise": f"<piecewise><piece><ci>k</ci><apply><lt/>{TIME}<cn>1</cn></apply></piece>"
    "<otherwise><cn>-1</cn></otherwise></piecewise>",
    "exp": "<apply><minus/><apply><exp/><apply><minus/><ci>x</ci></apply></apply></apply>",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_functions_of_rates_are_those_of_the_one_off_solver(name):
    model = parse_sbml(RULES.format(FORMULAS[name]).encode(), "model.xml")
    opened = open_model(model, ("k",))
    days, numbers = np.array([0.25, 0.5, 1.5]), np.array([[2.0]])
    initial = opened.initial(numbers)
    found = solve(opened.model, numbers, initial, days, rtol=1e-9, engine="interpreter")
    wanted = simulate(model, until(1.5, 7), rtol=1e-10)
    rows = [wanted.values[k, wanted.names.index("x")] for k in (1, 2, 6)]
    assert found.values[0, :, 0] == pytest.approx(rows, rel=1e-5)


def test_a_function_without_a_kernel_is_refused():
    text = RULES.format("<apply><sin/><ci>x</ci></apply>")
    opened = open_model(parse_sbml(text.encode(), "model.xml"), ("k",))
    with pytest.raises(SpecError, match="'sin' in a rate"):
        solve(opened.model, [[2.0]], [[0.5]], [1.0], engine="interpreter")


def test_what_never_comes_to_rest_has_no_likelihood(tmp_path):
    measurements = "observableId simulationConditionId measurement time\nobs_a c0 0.5 inf\n"
    model = MODEL.replace("<ci>cell</ci><ci>k2</ci>", "<ci>cell</ci><cn>-1</cn>")
    _, found = likelihood(tmp_path, measurements=measurements, model=model)
    assert found == -np.inf
