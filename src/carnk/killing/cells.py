"""Effectors and targets as populations: molecules per cell are mixtures, never one number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Amount:
    """Molecules per cell: a negative fraction, and a log-normal around the positive median."""

    median: float  # copies per positive cell
    sd_log10: float = 0.0
    negative: float = 0.0

    def classes(self, count: int) -> tuple[Array, Array]:
        """(copies, share) of the classes that stand for the cells; shares sum to one.

        count: classes of the positive cells, at the nodes of Gauss and Hermite. The negative ones
        are a class of their own, left out when there are none.
        """
        nodes, shares = _hermite(count if self.sd_log10 > 0 else 1)
        copies = self.median * 10 ** (self.sd_log10 * nodes)
        if self.negative <= 0:
            return copies, shares
        copies = np.concatenate([[0.0], copies])
        return copies, np.concatenate([[self.negative], (1 - self.negative) * shares])

    def times(self, factor: float) -> "Amount":
        """Return the same mixture with another median."""
        return Amount(self.median * factor, self.sd_log10, self.negative)


@cache
def _hermite(count: int) -> tuple[Array, Array]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()


NOTHING = Amount(0.0)


@dataclass(frozen=True)
class Effector:
    """An NK population: receptors by name, its CAR, and what sets it apart from the reference.

    natural_gain, car_gain and kill_gain multiply the signal of the natural receptors, the signal
    of the CAR and the rate of lytic hits; inhibition multiplies the signal of the inhibitory ones.
    """

    name: str
    receptors: Mapping[str, Amount] = field(default_factory=lambda: MappingProxyType({}))
    antigen: str = ""
    car: Amount = NOTHING
    car_kd_nm: float = 1.5
    natural_gain: float = 1.0
    car_gain: float = 1.0
    kill_gain: float = 1.0
    inhibition: float = 1.0


@dataclass(frozen=True)
class Target:
    """A target population: antigens and ligands by name, and the HLA ligands it carries.

    c1, c2: shares of its HLA-C that are C1 and C2; bw4: share of its HLA-B that is Bw4.
    natural_gain and kill_gain hold what the ligands do not explain.
    """

    name: str
    ligands: Mapping[str, Amount] = field(default_factory=lambda: MappingProxyType({}))
    c1: float = 0.5
    c2: float = 0.5
    bw4: float = 0.5
    natural_gain: float = 1.0
    kill_gain: float = 1.0

    def amount(self, molecule: str) -> Amount:
        """Return the amount of a molecule; none where the target does not list it."""
        return self.ligands.get(molecule, NOTHING)
