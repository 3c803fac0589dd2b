"""Where a cloud of events thins out: smoothed histograms, their peaks and the valleys between."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BINS = 256
LEAST_PEAK = 0.02  # of the highest, below which a peak is noise
DEPTH = 0.8  # of the lower of two peaks, below which the ground between is a valley


def histogram(values: Array) -> tuple[Array, Array]:
    """Middles and smoothed counts of 256 bins over all but the outermost 0.1 % on each side.

    The kernel is Gaussian, of Silverman's width for a cloud that fills the bins, at least 4 bins.
    """
    low, high = np.quantile(values, (0.001, 0.999))
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    width = edges[1] - edges[0]
    places = np.clip(((values - edges[0]) / width).astype(np.int64), -1, BINS)
    counts = np.bincount(places + 1, minlength=BINS + 2)[1:-1].astype(float)
    return edges[:-1] + width / 2, smooth(counts, kernel_bins(len(values)))


def kernel_bins(events: int) -> float:
    """Standard deviation of the kernel in bins."""
    return float(np.clip(BINS * 0.9 / 6 * events**-0.2, 4, 20))


def smooth(counts: Array, bins: float) -> Array:
    """Counts under a Gaussian kernel, mirrored at the ends."""
    reach = int(4 * bins)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / bins) ** 2)
    padded = np.pad(counts, reach, mode="symmetric")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def peaks(counts: Array) -> list[int]:
    """Places of peaks from left to right; two without a valley between them count as the higher."""
    inner = (counts[1:-1] >= counts[:-2]) & (counts[1:-1] > counts[2:])
    tops = [int(i) for i in np.flatnonzero(inner) + 1 if counts[i] >= LEAST_PEAK * counts.max()]
    kept: list[int] = []
    for top in tops or [int(np.argmax(counts))]:
        if kept:
            ground = counts[kept[-1] : top + 1].min()
            if ground > DEPTH * min(counts[kept[-1]], counts[top]):
                kept[-1] = max(kept[-1], top, key=lambda i: counts[i])
                continue
        kept.append(top)
    return kept


def valley(values: Array, apart: float = 0.0) -> float | None:
    """Where the ground is lowest between the first peak and the next.

    None if there is one peak, or the next is no more than `apart` from the first.
    """
    middles, counts = histogram(values)
    tops = peaks(counts)
    if len(tops) < 2 or middles[tops[1]] - middles[tops[0]] <= apart:
        return None
    first, second = tops[:2]
    return float(middles[first + int(np.argmin(counts[first : second + 1]))])


def mode_and_spread(values: Array) -> tuple[float, float]:
    """The highest peak, and the robust standard deviation of what lies left of it."""
    middles, counts = histogram(values)
    mode = float(middles[int(np.argmax(counts))])
    left = values[values < mode]
    return mode, float(np.median(mode - left)) / 0.6745 if len(left) else 0.0


def scale_of(values: Array) -> float:
    """Cofactor of the arcsinh scale on which negative cells are bell-shaped.

    A thousandth of the top (quantile 0.999), but three times the spread of values below 0, so that
    noise around 0 stays one peak.
    """
    top = float(np.quantile(values, 0.999)) / 1000
    below = values[values < 0]
    noise = 3 * float(np.sqrt(np.mean(below**2))) if len(below) > 0.01 * len(values) else 0.0
    return max(top, noise, 1e-9)
