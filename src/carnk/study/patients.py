"""From a study and patient ids to the rows that the in-vivo model takes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.streams import uniforms
from ..domain import Arm, Study
from ..kinetics import FROM_LIBRARY, PARAMETERS, STATES, Luck
from ..library import View
from ..solver import Doses
from .fields import AGONISTS, ANTIBODIES, SEEN_BY
from .intention import treated_chance
from .lots import MadeLots, lots_of
from .numbers import Array, Known, Sampler, in_lots, sampler
from .products import SOLID, alloreactive, given_drug, is_t, lot_attributes, of_product
from .waiting import waited

LEAST_ROOM = 2.0  # carrying capacity over burden: an untreated tumor still grows
NEVER = 1e9  # pg/mL of IL-6 that no patient reaches
READING = (  # numbers by which outcomes are read off the courses
    "blood_per_kg", "white_cells", "dna_per_cell", "detection_copies", "imaging_limit",
    "marrow_cells", "il6_base", "crs_slope", "crs_threshold_1", "crs_threshold_2",
    "crs_threshold_3", "icans_shift", "tocilizumab_half", "tocilizumab_max",
)  # fmt: skip
UNIFORMS = ("arm", "disease", "high", "low", "bare", "crs", "icans", "gvhd")


@dataclass(frozen=True)
class Cohort:
    """Patients ready to be simulated; every array has one row per patient."""

    ids: NDArray[np.int64]
    arm: NDArray[np.int64]
    disease: NDArray[np.int64]
    world: NDArray[np.int64]
    drawn: dict[str, Array]  # what was drawn, for patients.parquet
    reading: dict[str, Array]  # numbers by which outcomes are read
    parameters: Array
    initial: Array
    doses: Doses
    luck: Luck


def join(cohorts: list[Cohort]) -> Cohort:
    """One cohort of all rows; every cohort has the same columns."""

    def stack(parts: Iterable[Any]) -> Any:
        return np.concatenate(list(parts))

    def one(name: str) -> Any:
        return stack(getattr(c, name) for c in cohorts)

    def table(name: str) -> dict[str, Array]:
        return {k: stack(getattr(c, name)[k] for c in cohorts) for k in getattr(cohorts[0], name)}

    def inner(kind: Any, name: str) -> Any:
        fields = list(vars(getattr(cohorts[0], name)))
        return kind(**{f: stack(getattr(getattr(c, name), f) for c in cohorts) for f in fields})

    return Cohort(
        ids=one("ids"),
        arm=one("arm"),
        disease=one("disease"),
        world=one("world"),
        drawn=table("drawn"),
        reading=table("reading"),
        parameters=one("parameters"),
        initial=one("initial"),
        doses=inner(Doses, "doses"),
        luck=inner(Luck, "luck"),
    )


def rows_of(cohort: Cohort, rows: NDArray[np.int64]) -> Cohort:
    """Some of a cohort's rows, in this order."""

    def taken(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: column[rows] for name, column in part.items()}
        if isinstance(part, Doses | Luck):
            return type(part)(**{name: column[rows] for name, column in vars(part).items()})
        return part[rows]

    return Cohort(**{name: taken(part) for name, part in vars(cohort).items()})


def start_day(study: Study) -> float:
    """The day on which the first of all arms begins; at most 0."""
    days = [0.0]
    for arm in study.arms:
        days += [arm.regimen.infusion.days[0], *(d.days[0] for d in arm.regimen.drugs)]
    return min(days)


def draw(
    study: Study,
    view: View,
    ids: NDArray[np.int64],
    uncertain: bool = True,
    known: Known | None = None,
    arm: NDArray[np.int64] | None = None,
    lots: NDArray[np.int64] | None = None,
) -> Cohort:
    """Draw these patients; the same id gives the same patient whatever the batch.

    With `uncertain` each patient lives in one of the equally plausible worlds of the library's
    uncertain numbers; without, in the library's own values. `known` gathers what was read, and
    spares reading it again for the same patients. `arm` is each patient's arm where it is not left
    to chance, and `lots` the lot that a patient shares with others.
    """
    u = dict(zip(UNIFORMS, uniforms(study.seed, ids, len(UNIFORMS), "luck").T))
    if arm is None:
        arm = _choose(u["arm"], [each.share for each in study.arms])
    disease = _choose(u["disease"], list(study.diseases.values()))
    luck = Luck(np.column_stack([u["high"], u["low"], u["bare"]]), u["crs"], u["icans"], u["gvhd"])
    parts = by_product(study)
    if len(parts) == 1:
        s = sampler(parts[0][0], view, ids, uncertain, known)
        return _drawn(s, arm, disease, luck, lots)
    cohorts, places = [], []
    for one, arms in parts:
        place = np.flatnonzero(np.isin(arm, arms))
        if place.size:
            s = sampler(one, view, ids[place], uncertain)
            mine = Luck(**{name: column[place] for name, column in vars(luck).items()})
            own = None if lots is None else lots[place]
            cohorts.append(_drawn(s, arm[place], disease[place], mine, own))
            places.append(place)
    return rows_of(join(cohorts), np.argsort(np.concatenate(places)))


def draw_paired(study: Study, view: View, ids: NDArray[np.int64]) -> Cohort:
    """These patients with one row for each arm: the same patient, on the same luck, in each."""
    rows, arm = rows_asked(study, ids)
    return draw(study, view, rows, arm=arm)


def rows_asked(
    study: Study, ids: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """(id, arm) of every row of these patients; a paired study has a row for each arm."""
    if not study.paired:
        return ids, None
    arms = len(study.arms)
    return np.repeat(ids, arms), np.tile(np.arange(arms), ids.size)


def by_product(study: Study) -> list[tuple[Study, list[int]]]:
    """The study with each of its products and their numbers, and the arms that get it."""
    found: dict[int, tuple[Study, list[int]]] = {}
    for i, arm in enumerate(study.arms):
        product = arm.product or study.product
        numbers = MappingProxyType({**study.numbers, **arm.numbers})
        one = replace(study, product=product, numbers=numbers)
        known = [
            k
            for k, (other, _) in found.items()
            if (other.product, other.numbers) == (product, numbers)
        ]
        if known:
            found[known[0]][1].append(i)
        else:
            found[i] = (one, [i])
    return list(found.values())


def _drawn(
    s: Sampler,
    arm: NDArray[np.int64],
    disease: NDArray[np.int64],
    luck: Luck,
    lots: NDArray[np.int64] | None,
) -> Cohort:
    """The cohort of one product."""
    made = lots_of(s.study, s.view, s.ids, lots) if s.study.product.process else None
    if lots is not None and made is None:
        s = in_lots(s, lots)
    return cohort_of(s, arm, disease, luck, made)


def cohort_of(
    s: Sampler,
    arm: NDArray[np.int64],
    disease: NDArray[np.int64],
    luck: Luck,
    made: MadeLots | None = None,
) -> Cohort:
    """The patients of a sampler in their arms, with one product."""
    drawn = _patient_numbers(s, disease) | (lot_attributes(s) if made is None else made.drawn(s))
    p = {name: s.value(name) for name in FROM_LIBRARY if name not in ("mismatch", "weight")}
    p |= {name: drawn[name] for name in ("mismatch", "weight", "growth")}
    p |= _of_patient(s, disease, drawn)
    if s.study.paired:
        drawn |= waited(s, drawn, p["tumor_capacity"], start_day(s.study))
    p |= of_product(s, drawn, disease, made) | _of_arms(s, arm, drawn)
    size = s.ids.size
    parameters = np.column_stack([np.broadcast_to(p[name], size) for name in PARAMETERS])
    initial = _initial(p, drawn)
    doses = _doses(s, arm, drawn, p["car_positive"])
    reading = {name: s.value(name) for name in READING}
    if s.study.paired:
        reading["treated_chance"] = treated_chance(s, drawn["wait_day"])
    if is_t(s.study):
        reading["icans_shift"] = s.value("icans_shift_t")
    return Cohort(s.ids, arm, disease, s.world, drawn, reading, parameters, initial, doses, luck)


def _choose(u: Array, shares: list[float]) -> NDArray[np.int64]:
    edges = np.cumsum(shares) / np.sum(shares)
    return np.minimum(np.searchsorted(edges, u, side="right"), len(shares) - 1)


def _patient_numbers(s: Sampler, disease: NDArray[np.int64]) -> dict[str, Array]:
    """What differs between patients, by disease where it does."""
    names = tuple(s.study.diseases)
    solid = np.isin(disease, [i for i, name in enumerate(names) if name in SOLID])
    low = s.value("antigen_low_fraction")
    if solid.any():
        low = np.where(solid, s.value("antigen_low_fraction_solid", "solid"), low)
    return {
        "weight": s.value("weight"),
        "mismatch": _mismatch(s),
        "growth": s.chosen([f"growth_{n}" for n in names], disease, "growth"),
        "burden": s.chosen([f"burden_{n}" for n in names], disease, "burden"),
        "density": _density(s, names, disease),
        "antigen_low_fraction": np.minimum(low, 1.0),
        "hla_low_fraction": np.minimum(s.value("hla_low_fraction"), 1.0),
    }


def _mismatch(s: Sampler) -> Array:
    """HLA mismatch; none with a patient's own cells."""
    own = s.study.product.source == "autologous_t"
    return np.zeros(s.ids.size) if own else s.value("mismatch")


def _density(s: Sampler, names: tuple[str, ...], disease: NDArray[np.int64]) -> Array:
    """Target density; CD19 is dimmer on CLL."""
    target = s.study.product.construct.target.lower()
    general = s.value(f"density_{target}", "density")
    dim = [i for i, name in enumerate(names) if name in ("cll", "cll_richter")]
    if target != "cd19" or not dim:
        return general
    return np.where(np.isin(disease, dim), s.value("density_cd19_cll", "density"), general)


def _of_patient(s: Sampler, disease: NDArray[np.int64], drawn: dict[str, Array]) -> dict[str, Any]:
    names = tuple(s.study.diseases)
    antibody = given_drug(s.study, ANTIBODIES)
    marked = [i for i, n in enumerate(names) if antibody and n in SEEN_BY[antibody]]
    kill = s.value("antibody_tumor_kill") if antibody else np.zeros(s.ids.size)
    capacity = s.chosen([f"tumor_capacity_{n}" for n in names], disease, "tumor_capacity")
    return {
        "access": s.chosen([f"access_{n}" for n in names], disease, "access"),
        "suppression": s.chosen([f"suppression_{n}" for n in names], disease, "suppression"),
        "chemo_sensitivity": s.chosen(
            [f"chemo_sensitivity_{n}" for n in names], disease, "chemo_sensitivity"
        ),
        "tumor_capacity": np.maximum(capacity, LEAST_ROOM * drawn["burden"]),
        "antibody_tumor_kill": np.where(np.isin(disease, marked), kill, 0.0),
    }


def _of_arms(s: Sampler, arm: NDArray[np.int64], drawn: dict[str, Array]) -> dict[str, Any]:
    """What the regimen sets: rescue by arm, and the one antibody and agonist of the study."""
    antibody, agonist = given_drug(s.study, ANTIBODIES), given_drug(s.study, AGONISTS)
    rescue = [each.regimen.rescue for each in s.study.arms]
    per_mg = s.value("tocilizumab_volume") / 1000  # L/kg
    fired = any(r and r.rimiducid for r in rescue)
    dimerizer = s.value("rimiducid_per_dose") if fired else 0.0
    return {
        "antibody_clearance": s.value(f"antibody_clearance_{antibody}") if antibody else 1.0,
        "antibody_sees_b": float(antibody == "rituximab"),
        "agonist_clearance": s.value(f"agonist_clearance_{agonist}") if agonist else 1.0,
        "rescue_il6": np.array([r.il6 if r else NEVER for r in rescue])[arm],
        "rescue_tocilizumab": np.array([r.tocilizumab if r else 0.0 for r in rescue])[arm] / per_mg,
        "rescue_steroid": np.array([r.dexamethasone if r else 0.0 for r in rescue])[arm],
        "rescue_rimiducid": np.array([r.rimiducid if r else 0.0 for r in rescue])[arm] * dimerizer,
    }


def _initial(p: dict[str, Any], drawn: dict[str, Array]) -> Array:
    """The patient before any treatment, at rest."""
    burden, low, bare = drawn["burden"], drawn["antigen_low_fraction"], drawn["hla_low_fraction"]
    crowd = (p["host_t_capacity"] + p["host_nk_capacity"]) / p["il15_reference_cells"]
    y: dict[str, Any] = {
        "tumor_high": burden * (1 - low) * (1 - bare),
        "tumor_low": burden * low,
        "tumor_bare": burden * (1 - low) * bare,
        "host_t": p["host_t_capacity"],
        "host_nk": p["host_nk_capacity"],
        "b_cells": p["b_capacity"],
        "monocytes": p["monocyte_capacity"],
        "il15": p["il15_depleted"] / (1 + p["il15_uptake"] * crowd),
        "ifng": p["ifng_base"],
        "tnf": p["tnf_base"],
        "il6": p["il6_base"],
    }
    return np.column_stack(
        [np.broadcast_to(y.get(name, 0.0), burden.shape).astype(float) for name in STATES]
    )


def _doses(
    s: Sampler, arm: NDArray[np.int64], drawn: dict[str, Array], car_positive: Array
) -> Doses:
    """Every dose of every patient as (day, state, amount), sorted by day."""
    plans = [_plan(s, each, drawn, car_positive) for each in s.study.arms]
    width = max(len(plan) for plan in plans)
    times = np.full((arm.size, width), np.inf)
    states = np.zeros((arm.size, width), np.int64)
    amounts = np.zeros((arm.size, width))
    for i, plan in enumerate(plans):
        rows = arm == i
        for k, (day, state, amount) in enumerate(sorted(plan, key=lambda dose: dose[:2])):
            times[rows, k], states[rows, k] = day, STATES.index(state)
            amounts[rows, k] = amount[rows]
    return Doses(times, states, amounts)


def _plan(
    s: Sampler, arm: Arm, drawn: dict[str, Array], car_positive: Array
) -> list[tuple[float, str, Array]]:
    infusion = arm.regimen.infusion
    weight = drawn["weight"]
    label = infusion.amount * (weight if infusion.per == "kg" else np.ones_like(weight))
    viable = label / car_positive if infusion.counts == "car_positive" else label
    alive = viable * drawn["viability"] * drawn["recovery"]
    plan = [(day, "lung", alive) for day in infusion.days]
    residual = drawn["t_cells_per_kg"] * weight if infusion.amount else np.zeros_like(weight)
    donor_t = residual + alive * alloreactive(s)
    plan += [(day, "donor_t", donor_t) for day in infusion.days]
    for drug in arm.regimen.drugs:
        state, amount = _drug(s, drug.drug, drug.amount, weight)
        plan += [(day, state, np.broadcast_to(amount, weight.shape)) for day in drug.days]
    return plan


def _drug(s: Sampler, drug: str, amount: float, weight: Array) -> tuple[str, Any]:
    """The state a drug goes into and by how much a dose raises it."""
    surface = s.value("body_surface") * np.sqrt(weight / s.median("weight"))
    if drug in ("fludarabine", "cyclophosphamide"):
        return drug, amount
    if drug in ANTIBODIES:
        total = amount * (weight if drug in ("trastuzumab", "daratumumab") else surface)
        return "antibody", total / s.value(f"antibody_volume_{drug}") * 1000  # mg/L
    if drug in AGONISTS:
        return "agonist", amount * s.value(f"agonist_per_{drug}")
    if drug == "rimiducid":
        return "rimiducid", amount * s.value("rimiducid_per_dose")
    if drug == "tocilizumab":
        return "tocilizumab", amount * 1000 / s.value("tocilizumab_volume")
    return "steroid", amount
