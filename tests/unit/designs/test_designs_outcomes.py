"""Trials written in letters, and counted."""

import numpy as np
import pytest

from carnk.base import SpecError
from carnk.designs import Cohort, Patient, Tally, read_cohorts, write_cohorts


def test_letters_are_counted():
    tally = Tally.of(read_cohorts("1NNE 2TB 2P0.4N +1T", 3), 3)
    assert tally.patients.tolist() == [[4, 4, 0]]
    assert tally.toxic.tolist() == [[1, 2, 0]]
    assert tally.responses.tolist() == [[1, 1, 0]]
    assert tally.both.tolist() == [[0, 1, 0]]
    assert tally.pending.tolist() == [[0, 1, 0]]
    assert tally.current.tolist() == [1]  # backfill does not move the trial
    assert tally.treated.tolist() == [7]
    assert tally.last_patients.tolist() == [2]


def test_nobody_yet():
    tally = Tally.of((), 2)
    assert tally.current.tolist() == [-1]
    assert tally.at(tally.patients, tally.current).tolist() == [0]


def test_written_as_read():
    text = "1NNE 2TB +1NP0.25"
    assert write_cohorts(read_cohorts(text, 2)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("4NNN", "there is no dose 4; the doses are 1 to 3"),
        ("0NNN", "there is no dose 0"),
        ("1NXN", "'1NXN' is not a cohort"),
        ("NNN", "is not a cohort"),
        ("1", "is not a cohort"),
        ("1P1.5", "more than the whole window"),
    ],
)
def test_what_cannot_be_read_says_why(text, says):
    with pytest.raises(SpecError, match=says):
        read_cohorts(text, 3)


def test_all_problems_at_once():
    with pytest.raises(SpecError) as caught:
        read_cohorts("9NNN 1NNN 1Q", 3)
    assert len(caught.value.problems) == 2


def test_rows_keep_patients_together():
    cohorts = (Cohort(1, (Patient(followed=0.5), Patient(toxic=True))),)
    tally = Tally.of(cohorts, 2).rows(np.array([0, 0]))
    assert len(tally) == 2
    assert tally.followed.weight.tolist() == [[0.5, 1.0]] * 2
