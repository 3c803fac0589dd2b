"""Number files: the user's own numbers, in the library's format and instead of the library's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from ..base import Node, NumberError, SpecError, convert, did_you_mean, parse_yaml
from .loader import Reader, load
from .number import OWN_DATA, Number, Spread

BASES = ("measured", "fitted")
ABSURD = 1000.0  # times beyond the library's own range


def number_file_text(numbers: Iterable[Number], about: str = "") -> str:
    """Return numbers as the text of a number file, which `--numbers` reads.

    `range` holds 95 % of what is known of a value, `spread` how it differs between patients, donors
    or lots. `at` should hold the hash of the data; names of people have no place here.
    """
    lines = [f"# {line}" for line in about.splitlines()]
    for number in numbers:
        fields: dict[str, object] = {"value": number.value, "unit": number.unit}
        if number.spread:
            fields["spread"] = {number.spread.law: number.spread.size}
        fields["range"] = list(number.range or (number.value, number.value))
        fields |= {"meaning": number.meaning, "basis": number.basis, "source": OWN_DATA}
        fields |= {"at": number.at, "checked": "read"}
        lines.append(f"{number.id}:")
        lines += [f"  {key}: {_yaml(value)}" for key, value in fields.items()]
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=16)
def parse_number_file(text: str, file: str = "numbers.yaml") -> tuple[Number, ...]:
    """Read a number file: numbers of the library with the user's own value, range and spread.

    Values come out in the library's units, with the library's meaning and the source 'own data'.
    Raises SpecError or NumberError with all that is wrong, the ids that the library does not know
    among it.
    """
    node = parse_yaml(text, file)
    reader = Reader({OWN_DATA}, f"'{OWN_DATA}', the source of a number file")
    if not node.fields:
        raise SpecError(node.problem("there are no numbers in this file", "Write 'id:' lines."))
    found = [_number(reader, entry, number_id) for number_id, entry in node.fields.items()]
    if reader.problems:
        raise NumberError(reader.problems, file)
    return tuple(number for number in found if number is not None)


def limits(number: Number) -> tuple[float, float]:
    """The least and the largest value that can be meant for a number of the library."""
    low, high = number.range or (number.value, number.value)
    if number.unit == "1" and low >= 0 and high <= 1:
        return 0.0, 1.0
    least = low / ABSURD if low > 0 else ABSURD * low
    return least, ABSURD * high if high > 0 else 0.0


def _number(reader: Reader, entry: Node, number_id: str) -> Number | None:
    """One entry in the library's unit; None, and a problem, if anything in it is wrong."""
    library = load()
    if number_id not in library:
        what = f"'{number_id}' is not the id of a number in the library"
        do = did_you_mean(number_id, library) or "See `carnk numbers`."
        reader.problems.append(entry.problem(what, do))
        return None
    number = reader.read_number(entry, number_id, library[number_id].room)
    if number is None:
        return None
    if number.basis not in BASES:
        what = f"'{number.basis}' is not a basis of own data"
        reader.problems.append(entry.fields["basis"].problem(what, "Write measured or fitted."))
        return None
    try:
        own = _in_unit(number, library[number_id].unit)
    except NumberError as error:
        reader.problems += [entry.problem(p.what, p.do) for p in error.problems]
        return None
    least, most = limits(library[number_id])
    for end in (own.value, *(own.range or ())):
        if not least <= end <= most:
            what = f"{end:g} {own.unit} is absurd for this number".replace(" 1 ", " ")
            do = f"Give values from {least:g} to {most:g}."
            reader.problems.append(entry.fields["value"].problem(what, do))
            return None
    return replace(own, meaning=library[number_id].meaning, also=(), reserve=False)


def _in_unit(number: Number, unit: str) -> Number:
    low, high = number.range or (number.value, number.value)
    value, low, high = (convert(each, number.unit, unit) for each in (number.value, low, high))
    spread = number.spread
    if spread and spread.law == "normal_sd":
        zero = convert(0.0, number.unit, unit)
        spread = Spread(spread.law, convert(spread.size, number.unit, unit) - zero)
    return replace(number, value=value, range=(low, high), unit=unit, spread=spread)


def _yaml(value: object) -> str:
    """A value as YAML on one line; text is quoted."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    return f"{value:.9g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
