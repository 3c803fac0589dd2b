"""Problems are told in one shape, all at once, and survive a trip to another process."""

import pickle

import pytest

from carnk.base import (
    CarnkError,
    DataError,
    NumberError,
    Problem,
    SolveError,
    SpecError,
    did_you_mean,
)

DOSE = Problem("study.yaml:6: regimen.dose", "'1e6 cells' is an amount", "Write '1e6 cells/kg'.")
SOURCE = Problem("study.yaml:3: product.source", "'cord_bloods' is unknown")


def test_one_problem_is_one_line_with_where_what_and_do():
    assert str(SpecError(DOSE, "study.yaml")) == (
        "study.yaml:6: regimen.dose: '1e6 cells' is an amount. Write '1e6 cells/kg'."
    )


def test_several_problems_are_counted_and_indented():
    assert str(SpecError([SOURCE, DOSE], "study.yaml")) == (
        "2 problems in study.yaml\n"
        "  study.yaml:3: product.source: 'cord_bloods' is unknown.\n"
        "  study.yaml:6: regimen.dose: '1e6 cells' is an amount. Write '1e6 cells/kg'."
    )


def test_several_problems_without_a_file():
    assert str(SpecError([SOURCE, SOURCE])).startswith("2 problems\n  ")


def test_plain_text_is_a_problem_without_a_place():
    error = SolveError("the step became too small")
    assert error.problems == (Problem("", "the step became too small"),)
    assert str(error) == "the step became too small."


@pytest.mark.parametrize(
    ("kind", "code"), [(SpecError, 2), (NumberError, 3), (SolveError, 4), (DataError, 5)]
)
def test_exit_codes(kind, code):
    assert issubclass(kind, CarnkError)
    assert kind("x").exit_code == code


def test_a_problem_can_be_moved_to_its_place():
    assert Problem("", "wrong", "mend").at("f.yaml:2: a") == Problem("f.yaml:2: a", "wrong", "mend")


def test_an_error_survives_pickling():
    error = SpecError([SOURCE, DOSE], "study.yaml")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.problems, copy.file, str(copy)) == (error.problems, error.file, str(error))


def test_a_generator_of_problems_is_kept():
    assert len(SpecError(each for each in (SOURCE, DOSE)).problems) == 2


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cord_bloods", "Did you mean 'cord_blood'?"),
        ("CORD_BLOOD", "Did you mean 'cord_blood'?"),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_did_you_mean(word, expected):
    assert did_you_mean(word, ["peripheral_blood", "cord_blood", "ipsc"]) == expected
