"""Numbers as people read them."""

from math import inf, nan

import pytest

from carnk.report.numerals import (
    days,
    listed,
    number,
    percent,
    percents,
    powers,
    signed,
    span,
    unit,
)

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.069, "0.069"),
        (12345.0, "12,300"),
        (1e9, "10⁹"),
        (7.94e10, f"7.94{NBSP}×{NBSP}10¹⁰"),
        (1e5, "10⁵"),
        (99960.0, "10⁵"),
        (0.0005, f"5{NBSP}×{NBSP}10⁻⁴"),
        (100.0, "100"),
        (-2.36, "−2.36"),
        (0.0, "0"),
        (inf, "∞"),
        (nan, "–"),
        (None, "–"),
    ],
)
def test_a_number_has_three_digits_and_powers_of_ten(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("share", [0.0, 1e-20, 1e-4, 0.00099])
def test_no_share_is_printed_as_zero_percent(share: float) -> None:
    assert percent(share) == f"<{NBSP}0.1{NBSP}%"
    assert percents(share, share) == f"<{NBSP}0.1{NBSP}%"


def test_shares_keep_two_digits_or_whole_percents() -> None:
    shares = (0.042, 0.58, 0.998, 0.99999, 1.0)
    texts = ["4.2", "58", "99.8", f">{NBSP}99.9", "100"]
    assert [percent(share) for share in shares] == [f"{text}{NBSP}%" for text in texts]
    assert percents(0.0, 0.28) == f"0–28{NBSP}%"
    assert percents(1e-9, 0.9999) == f"<{NBSP}0.1 to >{NBSP}99.9{NBSP}%"
    assert percent(nan) == "–"


def test_text_of_the_study_gets_powers_of_ten_and_nothing_else() -> None:
    assert powers("1e6 per kg") == "10⁶ per kg"
    assert powers("arm 1e6kg, x1e5, FT596e2") == "arm 1e6kg, x1e5, FT596e2"


def test_spans_units_days_and_lists() -> None:
    assert span(0.03, 0.3) == "0.03–0.3"
    assert span(2.7e9, 2.5e10) == f"2.7{NBSP}×{NBSP}10⁹ to 2.5{NBSP}×{NBSP}10¹⁰"
    assert unit("mg/m2") == "mg/m²"
    assert unit("m2/mg/day") == "m²/mg/day"
    assert unit("copies/ug") == "copies/µg"
    assert unit("1") == ""
    assert days((0.0,)) == "day 0"
    assert days((-5.0, -4.0, -3.0)) == "days −5, −4 and −3"
    assert listed(["a", "b"], "or") == "a or b"
    assert signed(3.04) == "+3.0"
    assert signed(-0.051) == "−0.05"
