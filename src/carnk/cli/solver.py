"""`solve selftest`: models of others solved, and the solver checked against all its oracles."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..solver.selftest import Row

WIDTH = 12  # of a column in the terminal


def solve(
    model: Annotated[Path, typer.Argument(help="An SBML file or a COMBINE archive (.omex).")],
    until: Annotated[float | None, typer.Option(help="The last time, in the model's unit.")] = None,
    points: Annotated[int, typer.Option(help="Times from 0 on, the last one included.")] = 101,
    rtol: Annotated[float, typer.Option(help="Relative error of a step.")] = 1e-6,
    atol: Annotated[
        float, typer.Option(help="Absolute error: part of a variable's size at the start, or of 1.")
    ] = 1e-12,
    settings: Annotated[
        Path | None, typer.Option(help="An SBML Test Suite settings file, instead of --until.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a CSV file.")] = None,
) -> None:
    """Solve any SBML model (Level 2, Level 3 core): time, then its variables, in its units.

    Example: carnk solve model.xml --until 100 --points 101 --out result.csv
    """
    from ..base import Problem, SpecError, write_text_atomic
    from ..solver.sandbox import Request, solve_file

    if (until is None) == (settings is None):
        what = "one of --until and --settings is needed"
        raise SpecError(Problem("carnk solve", what, "Write, for example, --until 100."))
    asked = str(settings) if settings is not None else None
    table = solve_file(Request(str(model), asked, until, points, rtol, atol))
    for note in table.notes:
        typer.echo(f"note: {note}", err=True)
    if out is not None:
        write_text_atomic(out, table.csv)
    elif sys.stdout.isatty():
        _show(table.csv)
    else:
        typer.echo(table.csv, nl=False)


def selftest(
    folder: Annotated[
        Path | None, typer.Option("--reference", help="A folder of reference cases, checked too.")
    ] = None,
) -> None:
    """Check the solver against everything that is known: one row each, exit code 0 if all hold.

    Reference cases are the SBML Test Suite and published models, taken from the folder
    shared/reference beside the checkout if none is named. Takes about half a minute.

    Example: carnk selftest
    """
    from itertools import chain

    from ..base import Problem, SolveError, SpecError
    from ..solver.selftest import reference, shipped

    beside = Path(__file__).parents[4] / "shared" / "reference"
    if folder is None and beside.is_dir():
        folder = beside
    if folder is not None and not (folder / "sbml_semantic" / "manifest.csv").is_file():
        what = "there are no reference cases in this folder"
        raise SpecError(Problem(str(folder), what, "Name one with sbml_semantic/manifest.csv."))
    rows = chain(shipped(), _engines(), reference(folder) if folder is not None else ())
    failed, count, skipped = [], 0, 0
    for row in rows:
        word = {True: "holds", False: "FAILS", None: "skipped"}[row.holds]
        typer.echo(f"{word:<8}{row.group:<16} {row.name:<40.40} {row.found}"[:100])
        count, skipped = count + 1, skipped + (row.holds is None)
        failed += [row] if row.holds is False else []
    typer.echo(f"{count - skipped - len(failed)} of {count} oracles hold, {skipped} were skipped.")
    if failed:
        raise SolveError([Problem(f"{row.group}, {row.name}", row.found) for row in failed])


def _engines() -> "Iterator[Row]":
    """One patient by the compiled kernel and by the interpreter.

    The interpreter needs seconds for each study, so only those are asked that together hold every
    mechanism of the built-in ones.
    """
    from ..study.engines import covering, engines_agree
    from ..study.find import built_in
    from ..study.read import read

    names = covering(built_in())
    typer.echo(f"Engines: {len(names)} of {len(built_in())} studies hold every mechanism of all.")
    return (engines_agree(read(name)) for name in names)


def _show(csv: str) -> None:
    """The columns that fit into a terminal of 100 characters."""
    head, *rows = (line.split(",") for line in csv.splitlines())
    shown = 100 // WIDTH
    typer.echo("".join(f"{name[: WIDTH - 1]:>{WIDTH}}" for name in head[:shown]))
    for row in rows:
        typer.echo("".join(f"{float(text):>{WIDTH}.5g}" for text in row[:shown]))
    if len(head) > shown:
        typer.echo(f"{len(head) - shown} more variables: write them to a file with --out.")
