"""Lysis over E:T: the saturating hyperbola, the logistic curve, lytic units.

hyperbola: Emax E:T / (ET50 + E:T); logistic: Emax / (1 + (ET50 / E:T)^slope). Emax lies between 0
and 100 %. Given ET50 and slope, Emax follows in closed form, so a fit is a search over a grid of
ET50 (and slope), exact for all draws at once and without starting values.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from scipy.stats import chi2

from .wells import Array

HYPERBOLA, LOGISTIC = LAWS = ("hyperbola", "logistic")
FEWEST = {HYPERBOLA: 3, LOGISTIC: 4}  # different E:T
REACH = 3.0  # times outside the tested E:T that ET50 and its interval may lie
FARTHEST = 1000.0  # of the grid
POINTS = 241
SLOPES = np.exp(np.linspace(log(0.4), log(5.0), 21))
MISFIT = 0.001  # chance below which a curve is not of the law
LEVEL = 0.95
LYTIC_PERCENT = 30.0
LYTIC_REACH = 4.0  # E:T of 30 % lysis may lie this far outside the tested ones
Range = tuple[float, float]


@dataclass(frozen=True)
class Curves:
    """Fitted curves of one arm: the first is the fit, the others those of the draws.

    emax (percent), et50, slope, misfit (chi-square): (1 + draws,).
    """

    law: str
    et: Array
    emax: Array
    et50: Array
    slope: Array
    misfit: Array

    def at(self, et: Array) -> Array:
        """Percent at E:T, (1 + draws, E:T)."""
        ratio = (self.et50[:, None] / et) ** self.slope[:, None]
        return np.asarray(self.emax[:, None] / (1 + ratio))

    def needed(self, percent: Array | float) -> Array:
        """E:T that lyses so much, (1 + draws,); infinite where the curve does not get there."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.emax / percent - 1
            et = self.et50 * np.where(ratio > 0, ratio, np.nan) ** (-1 / self.slope)
        return np.where(ratio > 0, et, np.inf)

    @property
    def parameters(self) -> int:
        """How many numbers were fitted."""
        return 2 if self.law == HYPERBOLA else 3


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, or why there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Fitted:
    """What a curve says; numbers that it does not carry say why."""

    law: str
    emax: Estimate
    et50: Estimate
    slope: Estimate
    chance: float | None  # of a misfit as large, None without degrees of freedom
    curves: Curves | None


def fit(law: str, et: Array, lysis: Array, error: Array) -> Curves:
    """Fit a law to all draws at once. et, error: (E:T,); lysis: (1 + draws, E:T), percent."""
    weight = 1 / error**2
    grid = np.geomspace(et.min() / FARTHEST, et.max() * FARTHEST, POINTS)
    best = None
    for slope in np.ones(1) if law == HYPERBOLA else SLOPES:
        shape = 1 / (1 + (grid[:, None] / et) ** slope)
        emax, misfit = _emax(lysis, shape, weight)
        place = np.argmin(misfit, axis=1)
        rows = np.arange(place.size)
        found = np.array(
            [misfit[rows, place], _lowest(grid, misfit, place), np.full(rows.size, slope)]
        )
        best = found if best is None else np.where(found[0] < best[0], found, best)
    assert best is not None
    _, et50, slopes = best
    shape = 1 / (1 + (et50[:, None] / et) ** slopes[:, None])
    top = np.sum(weight * lysis * shape, axis=1)
    emax = np.clip(top / np.sum(weight * shape**2, axis=1), 0.0, 100.0)
    left = np.sum(weight * (lysis - emax[:, None] * shape) ** 2, axis=1)
    return Curves(law, et, emax, et50, slopes, left)


def _emax(lysis: Array, shape: Array, weight: Array) -> tuple[Array, Array]:
    """(Emax, misfit) for every draw and shape; both (draws, shapes)."""
    top = (lysis * weight) @ shape.T
    below = np.sum(weight * shape**2, axis=1)
    emax = np.clip(top / below, 0.0, 100.0)
    whole = np.sum(weight * lysis**2, axis=1)[:, None]
    return emax, whole - 2 * emax * top + emax**2 * below


def _lowest(grid: Array, misfit: Array, place: Array) -> Array:
    """ET50 of the lowest misfit, between grid points by a parabola."""
    rows, step = np.arange(place.size), log(grid[1] / grid[0])
    inner = np.clip(place, 1, grid.size - 2)
    left, middle, right = (misfit[rows, inner + k] for k in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.divide(left - right, 2 * bend, out=np.zeros_like(bend), where=bend > 0)
    at = np.log(grid[inner]) + step * np.clip(shift, -1, 1)
    return np.asarray(np.where(place == inner, np.exp(at), grid[place]))


def chosen(et: Array, lysis: Array, error: Array, wells: int) -> str:
    """The law with the smaller AICc of the points; the hyperbola where too few E:T were tested."""
    if np.unique(et).size <= FEWEST[LOGISTIC]:
        return HYPERBOLA
    scores = {}
    for law in LAWS:
        curves = fit(law, et, lysis[None], error)
        k = curves.parameters
        scores[law] = float(curves.misfit[0]) + 2 * k + 2 * k * (k + 1) / max(wells - k - 1, 1)
    return min(LAWS, key=scores.__getitem__)


def fitted(law: str, et: Array, lysis: Array, draws: Array, error: Array) -> Fitted:
    """Fit a law to one arm. lysis: (E:T,), draws: (draws, E:T), error: (E:T,), all percent.

    There is no number where too few E:T were tested, where nothing was lysed, where ET50 lies far
    outside the tested E:T, and where no interval of it has two ends.
    """
    tested = np.unique(et).size
    if tested < FEWEST[law]:
        return _none(law, f"{tested} E:T, {FEWEST[law]} are needed")
    if not (np.isfinite(error).all() and np.isfinite(lysis).all()):
        return _none(law, "no replicates, so no error")
    curves = fit(law, et, np.vstack([lysis, draws]), error)
    df = tested - curves.parameters
    chance = float(chi2.sf(curves.misfit[0], df)) if df > 0 else None
    edge = et.min() / REACH, et.max() * REACH
    et50 = estimate(curves.et50, edge)
    emax = estimate(curves.emax, (0.0, np.inf))
    if curves.emax[0] <= 0 or not emax.low:
        return Fitted(law, *(_why("nothing is lysed beyond noise"),) * 3, chance, None)
    if et50.value is None or et50.low is None or et50.high is None:
        why = f"did not converge: ET50 is not bound within E:T {edge[0]:.2g} to {edge[1]:.3g}"
        return Fitted(law, *(_why(why),) * 3, chance, curves)
    if emax.low == emax.value == 100.0:
        emax = Estimate(100.0, why="at its bound")  # all draws are: no interval to tell
    slope = estimate(curves.slope, (0.0, np.inf)) if law == LOGISTIC else Estimate(1.0)
    return Fitted(law, emax, et50, slope, chance, curves)


def estimate(values: Array, within: Range) -> Estimate:
    """The first value with the percentiles of the others; an end beyond `within` is left open."""
    low, high = np.quantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    value = float(values[0])
    if not (np.isfinite(value) and within[0] <= value <= within[1]):
        return Estimate(None)
    return Estimate(
        value, float(low) if low >= within[0] else None, float(high) if high <= within[1] else None
    )


def _why(text: str) -> Estimate:
    return Estimate(None, why=text)


def _none(law: str, why: str) -> Fitted:
    return Fitted(law, *(_why(why),) * 3, None, None)


def lytic_units(found: Fitted, targets_per_well: float, effectors: float = 1e7) -> Estimate:
    """Lytic units per so many effectors: one unit is the effectors that lyse 30 % of the targets.

    LU30 = effectors / (targets per well x E:T of 30 % lysis). No number where 30 % lies more than
    four-fold outside the tested E:T.
    """
    if found.curves is None:
        return _why(found.et50.why)
    et = found.curves.et
    needed = found.curves.needed(LYTIC_PERCENT)
    edge = et.min() / LYTIC_REACH, et.max() * LYTIC_REACH
    at = estimate(needed, edge)
    if at.value is None or at.low is None or at.high is None:
        return _why(f"30 % lysis is not shown to lie within E:T {edge[0]:.2g} to {edge[1]:.3g}")
    per_et = effectors / targets_per_well
    return Estimate(per_et / at.value, per_et / at.high, per_et / at.low)
