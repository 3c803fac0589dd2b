"""What to solve for: the times and the variables, from options or an SBML Test Suite file."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import Problem, SpecError, did_you_mean
from ..base.files import read_text

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_POINTS = 1_000_000
LONGEST = 1e18
KEYS = (
    *("start", "duration", "steps", "variables", "absolute", "relative"),
    *("amount", "concentration", "output", "testtype", "generatedby"),
)


@dataclass(frozen=True)
class Settings:
    """Times from `start` on over `duration` in `steps` equal steps, and the wanted variables.

    Without variables the model's own are shown. Species in `amounts` or `concentrations` are given
    as such, all others in the unit that their symbol has in formulas. `absolute` and `relative` are
    the accuracy that a settings file asks for, None without one.
    """

    start: float
    duration: float
    steps: int
    variables: tuple[str, ...] = ()
    amounts: frozenset[str] = field(default_factory=frozenset)
    concentrations: frozenset[str] = field(default_factory=frozenset)
    absolute: float | None = None
    relative: float | None = None
    where: str = "--settings"

    def __post_init__(self) -> None:
        """SpecError if the times make no sense."""
        problems = []
        if not (0 <= self.start < LONGEST and 0 <= self.duration < LONGEST):
            what = f"{self.start:g} to {self.start + self.duration:g} is not a span of time"
            problems.append(Problem(self.where, what, "Give finite times from 0 on."))
        if not 0 <= self.steps < MOST_POINTS:
            what = f"{self.steps + 1:,} points were asked for"
            problems.append(Problem(self.where, what, f"Ask for 1 to {MOST_POINTS:,}."))
        if problems:
            raise SpecError(problems)

    def times(self) -> npt.NDArray[Any]:
        """All times; each is one rounding away from what the numbers mean."""
        import numpy as np

        steps = max(self.steps, 1)
        times = self.start + np.arange(self.steps + 1) * self.duration / steps
        return np.append(times[:-1], self.start + self.duration)


def until(end: float, points: int) -> Settings:
    """Settings for `points` times from 0 to `end`."""
    if points < 2 or not 0 < end < LONGEST:
        what = f"--until {end:g} with --points {points} is not a span of time"
        raise SpecError(Problem("--until", what, "Give an end above 0 and at least 2 points."))
    return Settings(0.0, end, points - 1, where="--points")


def read_settings(path: Path) -> Settings:
    """Read a settings file of the SBML Test Suite (`key: value` lines)."""
    given: dict[str, str] = {}
    problems = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if not line.strip():
            continue
        if not colon or key not in KEYS:
            do = did_you_mean(key, KEYS)
            problems.append(Problem(f"{path.name}:{number}", f"'{key[:40]}' is not a setting", do))
        given[key] = value.strip()
    kind = given.get("testtype", "")
    if kind.lower() not in ("", "timecourse"):
        what = f"tests of the type '{kind[:40]}' are not supported"
        problems.append(Problem(f"{path.name}: testType", what, "Only 'TimeCourse' is."))
    numbers = {}
    for key in ("start", "duration", "steps", "absolute", "relative"):
        text = given.get(key, "")
        if not text and key in ("absolute", "relative"):
            continue
        try:
            numbers[key] = float(text)
        except ValueError:
            problems.append(Problem(f"{path.name}: {key}", f"'{text[:40]}' is not a number"))
    if numbers.get("steps", 0) != int(min(max(numbers.get("steps", 0), 0), MOST_POINTS)):
        problems.append(Problem(f"{path.name}: steps", f"{numbers['steps']:g} is not a count"))
    if any(math.isnan(x) for x in numbers.values()):
        problems.append(Problem(path.name, "a setting is not a number"))
    if problems:
        raise SpecError(problems, path.name)
    return Settings(
        start=numbers["start"],
        duration=numbers["duration"],
        steps=int(numbers["steps"]),
        variables=_words(given.get("variables", "")),
        amounts=frozenset(_words(given.get("amount", ""))),
        concentrations=frozenset(_words(given.get("concentration", ""))),
        absolute=numbers.get("absolute"),
        relative=numbers.get("relative"),
        where=path.name,
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
