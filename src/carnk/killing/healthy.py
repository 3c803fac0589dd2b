"""On-target killing off the tumor, the choices it leaves, and killing among the effectors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .cells import Amount, Effector, Target
from .lysis import lysis, mean_rate
from .signal import Law, pair_rates

Array = NDArray[np.float64]
SELF_ANTIGENS = ("CD38", "CD7", "NKG2DL")  # targets of CARs or antibodies that NK cells carry


@dataclass(frozen=True)
class Choice:
    """Lysis of tumor and of healthy cells at each CAR density, and which densities are efficient.

    name: of the healthy cells; density: CAR copies per positive cell; efficient: no other density
    kills more tumor and no more healthy cells. Arrays are (densities,), lysis as fractions.
    """

    name: str
    density: Array
    tumor: Array
    healthy: Array
    efficient: NDArray[np.bool_]


def choices(
    law: Law, nk: Effector, tumor: Target, healthy: Target, density: Sequence[float], et: float,
    hours: float,
) -> Choice:  # fmt: skip
    """Lysis of tumor beside healthy cells over CAR density.

    Affinity is no axis: no data identify the proofreading step through which alone it acts.
    """
    copies = np.asarray(density, float)
    both = np.empty((2, copies.size))
    for k, each in enumerate(copies):
        cell = replace(nk, car=Amount(float(each), nk.car.sd_log10, nk.car.negative))
        for row, other in zip(both, (tumor, healthy)):
            row[k] = lysis(law, pair_rates(law, cell, other), [et], [hours]).lysed[0, 0]
    return Choice(healthy.name, copies, both[0], both[1], pareto(both[0], both[1]))


def pareto(gain: Array, price: Array) -> NDArray[np.bool_]:
    """Which points no other point beats in gain without paying more."""
    better = (gain[None, :] >= gain[:, None]) & (price[None, :] <= price[:, None])
    strictly = (gain[None, :] > gain[:, None]) | (price[None, :] < price[:, None])
    return np.asarray(~np.any(better & strictly, axis=1))


def fratricide(law: Law, nk: Effector, neighbor: Target) -> float:
    """Kills per effector and hour among the effectors through what they carry; 1/h.

    Only the CAR arm counts, so that a CAR whose antigen NK cells lack gives 0.
    """
    whole = mean_rate(pair_rates(law, nk, neighbor))
    return whole - mean_rate(pair_rates(law, nk, neighbor, ("CAR",)))
