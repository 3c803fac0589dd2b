"""Event tables: one content in any country's format, in any order and unit, is one table."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnk.assays.events import Events, read_events
from carnk.assays.nca import nca

DAYS = st.lists(st.integers(0, 600), min_size=2, max_size=8, unique=True)
COURSES = st.lists(DAYS, min_size=1, max_size=4)


def values(days: list[int]) -> list[tuple[float, float]]:
    return [(day / 8, (day * 37 % 101 + 1) / 4) for day in days]


def read(rows: list[tuple[str, float, float]], separator: str, mark: str, unit: str) -> Events:
    times = {"day": 1, "h": 24}[unit]
    lines = [f"id{separator}TIME ({unit}){separator}DV"]
    for name, day, value in rows:
        cells = (f"{day * times:.4f}", f"{value:.4f}")
        lines.append(separator.join([name, *(each.replace(".", mark) for each in cells)]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_events(path)


@settings(max_examples=25, deadline=None)
@given(COURSES, st.randoms(use_true_random=False))
def test_format_order_and_unit_do_not_matter(courses: list[list[int]], random: object) -> None:
    rows = [(f"P{i}", *each) for i, days in enumerate(courses) for each in values(days)]
    plain = read(rows, ",", ".", "day")
    european = read(rows, ";", ",", "h")
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    shuffled = read(mixed, "\t", ".", "day")
    expected = nca(plain).sort("id")
    for other in (european, shuffled):
        found = nca(other).sort("id")
        assert found["id"].to_list() == expected["id"].to_list()
        for name in ("cmax", "tmax_days", "auc_last", "tlast_days"):
            assert found[name].to_list() == pytest.approx(expected[name].to_list())
