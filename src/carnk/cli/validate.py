"""`validate`: what the built-in studies predict beside everything that was published."""

from pathlib import Path
from typing import Annotated

import typer


def validate(
    patients: Annotated[int, typer.Option(help="Virtual patients of each study.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the virtual patients.")] = 1,
    study: Annotated[str, typer.Option(help="Only the rows of this built-in study.")] = "",
    bars: Annotated[
        Path | None, typer.Option(help="CSV of your own bars, instead of the library's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write validation.csv and validation.html to.")
    ] = None,
) -> None:
    """Set every published result beside its prediction, misses first; 1 if a stated bar fails.

    Example: carnk validate --patients 2000 --seed 7 --out validation
    """
    from dataclasses import asdict
    from textwrap import wrap

    from ..base import Problem, SpecError
    from ..fitting.bars import judged, read_bars, stated
    from ..fitting.published import left_out
    from ..fitting.validation import caution
    from ..fitting.validation import validate as checked
    from ..fitting.validation_table import COLUMNS, csv_of, made_by, table_rows, verdict_rows
    from ..report.validation_page import page, write
    from ..report.validation_text import WIDTH, lines
    from .printing import json_text
    from .progress_line import progress_line

    if out is not None and out.exists():
        raise SpecError(Problem(str(out), "is there already", "Choose another name or remove it."))
    held_to = read_bars(bars) if bars else stated()
    with progress_line("chunks of patients") as progress:
        found = checked(patients, seed, study, progress)
        verdicts = judged(found, held_to)
    rows, told = table_rows(found), verdict_rows(verdicts)
    left, made = [asdict(each) for each in left_out()], made_by(patients, seed)
    if warned := caution(patients):
        typer.echo("\n".join(wrap(f"Warning: {warned}", WIDTH)), err=True)
    if out is not None:
        write(out, csv_of(rows, COLUMNS), page(rows, told, left, made, warned))
    if as_json:
        typer.echo(
            json_text({
                "made": made, "warning": warned, "rows": rows, "bars": told, "left_out": left,
            }),
            nl=False,
        )  # fmt: skip
    else:
        head = [f"{made}. No medical advice.", *wrap(warned, WIDTH)]
        typer.echo("\n".join([*head, *lines(rows, told, left)]))
        if out is not None:
            typer.echo(f"Page: {out / 'validation.html'}")
    if any(each.fails for each in verdicts):
        raise typer.Exit(1)
