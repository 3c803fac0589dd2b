"""Descents to the bottom of a sum of squares, and whether the place of rest is a minimum.

Levenberg-Marquardt with geodesic acceleration (Transtrum and Sethna 2012, arXiv:1201.5885), on
columns scaled to one length and with derivatives by a complex step (Squire and Trapp 1998,
doi:10.1137/S003614459631241X) where the curve can be evaluated at complex parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base import DataError, Problem

Array = NDArray[np.float64]
Curve = Callable[[Any, Any], Any]  # y = f(x, parameters)

MOST_STEPS = 600
TINY_STEP = 1e-13  # relative, at which a descent has come to rest
TINY_GAIN = 1e-20  # of the sum of squares, for which no further step is taken
STATIONARY = 1e-4  # largest relative offset: length of the next step over its standard error
SINGULAR = 1e-13  # of a scaled Jacobian: smallest over largest singular value
REACH = 0.1  # of a step, over which its curvature is taken
ALIKE = 1e-7  # relative: two sums of squares that are one minimum
BENT = 0.75**2  # squared length of twice the second-order step over the first, at most
AGREEING = 1e-3  # of derivatives by two methods, relative to the largest of a column
ROUNDING = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Rest:
    """Where a descent came to rest: parameters, weighted residuals, Jacobian, sum of squares."""

    b: Array
    residuals: Array
    jacobian: Array
    rss: float


class Model:
    """The curve with its data and weights, and its derivatives."""

    def __init__(self, f: Curve, x: ArrayLike, y: ArrayLike, weights: ArrayLike | None) -> None:
        self.f, self.x = f, np.asarray(x, dtype=float)
        self.y = np.asarray(y, dtype=float)
        given = np.ones_like(self.y) if weights is None else np.asarray(weights, dtype=float)
        for name, values in (("y", self.y), ("weights", given)):
            if values.shape != self.y.shape or values.ndim != 1 or not np.isfinite(values).all():
                what = f"{name} must be finite numbers, one to a point"
                raise DataError(Problem(name, what, "Leave out what is missing."))
        if (given < 0).any() or not given.any():
            raise DataError(Problem("weights", "are negative or all 0", "Give weights above 0."))
        self.root = np.sqrt(given)
        self.smooth: bool | None = None  # whether complex parameters give exact derivatives

    def residuals(self, b: Array) -> Array:
        """Weighted residuals y - f."""
        return np.asarray(self.root * (self.y - np.asarray(self.f(self.x, b), dtype=float)))

    def jacobian(self, b: Array) -> Array:
        """Weighted derivatives of f, (points, parameters)."""
        smooth = self._is_smooth(b) if self.smooth is None else self.smooth
        each = self._by_complex if smooth else self._by_differences
        return np.asarray(self.root[:, None] * each(b))

    @property
    def rounding(self) -> float:
        """Length of what rounding alone leaves of the residuals."""
        return 4 * ROUNDING * float(np.linalg.norm(self.root * self.y))

    def are_alike(self, rss: float, least: float) -> bool:
        """Whether a sum of squares is the least one, but for rounding."""
        noise = self.rounding
        return rss <= least * (1 + ALIKE) + 2 * math.sqrt(least) * noise + noise**2

    def affine(self, b: Array) -> NDArray[np.intp]:
        """Indices of parameters, at most all of them, in which f is jointly linear at b."""
        here = self.residuals(b)
        found: list[int] = []
        for j in range(b.size):
            trial = [*found, j]
            step = np.zeros_like(b)
            step[trial] = np.where(b[trial] == 0, 1.0, b[trial]) * np.linspace(0.5, 1.5, len(trial))
            once, twice = (self.residuals(b + k * step) for k in (1.0, 2.0))
            bend = np.abs(twice - 2 * once + here)
            size = np.abs(twice) + 2 * np.abs(once) + np.abs(here)
            if np.isfinite(bend).all() and (bend <= 64 * ROUNDING * size).all():
                found.append(j)
        return np.array(found, dtype=np.intp)

    def solved(self, b: Array, affine: NDArray[np.intp]) -> Array:
        """The same parameters with the linear ones at their best for the others."""
        if not affine.size:
            return b
        columns = self.jacobian(b)[:, affine]
        r = self.residuals(b)
        unit = _lengths(columns)
        if not (np.isfinite(unit).all() and np.isfinite(r).all() and (unit > 0).all()):
            return b
        moved = b.copy()
        moved[affine] += np.linalg.lstsq(columns / unit, r, rcond=None)[0] / unit
        return moved

    def curvature(self, b: Array, r: Array, slope: Array, direction: Array) -> Array:
        """Second derivative of the weighted residuals r at b along a direction, by differences.

        slope: their first derivative along it.
        """
        there = self.residuals(b + REACH * direction)
        return np.asarray(2 / REACH * ((there - r) / REACH - slope))

    def _by_complex(self, b: Array) -> Array:
        columns = []
        for j, value in enumerate(b):
            h = 1e-30 * abs(value) or 1e-30
            moved = b.astype(complex)
            moved[j] += 1j * h
            columns.append(np.imag(np.asarray(self.f(self.x, moved), dtype=complex)) / h)
        return np.column_stack(columns)

    def _by_differences(self, b: Array) -> Array:
        """Central differences, extrapolated once."""
        columns = []
        for j, value in enumerate(b):
            h = ROUNDING ** (1 / 5) * (abs(value) or 1.0)
            step = np.zeros_like(b)
            slopes = []
            for each in (h, h / 2):
                step[j] = each
                ends = (np.asarray(self.f(self.x, b + sign * step), float) for sign in (1, -1))
                slopes.append(np.subtract(*ends) / (2 * each))
            columns.append((4 * slopes[1] - slopes[0]) / 3)
        return np.column_stack(columns)

    def _is_smooth(self, b: Array) -> bool:
        """Whether the complex step agrees with differences; settled where both are finite."""
        try:
            exact = self._by_complex(b)
        except (TypeError, ValueError, AttributeError):
            self.smooth = False
            return False
        rough = self._by_differences(b)
        if not np.isfinite(rough).all():
            return False
        scale = np.abs(rough).max(axis=0) + np.finfo(float).tiny
        self.smooth = bool((np.abs(exact - rough) <= AGREEING * scale).all())
        return self.smooth


def descend(model: Model, start: Array, project: bool) -> Rest | None:
    """Go down from a start until steps are tiny; None where the curve is not finite there.

    project: solve for the parameters in which f is linear after every step. That crosses flat
    valleys, but may leave the side of the start for a mirror image of the minimum.
    """
    b = np.array(start, dtype=float)
    affine = model.affine(b) if project else np.empty(0, dtype=np.intp)
    b = model.solved(b, affine)
    r = model.residuals(b)
    cost = _squares(r)
    if not math.isfinite(cost):
        return None
    jacobian = model.jacobian(b)
    scale = np.zeros_like(b)
    damping, grow = 1e-2, 2.0
    for _ in range(MOST_STEPS):
        if not np.isfinite(jacobian).all():
            return None
        lengths = _lengths(jacobian)
        scale = lengths if project else np.maximum(scale, lengths)
        unit = np.where(scale > 0, scale, 1.0)
        scaled = jacobian / unit
        step = _damped(scaled, r, damping) / unit
        slope = -jacobian @ step
        if _squares(slope) <= TINY_GAIN * cost:
            break
        bend = model.curvature(b, r, slope, step)
        if np.isfinite(bend).all():
            second = 0.5 * _damped(scaled, bend, damping) / unit
            if 4 * _squares(second * unit) <= BENT * _squares(step * unit):
                step = step + second
        moved = model.solved(b + step, affine)
        there = model.residuals(moved)
        new = _squares(there)
        small = bool((np.abs(step) <= TINY_STEP * (np.abs(b) + TINY_STEP)).all())
        if math.isfinite(new) and new < cost:
            b, r, cost = moved, there, new
            jacobian = model.jacobian(b)
            damping, grow = max(damping / 3, 1e-16), 2.0
        else:
            damping, grow = damping * grow, 2 * grow
        if small or damping > 1e16:
            break
    return _polished(model, b)


def _lengths(columns: Array) -> Array:
    return np.asarray(np.sqrt((columns**2).sum(axis=0)))


def _squares(r: Array) -> float:
    return float(r @ r)


def _damped(scaled: Array, r: Array, damping: float) -> Array:
    """Minimize |scaled s - r|² + damping |s|²."""
    p = scaled.shape[1]
    above = np.vstack([scaled, math.sqrt(damping) * np.eye(p)])
    return np.asarray(np.linalg.lstsq(above, np.concatenate([r, np.zeros(p)]), rcond=None)[0])


def _polished(model: Model, b: Array) -> Rest | None:
    """Full Gauss-Newton steps as long as they shorten the next one; the last digits."""
    best = _at(model, b)
    if best is None:
        return None
    last = math.inf
    for _ in range(20):
        step, size = _newton(best)
        if step is None or not size < 0.9 * last:
            break
        there = _at(model, best.b + step)
        if there is None or there.rss > best.rss * (1 + 1e-9):
            break
        best, last = there, size
    return best


def _newton(rest: Rest) -> tuple[Array | None, float]:
    """A Gauss-Newton step and its length in scaled parameters."""
    unit = _lengths(rest.jacobian)
    if not (unit > 0).all():
        return None, math.inf
    step = np.linalg.lstsq(rest.jacobian / unit, rest.residuals, rcond=None)[0]
    return step / unit, float(np.linalg.norm(step))


def _at(model: Model, b: Array) -> Rest | None:
    r, jacobian = model.residuals(b), model.jacobian(b)
    if not (np.isfinite(r).all() and np.isfinite(jacobian).all()):
        return None
    return Rest(b, r, jacobian, _squares(r))


def doubt_of(model: Model, rest: Rest) -> str:
    """Why a resting place may be no minimum; '' if it is one."""
    unit = _lengths(rest.jacobian)
    if not (unit > 0).all():
        return "a parameter changes nothing there"
    scaled = rest.jacobian / unit
    sizes = np.linalg.svd(scaled, compute_uv=False)
    if sizes[-1] < SINGULAR * sizes[0]:
        return "the data do not tell the parameters apart"
    q, upper = np.linalg.qr(rest.jacobian)
    inside = q.T @ rest.residuals
    outside = math.sqrt(max(rest.rss - float(inside @ inside), 0.0))
    if np.linalg.norm(inside) > STATIONARY * outside + 10 * model.rounding:
        return "the steps ended before the bottom was reached"
    return _saddle(model, rest, upper)


def _saddle(model: Model, rest: Rest, upper: Array) -> str:
    """Whether residuals times the curve's own bending outweigh the squared slopes anywhere."""
    p = rest.b.size
    bending = np.empty((p, p))
    for j in range(p):
        h = 1e-5 * (abs(rest.b[j]) or 1.0)
        step = np.zeros(p)
        step[j] = h
        change = model.jacobian(rest.b + step) - model.jacobian(rest.b - step)
        bending[j] = rest.residuals @ change / (2 * h)
    if not np.isfinite(bending).all():
        return "the curve is not smooth there"
    inverse = np.linalg.inv(upper)
    relative = inverse.T @ ((bending + bending.T) / 2) @ inverse
    if np.linalg.eigvalsh(relative)[-1] >= 1:
        return "this is no minimum: the sum of squares falls in some direction"
    return ""
