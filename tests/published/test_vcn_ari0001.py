"""ARI-0001, lots of Table 2, PMC6319086: copies per cell and CAR+ cells (read).

The table does not say per which cell the copies are counted. Read as per CAR+ cell, they agree with
the permissive share that NK cells have too; read as per total cell, they do not. The three rows do
not tell the readings apart: both fits leave the same residual.
"""

import numpy as np
import pytest

from carnk.making import make, read
from carnk.making.lots import proportion
from carnk.making.titration import fit

COPIES = (1.45, 2.32, 2.51)
CAR_POSITIVE = (26.0, 41.9, 39.7)
VIABLE = (97.9, 98.1, 98.0, 91, 96.3, 94)
ROWS = np.column_stack([np.full(3, 10.0), CAR_POSITIVE, COPIES])  # the MOI is taken as 10


@pytest.fixture(scope="module")
def lots():
    return make(read("carT_autologous"), 4000, 1)


def test_copies_per_car_positive_cell(lots):
    assert min(COPIES) < np.median(lots.vcn_car_positive) < max(COPIES)


def test_car_positive_cells(lots):
    assert min(CAR_POSITIVE) < 100 * np.median(lots.car_positive) < max(CAR_POSITIVE)


@pytest.mark.xfail(reason="the simulated copies are 0.7 per total cell, if the table means that")
def test_copies_per_total_cell(lots):
    assert min(COPIES) < np.median(lots.vcn_total) < max(COPIES)


def test_viability(lots):
    """Within the six lots of this table and of PMC12456031, Table 2."""
    assert min(VIABLE) < 100 * np.median(lots.viability) < max(VIABLE)


def test_both_readings_fit_alike_and_give_different_copies():
    total, per_car = fit(ROWS, "total"), fit(ROWS, "car_positive")
    assert total.residual == pytest.approx(per_car.residual, rel=0.05)
    at = np.array([10.0])
    assert float(total.predicted(at)[2][0]) == pytest.approx(6, abs=1)
    assert float(per_car.predicted(at)[2][0]) == pytest.approx(2.1, abs=0.2)


def test_failure_rate_of_approved_products(lots):
    """Tisagenlecleucel, 12 of 165 not manufactured (PMC8427697, Table 2); others failed less."""
    low, high = proportion(12, 165)
    assert low < 1 - lots.released_fraction < high
