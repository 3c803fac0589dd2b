"""CRS by an ordered logit on the peak of IL-6, a probability and never a constant zero; and the
ASTCT grades of vital signs that a user supplies."""

from typing import Literal

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


def astct_crs(
    fever: bool,
    hypotension: bool,
    vasopressors: int,
    oxygen: Literal["none", "low_flow", "high_flow", "positive_pressure"],
) -> int:
    """CRS grade 0-4 of vital signs by ASTCT consensus [lee2019].

    fever: at least 38.0 C, not otherwise explained, or masked by antipyretic, tocilizumab or
    steroid. vasopressors: how many besides vasopressin. oxygen: what is needed; low flow is at most
    6 L/min. Without fever it is no CRS.
    """
    if not fever:
        return 0
    pressure = 4 if vasopressors > 1 else 3 if vasopressors == 1 else 2 if hypotension else 1
    return max(pressure, {"none": 1, "low_flow": 2, "high_flow": 3, "positive_pressure": 4}[oxygen])


def astct_icans(
    ice: int,
    wakes: Literal["by_itself", "to_voice", "to_touch", "not"],
    seizure: Literal["none", "resolves", "prolonged"] = "none",
    motor_weakness: bool = False,
    edema: Literal["none", "focal", "diffuse"] = "none",
) -> int:
    """ICANS grade 0-4 of an adult by ASTCT consensus [lee2019]: the worst of all findings.

    ice: 0-10 points. seizure: one that resolves rapidly, or one over 5 min or repetitive.
    motor_weakness: deep and focal. edema: on imaging, local or diffuse (or signs of pressure).
    """
    score = 0 if ice >= 10 else 1 if ice >= 7 else 2 if ice >= 3 else 3
    awake = {"by_itself": 0, "to_voice": 2, "to_touch": 3, "not": 4}[wakes]
    fit = {"none": 0, "resolves": 3, "prolonged": 4}[seizure]
    brain = {"none": 0, "focal": 3, "diffuse": 4}[edema]
    return max(score, awake, fit, brain, 4 if motor_weakness else 0)
