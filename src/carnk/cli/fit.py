"""`fit`: a model of cell kinetics to the courses of many patients at once."""

import json
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from .columns import WIDTH, aligned

if TYPE_CHECKING:
    from ..fitting.mixed.result import Fit


def fit(  # noqa: PLR0913, PLR0917
    data: Annotated[
        Path, typer.Argument(help="Event table (ID TIME DV ...), or problem.yaml of PEtab.")
    ],
    out: Annotated[Path, typer.Option(help="New folder to write.")],
    model: Annotated[
        str, typer.Option(help="stein2019, another comparator, or an SBML file.")
    ] = "",
    study: Annotated[str, typer.Option(help="A study instead: its in-vivo model.")] = "",
    plan: Annotated[Path | None, typer.Option(help="A plan file: docs/fit.md.")] = None,
    estimate: Annotated[str, typer.Option(help="Numbers to fit, as in cmax,beta.")] = "",
    shared: Annotated[str, typer.Option(help="Of these, the same in all patients.")] = "",
    error: Annotated[str, typer.Option(help="lognormal, proportional, additive or combined.")] = "",
    covariate: Annotated[
        list[str] | None, typer.Option(help="As in weight:cmax; may be given again.")
    ] = None,
    correlations: Annotated[
        bool, typer.Option("--correlations", help="Between patients' numbers, too.")
    ] = False,
    of: Annotated[
        str, typer.Option(help="What DV is, as a formula, if the unit is not enough.")
    ] = "",
    unit: Annotated[str, typer.Option(help="Of DV, if its header has none.")] = "",
    time_unit: Annotated[str, typer.Option(help="Of TIME, if its header has none.")] = "",
    lloq: Annotated[
        float | None, typer.Option(help="Limit of quantification, if there is no LLOQ column.")
    ] = None,
    profile: Annotated[str, typer.Option(help="Estimates to profile, as in beta, or all.")] = "",
    draws: Annotated[int, typer.Option(help="Of every patient's numbers, a power of two.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
    export_petab: Annotated[
        Path | None, typer.Option(help="New folder: the problem as PEtab 1, one typical patient.")
    ] = None,
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Write patients' ids, not pseudonyms.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print fit.json, no table.")] = False,
) -> None:
    """Fit numbers of a model to all patients at once: typical values and differences between them.

    Example: carnk fit course.csv --model stein2019 --unit copies/ug --lloq 50 --out fits/mine
    """
    if data.suffix.lower() in (".yaml", ".yml"):
        beside = (model, study, plan, of, unit, error, covariate, export_petab, lloq)
        _petab(data, out, seed, as_json, any(each is not None and each != "" for each in beside))
        return
    from ..assays.events import read_events
    from ..fitting.plan import Asked, Wish
    from ..fitting.run import Options, prepare, run
    from ..report.fit_page import write_page
    from .progress_line import progress_stages

    asked = Asked(
        _words(estimate), _words(shared), of, unit, error,
        tuple(Wish(*_pair(word)) for word in covariate or ()), correlations, plan,
    )  # fmt: skip
    events = read_events(data, time_unit, lloq)
    options = Options(draws, seed, _words(profile), keep_ids, export_petab)
    task = prepare(events, _model(model, study), asked, options)
    for warning in events.warnings:
        typer.echo(fill(f"warning: {warning}", WIDTH, subsequent_indent="  "), err=True)
    with progress_stages() as steps:
        found = run(task, out, write_page, steps)
    if as_json:
        typer.echo((out / "fit.json").read_text("utf-8"), nl=False)
        return
    _show(found, out)


def _petab(path: Path, out: Path, seed: int, as_json: bool, more: bool) -> None:
    from ..base import Problem, SpecError
    from ..fitting.petab.folder import estimates, manifest
    from ..fitting.petab.run import run_petab
    from ..report.petab_page import write_page
    from .progress_line import progress_stages

    if more:
        what = "a PEtab problem says model, data and errors itself"
        raise SpecError(Problem(str(path), what, "Give --out and --seed only."))
    with progress_stages() as steps:
        found = run_petab(path, out, write_page, seed, steps)
    facts = manifest(found)
    if as_json:
        typer.echo((out / "fit.json").read_text("utf-8"), nl=False)
        return
    rows = [("", "value", "95 %", "")]
    for row in estimates(found):
        known = row["low"] is not None and row["high"] is not None
        ends = f"{row['low']:.4g} to {row['high']:.4g}" if known else "-"
        rows.append((row["name"], f"{row['value']:.5g}", ends, row["note"]))
    for line in aligned(rows):
        typer.echo(line)
    starts = f"{facts['starts_that_found_it']} of {facts['starts']} starts"
    typer.echo(f"log likelihood {facts['log_likelihood']:.4f}, found by {starts}")
    typer.echo(f"Written: {out / 'report.html'}")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _pair(word: str) -> tuple[str, str]:
    from ..base import Problem, SpecError

    column, colon, on = word.partition(":")
    if not (column and colon and on):
        what = f"'{word}' does not say which column acts on which number"
        raise SpecError(Problem("--covariate", what, "Write it as in weight:cmax."))
    return column, on


def _model(model: str, study: str) -> str:
    from ..base import Problem, SpecError

    if bool(model) == bool(study):
        what = "one of --model and --study is needed"
        raise SpecError(Problem("carnk fit", what, "Write, for example, --model stein2019."))
    return model or f"study:{study}"


def _show(found: "Fit", out: Path) -> None:
    from ..fitting.tables import estimates

    rows = [("", "value", "95 %", "prior 95 %", "")]
    for row in estimates(found):
        ends = f"{row['low']:.3g} to {row['high']:.3g}"
        prior = f"{row['prior_low']:.3g} to {row['prior_high']:.3g}"
        rows.append((row["name"], f"{row['value']:.4g}", ends, prior, row["note"]))
    for line in aligned(rows):
        typer.echo(line)
    manifest = json.loads((out / "fit.json").read_text("utf-8"))
    data = manifest["data"]
    typer.echo(
        f"{data['patients']} patients, {data['samples']} samples ({data['not_seen']} not seen), "
        f"-2 log L {manifest['minus_two_log_likelihood']:.1f} "
        f"± {manifest['its_monte_carlo_error']:.1f}, {manifest['rounds']} rounds"
    )
    typer.echo(f"Written: {out / 'report.html'}")
