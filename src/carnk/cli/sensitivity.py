"""`sensitivity`: which uncertain numbers an answer hangs on, all varied together."""

from pathlib import Path
from textwrap import fill
from typing import Annotated

import typer

SHOWN = 15  # rows in the terminal
WIDTH = 100


def sensitivity(  # noqa: PLR0913, PLR0917
    study: Annotated[str, typer.Argument(help="A built-in study or the path of a study.yaml.")],
    outcome: Annotated[
        str,
        typer.Option(help="response, complete_response, burden, cmax, auc, peak_il6 or crs."),
    ] = "response",
    arm: Annotated[
        str, typer.Option(help="Set against the first where all patients are in every arm.")
    ] = "",
    method: Annotated[str, typer.Option(help="sobol or morris.")] = "sobol",
    numbers: Annotated[int, typer.Option(help="How many vary, the widest in effect.")] = 30,
    runs: Annotated[
        int, typer.Option(help="At most; Sobol takes a power of 2 of points.")
    ] = 10_000,
    patients: Annotated[int, typer.Option(help="In every run, always the same.")] = 200,
    seed: Annotated[int | None, typer.Option(help="Instead of the study's own.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Threads; results do not depend on it.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write: table, facts, picture.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print facts and rows.")] = False,
) -> None:
    """Vary all wide numbers together: the share of each in the answer's variance.

    Each uncertain number is tried alone first; the widest in effect are then varied together, to
    the response day, in the same patients. Sobol gives first and total indices with 95 % intervals,
    Morris mean effects for fewer runs.

    Of a study with 'allocation: every_arm' the answer is the difference, in the same patients, of
    the second arm from the first, or of the arm that --arm names.

    Example: carnk sensitivity liu2020 --outcome burden --runs 2048 --patients 50 --jobs 2
    """
    from ..base import Problem, SpecError
    from ..report.sensitivity import lines, write_sensitivity
    from ..study.find import study_text
    from ..study.global_sensitivity import Asked, analyze
    from ..study.read import read
    from .columns import aligned
    from .printing import json_text
    from .progress_line import progress_stages

    if out is not None and out.exists():
        raise SpecError(Problem(str(out), "is there already", "Choose another name or remove it."))
    asked = Asked(read(study, None, seed), outcome, method, numbers, runs, patients, arm)
    text = study_text(study)[1]
    with progress_stages() as stage:
        found = analyze(asked, text, jobs, stage)
    if out is not None:
        write_sensitivity(found, text, out)
    if as_json:
        typer.echo(json_text({"facts": found.facts, "rows": found.rows}), nl=False)
        return
    facts = found.facts
    head = f"{facts['meaning']}, {facts['runs']:,} runs of {facts['patients']:,} patients"
    typer.echo(fill(head, WIDTH))
    for line in aligned(lines(found, SHOWN)):
        typer.echo(line)
    if len(found.rows) > SHOWN:
        typer.echo(f"{len(found.rows) - SHOWN} more: write them to a folder with --out.")
    if out is not None:
        typer.echo(f"Written: {out}")
