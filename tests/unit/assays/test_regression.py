"""A fit is right or says that it did not converge; its distributions are those of scipy."""

import numpy as np
import pytest
from scipy import stats

from carnk.assays import fit_curve
from carnk.assays.distributions import f_above, t_quantile, t_two_sided
from carnk.base import DataError, SpecError

X = np.linspace(0.5, 10, 40)


def decay(x, b):
    return b[0] * np.exp(-b[1] * x)


def noisy(f, b, seed=1, sd=0.01):
    return f(X, np.asarray(b)) + sd * np.random.default_rng(seed).standard_normal(X.size)


def test_errors_are_those_of_the_textbook_on_a_straight_line():
    y = noisy(lambda x, b: b[0] + b[1] * x, [1.0, 2.0])
    fit = fit_curve(lambda x, b: b[0] + b[1] * x, X, y, [0.0, 1.0])
    line = stats.linregress(X, y)
    assert fit.converged
    assert fit.parameters == pytest.approx([line.intercept, line.slope], rel=1e-10)
    assert fit.standard_errors == pytest.approx([line.intercept_stderr, line.stderr], rel=1e-8)


def test_a_fit_to_rounding_says_how_far_its_errors_are_sure():
    exact = fit_curve(decay, X, decay(X, [3.0, 0.4]) * (1 + 1e-14 * np.cos(7 * X)), [1.0, 1.0])
    assert exact.converged
    assert exact.parameters == pytest.approx([3.0, 0.4], rel=1e-12)
    assert exact.digits < 3
    assert fit_curve(decay, X, noisy(decay, [3.0, 0.4]), [1.0, 1.0]).digits > 10


def test_weights_count_like_repeated_points():
    y = noisy(decay, [3.0, 0.4])
    weights = np.where(X < 5, 2.0, 1.0)
    weighted = fit_curve(decay, X, y, [1.0, 1.0], weights)
    twice = np.concatenate([X, X[X < 5]]), np.concatenate([y, y[X < 5]])
    assert weighted.parameters == pytest.approx(fit_curve(decay, *twice, [1.0, 1.0]).parameters)


@pytest.mark.parametrize(
    ("f", "start", "why"),
    [
        (lambda x, b: b[0] * np.exp(-b[1] * x) + 0 * b[2], [1.0, 1.0, 1.0], "changes nothing"),
        (lambda x, b: (b[0] + b[2]) * np.exp(-b[1] * x), [1.0, 1.0, 1.0], "tell the parameters"),
        (lambda x, b: np.log(b[0] - 1e9) * x + b[1], [1.0, 1.0], "not finite"),
    ],
)
def test_what_cannot_be_fitted_gives_a_reason_and_no_numbers(f, start, why):
    fit = fit_curve(f, X, noisy(decay, [3.0, 0.4]), start)
    assert not fit.converged
    assert why in fit.why
    assert fit.parameters.size == 0
    assert np.isnan(fit.rss)


def test_a_curve_whose_best_fit_lies_at_infinity_does_not_converge():
    """Points that fall without end: a hyperbola's half-point runs away."""
    y = 1.0 + 0.5 * X + 0.01 * X**2
    fit = fit_curve(lambda x, b: b[0] * x / (b[1] + x) + 1, X, y, [[10.0, 10.0], [5.0, 2.0]])
    assert not fit.converged


def test_a_saddle_is_no_minimum():
    """cos(b) x has a maximum of the squares at b = 0 for data that fall: no step leaves it."""
    fit = fit_curve(lambda x, b: np.cos(b[0]) * x, X, -0.5 * X + 0.01 * np.sin(X), [[0.0], [0.0]])
    assert not fit.converged or abs(np.cos(fit.parameters[0]) + 0.5) < 0.01


def test_of_two_minima_the_lower_is_taken():
    y = np.sin(1.3 * X)
    fit = fit_curve(lambda x, b: b[0] * np.sin(b[1] * x), X, y, [[1.0, 0.4], [1.0, 1.1]])
    assert fit.converged
    assert fit.parameters == pytest.approx([1.0, 1.3])


def test_what_cannot_be_data_is_refused():
    with pytest.raises(DataError, match="y must be finite"):
        fit_curve(decay, X, np.where(X > 5, np.nan, 1.0), [1.0, 1.0])
    with pytest.raises(DataError, match="weights: are negative"):
        fit_curve(decay, X, X, [1.0, 1.0], -X)
    with pytest.raises(DataError, match="2 points cannot fix 3 parameters"):
        fit_curve(decay, X[:2], X[:2], [1.0, 1.0, 1.0])
    with pytest.raises(SpecError, match="a start is missing"):
        fit_curve(decay, X, X, [np.nan, 1.0])


def test_the_distributions_are_those_of_scipy():
    for freedom in (1, 2.5, 12, 300):
        for level in (0.5, 0.9, 0.95, 0.999):
            exact = stats.t.ppf(0.5 + level / 2, freedom)
            assert t_quantile(level, freedom) == pytest.approx(exact, rel=1e-10)
        assert t_two_sided(2.2, freedom) == pytest.approx(2 * stats.t.sf(2.2, freedom), rel=1e-10)
        for f in (0.01, 1.0, 7.0, 90.0):
            assert f_above(f, 3, freedom) == pytest.approx(stats.f.sf(f, 3, freedom), rel=1e-10)
