"""Axicabtagene ciloleucel in ZUMA-1: CAR-T cells against normal T cells and tumor [kimmel2021]."""

from typing import Any

import numpy as np

from ...solver import Model, exp, log
from .comparator import Array, Case, Comparator, Courses, Figure, Line, grid

PROGRESSION = 1.2  # of the initial tumor, the paper's rule


def normal_t(y: Any, p: Any) -> dict[str, Any]:
    """Normal T cells grow back after lymphodepletion (Gompertz), all T cells counted (eq. 2.1)."""
    return {"normal": -p.normal_growth * y.normal * log((y.normal + y.car) / p.normal_capacity)}


def car_t(y: Any, p: Any) -> dict[str, Any]:
    """CAR-T cells grow towards a lower capacity, faster while T cells are few (eq. 2.2)."""
    every = y.normal + y.car
    gap = (every - p.normal_capacity) * (every - p.normal_capacity)
    rate = p.car_growth + p.recovery_gain * gap / (p.recovery_half * every * every + gap)
    return {"car": -rate * y.car * log(every / p.car_capacity)}


def tumor_growth(y: Any, p: Any) -> dict[str, Any]:
    """Tumor cells grow and are killed by CAR-T cells, saturating in those (eq. 2.3)."""
    return {"tumor": (p.growth - _death(y, p)) * y.tumor}


def extinction(y: Any, p: Any) -> dict[str, Any]:
    """Kendall's birth-death process: decline R and log ancestry L = log(1 + I) of the tumor.

    P(extinct by t) = (I / (1 + I)) ** initial cells; birth is net growth [kendall1948].
    """
    death = _death(y, p)
    return {"decline": death - p.growth, "ancestry": death * exp(y.decline - y.ancestry)}


def _death(y: Any, p: Any) -> Any:
    return p.kill * y.car / (p.kill_half + y.car)


def extinct(c: Courses) -> Array:
    """Chance that no tumor cell is left, over days."""
    with np.errstate(divide="ignore"):
        gone = np.log1p(-np.exp(-np.maximum(c.states["ancestry"], 0.0)))
    return np.exp(c.numbers["tumor_start"][:, None] * gone)


def half_of_extinctions(c: Courses) -> Array:
    """The day by which half of the chance of extinction has come; NaN where there is none."""
    chance = extinct(c)
    day = c.days[(chance >= chance[:, -1:] / 2).argmax(axis=1)]
    return np.where(chance[:, -1] > 0, day, np.nan)


def progression(c: Courses) -> Array:
    """The day after the nadir on which the tumor passes 120 % of its start; NaN if it does not."""
    tumor = c.states["tumor"]
    after = np.arange(tumor.shape[1]) > tumor.argmin(axis=1)[:, None]
    over = after & (tumor > PROGRESSION * tumor[:, :1])
    return np.where(over.any(axis=1), c.days[over.argmax(axis=1)], np.nan)


def car_per_ul(c: Courses) -> Array:
    """CAR-T cells per uL, by the paper's own ratio of totals to counts."""
    return np.asarray(c.states["car"] / c.numbers["volume"][:, None])


def _count(day: float) -> Figure:
    title = f"CAR-T on day {day:g}"
    return Figure(f"per_ul_{day:g}", title, "cells/uL", lambda c: c.at(car_per_ul(c), day))


KIMMEL = Comparator(
    name="kimmel2021",
    title="CAR-T cells, normal T cells and lymphoma in ZUMA-1 (Kimmel et al. 2021)",
    product="axicabtagene ciloleucel (CD19 CAR-T, autologous)",
    diseases=("dlbcl",),
    fitted_to="axicabtagene ciloleucel in large B-cell lymphoma: medians of 101 patients of ZUMA-1"
    " and of patients treated at Moffitt",
    model=Model(
        states=("normal", "car", "tumor", "decline", "ancestry"),
        parameters=(
            "normal_growth", "normal_capacity", "car_growth", "car_capacity", "recovery_half",
            "recovery_gain", "kill", "kill_half", "growth",
        ),
        mechanisms=(normal_t, car_t, tumor_growth, extinction),
        positive=("normal", "car", "tumor"),
    ),
    units={"normal": "cell", "car": "cell", "tumor": "cell", "decline": "1", "ancestry": "1"},
    meanings={
        "normal": "Normal T cells in the body",
        "car": "CAR-T cells in the body",
        "tumor": "Tumor cells in the body",
        "decline": "Net deaths per tumor cell, integrated",
        "ancestry": "Logarithm of 1 + Kendall's integral",
    },
    shared=(
        "kimmel2021_normal_growth", "kimmel2021_normal_capacity", "kimmel2021_car_growth",
        "kimmel2021_car_capacity", "kimmel2021_recovery_half", "kimmel2021_recovery_gain",
        "kimmel2021_kill", "kimmel2021_kill_half", "kimmel2021_normal_start",
        "kimmel2021_car_start", "kimmel2021_tumor_start", "kimmel2021_volume",
    ),
    cases=(
        Case("slow", "Slow tumor, 0.105 per day", ("kimmel2021_slow_growth",)),
        Case("medium", "Medium tumor, 0.19 per day", ("kimmel2021_medium_growth",)),
        Case("fast", "Fast tumor, 0.265 per day", ("kimmel2021_fast_growth",)),
        Case("slowest", "Slowest tumor, 0.01 per day", ("kimmel2021_slowest_growth",)),
    ),
    start=lambda n: {
        "normal": n["normal_start"], "car": n["car_start"], "tumor": n["tumor_start"],
    },
    lines=(
        Line("car_per_ul", "CAR-T cells in blood", "cells/uL", car_per_ul, floor=1e-2,
             seen=tuple((day, f"per_ul_{day}") for day in (7, 14, 28, 90))),
        Line("normal_per_ul", "Normal T cells in blood", "cells/uL",
             lambda c: np.asarray(c.states["normal"] / c.numbers["volume"][:, None]), floor=1.0),
        Line("tumor", "Tumor cells in the body", "cells", lambda c: c.states["tumor"], floor=1e-2,
             most=1e12),
        Line("extinct", "Chance that the tumor is extinct", "1", extinct),
    ),
    figures=(
        Figure("cmax", "Peak of CAR-T cells", "cells", lambda c: c.states["car"].max(axis=1)),
        Figure("tmax", "Day of the peak", "day", lambda c: c.day_of_peak(c.states["car"])),
        _count(7), _count(14), _count(28), _count(90),
        Figure("nadir", "Fewest tumor cells", "cells", lambda c: c.states["tumor"].min(axis=1)),
        Figure("progression", "Progression (at 120 %)", "day", progression),
        Figure("extinct", "Chance of extinction", "1", lambda c: extinct(c)[:, -1]),
        Figure("half_extinct", "Half of it by day", "day", half_of_extinctions),
    ),
    choices=(
        "Growth rate of CAR-T cells: r_C = rho_C + b (T - K_N)^2 / (a T^2 + (T - K_N)^2) with all T"
        " cells, T = N + C, as Figure 2b prints it and the text defines T; the running text of the"
        " Methods can be read with another bracket. With N alone in place of T the slow tumor's"
        " nadir would be 12.8 instead of 2.0 cells.",
        "There is no deterministic cure: the tumor falls to a few cells, or below one, and grows"
        " back. Cure is the chance that the last cell dies, here by Kendall's formula of 1948 with"
        " births at the net growth rate; the paper counts it in 1,000 runs of a hybrid simulation,"
        " with all numbers but the growth rate drawn around their values.",
        "About 0.03 has been told for the chance of extinction at 0.19 per day. That is not what"
        " the formula gives: 1,000 cells are left at the nadir, and the chance is exp(-148). 0.03"
        " belongs to 0.133 per day.",
        "Nothing limits the tumor in these equations. Its course is drawn up to 1e12 cells, about a"
        " kilogram; what lies beyond has no meaning.",
        "Table 1 prints the quartiles 0.100-0.302 for a and 0.467-0.522 for b, which leave out its"
        " own values 0.423 and 0.525.",
        "Totals become counts by K_N: 2.5e11 cells are 500 per uL.",
    ),
    days=grid((30, 0.1), (200, 0.2), (400, 0.5), (600, 1.0)),
    large={"normal": 1e6, "car": 1e6},
)  # fmt: skip
