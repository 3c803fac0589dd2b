"""Number files: what is written is read back, in the library's units, with every mistake told."""

import pytest

from carnk.base import CarnkError
from carnk.library import Number, Spread, load, number_file_text, parse_number_file


def entry(number_id="kill_car", **fields):
    given = {
        "value": "2", "unit": "1/day", "range": "[1.5, 2.6]", "meaning": "killing",
        "basis": "measured", "source": "own data", "at": "sha256 abc", "checked": "read",
    } | fields  # fmt: skip
    return f"{number_id}:\n" + "".join(f"  {k}: {v}\n" for k, v in given.items() if v)


def test_what_is_written_is_read_back():
    number = Number(
        "kill_car", 2.0, "1/day", "killing: \"ours\"", "fitted", (1.5, 2.6),
        Spread("lognormal_cv", 0.3), at="sha256 abc",
    )  # fmt: skip
    (found,) = parse_number_file(number_file_text([number], "two lines\nof words"))
    assert (found.value, found.range, found.spread) == (2.0, (1.5, 2.6), number.spread)
    assert (found.basis, found.source, found.at, found.checked) == (
        "fitted", "own data", "sha256 abc", "read",
    )  # fmt: skip
    assert found.is_own
    assert not found.is_unverified
    assert found.meaning == load()["kill_car"].meaning


def test_units_are_the_librarys():
    text = entry(value="0.1", unit="1/hour", range="[0.05, 0.2]", spread="{normal_sd: 0.01}")
    (found,) = parse_number_file(text)
    assert found.unit == "1/day"
    assert found.value == pytest.approx(2.4)
    assert found.range == pytest.approx((1.2, 4.8))
    assert found.spread.size == pytest.approx(0.24)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (entry("kill_cer"), "'kill_cer' is not the id of a number in the library. Did you mean"),
        (entry(unit="cells"), "is an amount, but a rate"),
        (entry(basis="borrowed"), "'borrowed' is not a basis of own data. Write measured or"),
        (entry(source="smith2020"), "'smith2020' is not 'own data', the source of a number file"),
        (entry(range=""), "'range' is missing"),
        (entry(range="[3, 4]"), "2 lies outside its range, 3 to 4"),
        (entry(value="2e9", range="[1, 3e9]"), "2e\\+09 1/day is absurd for this number"),
        ("[1]", "there are no numbers in this file"),
        ("", "there are no numbers in this file"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, said):
    with pytest.raises(CarnkError, match=said) as error:
        parse_number_file(text, "mine.yaml")
    assert "mine.yaml:" in str(error.value)


def test_all_problems_come_at_once():
    with pytest.raises(CarnkError) as error:
        parse_number_file(entry("kill_cer") + entry(unit="parsec"))
    assert len(error.value.problems) == 2


def test_own_numbers_stand_for_the_librarys():
    own = parse_number_file(entry())
    view = load().with_own(own).view()
    assert view["kill_car"] == 2.0
    assert view.used[0].is_own
    assert load()["kill_car"].value != 2.0
