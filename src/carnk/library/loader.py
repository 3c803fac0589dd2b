"""From `numbers/<room>.yaml` to checked numbers; everything wrong is told at once."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ..base import Node, NumberError, Problem, SpecError, did_you_mean, is_unit, read_yaml
from .bibliography import read_references
from .number import BASES, SPREADS, Number, Numbers, Spread

HERE = Path(__file__).parent
KEYS = (
    *("value", "unit", "spread", "range", "meaning", "where", "basis", "source", "why", "at"),
    *("checked", "also", "reserve"),
)
KEYS_OF_ALSO = tuple(key for key in KEYS if key not in ("also", "reserve"))
PLACES = ("cell", "species", "disease", "product", "source", "scale", "drug")
CHECKS = ("read", "unread")

_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@cache
def load() -> Numbers:
    """Return the numbers of this package; NumberError lists all that is wrong with the files."""
    return read_numbers(HERE)


def read_numbers(folder: Path) -> Numbers:
    """Read `numbers/*.yaml` of a folder, checked against its `references.bib`.

    Raises NumberError with the problems of all files at once.
    """
    sources = read_references(folder / "references.bib")
    reader = Reader(sources)
    for path in sorted((folder / "numbers").glob("*.yaml")):
        try:
            reader.read_room(read_yaml(path), path.stem)
        except SpecError as error:
            reader.problems.extend(error.problems)
    if reader.problems:
        raise NumberError(reader.problems, "the numbers of the library")
    return Numbers(reader.numbers.values())


@dataclass
class Reader:
    """Gathers numbers and problems over all files."""

    sources: Collection[str]
    known_as: str = "a key in references.bib"  # what a source must be
    problems: list[Problem] = field(default_factory=list)
    numbers: dict[str, Number] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def read_room(self, top: Node, room: str) -> None:
        if not isinstance(top.value, dict):
            self.wrong(top, "the file holds no mapping of ids to numbers", "Write 'id:' lines.")
        for number_id, entry in top.fields.items():
            if not _ID.fullmatch(number_id):
                self.wrong(entry, f"'{number_id}' is not in snake_case", "Use a-z, 0-9 and '_'.")
            if number_id in self.places:
                what = f"the id '{number_id}' is taken in {self.places[number_id]}"
                self.wrong(entry, what, "Ids are unique over all rooms: choose another.")
                continue
            self.places[number_id] = f"{entry.file}:{entry.line}"
            number = self.read_number(entry, number_id, room)
            if number is not None:
                self.numbers[number_id] = number

    def read_number(self, entry: Node, number_id: str, room: str) -> Number | None:
        """Read one entry; None if anything in it is wrong."""
        before = len(self.problems)
        if not isinstance(entry.value, dict):
            self.wrong(entry, "is not a mapping", "Give value, unit, range, meaning, basis.")
            return None
        self.problems.extend(entry.unknown_keys(KEYS))
        self.require(entry, ("value", "unit", "range", "meaning", "basis"))
        number = self.number_from(entry, Number(number_id, 0.0, "1", "", "", room=room))
        also = [self.other_value(other, number) for other in self.entries(entry, "also")]
        self.check_origin(entry, number.basis)
        self.check_sizes(entry, number)
        if len(self.problems) > before:
            return None
        return Number(**{**vars(number), "also": tuple(also), "reserve": self.reserve(entry)})

    def other_value(self, entry: Node, main: Number) -> Number:
        """Read an entry of `also`; what it leaves out is as in the main entry."""
        self.problems.extend(entry.unknown_keys(KEYS_OF_ALSO))
        self.require(entry, ("value",))
        number = self.number_from(entry, main)
        self.check_origin(entry, number.basis)
        self.check_sizes(entry, number)
        return number

    def number_from(self, entry: Node, default: Number) -> Number:
        """Read the fields of an entry; those that are missing or wrong come out as the default."""
        value = self.amount(entry.get("value"))
        basis = self.one_of(entry.get("basis"), BASES)
        return Number(
            id=default.id,
            value=default.value if value is None else value,
            unit=self.unit(entry.get("unit")) or default.unit,
            meaning=self.text(entry.get("meaning")) or default.meaning,
            basis=basis or default.basis,
            range=self.range(entry.get("range")),
            spread=self.spread(entry.get("spread")),
            where=self.where(entry.get("where")) or default.where,
            source=self.source(entry.get("source")),
            why=self.text(entry.get("why")),
            at=self.text(entry.get("at")),
            checked=self.one_of(entry.get("checked"), CHECKS),
            room=default.room,
        )

    def check_origin(self, entry: Node, basis: str) -> None:
        if basis == "assumed":
            self.require(entry, ("why",), "An assumed number says why.")
        elif basis:
            do = f"A {basis} number names its source and whether somebody has read it there."
            self.require(entry, ("source", "checked"), do)

    def check_sizes(self, entry: Node, number: Number) -> None:
        place = entry.get("value")
        if place is None:
            return
        if number.range and not number.range[0] <= number.value <= number.range[1]:
            low, high = number.range
            what = f"{number.value:g} lies outside its range, {low:g} to {high:g}"
            self.wrong(place, what, "Correct the value or the range.")
        law = number.spread.law if number.spread else ""
        if law.startswith("lognormal") and number.value <= 0:
            self.wrong(place, f"{number.value:g} cannot have a lognormal spread", "Use normal_sd.")
        if law in ("logit_sd", "beta") and not 0 < number.value < 1:
            what = f"{number.value:g} cannot have the spread {law}, which is for 0 < value < 1"
            self.wrong(place, what, "Use lognormal_cv or normal_sd.")

    def amount(self, node: Node | None) -> float | None:
        if node is None:
            return None
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            self.wrong(node, f"{_shown(node)} is not a number", "Write the unit under 'unit'.")
            return None
        try:
            amount = float(node.value)
        except OverflowError:
            amount = math.inf
        if not math.isfinite(amount):
            self.wrong(node, f"{_shown(node)} is not a finite number")
            return None
        return amount

    def text(self, node: Node | None) -> str:
        if node is None:
            return ""
        if isinstance(node.value, dict | list | bool) or node.value in (None, ""):
            self.wrong(node, f"{_shown(node)} is not text", "Write a word or a sentence.")
            return ""
        return str(node.value).strip()

    def one_of(self, node: Node | None, choices: tuple[str, ...]) -> str:
        word = self.text(node)
        if node is not None and word and word not in choices:
            listed = ", ".join(f"'{choice}'" for choice in choices)
            self.wrong(node, f"'{word}' is not one of {listed}", did_you_mean(word, choices))
            return ""
        return word

    def unit(self, node: Node | None) -> str:
        word = self.text(node)
        if node is not None and word and not is_unit(word):
            self.wrong(node, f"'{word}' is not a known unit", "Write it as in 'cell/kg' or '1'.")
        return word

    def source(self, node: Node | None) -> str:
        key = self.text(node)
        if node is not None and key and key not in self.sources:
            do = did_you_mean(key, self.sources) or "Add it there."
            self.wrong(node, f"'{key}' is not {self.known_as}", do)
        return key

    def spread(self, node: Node | None) -> Spread | None:
        if node is None:
            return None
        if len(node.fields) != 1 or not set(node.fields) <= set(SPREADS):
            listed = ", ".join(f"{{{law}: x}}" for law in SPREADS)
            self.wrong(node, f"{_shown(node)} is not a spread", f"Write one of {listed}.")
            return None
        (law, inner), *_ = node.fields.items()
        size = self.amount(inner)
        if size is not None and size <= 0:
            self.wrong(inner, f"{size:g} is not a size above 0", "Leave 'spread' out if none.")
        return Spread(law, size or 0.0)

    def range(self, node: Node | None) -> tuple[float, float] | None:
        if node is None:
            return None
        ends = [self.amount(end) for end in node.entries]
        if len(ends) != 2 or None in ends:
            self.wrong(node, f"{_shown(node)} is not a range", "Write [low, high].")
            return None
        low, high = float(ends[0] or 0.0), float(ends[1] or 0.0)
        if low > high:
            self.wrong(node, f"the range runs from {low:g} down to {high:g}", "Swap them.")
        return low, high

    def where(self, node: Node | None) -> dict[str, str]:
        if node is None:
            return {}
        if not isinstance(node.value, dict):
            self.wrong(node, f"{_shown(node)} is not a mapping", "Write {cell: ..., species: ...}.")
        self.problems.extend(node.unknown_keys(PLACES))
        return {key: self.text(child) for key, child in node.fields.items()}

    def entries(self, entry: Node, key: str) -> list[Node]:
        node = entry.get(key)
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.wrong(node, f"{_shown(node)} is not a list", "Write [] or '- value: ...' lines.")
        return node.entries

    def reserve(self, entry: Node) -> bool:
        node = entry.get("reserve")
        if node is not None and node.value is not True:
            self.wrong(node, f"{_shown(node)} is not 'true'", "Leave 'reserve' out otherwise.")
        return node is not None

    def require(self, entry: Node, keys: tuple[str, ...], do: str = "") -> None:
        for key in keys:
            if entry.get(key) is None:
                self.wrong(entry, f"'{key}' is missing", do)

    def wrong(self, node: Node, what: str, do: str = "") -> None:
        self.problems.append(node.problem(what, do))


def _shown(node: Node) -> str:
    if isinstance(node.value, dict):
        return f"{{{', '.join(f'{key}: ...' for key in node.value)}}}"
    return (
        f"{[child.plain() for child in node.value]}"
        if isinstance(node.value, list)
        else (f"'{'' if node.value is None else node.value}'")
    )
