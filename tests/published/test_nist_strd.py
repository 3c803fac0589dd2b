"""NIST's statistical reference datasets for nonlinear regression, from both official starts.

NIST/ITL StRD, doi:10.18434/T43G6C; certified values of the National Institute of Standards and
Technology, in the public domain, in `nist_strd/`. Nelson's model is for the logarithm of y.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from carnk.assays import fit_curve

HERE = Path(__file__).parent / "nist_strd"
DIGITS = 6
exp = np.exp


def _ratio(x, b, top):
    above = sum(b[i] * x**i for i in range(top + 1))
    return above / (1 + sum(b[top + i] * x**i for i in range(1, len(b) - top)))


MODELS = {
    "Misra1a": lambda x, b: b[0] * (1 - exp(-b[1] * x)),
    "Misra1d": lambda x, b: b[0] * b[1] * x / (1 + b[1] * x),
    "Lanczos3": lambda x, b: sum(b[i] * exp(-b[i + 1] * x) for i in (0, 2, 4)),
    "Nelson": lambda x, b: b[0] - b[1] * x[0] * exp(-b[2] * x[1]),
    "MGH09": lambda x, b: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda x, b: b[0] * exp(b[1] / (x + b[2])),
    "MGH17": lambda x, b: b[0] + b[1] * exp(-x * b[3]) + b[2] * exp(-x * b[4]),
    "Thurber": lambda x, b: _ratio(x, b, 3),
    "Hahn1": lambda x, b: _ratio(x, b, 3),
    "Kirby2": lambda x, b: _ratio(x, b, 2),
    "BoxBOD": lambda x, b: b[0] * (1 - exp(-b[1] * x)),
    "Rat43": lambda x, b: b[0] / (1 + exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Eckerle4": lambda x, b: b[0] / b[1] * exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Bennett5": lambda x, b: b[0] * (b[1] + x) ** (-1 / b[2]),
    "Roszman1": lambda x, b: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
}


def _rows(file, problem):
    with (HERE / file).open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["problem"] == problem]


def _points(problem):
    rows = _rows("points.csv", problem)
    y = np.array([float(row["y"]) for row in rows])
    x = np.array([float(row["x"]) for row in rows])
    if problem != "Nelson":
        return x, y
    return np.array([x, [float(row["x2"]) for row in rows]]), np.log(y)


def _certified(problem, column):
    return np.array([float(row[column]) for row in _rows("certified.csv", problem)])


def _digits(found, certified):
    return -np.log10(np.max(np.abs(found / certified - 1)) + 1e-16)


@pytest.mark.parametrize("which", ["start_1", "start_2"])
@pytest.mark.parametrize("problem", list(MODELS))
def test_certified_values_from_each_official_start(problem, which):
    fit = fit_curve(MODELS[problem], *_points(problem), _certified(problem, which))
    assert fit.converged
    assert _digits(fit.parameters, _certified(problem, "certified")) > DIGITS
    assert _digits(fit.standard_errors, _certified(problem, "standard_deviation")) > DIGITS
    assert fit.rss == pytest.approx(_certified(problem, "residual_sum_of_squares")[0], rel=1e-6)


@pytest.mark.parametrize("problem", ["Misra1a", "MGH09", "Eckerle4", "BoxBOD", "Bennett5"])
def test_the_same_for_curves_that_take_real_numbers_only(problem):
    """A curve in which a complex step has no place: derivatives are differences then."""

    def real(x, b):
        if np.iscomplexobj(b):
            raise TypeError("real numbers only")
        return MODELS[problem](x, b)

    starts = [_certified(problem, "start_1"), _certified(problem, "start_2")]
    fit = fit_curve(real, *_points(problem), starts)
    assert fit.converged
    assert _digits(fit.parameters, _certified(problem, "certified")) > DIGITS
