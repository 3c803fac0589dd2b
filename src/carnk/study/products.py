"""What a product brings into the body: attributes of its lot, and its parameters of the model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain import Study
from ..killing.arms import Arms, build, relative
from .fields import ANTIBODIES, SEEN_BY, T_SOURCES
from .lots import MadeLots
from .numbers import Array, Sampler

ON_B_CELLS = ("CD19",)
ON_MONOCYTES = ("CD33",)
ON_NK_CELLS = ("NKG2DL",)
SOLID = ("glioblastoma", "ovarian", "colorectal")
KIND = {"aml": "aml", **dict.fromkeys(SOLID, "solid")}  # of target cell; B-lineage otherwise
NO_T = {  # what only T cells have, in a product of NK cells
    "antigen_expansion": 0.0, "memory_formation": 0.0, "memory_loss": 0.0,
}  # fmt: skip


def is_t(study: Study) -> bool:
    """Whether the product's cells are T cells."""
    return study.product.source in T_SOURCES


def lot_attributes(s: Sampler) -> dict[str, Array]:
    """What differs between lots: each virtual patient gets one; an autologous lot is its own."""
    study = s.study
    memory = study.product.memory_like_fraction
    name = "kill_car_t" if is_t(study) else "kill_car"
    if s.varies_as_given(name):
        kill = s.value(name, "kill")
    else:
        kill = s.median(name) * np.exp(s.median("kill_spread") * s.z["kill"])
    if memory:
        kill = kill * (1 + memory * (s.value("memory_like_kill") - 1))
    kind = "t" if is_t(study) else study.product.source
    return {
        "kill_per_day": kill,
        "car_positive": s.value(f"car_positive_{kind}", "car_positive"),
        "viability": s.value("viability_after_thaw"),
        "recovery": s.value("recovery_after_thaw"),
        "vcn": s.value("vcn"),
        "t_cells_per_kg": np.zeros(s.ids.size) if is_t(study) else s.value("t_cells_per_kg"),
    }


def alloreactive(s: Sampler) -> Any:
    """Share of the infused CAR-T cells that can attack the patient: donor cells with a receptor."""
    if s.study.product.source != "allogeneic_t":
        return 0.0
    return s.value("tcr_left") if "tcr_loss" in s.study.product.edits else 1.0


def given_drug(study: Study, members: tuple[str, ...]) -> str:
    """The one drug of a kind that any arm gives, or nothing."""
    names = {d.drug for arm in study.arms for d in arm.regimen.drugs}
    return next(iter(sorted(names & set(members))), "")


def of_product(
    s: Sampler, drawn: dict[str, Array], disease: NDArray[np.int64], made: MadeLots | None
) -> dict[str, Any]:
    """The parameters that a product sets, for every patient."""
    construct = s.study.product.construct
    kill, density = drawn["kill_per_day"], drawn["density"]
    arms = _arms_of_killing(s, disease)
    return _of_cells(s, made) | {
        "car_positive": drawn["car_positive"],
        "car_transient": float(construct.delivery == "mrna"),
        "il21_payload": float("il21" in construct.payloads),
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
        "visible_to_t": _visible_to_t(s),
        "visible_to_nk": _missing_self(s),
    }


def _of_cells(s: Sampler, made: MadeLots | None) -> dict[str, Any]:
    """How the cells of a source grow, last and stir up myeloid cells."""
    product, source = s.study.product, s.study.product.source
    armor, secreted = _armor(s)
    armed = {"armor_il15": armor, "armor_secretion": secreted}
    if is_t(s.study):
        return armed | {
            "expansion": 0.0,
            "renewal": 0.0,
            "antigen_expansion": s.value("antigen_expansion_t"),
            "antigen_half": s.value("antigen_half_t"),
            "fatigue_per_kill": s.value("fatigue_per_kill_t"),
            "cell_capacity": s.value("capacity_t"),
            "cell_loss": s.value("effector_loss_t"),
            "memory_formation": s.value("memory_formation_t"),
            "memory_loss": s.value("memory_loss_t"),
            "bystander": 1.0,  # the reference of the others
        }
    memory: Any = product.memory_like_fraction if made is None else made.memory_like
    loss = s.value(f"nk_loss_{source}")
    if product.memory_like_fraction or (made is not None and made.has_memory):
        loss = loss * (1 + memory * (s.value("memory_like_loss") - 1))
    return (
        armed
        | NO_T
        | {
            "expansion": s.value(f"expansion_{source}"),
            "renewal": s.value(f"renewal_{source}"),
            "antigen_half": s.value("antigen_half"),
            "fatigue_per_kill": s.value("fatigue_per_kill"),
            "cell_capacity": s.value("nk_capacity"),
            "cell_loss": loss,
            "bystander": s.value(f"bystander_{source}"),
        }
    )


def _visible_to_t(s: Sampler) -> Any:
    """Rejection by primed T cells relative to adult NK cells; a patient's own cells are not."""
    if s.study.product.source == "autologous_t":
        return 0.0
    seen = s.value(f"visible_to_t_{s.study.product.source}")
    return seen * (s.value("visible_to_t_b2m_loss") if "b2m_loss" in s.study.product.edits else 1.0)


def _arms_of_killing(s: Sampler, disease: NDArray[np.int64]) -> Arms:
    """Kill rates by arm relative to the reference product and disease, for every patient."""
    if is_t(s.study):
        return Arms(1.0, 0.0, 0.0, 0.0)  # of the receptor alone
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
    antibody = given_drug(s.study, ANTIBODIES)
    if not antibody or is_t(s.study):
        return 0.0
    source = s.study.product.source
    edited = source == "ipsc" and "hncd16" in s.study.product.edits
    cd16 = s.value("cd16_ipsc_hncd16" if edited else f"cd16_{source}")
    names = tuple(s.study.diseases)
    marked = np.isin(disease, [i for i, n in enumerate(names) if n in SEEN_BY[antibody]])
    return np.where(marked, s.value("adcc_share") * cd16, 0.0)


def _meets_itself(study: Study) -> bool:
    """Whether infused cells carry what their CAR or the antibody sees."""
    return study.product.construct.target in ON_NK_CELLS or given_drug(study, ANTIBODIES) == (
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
    if "b2m_loss" not in edits or s.study.product.source == "autologous_t":
        return 0.0
    seen = s.value("visible_to_nk_b2m_loss")
    return seen * s.value("visible_to_nk_hla_e") if "hla_e" in edits else seen
