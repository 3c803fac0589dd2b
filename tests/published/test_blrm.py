"""Neuenschwander, Branson and Gsponer 2008, doi:10.1002/sim.3230: the worked example.

Table I (one-parameter model) as read in the accuracy test of crmPack; the two-parameter means were
read off Figure 1 by the author of escalation (tolerance 0.04), bcrm's are MCMC (0.01). The
converged integrals are the project's own, computed beforehand on other nodes: means to 1e-6. Its
interval probabilities carry an error up to 2e-4 from whole-node counting, so 3e-4 is asked.
"""

import numpy as np
import pytest
from scipy.special import logit

from carnk.designs import Tally
from carnk.designs.blrm import Blrm, BlrmModel
from carnk.designs.crm import CrmModel
from carnk.designs.quadrature import dlt_counts, expectations, log_cells

AMOUNTS = (1, 2.5, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250)
SEEN = {1: (3, 0), 2.5: (4, 0), 5: (5, 0), 10: (4, 0), 25: (2, 2)}
# dose: (mean, sd, P(< .2), P(.2-.35), P(.35-.6), P(> .6), bcrm's mean)
CORRELATED = {
    1.0: (0.011562, 0.018384, 0.99960, 0.00039, 0.00001, 0.0, 0.01276366),
    20.0: (0.252684, 0.125745, 0.37678, 0.40159, 0.21612, 0.00551, 0.25486603),
    30.0: (0.360137, 0.142249, 0.14046, 0.34264, 0.46617, 0.05073, 0.36015142),
    100.0: (0.728379, 0.123141, 0.00017, 0.00568, 0.14736, 0.84679, 0.72710146),
}
PRINTED_FIGURE = {1.0: 0.01, 2.5: 0.02, 20.0: 0.25, 25.0: 0.3, 100.0: 0.74, 200.0: 0.89}
SKELETON = (0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.1, 0.17, 0.3)
TABLE_1 = {0: (0.069, 0.055), 1: (0.085, 0.062), 2: (0.099, 0.068), 6: (0.163, 0.087),
           7: (0.242, 0.101), 8: (0.33, 0.109)}  # fmt: skip


def tally():
    counts = Tally.empty(1, len(AMOUNTS))
    for dose, (patients, toxic) in SEEN.items():
        counts.patients[0, AMOUNTS.index(dose)] = patients
        counts.toxic[0, AMOUNTS.index(dose)] = toxic
    return counts


def fit(correlation):
    model = BlrmModel(AMOUNTS, 250.0, (2.15, 0.52), (0.84, 0.80), correlation, (0.2, 0.35, 0.6))
    return Blrm(model).fit(tally())


def test_two_parameter_model_with_correlated_prior():
    found = fit(0.134 / (0.84 * 0.80))
    for dose, (mean, sd, *chances, bcrm) in CORRELATED.items():
        at = AMOUNTS.index(dose)
        assert found.mean[at] == pytest.approx(mean, abs=1e-6)
        assert found.sd[at] == pytest.approx(sd, abs=1e-6)
        assert [each[at] for each in found.intervals] == pytest.approx(chances, abs=3e-4)
        assert found.mean[at] == pytest.approx(bcrm, abs=0.01)


def test_means_read_off_the_figure():
    found = fit(0.134 / (0.84 * 0.80))
    for dose, mean in PRINTED_FIGURE.items():
        assert found.mean[AMOUNTS.index(dose)] == pytest.approx(mean, abs=0.04)


def test_two_parameter_model_with_independent_prior():
    found = fit(0.0)
    for dose, mean, sd in [(5.0, 0.061684, 0.056375), (15.0, 0.194965, 0.112512),
                           (50.0, 0.527306, 0.148284), (250.0, 0.898947, 0.074035)]:  # fmt: skip
        at = AMOUNTS.index(dose)
        assert (found.mean[at], found.sd[at]) == pytest.approx((mean, sd), abs=1e-6)


def test_intervals_are_chances_and_converged():
    found = np.array(fit(0.0).intervals)
    assert found.sum(axis=0) == pytest.approx(np.ones(len(AMOUNTS)), abs=1e-9)
    at = AMOUNTS.index(15)  # on 1,201 x 1,201 nodes: 0.568143, 0.329653, 0.101165, 0.00104
    assert found[:, at] == pytest.approx((0.568143, 0.329653, 0.101165, 0.00104), abs=1e-4)


def test_table_1_of_the_one_parameter_model():
    """Power model with theta ~ Normal(0, 1.34^2) and posterior means of P(DLT)."""
    _, rates, log_prior = CrmModel(SKELETON, scale=1.34).nodes()
    patients = np.array([[3, 4, 5, 4, 0, 0, 2, 0, 0, 0]])
    toxic = np.array([[0, 0, 0, 0, 0, 0, 2, 0, 0, 0]])
    functions = np.hstack((rates, rates**2))
    row = expectations(log_cells(rates), dlt_counts(patients, toxic), log_prior, functions)[0]
    mean, square = row[:10], row[10:]
    for dose, (published, sd) in TABLE_1.items():
        assert mean[dose] == pytest.approx(published, abs=0.003)
        assert np.sqrt(square[dose] - mean[dose] ** 2) == pytest.approx(sd, abs=0.002)


def test_prior_is_recovered_without_data():
    model = BlrmModel((1.0, 2.0), 1.0, (logit(0.3), 0.0), (0.5, 0.3), 0.0, (0.3, 0.6))
    found = Blrm(model).fit(Tally.empty(1, 2))
    assert found.intervals[0][0] == pytest.approx(0.5, abs=1e-4)
