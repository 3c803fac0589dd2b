"""Four- and five-parameter logistic curves over the logarithm of concentration.

Parameters: (signal at no concentration, signal at any, ln of the mid concentration, slope), and for
five parameters the ln of the asymmetry. Slope is above 0, so that the first is always the signal at
concentration 0; the second is lower in a competitive assay. With five parameters the third is the
inflection's concentration only where the asymmetry is 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NONE = -200.0  # ln of the concentration of a zero standard: nothing, but finite


def log_of(concentration: Array) -> Array:
    """Logarithms of concentrations; 0 becomes so little that it is nothing."""
    return np.log(np.where(concentration > 0, concentration, np.exp(NONE)))


def signal(x: Any, b: Any) -> Any:
    """Signal at ln concentrations x; b has four or five parameters, which may be complex."""
    share = 1 / (1 + np.exp(b[3] * (x - b[2])))
    if len(b) == 5:
        share = share ** np.exp(b[4])
    return b[1] + (b[0] - b[1]) * share


def gradient(x: Array, b: Any) -> tuple[Array, Array]:
    """(derivatives by the parameters on a new last axis; derivative by x) of the signal.

    x and every b[j] are arrays that go together.
    """
    z = np.clip(b[3] * (x - b[2]), -700, 700)
    base = 1 / (1 + np.exp(z))
    power = np.exp(b[4]) if len(b) == 5 else 1.0
    share = base**power
    height = b[0] - b[1]
    by_z = -height * power * share * (1 - base)
    parts = [share, 1 - share, -by_z * b[3], by_z * (x - b[2])]
    if len(b) == 5:
        parts.append(height * share * power * np.log(base))
    return np.stack(parts, axis=-1), by_z * b[3]


def inverse(y: Array, b: Array) -> Array:
    """ln concentrations of signals; -inf or inf where they lie beyond the asymptotes."""
    share = (y - b[1]) / (b[0] - b[1])
    inside = (share > 0) & (share < 1)
    root = np.where(inside, share, 0.5) ** (np.exp(-b[4]) if b.size == 5 else 1.0)
    with np.errstate(divide="ignore"):
        x = b[2] + np.log(1 / root - 1) / b[3]
    return np.where(inside, x, np.where(share >= 1, -np.inf, np.inf))


def starts(x: Array, y: Array, parameters: int) -> list[list[float]]:
    """Starts for a fit to points over ln concentration: ends from the data, slopes tried."""
    known = x > NONE / 2
    order = np.argsort(x, kind="stable")
    n = max(1, y.size // 8)
    low, high = float(y[order[:n]].mean()), float(y[order[-n:]].mean())
    reach = high - low or 1.0
    middle = float(np.interp(0.5, *_rising((y[order] - low) / reach, x[order])))
    middle = float(np.clip(middle, x[known].min(), x[known].max()))
    top = float(x[known].max())
    found = [
        [low - 0.02 * reach, high + 0.05 * reach, middle, 1.0],
        [low - 0.01 * reach, high + 1.50 * reach, top, 1.2],
    ]
    bent = (0.0, 0.5) if parameters == 5 else ()
    return [[*start, *bent[i : i + 1]] for i, start in enumerate(found)]


def _rising(shares: Array, x: Array) -> tuple[Array, Array]:
    """Shares that never fall, for interpolation."""
    return np.maximum.accumulate(shares), x
