"""Places on an axis."""

import pytest

from carnk.report.strips import Axis, log_axis, share_axis


def test_a_place_is_a_percent_of_the_width_and_stays_on_the_axis() -> None:
    axis = Axis(-2.0, 2.0)
    assert [axis.at(x) for x in (-9.0, -2.0, 0.0, 1.0, 9.0)] == [0, 0, 50, 75, 100]
    bar = axis.bar("world", 1.0, -1.0)
    assert (bar.left, bar.width) == (25, 50)


def test_a_log_axis_spaces_powers_of_ten_evenly() -> None:
    axis = Axis(1.0, 1e4, log=True)
    assert [axis.at(10.0**e) for e in range(5)] == [0, 25, 50, 75, 100]
    assert axis.at(0.0) == 0
    assert [text for _, text in axis.ticks] == ["1", "10", "100", "1,000", "10⁴"]


def test_a_log_axis_takes_any_values() -> None:
    assert log_axis([0.0, float("inf")]).log
    axis = log_axis([0.3, 250.0])
    assert (axis.low, axis.high) == (pytest.approx(0.1), 1000.0)
    assert log_axis([1e-30, 1.0]).low == pytest.approx(1e-7)


@pytest.mark.parametrize("edge", [0.1, 3.3, 30.0, 365.0])
def test_ticks_are_round_and_few(edge: float) -> None:
    ticks = Axis(-edge, edge).ticks
    assert 3 <= len(ticks) <= 6
    assert "0" in [text for _, text in ticks]


def test_the_axis_of_shares_holds_what_it_shows() -> None:
    assert share_axis(0.053)[0].high == 0.1
    assert share_axis(0.37)[0].high == 0.5
    assert share_axis(1.0)[0].high == 1.0
