"""`run check new studies open schema`: studies, their runs and their reports."""

import json
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..domain import Study
    from ..study.unfinished import There

WIDTH = 100  # columns of the terminal
KINDS = (
    "Published trials of CAR-NK",
    "Published trials of CAR-T",
    "Dose finding on virtual patients",
    "Scenarios: the same virtual patients in every arm",
)

Name = Annotated[str, typer.Argument(help="A built-in study or the path of a study.yaml.")]


def run(  # noqa: PLR0913, PLR0917
    study: Name,
    patients: Annotated[int | None, typer.Option(help="Instead of the study's own.")] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the study's own.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Threads; results do not depend on it.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Run on a dask cluster, as tcp://host:8786, instead.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier run there.")] = False,
    resume: Annotated[
        Path | None, typer.Option(help="Folder of a run that was stopped: go on with it.")
    ] = None,
    numbers: Annotated[
        Path | None, typer.Option(help="Your own numbers, a file such as `carnk assay` writes.")
    ] = None,
    disease: Annotated[
        str, typer.Option(help="Of a published model: warn where it was never fitted to it.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print run.json, no table.")] = False,
) -> None:
    """Run a study, or a published model (carnk studies --models), with its report.

    Example: carnk run liu2020 --patients 10000 --seed 7 --jobs 2 --out runs/mine
    """
    from .comparators import is_comparator, run_comparator, show_run

    if is_comparator(study):
        others = ("--resume", resume), ("--scheduler", scheduler), ("--numbers", numbers)
        _refuse_together((study, True), *others)
        show_run(run_comparator(study, patients, seed, disease, jobs, out, force), as_json)
        return
    _refuse_together(("--disease", disease), (f"the study '{study}'", True))
    from ..report import write
    from ..report.terminal import show
    from ..study.folder import asked_for, free_name, run_to_folder
    from ..study.numbers import own_of
    from ..study.own import unread
    from .progress import Bar

    _refuse_together(("--resume", resume), ("--out", out), ("--force", force))
    _refuse_together(("--scheduler", scheduler), ("--jobs", jobs > 1))
    asked = asked_for(study, patients, seed, numbers, resume)
    if left := unread(asked, own_of(asked)):
        typer.echo(f"Not read by a study: {', '.join(left)}", err=True)
    folder = resume or out or free_name(Path("runs"), asked.name)
    there: There = "resume" if resume else "replace" if force else "refuse"
    again = f"Go on with: carnk run {study} --resume {folder}"
    try:
        with Bar(asked.patients) as bar:
            tally = run_to_folder(
                study, asked, folder, jobs=scheduler or jobs, there=there, progress=bar
            )
    except KeyboardInterrupt:
        typer.echo(f"Ended; finished chunks are kept. {again}", err=True)
        raise
    write(folder)
    if as_json:
        typer.echo((folder / "run.json").read_text("utf-8"), nl=False)
    else:
        show(folder)
    if tally.interrupted:
        done = f"{tally.done:,} of {asked.patients:,} patients are done"
        typer.echo(f"Interrupted: {done}. {again}", err=True)
        raise typer.Exit(130)


def _refuse_together(*options: tuple[str, object]) -> None:
    """Refuse the first option beside any of the others."""
    from ..base import Problem, SpecError

    (first, given), *others = options
    beside = [name for name, value in others if value]
    if given and beside:
        raise SpecError(Problem(first, f"cannot be given with {beside[0]}", "Give one of them."))


def check(study: Name) -> None:
    """Check a study file: every problem at once, exit code 0 when it is clean.

    Example: carnk check my_study/study.yaml
    """
    from ..study.read import read

    found = read(study)
    arms = f"{len(found.arms)} arm{'s' if len(found.arms) != 1 else ''}"
    typer.echo(f"{study}: no problems ({arms}, {found.patients:,} patients, seed {found.seed})")


def new(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")],
    source: Annotated[str, typer.Option("--from", help="The study to start from.")] = "liu2020",
) -> None:
    """Make a commented study folder to edit.

    Example: carnk new my_study --from liu2020
    """
    from ..study.new import new_study

    new_study(folder, source)
    typer.echo(f"Edit {folder / 'study.yaml'}, then: carnk run {folder / 'study.yaml'}")


def studies(
    models: Annotated[
        bool, typer.Option("--models", help="The published models of other products instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As a list of objects.")] = False,
) -> None:
    """List the built-in studies by kind, or published models with numbers and figures.

    Example: carnk studies --models
    """
    from ..study.find import built_in
    from ..study.read import read
    from .comparators import list_models

    if models:
        list_models(as_json)
        return

    found = [(_kind(study), study) for study in map(read, built_in())]
    if as_json:
        rows = [
            {"study": s.name, "kind": kind, "registry": s.registry, "title": s.title}
            for kind, s in found
        ]
        typer.echo(json.dumps(rows, indent=1))
        return
    for kind in KINDS:
        typer.echo(kind)
        members = [s for its_kind, s in found if its_kind == kind]
        width = 13 if any(s.registry for s in members) else 0
        for s in members:
            title = shorten(s.title, WIDTH - 19 - width, placeholder=" ...")
            typer.echo(f"  {s.name:<16} {s.registry:<{width}}{title}")


def _kind(study: "Study") -> str:
    """One of KINDS."""
    trial_nk, trial_t, design, scenario = KINDS
    if study.paired:
        return scenario
    if study.trial:
        return design
    return trial_t if study.product.source in ("autologous_t", "allogeneic_t") else trial_nk


def open_report(
    folder: Annotated[Path, typer.Argument(help="A run folder.")],
) -> None:
    """Open the report of a run in the browser.

    Example: carnk open runs/liu2020
    """
    import webbrowser

    from ..base import Problem, SpecError

    page = folder / "report.html"
    if not page.is_file():
        what = "there is no report.html in this folder"
        raise SpecError(Problem(str(folder), what, "Name a folder that `carnk run` has written."))
    typer.echo(str(page))
    webbrowser.open(page.resolve().as_uri())


def schema(
    out: Annotated[Path | None, typer.Option(help="Write to a file instead.")] = None,
) -> None:
    """Print the JSON Schema of study files, for editors.

    Example: carnk schema --out study.schema.json
    """
    from ..base import write_text_atomic
    from ..study.new import schema_text

    if out is None:
        typer.echo(schema_text(), nl=False)
    else:
        write_text_atomic(out, schema_text())
