"""What a file may hold, said once: the same fields read a file and print its JSON Schema."""

from dataclasses import dataclass
from math import nan
from typing import Any

from ..base import Node, NumberError, Problem, did_you_mean, read_quantity

Schema = dict[str, Any]


@dataclass(frozen=True)
class Text:
    """A line of text."""

    meaning: str
    default: str | None = None

    def read(self, node: Node, problems: list[Problem]) -> str:
        """Return the text; anything but a scalar is a problem."""
        if isinstance(node.value, str | int | float) and not isinstance(node.value, bool):
            return str(node.value)
        problems.append(node.problem("this is not text", "Write a word or a sentence."))
        return ""

    def schema(self) -> Schema:
        """JSON Schema of this field."""
        return {"type": ["string", "number"], "description": self.meaning}


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    meaning: str
    words: tuple[str, ...]
    default: str | None = None

    def read(self, node: Node, problems: list[Problem]) -> str:
        """Return the word; an unknown one is a problem with the nearest known word."""
        if node.value in self.words:
            return str(node.value)
        listed = ", ".join(f"'{word}'" for word in self.words)
        what = f"'{node.plain()}' is not one of {listed}"
        problems.append(node.problem(what, did_you_mean(str(node.plain()), self.words)))
        return self.words[0]

    def schema(self) -> Schema:
        """JSON Schema of this field."""
        return {"enum": list(self.words), "description": self.meaning}


@dataclass(frozen=True)
class Amount:
    """A number within limits; with a unit in the text unless it is a plain number."""

    meaning: str
    unit: str = "1"
    low: float = 0.0
    high: float = 1e300
    above: bool = False  # the low limit itself is excluded
    or_none: bool = False  # zero is in, though below the low limit
    whole: bool = False
    default: float | None = None

    def read(self, node: Node, problems: list[Problem]) -> float:
        """Return the number in `unit`; a wrong unit or an absurd value is a problem."""
        if isinstance(node.value, list | dict | bool) or node.value is None:
            problems.append(node.problem("this is not a number", f"Write it in {self.unit}."))
            return self.low
        try:
            value = read_quantity(str(node.value), self.unit)
        except NumberError as error:
            problems.extend(node.problem(p.what, p.do) for p in error.problems)
            return self.low
        if self.whole and value != int(value):
            problems.append(node.problem(f"{value:g} is not a whole number"))
        self.check(node, value, problems)
        return value

    def check(self, node: Node, value: float, problems: list[Problem]) -> None:
        """Add a problem when the value is outside the limits."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        if self.or_none and value == 0:
            return
        if value < self.low or (self.above and value == self.low):
            limit = f"above {self.low:g}{unit}" if self.above else f"{self.low:g}{unit} or more"
            problems.append(node.problem(f"{value:g}{unit} is too small", f"Give {limit}."))
        elif value > self.high:
            do = f"Give at most {self.high:g}{unit}."
            problems.append(node.problem(f"{value:g}{unit} is too large to be meant", do))

    def schema(self) -> Schema:
        """JSON Schema of this field."""
        if self.unit == "1":
            kind = "integer" if self.whole else "number"
            bound = "exclusiveMinimum" if self.above else "minimum"
            return {
                "type": kind, bound: self.low, "maximum": self.high, "description": self.meaning,
            }  # fmt: skip
        return {"type": "string", "description": f"{self.meaning}; in {self.unit} or like"}


@dataclass(frozen=True)
class Many:
    """A list of one kind of thing."""

    meaning: str
    kind: Any
    least: int = 0
    default: tuple[Any, ...] | None = None

    def read(self, node: Node, problems: list[Problem]) -> tuple[Any, ...]:
        """Return the entries; a single value where a list is meant is a problem."""
        if not isinstance(node.value, list):
            problems.append(node.problem("this is not a list", "Write it as [a, b]."))
            return ()
        if len(node.entries) < self.least:
            problems.append(node.problem(f"the list needs at least {self.least} entry"))
        return tuple(self.kind.read(entry, problems) for entry in node.entries)

    def schema(self) -> Schema:
        """JSON Schema of this field."""
        return {
            "type": "array", "items": self.kind.schema(), "minItems": self.least,
            "description": self.meaning,
        }  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A mapping from known names to one kind of thing."""

    meaning: str
    kind: Any
    names: tuple[str, ...]
    default: None = None

    def read(self, node: Node, problems: list[Problem]) -> dict[str, Any]:
        """Return the mapping; unknown names are problems."""
        if not isinstance(node.value, dict):
            problems.append(node.problem("this is not a mapping", "Write 'name: value' lines."))
            return {}
        if not node.fields:
            problems.append(node.problem("the mapping is empty", "Give at least one entry."))
        for name, child in node.fields.items():
            if name not in self.names:
                known = did_you_mean(name, self.names) or f"Known are: {', '.join(self.names)}."
                problems.append(child.problem(f"'{name}' has no numbers in the library", known))
        return {name: self.kind.read(child, problems) for name, child in node.fields.items()}

    def schema(self) -> Schema:
        """JSON Schema of this field."""
        return {
            "type": "object",
            "description": self.meaning,
            "properties": {name: self.kind.schema() for name in self.names},
            "additionalProperties": False,
        }


@dataclass(frozen=True)
class Optional:
    """A field that may be left out; then it is None."""

    kind: Any
    default: None = None

    @property
    def meaning(self) -> str:
        """What the field is."""
        return str(self.kind.meaning)

    def read(self, node: Node, problems: list[Problem]) -> Any:
        """Return what the inner field reads."""
        return self.kind.read(node, problems)

    def schema(self) -> Schema:
        """JSON Schema of the inner field."""
        return dict(self.kind.schema())


def _is_required(kind: Any) -> bool:
    return kind.default is None and not isinstance(kind, Optional)


@dataclass(frozen=True)
class Form:
    """A mapping with fixed fields; fields without default must be given."""

    meaning: str
    fields: dict[str, Any]
    default: None = None

    def read(self, node: Node, problems: list[Problem]) -> dict[str, Any]:
        """Return every field by name; unknown and missing keys are problems."""
        if not isinstance(node.value, dict):
            problems.append(node.problem("this is not a mapping", "Write 'name: value' lines."))
            return {name: each.default for name, each in self.fields.items()}
        problems.extend(node.unknown_keys(self.fields))
        values: dict[str, Any] = {}
        for name, each in self.fields.items():
            child = node.get(name)
            if child is not None:
                values[name] = each.read(child, problems)
            else:
                values[name] = each.default
                if _is_required(each):
                    problems.append(node.problem(f"'{name}' is missing", f"Give {each.meaning}."))
        return values

    def schema(self) -> Schema:
        """JSON Schema of this mapping."""
        return {
            "type": "object",
            "description": self.meaning,
            "properties": {name: each.schema() for name, each in self.fields.items()},
            "required": [n for n, each in self.fields.items() if _is_required(each)],
            "additionalProperties": False,
        }


@dataclass(frozen=True)
class Either:
    """A quantity in one of two units, told apart by what the text says."""

    meaning: str
    kinds: dict[str, Amount]
    default: None = None

    def read(self, node: Node, problems: list[Problem]) -> tuple[float, str]:
        """Return (value, name of the kind); the first kind's message where neither fits."""
        failures: list[Problem] = []
        given = str(node.plain())

        def is_other_unit(item: tuple[str, Amount]) -> bool:
            return not given.endswith(f" {item[1].unit}")

        for name, kind in sorted(self.kinds.items(), key=is_other_unit):
            found: list[Problem] = []
            value = kind.read(node, found)
            if not found:
                return value, name
            fits = [p for p in found if "too " in p.what]
            failures = fits or failures or found
        problems.extend(failures)
        return nan, next(iter(self.kinds))  # not 0, which is a dose too

    def schema(self) -> Schema:
        """JSON Schema of this field."""
        units = " or ".join(kind.unit for kind in self.kinds.values())
        return {"type": "string", "description": f"{self.meaning}; in {units}"}
