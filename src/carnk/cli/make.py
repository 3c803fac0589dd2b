"""`make`: lots by a process, processes side by side, a run sheet, better settings."""

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from .make_plan import plan
from .progress_line import progress_line

if TYPE_CHECKING:
    from ..making import Process


class _RunUnlessNamed(TyperGroup):
    """A group in which a first word that is no command is a process to run."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["run", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="make",
    cls=_RunUnlessNamed,
    help="""Making: from donor, cord unit or bank to released, frozen doses.

    Example: carnk make cord_blood_mbil21 --lots 1000 --seed 7""",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Seed = Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same lots.")]
LotCount = Annotated[int, typer.Option("--lots", help="Lots to make.")]
ProcessName = Annotated[str, typer.Argument(help="A built-in process or a process.yaml.")]
DoseText = Annotated[
    str, typer.Option("--dose", help="Another dose, as '1e7 cells/kg' or '1e9 cells'.")
]
OwnNumbers = Annotated[
    Path | None,
    typer.Option("--numbers", help="Your own numbers, a file such as `carnk assay` writes."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print all numbers as JSON.")]
Levers = Annotated[
    list[str], typer.Option("--lever", help="Lever and limits, as moi=2:20; may be repeated.")
]


@app.command("run")
def run_(
    process: ProcessName,
    lots: LotCount = 1000,
    seed: Seed = 1,
    dose: DoseText = "",
    numbers: OwnNumbers = None,
    out: Annotated[Path | None, typer.Option(help="Folder for report, lots and bill.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make lots: doses, release, what fails, what matters, cost, bill of materials, day plan.

    Example: carnk make run cord_blood_mbil21 --lots 1000 --seed 7 --out runs/cord
    """
    from ..making import make
    from ..making.influence import influence
    from ..report import making_text as texts
    from ..report.making import write

    made = make(_process(process, dose, numbers), lots, seed)
    read = {number.id for number in made.numbers}
    if left := [number.id for number in made.process.own if number.id not in read]:
        typer.echo(f"Not read by this process: {', '.join(left)}", err=True)
    with progress_line("numbers") as progress:
        moved = influence(made.process, seed, progress)
    if as_json:
        typer.echo(json.dumps(texts.told(made, moved), indent=1))
    else:
        typer.echo("\n".join(texts.lines(made, moved)))
    if out is not None:
        write(out, made, moved)
        typer.echo(f"Report: {out / 'report.html'}", err=as_json)


@app.command()
def compare(
    processes: Annotated[list[str], typer.Argument(help="Built-in processes or files.")],
    lots: LotCount = 1000,
    seed: Seed = 1,
    dose: DoseText = "",
    numbers: OwnNumbers = None,
    as_json: AsJson = False,
) -> None:
    """Set processes side by side; --dose gives all of them one dose.

    Example: carnk make compare cord_blood_mbil21 peripheral_feeder_free nk92 carT_autologous
    """
    from ..making import make
    from ..report import making_text as texts

    made = [make(_process(name, dose, numbers), lots, seed) for name in processes]
    if as_json:
        typer.echo(json.dumps([each.summary() for each in made], indent=1))
    else:
        typer.echo("\n".join(texts.side_by_side(made)))


@app.command()
def track(
    run: Annotated[Path, typer.Argument(help="CSV: day,cells,viability_pct,car_positive_pct.")],
    process: Annotated[str, typer.Option(help="The process it follows.")],
    lots: LotCount = 2000,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """A real run against the predicted band: harvest, wait or investigate.

    cells are viable target cells of the whole culture, not per mL.

    Example: carnk make track run.csv --process cord_blood_mbil21
    """
    from dataclasses import asdict

    from ..making import make
    from ..making.track import read_run
    from ..making.track import track as advise
    from ..report import making_text as texts

    sheet = read_run(run)
    advice = advise(make(_process(process, ""), lots, seed), sheet)
    if as_json:
        typer.echo(json.dumps(asdict(advice), indent=1))
    else:
        typer.echo("\n".join(texts.advice_lines(advice)))


@app.command()
def optimize(  # noqa: PLR0913, PLR0917
    process: ProcessName,
    lever: Levers,
    goal: Annotated[Literal["cost", "potency"], typer.Option(help="What to better.")] = "cost",
    released: Annotated[float, typer.Option(help="Least share of lots released.")] = 0.7,
    doses: Annotated[float, typer.Option(help="Least median doses per lot.")] = 1.0,
    vcn: Annotated[float, typer.Option(help="Most copies per CAR+ cell, 95th percentile.")] = 5.0,
    dose: DoseText = "",
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Search levers for least cost per released dose, or most potency, under constraints.

    Levers: moi, transduction_day, feeder_ratio, harvest_day, cells_per_bag.

    Example: carnk make optimize cord_blood_mbil21 --lever moi=2:30 --lever harvest_day=12:20
    """
    from ..making.optimize import Constraints
    from ..making.optimize import optimize as search
    from ..report import making_text as texts

    limits = _limits(lever)
    with progress_line("settings") as progress:
        found = search(
            _process(process, dose),
            limits,
            goal,
            seed,
            Constraints(released, doses, vcn),
            progress,
        )
    if as_json:
        told = {"levers": dict(found.levers), "tried": found.tried}
        both = {"before": found.before.summary(), "after": found.after.summary()}
        typer.echo(json.dumps(told | both, indent=1))
    else:
        typer.echo("\n".join(texts.optimum_lines(found)))


@app.command()
def design(
    process: ProcessName,
    lever: Annotated[
        list[str], typer.Option("--lever", help="moi=5,10,20 (levels) or moi=2:30 (limits).")
    ],
    kind: Annotated[Literal["factorial", "latin"], typer.Option(help="Kind of design.")] = (
        "factorial"
    ),
    runs: Annotated[int, typer.Option(min=2, max=500, help="Runs of a Latin hypercube.")] = 12,
    out: Annotated[Path, typer.Option(help="CSV to write.")] = Path("design.csv"),
    seed: Seed = 1,
) -> None:
    """A table of runs for the laboratory, with predictions and columns to fill in.

    Example: carnk make design cord_blood_mbil21 --lever moi=5,15 --lever feeder_ratio=1,2
    """
    from ..base import write_text_atomic
    from ..making.experiment import factorial, latin_hypercube
    from ..making.experiment import runs as tabled

    if kind == "factorial":
        settings = factorial(_levels(lever))
    else:
        settings = latin_hypercube(_limits(lever), runs, seed)
    rows = tabled(_process(process, ""), settings, seed)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text_atomic(out, stream.getvalue())
    typer.echo(f"{len(rows)} runs, in the order to do them: {out}")


@app.command()
def update(
    results: Annotated[Path, typer.Argument(help="The design's CSV, measured columns filled.")],
    process: Annotated[str, typer.Option(help="The process it was made for.")],
    as_json: AsJson = False,
) -> None:
    """Read laboratory results back: numbers before and after, and what to put into the process.

    Example: carnk make update design.csv --process cord_blood_mbil21
    """
    from ..making.update import read_results
    from ..making.update import update as updated
    from ..report import making_text as texts

    runs = read_results(results)
    with progress_line("evaluations") as progress:
        found = updated(_process(process, ""), runs, progress)
    if as_json:
        told = {u.number.id: {"before": u.before, "after": u.after} for u in found}
        typer.echo(json.dumps(told, indent=1))
    else:
        typer.echo("\n".join(texts.update_lines(found)))


@app.command()
def titrate(
    data: Annotated[Path, typer.Argument(help="CSV: moi,car_positive_pct,vcn.")],
    per: Annotated[
        Literal["total", "car_positive"], typer.Option(help="What the copies were counted per.")
    ],
    as_json: AsJson = False,
) -> None:
    """Fit efficiency and copy number of a vector together; copies per total and per CAR+ cell.

    Example: carnk make titrate titration.csv --per total
    """
    from dataclasses import asdict

    from ..making.titration import fit, read_titration
    from ..report import making_text as texts

    rows = read_titration(data)
    found = fit(rows, per)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1))
    else:
        typer.echo("\n".join(texts.titration_lines(found, rows)))


@app.command("list")
def list_() -> None:
    """List the built-in processes.

    Example: carnk make list
    """
    from ..making import built_in, read

    for name in built_in():
        typer.echo(f"{name:<24} {read(name).evidence}: {read(name).about}"[:100])


def _process(name: str, dose: str, numbers: Path | None = None) -> "Process":
    from dataclasses import replace

    from ..base import read_text
    from ..library import parse_number_file
    from ..making import read
    from ..making.read import read_dose

    process = read(name)
    if numbers is not None:
        process = process.with_own(parse_number_file(read_text(numbers), numbers.name))
    return process if not dose else replace(process, dose=read_dose(dose, process.dose.counts))


def _limits(levers: list[str]) -> dict[str, tuple[float, float]]:
    found = {}
    for name, values in _split(levers, ":").items():
        if len(values) != 2:
            raise _bad_lever(name, "moi=2:30")
        found[name] = (values[0], values[1])
    return found


def _levels(levers: list[str]) -> dict[str, list[float]]:
    return _split(levers, ",")


def _split(levers: list[str], mark: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for text in levers:
        name, _, values = text.partition("=")
        try:
            found[name.strip()] = [float(value) for value in values.split(mark)]
        except ValueError:
            raise _bad_lever(text, "moi=2:30" if mark == ":" else "moi=5,10,20") from None
    return found


def _bad_lever(text: str, example: str) -> Any:
    from ..base import Problem, SpecError

    return SpecError(Problem("--lever", f"'{text}' cannot be read", f"Write it as {example}."))


app.command()(plan)
__all__ = ["app"]
