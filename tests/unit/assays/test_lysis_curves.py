"""Curves over E:T, lytic units, arms beside arms and together, courses."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.assay_plates import ET, course, hyperbola, plate_of, wells_of
from carnk.assays.arms import combination, synergy
from carnk.assays.et_curve import (
    HYPERBOLA,
    LOGISTIC,
    chosen,
    fit,
    fitted,
    lytic_units,
)  # fmt: skip
from carnk.assays.lysis import Ask, of_wells
from carnk.assays.lysis_courses import course_numbers, first_above
from carnk.assays.lysis_files import normalized
from carnk.assays.own_numbers import share
from carnk.assays.specific import READOUTS
from carnk.base import DataError, SpecError

E = np.array(ET[::-1])
ERROR = np.full(E.size, 2.0)


def drawn(lysis: np.ndarray, sd: float = 2.0, seed: int = 1) -> np.ndarray:
    return lysis + sd * np.random.default_rng(seed).standard_normal((300, lysis.size))


@pytest.mark.parametrize(("emax", "et50"), [(90.0, 0.9), (70.0, 4.0), (100.0, 2.0)])
def test_a_hyperbola_is_found_without_starting_values(emax: float, et50: float) -> None:
    curves = fit(HYPERBOLA, E, hyperbola(E, emax, et50)[None], ERROR)
    assert curves.emax[0] == pytest.approx(emax, rel=6e-3)
    assert curves.et50[0] == pytest.approx(et50, rel=2e-2)


def test_a_steep_curve_is_logistic() -> None:
    lysis = 80 / (1 + (2 / E) ** 2.5)
    assert chosen(E, lysis, ERROR, wells=18) == LOGISTIC
    curves = fit(LOGISTIC, E, lysis[None], ERROR)
    assert curves.slope[0] == pytest.approx(2.5, rel=0.1)
    assert chosen(E, hyperbola(E, 80.0, 2.0), ERROR, wells=18) == HYPERBOLA


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng, held, runs = np.random.default_rng(3), 0, 120
    truth = hyperbola(E, 90.0, 2.0)
    for _ in range(runs):
        seen = truth + 2 * rng.standard_normal(E.size)
        found = fitted(HYPERBOLA, E, seen, seen + 2 * rng.standard_normal((200, E.size)), ERROR)
        assert found.et50.low is not None
        assert found.et50.high is not None
        held += found.et50.low <= 2.0 <= found.et50.high
    assert held / runs > 0.88


@pytest.mark.parametrize(
    ("et", "lysis", "why"),
    [
        (E[:1], np.array([40.0]), "1 E:T, 3 are needed"),
        (E, np.array([0.5, -1.0, 1.0, 0.0, -0.5, 1.0]), "nothing is lysed"),
        (E, 1.5 * E, "did not converge"),
    ],
)
def test_a_fit_that_fails_says_so_and_gives_no_number(
    et: np.ndarray, lysis: np.ndarray, why: str
) -> None:
    found = fitted(HYPERBOLA, et, lysis, drawn(lysis), np.full(et.size, 2.0))
    assert (found.emax.value, found.et50.value) == (None, None)
    assert why in found.et50.why
    if "converge" not in why:
        assert lytic_units(found, 1e4).value is None


def test_lytic_units_are_effectors_over_those_that_lyse_a_third() -> None:
    """90 E:T / (2 + E:T) is 30 at E:T 1: ten thousand effectors for ten thousand targets."""
    lysis = hyperbola(E, 90.0, 2.0)
    found = fitted(HYPERBOLA, E, lysis, drawn(lysis), ERROR)
    units = lytic_units(found, 10_000)
    assert units.value == pytest.approx(1000, rel=0.01)
    assert units.low < 1000 < units.high
    assert lytic_units(found, 5_000).value == pytest.approx(2000, rel=0.01)


def test_no_lytic_units_where_30_percent_are_never_reached() -> None:
    lysis = hyperbola(E, 20.0, 1.0)
    units = lytic_units(fitted(HYPERBOLA, E, lysis, drawn(lysis, 0.5), ERROR), 1e4)
    assert units.value is None
    assert "30 % lysis is not shown" in units.why


def test_arms_of_a_plate_are_set_beside_each_other() -> None:
    rng = np.random.default_rng(4)
    found = of_wells([plate_of(wells_of(rng, (100.0, 400.0)))], READOUTS["calcein"], ASK)
    (pair,) = found.pairs
    assert (pair.first.effector, pair.second.effector) == ("CAR-NK", "WT NK")
    assert pair.et50.low < 4.0 / 0.9 < pair.et50.high
    truth = (92 / 0.9) / (75 / 4.0)
    assert pair.killing.low < truth < pair.killing.high


ASK = Ask("calcein", draws=200)


def test_combinations_are_read() -> None:
    found = combination("CAR+mAb = 0.5*CAR, mAb / NK")
    assert found.parts == (("CAR", 0.5), ("mAb", 1.0))
    assert (found.together, found.base) == ("CAR+mAb", "NK")
    with pytest.raises(SpecError, match="--synergy"):
        combination("CAR+mAb")


def arms_together(factor: float) -> tuple[dict, dict, dict]:
    """Two independent arms, and both, in which `factor` of the expected survivors survive."""
    a, b = hyperbola(E, 60.0, 2.0), hyperbola(E, 40.0, 1.0)
    both = 100 * (1 - factor * (1 - a / 100) * (1 - b / 100))
    lysis = {n: np.vstack([x, drawn(x, 1.0, k)]) for k, (n, x) in
             enumerate({"A": a, "B": b, "AB": both}.items())}  # fmt: skip
    curves = {n: fit(HYPERBOLA, E, lysis[n], ERROR) for n in "AB"}
    return dict.fromkeys(lysis, E), lysis, curves


def test_independent_arms_have_no_bliss_excess_and_synergy_has() -> None:
    for factor, verdict in ((1.0, 0), (0.6, 1), (1.3, -1)):
        found = synergy(combination("AB=A,B"), *arms_together(factor)).mean_bliss
        assert found.low is not None
        assert found.high is not None
        assert (found.low > 0) - (found.high < 0) == verdict


def test_an_arm_with_itself_is_additive_by_loewe() -> None:
    """Half of A and half of A is A: the index is 1 by its definition, where Bliss sees synergy."""
    a = hyperbola(E, 90.0, 2.0)
    lysis = {n: np.vstack([a, drawn(a, 1.0)]) for n in ("A", "AA")}
    curves = {"A": fit(HYPERBOLA, E, lysis["A"], ERROR)}
    wanted = replace(combination("AA=A,A"), parts=(("A", 0.5), ("A", 0.5)))
    found = synergy(wanted, {"A": E, "AA": E}, lysis, curves)
    assert found.mean_loewe.value == pytest.approx(1.0, abs=0.05)
    assert found.mean_loewe.low < 1 < found.mean_loewe.high


def test_an_unknown_arm_is_named() -> None:
    with pytest.raises(DataError, match="there is no arm 'C'"):
        synergy(combination("AB=A,C"), *arms_together(1.0))


def test_area_and_half_time_of_a_course() -> None:
    hours = np.array([0.0, 2.0, 4.0, 6.0])
    lysis = np.array([0.0, 20.0, 60.0, 80.0])
    found = course_numbers(hours, lysis, drawn(lysis, 1.0))
    assert found.half_time.value == pytest.approx(3.5)
    assert found.area.value == pytest.approx(240.0)
    assert found.mean.value == pytest.approx(40.0)
    assert found.half_time.low < 3.5 < found.half_time.high


def test_half_lysis_that_is_not_reached_has_no_time() -> None:
    hours = np.arange(5.0)
    found = course_numbers(hours, hours * 5, drawn(hours * 5, 0.1))
    assert found.half_time.value is None
    assert found.half_time.why == "50 % are not reached within 4 h"
    assert first_above(hours, hours * 5, 50.0) == np.inf


def test_a_course_of_one_point_says_so() -> None:
    found = course_numbers(np.zeros(1), np.array([40.0]), np.full((10, 1), 40.0))
    assert found.area.value is None
    assert "one time point" in found.area.why


def test_cell_indices_over_time() -> None:
    rng = np.random.default_rng(5)
    hours = np.arange(0.0, 49.0, 2.0)
    wells = normalized(plate_of(course(rng, hours), hours), added=None)
    found = of_wells([wells], READOUTS["impedance"], Ask("impedance", draws=100))
    car = next(arm for arm in found.arms if arm.effector == "CAR-NK")
    most = car.courses[-1].half_time
    assert most.value == pytest.approx(np.log(2) / (0.06 * 5 / 2), rel=0.1)
    assert any(flag.kind == "target outgrowth" for flag in found.flags)
    outgrown = next(flag for flag in found.flags if flag.kind == "target outgrowth")
    assert {"E5", "E6", "E7"} <= set(outgrown.wells)
    assert not {"B2", "B3", "B4"} & set(outgrown.wells)


def test_a_share_brings_donors_together_and_says_what_it_is() -> None:
    rng = np.random.default_rng(6)
    wells = [
        replace(w, plate=donor, donor=donor if w.effector else "")
        for donor in ("P", "Q", "R")
        for w in wells_of(rng, (100.0, 400.0))
    ]
    found = of_wells([plate_of(wells)], READOUTS["calcein"], ASK)
    number = share(found, "natural_share=WT NK/CAR-NK", b"file")
    truth = (75 / 4.0) / (92 / 0.9)
    assert number.range[0] < truth < number.range[1]
    assert number.unit == "1"
    with pytest.raises(SpecError, match="Did you mean 'natural_share'"):
        share(found, "natural_shar=WT NK/CAR-NK", b"")
    with pytest.raises(SpecError, match="'kill_car' is no number that a plate can give"):
        share(found, "kill_car=WT NK/CAR-NK", b"")
    with pytest.raises(SpecError, match="there is no arm 'WT'"):
        share(found, "natural_share=WT/CAR-NK", b"")
