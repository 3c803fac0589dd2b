"""CRS as a probability that rises with IL-6 and never vanishes."""

import numpy as np
import pytest

from carnk.kinetics import astct_crs, astct_icans, grade, grade_probabilities

SIGNAL = np.linspace(-1, 4, 30)
SLOPE = np.full(30, 1.3)
THRESHOLDS = np.tile([3.0, 5.5, 8.0], (30, 1))


def test_probabilities_rise_with_il6_and_fall_with_the_grade():
    p = grade_probabilities(SIGNAL, SLOPE, THRESHOLDS)
    assert (np.diff(p, axis=0) > 0).all()
    assert (np.diff(p, axis=1) < 0).all()
    assert ((p > 0) & (p < 1)).all()


def test_the_law_is_an_ordered_logit():
    p = grade_probabilities(np.array([2.0]), np.array([1.5]), np.array([[3.0, 4.0, 5.0]]))[0]
    assert p == pytest.approx([0.5, 1 / (1 + np.e), 1 / (1 + np.e**2)])


def test_thresholds_out_of_order_make_no_negative_grade():
    p = grade_probabilities(np.array([0.0]), np.array([1.0]), np.array([[3.0, 2.0, 4.0]]))[0]
    assert p[0] == p[1] > p[2]


def test_the_grade_follows_the_luck():
    p = np.tile([0.5, 0.2, 0.1], (5, 1))
    luck = np.array([0.9, 0.5, 0.3, 0.15, 0.05])
    assert grade(p, luck).tolist() == [0, 0, 1, 2, 3]


def test_the_rarest_grade_is_still_possible():
    p = grade_probabilities(np.array([0.0]), np.array([1.0]), np.array([[1.0, 50.0, 1e6]]))
    assert (p > 0).all()


@pytest.mark.parametrize(
    ("signs", "wanted"),
    [
        ((False, True, 2, "positive_pressure"), 0),
        ((True, False, 0, "none"), 1),
        ((True, True, 0, "none"), 2),
        ((True, False, 0, "low_flow"), 2),
        ((True, True, 1, "none"), 3),
        ((True, False, 0, "high_flow"), 3),
        ((True, True, 2, "none"), 4),
        ((True, False, 0, "positive_pressure"), 4),
    ],
)
def test_astct_crs_grades_by_pressure_and_oxygen(signs, wanted):
    assert astct_crs(*signs) == wanted


@pytest.mark.parametrize(
    ("ice", "wakes", "rest", "wanted"),
    [
        (10, "by_itself", {}, 0),
        (7, "by_itself", {}, 1),
        (3, "by_itself", {}, 2),
        (0, "by_itself", {}, 3),  # awake with global aphasia
        (0, "not", {}, 4),
        (9, "to_voice", {}, 2),
        (9, "to_touch", {}, 3),
        (10, "by_itself", {"seizure": "resolves"}, 3),
        (10, "by_itself", {"seizure": "prolonged"}, 4),
        (10, "by_itself", {"edema": "focal"}, 3),
        (10, "by_itself", {"edema": "diffuse"}, 4),
        (10, "by_itself", {"motor_weakness": True}, 4),
    ],
)
def test_astct_icans_is_the_worst_finding(ice, wakes, rest, wanted):
    assert astct_icans(ice, wakes, **rest) == wanted
