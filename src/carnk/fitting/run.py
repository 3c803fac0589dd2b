"""The verb: an event table and a model in, a folder with the fit out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..assays.events import Events
from ..base import Problem, SpecError, did_you_mean, new_folder_atomic
from .bind import bind
from .catalog import offer_of
from .folder import Source, write_into
from .mixed.estimate import Settings
from .mixed.result import Fit, Progress, fit
from .offers import Offer
from .plan import Asked, Plan, make_plan

ALL = "all"


@dataclass(frozen=True)
class Options:
    """How to fit. profiled: names of entries, or 'all'."""

    draws: int = 256
    seed: int = 1
    profiled: tuple[str, ...] = ()
    keep_ids: bool = False


@dataclass(frozen=True)
class Task:
    """Everything read and checked, nothing fitted yet."""

    events: Events
    offer: Offer
    plan: Plan
    options: Options


def prepare(events: Events, model: str, asked: Asked, options: Options) -> Task:
    """Find the model and make the plan; SpecError with all problems."""
    if options.draws < 64 or options.draws & (options.draws - 1):
        what = f"{options.draws} is not a power of two from 64 on"
        raise SpecError(Problem("--draws", what, "Write 256, 512, 1024."))
    offer = offer_of(model)
    return Task(events, offer, make_plan(offer, events.outputs, events.value_unit, asked), options)


def run(
    task: Task,
    folder: Path,
    report: Callable[[Path], object],
    progress: Progress = lambda what, done, of: None,
) -> Fit:
    """Fit and write the folder, whole or not at all; `report` adds its page to it."""
    study = bind(task.events, task.offer, task.plan)
    names = study.population.names
    profiled = names if task.options.profiled == (ALL,) else task.options.profiled
    problems = [
        Problem("--profile", f"'{n}' is not estimated", did_you_mean(n, names))
        for n in profiled if n not in names
    ]  # fmt: skip
    if problems:
        raise SpecError(problems)
    if folder.exists():
        raise SpecError(
            Problem(str(folder), "is there already", "Choose another name or remove it.")
        )
    found = fit(study, Settings(task.options.draws, task.options.seed), profiled, progress)
    source = Source(task.offer, task.plan, task.events, task.options.keep_ids)
    with new_folder_atomic(folder) as hidden:
        write_into(hidden, found, source)
        report(hidden)
    return found
