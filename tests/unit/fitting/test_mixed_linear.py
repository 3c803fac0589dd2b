"""Where the model is linear and errors are normal, everything has a closed form."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from carnk.fitting.mixed.checks import individuals
from carnk.fitting.mixed.estimate import Settings, estimate, surface_around_modes
from carnk.fitting.mixed.modes import conditional_modes
from carnk.fitting.mixed.proposal import base_points
from tests.unit.fitting.mixed_cases import line, numeric


def exact(study, theta):
    """Closed-form log likelihood of every patient, and its conditional modes."""
    values = study.population.take_apart(theta)
    center = study.population.centers(values, study.covariates)
    rows, modes = [], []
    for i, day in enumerate(study.samples.day):
        design = np.column_stack([np.ones_like(day), day])
        omega = values.chol @ values.chol.T
        error = values.errors[0, 0] ** 2 * np.eye(day.size)
        whole = design @ omega @ design.T + error
        seen = study.samples.low[i]
        rows.append(multivariate_normal.logpdf(seen, design @ center[i], whole))
        gain = omega @ design.T @ np.linalg.inv(whole)
        modes.append(center[i] + gain @ (seen - design @ center[i]))
    return np.array(rows), np.array(modes)


@pytest.fixture(params=[(False, False), (True, False), (False, True)], ids=["plain", "full", "x"])
def study(request):
    full, covariate = request.param
    return line(full=full, covariate=covariate)


def near(study, seed=0):
    rng = np.random.default_rng(seed)
    middle = study.population.prior[0]
    return middle + 0.3 * rng.standard_normal(middle.size)


def test_laplace_is_exact_to_1e_6(study):
    theta = near(study)
    rows, own = exact(study, theta)
    modes = conditional_modes(study, study.population.take_apart(theta))
    assert modes.laplace == pytest.approx(rows, abs=1e-6)
    assert modes.scaled == pytest.approx(own, abs=1e-5)


def test_importance_sampling_agrees_within_its_error(study):
    theta = near(study)
    rows, _ = exact(study, theta)
    points = base_points(len(study.ids), 1024, 2, 1)
    surface = surface_around_modes(study, Settings(), points, theta, None)
    found = surface.marginal(theta)
    assert found.by_patient == pytest.approx(rows, abs=0.01)
    assert abs(found.total - rows.sum()) < 4 * found.log_error


def test_gradient_is_that_of_the_sum(study):
    theta = near(study)
    points = base_points(len(study.ids), 256, 2, 1)
    surface = surface_around_modes(study, Settings(), points, theta, None)
    at = theta + 0.05
    slope = numeric(lambda x: surface.log_posterior(x)[0], at)
    assert surface.log_posterior(at)[1] == pytest.approx(slope, abs=1e-5)
    assert surface.height(at) == pytest.approx(surface.log_posterior(at)[0], abs=1e-9)


def test_estimate_is_the_maximum_of_the_closed_form(study):
    found = estimate(study, Settings(use_prior=False))

    def loss(x):
        return -exact(study, x)[0].sum()

    slope = numeric(loss, found.theta)
    assert np.abs(slope * found.standard_errors).max() < 0.06
    rows, own = exact(study, found.theta)
    assert found.at_best.total == pytest.approx(rows.sum(), abs=0.02)
    assert individuals(found).scaled == pytest.approx(own, abs=1e-5)
