"""mTPI (Ji 2010), mTPI-2 (Guo 2017), keyboard (Yan 2017): decisions at target 0.3, half-width 0.05.

mTPI with 3, 6, 9 patients: Figure 2 of Ji 2010; mTPI-2: Figure 3 of Guo 2017, both as cited in the
tests of brockk/escalation. doi:10.1177/1740774510382799, 10.1016/j.cct.2017.04.006,
10.1158/1078-0432.CCR-17-0220.
"""

import pytest

from carnk.base import SpecError
from carnk.designs.exact import fewest_above
from carnk.designs.keyboard import UnitMass

# DLT 0, 1, 2, ...: E escalate, S stay, D de-escalate, U de-escalate and never return
MTPI = {3: "ESDU", 6: "EESSUUU", 9: "EESSSUUUUU"}
MTPI2 = {3: "ESDU", 6: "EESDUUU", 9: "EEESDUUUUU"}


def decisions(kind, target, n):
    moves = UnitMass(kind, target).moves(n)
    fewest = fewest_above(target, 0.95, n)[n]
    row = ["DSE"[int(move) + 1] for move in moves[n, : n + 1]]
    return "".join("U" if n >= 3 and k >= fewest else word for k, word in enumerate(row))


@pytest.mark.parametrize(("kind", "table"), [("mTPI", MTPI), ("mTPI-2", MTPI2)])
def test_printed_figures(kind, table):
    assert {n: decisions(kind, 0.3, n) for n in table} == table


@pytest.mark.parametrize("n", [3, 6, 9, 12, 18])
def test_keyboard_decides_as_mtpi2_here(n):
    assert decisions("keyboard", 0.3, n) == decisions("mTPI-2", 0.3, n)


@pytest.mark.parametrize("target", [0.15, 0.2, 0.25, 0.33, 0.4])
def test_keys_tile_from_the_target_key(target):
    keys = UnitMass("keyboard", target).intervals
    widths = [high - low for low, high in keys]
    assert max(widths) == pytest.approx(min(widths))
    assert any(low == pytest.approx(target - 0.05) for low, _ in keys)
    whole = UnitMass("mTPI-2", target).intervals
    assert whole[0][0] == pytest.approx(0.0, abs=1e-9)
    assert whole[-1][1] == pytest.approx(1.0)


@pytest.mark.parametrize("target", [0.06, 0.08, 0.1, 0.12])
@pytest.mark.parametrize("kind", ["mTPI", "mTPI-2", "keyboard"])
def test_low_targets_can_still_escalate_and_fall(kind, target):
    moves = UnitMass(kind, target).moves(30)
    assert moves[30, 0] == 1
    assert moves[3, 3] == -1
    for n in range(1, 31):
        row = list(moves[n, : n + 1])
        assert row == sorted(row, reverse=True)


@pytest.mark.parametrize(("target", "half"), [(0.05, 0.05), (0.3, 0.0), (0.6, 0.4)])
def test_target_intervals_that_leave_nothing_on_a_side_are_refused(target, half):
    with pytest.raises(SpecError, match="around"):
        UnitMass("mTPI-2", target, half, half)
