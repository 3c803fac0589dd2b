"""Published models behind `run`, `studies --models` and `export`: parse words, call a verb."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..library import View
    from ..solver.labels import Document


def is_comparator(name: str) -> bool:
    """Whether a name is that of a published model and not of a file or a study."""
    from ..kinetics.comparators import COMPARATORS

    return name in COMPARATORS


def run_comparator(
    name: str,
    patients: int | None,
    seed: int | None,
    disease: str,
    jobs: int,
    out: Path | None,
    force: bool,
) -> Path:
    """Run a published model, write its folder with the report, and return the folder."""
    from ..report import write
    from ..study.comparator_folder import Asked, run_to_folder
    from ..study.comparators import find, unfitted
    from ..study.folder import free_name
    from .progress_line import progress_line

    model, asked = find(name), Asked(patients, seed, disease)
    warn(unfitted(model, disease))
    folder = out or free_name(Path("runs"), name)
    with progress_line("patients") as bar:
        run_to_folder(
            model, folder, asked, threads=jobs, there="replace" if force else "refuse", progress=bar
        )
    write(folder)
    return folder


def model_document(name: str, view: "View", case: str, disease: str) -> "Document":
    """A case of a published model for other programs."""
    from ..study.comparator_folder import document
    from ..study.comparators import find, unfitted

    warn(unfitted(find(name), disease))
    return document(find(name), view, case, disease)


def warn(warning: str) -> None:
    """Say on standard error that a model is used where it was never fitted."""
    if warning:
        typer.echo(f"Warning: {warning}", err=True)


def show_run(folder: Path, as_json: bool) -> None:
    """Print what the folder of a run says."""
    from ..report.comparator import show

    if as_json:
        typer.echo((folder / "run.json").read_text("utf-8"), nl=False)
    else:
        show(folder)


def list_models(as_json: bool) -> None:
    """Print the published models: equations, numbers, what they reproduce."""
    from ..report.comparator_text import listing, told

    typer.echo(json.dumps(told(), indent=1) if as_json else "\n".join(listing()))
