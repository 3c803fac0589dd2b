"""CTL019 in two patients with CLL: CAR-T cells, leukemia and cytokines [hardiansyah2019]."""

from typing import Any

import numpy as np

from ...solver import Model
from .comparator import Array, Case, Comparator, Courses, Figure, Line, grid


def leukemia(y: Any, p: Any) -> dict[str, Any]:
    """B cells of CLL divide, die and are killed by effector cells in blood (eq. 1)."""
    net = p.tumor_birth - p.tumor_death
    return {"leukemia": net * y.leukemia - p.kill * y.effector * y.leukemia}


def effector_cells(y: Any, p: Any) -> dict[str, Any]:
    """Effector cells multiply on leukemia cells and are lost from blood (eq. 5)."""
    return {"effector": p.expansion * y.effector * y.leukemia - p.effector_loss * y.effector}


def memory_cells(y: Any, p: Any) -> dict[str, Any]:
    """Memory cells divide and are lost from blood (eq. 7)."""
    return {"memory": (p.memory_growth - p.memory_loss) * y.memory}


def conversion(y: Any, p: Any) -> dict[str, Any]:
    """Effector cells become memory cells where leukemia is sparse, and return where it is dense.

    Eqs. 5, 7 and 9. Equation 7 prints the gain as a_E times *memory* cells; what effector cells
    lose is what memory cells gain, as Figure 1a shows.
    """
    dense = y.leukemia / (y.leukemia + p.burden_half)
    turned = p.memory_formation * y.effector * (1 - dense) - p.memory_activation * y.memory * dense
    return {"effector": -turned, "memory": turned}


def distribution(y: Any, p: Any) -> dict[str, Any]:
    """Both kinds of CAR-T cells exchange between blood and tissue (eqs. 5-8)."""
    effector = p.to_tissue * y.effector - p.to_blood * y.effector_tissue
    memory = p.to_tissue * y.memory - p.to_blood * y.memory_tissue
    return {
        "effector": -effector,
        "effector_tissue": effector,
        "memory": -memory,
        "memory_tissue": memory,
    }


def cytokines(y: Any, p: Any) -> dict[str, Any]:
    """IL-6, IL-10 and IFN-gamma rise with effector cells times leukemia cells (eqs. 2-4).

    IL-10 slows the making of IFN-gamma down to a floor.
    """
    contacts = y.leukemia * y.effector
    slowed = p.ifng_floor + (1 - p.ifng_floor) * p.il10_half / (y.il10 + p.il10_half)
    return {
        "il6": p.il6_loss * (p.il6_base - y.il6) + p.il6_production * contacts,
        "il10": p.il10_loss * (p.il10_base - y.il10) + p.il10_production * contacts,
        "ifng": p.ifng_loss * (p.ifng_base - y.ifng) + p.ifng_production * contacts * slowed,
    }


def car_t(c: Courses) -> Array:
    """CAR-T cells in blood, effector and memory cells together."""
    return np.asarray(c.states["effector"] + c.states["memory"])


def _state(name: str, title: str, unit: str, floor: float) -> Line:
    return Line(name, title, unit, lambda c: c.states[name], floor)


def _peak(name: str, title: str, unit: str) -> Figure:
    return Figure(f"peak_{name}", f"Peak of {title}", unit, lambda c: c.states[name].max(axis=1))


def _leukemia_on(day: float) -> Figure:
    title = f"CLL cells on day {day:g}"
    return Figure(f"leukemia_{day:g}", title, "cells", lambda c: c.at(c.states["leukemia"], day))


HARDIANSYAH = Comparator(
    name="hardiansyah2019",
    title="CAR-T cells and cytokines in CLL (Hardiansyah and Ng 2019)",
    product="CTL019, later tisagenlecleucel (CD19 CAR-T, autologous)",
    diseases=("cll",),
    fitted_to="CTL019 in two patients with chemotherapy-resistant CLL, UPN1 and UPN3 of Kalos et"
    " al. 2011, each with estimates of its own; UPN2 was left out because of steroids",
    model=Model(
        states=(
            "leukemia", "effector", "effector_tissue", "memory", "memory_tissue", "il6", "il10",
            "ifng",
        ),
        parameters=(
            "tumor_birth", "tumor_death", "memory_growth", "memory_loss", "memory_activation",
            "to_tissue", "to_blood", "burden_half", "il6_loss", "il10_loss", "ifng_loss",
            "ifng_floor", "il10_half", "kill", "expansion", "effector_loss", "memory_formation",
            "il6_production", "il10_production", "ifng_production", "il6_base", "il10_base",
            "ifng_base",
        ),
        mechanisms=(
            leukemia, effector_cells, memory_cells, conversion, distribution, cytokines,
        ),
        positive=("leukemia", "effector", "effector_tissue", "memory", "memory_tissue"),
    ),
    units={
        **dict.fromkeys(
            ("leukemia", "effector", "effector_tissue", "memory", "memory_tissue"), "cell"
        ),
        **dict.fromkeys(("il6", "il10", "ifng"), "pg/mL"),
    },
    meanings={
        "leukemia": "CLL cells in blood",
        "effector": "Effector CAR-T cells in blood",
        "effector_tissue": "Effector CAR-T cells in tissue",
        "memory": "Memory CAR-T cells in blood",
        "memory_tissue": "Memory CAR-T cells in tissue",
        "il6": "IL-6 in blood",
        "il10": "IL-10 in blood",
        "ifng": "IFN-gamma in blood",
    },
    shared=(
        "hardiansyah2019_tumor_birth", "hardiansyah2019_tumor_death",
        "hardiansyah2019_memory_growth", "hardiansyah2019_memory_loss",
        "hardiansyah2019_memory_activation", "hardiansyah2019_to_tissue",
        "hardiansyah2019_to_blood", "hardiansyah2019_burden_half", "hardiansyah2019_il6_loss",
        "hardiansyah2019_il10_loss", "hardiansyah2019_ifng_loss", "hardiansyah2019_ifng_floor",
        "hardiansyah2019_il10_half",
    ),
    cases=(
        Case("upn1", "UPN1: 1.1e9 CAR-T, 4.14e9 CLL", (
            "hardiansyah2019_upn1_il6_production", "hardiansyah2019_upn1_il10_production",
            "hardiansyah2019_upn1_ifng_production", "hardiansyah2019_upn1_expansion",
            "hardiansyah2019_upn1_effector_loss", "hardiansyah2019_upn1_memory_formation",
            "hardiansyah2019_upn1_kill", "hardiansyah2019_upn1_il6_base",
            "hardiansyah2019_upn1_il10_base", "hardiansyah2019_upn1_ifng_base",
            "hardiansyah2019_upn1_burden", "hardiansyah2019_upn1_dose_1",
            "hardiansyah2019_upn1_dose_2", "hardiansyah2019_upn1_dose_3",
        )),
        Case("upn3", "UPN3: 1.4e7 CAR-T, 9.3e8 CLL", (
            "hardiansyah2019_upn3_il6_production", "hardiansyah2019_upn3_il10_production",
            "hardiansyah2019_upn3_ifng_production", "hardiansyah2019_upn3_expansion",
            "hardiansyah2019_upn3_effector_loss", "hardiansyah2019_upn3_memory_formation",
            "hardiansyah2019_upn3_kill", "hardiansyah2019_upn3_il6_base",
            "hardiansyah2019_upn3_il10_base", "hardiansyah2019_upn3_ifng_base",
            "hardiansyah2019_upn3_burden", "hardiansyah2019_upn3_dose_1",
            "hardiansyah2019_upn3_dose_2", "hardiansyah2019_upn3_dose_3",
        )),
    ),
    start=lambda n: {
        "leukemia": n["burden"], "effector": n["dose_1"], "il6": n["il6_base"],
        "il10": n["il10_base"], "ifng": n["ifng_base"],
    },
    doses=((1.0, "effector", "dose_2"), (2.0, "effector", "dose_3")),
    lines=(
        Line("car_t", "CAR-T cells in blood", "cells", car_t, floor=1e5),
        _state("leukemia", "CLL cells in blood", "cells", 1e7),
        _state("il6", "IL-6", "pg/mL", 0.1),
        _state("il10", "IL-10", "pg/mL", 0.1),
        _state("ifng", "IFN-gamma", "pg/mL", 0.1),
    ),
    figures=(
        Figure("cmax", "Peak of CAR-T cells", "cells", lambda c: car_t(c).max(axis=1)),
        Figure("tmax", "Day of the peak", "day", lambda c: c.day_of_peak(car_t(c))),
        _peak("memory", "memory cells", "cells"),
        _peak("il6", "IL-6", "pg/mL"),
        Figure("tmax_il6", "Day of that peak", "day", lambda c: c.day_of_peak(c.states["il6"])),
        _peak("il10", "IL-10", "pg/mL"),
        _peak("ifng", "IFN-gamma", "pg/mL"),
        _leukemia_on(50),
        _leukemia_on(350),
    ),
    choices=(
        "The equations and numbers stand in the paper's supplement; they were taken from the"
        " transcription in nlmixr2lib, which has found the errata below. The supplement itself was"
        " not opened, so its numbers count as unread.",
        "Equation 7 prints the gain of memory cells as a_E times memory cells, which start at zero"
        " and would stay there. What effector cells lose (equation 5, Figure 1a) is gained instead:"
        " a_E times effector cells.",
        "h is printed as 1e5 cells/mL. Only 1e5 in the model's own unit, 1e9 cells, gives the"
        " memory cells of Figure 1b: with 1e5 cells they peak 9,500 times lower, with 1e5 cells/mL"
        " in 5 L of blood 3 times lower. So f(B) is all but zero and hardly any memory cell is"
        " activated.",
        "b_G is printed as 650 ng; it is added to IL-10 in pg/mL and taken as 650 pg/mL. a_E is"
        " printed per 1e9 cells and day in one table; it is a rate per day, as a_M is.",
        "The baselines of the cytokines are in no table; they were read off Figure 1b (a"
        " logarithmic axis of six decades, good to about 30 %) and set only the courses' floor.",
        "Cells are counts here, in print 1e9 cells; rates per 1e9 cells were divided by 1e9. The"
        " first dose is there at the start, the others on days 1 and 2.",
        "The figures in print are read off the paper's Figures 1b and S1 (digitized).",
    ),
    days=grid((6, 0.02), (40, 0.1), (350, 1.0)),
    large=dict.fromkeys(
        ("leukemia", "effector", "effector_tissue", "memory", "memory_tissue"), 1e3
    ),
)  # fmt: skip
