"""One receptor meets one ligand in the contact of two cells."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def complexes(receptors: Any, ligands: Any, kd_molecules: Any) -> Array:
    """Complexes per contact at equilibrium, 1:1.

    receptors, ligands: molecules per cell; kd_molecules: the KD in molecules per contact (all
    broadcast). The smaller root of the quadratic, in the form that loses no digits when one partner
    is scarce: never more than the scarcer of the two.
    """
    total = np.asarray(receptors, float) + ligands + kd_molecules
    product = np.asarray(receptors, float) * ligands
    root = np.sqrt(np.maximum(total * total - 4 * product, 0.0))
    return np.asarray(2 * product / np.maximum(total + root, 1e-300))


def bond_survival(off_per_second: Any, seconds: Any) -> Array:
    """Share of bonds that last long enough to signal: one proofreading step in koff.

    In the 1:1 law alone affinity is inert: a KD of 0.1 or 300 nM makes the same complexes. No data
    here identify this step, so it is an assumption.
    """
    return np.asarray(np.exp(-np.asarray(off_per_second, float) * seconds))
