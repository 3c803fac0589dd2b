"""CRM and TITE-CRM as R dfcrm 0.2-2.1 computes them (Cheung 2011; O'Quigley 1990).

Values: dfcrm run for the project, examples of its manual and of the escalation package. The
posterior of `small` is integrated less exactly in R (7e-6), so it is compared to that.
"""

import numpy as np
import pytest

from carnk.designs import Cohort, CrmModel, Patient, Tally, crm, read_cohorts, skeleton
from carnk.designs.crm import Crm

SIX, FOUR = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7), (0.1, 0.2, 0.4, 0.55)
LEVELS, TOXIC = (3, 4, 4, 3, 3, 4, 3, 2, 2, 2), (0, 0, 1, 0, 0, 1, 1, 0, 0, 0)
WEIGHTS = (0.98888889, 1, 1, 1, 1, 1, 0.99444444, 0.56666667, 0.23333333, 0.01666667)
TITE_LEVELS, TITE_TOXIC = (3, 3, 3, 4, 4, 3, 2, 2, 2, 3), (0, 0, 1, 0, 1, 0, 0, 0, 0, 0)


def fitted(model, target, levels, toxic, weights=None):
    shares = weights or [1.0] * len(levels)
    cohorts = [
        Cohort(level, (Patient(bool(dlt), followed=share),))
        for level, dlt, share in zip(levels, toxic, shares)
    ]
    doses = len(model.skeleton)
    rule, tally = Crm(model, target), Tally.of(cohorts, doses)
    mtd = int(rule.wanted(tally, np.ones((1, doses), dtype=bool))[0]) + 1
    return rule.fit(tally), mtd


@pytest.mark.parametrize(
    ("link", "theta", "variance", "rates", "mtd"),
    [
        ("empiric", -0.21217153, 0.15759553,
         (0.08865295, 0.15530093, 0.27205388, 0.42778978, 0.57084622, 0.74939583), 2),
        ("logistic", -0.11011161, 0.03869540,
         (0.08910298, 0.16038967, 0.28313704, 0.43986818, 0.57756796, 0.74492980), 2),
    ],
)  # fmt: skip
def test_crm_of_the_manual(link, theta, variance, rates, mtd):
    fit, chosen = fitted(CrmModel(SIX, link), 0.2, LEVELS, TOXIC)
    assert fit.theta == pytest.approx(theta, abs=1e-7)
    assert fit.variance == pytest.approx(variance, abs=1e-7)
    assert fit.rates == pytest.approx(rates, abs=1e-7)
    assert chosen == mtd


def test_interval_of_the_manual():
    fit, _ = fitted(CrmModel(SIX), 0.2, LEVELS, TOXIC)
    low = (0.00951151, 0.02792792, 0.08200259, 0.19565877, 0.34057361, 0.57449774)
    high = (0.28332294, 0.37932530, 0.50785752, 0.64277360, 0.74691284, 0.86057377)
    assert fit.low == pytest.approx(low, abs=1e-7)
    assert fit.high == pytest.approx(high, abs=1e-7)


@pytest.mark.parametrize(
    ("link", "theta", "rates"),
    [
        ("empiric", -0.13278655,
         (0.07256889, 0.13315210, 0.24431241, 0.39880655, 0.54500751, 0.73174505)),
        ("logistic", -0.07050491,
         (0.07311741, 0.13664803, 0.25205365, 0.40789687, 0.55088090, 0.72984711)),
    ],
)  # fmt: skip
def test_tite_crm_of_the_manual(link, theta, rates):
    fit, mtd = fitted(CrmModel(SIX, link), 0.2, TITE_LEVELS, TITE_TOXIC, WEIGHTS)
    assert fit.theta == pytest.approx(theta, abs=1e-7)
    assert fit.rates == pytest.approx(rates, abs=1e-7)
    assert mtd == 3


def test_example_of_escalation():
    levels, toxic = (2, 2, 2, 2, 2, 2, 3, 3, 3, 2, 2, 2), (0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1)
    model = CrmModel(FOUR, scale=0.8660254038)
    fit, mtd = fitted(model, 0.2, levels, toxic)
    assert fit.theta == pytest.approx(-0.21630512, abs=1e-7)
    assert fit.rates == pytest.approx((0.15649862, 0.27351869, 0.47803919, 0.61782414), abs=1e-7)
    assert mtd == 1


def test_small_example_is_as_exact_as_r_integrates():
    levels, toxic = (1, 1, 1, 2, 2, 2, 3, 3, 3), (0, 0, 0, 0, 0, 0, 0, 0, 1)
    fit, mtd = fitted(CrmModel((0.05, 0.12, 0.25, 0.4)), 0.25, levels, toxic)
    assert fit.theta == pytest.approx(0.16406902, abs=1e-5)
    assert mtd == 3


def test_decision_path_of_escalation():
    """skeleton .1 ... .8, target .33, logistic with intercept 4 (test_dfcrm.R)."""
    model = CrmModel((0.1, 0.2, 0.33, 0.45, 0.6, 0.7, 0.8), "logistic", intercept=4.0)
    cohorts = read_cohorts("1NNN 2NNN 3NTT 2NNN 3TNN 3TNT 2NNN", 7)
    assert crm(0.33, model).decide(cohorts).next_dose == 3


@pytest.mark.parametrize(
    ("half_width", "target", "mtd", "link", "expected"),
    [
        (0.05, 0.25, 3, "empiric", (0.08397349, 0.15674102, 0.25, 0.35450043, 0.46034311)),
        (0.08, 0.3, 3, "empiric", (0.05243137, 0.15197463, 0.3, 0.46329862, 0.61160740)),
        (0.1, 0.25, 3, "logistic",
         (0.01772617, 0.08611654, 0.25, 0.46682345, 0.64686097, 0.76305707)),
        (0.05, 0.33, 3, "logistic",
         (0.14956243, 0.23297273, 0.33, 0.43032596, 0.52443552, 0.60647703)),
    ],
)  # fmt: skip
def test_skeletons_of_getprior(half_width, target, mtd, link, expected):
    found = skeleton(half_width, target, mtd, len(expected), link)
    assert found == pytest.approx(expected, abs=1e-8)
