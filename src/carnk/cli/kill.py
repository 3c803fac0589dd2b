"""`kill`: lysis of a target by a product; a lab's own curves fitted, other targets predicted."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..assays.curves import Curve
    from ..killing import KillCurve
    from ..report.kill import Killing

app = typer.Typer(
    name="kill",
    invoke_without_command=True,
    no_args_is_help=True,
    rich_markup_mode=None,
)
STEPS = 8  # of the time course in --json
RATIOS = "10:1,5:1,2.5:1,1.25:1,0.6:1"
Inputs = Annotated[
    Path | None, typer.Option(help="Quantiles of stained cells: file,sheet,q05,...,q95.")
]


@app.callback()
def kill(  # noqa: PLR0913, PLR0917
    context: typer.Context,
    product: Annotated[str, typer.Option(help="Effector cells; see docs/killing.md.")] = "",
    target: Annotated[str, typer.Option(help="Target cells.")] = "",
    et: Annotated[str, typer.Option(help="E:T ratios, comma-separated.")] = RATIOS,
    hours: Annotated[float, typer.Option(help="Length of the assay.")] = 4.0,
    healthy: Annotated[str, typer.Option(help="Healthy cells beside, over CAR density.")] = "",
    antibody: Annotated[str, typer.Option(help="Antigen of an antibody in the well.")] = "",
    antibody_nm: Annotated[float, typer.Option(help="Its dose, nM.")] = 0.0,
    cd16: Annotated[str, typer.Option(help="CD16 form: 158F, 158V or hnCD16.")] = "158F",
    serum: Annotated[bool, typer.Option("--serum", help="Serum IgG competes for CD16.")] = False,
    mrna_hours: Annotated[
        float | None, typer.Option(help="Hours since electroporation of an mRNA CAR.")
    ] = None,
    numbers: Annotated[
        Path | None, typer.Option(help="Your own numbers, a file such as `carnk assay` writes.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Picture to write; by default PRODUCT_TARGET.html.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print numbers, write no picture.")] = (
        False
    ),
) -> None:
    """Lysis of a target by a product: curve with band, share of each arm, picture.

    Example: carnk kill --product cd33_gen2 --target kasumi1 --et 10:1,5:1,2.5:1 --hours 4
    """
    if context.invoked_subcommand is not None:
        return
    from ..killing import Assay
    from ..report import kill as pictures

    _named(product, target)
    assay = Assay(antibody, antibody_nm, cd16, serum, mrna_hours)
    found = pictures.kill(product, target, _ratios(et), hours, assay, healthy, numbers)
    if as_json:
        typer.echo(json.dumps(_numbers(found), indent=1))
        return
    path = out or Path(f"{found.curve.names[0]}_{found.curve.names[1]}.html")
    _show(found)
    found.write(path)
    typer.echo(f"Picture: {path}")


@app.command()
def fit(
    lysis: Annotated[Path, typer.Argument(help="Lysis curves, or raw wells of release.")],
    inputs: Inputs = None,
    out: Annotated[Path, typer.Option(help="The fit to write.")] = Path("fit.json"),
    target: Annotated[
        str, typer.Option(help="Fit only these targets, comma-separated; by default all.")
    ] = "",
    draws: Annotated[int, typer.Option(min=20, max=2000, help="Draws of the bootstrap.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 1,
) -> None:
    """Fit a lab's own curves; what is wrong with a plate is named and left out.

    Curves: donor,target,effector,hours,ET,lysis_pct and, if known, sd,n,car_antigen.
    Wells: donor,target,kind,effector,et,signal with controls 'maximum' and 'spontaneous'.

    Example: carnk kill fit lysis.csv --inputs quantiles.csv --target kasumi1 --out fit.json
    """
    from ..assays.curve_flags import check
    from ..assays.curves import read_curves
    from ..assays.lysis import curves_of_wells
    from ..assays.lysis_files import is_of_wells
    from ..fitting import lysis as fitting
    from ..fitting.lysis_store import write_fit
    from ..fitting.stains import Inputs as NoInputs
    from ..fitting.stains import read_inputs

    curves, flags = curves_of_wells(lysis) if is_of_wells(lysis) else (read_curves(lysis), [])
    stains = read_inputs(inputs) if inputs is not None else NoInputs()
    chosen = _only(curves, target)
    checked = check(chosen, lysis.name)
    flags = [*flags, *checked.flags]
    for flag in (*stains.notes, *flags):
        typer.echo(f"flagged: {flag}", err=True)
    with _progress(draws) as progress:
        found = fitting.fit(checked.curves, stains, draws, seed, progress)
    write_fit(out, found, flags)
    left = f", {len(chosen) - len(checked.curves)} left out" if flags else ""
    typer.echo(
        f"{len(checked.curves)} curves fitted{left}; RMS residual {found.residual:.1f} points"
    )
    typer.echo(f"Fit: {out}")


@app.command()
def predict(
    fit_file: Annotated[Path, typer.Argument(metavar="FIT", help="A file of `carnk kill fit`.")],
    target: Annotated[str, typer.Option(help="Target to predict.")],
    inputs: Inputs = None,
    out: Annotated[Path, typer.Option(help="CSV to write.")] = Path("predicted.csv"),
    donors: Annotated[
        str, typer.Option(help="Donors, comma-separated; by default those of the fit.")
    ] = "",
    et: Annotated[str, typer.Option(help="E:T ratios; by default those of the fit.")] = "",
    hours: Annotated[
        float | None, typer.Option(help="Length of the assay; by default that of the fit.")
    ] = None,
) -> None:
    """Predict lysis of another target from a fit, without refitting; 95 % intervals.

    Example: carnk kill predict fit.json --target hl60 --inputs quantiles.csv --out predicted.csv
    """
    from ..base import write_text_atomic
    from ..fitting import lysis as fitting
    from ..fitting.lysis_store import predicted_csv, read_fit
    from ..fitting.stains import Inputs as NoInputs
    from ..fitting.stains import read_inputs

    found = read_fit(fit_file)
    stains = read_inputs(inputs) if inputs is not None else NoInputs()
    asked = fitting.asked_for(found, stains, target, _ratios(et) if et else None, hours)
    asked = fitting.for_donors(asked, _words(donors))
    for line in fitting.grounds(found, stains, asked):
        typer.echo(line, err=True)
    made = fitting.predict(found, asked, stains)
    write_text_atomic(out, predicted_csv(made))
    typer.echo(f"{len(made)} curves on {target} predicted")
    typer.echo(f"Predicted: {out}")


def _named(product: str, target: str) -> None:
    from ..base import Problem, SpecError
    from ..killing import products, targets

    problems = []
    for name, given, known in (("product", product, products()), ("target", target, targets())):
        if not given:
            do = f"Known are {', '.join(known)}."
            problems.append(Problem(f"--{name}", "is missing", do))
    if problems:
        raise SpecError(problems)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _ratios(text: str) -> list[float]:
    from ..assays.wells import et_ratio
    from ..base import Problem, SpecError

    found, problems = [], []
    for word in text.split(","):
        try:
            found.append(et_ratio(word))
        except (ValueError, ZeroDivisionError):
            what = f"'{word.strip()}' is not an E:T ratio above 0"
            problems.append(Problem("--et", what, "Write them as 10:1,5:1 or 10,5."))
    if problems:
        raise SpecError(problems)
    return found


def _only(curves: "list[Curve]", wanted: str) -> "list[Curve]":
    from ..base import DataError, Problem, did_you_mean
    from ..killing.reference import plain

    if not wanted:
        return curves
    have = {plain(c.target) for c in curves}
    missing = [word for word in _words(wanted) if plain(word) not in have]
    if missing:
        names = sorted({c.target for c in curves})
        raise DataError(
            Problem("--target", f"no curve is on '{word}'", did_you_mean(word, names))
            for word in missing
        )
    chosen = {plain(word) for word in _words(wanted)}
    return [c for c in curves if plain(c.target) in chosen]


def _numbers(found: "Killing") -> dict[str, object]:
    c = found.curve
    low, high = c.band
    numbers: dict[str, object] = {
        "product": c.product,
        "target": c.target,
        "hours": c.hours,
        "et": c.et.tolist(),
        "lysis_pct": c.lysis_pct.round(2).tolist(),
        "low": low.round(2).tolist(),
        "high": high.round(2).tolist(),
        "lost_without": {arm: share.round(4).tolist() for arm, share in c.shares.items()},
        "over_time": _over_time(c),
        "kills_per_effector": c.kills_per_effector.round(3).tolist(),
        "assumed": list(c.assumed),
        "own_numbers": {number.id: number.value for number in c.own},
    }
    if found.beside is not None:
        numbers["over_density"] = {
            "copies_per_cell": found.beside.density.tolist(),
            "tumor_pct": (100 * found.beside.tumor).round(2).tolist(),
            f"{found.healthy}_pct": (100 * found.beside.healthy).round(2).tolist(),
            "efficient": found.beside.efficient.tolist(),
        }
    return numbers


def _over_time(c: "KillCurve") -> dict[str, object]:
    hours = [round(c.hours * k / STEPS, 3) for k in range(1, STEPS + 1)]
    return {"hours": hours, "lysis_pct_by_et": c.over_time(hours).round(2).tolist()}


def _show(found: "Killing") -> None:
    from ..killing import self_kill

    c = found.curve
    low, high = c.band
    arms = sorted(c.shares, key=lambda arm: -float(c.shares[arm].mean()))[:5]
    typer.echo(f"{c.product} on {c.target}, {c.hours:g} h: specific lysis, 95 % band, lost without")
    typer.echo(f"{'E:T':>7} {'lysis':>7} {'band':>9}  " + " ".join(f"{arm:>8}" for arm in arms))
    for i, ratio in enumerate(c.et):
        lost = " ".join(f"{c.shares[arm][i]:>7.0%} " for arm in arms)
        band = f"{low[i]:.0f}-{high[i]:.0f}"
        typer.echo(f"{f'{ratio:g}:1':>7} {c.lysis_pct[i]:>6.0f}% {band:>9}  {lost.rstrip()}")
    if c.own:
        typer.echo(f"Own numbers: {', '.join(number.id for number in c.own)}")
    if c.assumed:
        typer.echo(f"Never measured on {c.target}, from priors: {', '.join(c.assumed)}")
    among = self_kill(c.names[0], c.own)
    if among > 0.001:
        typer.echo(f"Fratricide: {among:.2f} kills per effector and hour among packed effectors")
    if found.beside is not None:
        b = found.beside
        own = [(d, t, h) for d, t, h, e in zip(b.density, b.tumor, b.healthy, b.efficient) if e]
        typer.echo(f"Efficient CAR densities beside {found.healthy}: copies, tumor, healthy")
        for density, tumor, healthy in own[:: max(1, len(own) // 6)]:
            typer.echo(f"{density:>9,.0f} {tumor:>7.0%} {healthy:>7.0%}")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's standard error; silent elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(file=sys.stderr)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("draws", total=total)
        yield lambda done, of: bar.update(task, completed=done)
