"""Stopping, increments, sizes, admissibility and selection, alone and joined."""

from dataclasses import replace

import numpy as np
import pytest

from carnk.designs import Tally, boin
from carnk.designs.admissibility import Futility, Overdose
from carnk.designs.outcomes import read_cohorts
from carnk.designs.parts import AnyStep, Coherent, FixedSize, OneLevelUp, Titration
from carnk.designs.selection import IsotonicMtd, isotonic, nearest
from carnk.designs.stopping import EnoughAtAnyDose, EnoughAtDose, MaxPatients, MinPatients

SEEN = Tally.of(read_cohorts("1NNN 2NNT 2NNN", 3), 3)
STAY, UP = np.array([1]), np.array([2])


def test_stopping_rules_join():
    either, both = MaxPatients(9) | EnoughAtDose(99), MinPatients(9) & EnoughAtAnyDose(6)
    assert either.met(SEEN, STAY).all()
    assert both.met(SEEN, STAY).all()
    assert not (MinPatients(10) & EnoughAtAnyDose(6)).met(SEEN, STAY).any()
    assert (MaxPatients(30) | both).cap() == 30
    assert len((MaxPatients(30) | EnoughAtDose(9) | both).parts()) == 3
    assert "or" in either.describe()
    assert "and" in both.describe()


def test_enough_at_a_dose_means_staying_there():
    assert EnoughAtDose(6).met(SEEN, STAY).all()
    assert not EnoughAtDose(6).met(SEEN, UP).any()


def test_increments():
    far = np.array([2])
    first = Tally.of(read_cohorts("1NNN", 3), 3)
    toxic = Tally.of(read_cohorts("1NTT", 3), 3)
    assert OneLevelUp().limited(first, far).tolist() == [1]
    assert AnyStep().limited(first, far).tolist() == [2]
    assert Coherent(0.3).limited(first, far).tolist() == [1]
    assert Coherent(0.3).limited(toxic, far).tolist() == [0]


def test_titration_ends_with_the_first_dlt():
    size = Titration(3)
    assert size.next_size(Tally.of(read_cohorts("1N", 3), 3), np.array([1])).tolist() == [1]
    assert size.next_size(Tally.of(read_cohorts("1T", 3), 3), np.array([1])).tolist() == [3]
    assert FixedSize(2).next_size(SEEN, STAY).tolist() == [2]
    design = replace(boin(0.3, 3), cohort_size=size)
    assert design.decide(read_cohorts("1N", 3)).size == 1


def test_an_eliminated_dose_takes_those_above_with_it():
    tally = Tally.of(read_cohorts("1NNN 2TTT", 3), 3)
    assert Overdose(0.3).allowed(tally).tolist() == [[True, False, False]]
    both = Overdose(0.3) & Futility(0.25)
    many = Tally.of(read_cohorts("1NNNNNNNNN", 3), 3)
    assert both.allowed(many).tolist() == [[False, True, True]]


def test_pending_patients_count_only_where_told():
    tally = Tally.of(read_cohorts("1TTP0.1", 2), 2)
    assert Overdose(0.2).allowed(tally).all()  # two evaluated patients are too few
    assert not Overdose(0.2, counts_pending=True).allowed(tally).any()


@pytest.mark.parametrize(
    ("rates", "weights", "expected"),
    [
        ((0.1, 0.3, 0.2, 0.5), (1, 1, 1, 1), (0.1, 0.25, 0.25, 0.5)),
        ((0.5, 0.1, 0.2), (1, 3, 1), (0.2, 0.2, 0.2)),
        ((0.4, 0.9, 0.1), (1, 0, 1), (0.25, np.nan, 0.25)),
    ],
)
def test_isotonic_regression(rates, weights, expected):
    found = isotonic(np.array([rates], dtype=float), np.array([weights], dtype=float))
    assert found[0] == pytest.approx(expected, nan_ok=True)


def test_ties_go_up_below_the_target_and_down_above_it():
    assert nearest(np.array([[0.1, 0.1, 0.9]]), 0.3).tolist() == [1]
    assert nearest(np.array([[0.5, 0.5, 0.9]]), 0.3).tolist() == [0]
    assert nearest(np.full((1, 3), np.nan), 0.3).tolist() == [-1]


def test_only_tried_and_allowed_doses_are_selected():
    allowed = np.array([[True, True, False]])
    assert IsotonicMtd(0.3).selected(SEEN, allowed).tolist() == [1]
    assert IsotonicMtd(0.3).selected(SEEN, np.zeros((1, 3), bool)).tolist() == [-1]
