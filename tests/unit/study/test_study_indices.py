"""Sobol indices and Morris effects through our own path, on functions with known answers."""

import numpy as np
import pytest

from carnk.study.indices import morris, sobol, sobol_points

A, B = 7.0, 0.1
VARIANCE = A**2 / 8 + B * np.pi**4 / 5 + B**2 * np.pi**8 / 18 + 0.5
FIRST = np.array([0.5 * (1 + B * np.pi**4 / 5) ** 2, A**2 / 8, 0.0]) / VARIANCE
TOGETHER = B**2 * np.pi**8 * (1 / 18 - 1 / 50) / VARIANCE  # of the first and the third
TOTAL = FIRST + np.array([TOGETHER, 0.0, TOGETHER])


def ishigami(places):
    """Ishigami and Homma 1990; its indices are known in closed form."""
    x, y, z = (np.pi * (2 * places - 1)).T
    return np.sin(x) + A * np.sin(y) ** 2 + B * z**4 * np.sin(x)


@pytest.fixture(scope="module")
def found():
    return sobol(ishigami, 3, 2048, 0)


def test_ishigamis_indices_come_out(found):
    assert found.first == pytest.approx(FIRST, abs=0.03)
    assert found.total == pytest.approx(TOTAL, abs=0.03)
    assert found.variance == pytest.approx(VARIANCE, rel=0.03)
    assert found.mean == pytest.approx(A / 2, rel=0.02)


def test_the_intervals_hold_the_true_indices(found):
    assert (np.abs(found.first - FIRST) <= found.first_error).all()
    assert (np.abs(found.total - TOTAL) <= found.total_error).all()
    assert (found.first_error < 0.1).all()


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(found):
    again = sobol(ishigami, 3, 2048, 0)
    assert np.array_equal(again.first, found.first)
    assert np.array_equal(again.total_error, found.total_error)
    assert not np.array_equal(sobol(ishigami, 3, 2048, 1).first, found.first)


def test_an_answer_that_nothing_moves_has_no_indices():
    still = sobol(lambda places: np.full(len(places), 3.0), 4, 8, 1)
    assert still.variance == 0
    assert not still.total.any()


def test_morris_ranks_slopes_and_sees_bends():
    slopes = np.array([3.0, -1.0, 0.0, 0.5])

    def line(places):
        return places @ slopes

    effects = morris(line, 4, 12, 3)
    assert effects.mean == pytest.approx(slopes)
    assert effects.size == pytest.approx(np.abs(slopes))
    assert effects.spread == pytest.approx(np.zeros(4), abs=1e-9)

    product = morris(lambda places: 4 * places[:, 0] * places[:, 1] + places[:, 2], 3, 40, 3)
    assert product.size.argmin() == 2
    assert (product.spread[:2] > 0.5).all()
    assert product.spread[2] == pytest.approx(0, abs=1e-9)


def test_base_points_are_powers_of_two_that_fit():
    assert sobol_points(10_000, 30) == 256
    assert sobol_points(64, 30) == 2
    assert sobol_points(63, 30) == 0
