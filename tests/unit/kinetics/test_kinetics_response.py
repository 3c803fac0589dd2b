"""Response and progression rules, at their lines."""

import numpy as np
import pytest

from carnk.kinetics import RULES
from carnk.kinetics.response import (
    BLASTS,
    ELN,
    IMWG,
    IWCLL,
    LUGANO,
    RANO,
    RECIST,
    progression_day,
    responses,
)
from carnk.study.fields import diseases

BEFORE, LIMIT, MARROW = 1e11, 1e9, 1e12


def judge(rule, burden, before=BEFORE):
    found = responses(
        np.array([[burden]]), np.array([before]), rule, np.array([LIMIT]), np.array([MARROW])
    )
    return bool(found[0][0, 0]), bool(found[1][0, 0])


def test_every_disease_has_a_rule_and_a_source():
    assert set(diseases()) <= set(RULES)
    assert all(rule.source for rule in RULES.values())
    assert {RULES[d].name for d in ("dlbcl", "follicular", "mantle_cell")} == {"Lugano 2014"}
    assert RULES["cll"] is IWCLL
    assert RULES["aml"] is RULES["b_all"] is ELN


@pytest.mark.parametrize(
    ("rule", "share"),
    [
        (LUGANO, 0.5**1.5),  # half the sum of products of diameters
        (RANO, 0.5**1.5),
        (IWCLL, 0.5),
        (IMWG, 0.5),
        (RECIST, 0.7**3),  # 30 % less in diameter
    ],
)
def test_partial_response_begins_at_its_line(rule, share):
    assert judge(rule, 0.999 * share * BEFORE) == (True, False)
    assert judge(rule, 1.001 * share * BEFORE) == (False, False)


@pytest.mark.parametrize("rule", [LUGANO, RANO, IWCLL, IMWG, RECIST])
def test_a_tumor_that_imaging_does_not_see_is_a_complete_response(rule):
    assert judge(rule, LIMIT) == (True, True)
    assert judge(rule, 1.001 * LIMIT, before=1e14) == (True, False)
    assert judge(rule, 0.0) == (True, True)


def test_leukemia_responds_below_five_percent_blasts():
    assert judge(ELN, BLASTS * MARROW, before=5e11) == (True, False)
    assert judge(ELN, 1.001 * BLASTS * MARROW, before=5e11) == (False, False)
    assert judge(ELN, LIMIT, before=5e11) == (True, True)


def test_few_blasts_before_treatment_are_no_response():
    """A patient with 4 % blasts from the start has not responded by staying there."""
    assert judge(ELN, 4e10, before=4e10) == (False, False)


TIMES = np.array([-5.0, 0.0, 14.0, 28.0, 60.0, 90.0, 120.0])


def day(rule, *burden):
    course = np.array([burden]) * BEFORE
    return progression_day(course, TIMES, rule, np.array([LIMIT]), 28.0)[0]


@pytest.mark.parametrize(
    ("rule", "multiple"),
    [(LUGANO, 1.5**1.5), (RANO, 1.25**1.5), (IWCLL, 1.5), (IMWG, 1.25), (RECIST, 1.2**3)],
)
def test_progression_is_growth_over_the_nadir(rule, multiple):
    nadir = 0.1
    falling = (1.0, 1.0, 0.5, nadir, nadir)
    assert day(rule, *falling, 0.999 * multiple * nadir, 0.999 * multiple * nadir) == np.inf
    assert day(rule, *falling, 1.001 * multiple * nadir, 1.0) == 90.0


def test_progression_is_seen_at_the_first_visit_and_not_before():
    assert day(IWCLL, 1, 1, 5, 6, 7, 8, 9) == 28.0
    assert day(IWCLL, 1, 1, 1, 1, 1, 1, 1) == np.inf


def test_relapse_from_a_complete_response_begins_at_what_imaging_sees():
    gone = (1.0, 1.0, 1e-3, 1e-8, 1e-8)
    assert day(IWCLL, *gone, 1e-3, 1.4e-2) == np.inf
    assert day(IWCLL, *gone, 1e-3, 1.6e-2) == 120.0


def test_depletion_of_b_cells_is_the_response_of_lupus():
    rule = RULES["sle"]
    assert rule.b_cells
    assert rule.partial == 0.1
