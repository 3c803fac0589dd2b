"""The antibody arm: antibody on the target, CD16 left on the effector, serum IgG in the way."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def antibody_on_cell(antigen: Any, dose_nm: Any, kd_nm: float) -> Array:
    """Antibody molecules on a target cell at a dose (nM) that the cells do not deplete."""
    dose = np.asarray(dose_nm, float)
    return np.asarray(antigen * dose / (dose + kd_nm))


def cd16_left(copies: float, after_thaw: float, after_activation: float, cleavable: bool) -> float:
    """CD16 molecules left on a cell: what thaw and shedding spare; the non-cleavable form stays."""
    return copies * after_thaw * after_activation if cleavable else copies


def cd16_kd(kd_nm: float, serum_igg_nm: float) -> float:
    """Apparent KD (nM) of CD16 for antibody on a cell while serum IgG competes for it."""
    return kd_nm * (1 + serum_igg_nm / kd_nm)
