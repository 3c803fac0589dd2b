"""`report`: the pages of a run folder, written anew; the evidence for and against its answer."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(help="A run folder.")],
    credibility: Annotated[
        bool, typer.Option("--credibility", help="Write credibility.html beside the report.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Threads of its sensitivity analysis.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the machine facts of credibility.")
    ] = False,
) -> None:
    """Write the report of a run anew, and on request the page of its credibility.

    That page verifies the code now and takes the sensitivity analysis of the run's folder
    `sensitivity`, or makes a quick one there; this takes about half a minute the first time.

    Example: carnk report runs/liu2020 --credibility --jobs 2
    """
    from ..report import write
    from ..report.credibility import facts_text, write_credibility
    from ..report.credibility_facts import facts
    from .progress_line import progress_stages

    pages = [write(folder)]
    if credibility or as_json:
        with progress_stages() as stage:
            found = facts(folder, jobs, stage)
        if credibility:
            pages.append(write_credibility(folder, found))
        if as_json:
            typer.echo(facts_text(found), nl=False)
            return
    for page in pages:
        typer.echo(f"Written: {page}")
