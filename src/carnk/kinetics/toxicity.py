"""CRS by an ordered logit on the peak of IL-6: always a probability, never a constant zero."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def grade_probabilities(signal: Array, slope: Array, thresholds: Array) -> Array:
    """P(grade >= k) for k = 1, 2, 3, shape (patients, 3).

    signal: log10 of peak IL-6 over baseline, (patients,); slope: log-odds per tenfold rise;
    thresholds: (patients, 3), made to rise with the grade.
    """
    rising = np.maximum.accumulate(thresholds, axis=1)
    return np.asarray(1 / (1 + np.exp(np.minimum(rising - (slope * signal)[:, None], 700.0))))


def grade(probabilities: Array, luck: Array) -> NDArray[np.int64]:
    """The grade (0-3, 3 for 3 or higher) of every patient, given uniform numbers."""
    return np.asarray((luck[:, None] < probabilities).sum(axis=1), dtype=np.int64)
