"""How the scatter of a well grows with its signal, learned from replicate wells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
WEIGHTS = ("auto", "none", "1/y", "1/y2")
ENOUGH = 8  # degrees of freedom of replicates below which nothing is learned from them
SHARES = np.geomspace(1e-5, 1.0, 101)  # of the constant part of the variance, at the top signal


@dataclass(frozen=True)
class Noise:
    """Variance of one well relative to that at the signal `top`.

    The variance goes as constant + (1 - constant) (signal / top)^power; its scale comes with the
    fit. how: one sentence on where it is from.
    """

    top: float
    constant: float
    power: float
    how: str

    def variance(self, signal: ArrayLike) -> Array:
        """Relative variance at signals, never quite 0."""
        relative = np.maximum(np.asarray(signal, dtype=float), 0.0) / self.top
        grown = self.constant + (1 - self.constant) * relative**self.power
        return np.asarray(np.maximum(grown, 1e-6))


def noise_of(groups: Sequence[Array], weights: str = "auto") -> Noise:
    """Return the noise of wells from groups of replicates, or as `weights` says.

    groups: raw signals of wells that hold the same. 'auto' finds a constant and a proportional part
    of the variance: their mean over all shares of the constant part, each as likely as it makes the
    replicates (restricted likelihood, flat over the logarithm). With fewer than eight degrees of
    freedom it is '1/y2', a constant coefficient of variation.
    """
    several = [group for group in groups if group.size > 1]
    top = max((float(group.mean()) for group in groups), default=1.0)
    freedom = sum(group.size - 1 for group in several)
    if weights == "none":
        return Noise(top, 1.0, 2.0, "the same scatter at every signal, as asked")
    if weights == "1/y":
        return Noise(top, 0.0, 1.0, "variance in proportion to the signal, as asked")
    if weights == "1/y2" or freedom < ENOUGH:
        why = (
            "as asked" if weights == "1/y2" else f"only {freedom} degrees of freedom of replicates"
        )
        return Noise(top, 0.0, 2.0, f"a constant coefficient of variation: {why}")
    mean = np.array([group.mean() for group in several])
    squares = np.array([((group - group.mean()) ** 2).sum() for group in several])
    spare = np.array([group.size - 1.0 for group in several])
    variances = np.array([Noise(top, c, 2.0, "").variance(mean) for c in SHARES])
    scales = (squares / variances).sum(axis=1) / spare.sum()
    if not scales.all():
        return Noise(top, 0.0, 2.0, "a constant coefficient of variation: replicates do not differ")
    misfit = spare.sum() * np.log(scales) + (spare * np.log(variances)).sum(axis=1)
    likely = np.exp((misfit.min() - misfit) / 2) * scales
    best = float((likely * SHARES).sum() / likely.sum())
    how = f"from replicates with {freedom} degrees of freedom"
    return Noise(top, best, 2.0, how)
