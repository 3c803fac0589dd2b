"""Isolation of NK cells from an apheresis, Transfusion 2018, PMC6021208, Table 1 (mean +- SD).

Purity, recovery and log T depletion are the process's own inputs; cells after the column are not,
and follow from the apheresis, the recovery and the purity together.
"""

import numpy as np
import pytest

from carnk.making import make, parse

TABLE = {  # scheme: purity %, recovery %, log T, apheresis TNC 1e10, NK %, post-column TNC 1e9
    "cd3_depletion": ((38, 13), (79, 15), (2.7, 0.4), (2.0, 11), (4.7, 2.4)),
    "cd3_depletion_cd56": ((90, 7), (19, 11), (4.3, 0.5), (2.4, 12), (0.6, 0.4)),
    "cd3_cd19_depletion": ((39, 15), (74, 15), (3.5, 0.5), (2.3, 12), (4.9, 1.4)),
}
INFUSED = {  # NK cells after overnight culture, 1e7
    "cd3_depletion": (68.7, 26.5),
    "cd3_depletion_cd56": (25.3, 14.0),
    "cd3_cd19_depletion": (158.1, 109.9),
}
TEXT = """
process: isolation
steps:
  - {{step: source, by: apheresis}}
  - {{step: isolate, by: {scheme}}}
  - {{step: harvest}}
  - {{step: formulate, cells_per_bag: 1e8 cells}}
  - {{step: freeze}}
dose: {{amount: 1e6 cells/kg, counts: viable}}
release: tc_nk
numbers: {{apheresis_tnc: {tnc}e10 cells, apheresis_nk: {nk}}}
"""


def stages(scheme):
    tnc, nk = TABLE[scheme][3]
    made = make(parse(TEXT.format(scheme=scheme, tnc=tnc, nk=nk / 100)), 4000, 1)
    return made.stages[0].measures, made.stages[1].measures


def within(value, printed):
    mean, sd = printed
    return mean - sd <= value <= mean + sd


@pytest.mark.parametrize("scheme", TABLE)
def test_purity_recovery_and_depletion(scheme):
    before, after = stages(scheme)
    purity, recovery, log_t = TABLE[scheme][:3]
    assert within(100 * np.median(after["purity"]), purity)
    assert within(100 * np.median(after["cells"] / before["cells"]), recovery)
    assert within(np.median(np.log10(before["t_cells"] / after["t_cells"])), log_t)


@pytest.mark.parametrize("scheme", TABLE)
def test_spread_between_products(scheme):
    before, after = stages(scheme)
    assert 100 * after["purity"].std() == pytest.approx(TABLE[scheme][0][1], rel=0.35)
    kept = 100 * (after["cells"] / before["cells"]).std()
    assert kept == pytest.approx(TABLE[scheme][1][1], rel=0.35)


@pytest.mark.parametrize("scheme", TABLE)
def test_cells_after_the_column(scheme):
    _, after = stages(scheme)
    assert within(np.median(after["cells"] / after["purity"]) / 1e9, TABLE[scheme][4])


@pytest.mark.parametrize(
    "scheme",
    [
        pytest.param(
            "cd3_depletion",
            marks=pytest.mark.xfail(
                reason="the dose was capped by its specification, not by yield"
            ),
        ),
        pytest.param(
            "cd3_depletion_cd56",
            marks=pytest.mark.xfail(
                reason="half the NK cells are lost overnight, which no step has"
            ),
        ),
        "cd3_cd19_depletion",
    ],
)
def test_cells_infused(scheme):
    _, after = stages(scheme)
    assert within(np.median(after["cells"]) / 1e7, INFUSED[scheme])
