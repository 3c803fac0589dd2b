"""Units as products of words with exponents: enough algebra to tell whether a formula fits.

A word stands for a factor and powers of base units, so `mL` and `L` have one dimension and two
scales. Words of our own models are those of `parse_unit`; those of SBML are its unit kinds and a
file's unit definitions. Cells, copies and the like are dimensions of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import exp, log
from typing import TypeVar

from ..base.errors import NumberError, Problem, did_you_mean

Name = TypeVar("Name")
Powers = tuple[tuple[str, Fraction], ...]  # by base unit, sorted, none of them 0


@dataclass(frozen=True)
class Word:
    """A unit with a name: `factor` times its powers of base units.

    `assumed` marks one that holds by default and that nobody wrote beside the symbol.
    """

    name: str
    factor: float = 1.0
    powers: Powers = ()
    assumed: bool = False


@dataclass(frozen=True)
class Unit:
    """A product of words with exponents; the plain number has none."""

    words: tuple[tuple[Word, Fraction], ...] = ()

    def __mul__(self, other: Unit) -> Unit:
        return Unit(_gather((*self.words, *other.words)))

    def __truediv__(self, other: Unit) -> Unit:
        return self * other ** Fraction(-1)

    def __pow__(self, exponent: Fraction) -> Unit:
        return Unit(_gather((word, power * exponent) for word, power in self.words))

    @property
    def dimension(self) -> Powers:
        """Powers of base units, whatever the scale."""
        return _gather((base, p * power) for word, power in self.words for base, p in word.powers)

    @property
    def assumed(self) -> bool:
        """Whether any part of it holds by default alone."""
        return any(word.assumed for word, _ in self.words)

    @property
    def log_factor(self) -> float:
        """The logarithm of how much of the base units it is."""
        return sum(float(power) * log(word.factor) for word, power in self.words)

    @property
    def factor(self) -> float:
        """How much of the base units it is."""
        return exp(max(-700.0, min(700.0, self.log_factor)))

    def __str__(self) -> str:
        over = [_raised(word, power) for word, power in self.words if power > 0]
        under = [_raised(word, -power) for word, power in self.words if power < 0]
        return "/".join(["*".join(over) or "1", *under])


def _gather(parts: Iterable[tuple[Name, Fraction]]) -> tuple[tuple[Name, Fraction], ...]:
    """Each name once with the sum of its exponents, in a fixed order."""
    total: dict[Name, Fraction] = {}
    for name, power in parts:
        total[name] = total.get(name, Fraction(0)) + power
    return tuple(sorted(((n, p) for n, p in total.items() if p), key=lambda part: str(part[0])))


def _raised(word: Word, power: Fraction) -> str:
    if power == 1:
        return word.name
    return f"{word.name}^{power}" if power.denominator == 1 else f"{word.name}^({power})"


def same_dimension(a: Unit, b: Unit) -> bool:
    """Whether both measure the same kind of thing, if on other scales."""
    return a.dimension == b.dimension


def same_scale(a: Unit, b: Unit) -> bool:
    """Whether units of one dimension are of one size."""
    return abs(a.log_factor - b.log_factor) < 1e-9


PLAIN = Unit()
PREFIXES = {"k": 1e3, "": 1.0, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12}
TIMES = {
    **dict.fromkeys(("s", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("week", "weeks"), 604800.0),
}
COUNTS = ("cell", "copy", "kill", "dose", "patient", "molecule", "IU", "EU", "USD")
PLURALS = {"copies": "copy", **{f"{word}s": word for word in COUNTS if word != "copy"}}
NUMBERS = {"fraction": 1.0, "fold": 1.0, "percent": 0.01}


def _powers(**powers: int) -> Powers:
    return tuple((base, Fraction(power)) for base, power in powers.items())


@cache
def _words() -> dict[str, Word]:
    """Every word that `parse_unit` knows."""
    words = [Word(name, factor, _powers(second=1)) for name, factor in TIMES.items()]
    words += [Word(name, 1.0, _powers(**{name: 1})) for name in COUNTS]
    words += [Word(name, factor) for name, factor in NUMBERS.items()]
    for prefix, size in PREFIXES.items():
        words += [
            Word(f"{prefix}g", 1e-3 * size, _powers(kilogram=1)),
            Word(f"{prefix}Da", 1.66053906660e-27 * size, _powers(kilogram=1)),
            Word(f"{prefix}L", 1e-3 * size, _powers(metre=3)),
            Word(f"{prefix}m", size, _powers(metre=1)),
            Word(f"{prefix}mol", size, _powers(mole=1)),
            Word(f"{prefix}M", 1e3 * size, _powers(metre=-3, mole=1)),
        ]
    return {word.name: word for word in words}


_TOKEN = re.compile(r"\s*([()*/]|\^?-?\d+|[A-Za-z]+)\s*")


@cache
def parse_unit(text: str) -> Unit:
    """The unit of a text such as 'cell/mL', '1/day' or '(pg/mL)/(mg/kg)'.

    Raises NumberError for a word that is not known and for what is not a unit.
    """
    tokens = [match[1] for match in _TOKEN.finditer(text)]
    if "".join(tokens) != re.sub(r"\s", "", text) or not tokens:
        raise NumberError(Problem("", f"'{text}' is not a unit", "Write it as in 'cell/mL'."))
    unit, rest = _product(tokens, text)
    if rest:
        raise NumberError(Problem("", f"'{text}' is not a unit", "Write it as in 'cell/mL'."))
    return unit


def _product(tokens: list[str], text: str) -> tuple[Unit, list[str]]:
    """A product of factors and the tokens after it."""
    unit, rest = _factor(tokens, text)
    while rest and rest[0] in ("*", "/"):
        factor, after = _factor(rest[1:], text)
        unit, rest = (unit * factor if rest[0] == "*" else unit / factor), after
    return unit, rest


def _factor(tokens: list[str], text: str) -> tuple[Unit, list[str]]:
    """A word with its exponent, a 1 or a product in brackets."""
    first, rest = (tokens[0], tokens[1:]) if tokens else ("", [])
    if first == "(":
        unit, rest = _product(rest, text)
        if rest[:1] == [")"]:
            return unit, rest[1:]
    elif first == "1":
        return PLAIN, rest
    elif first[:1].isalpha():
        name = PLURALS.get(first, first)
        if name not in _words():
            what = f"'{first}' is not a known unit" + (f" (in '{text}')" if first != text else "")
            raise NumberError(Problem("", what, did_you_mean(first, _words())))
        unit = Unit(((_words()[name], Fraction(1)),))
        power = rest[0].lstrip("^") if rest and rest[0] not in "()*/" else ""
        if not power:
            return unit, rest
        if re.fullmatch(r"-?\d{1,2}", power):
            return unit ** Fraction(power), rest[1:]
    raise NumberError(Problem("", f"'{text}' is not a unit", "Write it as in 'cell/mL'."))
