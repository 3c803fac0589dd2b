"""Hardiansyah and Ng 2019, CAR-T cells and cytokines in CLL (UPN1, UPN3).

Source: Clin. Transl. Sci. 12:343-349, doi:10.1111/cts.12636, supplement, equations 1-9 and Tables
S1-S2 as transcribed by nlmixr2lib, with its errata; figures in print were read off Figures 1b and
S1. The equations are written out again here in the paper's unit, 1e9 cells.
"""

import numpy as np
import pytest
from comparator_figures import WITHIN, integrate, rows

from carnk.kinetics.comparators import COMPARATORS, simulate
from carnk.library import load
from carnk.study.comparators import numbers_of

PATIENTS = {  # P_IL6, P_IL10, P_IFN, r_E, d_E, a_E, K; baselines; B0; dose
    "upn1": ((1.8e-3, 7e-4, 3e-4, 16.16, 23.04, 0.024, 0.19), (1.7, 4.5, 2.3), 4.14, 1.1),
    "upn3": ((6e-3, 1.7e-2, 6e-3, 14.40, 1.44, 0.12, 2.21), (1.0, 0.5, 1.7), 0.93, 0.014),
}
FIGURES = [
    ("upn1", "cmax", 2.5498e9), ("upn1", "tmax", 3.83), ("upn1", "peak_il6", 2747.6),
    ("upn1", "peak_il10", 915.3), ("upn1", "peak_ifng", 828.4),
    ("upn3", "cmax", 9.690e7), ("upn3", "tmax", 27.2), ("upn3", "peak_il6", 49.31),
    ("upn3", "peak_il10", 116.4), ("upn3", "peak_ifng", 119.6),
]  # fmt: skip
IN_PRINT = [
    ("upn1", "cmax", 2.3e9), ("upn1", "peak_il6", 2800), ("upn1", "peak_il10", 550),
    ("upn1", "peak_ifng", 700), ("upn3", "cmax", 1.2e8), ("upn3", "peak_il6", 50),
    ("upn3", "peak_il10", 150), ("upn3", "peak_ifng", 110),
]  # fmt: skip
R_B, D_B, R_M, D_M, A_M, K_IN, K_OUT, H = 9.3e-3, 7.6e-3, 5.09e-2, 0.408, 1.0, 76.78, 1.84, 1e5
D_IL6, D_IL10, D_IFN, A_G, B_G = 3.96, 4.68, 1.51, 0.59, 650.0


def by_lsoda(patient):
    """Days, total CAR-T cells and all states, in 1e9 cells."""
    (p6, p10, pg, r_e, d_e, a_e, k), (i6, i10, g), b0, dose = PATIENTS[patient]

    def rates(_t, y):
        b, e, et, m, mt, il6, il10, ifn = y
        f = b / (b + H)
        turned = a_e * e * (1 - f) - A_M * m * f
        slowed = A_G + (1 - A_G) * B_G / (il10 + B_G)
        return [
            (R_B - D_B) * b - k * e * b,
            r_e * e * b - d_e * e - K_IN * e + K_OUT * et - turned,
            K_IN * e - K_OUT * et,
            R_M * m - D_M * m - K_IN * m + K_OUT * mt + turned,
            K_IN * m - K_OUT * mt,
            D_IL6 * i6 + p6 * 1e6 * b * e - D_IL6 * il6,
            D_IL10 * i10 + p10 * 1e6 * b * e - D_IL10 * il10,
            D_IFN * g + pg * 1e6 * b * e * slowed - D_IFN * ifn,
        ]

    days = np.round(np.arange(0, 350.001, 0.01), 2)
    start = [b0, 0.1 * dose, 0, 0, 0, i6, i10, g]
    y = integrate(rates, start, days, [(1.0, 1, 0.3 * dose), (2.0, 1, 0.6 * dose)])
    return days, y[:, 1] + y[:, 3], y


@pytest.mark.parametrize(("patient", "figure", "value"), FIGURES)
def test_figures_of_the_equations(patient, figure, value):
    assert rows("hardiansyah2019")[patient, figure].ours == pytest.approx(value, rel=WITHIN)


@pytest.mark.parametrize("patient", PATIENTS)
def test_the_second_column_is_the_equations_solved_apart(patient):
    days, cells, y = by_lsoda(patient)
    expected = {
        "cmax": 1e9 * cells.max(), "tmax": days[cells.argmax()], "peak_memory": 1e9 * y[:, 3].max(),
        "peak_il6": y[:, 5].max(), "tmax_il6": days[y[:, 5].argmax()],
        "peak_il10": y[:, 6].max(), "peak_ifng": y[:, 7].max(),
        "leukemia_50": 1e9 * y[5000, 0], "leukemia_350": 1e9 * y[35000, 0],
    }  # fmt: skip
    told = {f: row.equations for (case, f), row in rows("hardiansyah2019").items()
            if case == patient}  # fmt: skip
    assert len(told) >= 7
    for figure, value in told.items():
        assert value == pytest.approx(expected[figure], rel=2e-5, abs=0.011), figure


@pytest.mark.parametrize(("patient", "figure", "printed"), IN_PRINT)
def test_print_and_its_misses_are_shown(patient, figure, printed):
    row = rows("hardiansyah2019")[patient, figure]
    assert float(row.printed) == printed
    assert row.against_print == pytest.approx(row.ours / printed - 1)


def test_equation_7_as_printed_has_no_memory_cells():
    """As printed, a_E times memory cells, nothing is gained where nothing is."""
    comparator = COMPARATORS["hardiansyah2019"]
    known = numbers_of(comparator, comparator.cases[0], load().view())
    numbers = {name: np.array([number.value]) for name, number in known.items()}
    numbers["memory_formation"] = np.zeros(1)  # what the printed gain comes to from zero
    courses = simulate(comparator, numbers, np.linspace(0, 60, 61))
    assert courses.states["memory"].max() == 0
    assert rows("hardiansyah2019")["upn1", "peak_memory"].ours > 7e6


def test_burden_and_not_dose_sets_the_cytokines():
    comparator = COMPARATORS["hardiansyah2019"]
    known = numbers_of(comparator, comparator.cases[0], load().view())
    numbers = {name: np.full(4, number.value) for name, number in known.items()}
    numbers["burden"] *= [0.5, 2, 1, 1]
    for dose in ("dose_1", "dose_2", "dose_3"):
        numbers[dose] = numbers[dose] * [1, 1, 0.5, 2]
    courses = simulate(comparator, numbers, np.round(np.arange(0, 40, 0.05), 2))
    for cytokine in ("il6", "il10", "ifng"):
        few, much, low, high = courses.states[cytokine].max(axis=1)
        assert much / few > 10
        assert high / low < 1.2


def test_every_figure_is_within_1_percent_of_the_equations():
    assert all(row.holds for row in rows("hardiansyah2019").values())
