"""The host: conditioning, recovery, priming against the donor, B cells, monocytes, cytokines."""

from typing import Any

from ..solver import log, maximum
from . import rates


def conditioning(y: Any, p: Any) -> dict[str, Any]:
    """Fludarabine and cyclophosphamide (mg/m2 left to act) deplete host lymphocytes."""
    kill = rates.chemotherapy(y, p)
    return {
        "fludarabine": -p.fludarabine_clearance * y.fludarabine,
        "cyclophosphamide": -p.cyclophosphamide_clearance * y.cyclophosphamide,
        "host_t": -kill * y.host_t,
        "primed_t": -kill * y.primed_t,
        "host_nk": -kill * y.host_nk,
        "b_cells": -kill * y.b_cells,
        "monocytes": -p.monocyte_chemo * kill * y.monocytes,
    }


def t_cell_recovery(y: Any, p: Any) -> dict[str, Any]:
    """Gompertz regrowth of host T cells, primed ones counted, to their set point [kimmel2021]."""
    filled = log(maximum(y.host_t + y.primed_t, rates.ONE_CELL) / p.host_t_capacity)
    return {"host_t": -p.host_t_recovery * y.host_t * filled}


def nk_recovery(y: Any, p: Any) -> dict[str, Any]:
    """Logistic return of the patient's own NK cells."""
    return {"host_nk": p.host_nk_recovery * y.host_nk * (1 - y.host_nk / p.host_nk_capacity)}


def priming(y: Any, p: Any) -> dict[str, Any]:
    """Alloreactive T cells primed by donor HLA expand on donor cells and contract without them.

    Only primed cells reject: a hazard on all recovering T cells would clear every product.
    """
    seen = rates.saturating(rates.donor_cells(y), p.priming_half)
    recruited = seen * p.priming_rate * p.alloreactive_fraction * p.mismatch * y.host_t
    room = maximum(0.0, 1 - (y.host_t + y.primed_t) / p.host_t_capacity)
    expanded = seen * p.primed_expansion * room * y.primed_t
    return {"primed_t": recruited + expanded - p.primed_loss * y.primed_t, "host_t": -recruited}


def b_cell_turnover(y: Any, p: Any) -> dict[str, Any]:
    """Production from marrow, loss, and on-target aplasia."""
    made = p.b_turnover * (p.b_capacity - y.b_cells)
    return {"b_cells": made - rates.b_cell_hazard(y, p) * y.b_cells}


def il15(y: Any, p: Any) -> dict[str, Any]:
    """IL-15 is made at a constant rate and consumed by lymphocytes: depletion makes it surge.

    Armored cells add what they secrete; injected agonist counts as IL-15 equivalents.
    """
    lymphocytes = y.host_t + y.primed_t + y.host_nk + rates.donor_cells(y)
    consumers = lymphocytes / p.il15_reference_cells
    made = p.il15_depleted * p.il15_clearance
    secreted = p.armor_secretion * rates.car_cells(y) / (p.plasma_per_kg * p.weight)
    removed = p.il15_clearance * (1 + p.il15_uptake * consumers)
    return {"il15": made + secreted - removed * y.il15, "agonist": -p.agonist_clearance * y.agonist}


def effector_cytokines(y: Any, p: Any) -> dict[str, Any]:
    """IFN-gamma and TNF from infused cells in contact with targets."""
    per_ml = rates.engaged(y, p) / (p.fluid_per_kg * p.weight)
    return {
        "ifng": p.ifng_clearance * (p.ifng_base - y.ifng) + p.ifng_secretion * per_ml,
        "tnf": p.tnf_clearance * (p.tnf_base - y.tnf) + p.tnf_secretion * per_ml,
    }


def myeloid_activation(y: Any, p: Any) -> dict[str, Any]:
    """Bystander activation of monocytes, scaled by the source of the product [fdacber2024].

    A CAR whose target is on monocytes kills them, and some deaths activate a neighbor.
    """
    drive = rates.saturating(
        (y.ifng - p.ifng_base) / p.ifng_half + (y.tnf - p.tnf_base) / p.tnf_half, 1.0
    )
    killed = rates.monocyte_hazard(y, p) * y.monocytes
    calm = rates.steroid_left(y, p)
    bystanders = p.macrophage_activation * p.bystander * drive * y.monocytes
    turned = (bystanders + p.myeloid_target * killed) * calm
    return {
        "monocytes": p.monocyte_loss * (p.monocyte_capacity - y.monocytes) - turned - killed,
        "macrophages": turned - p.macrophage_loss * y.macrophages,
    }


def il6(y: Any, p: Any) -> dict[str, Any]:
    """IL-6 comes from activated macrophages; receptor blockade slows its removal."""
    blocked = rates.saturating(y.tocilizumab, p.tocilizumab_half)
    removed = p.il6_clearance * (1 - p.tocilizumab_max * blocked)
    made = p.il6_clearance * p.il6_base + p.il6_secretion * y.macrophages
    return {"il6": made - removed * y.il6}


def drugs(y: Any, p: Any) -> dict[str, Any]:
    """Antibody in two compartments (mg/L), tocilizumab (mg/L) and steroid (mg, dexamethasone)."""
    exchanged = p.antibody_out * y.antibody - p.antibody_back * y.antibody_deep
    return {
        "antibody": -p.antibody_clearance * y.antibody - exchanged,
        "antibody_deep": exchanged,
        "tocilizumab": -p.tocilizumab_clearance * y.tocilizumab,
        "steroid": -p.steroid_clearance * y.steroid,
    }


MECHANISMS = (
    conditioning, t_cell_recovery, nk_recovery, priming, b_cell_turnover, il15,
    effector_cytokines, myeloid_activation, il6, drugs,
)  # fmt: skip
