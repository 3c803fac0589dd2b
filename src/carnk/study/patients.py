"""From a study and patient ids to the rows that the in-vivo model takes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.streams import uniforms
from ..domain import Arm, Study
from ..killing.arms import Arms, build, relative
from ..kinetics import FROM_LIBRARY, PARAMETERS, STATES, Luck
from ..library import View
from ..solver import Doses
from .fields import AGONISTS, ANTIBODIES, SEEN_BY
from .lots import MadeLots, lots_of
from .numbers import Array, Known, Sampler, in_lots, sampler

ON_B_CELLS = ("CD19",)
ON_MONOCYTES = ("CD33",)
ON_NK_CELLS = ("NKG2DL",)
SOLID = ("glioblastoma", "ovarian", "colorectal")
KIND = {"aml": "aml", **dict.fromkeys(SOLID, "solid")}  # of target cell; B-lineage otherwise
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
    s = sampler(study, view, ids, uncertain, known)
    made = lots_of(study, view, ids, lots) if study.product.process else None
    if lots is not None and made is None:
        s = in_lots(s, lots)
    u = dict(zip(UNIFORMS, uniforms(study.seed, ids, len(UNIFORMS), "luck").T))
    if arm is None:
        arm = _choose(u["arm"], [each.share for each in study.arms])
    disease = _choose(u["disease"], list(study.diseases.values()))
    drawn = _patient_numbers(s, disease) | (_lot_numbers(s) if made is None else made.drawn(s))
    p = {name: s.value(name) for name in FROM_LIBRARY if name not in ("mismatch", "weight")}
    p |= {name: drawn[name] for name in ("mismatch", "weight", "growth")}
    p |= _of_patient(s, disease, drawn) | _of_product(s, drawn, disease, made)
    p |= _of_arms(s, arm, drawn)
    parameters = np.column_stack([np.broadcast_to(p[name], ids.size) for name in PARAMETERS])
    luck = Luck(np.column_stack([u["high"], u["low"], u["bare"]]), u["crs"], u["icans"], u["gvhd"])
    initial = _initial(p, drawn)
    doses = _doses(s, arm, drawn, p["car_positive"])
    reading = {name: s.value(name) for name in READING}
    return Cohort(ids, arm, disease, s.world, drawn, reading, parameters, initial, doses, luck)


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
        "mismatch": s.value("mismatch"),
        "growth": s.chosen([f"growth_{n}" for n in names], disease, "growth"),
        "burden": s.chosen([f"burden_{n}" for n in names], disease, "burden"),
        "density": _density(s, names, disease),
        "antigen_low_fraction": np.minimum(low, 1.0),
        "hla_low_fraction": np.minimum(s.value("hla_low_fraction"), 1.0),
    }


def _density(s: Sampler, names: tuple[str, ...], disease: NDArray[np.int64]) -> Array:
    """Target density; CD19 is dimmer on CLL."""
    target = s.study.product.construct.target.lower()
    general = s.value(f"density_{target}", "density")
    dim = [i for i, name in enumerate(names) if name in ("cll", "cll_richter")]
    if target != "cd19" or not dim:
        return general
    return np.where(np.isin(disease, dim), s.value("density_cd19_cll", "density"), general)


def _lot_numbers(s: Sampler) -> dict[str, Array]:
    """What differs between lots: each virtual patient gets one."""
    memory = s.study.product.memory_like_fraction
    if s.varies_as_given("kill_car"):
        kill = s.value("kill_car", "kill")
    else:
        kill = s.median("kill_car") * np.exp(s.median("kill_spread") * s.z["kill"])
    if memory:
        kill = kill * (1 + memory * (s.value("memory_like_kill") - 1))
    return {
        "kill_per_day": kill,
        "car_positive": s.value(f"car_positive_{s.study.product.source}", "car_positive"),
        "viability": s.value("viability_after_thaw"),
        "recovery": s.value("recovery_after_thaw"),
        "vcn": s.value("vcn"),
        "t_cells_per_kg": s.value("t_cells_per_kg"),
    }


def _of_patient(s: Sampler, disease: NDArray[np.int64], drawn: dict[str, Array]) -> dict[str, Any]:
    names = tuple(s.study.diseases)
    antibody = _given(s.study, ANTIBODIES)
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


def _given(study: Study, members: tuple[str, ...]) -> str:
    """The one drug of a kind that any arm gives, or nothing."""
    names = {d.drug for arm in study.arms for d in arm.regimen.drugs}
    return next(iter(sorted(names & set(members))), "")


def _of_product(
    s: Sampler, drawn: dict[str, Array], disease: NDArray[np.int64], made: MadeLots | None
) -> dict[str, Any]:
    product = s.study.product
    construct, source, edits = product.construct, product.source, product.edits
    kill, density = drawn["kill_per_day"], drawn["density"]
    memory: Any = product.memory_like_fraction if made is None else made.memory_like
    loss = s.value(f"nk_loss_{source}")
    if product.memory_like_fraction or (made is not None and made.has_memory):
        loss = loss * (1 + memory * (s.value("memory_like_loss") - 1))
    armor, secreted = _armor(s)
    arms = _arms_of_killing(s, disease)
    return {
        "car_positive": drawn["car_positive"],
        "car_transient": float(construct.delivery == "mrna"),
        "armor_il15": armor,
        "armor_secretion": secreted,
        "il21_payload": float("il21" in construct.payloads),
        "expansion": s.value(f"expansion_{source}"),
        "renewal": s.value(f"renewal_{source}"),
        "nk_loss_product": loss,
        "bystander": s.value(f"bystander_{source}"),
        "myeloid_target": _if(s, construct.target in ON_MONOCYTES, "myeloid_target_activation"),
        "monocytes_seen": float(construct.target in ON_MONOCYTES),
        "b_cells_seen": float(construct.target in ON_B_CELLS),
        "kill_car_high": kill * arms.car * _seen(s, density),
        "kill_car_low": kill * arms.car * _seen(s, s.value("antigen_low_density")),
        "kill_natural": kill * arms.natural * s.value("natural_share"),
        "kill_natural_bare": kill * arms.bare * s.value("bare_share"),
        "kill_adcc": kill * arms.adcc * _adcc(s, disease),
        "fratricide": s.value(
            "fratricide_self_target" if _meets_itself(s.study) else "fratricide_rate"
        ),
        "homing": _homing(s),
        "switch_present": float(construct.switch == "icasp9"),
        "visible_to_t": s.value(f"visible_to_t_{source}")
        * (s.value("visible_to_t_b2m_loss") if "b2m_loss" in edits else 1.0),
        "visible_to_nk": _missing_self(s),
    }


def _arms_of_killing(s: Sampler, disease: NDArray[np.int64]) -> Arms:
    """Kill rates by arm relative to the reference product and disease, for every patient."""
    product = s.study.product
    own = build(product.source, product.construct.target, product.construct.domains)
    kinds = [KIND.get(name, "b_lineage") for name in s.study.diseases]
    each = [relative(own, kind, s.view.__getitem__) for kind in kinds]
    arms: Any = [np.array([getattr(a, arm) for a in each])[disease] for arm in vars(each[0])]
    return Arms(*arms)


def _armor(s: Sampler) -> tuple[Any, Any]:
    """(IL-15 a cell adds to what it sees, IL-15 it releases to plasma)."""
    armor = s.study.product.construct.armor
    if armor == "none":
        return 0.0, 0.0
    if armor == "unknown":
        has = s.value("unknown_armor") >= 0.5
        own, released = s.value("armor_il15_secreted"), s.value("armor_secretion_il15_secreted")
        return np.where(has, own, 0.0), np.where(has, released, 0.0)
    return s.value(f"armor_{armor}"), _if(
        s, armor == "il15_secreted", "armor_secretion_il15_secreted"
    )


def _if(s: Sampler, holds: bool, number_id: str) -> Any:
    return s.value(number_id) if holds else 0.0


def _seen(s: Sampler, density: Array) -> Array:
    """Share of full CAR killing at a target density."""
    steep = s.value("antigen_steepness")
    ratio = (density / s.value("antigen_threshold")) ** steep
    return np.asarray(ratio / (1 + ratio))


def _adcc(s: Sampler, disease: NDArray[np.int64]) -> Any:
    """ADCC relative to CAR killing, where the disease carries what the antibody sees."""
    antibody = _given(s.study, ANTIBODIES)
    if not antibody:
        return 0.0
    source = s.study.product.source
    edited = source == "ipsc" and "hncd16" in s.study.product.edits
    cd16 = s.value("cd16_ipsc_hncd16" if edited else f"cd16_{source}")
    names = tuple(s.study.diseases)
    marked = np.isin(disease, [i for i, n in enumerate(names) if n in SEEN_BY[antibody]])
    return np.where(marked, s.value("adcc_share") * cd16, 0.0)


def _meets_itself(study: Study) -> bool:
    """Whether infused cells carry what their CAR or the antibody sees."""
    return study.product.construct.target in ON_NK_CELLS or _given(study, ANTIBODIES) == (
        "daratumumab"
    )


def _homing(s: Sampler) -> Any:
    homing: Any = 1.0
    for receptor in ("cxcr2", "cxcr4"):
        if receptor in s.study.product.construct.payloads:
            homing = homing * s.value(f"homing_{receptor}")
    return homing


def _missing_self(s: Sampler) -> Any:
    edits = s.study.product.edits
    if "b2m_loss" not in edits:
        return 0.0
    seen = s.value("visible_to_nk_b2m_loss")
    return seen * s.value("visible_to_nk_hla_e") if "hla_e" in edits else seen


def _of_arms(s: Sampler, arm: NDArray[np.int64], drawn: dict[str, Array]) -> dict[str, Any]:
    """What the regimen sets: rescue by arm, and the one antibody and agonist of the study."""
    antibody, agonist = _given(s.study, ANTIBODIES), _given(s.study, AGONISTS)
    rescue = [each.regimen.rescue for each in s.study.arms]
    per_mg = s.value("tocilizumab_volume") / 1000  # L/kg
    return {
        "antibody_clearance": s.value(f"antibody_clearance_{antibody}") if antibody else 1.0,
        "antibody_sees_b": float(antibody == "rituximab"),
        "agonist_clearance": s.value(f"agonist_clearance_{agonist}") if agonist else 1.0,
        "rescue_il6": np.array([r.il6 if r else NEVER for r in rescue])[arm],
        "rescue_tocilizumab": np.array([r.tocilizumab if r else 0.0 for r in rescue])[arm] / per_mg,
        "rescue_steroid": np.array([r.dexamethasone if r else 0.0 for r in rescue])[arm],
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
    plan += [(day, "donor_t", drawn["t_cells_per_kg"] * weight) for day in infusion.days]
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
