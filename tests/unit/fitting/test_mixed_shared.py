"""Errors of every kind, numbers that all patients share, and fits that cannot settle."""

import numpy as np
import pytest

from carnk.base import SolveError
from carnk.fitting.mixed import estimate as engine
from carnk.fitting.mixed.density import KINDS
from carnk.fitting.mixed.estimate import Settings, estimate, surface_around_modes
from carnk.fitting.mixed.posterior import expansion_error, posterior
from carnk.fitting.mixed.proposal import base_points
from tests.unit.fitting.mixed_cases import decay, numeric


def surface(study, theta):
    points = base_points(len(study.ids), 128, len(study.population.random), 1)
    return surface_around_modes(study, Settings(), points, theta, None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
def test_gradient_for_every_error(kind, shared):
    study = decay(kind=kind, shared=shared, limit=15.0)
    theta = study.population.prior[0]
    found = surface(study, theta)
    at = theta + 0.03
    slope = numeric(lambda x: found.log_posterior(x)[0], at)
    assert found.log_posterior(at)[1] == pytest.approx(slope, rel=1e-4, abs=1e-4)
    assert found.height(at) == pytest.approx(found.log_posterior(at)[0], abs=1e-8)


def test_shared_number_comes_back_and_its_expansion_holds():
    study = decay(patients=16, shared=True, limit=5.0)
    found = estimate(study, Settings(draws=128))
    drawn = posterior(found)
    place = study.population.names.index("rate")
    assert study.population.names == ("size", "rate", "omega_size", "error_log_sd")
    low, _, high = drawn.interval()
    assert low[place] < np.log(0.25) < high[place]
    assert expansion_error(found, drawn) < 0.1
    alone = estimate(decay(patients=16, limit=5.0), Settings(draws=128))
    assert expansion_error(alone, drawn) == 0.0


def test_a_fit_that_does_not_settle_gives_no_number(monkeypatch):
    monkeypatch.setattr(engine, "MOST_ROUNDS", 1)
    with pytest.raises(SolveError, match="has not settled after 1 rounds"):
        estimate(decay(), Settings(draws=64), start=decay().population.prior[0] + 2.0)


def test_courses_that_cannot_be_solved_are_told():
    study = decay()

    def broken(values, near):
        found = study.predict(values, near)
        found[3] = np.nan
        return found

    bad = type(study)(study.population, study.samples, study.covariates, broken, study.ids)
    with pytest.raises(SolveError, match="cannot be solved: p3"):
        estimate(bad, Settings(draws=64))
