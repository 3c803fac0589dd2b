"""Text with units becomes plain floats in the wanted unit, or an error that says what to do."""

import subprocess
import sys

import pytest

from carnk.base import NumberError, convert, dimension_of, is_plain, is_unit, read_quantity


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1e6 cells/kg", "cell/kg", 1e6),
        ("8e8 cells", "cell", 8e8),
        ("300 mg/m2", "mg/m2", 300.0),
        ("375 mg/m^2", "mg/m2", 375.0),
        ("375 mg/m**2", "mg/m2", 375.0),
        ("10 h", "day", 10 / 24),
        ("10h", "day", 10 / 24),
        ("2 weeks", "day", 14.0),
        ("2 pg/mL", "pg/mL", 2.0),
        ("3 ng/mL", "pg/mL", 3000.0),
        ("1.4 d", "day", 1.4),
        ("-5 d", "day", -5.0),
        ("0.5 nM", "nM", 0.5),
        ("0.5 uM", "nM", 500.0),
        ("78 cells/uL", "cell/mL", 78_000.0),
        ("0.1 h-1", "1/day", 2.4),
        ("37 %", "1", 0.37),
        ("0.3 fraction", "1", 0.3),
        ("0.3", "1", 0.3),
        ("3", "fold", 3.0),
        ("2 copies/cell", "copy/cell", 2.0),
        ("2 kills", "kill", 2.0),
        ("100 IU/mL", "IU/mL", 100.0),
        ("310.15 K", "degC", 37.0),
        ("2000 ug/kg", "mg/kg", 2.0),
        (".5 µg", "mg", 0.0005),
        ("  7   day ", "day", 7.0),
    ],
)
def test_reads(text, unit, value):
    assert read_quantity(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("text", "unit", "value"), [("10 h", "day", 10 / 24), ("3 ng", "pg", 3e3)])
def test_conversion_leaves_no_rounding_dust(text, unit, value):
    assert read_quantity(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        (
            "1e6 cells",
            "cells/kg",
            "'1e6 cells' is an amount, but a dose per body weight (cells/kg) is needed here. "
            "Write '1e6 cells/kg'.",
        ),
        (
            "1e6",
            "cell/kg",
            "'1e6' has no unit, but a dose per body weight (cells/kg) is needed here. "
            "Write '1e6 cells/kg'.",
        ),
        (
            "10 h",
            "cell/kg",
            "'10 h' is a time, but a dose per body weight (cells/kg) is needed here. "
            "Write it as in '1e6 cells/kg'.",
        ),
        (
            "5 day",
            "1",
            "'5 day' is a time, but a plain number (1) is needed here. "
            "Write a number alone, as in '0.5'.",
        ),
        (
            "5 cels/kg",
            "cell/kg",
            "'cels' is not a known unit (in 'cels/kg'). Did you mean 'cells'?",
        ),
        ("2 Day", "day", "'Day' is not a known unit. Did you mean 'day'?"),
        ("5 ML", "mL", "'ML' is not a known unit. Did you mean 'mL'?"),
        ("3 Mg", "mg", "'Mg' is not a known unit. Did you mean 'mg'?"),
        ("nan day", "day", "'nan day' is not a finite number. Write it as in '1 day'."),
        ("-inf", "day", "'-inf' is not a finite number. Write it as in '1 day'."),
        ("1e400 day", "day", "'1e400 day' is too large to be a number. Write it as in '1 day'."),
        ("1e308 g", "pg", "'1e308 g' is not a finite number. Write it as in '1 pg'."),
        ("many days", "day", "'many days' does not begin with a number. Write it as in '1 day'."),
        ("", "day", "no value is given. Write it as in '1 day'."),
        (
            "1,000 cells",
            "cell",
            "'1,000 cells' is not a number this program reads. "
            "Write it without separators, as in '1e6 cells'.",
        ),
        (
            "10^6 cells",
            "cell",
            "'10^6 cells' is not a number this program reads. "
            "Write it without separators, as in '1e6 cells'.",
        ),
    ],
)
def test_refuses_and_says_what_to_do(text, unit, message):
    with pytest.raises(NumberError) as error:
        read_quantity(text, unit)
    assert str(error.value) == message


@pytest.mark.parametrize(
    "text",
    [
        "1 day**999",
        "1 day**9**9**9",
        "1 day^-9^9",
        "1 ((((",
        "1 __import__",
        "1 day; x",
        "1 " + "a" * 100,
        "1 2 day",
        "1 day day**0.5",
    ],
)
def test_refuses_what_is_no_unit(text):
    with pytest.raises(NumberError):
        read_quantity(text, "day")


def test_a_ratio_of_masses_is_no_plain_number():
    for text, unit in [("5 mg/kg", "1"), ("50 %", "mg/kg")]:
        with pytest.raises(NumberError, match="is needed here"):
            read_quantity(text, unit)


def test_a_molar_concentration_is_not_one_by_mass():
    with pytest.raises(NumberError, match="a molar concentration, but a concentration by mass"):
        read_quantity("0.5 nM", "pg/mL")


def test_convert():
    assert convert(2.0, "week", "day") == 14.0
    assert convert(5.0, "day", "day") == 5.0
    with pytest.raises(NumberError, match="'3 h' is a time, but a mass"):
        convert(3.0, "h", "mg")
    with pytest.raises(NumberError, match="not a finite number"):
        convert(float("nan"), "day", "day")


def test_dimension_of():
    assert dimension_of("cells/kg") == dimension_of("cell/mg") == "[cell] / [mass]"
    assert dimension_of("1") == dimension_of("percent") == "1"
    with pytest.raises(NumberError):
        dimension_of("bogus")


@pytest.mark.parametrize("text", ["1", "day", "1/day", "cell/kg", "molecules/cell", "cells per kg"])
def test_units_are_units(text):
    assert is_unit(text)


@pytest.mark.parametrize("text", ["", " ", "bogus", "5 day", "ML", "day/"])
def test_other_text_is_no_unit(text):
    assert not is_unit(text)


def test_plain_units():
    assert is_plain("1")
    assert not is_plain("day")


def test_pint_is_not_loaded_where_the_unit_is_already_the_wanted_one():
    code = (
        "import sys; from carnk.base import read_quantity; "
        "assert read_quantity('1e6 cells/kg', 'cells/kg') == 1e6; "
        "assert 'pint' not in sys.modules and 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
