"""One number at a time over its plausible range."""

from dataclasses import replace

import numpy as np
import pytest

from carnk.library import load
from carnk.study import read
from carnk.study.numbers import worlds
from carnk.study.patients import draw
from carnk.study.sensitivity import sensitivity


@pytest.fixture(scope="module")
def rows():
    study, view = replace(read("liu2020"), patients=12), load().view()
    draw(study, view, np.arange(12))
    return {name: rest for name, *rest in sensitivity(study, view)}


def test_rows_are_sorted_by_effect(rows):
    effects = [abs(high - low) for _, _, low, high in rows.values()]
    assert effects == sorted(effects, reverse=True)
    assert effects[0] > 0.1


def test_more_killing_leaves_less_tumor(rows):
    low, high, at_low, at_high = rows["kill_car"]
    assert low < high
    assert at_high < 0
    assert at_high < at_low


def test_more_growth_leaves_more(rows):
    assert rows["growth_dlbcl"][2] <= 0 <= rows["growth_dlbcl"][3]


def test_a_number_that_only_reads_outcomes_has_no_effect(rows):
    assert rows["crs_slope"][2:] == [0.0, 0.0]
    assert rows["detection_copies"][2:] == [0.0, 0.0]


def test_ranges_are_those_of_the_worlds(rows):
    low, high = np.percentile(worlds()["kill_car"], (5, 95))
    assert rows["kill_car"][:2] == pytest.approx([low, high])
