"""Sobol indices and Morris effects of any function on the unit cube, by SALib."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .numbers import Array

CONFIDENCE = 0.95
LEVELS = 4  # of the Morris grid
Function = Callable[[Array], Array]


@dataclass(frozen=True)
class Sobol:
    """Shares of the variance of an answer, one per input; errors are half widths of 95 % intervals.

    first: by the input alone; total: with all that it does together with others [saltelli2010].
    """

    first: Array
    first_error: Array
    total: Array
    total_error: Array
    mean: float
    variance: float


@dataclass(frozen=True)
class Morris:
    """Elementary effects of an input over its whole range, one per input [morris1991].

    mean, size: mean effect, and mean of its absolute value (mu and mu*); size_error: half width of
    its 95 % interval; spread: standard deviation of the effects (sigma), from bends and
    interactions.
    """

    mean: Array
    size: Array
    size_error: Array
    spread: Array


def sobol_points(runs: int, inputs: int) -> int:
    """Base points of a Sobol design of at most so many runs: a power of 2, as its sequence needs.

    The design has (inputs + 2) runs for each; 0 where the runs are too few for two points.
    """
    most = runs // (inputs + 2)
    return 1 << (most.bit_length() - 1) if most >= 2 else 0


def sobol(function: Function, inputs: int, points: int, seed: int) -> Sobol:
    """First and total indices of a function of the unit cube.

    function: answers (runs,) at places (runs, inputs) in (0, 1). points: as `sobol_points` gives
    them. An answer that nothing moves has indices of 0.
    """
    from SALib.analyze import sobol as analysis
    from SALib.sample import sobol as sampling

    problem = _problem(inputs)
    places = sampling.sample(problem, points, calc_second_order=False, seed=_rng(seed))
    answers = np.asarray(function(places), dtype=float)
    mean, variance = float(answers.mean()), float(answers.var())
    if np.ptp(answers) <= 1e-12 * max(1.0, abs(mean)):
        nothing = np.zeros(inputs)
        return Sobol(nothing, nothing, nothing, nothing, mean, 0.0)
    found = analysis.analyze(
        problem, answers, calc_second_order=False, conf_level=CONFIDENCE,
        seed=seed + 1,  # SALib takes 0 for none
    )  # fmt: skip
    first, first_error, total, total_error = (
        np.asarray(found[key]) for key in ("S1", "S1_conf", "ST", "ST_conf")
    )
    return Sobol(first, first_error, total, total_error, mean, variance)


def morris(function: Function, inputs: int, trajectories: int, seed: int) -> Morris:
    """Elementary effects of a function of the unit cube, ends included.

    function: answers (runs,) at places (runs, inputs); there are (inputs + 1) runs for each of the
    trajectories.
    """
    from SALib.analyze import morris as analysis
    from SALib.sample import morris as sampling

    problem = _problem(inputs)
    places = sampling.sample(problem, trajectories, num_levels=LEVELS, seed=_rng(seed))
    answers = np.asarray(function(places), dtype=float)
    found = analysis.analyze(
        problem, places, answers, conf_level=CONFIDENCE, num_levels=LEVELS, seed=_rng(seed)
    )
    keys = "mu", "mu_star", "mu_star_conf", "sigma"
    return Morris(*(np.asarray(found[key], dtype=float) for key in keys))


def _problem(inputs: int) -> dict[str, Any]:
    names = [f"x{i}" for i in range(inputs)]
    return {"num_vars": inputs, "names": names, "bounds": [[0.0, 1.0]] * inputs}


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)
