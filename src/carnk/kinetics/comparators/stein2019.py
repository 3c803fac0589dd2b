"""Tisagenlecleucel in children with B-ALL: expansion to Tmax, then two declines [stein2019]."""

from typing import Any

import numpy as np

from ...solver import Model, log
from .comparator import Array, Case, Comparator, Courses, Figure, Line, grid

LN2 = float(np.log(2))


def expansion(y: Any, p: Any) -> dict[str, Any]:
    """Until Tmax effector cells multiply at rho = ln(fold expansion) / Tmax."""
    rho = log(p.fold_expansion) / p.tmax
    return {"effector": rho * (1 - y.contracting) * y.effector}


def contraction(y: Any, p: Any) -> dict[str, Any]:
    """From Tmax on effector cells are lost, and a few of them become memory cells."""
    turned = p.memory_share * (p.alpha - p.beta) * y.effector
    return {
        "effector": -p.alpha * y.contracting * y.effector,
        "memory": y.contracting * (turned - p.beta * y.memory),
    }


def exposure(y: Any, _p: Any) -> dict[str, Any]:
    """Area under the transgene level."""
    return {"auc": y.effector + y.memory}


def transgene(c: Courses) -> Array:
    """Transgene copies per ug of blood DNA."""
    return np.asarray(c.states["effector"] + c.states["memory"])


def _level(day: float) -> Figure:
    title = f"Transgene on day {day:g}"
    return Figure(f"level_{day:g}", title, "copies/ug", lambda c: c.at(transgene(c), day))


STEIN = Comparator(
    name="stein2019",
    title="Tisagenlecleucel cellular kinetics (Stein et al. 2019)",
    product="tisagenlecleucel (CD19 CAR-T, autologous)",
    diseases=("b_all",),
    fitted_to="tisagenlecleucel in 90 patients of 3-25 years with relapsed or refractory B-ALL"
    " (ELIANA, ENSIGN)",
    model=Model(
        states=("effector", "memory", "contracting", "auc"),
        parameters=("fold_expansion", "tmax", "alpha", "memory_share", "beta"),
        mechanisms=(expansion, contraction, exposure),
    ),
    units={"effector": "copy/ug", "memory": "copy/ug", "contracting": "1", "auc": "copy*day/ug"},
    meanings={
        "effector": "Transgene of effector cells in blood DNA",
        "memory": "Transgene of memory cells in blood DNA",
        "contracting": "0 until Tmax, 1 from then on",
        "auc": "Area under the transgene level",
    },
    shared=(
        "stein2019_fold_expansion", "stein2019_tmax", "stein2019_cmax", "stein2019_alpha",
        "stein2019_memory_share", "stein2019_beta", "stein2019_residual",
    ),
    cases=(Case("typical", "Typical patient"),),
    start=lambda n: {"effector": n["cmax"] / n["fold_expansion"]},
    doses=(("tmax", "contracting", 1.0),),
    lines=(Line("transgene", "Transgene in blood", "copies/ug", transgene, floor=1.0),),
    figures=(
        Figure("doubling", "Doubling time", "day",
               lambda c: LN2 * c.numbers["tmax"] / np.log(c.numbers["fold_expansion"])),
        Figure("half_life_fast", "Half-life, first decline", "day",
               lambda c: LN2 / c.numbers["alpha"]),
        Figure("half_life_slow", "Half-life, terminal", "day", lambda c: LN2 / c.numbers["beta"]),
        Figure("tmax", "Tmax", "day", lambda c: c.numbers["tmax"]),
        Figure("cmax", "Cmax", "copies/ug", lambda c: c.numbers["cmax"]),
        Figure("auc_0_28d", "AUC0-28d", "copies/ug x day", lambda c: c.at(c.states["auc"], 28)),
        _level(28), _level(90), _level(180), _level(365),
    ),
    choices=(
        "The paper changes the equations at Tmax. Here a state that is 0 until Tmax and 1 from then"
        " on switches them; it gets its 1 as a dose at the patient's own Tmax, where the solver"
        " stops and starts again, so nothing is smoothed. Tests hold it to the closed form.",
        "A patient whose alpha lies below beta (about 1 in 600 by the printed variances) has"
        " memory cells below zero in the paper's equations; their sum with effector cells, which is"
        " what is measured, is the closed form all the same and stays positive.",
        "Tocilizumab and corticosteroids multiply the expansion rate by 1.2 and 1.0 in the paper,"
        " which finds no effect of either; they are left out.",
    ),
    days=grid((28, 0.1), (365, 1.0)),
)  # fmt: skip
