"""Gene delivery to NK cells: J Hematol Oncol 2021, doi:10.1186/s13045-020-00998-9, Table 2.

One permissive share stands for all vectors, so no row has a number to itself but the entry of its
envelope; the baboon envelope has not even that: its entry is VSV-G's times the ratio of Bari 2019.
"""

import numpy as np
import pytest

from carnk.making import make, parse

TEXT = """
process: transduction
steps:
  - {{step: source, by: apheresis}}
  - {{step: isolate, by: cd3_depletion_cd56}}
  - {{step: expand, by: k562_mbil21, days: 5 days}}
  - {{step: transduce, by: {by}, moi: {moi}}}
  - {{step: harvest}}
  - {{step: formulate, cells_per_bag: 1e8 cells}}
  - {{step: freeze}}
dose: {{amount: 1e6 cells/kg, counts: viable}}
release: tc_nk
"""


def car_positive(by, moi):
    return 100 * make(parse(TEXT.format(by=by, moi=moi)), 4000, 1).car_positive


@pytest.mark.parametrize(
    ("by", "moi", "low", "high"),
    [
        ("lentiviral_vsvg", 25, 16, 41),
        ("retroviral_rd114", 10, 27, 47),
        ("lentiviral_baev", 5, 40, 85),  # unread row; Colamartino 2019, Bari 2019
        ("lentiviral_baev", 10, 40, 85),
    ],
)
def test_car_positive_share(by, moi, low, high):
    assert low < np.median(car_positive(by, moi)) < high


def test_a_higher_moi_costs_viable_cells():
    few, many = (make(parse(TEXT.format(by="lentiviral_vsvg", moi=m)), 200, 1) for m in (5, 100))
    assert np.median(many.bags) < 0.7 * np.median(few.bags)
