"""A quadratic surface on the logit."""

import numpy as np
import pytest

from carnk.fitting.emulator import emulate, features


def known(x):
    first = 0.3 + 0.8 * x[:, 0] - 0.5 * x[:, 1] + 0.4 * x[:, 0] ** 2 - 0.7 * x[:, 0] * x[:, 1]
    second = -1.0 + 0.2 * x[:, 1] ** 2
    return 1 / (1 + np.exp(-np.column_stack([first, second])))


def test_a_known_quadratic_is_recovered():
    rng = np.random.default_rng(1)
    x, other = rng.uniform(-1, 1, (200, 2)), rng.uniform(-1, 1, (50, 2))
    surface = emulate(x, known(x))
    assert surface.rates(other) == pytest.approx(known(other), abs=1e-9)
    assert surface.explained == pytest.approx([1.0, 1.0])


def test_noise_is_averaged_and_lowers_what_is_explained():
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, (600, 2))
    p = (rng.binomial(100, known(x)) + 0.5) / 101
    surface = emulate(x, p)
    other = rng.uniform(-1, 1, (100, 2))
    assert np.abs(surface.rates(other) - known(other)).max() < 0.06
    assert 0.5 < surface.explained[0] < 0.99


def test_features_of_one_point_and_of_many():
    assert features(np.array([2.0, 3.0])).tolist() == [1, 2, 3, 4, 6, 9]
    assert features(np.zeros((4, 5, 3))).shape == (4, 5, 10)


def test_rates_lie_between_zero_and_one_far_outside():
    x = np.random.default_rng(3).uniform(-1, 1, (100, 2))
    far = emulate(x, known(x)).rates(np.array([[3.0, -3.0]]))
    assert ((far > 0) & (far < 1)).all()
