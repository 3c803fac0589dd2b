"""Killing in a study: ratios to the reference, which keeps its rates."""

import numpy as np
import pytest

from carnk.killing.arms import build, potency_test, relative
from carnk.kinetics import PARAMETERS
from carnk.library import load
from carnk.study.patients import draw
from carnk.study.read import read


def shares(name: str) -> tuple[dict[str, float], bool]:
    """Kill rates over the lot's rate, medians; and whether numbers of the well were read."""
    view = load().view()
    cohort = draw(read(name), view, np.arange(8), uncertain=False)
    rates = {
        p: float(np.median(cohort.parameters[:, i] / cohort.drawn["kill_per_day"]))
        for i, p in enumerate(PARAMETERS)
        if p.startswith("kill_")
    }
    return rates, any(number.room == "killing" for number in view.used)


@pytest.mark.parametrize("name", ["liu2020", "marin2024", "nkx019"])
def test_the_reference_product_keeps_its_rates(name: str) -> None:
    rates, read_the_well = shares(name)
    library = load()
    assert rates["kill_natural"] == library["natural_share"].value
    assert rates["kill_natural_bare"] == library["bare_share"].value
    assert not read_the_well


def test_another_target_and_disease_have_their_own_and_say_what_they_read() -> None:
    rates, read_the_well = shares("cd33_aml")
    library = load()
    ratios = relative(build("cord_blood", "CD33", ""), "aml")
    wanted = ratios.natural * library["natural_share"].value
    assert rates["kill_natural"] == pytest.approx(wanted)
    assert read_the_well


def test_costimulation_moves_the_car_arm_alone() -> None:
    plain, own = shares("marin2024")[0], shares("lei2025")[0]
    assert own["kill_car_low"] < plain["kill_car_low"]
    assert own["kill_natural"] == plain["kill_natural"]


def test_a_weaker_lot_fails_the_potency_test_that_a_stronger_one_passes():
    lysed = potency_test(build("cord_blood", "CD19", "CD28-zeta"))
    by_potency = lysed(np.array([0.02, 0.1, 0.5, 1.0]), 20.0)
    assert (np.diff(by_potency) > 0).all()
    assert by_potency[0] < 0.5 < by_potency[-1] <= 1
    assert lysed(np.array([1.0]), 1.0) == pytest.approx(lysed(np.array([0.05]), 20.0), abs=0.02)
