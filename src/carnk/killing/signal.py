"""From complexes to signals, through the Vav step, to the kill rate of every pair of classes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .binding import bond_survival, complexes
from .cells import NOTHING, Amount, Effector, Target

Array = NDArray[np.float64]

ARMS = MappingProxyType(
    {  # activating receptor: its ligand on the target
        "NKG2D": "NKG2DL",
        "NKp30": "NKp30L",
        "NKp44": "NKp44L",
        "NKp46": "NKp46L",
        "DNAM-1": "DNAM1L",
        "2B4": "CD48",
        "LFA-1": "ICAM1",
        "CD16": "antibody",
    }
)
INHIBITORS = ("KIR2DL1", "KIR2DL2/3", "KIR3DL1", "NKG2A")
FINE = 3  # classes of positive cells per molecule that varies between cells


@dataclass(frozen=True)
class Law:
    """The numbers of the killing law; kd and weights by receptor name, 'CAR' among them."""

    contact: float  # molecules per contact and nM of KD
    kd_nm: Mapping[str, float]
    weight: Mapping[str, float]
    threshold: float
    softness: float
    hla_c: float
    hla_b: float
    hla_e: float
    car_on: float  # 1/nM/s
    proofreading: float  # s
    kill_rate: float  # 1/h
    crowding: float
    delay: float  # h
    non_killers: float
    serial_kills: float


@dataclass(frozen=True)
class Rates:
    """Kill rates of pairs of classes, 1/h.

    rate: (effector classes, target classes); effector, target: the shares of the classes.
    """

    rate: Array
    effector: Array
    target: Array

    def per_target(self) -> Array:
        """Kill rate of each target class, averaged over the effectors; (target classes,)."""
        return np.asarray(self.effector @ self.rate)


def vav(ratio: Any, softness: float) -> Array:
    """Phosphorylated share of Vav where kinase and phosphatase act in this ratio.

    Goldbeter and Koshland's switch, in the form whose denominator does not vanish at a ratio of
    one, the singular point of the textbook form.
    """
    u = np.asarray(ratio, float)
    b = 1 - u + softness + u * softness
    root = np.sqrt(np.maximum(b * b - 4 * (1 - u) * u * softness, 0.0))
    return np.asarray(2 * u * softness / (b + root))


@dataclass(frozen=True)
class Contact:
    """What two populations offer each other, by class, before any gain of donor or construct.

    arms: signal of each natural arm by class of ICAM-1; car: (CAR, antigen) signal; held:
    (repertoire, HLA-I) inhibition. The shares of the classes follow in the same order.
    """

    arms: Mapping[str, Array]
    car: Array
    held: Array
    car_share: Array
    repertoire_share: Array
    antigen_share: Array
    icam_share: Array
    hla_share: Array

    def target_share(self) -> Array:
        """Share of every target class, antigen slowest, then ICAM-1, then HLA-I."""
        other = np.multiply.outer(self.icam_share, self.hla_share)
        return np.multiply.outer(self.antigen_share, other).ravel()


def meet(law: Law, nk: Effector, cell: Target) -> Contact:
    """Signals of every arm and inhibitor where an effector of a class meets a target of a class."""
    car, car_share = nk.car.classes(FINE)
    antigen, antigen_share = cell.amount(nk.antigen).classes(FINE)
    icam, icam_share = cell.amount("ICAM1").classes(FINE)
    held, repertoire_share, hla_share = _inhibition(law, nk, cell)
    arms: dict[str, Array] = {}
    for receptor, ligand in ARMS.items():
        on_target = icam if ligand == "ICAM1" else _mean(cell.amount(ligand))
        bound = _bound(law, receptor, _mean(nk.receptors.get(receptor, NOTHING)), on_target)
        arms[receptor] = law.weight[receptor] * bound
    by_car = car_signal(law, nk.car_kd_nm, car[:, None], antigen)
    return Contact(
        MappingProxyType(arms), by_car, held, car_share, repertoire_share, antigen_share,
        icam_share, hla_share,
    )  # fmt: skip


def car_signal(law: Law, kd_nm: float, copies: Any, antigen: Any) -> Array:
    """Signal of a CAR for copies of CAR and antigen per cell (broadcast)."""
    lasting = bond_survival(law.car_on * kd_nm, law.proofreading)
    bound = complexes(copies, antigen, kd_nm * law.contact)
    return np.asarray(law.weight["CAR"] * lasting * bound)


def _inhibition(law: Law, nk: Effector, cell: Target) -> tuple[Array, Array, Array]:
    """(signal by repertoire and HLA-I, share of each repertoire, share of each HLA-I class).

    A repertoire is which of the inhibitory receptors a cell carries; they are taken as independent.
    """
    hla, hla_share = cell.amount("HLA-I").classes(FINE)
    seen = {
        "KIR2DL1": law.hla_c * cell.c2 * hla,
        "KIR2DL2/3": law.hla_c * cell.c1 * hla,
        "KIR3DL1": law.hla_b * cell.bw4 * hla,
        "NKG2A": law.hla_e * hla,
    }
    each, positive = [], []
    for receptor in INHIBITORS:
        amount = nk.receptors.get(receptor, NOTHING)
        each.append(law.weight[receptor] * _bound(law, receptor, amount.median, seen[receptor]))
        positive.append(1 - amount.negative if amount.median > 0 else 0.0)
    carried = np.array(list(product((0, 1), repeat=len(INHIBITORS))), float)
    share = np.prod(np.where(carried > 0, positive, 1 - np.array(positive)), axis=1)
    return (carried @ np.array(each))[share > 0], share[share > 0], hla_share


def rates(law: Law, nk: Effector, cell: Target, met: Contact, without: Collection[str]) -> Rates:
    """Kill rates of a contact under the gains of effector and target, leaving out some arms."""
    natural = np.zeros(met.icam_share.size)
    for arm, signal in met.arms.items():
        if arm not in without:
            own = 1.0 if arm == "CD16" else nk.natural_gain * cell.natural_gain
            natural = natural + own * signal
    by_car = 0 * met.car if "CAR" in without else nk.car_gain * met.car
    held = law.threshold + nk.inhibition * met.held
    # axes: CAR, repertoire, antigen, ICAM-1, HLA-I
    activating = by_car[:, None, :, None, None] + natural[:, None]
    speed = law.kill_rate * (1 - law.non_killers) * nk.kill_gain * cell.kill_gain
    rate = speed * vav(activating / held[None, :, None, None, :], law.softness)
    effectors = np.multiply.outer(met.car_share, met.repertoire_share).ravel()
    targets = met.target_share()
    return Rates(rate.reshape(effectors.size, targets.size), effectors, targets)


def pair_rates(law: Law, nk: Effector, cell: Target, without: Collection[str] = ()) -> Rates:
    """Kill rate of every pair of classes, leaving out the named arms ('CAR' among them)."""
    return rates(law, nk, cell, meet(law, nk, cell), without)


def shares(
    law: Law, nk: Effector, cell: Target, value: Any, arms: Collection[str] = ("CAR", *ARMS)
) -> dict[str, Array]:
    """Share of each arm: what is lost of a value when the arm alone is left out.

    value: a function of Rates, such as the lysis at some E:T. Arms overlap beyond the switch and
    need each other before it, so the shares do not sum to one.
    """
    met = meet(law, nk, cell)
    whole = np.asarray(value(rates(law, nk, cell, met, ())))
    lost = {a: whole - np.asarray(value(rates(law, nk, cell, met, (a,)))) for a in arms}
    return {arm: part / np.maximum(whole, 1e-12) for arm, part in lost.items()}


def _bound(law: Law, receptor: str, copies: Any, ligand: Any) -> Array:
    return complexes(copies, ligand, law.kd_nm[receptor] * law.contact)


def _mean(amount: Amount) -> float:
    copies, share = amount.classes(FINE)
    return float(copies @ share)
