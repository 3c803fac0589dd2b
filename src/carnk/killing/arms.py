"""Kill rates of a product and a kind of target relative to the reference, arm by arm.

The body's scale is not the well's: what is carried over is the ratio to one reference product on
one kind of target. For the reference every ratio is one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import NOTHING, Amount, Effector, Target
from .curve import adapted, calibrated, factors
from .lysis import lysis, mean_rate
from .reference import Read, fill, from_library, law, plain, receptors, target
from .signal import ARMS, Law, pair_rates

Array = NDArray[np.float64]
CAR = Amount(20000.0, 0.5, 0.0)  # of CAR-positive cells; the same for every product compared
DENSITY = Amount(15000.0, 0.3)  # antigen, likewise: the body's model has its own law of density
COAT = Amount(15000.0, 0.3)  # antibody on a target
COSTIMULATION = MappingProxyType(
    {"CD28": "costimulation_cd28", "4-1BB": "costimulation_41bb", "2B4": "costimulation_2b4",
     "DAP10": "costimulation_dap10", "DAP12": "costimulation_dap12"}
)  # fmt: skip


@dataclass(frozen=True)
class Build:
    """What sets a product's killing apart from the reference.

    nk92: cells without KIR; costimulation: of the CAR; ligand: what the CAR sees if it is a ligand
    of natural receptors too, else empty.
    """

    nk92: bool = False
    costimulation: str = "CD28"
    ligand: str = ""


@dataclass(frozen=True)
class Arms:
    """Kill rates by arm: of the CAR, of natural killing, without HLA-I, and through antibody."""

    car: Any
    natural: Any
    bare: Any
    adcc: Any


REFERENCE = Build()
REFERENCE_KIND = "b_lineage"


def build(source: str, antigen: str, domains: str) -> Build:
    """A build from a construct in words; domains that nobody has a number for count as CD28."""
    known = next((name for name in COSTIMULATION if name in domains), "CD28")
    return Build(source == "nk92", known, antigen if antigen in ARMS.values() else "")


def relative(build: Build, kind: str, read: Read = from_library) -> Arms:
    """Kill rates of a product on a kind of target over those of the reference."""
    if (build, kind) == (REFERENCE, REFERENCE_KIND):
        return Arms(1.0, 1.0, 1.0, 1.0)
    own = rates_of(build, kind, read)
    base = rates_of(REFERENCE, REFERENCE_KIND, read)
    return Arms(*(getattr(own, n) / getattr(base, n) for n in ("car", "natural", "bare", "adcc")))


def rates_of(build: Build, kind: str, read: Read = from_library) -> Arms:
    """Kill rates by arm, per effector and hour, targets in excess; each arm on top of the rest."""
    own = calibrated(law(read), factors(-1))
    nk = effector_of(build, read)
    cell = fill(plain(kind), {}, {})
    dense = _with(cell, {build.ligand or "antigen": DENSITY})
    natural = _rate(own, replace(nk, car=NOTHING), cell)
    bare = _with(cell, {"HLA-I": NOTHING})
    coated = _with(cell, {"antibody": COAT})
    full = Amount(read("cd16_per_cell"))
    armed = replace(nk, car=NOTHING, receptors=MappingProxyType({**nk.receptors, "CD16": full}))
    return Arms(
        car=_rate(own, nk, dense) - _rate(own, replace(nk, car=NOTHING), dense),
        natural=natural,
        bare=_rate(own, replace(nk, car=NOTHING), bare),
        adcc=_rate(own, armed, coated) - natural,
    )


def potency_test(build: Build, against: str = "k562") -> Callable[[Array, float], Array]:
    """Specific lysis (a fraction) in a 4-hour test, as a function of (potency, E:T).

    Potency, the killing of a lot relative to a fresh product's, acts as that many effectors.
    """
    own, nk, cell = (
        calibrated(law(), factors(-1)),
        effector_of(build, from_library),
        target(against),
    )
    rates = pair_rates(own, nk, cell)
    grid = np.geomspace(0.02, 5.0, 40)

    def lysed(potency: Array, et: float) -> Array:
        curve = lysis(own, rates, et * grid, [4.0]).lysed[:, 0]
        return np.asarray(np.interp(potency, grid, curve))

    return lysed


def effector_of(build: Build, read: Read) -> Effector:
    """CAR-positive cells of a build; CD16 is left to the caller."""
    surface = dict(receptors(read))
    surface["CD16"] = NOTHING
    if build.nk92:
        surface |= dict.fromkeys(("KIR2DL1", "KIR2DL2/3", "KIR3DL1"), NOTHING)
    nk = Effector(
        "", MappingProxyType(surface), build.ligand or "antigen", CAR, read("kd_car"),
        car_gain=read(COSTIMULATION[build.costimulation]),
    )  # fmt: skip
    return adapted(nk, "", factors(-1))


def _with(cell: Target, amounts: Mapping[str, Amount]) -> Target:
    return replace(cell, ligands=MappingProxyType({**cell.ligands, **amounts}))


def _rate(own: Law, nk: Effector, cell: Target) -> float:
    return mean_rate(pair_rates(own, nk, cell))
