"""What a process scientist sets, by name, on any process that has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..base import Problem, SpecError, did_you_mean
from .order import problems_of_order
from .process import Process
from .steps import KINDS


def _moi(process: Process, value: float) -> Process:
    return process.with_step(_step(process, "transduce", "moi"), moi=value)


def _feeder_ratio(process: Process, value: float) -> Process:
    places = [i for i, s in enumerate(process.steps) if "feeder_ratio" in s.settings]
    if not places:
        raise _missing(process, "feeder_ratio", "an expansion with feeders")
    for i in places:
        process = process.with_step(i, feeder_ratio=value)
    return process


def _transduction_day(process: Process, value: float) -> Process:
    """Day of transduction; the expansion after it is shortened, so that the harvest day stays."""
    at = _step(process, "transduce", "transduction_day")
    before, after = _expansion(process, range(at - 1, -1, -1)), _expansion(process, _after(process))
    earlier = sum(s.settings.get("days", 0.0) for s in process.steps[:at])
    shift = value - earlier
    process = process.with_step(before, days=process.steps[before].settings["days"] + shift)
    return process.with_step(after, days=process.steps[after].settings["days"] - shift)


def _harvest_day(process: Process, value: float) -> Process:
    last = _expansion(process, range(len(process.steps) - 1, -1, -1))
    days = process.steps[last].settings["days"] + value - process.days_of_culture
    return process.with_step(last, days=days)


def _cells_per_bag(process: Process, value: float) -> Process:
    return process.with_step(_step(process, "formulate", "cells_per_bag"), cells_per_bag=value)


LEVERS: Mapping[str, Callable[[Process, float], Process]] = {
    "moi": _moi,
    "transduction_day": _transduction_day,
    "feeder_ratio": _feeder_ratio,
    "harvest_day": _harvest_day,
    "cells_per_bag": _cells_per_bag,
}


def with_levers(process: Process, values: Mapping[str, float]) -> Process:
    """The process with levers set; SpecError if it lacks one or a value cannot be.

    The harvest day is set first, so that the day of transduction finds the whole culture.
    """
    for name in sorted(values, key=lambda n: n != "harvest_day"):
        if name not in LEVERS:
            near = did_you_mean(name, LEVERS) or f"Known are {', '.join(LEVERS)}."
            raise SpecError(Problem("lever", f"'{name}' is not a lever", near))
        process = LEVERS[name](process, values[name])
    problems = [*_beyond(process), *problems_of_order(process)]
    if problems:
        raise SpecError(problems)
    return process


def _beyond(process: Process) -> list[Problem]:
    """Settings that a lever pushed out of their limits."""
    problems = []
    for step in process.steps:
        for key, value in step.settings.items():
            limits = KINDS[step.kind].settings[key]
            if not limits.low <= value <= limits.high:
                what = f"{key} of '{step.label}' would be {value:g}, outside {limits.low:g} to"
                what += f" {limits.high:g}"
                problems.append(Problem(process.name, what, "Choose other values."))
    return problems


def _step(process: Process, kind: str, lever: str) -> int:
    at = process.find(kind)
    if at is None:
        raise _missing(process, lever, f"a step '{kind}'")
    return at


def _expansion(process: Process, places: range) -> int:
    for i in places:
        if process.steps[i].kind == "expand":
            return i
    raise _missing(process, "days", "an expansion there")


def _after(process: Process) -> range:
    return range((process.find("transduce") or 0) + 1, len(process.steps))


def _missing(process: Process, lever: str, what: str) -> SpecError:
    return SpecError(Problem(process.name, f"'{lever}' needs {what}, which is not in the process"))
