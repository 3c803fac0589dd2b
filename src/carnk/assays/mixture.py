"""Stained cells as negative and positive ones: two bell curves on an arcsinh scale.

Far above the cofactor the scale is logarithmic, so that positive cells are log-normal.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import erfc

from .density import Array, kernel_bins, scale_of, smooth

BINS = 400
DRAWS = 60
ROUNDS = 400
APART = 2.0  # Ashman's D, below which two bell curves do not make two peaks


@dataclass(frozen=True)
class Mixture:
    """Share of positive cells with its 95 % interval, and the two curves on the arcsinh scale.

    The interval holds a bootstrap of the events and, at half and double the cofactor, what hangs on
    the scale. separation: Ashman's D. threshold: linear value at which a cell is as likely either.
    """

    share: float
    low: float
    high: float
    means: tuple[float, float]
    sds: tuple[float, float]
    cofactor: float

    @property
    def separation(self) -> float:
        """Distance of the means in units of the quadratic mean of the spreads."""
        return (self.means[1] - self.means[0]) / float(np.sqrt(np.mean(np.square(self.sds))))

    @property
    def is_told_apart(self) -> bool:
        """Whether there are two populations to see."""
        return self.separation >= APART and 0.002 < self.share < 0.998

    @property
    def threshold(self) -> float:
        """Linear intensity between the means from which a cell is rather positive."""
        grid = np.linspace(*self.means, 500)
        odds = self.share * _bell(grid, self.means[1], self.sds[1])
        against = (1 - self.share) * _bell(grid, self.means[0], self.sds[0])
        likely = np.flatnonzero(odds >= against)
        cut = grid[likely[0]] if len(likely) else self.means[1]
        return float(np.sinh(cut) * self.cofactor)

    @property
    def overlap(self) -> float:
        """Share of all cells on the wrong side of the threshold."""
        cut = np.arcsinh(self.threshold / self.cofactor)
        z = [(cut - m) / s / np.sqrt(2) for m, s in zip(self.means, self.sds)]
        missed = self.share * erfc(-z[1]) / 2
        return float(missed + (1 - self.share) * erfc(z[0]) / 2)


def fit(values: Array, control: Array | None = None, seed: int = 1) -> Mixture:
    """Fit by expectation and maximization on 400 bins; values are linear intensities.

    control: cells without the marker, whose own histogram then is the negative curve.
    """
    cofactor = scale_of(values)
    rng = np.random.default_rng(seed)
    middle = _fit_at(values, control, cofactor, rng)
    others = [_fit_at(values, control, cofactor * factor, rng) for factor in (0.5, 2.0)]
    low, high = (f(x for each in (middle, *others) for x in (each.low, each.high))
                 for f in (min, max))  # fmt: skip
    return replace(middle, low=low, high=high)


def _fit_at(
    values: Array, control: Array | None, cofactor: float, rng: np.random.Generator
) -> Mixture:
    y = np.arcsinh(values / cofactor)
    low, high = (float(q) for q in np.quantile(y, (0.0005, 0.9995)))
    counts, edges = np.histogram(y, BINS, (low, high))
    x, weight = (edges[1:] + edges[:-1]) / 2, counts / counts.sum()
    begin, blank = _start(x, weight, len(values)), None
    if control is not None:
        scaled = np.arcsinh(control / cofactor)
        blank = np.histogram(scaled, edges)[0].astype(float)
        begin[1], begin[3] = scaled.mean(), scaled.std()
    found = _climb(x, weight, begin, ROUNDS, _curve(x, blank))
    shares = []
    for drawn in rng.multinomial(len(values), weight, DRAWS) / len(values):
        again = None if blank is None else rng.poisson(blank).astype(float)
        shares.append(_climb(x, drawn, found, 40, _curve(x, again))[0])
    ends = np.quantile(shares, (0.025, 0.975))
    share, m0, m1, s0, s1 = (float(each) for each in found)
    return Mixture(share, float(ends[0]), float(ends[1]), (m0, m1), (s0, s1), cofactor)


def _curve(x: Array, counts: Array | None) -> Array | None:
    """Counts of the control as a density, smoothed a little."""
    if counts is None:
        return None
    dense = smooth(counts, 2.0)
    return np.asarray(dense / (dense.sum() * (x[1] - x[0])))


def _start(x: Array, weight: Array, events: int) -> Array:
    """Share, means and spreads on both sides of the cut that parts the variance best (Otsu)."""
    w = smooth(weight, kernel_bins(events))
    w = w / w.sum()
    below = np.cumsum(w)
    mass = np.clip(below, 1e-9, 1 - 1e-9)
    total, mean = float(w @ x), np.cumsum(w * x)
    cut = int(np.argmax((total * mass - mean) ** 2 / (mass * (1 - mass))))
    parts = [(w[: cut + 1], x[: cut + 1]), (w[cut + 1 :], x[cut + 1 :])]
    means = [float(p @ v / max(p.sum(), 1e-9)) for p, v in parts]
    sds = [
        float(np.sqrt(max(p @ (v - m) ** 2 / max(p.sum(), 1e-9), 1e-6)))
        for (p, v), m in zip(parts, means)
    ]
    return np.array([1 - mass[cut], *means, *sds])


def _climb(x: Array, weight: Array, start: Array, rounds: int, blank: Array | None = None) -> Array:
    """Share, means and spreads after so many rounds; `blank` stands for the negative curve."""
    share, m0, m1, s0, s1 = start
    least = 2 * (x[1] - x[0])
    before = -np.inf
    for _ in range(rounds):
        negative = (1 - share) * (_bell(x, m0, s0) if blank is None else blank)
        positive = share * _bell(x, m1, s1)
        whole = negative + positive + 1e-300
        likely = float(weight @ np.log(whole))
        if likely - before < 1e-10:
            break
        before = likely
        plus = weight * positive / whole
        minus = weight - plus
        share = float(np.clip(plus.sum(), 1e-6, 1 - 1e-6))
        m1 = float(plus @ x) / share
        if blank is None:
            m0 = float(minus @ x) / (1 - share)
            s0 = max(float(np.sqrt(minus @ (x - m0) ** 2 / (1 - share))), least)
        s1 = max(float(np.sqrt(plus @ (x - m1) ** 2 / share)), least)
    if m0 > m1 and blank is None:
        share, m0, m1, s0, s1 = 1 - share, m1, m0, s1, s0
    return np.array([share, m0, m1, s0, s1])


def _bell(x: Array, mean: float, sd: float) -> Array:
    return np.asarray(np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * 2.5066282746310002))
