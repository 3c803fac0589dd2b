"""Likelihood of single samples: against integration, and its derivatives against differences."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from carnk.fitting.mixed.density import KINDS, Samples, densities, spread
from carnk.fitting.mixed.sums import general_density, log_density, sums_of

SIZES = {
    "lognormal": (0.4, 0),
    "proportional": (0.3, 0),
    "additive": (2.5, 0),
    "combined": (1.5, 0.3),
}


def one(low, high):
    return Samples(
        *(np.array([[v]]) for v in (1.0, low, high)), np.array([[0]]), np.array([[True]])
    )


def value(kind, low, high, course, sizes=None):
    errors = np.array([SIZES[kind] if sizes is None else sizes], float)
    return densities([kind], errors, one(low, high), np.array([[course]]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("low", "high"), [(-np.inf, 4.0), (2.0, 6.0), (9.0, np.inf), (7.0, 7.5)])
def test_interval_is_the_integral_of_the_density(kind, low, high):
    course = 5.0
    least = 1e-9 if kind == "lognormal" else -60.0
    seen = quad(
        lambda y: float(np.exp(value(kind, y, y, course).value[0, 0])),
        max(low, least), min(high, 80.0), epsabs=1e-12, limit=200,
    )[0]  # fmt: skip
    assert np.exp(value(kind, low, high, course).value[0, 0]) == pytest.approx(seen, rel=1e-7)


def test_m3_is_the_normal_tail():
    found = value("additive", -np.inf, 50.0, 80.0, (12.0, 0)).value[0, 0]
    assert found == pytest.approx(norm.logcdf((50.0 - 80.0) / 12.0), rel=1e-12)
    far = value("additive", -np.inf, 50.0, 5e4, (12.0, 0)).value[0, 0]
    assert np.isfinite(far)
    assert far < -1e6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("low", "high"), [(6.0, 6.0), (-np.inf, 4.0), (2.0, 6.0), (9.0, np.inf), (7.0, 7.5)]
)
def test_derivatives_are_those_of_the_value(kind, low, high):
    course, step = 5.0, 1e-6
    found = value(kind, low, high, course)
    up, down = (value(kind, low, high, course + s).value[0, 0] for s in (step, -step))
    assert found.by_course[0, 0] == pytest.approx((up - down) / (2 * step), rel=1e-6)
    for k in range(len(KINDS[kind])):
        sizes = [np.array(SIZES[kind], float) for _ in range(2)]
        sizes[0][k] *= np.exp(step)
        sizes[1][k] *= np.exp(-step)
        up, down = (value(kind, low, high, course, s).value[0, 0] for s in sizes)
        assert found.by_error[k][0, 0] == pytest.approx((up - down) / (2 * step), rel=1e-6)
    assert found.information[0, 0] > 0


@pytest.mark.parametrize("kind", ["lognormal", "proportional", "additive"])
def test_quick_sums_are_the_general_ones(kind):
    rng = np.random.default_rng(1)
    course = rng.lognormal(2, 0.5, (3, 7, 5))
    seen = rng.lognormal(2, 0.5, (3, 5))
    low, high = seen.copy(), seen.copy()
    low[0, 1], high[1, 2] = -np.inf, np.inf
    low[2, 0] *= 0.5
    used = np.ones((3, 5), bool)
    used[2, 4] = False
    data = Samples(seen, low, high, np.zeros((3, 5), np.int64), used)
    errors = np.array([SIZES[kind]], float)
    quick, quick_slopes = log_density(sums_of([kind], data, course), errors)
    slow, slow_slopes, _ = general_density([kind], data, errors, course)
    assert quick == pytest.approx(slow, rel=1e-10)
    assert quick_slopes[0][0] == pytest.approx(slow_slopes[0][0], rel=1e-9)


def test_spread_of_combined_error_adds_variances():
    _, scale, _ = spread("combined", np.array([3.0, 0.2]), np.array([20.0]))
    assert scale[0] == pytest.approx(5.0)
