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
from .petab.export import check_exportable, write_problem
from .plan import Asked, Plan, make_plan

ALL = "all"


@dataclass(frozen=True)
class Options:
    """How to fit. profiled: names of entries, or 'all'. petab: a folder for it as PEtab."""

    draws: int = 256
    seed: int = 1
    profiled: tuple[str, ...] = ()
    keep_ids: bool = False
    petab: Path | None = None


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
    if task.options.petab is not None:
        seen = task.events.samples["censored"]
        doses = not task.events.doses.is_empty()
        below, wishes = int((seen != 0).sum()), bool(task.plan.covariates)
        check_exportable(task.offer.export, below, doses, wishes)
    study = bind(task.events, task.offer, task.plan)
    names = study.population.names
    profiled = names if task.options.profiled == (ALL,) else task.options.profiled
    problems = [
        Problem("--profile", f"'{n}' is not estimated", did_you_mean(n, names))
        for n in profiled if n not in names
    ]  # fmt: skip
    if problems:
        raise SpecError(problems)
    for path in (folder, task.options.petab):
        if path is not None and path.exists():
            do = "Choose another name or remove it."
            raise SpecError(Problem(str(path), "is there already", do))
    found = fit(study, Settings(task.options.draws, task.options.seed), profiled, progress)
    source = Source(task.offer, task.plan, task.events, task.options.keep_ids)
    with new_folder_atomic(folder) as hidden:
        write_into(hidden, found, source)
        report(hidden)
    if task.options.petab is not None and task.offer.export is not None:
        exported = task.offer.export()
        formulas = [exported.formula(m.formula.text) for m in task.plan.outputs]
        with new_folder_atomic(task.options.petab) as hidden:
            write_problem(hidden, found, exported, formulas, task.plan.fixed)
    return found
