"""One law of persistence meets both ends.

Sources: Ghobadi 2025, doi:10.1016/S0140-6736(24)02462-0 (FT596 seen up to about day 15, peak day
1); Brand 2004, PMID 15186726 (unarmored donor NK cells gone by day 7 without conditioning);
Liu 2020, doi:10.1056/NEJMoa1910607 (cord product seen at 12 months and more).
"""

import pytest

from carnk.fitting.persistence import both_ends


@pytest.fixture(scope="module")
def ends():
    return {each.product: each for each in both_ends()}


@pytest.mark.parametrize("product", ["FT596, one dose of 3e8", "cord product without its armor"])
def test_below_the_limit_on_day_15(ends, product):
    end = ends[product]
    assert end.day == 15.0
    assert end.copies < end.limit
    assert end.detected < 0.5


def test_the_cord_product_is_above_the_limit_on_day_365(ends):
    end = ends["cord product, secreted IL-15"]
    assert end.day == 365.0
    assert end.copies > end.limit
    assert end.detected > 0.5


def test_armor_makes_a_difference_but_is_not_the_switch(ends):
    bare, armored = ends["cord product without its armor"], ends["FT596, one dose of 3e8"]
    assert bare.copies < armored.copies < ends["cord product, secreted IL-15"].copies
