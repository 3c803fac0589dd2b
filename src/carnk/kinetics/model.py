"""The whole in-vivo model: which states, which numbers, which mechanisms."""

from typing import Any

from ..solver import Event, Model
from . import host, product, tumor

PRODUCT = (
    "lung", "car_blood", "car_tissue", "car_exhausted", "plain_blood", "plain_tissue",
    "generations", "car_expressed", "switch_sensitive", "car_memory", "donor_t",
)  # fmt: skip
TUMOR = ("tumor_high", "tumor_low", "tumor_bare")
EXTINCTION = (
    "decline_high", "ancestry_high", "decline_low", "ancestry_low", "decline_bare",
    "ancestry_bare",
)  # fmt: skip
HOST = ("host_t", "primed_t", "host_nk", "b_cells", "monocytes", "macrophages")
SOLUBLE = (
    "il15", "agonist", "ifng", "tnf", "il6", "antibody", "antibody_deep", "rimiducid",
    "tocilizumab", "steroid", "fludarabine", "cyclophosphamide",
)  # fmt: skip
STATES = (*PRODUCT, *TUMOR, *EXTINCTION, *HOST, *SOLUBLE, "gvhd_hazard")

# Set by the product, the patient or the regimen; every other number has its library id as its name.
OF_PRODUCT = (
    "antigen_expansion", "antigen_half", "armor_il15", "armor_secretion", "b_cells_seen",
    "bystander", "car_positive", "car_transient", "cell_capacity", "cell_loss", "expansion",
    "fatigue_per_kill", "fratricide", "homing", "il21_payload", "kill_adcc", "kill_car_high",
    "kill_car_low", "kill_natural", "kill_natural_bare", "memory_formation", "memory_loss",
    "monocytes_seen", "myeloid_target", "renewal", "switch_present", "visible_to_nk",
    "visible_to_t",
)  # fmt: skip
OF_PATIENT = (
    "access", "antibody_tumor_kill", "chemo_sensitivity", "growth", "suppression",
    "tumor_capacity",
)  # fmt: skip
OF_REGIMEN = (
    "agonist_clearance", "antibody_clearance", "antibody_sees_b", "rescue_il6",
    "rescue_rimiducid", "rescue_steroid", "rescue_tocilizumab",
)  # fmt: skip
FROM_LIBRARY = (
    "alloreactive_fraction", "antibody_b_kill", "antibody_back", "antibody_half", "antibody_out",
    "antigen_boost", "armor_shared", "b_capacity", "b_turnover",
    "cyclophosphamide_clearance", "cyclophosphamide_kill", "division_limit", "donor_t_loss",
    "effector_half", "exhausted_loss", "fatigue_recovery",
    "fludarabine_clearance", "fludarabine_kill", "fluid_per_kg", "fratricide_half", "gvhd_half",
    "gvhd_hazard_max", "host_nk_capacity", "host_nk_recovery", "host_t_capacity", "host_t_recovery",
    "ifng_base", "ifng_clearance", "ifng_half", "ifng_secretion", "il15_clearance", "il15_depleted",
    "il15_half", "il15_reference_cells", "il15_survival", "il15_uptake", "il21_gain", "il6_base",
    "il6_clearance", "il6_secretion", "lung_exit", "macrophage_activation", "macrophage_loss",
    "mismatch", "missing_self_kill", "monocyte_capacity", "monocyte_chemo", "monocyte_loss",
    "mrna_decay", "niche", "plain_expansion", "plasma_per_kg", "primed_expansion",
    "primed_loss", "priming_half", "priming_rate", "rejection_half", "rejection_max",
    "rimiducid_clearance", "rimiducid_half", "steroid_clearance", "steroid_half", "switch_kill",
    "switch_resistant", "target_half", "tnf_base", "tnf_clearance", "tnf_half", "tnf_secretion",
    "to_blood", "to_tissue", "tocilizumab_clearance", "tocilizumab_half", "tocilizumab_max",
    "weight",
)  # fmt: skip
PARAMETERS = (*FROM_LIBRARY, *OF_PRODUCT, *OF_PATIENT, *OF_REGIMEN)


def _il6_over_trigger(y: Any, p: Any) -> Any:
    return y.il6 - p.rescue_il6


def _give_rescue(_y: Any, p: Any) -> dict[str, Any]:
    return {
        "tocilizumab": p.rescue_tocilizumab,
        "steroid": p.rescue_steroid,
        "rimiducid": p.rescue_rimiducid,
    }


MODEL = Model(
    states=STATES,
    parameters=PARAMETERS,
    mechanisms=(*product.MECHANISMS, *tumor.MECHANISMS, *host.MECHANISMS),
    events=(Event("rescue", _il6_over_trigger, _give_rescue),),
    positive=tuple(s for s in STATES if s not in EXTINCTION),
)
