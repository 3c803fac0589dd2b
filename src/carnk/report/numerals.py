"""How the report writes numbers: two or three digits, powers of ten, never a bare 0 %."""

import re
from math import floor, isfinite, isnan, log10

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NONE = "–"
SPACE = "\u00a0"
_POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)[eE]\+?(-?\d+)(?![\w.])")
_SQUARE = re.compile(r"(?<=[A-Za-z])\^?2\b")
UNITS = {"uL": "µL", "ug": "µg", "um": "µm", "uM": "µM", "1/day": "per day", "1": ""}


def power_of_ten(exponent: int) -> str:
    """'10⁹'."""
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def number(value: float | None, digits: int = 3) -> str:
    """'0.069', '12,300', '7.9 × 10¹⁰', '10⁹'; a dash for nothing."""
    if value is None or isnan(value):
        return NONE
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    exponent = floor(log10(abs(rounded)))
    if not -3 <= exponent < 5:
        digit = f"{rounded / 10.0**exponent:.{digits - 1}f}".rstrip("0").rstrip(".")
        power = power_of_ten(exponent)
        text = power if digit == "1" else f"{digit}{SPACE}×{SPACE}{power}"
    else:
        text = f"{rounded:,.{max(digits - 1 - exponent, 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def unit(text: str) -> str:
    """A unit as people write it: 'cells/µL', 'per day', 'mg/m²', nothing for a plain number."""
    if text in UNITS:
        return UNITS[text]
    for plain in ("uL", "ug", "um", "uM"):
        text = re.sub(rf"\b{plain}\b", UNITS[plain], text)
    return _SQUARE.sub("²", text)


def quantity(value: float | None, of: str, digits: int = 3) -> str:
    """A number with its unit."""
    return f"{number(value, digits)}{SPACE}{unit(of)}".strip()


def span(low: float | None, high: float | None, digits: int = 2) -> str:
    """'3.2–14', or a dash when there is nothing to say."""
    if low is None or high is None or isnan(low) or isnan(high):
        return NONE
    ends = number(low, digits), number(high, digits)
    joint = " to " if any(SPACE in end or "−" in end for end in ends) else "–"
    return joint.join(ends)


def percent(share: float | None) -> str:
    """'58 %', '4.2 %', '< 0.1 %'; never '0 %' for something predicted."""
    return f"{_digits(share)}{SPACE}%" if share is not None and not isnan(share) else NONE


def percents(low: float, high: float) -> str:
    """'10–98 %'; the lower end of an exact interval may be 0."""
    if 100 * high < 0.1:
        return percent(high)
    ends = "0" if low == 0 else _digits(low), _digits(high)
    return f"{(' to ' if '>' in ends[1] else '–').join(ends)}{SPACE}%"


def _digits(share: float) -> str:
    value = 100 * share
    if value < 0.1:
        return f"<{SPACE}0.1"
    if 99.9 < value < 100:
        return f">{SPACE}99.9"
    if value < 9.95:
        return f"{value:.1f}"
    return f"{value:.0f}" if value < 99.5 or value == 100 else f"{value:.1f}"


def signed(value: float) -> str:
    """'+1.2', '−0.05'."""
    return f"{value:+.{1 if abs(value) >= 0.995 else 2}f}".replace("-", "−")


def count(value: float) -> str:
    """'1,000'."""
    return f"{value:,.0f}"


def plural(value: int, noun: str) -> str:
    """'1 patient', '1,000 patients'."""
    return f"{count(value)}{SPACE}{noun}{'' if value == 1 else 's'}"


def powers(text: str) -> str:
    """Text of the study with '1e6' written as 10⁶."""
    return _POWER.sub(lambda found: number(float(found[0])), text)


def listed(parts: list[str], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def days(values: tuple[float, ...]) -> str:
    """'day 0', 'days −5, −4 and −3'."""
    named = [number(value) for value in values]
    return f"{'day' if len(named) == 1 else 'days'} {listed(named)}"
