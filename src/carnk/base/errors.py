"""Problems told in one shape, **where: what. do**, and the four errors that carry them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace

ENDINGS = (".", "?", "!")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it stands, what is wrong with the value, what to do."""

    where: str
    what: str
    do: str = ""

    def at(self, where: str) -> Problem:
        """Return the same problem at another place, for callers who know the line and the field."""
        return replace(self, where=where)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" {_sentence(self.do)}" if self.do else ""
        return f"{place}{_sentence(self.what)}{advice}"


class CarnkError(Exception):
    """Anything this package refuses; `problems` holds all that was found, not only the first."""

    exit_code = 1

    def __init__(self, problems: str | Problem | Iterable[Problem], file: str = "") -> None:
        if isinstance(problems, str):
            problems = Problem("", problems)
        found = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(found, file)
        self.problems: tuple[Problem, ...] = found
        self.file = file

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        place = f" in {self.file}" if self.file else ""
        return "\n  ".join([f"{len(self.problems)} problems{place}", *map(str, self.problems)])


class SpecError(CarnkError):
    """Something in a file or an option that the user wrote."""

    exit_code = 2


class NumberError(CarnkError):
    """A number's unit, range or source."""

    exit_code = 3


class SolveError(CarnkError):
    """The mathematics did not come to an end."""

    exit_code = 4


class DataError(CarnkError):
    """The user's data do not carry what is asked of them."""

    exit_code = 5


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return "Did you mean 'x'?" for the nearest choice, or "" if none is near."""
    by_lower = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"Did you mean '{by_lower[near[0]]}'?" if near else ""


def _sentence(text: str) -> str:
    return text if text.endswith(ENDINGS) else f"{text}."
