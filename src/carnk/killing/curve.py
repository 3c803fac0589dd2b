"""A product of the library on a target of the library: lysis, band, and share of each arm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..base import Problem, SpecError, did_you_mean
from ..library import Number, load, table
from .adcc import antibody_on_cell, cd16_kd
from .cells import Amount, Effector, Target
from .healthy import Choice, choices, fratricide
from .lysis import lysis
from .reference import effector, fill, known, level_basis, plain, products, targets
from .signal import ARMS, Law, pair_rates, shares
from .worlds import FITTED, SPREADS, world

Array = NDArray[np.float64]
DRAWS = 100
SEED = 1
BAND = (2.5, 97.5)  # percentiles
OWN = ("natural", "hits", "unexplained", "fragile")  # of a donor, and of a target
CD16_FORMS = ("158F", "158V", "hnCD16")
ANTIGENS = ("CD19", "CD20", "CD33", "CD38", "EGFR", "HER2")
HOURS_PER_DAY = 24.0
MOST_ET, MOST_HOURS = 1000.0, 240.0


@dataclass(frozen=True)
class Assay:
    """What is in the well besides cells: antibody (nM) on an antigen, serum, and time since mRNA.

    cd16: which form the effectors carry; serum: whether its IgG competes for CD16; mrna_hours:
    hours since electroporation of a CAR made from mRNA, None for an integrated one.
    """

    antibody: str = ""
    antibody_nm: float = 0.0
    cd16: str = "158F"
    serum: bool = False
    mrna_hours: float | None = None


NO_ANTIBODY = Assay()
Setting = tuple[Law, Effector, Target]


@dataclass(frozen=True)
class KillCurve:
    """Lysis of a target by a product over E:T, in percent.

    Arrays are (E:T,). shares: what lysis loses, as a share, when one arm is left out; they overlap
    and need not sum to one. assumed: molecules of the target that nobody measured. band: lysis in
    percent below and above which 2.5 % of the draws fall, over donors and over what is not known;
    it is computed when first asked for.
    """

    product: str
    target: str
    et: Array
    hours: float
    assay: Assay
    lysis_pct: Array
    shares: Mapping[str, Array]
    kills_per_effector: Array
    assumed: tuple[str, ...]
    names: tuple[str, str]
    own: tuple[Number, ...] = ()

    @cached_property
    def band(self) -> tuple[Array, Array]:
        """(low, high) of lysis, percent."""
        low, high = np.percentile(self.draws(self.et, self.hours), BAND, axis=0)
        return low, high

    def over_time(self, hours: Sequence[float]) -> Array:
        """Lysis in percent of the typical donor along the hours, (E:T, hours)."""
        law, nk, cell = setting(-1, *self.names, self.assay, self.own)
        return 100 * lysis(law, pair_rates(law, nk, cell), self.et, hours).lysed

    def draws(self, et: Sequence[float] | Array, hours: float) -> Array:
        """Lysis in percent of every draw, (draws, E:T)."""
        each = (setting(k, *self.names, self.assay, self.own) for k in range(DRAWS))
        return np.array([_percent(s, et, hours) for s in each])


@cache
def fitted() -> tuple[tuple[str, ...], Array]:
    """(names, draws) of the factors fitted to the public curves; the first draw is the best one."""
    frame = table("kill_fit").sort("draw")
    names = tuple(frame["factor"].unique(maintain_order=True).to_list())
    values = [frame.filter(frame["factor"] == name)["value"].to_numpy() for name in names]
    return names, np.array(values).T


def factors(draw: int) -> dict[str, float]:
    """Fitted factors of a draw; -1 is the best fit."""
    names, values = fitted()
    return dict(zip(names, values[draw + 1]))


def calibrated(law: Law, factor: Mapping[str, float]) -> Law:
    """The law with its fitted numbers."""
    rate, crowding, softness = (factor[name] for name in FITTED)
    return replace(law, kill_rate=rate, crowding=crowding, softness=softness)


def adapted(nk: Effector, product: str, factor: Mapping[str, float]) -> Effector:
    """A product with the fitted level of natural signal and its construct's fitted signal."""
    car = factor.get(f"car:{product}", 1.0)
    level = nk.natural_gain * factor["level"]
    return replace(nk, natural_gain=level, car_gain=nk.car_gain * car)


def setting(
    draw: int, product: str, against: str, assay: Assay, own: tuple[Number, ...] = ()
) -> Setting:
    """(law, effector, target) of a draw; -1 is the best fit with the library's own values.

    A draw has a donor of its own, as none of the fitted donors is the user's; what the ligands of
    a target leave unexplained is fitted where it was lysed, and drawn elsewhere. own: the user's
    own numbers in the place of the library's.
    """
    given, factor = world(SEED, draw, own), factors(draw)
    factor |= {n.id: given.values[n.id] for n in own if n.id in FITTED}
    law = calibrated(given.law, factor)
    nk = adapted(effector(product, given.values.__getitem__), product, factor)
    cell = fill(plain(against), {}, given.ligands)
    chance = np.random.default_rng([SEED, draw + 1, 7]).standard_normal(4) * (draw >= 0)
    drawn = dict(zip(OWN, np.exp(chance * [SPREADS[name] for name in OWN])))
    of_target = {n: factor.get(f"{n}:{plain(against)}", drawn[n]) for n in OWN[2:]}
    gain = nk.natural_gain * drawn["natural"]
    nk = replace(nk, natural_gain=gain, kill_gain=nk.kill_gain * drawn["hits"])
    cell = replace(
        cell, natural_gain=of_target["unexplained"], kill_gain=of_target["fragile"]
    )  # fmt: skip
    return _in_assay((law, nk, cell), assay, given.values)


def _in_assay(cells: Setting, assay: Assay, value: Mapping[str, float]) -> Setting:
    law, nk, cell = cells
    if assay.mrna_hours is not None:
        left = np.exp(-load()["mrna_decay"].value * assay.mrna_hours / HOURS_PER_DAY)
        nk = replace(nk, car=nk.car.times(float(left)))
    if not assay.antibody:
        return law, nk, cell
    kd = value["kd_cd16_158f" if assay.cd16 == "158F" else "kd_cd16_158v"]
    kd = cd16_kd(kd, value["serum_igg"]) if assay.serum else kd
    surface = dict(nk.receptors)
    if assay.cd16 == "hnCD16":
        surface["CD16"] = Amount(value["cd16_per_cell"])
    antigen = cell.amount(assay.antibody)
    bound = antibody_on_cell(antigen.median, assay.antibody_nm, value["kd_antibody"])
    coat = Amount(float(bound), antigen.sd_log10, antigen.negative)
    return (
        replace(law, kd_nm=MappingProxyType(dict(law.kd_nm) | {"CD16": kd})),
        replace(nk, receptors=MappingProxyType(surface)),
        replace(cell, ligands=MappingProxyType(dict(cell.ligands) | {"antibody": coat})),
    )


def _percent(cells: Setting, et: Sequence[float] | Array, hours: float) -> Array:
    law, nk, cell = cells
    return 100 * lysis(law, pair_rates(law, nk, cell), et, [hours]).lysed[:, 0]


def kill(
    product: str,
    target: str,
    et: Sequence[float] = (10.0, 5.0, 2.5, 1.25, 0.6),
    hours: float = 4.0,
    assay: Assay = NO_ANTIBODY,
    own: tuple[Number, ...] = (),
) -> KillCurve:
    """Lysis of a target by a product of the library, for a typical donor.

    et: effectors per target; hours: length of the assay; own: the user's own numbers of this room
    in the place of the library's. SpecError for a product, target, antigen
    or form of CD16 that is not known, and for E:T or hours that are not above 0.
    """
    names = known("product", product, products()), known("target", target, targets())
    _check(et, hours, assay)
    own = tuple(number for number in own if number.room == "killing")
    law, nk, cell = setting(-1, *names, assay, own)
    course = lysis(law, pair_rates(law, nk, cell), et, [hours])
    arms = [a for a in ("CAR", *ARMS) if {"CAR": nk.antigen, "CD16": assay.antibody}.get(a, "x")]
    parts = shares(law, nk, cell, lambda r: lysis(law, r, et, [hours]).lysed[:, 0], arms)
    return KillCurve(
        nk.name, cell.name, course.et, hours, assay, 100 * course.lysed[:, 0],
        MappingProxyType(parts), course.kills_per_effector[:, 0], assumed(names[1], nk.antigen),
        names, own,
    )  # fmt: skip


def assumed(target: str, antigen: str) -> tuple[str, ...]:
    """Molecules of a target that rest on an assumption, the antigen first if it does."""
    wanted = {antigen, "HLA-I", *ARMS.values()} - {"", "antibody"}
    found = [m for m in sorted(wanted) if level_basis(target, m) != "measured"]
    return tuple(sorted(found, key=lambda m: m != antigen))


def _check(et: Sequence[float], hours: float, assay: Assay) -> None:
    problems = []
    for each in et:
        if not each > 0 or each > MOST_ET:
            problems.append(
                Problem("et", f"{each:g} effectors per target", "Give above 0, to 1000.")
            )
    if not 0 < hours <= MOST_HOURS:
        problems.append(Problem("hours", f"{hours:g} hours of assay", "Give above 0, to 240."))
    if assay.cd16 not in CD16_FORMS:
        what = f"'{assay.cd16}' is not one of {', '.join(CD16_FORMS)}"
        problems.append(Problem("cd16", what, did_you_mean(assay.cd16, CD16_FORMS)))
    if assay.antibody_nm < 0 or bool(assay.antibody) != (assay.antibody_nm > 0):
        what = f"an antibody on '{assay.antibody}' at {assay.antibody_nm:g} nM"
        problems.append(Problem("antibody", what, "Give its antigen and a dose above 0 nM."))
    if assay.antibody and assay.antibody not in ANTIGENS:
        what = f"'{assay.antibody}' is not one of {', '.join(ANTIGENS)}"
        problems.append(Problem("antibody", what, did_you_mean(assay.antibody, ANTIGENS)))
    if assay.mrna_hours is not None and assay.mrna_hours < 0:
        problems.append(Problem("mrna_hours", f"{assay.mrna_hours:g} hours", "Give 0 or more."))
    if problems:
        raise SpecError(problems)


def beside(curve: KillCurve, healthy: str, density: Sequence[float], et: float) -> Choice:
    """Lysis of the curve's target beside healthy cells, over CAR copies per positive cell."""
    law, nk, cell = setting(-1, *curve.names, curve.assay, curve.own)
    name = known("healthy", healthy, targets())
    _, _, other = setting(-1, curve.names[0], name, curve.assay, curve.own)
    return choices(law, nk, cell, other, density, et, curve.hours)


def self_kill(product: str, own: tuple[Number, ...] = ()) -> float:
    """Kills per effector and hour among the product's own cells through its CAR; 1/h."""
    name = known("product", product, products())
    law, nk, cell = setting(-1, name, "nk_cell", NO_ANTIBODY, own)
    return fratricide(law, nk, cell)
