"""Thall, Herrick, Nguyen, Venier and Norris 2014, doi:10.1177/1740774514547397: EffTox.

The demonstration of trialr (article A400): outcomes 1NNE 2EEB, posterior by MCMC (seed 123). The
same model integrated with 3 million prior draws for the project, whose own error is about 0.0012
for a mean rate of DLT.
"""

import numpy as np
import pytest

from carnk.designs import Contour, EffToxModel, Tally, efftox, read_cohorts
from carnk.designs.efftox import EffTox

MODEL = EffToxModel(
    (1, 2, 4, 6.6, 10),
    (-7.9593, 1.5482, 0.7367, 3.4181, 0.0, 0.0),
    (3.5487, 3.5018, 2.5423, 2.4406, 0.2, 1.0),
    0.5,
    0.3,
    Contour(0.5, 0.65, (0.7, 0.25)),
)
SEEN = read_cohorts("1NNE 2EEB", 5)
TRIALR = {
    "response": (0.402, 0.789, 0.929, 0.955, 0.964),
    "toxic": (0.088, 0.103, 0.225, 0.315, 0.372),
    "response_acceptable": (0.333, 0.943, 0.984, 0.983, 0.98),
    "toxic_acceptable": (0.927, 0.921, 0.718, 0.617, 0.561),
    "utility": (-0.342, 0.412, 0.506, 0.42, 0.349),
}
PRIOR_DRAWS = {
    "response": (0.4089, 0.7938, 0.9310, 0.9562, 0.9644),
    "toxic": (0.0886, 0.1013, 0.2219, 0.3146, 0.3720),
    "response_acceptable": (0.3398, 0.9485, 0.9842, 0.9838, 0.9823),
    "toxic_acceptable": (0.9254, 0.9250, 0.7204, 0.6175, 0.5632),
}


@pytest.fixture(scope="module")
def fit():
    return EffTox(MODEL, 2**14).fits(Tally.of(SEEN, 5))[0]


def test_contour_through_three_points():
    assert MODEL.contour.power == pytest.approx(0.977368, abs=1e-6)
    points = MODEL.contour.utility(np.array([0.5, 1.0, 0.7, 1.0]), np.array([0, 0.65, 0.25, 0]))
    assert points == pytest.approx([0, 0, 0, 1], abs=1e-9)


@pytest.mark.parametrize("name", TRIALR)
def test_agrees_with_trialr(fit, name):
    assert getattr(fit, name) == pytest.approx(TRIALR[name], abs=0.02)


@pytest.mark.parametrize("name", PRIOR_DRAWS)
def test_agrees_with_prior_draws(fit, name):
    assert getattr(fit, name) == pytest.approx(PRIOR_DRAWS[name], abs=0.007)


def test_recommends_dose_3():
    assert efftox(MODEL).decide(SEEN).next_dose == 3


def test_fewer_nodes_give_nearly_the_same(fit):
    rough = EffTox(MODEL).fits(Tally.of(SEEN, 5))[0]
    assert rough.toxic == pytest.approx(fit.toxic, abs=0.005)
    assert rough.response == pytest.approx(fit.response, abs=0.005)
