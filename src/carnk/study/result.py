"""A finished run, read back from its folder."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import polars as pl

from ..domain import Study
from .folder import asked_for, run_to_folder, study_of
from .run import Progress
from .summary import Comparison, compare
from .unfinished import There


@dataclass(frozen=True)
class Result:
    """What a run folder holds: outcomes by patient, predictions, and how the run went."""

    folder: Path

    @cached_property
    def study(self) -> Study:
        """The study as it was run."""
        return study_of(self.folder)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """run.json: versions, seed, tolerances, failures by patient, hashes, seconds."""
        manifest: dict[str, Any] = json.loads((self.folder / "run.json").read_text("utf-8"))
        return manifest

    @cached_property
    def outcomes(self) -> pl.DataFrame:
        """One row per patient; NaN where the solve failed."""
        return pl.read_csv(self.folder / "outcomes.csv")

    @cached_property
    def courses(self) -> pl.DataFrame:
        """Courses of a sample of patients, one row per patient and day."""
        return pl.read_parquet(self.folder / "courses.parquet")

    @cached_property
    def trial(self) -> dict[str, Any] | None:
        """What the designs did with the virtual patients (trial.json); None if it is no trial."""
        path = self.folder / "trial.json"
        return json.loads(path.read_text("utf-8")) if path.is_file() else None

    def predictions(self) -> list[Comparison]:
        """Predicted proportions, beside what was published where there is something."""
        return compare(self.study, self.outcomes)


def run(  # noqa: PLR0913
    study: str | Path,
    *,
    patients: int | None = None,
    seed: int | None = None,
    jobs: int | str = 1,
    out: str | Path | None = None,
    resume: bool = False,
    numbers: str | Path | None = None,
    progress: Progress = lambda tally: None,
) -> Result:
    """Run a built-in study or a study file and return its result.

    patients, seed: instead of the file's. jobs: threads, or the address of a dask scheduler;
    results do not depend on it. out: folder to write, which must not exist; left out, a new folder
    for temporary files. resume: go on with the run of that folder that was stopped. numbers: a
    number file with the user's own numbers. Raises SpecError for a bad study, folder or scheduler,
    NumberError for bad numbers.
    """
    stopped = Path(out) if resume and out is not None else None
    asked = asked_for(study, patients, seed, numbers, stopped)
    folder = Path(out) if out is not None else Path(mkdtemp(prefix="carnk-")) / asked.name
    there: There = "resume" if resume else "refuse"
    run_to_folder(study, asked, folder, jobs=jobs, there=there, progress=progress)
    return Result(folder)
