"""A standard curve and what it says of a signal: concentration, two intervals, limits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..base import DataError, Problem, SolveError
from .distributions import t_quantile
from .logistic import NONE, Array, gradient, inverse, log_of, signal, starts
from .noise import Noise
from .regression import Fit, fit_curve, refit

MODELS = ("auto", "4pl", "5pl")
PASSES = 3  # fits, each with weights at the signals of the last
GAUSS_NEWTON, HALVINGS, STRIDES, HALVES = 12, 10, 14, 12  # steps of a search, at most
RIDGE = 1e-10  # of scaled normal equations: directions that the data leave open stay put
BEYOND = 12.0  # ln units outside the standards at which an end of an interval is open
INSIDE, AT_END = (
    0.20,
    0.25,
)  # limits of recovery and CV: within the range, and at its ends


@dataclass(frozen=True)
class Estimate:
    """ln concentration of a mean signal; -inf or inf beyond the asymptotes.

    se: standard error of the ln concentration (delta method); delta and profile: 95 % intervals of
    the ln concentration, infinite where the data set no end.
    """

    log: float
    se: float
    delta: tuple[float, float]
    profile: tuple[float, float]


@dataclass(frozen=True)
class StandardCurve:
    """A fitted curve. x: ln concentrations, y: signals of the standard wells; blank: subtracted.

    noise is of raw signals. scale: variance of one well at the noise's top, from the residuals of
    the standards and of all replicates together, with `freedom` degrees of freedom. aicc: of both
    models where both were fitted.
    """

    model: str
    x: Array
    y: Array
    blank: float
    noise: Noise
    fit: Fit
    scale: float
    freedom: int
    aicc: dict[str, float]

    @property
    def b(self) -> Array:
        """The parameters, as in `logistic`."""
        return self.fit.parameters

    def at(self, x: Array) -> Array:
        """Blank-subtracted signals at ln concentrations."""
        return np.asarray(signal(x, self.b))

    def band(self, x: Array, level: float = 0.95) -> Array:
        """Half the width of the curve's own interval at ln concentrations."""
        by_b = gradient(x, self.b)[0]
        covariance = self.fit.covariance * (self.scale / self.fit.sd**2)
        variance = np.einsum("ij,jk,ik->i", by_b, covariance, by_b)
        return np.asarray(t_quantile(level, self.freedom) * np.sqrt(variance))

    def variance(self, y: Array, wells: Array) -> Array:
        """Variance of the mean of some wells with this blank-subtracted signal."""
        return np.asarray(self.scale * self.noise.variance(y + self.blank) / wells)

    def estimates(self, y: Array, wells: Array, level: float = 0.95) -> list[Estimate]:
        """The concentrations at mean signals of some wells each, with their intervals."""
        x = inverse(y, self.b)
        t = t_quantile(level, self.freedom)
        known = np.isfinite(x)
        se = np.full(y.shape, math.inf)
        se[known] = self.errors(x[known], y[known], wells[known])
        low, high = np.full(y.shape, -math.inf), np.full(y.shape, math.inf)
        low[known], high[known] = x[known] - t * se[known], x[known] + t * se[known]
        with np.errstate(over="ignore", invalid="ignore"):
            ends = self._profile(y, wells, x, t, se)
        rows = zip(x, se, zip(low, high), zip(*ends))
        return [Estimate(float(u), float(e), d, p) for u, e, d, p in rows]

    def errors(self, x: Array, y: Array, wells: Array) -> Array:
        """Standard errors of ln concentrations x, read from mean signals y, by the delta method."""
        by_b, by_x = gradient(x, self.b)
        covariance = self.fit.covariance * (self.scale / self.fit.sd**2)
        variance = self.variance(y, wells) + np.einsum("ij,jk,ik->i", by_b, covariance, by_b)
        with np.errstate(divide="ignore"):
            return np.asarray(np.sqrt(variance) / np.abs(by_x))

    def _profile(
        self, y: Array, wells: Array, x: Array, t: float, se: Array
    ) -> tuple[Array, Array]:
        """Ends at which the best curve through standards and signal fits worse by t²."""
        known = self.x[self.x > NONE / 2]
        least, most = float(known.min()) - BEYOND, float(known.max()) + BEYOND
        middle = np.clip(x, least, most)
        refit = _Refit(self, y, self.scale / self.variance(y, wells))
        allowed = refit.at(middle) + t * t * self.scale
        width = np.where(np.isfinite(se), np.clip(t * se, 1e-3, 3.0), 1.0)
        return (
            _ends(refit, allowed, middle, least, width),
            _ends(refit, allowed, middle, most, width),
        )


class _Refit:
    """Least sums of squares of the standards and one more signal, held at a concentration.

    One lane for each signal; all lanes are refitted together.
    """

    def __init__(self, curve: StandardCurve, y: Array, weight: Array) -> None:
        lanes = y.size
        fitted = signal(curve.x, curve.b)
        root = curve.noise.variance(fitted + curve.blank) ** -0.5
        self.root = np.column_stack([np.tile(root, (lanes, 1)), np.sqrt(weight)])
        self.x = np.column_stack([np.tile(curve.x, (lanes, 1)), np.zeros(lanes)])
        self.y = np.column_stack([np.tile(curve.y, (lanes, 1)), y])
        self.first = np.tile(curve.b, (lanes, 1))

    def _cost(self, b: Array) -> tuple[Array, Array]:
        r = self.root * (self.y - signal(self.x, b.T[:, :, None]))
        return r, np.einsum("ij,ij->i", r, r)

    def at(self, x: Array) -> Array:
        """The least sums of squares at these ln concentrations, by Gauss-Newton."""
        self.x[:, -1] = x
        b = self.first
        r, cost = self._cost(b)
        for _ in range(GAUSS_NEWTON):
            jacobian = self.root[:, :, None] * gradient(self.x, b.T[:, :, None])[0]
            unit = np.abs(jacobian).max(axis=1)
            unit = np.where(unit > 0, unit, 1.0)
            jacobian = jacobian / unit[:, None, :]
            normal = np.einsum("ijk,ijl->ikl", jacobian, jacobian) + RIDGE * np.eye(b.shape[1])
            slope = np.einsum("ijk,ij->ik", jacobian, r)
            lost = ~(np.isfinite(normal).all(axis=(1, 2)) & np.isfinite(slope).all(axis=1))
            normal[lost], slope[lost] = np.eye(b.shape[1]), 0.0
            step = np.linalg.solve(normal, slope[:, :, None])[:, :, 0] / unit
            before = cost
            b, r, cost = self._shortened(b, step, r, cost)
            if (before - cost <= 1e-6 * cost).all():
                break
        return cost

    def _shortened(
        self, b: Array, step: Array, r: Array, cost: Array
    ) -> tuple[Array, Array, Array]:
        """The steps, halved in the lanes where they do not help."""
        share = np.ones(cost.size)
        for _ in range(HALVINGS):
            moved = b + share[:, None] * step
            there, new = self._cost(moved)
            worse = ~(new <= cost)
            if not worse.any():
                break
            share[worse] /= 2
        better = new <= cost
        return (
            np.where(better[:, None], moved, b),
            np.where(better[:, None], there, r),
            np.where(better, new, cost),
        )


def _ends(refit: _Refit, allowed: Array, middle: Array, last: float, width: Array) -> Array:
    """Where sums of squares pass what is allowed on the way to the last; infinite if nowhere.

    The way is first gone in growing steps from the width on, then halved; every lane on its own.
    """
    sign = 1.0 if last >= middle.max() else -1.0
    inner, outer = middle.copy(), middle.copy()
    found = np.zeros(middle.shape, dtype=bool)
    for turn in range(STRIDES):
        at = sign * np.minimum(sign * (middle + sign * width * 1.6**turn), sign * last)
        beyond = refit.at(at) > allowed
        outer = np.where(found, outer, at)
        inner = np.where(found | beyond, inner, at)
        found |= beyond
        if (found | (at == last)).all():
            break
    for _ in range(HALVES):
        at = (inner + outer) / 2
        beyond = refit.at(at) > allowed
        outer, inner = np.where(beyond, at, outer), np.where(beyond, inner, at)
    return np.where(found, (inner + outer) / 2, math.copysign(math.inf, sign))


def calibrate(
    concentration: Array, y: Array, blank: float, noise: Noise, model: str = "auto"
) -> StandardCurve:
    """Fit a standard curve; `auto` takes four or five parameters by AICc.

    concentration: of every standard well, 0 allowed; y: blank-subtracted signals. SolveError where
    no fit converges, DataError for fewer than five concentrations.
    """
    x = log_of(concentration)
    levels = set(concentration.tolist())
    if len(levels) < 5:
        what = f"{len(levels)} concentrations of the standard cannot fix a curve"
        raise DataError(Problem("standards", what, "Give five or more."))
    means = np.array([y[concentration == c].mean() for c in concentration])
    first = 1 / noise.variance(means + blank)
    wanted = {"4pl": (4,), "5pl": (5,)}.get(model, (4, 5))
    fits = {p: fit_curve(signal, x, y, starts(x, y, p), first, 0) for p in wanted if y.size > p + 1}
    good = {p: fit for p, fit in fits.items() if fit.converged and fit.parameters[3] > 0}
    if not good:
        why = next((fit.why for fit in fits.values() if fit.why), "its slope is not above 0")
        do = "Look at the standards: their order, their range, wells out of range."
        raise SolveError(Problem("standard curve", f"the fit did not converge: {why}", do))
    aicc = {f"{p}pl": _aicc(fit.rss, y.size, p) for p, fit in good.items()}
    chosen = min(good, key=lambda p: (aicc[f"{p}pl"], p))
    fit = good[chosen]
    for _ in range(PASSES):
        weights = 1 / noise.variance(signal(x, fit.parameters) + blank)
        again = refit(signal, x, y, fit, weights)
        if not again.converged:
            break
        fit = again
    return StandardCurve(
        f"{chosen}pl", x, y, blank, noise, fit, fit.sd**2, fit.freedom, aicc,
    )  # fmt: skip


def _aicc(rss: float, points: int, parameters: int) -> float:
    k = parameters + 1
    spare = points - k - 1
    return points * math.log(rss / points) + 2 * k + (2 * k * (k + 1) / spare if spare > 0 else 1e9)
