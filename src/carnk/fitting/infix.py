"""Formulas as people write them, `a * exp(-b * t) + 1e-3`, on numbers and arrays.

The text is taken apart by this file alone and never given to Python. Known are + - * / ^ (and **),
brackets, comparisons, and the functions of FUNCTIONS. A caret binds to the right, and stronger
than a sign.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base import Problem, SpecError, did_you_mean

LONGEST, DEEPEST = 10_000, 40  # characters, brackets within brackets


def _piecewise(*args: Any) -> Any:
    """piecewise(value, condition, value, condition, ..., otherwise)."""
    result = args[-1]
    for value, condition in reversed(list(zip(args[:-1:2], args[1::2]))):
        result = np.where(condition, value, result)
    return result


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {  # fewest and most arguments
    **{
        name: (1, 1, getattr(np, name))
        for name in (
            "exp", "log10", "log2", "sqrt", "abs", "sin", "cos", "tan", "sinh", "cosh", "tanh",
            "arcsin", "arccos", "arctan", "floor", "ceil", "sign",
        )
    },
    "ln": (1, 1, np.log),
    "log": (1, 2, lambda x, base=None: np.log(x) if base is None else np.log(x) / np.log(base)),
    "pow": (2, 2, np.power),
    "min": (2, 2, np.minimum),
    "max": (2, 2, np.maximum),
    "piecewise": (3, 99, _piecewise),
}  # fmt: skip
OPERATORS: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power,
    "<": np.less, ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal,
    "==": np.equal, "!=": np.not_equal, "&&": np.logical_and, "||": np.logical_or,
}  # fmt: skip
LEVELS = (("||",), ("&&",), ("<", ">", "<=", ">=", "==", "!="), ("+", "-"), ("*", "/"))

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|&&|\|\||[-+*/^(),<>]))"
)


@dataclass(frozen=True)
class Formula:
    """A formula taken apart. names: of what it needs, in the order of the text."""

    text: str
    steps: tuple[tuple[str, Any], ...]  # in reverse Polish order
    names: tuple[str, ...]

    def __call__(self, known: Mapping[str, Any]) -> Any:
        """Its value for the values of its names."""
        stack: list[Any] = []
        with np.errstate(all="ignore"):
            for kind, what in self.steps:
                if kind == "number":
                    stack.append(what)
                elif kind == "name":
                    stack.append(known[what])
                elif kind == "minus":
                    stack.append(np.negative(stack.pop()))
                else:
                    function, count = what
                    args = stack[len(stack) - count :]
                    del stack[len(stack) - count :]
                    stack.append(function(*args))
        return stack[0]

    def renamed(self, names: Mapping[str, str | float]) -> Formula:
        """The same with other names, or numbers, in the place of some."""
        steps = []
        for kind, what in self.steps:
            new = names.get(what, what) if kind == "name" else what
            steps.append(("number", new) if isinstance(new, float) else (kind, new))
        listed = dict.fromkeys(str(what) for kind, what in steps if kind == "name")
        return Formula(self.text, tuple(steps), tuple(listed))


def parse(text: str, where: str) -> Formula:
    """Take a formula apart; SpecError at `where` says what is wrong with it."""
    if len(text) > LONGEST:
        raise SpecError(Problem(where, f"the formula has more than {LONGEST:,} characters"))
    return _Parser(text, where).formula()


class _Parser:
    """Reads tokens from left to right; one method for each level of binding."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where = text, where
        self.tokens = self._tokens()
        self.place = self.depth = 0
        self.steps: list[tuple[str, Any]] = []

    def _tokens(self) -> list[tuple[str, str]]:
        found, place = [], 0
        while place < len(self.text.rstrip()):
            match = _TOKEN.match(self.text, place)
            if match is None:
                raise self.wrong(f"'{self.text[place:].strip()[:20]}' has no meaning here")
            kind = str(match.lastgroup)
            found.append((kind, match[kind].replace("**", "^")))
            place = match.end()
        return found

    def wrong(self, what: str, do: str = "") -> SpecError:
        shown = self.text if len(self.text) <= 60 else f"{self.text[:59]}…"
        return SpecError(Problem(self.where, f"in '{shown}': {what}", do))

    def formula(self) -> Formula:
        self.level(0)
        if self.place < len(self.tokens):
            raise self.wrong(f"'{self.tokens[self.place][1]}' is not expected")
        names = dict.fromkeys(what for kind, what in self.steps if kind == "name")
        return Formula(self.text, tuple(self.steps), tuple(names))

    def peek(self) -> str:
        if self.place >= len(self.tokens):
            return ""
        kind, text = self.tokens[self.place]
        return text if kind == "sign" else ""

    def level(self, level: int) -> None:
        if level == len(LEVELS):
            self.signed()
            return
        self.level(level + 1)
        while (sign := self.peek()) in LEVELS[level]:
            self.place += 1
            self.level(level + 1)
            self.steps.append(("apply", (OPERATORS[sign], 2)))

    def signed(self) -> None:
        signs = 0
        while self.peek() in ("+", "-"):
            signs += self.peek() == "-"
            self.place += 1
        self.power()
        if signs % 2:
            self.steps.append(("minus", None))

    def power(self) -> None:
        self.atom()
        if self.peek() == "^":
            self.place += 1
            self.deeper(self.signed)
            self.steps.append(("apply", (np.power, 2)))

    def deeper(self, read: Callable[[], None]) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong("brackets or powers are nested too deeply")
        read()
        self.depth -= 1

    def atom(self) -> None:
        if self.place >= len(self.tokens):
            raise self.wrong("it ends too early")
        kind, text = self.tokens[self.place]
        self.place += 1
        if kind == "number":
            self.steps.append(("number", float(text)))
        elif kind == "name" and self.peek() == "(":
            self.call(text)
        elif kind == "name":
            self.steps.append(("name", text))
        elif text == "(":
            self.deeper(lambda: self.level(0))
            self.close()
        else:
            raise self.wrong(f"'{text}' is not expected")

    def close(self) -> None:
        if self.peek() != ")":
            raise self.wrong("a bracket is not closed")
        self.place += 1

    def call(self, name: str) -> None:
        if name not in FUNCTIONS:
            raise self.wrong(f"'{name}' is not a function here", did_you_mean(name, FUNCTIONS))
        fewest, most, function = FUNCTIONS[name]
        self.place += 1
        count = 0
        while True:
            self.deeper(lambda: self.level(0))
            count += 1
            if self.peek() != ",":
                break
            self.place += 1
        self.close()
        if not fewest <= count <= most:
            raise self.wrong(f"'{name}' has {count} arguments")
        self.steps.append(("apply", (function, count)))
