"""The verb: a problem.yaml in, a folder with the fit out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...base import Problem, SpecError, new_folder_atomic
from .fit import STARTS, PetabFit, fit_petab
from .folder import write_into
from .objective import Objective, check
from .read import read_petab


def run_petab(
    path: Path, folder: Path, report: Callable[[Path], object], seed: int = 1,
    progress: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> PetabFit:  # fmt: skip
    """Fit a problem and write the folder, whole or not at all; `report` adds its page to it."""
    if folder.exists():
        raise SpecError(
            Problem(str(folder), "is there already", "Choose another name or remove it.")
        )
    objective = Objective(read_petab(path))
    check(objective)
    found = fit_petab(objective, STARTS, seed, progress)
    with new_folder_atomic(folder) as hidden:
        write_into(hidden, found)
        report(hidden)
    return found
