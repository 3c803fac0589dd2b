"""The command `carnk`: the commands of all rooms, and errors as messages with exit codes."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from ..base import CarnkError
from . import (
    assay,
    claims,
    construct,
    design,
    donors,
    export,
    faq,
    fit,
    kill,
    make,
    numbers,
    report,
    sensitivity,
    solver,
    study,
    trials,
    validate,
    versus,
)

app = typer.Typer(
    name="carnk",
    help="The CAR-NK therapy system in silico. A research tool: no medical advice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    study.run,
    study.check,
    study.new,
    study.studies,
    study.open_report,
    report.report,
    numbers.numbers,
    study.schema,
    sensitivity.sensitivity,
    fit.fit,
    export.export,
    solver.solve,
    solver.selftest,
    claims.claims,
    versus.versus,
    faq.faq,
    validate.validate,
    validate.validate,
)
for command in COMMANDS:
    app.command(name={"open_report": "open"}.get(command.__name__, command.__name__))(command)
for group in (assay.app, construct.app, design.app, donors.app, kill.app, make.app, trials.app):
    app.add_typer(group)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"carnk {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """The CAR-NK therapy system in silico. A research tool: no medical advice."""


def main() -> None:
    """Run the command line; problems go to standard error with the exit code of their class."""
    try:
        app()
    except CarnkError as error:
        if "--debug" in sys.argv:
            raise
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
