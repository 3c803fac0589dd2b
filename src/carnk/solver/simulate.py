"""Solve an SBML model in this process: model in, times, names and values out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..base.errors import Problem, SpecError, did_you_mean
from .expression import Expr
from .formula import MOST_NODES, MOST_WITH_SLOPES, TooLarge
from .oneoff import Accuracy, Course, solve_program
from .program import Program
from .sbml_model import SbmlModel
from .sbml_settings import Settings
from .sbml_system import System, system_of

LARGEST_RESULT = 5_000_000  # numbers
MOST_STATES = 3_000


@dataclass(frozen=True)
class Ready:
    """A model whose equations are compiled; only the solving is left to do."""

    program: Program
    settings: Settings
    accuracy: Accuracy

    def solve(self, progress: Callable[[float], None] | None = None) -> Course:
        """The course; `progress` is called with the share of the time span that is done."""
        with np.errstate(all="ignore"):
            return solve_program(self.program, self.settings.times(), self.accuracy, progress)


def simulate(
    model: SbmlModel, settings: Settings, *, rtol: float = 1e-6, atol: float = 1e-12, seed: int = 0
) -> Course:
    """The course of a model from time 0, in the units of the model.

    settings: the times and the wanted variables, as from `until(end, points)`. rtol: relative error
    of a step. atol: absolute error, as a part of a variable's size at the start (of 1 where that is
    larger). seed: of the lot that decides between events of equal priority. Raises SpecError for a
    model or a wish that makes no sense, SolveError where the solution is not defined.
    """
    return prepare(model, settings, rtol, atol, seed).solve()


def prepare(
    model: SbmlModel, settings: Settings, rtol: float = 1e-6, atol: float = 1e-12, seed: int = 0
) -> Ready:
    """The equations of a model, checked and compiled; a settings file can ask for more accuracy."""
    _check(rtol, atol)
    try:
        system = system_of(model)
        if len(system.states) > MOST_STATES:
            raise TooLarge
        outputs = _outputs(system, settings)
        system.graph.limit = MOST_WITH_SLOPES
        program = Program(model, system, outputs)
    except TooLarge:
        what = "this model is larger than can be solved here"
        do = f"It may have {MOST_STATES:,} variables with rates and {MOST_NODES:,} operations, "
        do += "and functions may not make many operations of few."
        raise SpecError(Problem(model.file, what, do)) from None
    if (settings.steps + 1) * (len(outputs) + 1) > LARGEST_RESULT:
        what = f"{settings.steps + 1:,} times and {len(outputs):,} variables are too large a table"
        raise SpecError(Problem(settings.where, what, "Ask for fewer."))
    if settings.relative is not None:
        rtol = max(min(rtol, 0.01 * settings.relative), 1e-13)
    return Ready(program, settings, Accuracy(rtol, atol, seed))


def _outputs(system: System, settings: Settings) -> dict[str, Expr]:
    problems = []
    found = {}
    for name in settings.variables or system.default:
        if name not in system.symbols:
            do = did_you_mean(name, system.symbols)
            problems.append(Problem(settings.where, f"'{name}' is not a variable of the model", do))
        elif name in system.amounts and name in settings.amounts:
            found[name] = system.amounts[name]
        elif name in system.amounts and name in settings.concentrations:
            found[name] = system.concentrations[name]
        else:
            found[name] = system.symbols[name]
    if problems:
        raise SpecError(problems)
    return found


def _check(rtol: float, atol: float) -> None:
    problems = []
    if not 1e-13 <= rtol <= 0.1:
        problems.append(Problem("--rtol", f"{rtol:g} does not lie between 1e-13 and 0.1"))
    if not 1e-100 <= atol < math.inf:
        problems.append(Problem("--atol", f"{atol:g} is not a number of at least 1e-100"))
    if problems:
        raise SpecError(problems)
