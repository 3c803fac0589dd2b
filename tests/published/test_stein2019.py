"""Stein et al. 2019, tisagenlecleucel cellular kinetics in pediatric B-ALL.

Source: CPT Pharmacometrics Syst. Pharmacol. 8:285-295, doi:10.1002/psp4.12388: abstract (doubling
time, half-lives), Table 1 (parameters, variances) and the supplement's closed form, which is
written out here.
"""

import numpy as np
import pytest
from comparator_figures import WITHIN, rows

from carnk.kinetics.comparators import COMPARATORS
from carnk.library import load
from carnk.study.comparators import typical

FOLD, TMAX, CMAX, ALPHA, FB, BETA = 3900, 9.3, 24_000, 0.16, 0.0079, 0.0032  # Table 1
OMEGA2 = {
    "fold_expansion": 2.4, "tmax": 0.38, "cmax": 0.65, "alpha": 0.91, "memory_share": 0.8,
    "beta": 0.86,
}  # fmt: skip
FIGURES = {
    "doubling": 0.780, "half_life_fast": 4.33, "half_life_slow": 216.6, "auc_0_28d": 1.718e5,
    "level_28": 1374, "level_90": 146.5, "level_180": 109.8, "level_365": 60.7,
}  # fmt: skip


def closed_form(day):
    """The supplement's solution."""
    rising = CMAX / FOLD * np.exp(np.log(FOLD) / TMAX * day)
    since = day - TMAX
    falling = CMAX * ((1 - FB) * np.exp(-ALPHA * since) + FB * np.exp(-BETA * since))
    return np.where(day < TMAX, rising, falling)


def area(day):
    """Its integral from 0 to a day after Tmax."""
    rho, since = np.log(FOLD) / TMAX, day - TMAX
    falling = (1 - FB) / ALPHA * -np.expm1(-ALPHA * since) + FB / BETA * -np.expm1(-BETA * since)
    return CMAX / FOLD * np.expm1(rho * TMAX) / rho + CMAX * falling


@pytest.mark.parametrize(("figure", "value"), FIGURES.items())
def test_figures_of_the_typical_patient(figure, value):
    assert rows("stein2019")["typical", figure].ours == pytest.approx(value, rel=WITHIN)


@pytest.mark.parametrize(("figure", "printed"), [("doubling", 0.78), ("half_life_fast", 4.3),
                                                 ("half_life_slow", 220)])  # fmt: skip
def test_the_abstract_is_met_within_its_digits(figure, printed):
    row = rows("stein2019")["typical", figure]
    assert float(row.printed) == printed
    assert row.ours == pytest.approx(printed, rel=0.02)


def test_the_second_column_is_the_closed_form():
    found = rows("stein2019")
    for day in (28, 90, 180, 365):
        expected = float(closed_form(np.array(day)))
        assert found["typical", f"level_{day}"].equations == pytest.approx(expected, rel=1e-5)
    assert found["typical", "auc_0_28d"].equations == pytest.approx(area(28), rel=1e-5)


def test_the_switch_at_tmax_is_exact():
    comparator = COMPARATORS["stein2019"]
    courses = typical(comparator, load().view())
    level = comparator.lines[0].of(courses)[0]
    np.testing.assert_allclose(level, closed_form(courses.days), rtol=1e-5)
    assert level.max() == pytest.approx(CMAX, rel=1e-5)
    assert courses.days[level.argmax()] == TMAX


def test_variances_are_those_of_table_1():
    for name, omega2 in OMEGA2.items():
        spread = load()[f"stein2019_{name}"].spread
        assert (spread.law, spread.size) == ("lognormal_omega2", omega2)
    assert load()["stein2019_residual"].value == 0.56


def test_every_figure_is_within_1_percent_of_the_equations():
    assert all(row.holds for row in rows("stein2019").values())
