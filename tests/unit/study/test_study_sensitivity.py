"""One number at a time over its plausible range."""

from dataclasses import replace

import numpy as np
import pytest

from carnk.library import load
from carnk.study import read
from carnk.study.answers import Question, evaluate, two_arms
from carnk.study.numbers import worlds
from carnk.study.patients import draw, draw_paired
from carnk.study.sensitivity import sensitivity


@pytest.fixture(scope="module")
def rows():
    study, view = replace(read("liu2020"), patients=12), load().view()
    draw(study, view, np.arange(12))
    return {name: rest for name, *rest in sensitivity(study, view)}


def test_rows_are_sorted_by_effect(rows):
    effects = [abs(high - low) for _, _, low, high, _ in rows.values()]
    assert effects == sorted(effects, reverse=True)
    assert effects[0] > 0.1


def test_more_killing_leaves_less_tumor(rows):
    low, high, at_low, at_high, _ = rows["kill_car"]
    assert low < high
    assert at_high < 0
    assert at_high < at_low


def test_more_growth_leaves_more(rows):
    assert rows["growth_dlbcl"][2] <= 0 <= rows["growth_dlbcl"][3]


def test_a_number_that_only_reads_outcomes_has_no_effect(rows):
    assert rows["crs_slope"][2:] == [0.0, 0.0, ""]
    assert rows["detection_copies"][2:] == [0.0, 0.0, ""]


def test_ranges_are_those_of_the_worlds(rows):
    low, high = np.percentile(worlds()["kill_car"], (5, 95))
    assert rows["kill_car"][:2] == pytest.approx([low, high])


@pytest.fixture(scope="module")
def compared():
    """Three arms of one comparison: two of one product, and one that is made for the patient."""
    study = read("compare_car_t")
    return replace(study, patients=8, arms=study.arms[:3])


@pytest.fixture(scope="module")
def differences(compared):
    view = load().view()
    draw_paired(compared, view, np.arange(8))
    return {name: rest for name, *rest in sensitivity(compared, view)}


def test_waiting_moves_the_difference_between_arms(differences):
    """More loss or failure leaves more tumor in the arm that waits than in the other."""
    for name in ("waiting_loss", "failure_autologous_t"):
        _, _, low, high, arm = differences[name]
        assert low < 0 < high
        assert arm == "autologous CAR-T"


def test_the_effect_is_that_of_the_difference_from_the_first_arm(compared, differences):
    """Worked out apart, with the two arms alone."""
    low, high, at_low, at_high, arm = differences["kill_car_t"]
    middle = load()["kill_car_t"].value
    values = {"kill_car_t": np.array([middle, low, high])}
    found = evaluate(Question(two_arms(compared, arm), "burden", 8), values)
    assert [at_low, at_high] == pytest.approx(list(found[1:] - found[0]), rel=1e-3)
    assert at_low > 0 > at_high


def test_a_paired_study_of_one_arm_has_no_difference(compared):
    one = replace(compared, arms=compared.arms[2:])
    view = load().view()
    draw_paired(one, view, np.arange(8))
    rows = {name: rest for name, *rest in sensitivity(one, view)}
    assert {rest[-1] for rest in rows.values()} == {""}
    assert rows["waiting_loss"][2] < 0 < rows["waiting_loss"][3]
