"""Areas, slopes and shares, for any course and any count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnk.assays.exposure import area_until, areas, terminal_slope, value_at
from carnk.assays.populations import exact_interval
from carnk.assays.vcn import Droplets, ratio

VALUES = st.lists(st.floats(0.01, 1e6), min_size=3, max_size=12)
STEPS = st.lists(st.floats(0.1, 30), min_size=12, max_size=12)


def course(values: list[float], steps: list[float]) -> tuple[np.ndarray, np.ndarray]:
    c = np.array(values)
    return np.cumsum(steps)[: len(c)] - steps[0], c


@given(VALUES, STEPS, st.floats(0.001, 1000))
def test_areas_follow_units_and_lie_under_the_trapezoids(
    values: list[float], steps: list[float], factor: float
) -> None:
    t, c = course(values, steps)
    area, moment = areas(t, c)
    assert areas(t, factor * c)[0] == pytest.approx(factor * area)
    assert areas(factor * t, c)[1] == pytest.approx(factor**2 * moment)
    assert 0 < area <= np.trapezoid(c, t) * (1 + 1e-9)


@given(VALUES, STEPS, st.floats(0.01, 0.99))
def test_areas_add_up_at_any_day(values: list[float], steps: list[float], share: float) -> None:
    """Cutting a course at any day and adding the point there changes no area."""
    t, c = course(values, steps)
    day = float(share * t[-1])
    first, beyond = area_until(t, c, day)
    later = t > day
    rest_t = np.concatenate([[day], t[later]])
    rest, _ = areas(rest_t, np.concatenate([[value_at(t, c, day)], c[later]]))
    assert first + rest == pytest.approx(areas(t, c)[0])
    assert beyond == 0


@given(st.floats(1e-3, 2), st.floats(1, 1e6), st.lists(st.floats(0.1, 20), min_size=5, max_size=9))
def test_slope_of_an_exponential_is_its_rate(rate: float, top: float, steps: list[float]) -> None:
    t = np.concatenate([[0.0], np.cumsum(steps)])
    t = t[rate * t < 300]
    found = terminal_slope(t, top * np.exp(-rate * t))
    if len(t) > 3:
        assert found is not None
        assert found.per_day == pytest.approx(rate, rel=1e-6)


@given(st.integers(0, 5000), st.integers(1, 5000))
def test_exact_interval_holds_the_share(count: int, of: int) -> None:
    count = min(count, of)
    low, high = exact_interval(count, of)
    assert 0 <= low <= count / of <= high <= 1
    assert (low == 0) == (count == 0)
    assert (high == 1) == (count == of)


@given(st.integers(0, 17_000), st.integers(1, 17_000), st.floats(1, 100))
def test_ratio_of_droplets_lies_in_its_interval(p: int, q: int, dilution: float) -> None:
    n = 18_000
    found = ratio(Droplets(p, n), Droplets(q, n))
    assert 0 <= found.low <= found.value * (1 + 1e-9)
    assert found.value <= found.high * (1 + 1e-9)
    diluted = ratio(Droplets(p, n, dilution), Droplets(q, n))
    assert diluted.value == pytest.approx(found.value * dilution)
    assert diluted.high == pytest.approx(found.high * dilution)
