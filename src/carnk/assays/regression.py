"""Nonlinear least squares that either is right or says that it did not converge.

A result is given only where the gradient vanishes, the sum of squares curves upwards in every
direction, and a second start came to the same place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..base import DataError, Problem, SpecError
from .descent import ROUNDING, Array, Curve, Model, Rest, descend, doubt_of

LEAST_STARTS, MOST_STARTS = 4, 20
WIDTHS = (0.1, 0.5, 1.0, 2.0)  # of the log of the factors by which further starts differ
NOWHERE = "the curve is not finite at any start"


@dataclass(frozen=True)
class Fit:
    """A least-squares fit, or the reason why there is none.

    parameters and covariance are empty and rss is nan unless `converged`. rss: weighted sum of
    squares; freedom: points less parameters; sd: residual standard deviation, sqrt(rss / freedom);
    agreeing: starts that came to this minimum, of `starts` tried. digits: to which rounding leaves
    rss and the errors sure, fewer than six where the curve all but meets the points. Residuals and
    jacobian are weighted, (points,) and (points, parameters).
    """

    converged: bool
    why: str = ""
    parameters: Array = field(default_factory=lambda: np.empty(0))
    covariance: Array = field(default_factory=lambda: np.empty((0, 0)))
    rss: float = math.nan
    freedom: int = 0
    residuals: Array = field(default_factory=lambda: np.empty(0))
    jacobian: Array = field(default_factory=lambda: np.empty((0, 0)))
    agreeing: int = 0
    starts: int = 0
    digits: float = 0.0

    @property
    def sd(self) -> float:
        """Residual standard deviation; nan without points to spare."""
        return math.sqrt(self.rss / self.freedom) if self.freedom > 0 else math.nan

    @property
    def standard_errors(self) -> Array:
        """Of the parameters."""
        return np.sqrt(np.diag(self.covariance))


def fit_curve(
    f: Curve,
    x: ArrayLike,
    y: ArrayLike,
    starts: Sequence[Any] | ArrayLike,
    weights: ArrayLike | None = None,
    more: int = MOST_STARTS,
) -> Fit:
    """Fit y = f(x, b) by weighted least squares from one or several starts.

    f: takes x as given and a vector b of parameters, returns as many values as y; any Python
    function of numpy operations. x: passed on to f, so that it may have several columns. starts:
    one vector b or several. weights: of the squares, 1 unless given. more: further starts around
    them, tried as long as no two agree; a single start is never taken alone.

    A fit that does not converge is returned as such, without numbers. DataError for y or weights
    that cannot be, SpecError for a start that cannot.
    """
    model = Model(f, x, y, weights)
    given = np.atleast_2d(np.asarray(starts, dtype=float))
    if given.size == 0 or not np.isfinite(given).all():
        raise SpecError(Problem("starts", "a start is missing or not finite", "Give numbers."))
    if model.y.size < given.shape[1]:
        what = f"{model.y.size} points cannot fix {given.shape[1]} parameters"
        raise DataError(Problem("", what, "Give more points."))
    sound: list[Rest] = []
    doubted: list[tuple[Rest, str]] = []
    tried = 0
    least = len(given) if len(given) > 1 else min(1 + more, LEAST_STARTS)
    for start in _more(given, more):
        if tried >= least and _agreeing(model, sound) >= 2:
            break
        tried += 1
        with np.errstate(all="ignore"), suppress(np.linalg.LinAlgError):
            _try(model, start, sound, doubted)
    return _judged(model, given, sound, doubted, tried)


def _try(model: Model, start: Array, sound: list[Rest], doubted: list[tuple[Rest, str]]) -> None:
    """Descend from a start; with the linear parameters solved for, if it does not end well else."""
    for project in (False, True):
        rest = descend(model, start, project)
        why = doubt_of(model, rest) if rest is not None else ""
        if rest is not None and not why:
            sound.append(rest)
            return
        if rest is not None:
            doubted.append((rest, why))


def _more(given: Array, more: int) -> Iterator[Array]:
    """The given starts, and further ones around them: every parameter times its own factor."""
    yield from given
    if not more:
        return
    rng = np.random.default_rng(1)
    for i in range(more):
        width = WIDTHS[i % len(WIDTHS)]
        factor = np.exp(width * rng.standard_normal(given.shape[1]))
        yield given[i % len(given)] * factor


def _agreeing(model: Model, found: list[Rest]) -> int:
    """How many came to the lowest sum of squares."""
    least = min((rest.rss for rest in found), default=0.0)
    return sum(model.are_alike(rest.rss, least) for rest in found)


def _judged(
    model: Model,
    given: Array,
    sound: list[Rest],
    doubted: list[tuple[Rest, str]],
    tried: int,
) -> Fit:
    """The lowest, if two starts came to it and none of the doubted lies lower.

    Of mirror images the one with the signs of a given start is taken.
    """
    if not sound:
        why = min(doubted, key=lambda each: each[0].rss)[1] if doubted else NOWHERE
        return Fit(False, why, starts=tried)
    least = min(rest.rss for rest in sound)
    count = _agreeing(model, sound)
    if count < 2:
        return Fit(False, "no two starts came to one minimum", starts=tried)
    if any(not model.are_alike(least, rest.rss) for rest, _ in doubted if rest.rss < least):
        return Fit(False, "the sum of squares is lower where no minimum was found", starts=tried)
    lowest = [rest for rest in sound if model.are_alike(rest.rss, least)]
    best = min(lowest, key=lambda rest: (np.sign(rest.b) != np.sign(given)).sum(axis=1).min())
    return _fit_of(model, best, count, tried)


def refit(f: Curve, x: ArrayLike, y: ArrayLike, fit: Fit, weights: ArrayLike) -> Fit:
    """Follow a fit to other weights, or say that there is no minimum near by."""
    model = Model(f, x, y, weights)
    with np.errstate(all="ignore"):
        rest = descend(model, fit.parameters, False)
        why = doubt_of(model, rest) if rest is not None else NOWHERE
    if rest is None or why:
        return Fit(False, why, starts=1)
    return _fit_of(model, rest, fit.agreeing, fit.starts)


def _fit_of(model: Model, best: Rest, count: int, tried: int) -> Fit:
    n, p = best.jacobian.shape
    freedom = n - p
    inverse = np.linalg.inv(np.linalg.qr(best.jacobian)[1])
    variance = best.rss / freedom if freedom else math.nan
    unsure = min(max(2 * model.rounding / math.sqrt(best.rss or 1e-300), ROUNDING), 1.0)
    return Fit(
        True, "", best.b, variance * inverse @ inverse.T, best.rss, freedom, best.residuals,
        best.jacobian, count, tried, -math.log10(unsure),
    )  # fmt: skip
