"""Units at the door: text with a unit in, plain floats in a wanted unit out.

Inside, everything is in day, cell, mL, kg, m2, mg, pg/mL or 1. Pint is loaded on first need,
because it costs more time than the whole rest of an import.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING

from .errors import NumberError, Problem, did_you_mean

if TYPE_CHECKING:
    import pint

OWN_UNITS = (
    "cell = [cell] = _ = cells",
    "copy = [copy] = _ = copies",
    "kill = [kill]",
    "dose = [dose]",
    "patient = [patient]",
    "USD = [money]",
    "IU = [international_unit]",
    "EU = [endotoxin_unit]",
    "fraction = []",
    "fold = []",
)
KNOWN_WORDS = (
    *("cell", "cells", "copy", "copies", "kill", "kills", "IU", "EU", "dose", "doses", "patient"),
    *("patients", "USD", "fraction", "fold", "percent", "molecule", "molecules"),
    *("s", "second", "seconds", "min", "minute", "minutes", "h", "hour", "hours", "d", "day"),
    *("days", "week", "weeks", "month", "months", "year", "years"),
    *("pg", "ng", "ug", "mg", "g", "kg", "pL", "nL", "uL", "mL", "dL", "L"),
    *("um", "mm", "cm", "m", "m2", "pM", "nM", "uM", "mM", "M", "mol", "nmol", "Da", "kDa", "degC"),
)
MISREAD_WORDS = {"ML": "mL", "MG": "mg", "Mg": "mg", "PG": "pg", "NM": "nM", "PM": "pM"}
KINDS = {
    "cell": "an amount",
    "cell/kg": "a dose per body weight",
    "cell/m2": "a dose per body surface",
    "cell/mL": "a cell concentration",
    "cell/day": "a flow of cells",
    "mg/m2": "a drug dose per body surface",
    "mg/kg": "a drug dose per body weight",
    "mg": "a mass",
    "mL": "a volume",
    "m2": "an area",
    "m": "a length",
    "day": "a time",
    "1/day": "a rate",
    "pg/mL": "a concentration by mass",
    "IU/mL": "an activity per volume",
    "IU": "an activity",
    "nM": "a molar concentration",
    "kill": "a count of kills",
    "copy/cell": "a copy number per cell",
    "dose": "a count of doses",
    "degC": "a temperature",
    "1": "a plain number",
}

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_NOT_FINITE = re.compile(r"[+-]?\.?(?:nan|inf|infinity)\b", re.IGNORECASE)
_UNIT_TEXT = re.compile(r"[A-Za-zµμ°%0-9/*^.\s()+-]{0,60}")
_TOWER = re.compile(r"\*\*(?!\s*-?\d{1,2}(?![\d.])(?!\s*\*\*))")
_BARE_EXPONENT = re.compile(r"(?<=[A-Za-zµμ])\^?(-?\d)")


def read_quantity(text: str, unit: str) -> float:
    """Read text such as '1e6 cells/kg' or '10 h' and return the number in the wanted `unit`.

    Raises NumberError if there is no finite number, no unit, an unknown unit or one of the
    wrong dimension. A plain number is accepted only where the wanted unit is '1'.
    """
    text = str(text).strip()
    number = _NUMBER.match(text)
    if number is None:
        raise NumberError(_no_number(text, unit))
    given = text[number.end() :].strip()
    value = float(number.group())
    if not math.isfinite(value):
        raise NumberError(Problem("", f"'{text}' is too large to be a number", _example(unit)))
    if given == unit or (given == "" and is_plain(unit)):
        return value
    if given == "":
        what = f"'{text}' has no unit, but {_kind(unit)} ({_plural(unit)}) is needed here"
        raise NumberError(Problem("", what, f"Write '{number.group()} {_plural(unit)}'."))
    if given.startswith(",") or re.match(r"[×x^]\s*\d", given):
        advice = f"Write it without separators, as in '1e6 {_plural(unit)}'."
        raise NumberError(Problem("", f"'{text}' is not a number this program reads", advice))
    return _converted(value, given, unit, text, number.group())


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """Return `value`, given in `from_unit`, in `to_unit`; NumberError if they do not agree."""
    value = _finite(value, f"{value} {from_unit}", to_unit)
    if from_unit == to_unit:
        return value
    return _converted(value, from_unit, to_unit, f"{value:g} {from_unit}", f"{value:g}")


@cache
def dimension_of(unit: str) -> str:
    """Return the dimension, e.g. '[cell] / [mass]', or '1' for a plain number."""
    text = str(_parse(unit).dimensionality)
    return "1" if text == "dimensionless" else text


@cache
def is_unit(text: str) -> bool:
    """Whether `text` is a unit that can be read; the unit of a plain number is '1', not ''.

    A ratio of known words needs no pint, which spares its loading where nothing is converted.
    """
    words = re.sub(r"[()]", "", text).split("/")
    if all(word in KNOWN_WORDS or (word == "1" and i == 0) for i, word in enumerate(words)):
        return True
    try:
        _parse(text)
    except NumberError:
        return False
    return text.strip() != ""


def is_plain(unit: str) -> bool:
    """Whether numbers in this unit need no unit behind them: '1', 'fraction', 'fold'."""
    return unit in ("1", "fraction", "fold", "dimensionless")


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    for definition in OWN_UNITS:
        registry.define(definition)
    return registry


@cache
def _parse(unit: str) -> pint.Unit:
    text = _BARE_EXPONENT.sub(r"**\1", unit.replace("^", "**"))
    if not _UNIT_TEXT.fullmatch(unit) or _TOWER.search(text):
        raise NumberError(Problem("", f"'{unit}' is not a unit", "Write it as in 'cells/kg'."))
    for word in re.findall(r"[A-Za-z]+", unit):
        if word in MISREAD_WORDS:
            raise NumberError(_unknown(word, unit, f"Did you mean '{MISREAD_WORDS[word]}'?"))
    import pint

    try:
        return _registry().parse_units(text)
    except pint.UndefinedUnitError as error:
        word = next(iter(error.unit_names), unit)
        raise NumberError(_unknown(word, unit, did_you_mean(word, KNOWN_WORDS))) from None
    except Exception as error:  # pint passes on whatever its tokenizer throws
        problem = Problem("", f"'{unit}' is not a unit", "Write it as in 'cells/kg' or '1/day'.")
        raise NumberError(problem) from error


def _converted(value: float, given: str, wanted: str, text: str, number: str) -> float:
    if dimension_of(given) != dimension_of(wanted) or _ratio(given) != _ratio(wanted):
        what = f"'{text}' is {_kind(given)}, but {_kind(wanted)} ({_plural(wanted)}) is needed here"
        raise NumberError(Problem("", what, _advice(given, wanted, number)))
    times, over, offset = _line(given, wanted)
    return _finite(value * times / over + offset, text, wanted)


@cache
def _line(given: str, wanted: str) -> tuple[float, float, float]:
    """Factor, divisor and offset between units; 10 h are 10 / 24 day, free of rounding dust."""
    source, target, quantity = _parse(given), _parse(wanted), _registry().Quantity
    offset = float(quantity(0.0, source).to(target).magnitude)
    slope = float(quantity(1.0, source).to(target).magnitude) - offset
    times, over = (slope, 1.0) if slope >= 1.0 else (1.0, 1.0 / slope)
    return float(f"{times:.13g}"), float(f"{over:.13g}"), offset


@cache
def _ratio(unit: str) -> bool:
    """Whether a unit is a ratio of two like things, such as mg/kg, and so no plain number."""
    words = re.findall(r"[A-Za-zµμ°%]+", unit)
    return dimension_of(unit) == "1" and any(dimension_of(word) != "1" for word in words)


def _finite(value: float, text: str, unit: str) -> float:
    if math.isfinite(value):
        return float(value)
    raise NumberError(Problem("", f"'{text}' is not a finite number", _example(unit)))


@cache
def _kind(unit: str) -> str:
    """Say in words what a unit measures, for messages."""
    for known, words in KINDS.items():
        if dimension_of(known) == dimension_of(unit) and _ratio(known) == _ratio(unit):
            return words
    return f"a quantity in {_plural(unit)}"


def _advice(given: str, wanted: str, number: str) -> str:
    """Offer the user's own number only where a denominator was forgotten or is wrong."""
    same_top = _plural(given).split("/")[0] == _plural(wanted).split("/")[0]
    return f"Write '{number} {_plural(wanted)}'." if same_top else _example(wanted)


def _example(unit: str) -> str:
    if is_plain(unit):
        return "Write a number alone, as in '0.5'."
    return f"Write it as in '{'1e6' if unit.startswith('cell') else '1'} {_plural(unit)}'."


def _plural(unit: str) -> str:
    return re.sub(r"^(cell|kill|dose)(?=$|/)", r"\1s", unit)


def _no_number(text: str, unit: str) -> Problem:
    if text == "":
        return Problem("", "no value is given", _example(unit))
    if _NOT_FINITE.match(text):
        return Problem("", f"'{text}' is not a finite number", _example(unit))
    return Problem("", f"'{text}' does not begin with a number", _example(unit))


def _unknown(word: str, unit: str, suggestion: str) -> Problem:
    within = "" if word == unit else f" (in '{unit}')"
    return Problem("", f"'{word}' is not a known unit{within}", suggestion)
