"""Expansion of NK cells in print.

K562 with membrane IL-21: above 47,000-fold at day 21 (Denman 2012,
doi:10.1371/journal.pone.0030264; Somanchi and Lee 2016); about 1,000-fold (300-5,000) at day 14,
unread. CliniMACS start: 4.0e7 to 8.55e9 +- 1.7e9 cells, 268 +- 67-fold, day 19 (PMC4076738,
Table 2). Cytokines alone: about 5-fold in two weeks, 8-fold with IL-21
(doi:10.1186/s13045-020-01014-w, Table 4). A kit of growth-arrested K562 feeders: 100- to 1,000-fold
in two weeks, by its maker. Cord CAR-NK with two rounds, 15-22 days: 500- to 5,000-fold, unread.
The doubling times were derived from the first rows of each kind.
"""

import numpy as np
import pytest

from carnk.making import make, parse, read

TEXT = """
process: expansion
steps:
  - {{step: source, by: apheresis}}
  - {{step: isolate, by: cd3_depletion_cd56}}
  - {{step: expand, by: {by}, days: {days} days, volume: 2000 L{more}}}
  - {{step: harvest}}
  - {{step: formulate, cells_per_bag: 1e8 cells}}
  - {{step: freeze}}
dose: {{amount: 1e6 cells/kg, counts: viable}}
release: tc_nk
numbers: {{apheresis_tnc: 2e8 cells}}
"""


def folds(by, days, more=""):
    stages = make(parse(TEXT.format(by=by, days=days, more=more)), 4000, 1).stages
    return stages[2].measures["cells"] / stages[1].measures["cells"]


def test_membrane_il21_to_day_21():
    assert np.median(folds("k562_mbil21", 21)) > 47_000


def test_membrane_il21_to_day_14():
    assert 300 < np.median(folds("k562_mbil21", 14)) < 5000


def test_other_feeders_to_day_19():
    fold = np.median(folds("pbmc_feeders", 19))
    assert 268 - 67 < fold < 268 + 67
    assert 8.55e9 - 1.7e9 < 4.0e7 * fold < 8.55e9 + 1.7e9


@pytest.mark.parametrize(("by", "low", "high"), [("cytokines", 2, 8), ("cytokines_il21", 5, 12)])
def test_cytokines_alone_for_two_weeks(by, low, high):
    assert low < np.median(folds(by, 14)) < high


def test_a_kit_of_feeders_for_two_weeks_at_one_feeder_a_cell():
    assert 100 < np.median(folds("k562_mbil21", 14, ", feeder_ratio: 1")) < 1000


def test_donors_scatter_as_products_do():
    """Products' SD over mean of 0.39-0.70, and sd of ln fold 0.6-0.9."""
    assert 0.6 < np.log(folds("k562_mbil21", 14)).std() < 0.9


def test_two_rounds_on_cord_nk():
    stages = make(read("cord_blood_mbil21"), 4000, 1).stages
    assert 500 < np.median(stages[4].measures["cells"] / stages[1].measures["cells"]) < 5000
