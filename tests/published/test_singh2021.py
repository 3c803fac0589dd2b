"""Singh et al. 2021, idecabtagene vicleucel (bb2121) in multiple myeloma, clinical model.

Source: CPT Pharmacometrics Syst. Pharmacol. 10:362-376, doi:10.1002/psp4.12598, Table 1 (clinical
PK-PD model), supplement and model code as transcribed by nlmixr2lib. The equations are written out
again here with cell numbers instead of concentrations and M-protein in g/L.
"""

import numpy as np
import pytest
from comparator_figures import WITHIN, integrate, rows

DOSES = (50, 150, 450, 800)
CMAX = dict(zip(DOSES, (37_445, 36_537, 35_774, 35_498)))
TMAX = dict(zip(DOSES, (16.31, 15.25, 14.18, 13.62)))
INFUSION = dict(zip(DOSES, (20_000, 60_000, 180_000, 320_000)))
VB, VBM, TRANSC, TUMOR0, PM, KM = 5.0, 3.65, 0.002, 2.5e9, 12.1e-12, 0.117
KON, KOFF = 7.103e4 * 86_400 / 6.023e23, 2.385e-3 * 86_400


def by_lsoda(millions):
    """Days, copies/ug and M-protein relative to its baseline."""

    def rates(_t, y):
        eb, mb, et, mt, cx, tumor, m = y
        cells = (et + mt) / VBM
        per_cart, per_tumor = cx / cells, cx / tumor
        return [
            -1.71 * eb + 0.176 * et - 113 * eb,
            -1.71 * mb + 0.176 * mt - 0.219 * mb,
            1.71 * eb - 0.176 * et + (1.73 * per_cart / (10 + per_cart) - 2e-5) * et,
            1.71 * mb - 0.176 * mt + 2e-5 * et,
            KON * (cells * 15_000 - cx) * (tumor * 12_590 - cx) - KOFF * cx,
            0.008 * tumor - 0.343 * per_tumor / (2.24 + per_tumor) * tumor,
            PM * TUMOR0 * (tumor / TUMOR0) ** 0.215 - KM * m,
        ]

    days = np.round(np.arange(0, 365.001, 0.01), 2)
    baseline = PM * TUMOR0 / KM
    start = [millions * 1e6, 0, 1e-6 * VBM, 0, 0, TUMOR0, baseline]
    y = integrate(rates, start, days)
    return days, TRANSC * (y[:, 0] + y[:, 1]) / VB, y[:, 6] / baseline


@pytest.mark.parametrize("dose", DOSES)
def test_peak_after_day_1_and_level_at_infusion(dose):
    found = rows("singh2021")
    assert found[f"d{dose}", "cmax"].ours == pytest.approx(CMAX[dose], rel=WITHIN)
    assert found[f"d{dose}", "tmax"].ours == pytest.approx(TMAX[dose], rel=WITHIN)
    assert found[f"d{dose}", "infusion"].ours == pytest.approx(INFUSION[dose], rel=WITHIN)


@pytest.mark.parametrize("dose", DOSES)
def test_the_second_column_is_the_equations_solved_apart(dose):
    days, copies, marker = by_lsoda(dose)
    late = np.where(days >= 1, copies, 0)
    expected = {"infusion": copies[0], "cmax": late.max(), "tmax": days[late.argmax()],
                "mprotein": 100 * (marker.min() - 1)}  # fmt: skip
    for figure, value in expected.items():
        told = rows("singh2021")[f"d{dose}", figure].equations
        assert told == pytest.approx(value, rel=2e-5, abs=0.011), figure


def test_exposure_is_flat_above_a_threshold_dose():
    peaks = [rows("singh2021")[f"d{dose}", "cmax"].ours for dose in DOSES]
    assert max(peaks) / min(peaks) < 1.06  # over a 16-fold range of doses
    assert peaks == sorted(peaks, reverse=True)


def test_the_infusion_is_the_highest_level_of_the_larger_doses():
    found = rows("singh2021")
    higher = [found[f"d{d}", "infusion"].ours > found[f"d{d}", "cmax"].ours for d in DOSES]
    assert higher == [False, True, True, True]


def test_every_figure_is_within_1_percent_of_the_equations():
    assert all(row.holds for row in rows("singh2021").values())
