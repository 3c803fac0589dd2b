"""Idecabtagene vicleucel in myeloma: CAR-BCMA complexes drive expansion and killing [singh2021]."""

from typing import Any

import numpy as np

from ...solver import Model, power
from .comparator import Array, Case, Comparator, Courses, Figure, Line, grid

AFTER = 1.0  # day from which a peak is looked for: the infusion itself is over by then


def blood(y: Any, p: Any) -> dict[str, Any]:
    """Effector and memory cells are lost from blood and exchange with bone marrow (SI eqs. 6-10).

    Concentrations in two volumes: what leaves one arrives in the other, diluted.
    """
    effector = p.to_marrow * y.effector * p.blood - p.to_blood * y.effector_marrow * p.marrow
    memory = p.to_marrow * y.memory * p.blood - p.to_blood * y.memory_marrow * p.marrow
    return {
        "effector": -effector / p.blood - p.effector_loss * y.effector,
        "memory": -memory / p.blood - p.memory_loss * y.memory,
        "effector_marrow": effector / p.marrow,
        "memory_marrow": memory / p.marrow,
    }


def binding(y: Any, p: Any) -> dict[str, Any]:
    """CARs bind BCMA on myeloma cells and let go (SI eqs. 11-13)."""
    cars = (y.effector_marrow + y.memory_marrow) * p.cars - y.complexes
    antigens = y.tumor * p.antigens - y.complexes
    return {"complexes": p.binding * cars * antigens - p.unbinding * y.complexes}


def expansion(y: Any, p: Any) -> dict[str, Any]:
    """Complexes per CAR-T cell drive division, half-maximal at EC50 (SI eqs. 14, 16)."""
    per_cell = y.complexes / (y.effector_marrow + y.memory_marrow)
    rate = p.expansion_max * per_cell / (p.expansion_half + per_cell)
    return {"effector_marrow": rate * y.effector_marrow}


def memory_formation(y: Any, p: Any) -> dict[str, Any]:
    """A few effector cells in marrow become memory cells."""
    turned = p.memory_formation * y.effector_marrow
    return {"effector_marrow": -turned, "memory_marrow": turned}


def myeloma(y: Any, p: Any) -> dict[str, Any]:
    """Myeloma grows and is killed by the complexes per myeloma cell (SI eqs. 15, 17, 18)."""
    per_cell = y.complexes / y.tumor
    killing = p.kill_max * per_cell / (p.kill_half + per_cell)
    return {"tumor": (p.tumor_growth - killing) * y.tumor}


def markers(y: Any, p: Any) -> dict[str, Any]:
    """M-protein and soluble BCMA, relative to baseline, follow the tumor (SI eqs. 19-20)."""
    burden = y.tumor / p.tumor_start
    return {
        "mprotein": p.mprotein_turnover * (power(burden, p.mprotein_power) - y.mprotein),
        "sbcma": p.sbcma_turnover * (power(burden, p.sbcma_power) - y.sbcma),
    }


def transgene(c: Courses) -> Array:
    """Transgene copies per ug of blood DNA."""
    cells = c.states["effector"] + c.states["memory"]
    return np.asarray(c.numbers["copies_per_cell"][:, None] * cells)


def _late(c: Courses) -> Array:
    return c.since(transgene(c), AFTER)


def _change(name: str, title: str) -> Line:
    return Line(name, title, "% of baseline", lambda c: 100 * c.states[name])


def _dose(millions: int) -> Case:
    return Case(f"d{millions}", f"{millions}e6 CAR-T cells", (f"singh2021_d{millions}_dose",))


CELLS = ("effector", "memory", "effector_marrow", "memory_marrow", "tumor")
SINGH = Comparator(
    name="singh2021",
    title="Idecabtagene vicleucel from bench to bedside, clinical model (Singh et al. 2021)",
    product="idecabtagene vicleucel, bb2121 (BCMA CAR-T, autologous)",
    diseases=("myeloma",),
    fitted_to="idecabtagene vicleucel (bb2121) in relapsed or refractory multiple myeloma: mean"
    " profiles by dose of 33 patients of CRB-401",
    model=Model(
        states=(*CELLS, "complexes", "mprotein", "sbcma"),
        parameters=(
            "to_marrow", "to_blood", "blood", "marrow", "effector_loss", "memory_loss", "cars",
            "antigens", "binding", "unbinding", "expansion_max", "expansion_half",
            "memory_formation", "tumor_growth", "kill_max", "kill_half", "tumor_start",
            "mprotein_turnover", "mprotein_power", "sbcma_turnover", "sbcma_power",
        ),
        mechanisms=(blood, binding, expansion, memory_formation, myeloma, markers),
        positive=(*CELLS, "complexes", "mprotein", "sbcma"),
    ),
    units={
        **dict.fromkeys(CELLS, "cell/L"), "complexes": "1/L", "mprotein": "1", "sbcma": "1",
    },
    meanings={
        "effector": "Effector CAR-T cells per liter of blood",
        "memory": "Memory CAR-T cells per liter of blood",
        "effector_marrow": "Effector CAR-T cells per liter of bone marrow",
        "memory_marrow": "Memory CAR-T cells per liter of bone marrow",
        "tumor": "Myeloma cells per liter of bone marrow",
        "complexes": "CAR-BCMA complexes per liter of bone marrow",
        "mprotein": "M-protein in serum, relative to baseline",
        "sbcma": "Soluble BCMA in serum, relative to baseline",
    },
    shared=(
        "singh2021_to_marrow", "singh2021_to_blood", "singh2021_blood", "singh2021_marrow",
        "singh2021_effector_loss", "singh2021_memory_loss", "singh2021_cars",
        "singh2021_antigens", "singh2021_binding", "singh2021_unbinding",
        "singh2021_expansion_max", "singh2021_expansion_half", "singh2021_memory_formation",
        "singh2021_tumor_growth", "singh2021_kill_max", "singh2021_kill_half",
        "singh2021_tumor_start", "singh2021_mprotein_turnover", "singh2021_mprotein_power",
        "singh2021_sbcma_turnover", "singh2021_sbcma_power", "singh2021_copies_per_cell",
        "singh2021_seed",
    ),
    cases=tuple(_dose(millions) for millions in (50, 150, 450, 800)),
    start=lambda n: {
        "effector": n["dose"] / n["blood"], "effector_marrow": n["seed"],
        "tumor": n["tumor_start"], "mprotein": np.ones(1), "sbcma": np.ones(1),
    },
    lines=(
        Line("transgene", "Transgene in blood", "copies/ug", transgene, floor=1.0),
        Line("tumor", "Myeloma cells in marrow", "cells/L", lambda c: c.states["tumor"], 1.0),
        _change("mprotein", "M-protein in serum"),
        _change("sbcma", "Soluble BCMA in serum"),
    ),
    figures=(
        Figure("infusion", "Level at infusion", "copies/ug", lambda c: transgene(c)[:, 0]),
        Figure("cmax", "Cmax after day 1", "copies/ug", lambda c: np.fmax.reduce(_late(c), axis=1)),
        Figure("tmax", "Tmax after day 1", "day", lambda c: c.day_of_peak(_late(c))),
        Figure("mprotein", "Lowest M-protein, change", "%",
               lambda c: 100 * (c.states["mprotein"].min(axis=1) - 1)),
    ),
    choices=(
        "Kel_e, the loss of effector cells from blood, is 113 per day in print and is taken so: a"
        " half-life of nine minutes. It empties the infusion from blood within the first hours.",
        "Cmax is looked for after day 1. The highest level of all is the infusion itself for the"
        " three larger doses, which no sampling scheme would call a peak of expansion.",
        "Equation 18 of the supplement prints killing as acting on effector cells; the authors' own"
        " model code multiplies it by the tumor, which is taken here. So are the code's tumor of"
        " 2.5e9 cells/L, its 1e-6 effector cells/L in marrow at the start (complexes per cell would"
        " be 0/0 without them) and its unrounded kon and koff. All are known from the transcription"
        " in nlmixr2lib; supplement and code were not opened, so these numbers count as unread.",
        "M-protein and soluble BCMA are carried relative to their baseline, where their production"
        " rates cancel.",
        "Patients of a population differ by the omegas of Table 1 for expansion, killing and the"
        " two markers' exponents (estimated) and by 50 % in the four rates of exchange and loss,"
        " which is the authors' assumption.",
        "The paper prints no peak level as a number; the first column is empty.",
    ),
    days=grid((30, 0.05), (365, 1.0)),
    large={**dict.fromkeys(CELLS[:4], 1e-3), "tumor": 1.0, "complexes": 1.0},
)  # fmt: skip
