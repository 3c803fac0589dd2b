"""The exact solutions of the models in this folder, derived by hand from their equations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Answer = Callable[[Array], Mapping[str, Any]]


@dataclass(frozen=True)
class Oracle:
    """What a model shows, until when it is solved, and {variable: values at the times}."""

    shows: str
    answer: Answer
    until: float = 4.0
    points: int = 41


def _stepped(t: Array, moment: float, before: Any, after: Any) -> Array:
    """One course before a moment, another from it on."""
    course: Array = np.where(t >= moment, after, before) + 0.0
    return course


def _decay(t: Array) -> Mapping[str, Any]:
    return {"A": 1.5 * np.exp(-0.7 * t), "B": 3 - 3 * np.exp(-0.7 * t)}


def _growing_volume(t: Array) -> Mapping[str, Any]:
    size, left = 1 + t / 2, 2 * np.exp(-0.3 * t)
    return {"C": size, "A": left / size, "D": left, "R": 1 + 0.4 * t, "F": 6 / size}


def _volume_event(t: Array) -> Mapping[str, Any]:
    size = _stepped(t, 2.5, 1, 4)
    return {"C": size, "A": 3 / size, "D": 2.0, "X": _stepped(t, 2.5, 5, 7)}


def _stoichiometry_rate(t: Array) -> Mapping[str, Any]:
    since = t - 2
    return {
        "S": _stepped(t, 2, t * t / 2, 2 + since * since / 2),
        "n": _stepped(t, 2, t, since),
    }


def _bouncing(t: Array) -> Mapping[str, Any]:
    since = (t - 1) % 2
    return {
        "h": _stepped(t, 1, 5 - 5 * t * t, 10 * since - 5 * since * since),
        "v": _stepped(t, 1, -10 * t, 10 - 10 * since),
    }


def _initial_values(t: Array) -> Mapping[str, Any]:
    fixed = {"C": 4.0, "p": 4.0, "q": 9.0, "T": 9.0, "u": -0.5}
    return {**fixed, "r": 5 + t, "S": np.exp(-0.5 * t)}


def _rate_of(t: Array) -> Mapping[str, Any]:
    y, amount, size = np.exp(-t / 2), 2 * np.exp(-t / 4), 1 + t
    courses = {"y": y, "A": 2 / size, "D": amount, "C": size}
    return {**courses, "a": -y / 2, "b": -2 / size**2, "c": -amount / 4, "d": 1.0}


def _transport(t: Array) -> Mapping[str, Any]:
    apart = 4 * np.exp(-0.8 * t)
    return {"A": 1 + 0.75 * apart, "B": 1 - 0.25 * apart}


def _logic_numbers(t: Array) -> Mapping[str, Any]:
    over = (t > 1) * 1.0 + (t > 2)
    return {
        "a": np.where(t == 1, 7.0, 1.0),
        "b": over,
        "c": (over + (t > 3)) % 2,
        "d": _stepped(t, 1, 2 * t, t + 5),
        "e": np.minimum(t, 1) + np.maximum(t - 2.5, 0),
    }


def _clock_edges(t: Array) -> Mapping[str, Any]:
    """On a grid of tenths: what is to start after t = 2 is not yet there at t = 2."""
    two, three, four = (t > m - 0.05 for m in (2, 3, 4))
    return {"n": (t > 2.05) * 1.0 + three * 2 + four * 4, "m": two * 1.0 + (t > 3.55) * 2}


def _pieces(t: Array) -> Mapping[str, Any]:
    whole = np.floor(t / 0.7)
    return {
        "x": _stepped(t, 1.234, t, 2.468 - t),
        "y": _stepped(t, 1, t, 0.75 + 0.25 * t),
        "z": _stepped(t, 2.05, 1, math.nan),
        "w": 0.7 * whole * (whole - 1) / 2 + whole * (t - 0.7 * whole),
    }


def _numbers(_: Array) -> Mapping[str, Any]:
    values = [
        *(7, -2, -3, -1, 1, 0, 120, -3, -2),
        *(math.acos(1 / 2), math.asin(1 / 2), math.atan(1 / 2)),
        *(1 / math.cos(1), 1 / math.sin(1), 1 / math.tan(1)),
        *(1 / math.cosh(1), 1 / math.sinh(1), 1 / math.tanh(1)),
        *(math.acosh(2), math.asinh(2), math.atanh(1 / 2)),
        *(math.asinh(1), math.acosh(2), math.atanh(1 / 2)),
        *(3, 3, 3, 4, 1, 1, 0, 3, 5, math.pi * math.e, 3, 1, math.inf, 0.7525, 1, 6.02214179e23),
    ]
    return {f"v{n + 1}": float(value) for n, value in enumerate(values)}


def _moving_functions(t: Array) -> Mapping[str, Any]:
    """Integrals of functions of s = 1/2 + sin(t)/4, by the midpoint rule on 400 parts a unit."""
    parts = 4000
    middle = (np.arange(parts) + 0.5) / parts * t[:, None]
    s = 0.5 + np.sin(middle) / 4
    functions = [
        *(np.sin(s), np.tan(s), np.arcsin(s), np.arccos(s), np.arctan(s), np.sinh(s), np.tanh(s)),
        *(np.arcsinh(s), np.log(1 + s), (1 + s) ** s, np.abs(s - 0.6), np.maximum(s, 0.55)),
    ]
    return {f"x{n + 1}": f.mean(axis=1) * t for n, f in enumerate(functions)}


def _not_set(t: Array) -> Mapping[str, Any]:
    set_later = _stepped(t, 1.5, math.nan, 4)
    return {"p": set_later, "z": 2 * set_later, "g": 1 + t, "A": 2.0, "U": math.nan}


def _amount_event(t: Array) -> Mapping[str, Any]:
    before, after = np.exp(-t / 2), np.exp(-(t - 1.5) / 2)
    return {
        "A": _stepped(t, 1.5, before, 5 * after),
        "B": _stepped(t, 1.5, before, 3 * after),
        "V": _stepped(t, 1.5, 1, 2),
    }


def _logistic(t: Array) -> Mapping[str, Any]:
    grown = 0.01 * np.exp(1.3 * t)
    return {"x": grown / (0.99 + grown)}


def _ends(start: list[float], end: list[float]) -> Answer:
    """Values y1, y2, ... at the start and at the end."""

    def answer(t: Array) -> Mapping[str, Any]:
        pairs = enumerate(zip(start, end))
        return {f"y{n + 1}": np.where(t > 0, last, first) for n, (first, last) in pairs}

    return answer


# End values of two stiff problems. Source: F. Mazzia and C. Magherini, Test Set for Initial Value
# Problem Solvers, release 2.4, University of Bari, 2008 (https://archimede.uniba.it/~testset).
ROBER = [2.083340149701255e-8, 8.333360770334713e-14, 0.9999999791666505]
HIRES = [
    *(7.371312573325668e-4, 1.442485726316185e-4, 5.888729740967575e-5, 1.175651343283149e-3),
    *(2.386356198831331e-3, 6.238968252742796e-3, 2.849998395185769e-3, 2.850001604814231e-3),
]

ORACLES: Mapping[str, Oracle] = {
    "decay": Oracle("reactions, concentrations, stoichiometry (Level 2)", _decay),
    "growing_volume": Oracle("compartment with a rate rule", _growing_volume),
    "assigned_volume": Oracle(
        "compartment with an assignment rule",
        lambda t: {"C": 1 + t, "A": 4 / (1 + t), "R": 1 + 0.3 * t},
    ),
    "volume_event": Oracle("compartment changed by an event", _volume_event),
    "stoichiometry_rule": Oracle(
        "stoichiometry with an assignment rule",
        lambda t: {"S": t * t, "z": 6 * t, "n": 2 * t},
    ),
    "stoichiometry_rate": Oracle("stoichiometry with a rate rule, event", _stoichiometry_rate),
    "stoichiometry_math": Oracle("stoichiometryMath (Level 2)", lambda t: {"S": 2 * t + t * t}),
    "references": Oracle(
        "species reference in mathematics",
        lambda t: {"S": 10 - t, "z": 10.0, "n": 2.0},
    ),
    "initial_values": Oracle("initial assignments, from rules and rates too", _initial_values),
    "functions": Oracle(
        "function definitions, avogadro",
        lambda t: {"a": 17.0, "b": 6.02214179, "c": 9.0},
    ),
    "rate_of": Oracle("rateOf (Level 3 Version 2)", _rate_of),
    "substance_only": Oracle(
        "hasOnlySubstanceUnits in a kinetic law",
        lambda t: {"D": 2 * np.exp(-t / 2), "A": 2 * np.exp(-t / 10)},
    ),
    "transport": Oracle("two compartments", _transport),
    "boundary": Oracle(
        "boundary and constant species",
        lambda t: {"A": 1 + t, "B": 2 * t + t * t, "K": 2.0},
    ),
    "no_dimension": Oracle("compartment without dimensions", lambda t: {"A": 8 * np.exp(-t)}),
    "local_parameters": Oracle("local parameters", lambda t: {"A": 2 * t, "B": 8 * t}),
    "conversion": Oracle("conversion factors", lambda t: {"A": 50 - t / 2, "B": 3.75 * t}),
    "pieces": Oracle("piecewise and floor in rates", _pieces),
    "numbers": Oracle("operators and functions of MathML", _numbers),
    "moving_functions": Oracle("smooth functions in rates", _moving_functions),
    "time_symbol": Oracle(
        "rates that depend on time", lambda t: {"x": t**3, "y": np.exp(-t * t)}, until=3.0
    ),
    "logistic": Oracle("rate rules of parameters", _logistic, until=12.0),
    "root_decay": Oracle(
        "amounts that end at zero", lambda t: {"A": np.maximum(1 - t / 2, 0.0) ** 2}
    ),
    "not_set": Oracle("values that are not set", _not_set),
    "no_mathematics": Oracle(
        "elements without mathematics (Level 3 Version 2)",
        lambda t: {"A": 1.0, "p": 3.0, "q": 4.0},
    ),
    "priorities": Oracle(
        "event priorities, values from the trigger or the execution",
        lambda t: {"x": _stepped(t, 1, 1, 8), "y": _stepped(t, 1, 1, 2)},
    ),
    "priorities_change": Oracle(
        "priorities looked at again after every event",
        lambda t: {"x": np.where(t > 1, 21.0, 0.0)},
    ),
    "delays": Oracle(
        "delayed events", lambda t: {"y": _stepped(t, 3, 0, 1), "z": _stepped(t, 3, 0, 3)}
    ),
    "called_off": Oracle(
        "events that are not persistent, delayed",
        lambda t: {"p": 0.0, "q": _stepped(t, 2.5, 0, 1), "r": _stepped(t, 1.5, 0, 1)},
    ),
    "called_off_at_once": Oracle(
        "events that are not persistent, at the same time",
        lambda t: {"p": 0.0, "q": _stepped(t, 1, 0, 1), "s": _stepped(t, 1, 0, 1)},
    ),
    "start_triggers": Oracle("triggers at time 0", lambda t: {"p": 1.0, "q": 0.0, "c": 1.0}),
    "cascade": Oracle(
        "events that set off others",
        lambda t: {n: _stepped(t, m, 0, v) for n, m, v in (("p", 1, 1), ("q", 1, 2), ("r", 2, 3))},
    ),
    "sawtooth": Oracle(
        "an event that resets its own trigger",
        lambda t: {"x": t % 1, "n": np.floor(t)},
        until=3.95,
        points=40,
    ),
    "bouncing": Oracle("events found by their trigger", _bouncing, until=5.9, points=31),
    "equalities": Oracle(
        "triggers true for a moment",
        lambda t: {"p": _stepped(t, 2, 0, 1), "q": _stepped(t, 3.3, 0, 1)},
        points=40,
    ),
    "narrow_window": Oracle(
        "triggers true for a short while",
        lambda t: {"p": np.where(t > 3.3, 1.0, 0.0), "q": _stepped(t, 0.001, 0, 1)},
        points=40,
    ),
    "delay_reset": Oracle(
        "an event that fires again while it waits",
        lambda t: {"n": np.maximum(np.floor(t - 0.25), 0)},
        points=40,
    ),
    "clock_edges": Oracle("triggers that turn true at output times", _clock_edges),
    "logic_numbers": Oracle("numbers as logical values and the reverse", _logic_numbers),
    "amount_event": Oracle("events on concentrations and sizes at once", _amount_event),
    "rober": Oracle("a stiff problem, eleven decades", _ends([1, 0, 0], ROBER), 1e11, 2),
    "hires": Oracle(
        "a stiff problem", _ends([1, 0, 0, 0, 0, 0, 0, 0.0057], HIRES), until=321.8122, points=2
    ),
}
