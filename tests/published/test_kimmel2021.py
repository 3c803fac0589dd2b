"""Kimmel, Locke and Altrock 2021, CAR T-cell and tumor dynamics of ZUMA-1.

Source: Proc. R. Soc. B 288:20210229, doi:10.1098/rspb.2021.0229: equations 2.1-2.3, Figure 2b for
r_C, Table 1, Figure 3 for the growth rates, Results (d) for the counts. The equations are written
out again here, with the logarithm of the tumor as a state.
"""

import numpy as np
import pytest
from comparator_figures import WITHIN, integrate, rows

GROWTHS = {"slow": 0.105, "medium": 0.19, "fast": 0.265, "slowest": 0.01}
B0, K_N, PER_UL = 9.486e10, 2.5e11, 5e8  # K_N is 500 per uL
DAYS = np.round(np.arange(0, 600.01, 0.1), 1)
DATA = {7: 27.5, 14: 9.1, 28: 2.1, 90: 0.1}


def by_lsoda(growth, all_t=True):
    """CAR-T cells, tumor cells and the chance of extinction, over days."""

    def rates(_t, y):
        n, c, _, decline, ancestry = y
        every = n + c
        counted = every if all_t else n
        gap = (counted - K_N) ** 2
        r_c = 2.51e-2 + 0.525 * gap / (0.423 * counted**2 + gap)
        death = 1.15 * c / (2.024e9 + c)
        return [
            -0.17 * n * np.log(every / K_N),
            -r_c * c * np.log(every / 6.96e10),
            growth - death,
            death - growth,
            death * np.exp(decline - ancestry),
        ]

    y = integrate(rates, [3e9, 1.8e8, np.log(B0), 0, 0], DAYS)
    with np.errstate(divide="ignore"):
        chance = np.exp(B0 * np.log1p(-np.exp(-np.maximum(y[:, 4], 0))))
    return y[:, 1], np.exp(y[:, 2]), chance


def told(case, figure):
    return rows("kimmel2021")[case, figure]


def test_peak_of_car_t_cells():
    assert told("slow", "cmax").ours == pytest.approx(1.511e10, rel=WITHIN)
    assert told("slow", "tmax").ours == pytest.approx(7.0, rel=WITHIN)


@pytest.mark.parametrize(("day", "per_ul"), [(7, 30.2), (14, 9.05), (28, 2.51), (90, 0.34)])
def test_car_t_cells_per_ul_beside_the_data(day, per_ul):
    row = told("slow", f"per_ul_{day}")
    assert row.ours == pytest.approx(per_ul, rel=WITHIN)
    assert float(row.printed) == DATA[day]


@pytest.mark.parametrize(
    ("case", "nadir", "progression"),
    [("slow", 2.0, 353), ("medium", 1.0e3, 195), ("fast", 7.1e4, 137)],
)
def test_nadir_and_progression_at_120_percent_of_baseline(case, nadir, progression):
    assert told(case, "nadir").ours == pytest.approx(nadir, rel=WITHIN)
    assert told(case, "progression").ours == pytest.approx(progression, rel=WITHIN)


@pytest.mark.parametrize(
    ("case", "chance", "within", "median"), [("slow", 0.66, 0.005, 74), ("slowest", 1.0, 1e-4, 45)]
)
def test_cure_is_a_probability(case, chance, within, median):
    assert told(case, "extinct").ours == pytest.approx(chance, abs=within)
    assert told(case, "half_extinct").ours == pytest.approx(median, abs=1.0)


def test_0_03_is_not_the_chance_at_0_19_per_day():
    """It has been told for that rate; the formula gives exp(-148), and 0.03 at 0.133 per day."""
    assert np.log(told("medium", "extinct").ours) == pytest.approx(-148.4, abs=0.1)
    assert by_lsoda(0.133)[2][-1] == pytest.approx(0.032, abs=0.001)


@pytest.mark.parametrize("case", GROWTHS)
def test_the_second_column_is_the_equations_solved_apart(case):
    cells, tumor, chance = by_lsoda(GROWTHS[case])
    lowest = tumor.argmin()
    expected = {
        "cmax": cells.max(), "tmax": DAYS[cells.argmax()], "nadir": tumor.min(),
        "progression": DAYS[lowest + (tumor[lowest:] > 1.2 * B0).argmax()],
        "extinct": chance[-1], "half_extinct": DAYS[(chance >= chance[-1] / 2).argmax()],
        **{f"per_ul_{day}": cells[10 * day] / PER_UL for day in DATA},
    }  # fmt: skip
    found = {f: row.equations for (c, f), row in rows("kimmel2021").items() if c == case}
    assert len(found) >= 3
    for figure, value in found.items():
        assert value == pytest.approx(expected[figure], rel=2e-5), figure


def test_counting_normal_t_cells_alone_is_another_model():
    assert by_lsoda(0.105, all_t=False)[1].min() == pytest.approx(12.8, rel=0.01)


def test_every_figure_is_within_1_percent_of_the_equations():
    assert all(row.holds for row in rows("kimmel2021").values())
