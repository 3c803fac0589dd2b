"""`design`: trial designs - boundaries, next dose, pathways, simulation, single-arm designs."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import design_plate, design_single
from .design_words import Shape, Words, World, takes

if TYPE_CHECKING:
    from ..designs import Design, Truth
    from ..designs.crm import Link

app = typer.Typer(
    name="design",
    help="""Trial designs: what to do next, and how a design behaves.

    Example: carnk design next boin --target 0.30 --outcomes "1NNN 2NNT" """,
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[
    str, typer.Argument(metavar="DESIGN", help="boin, crm, 3+3, ...; `carnk design list`.")
]
LINKS: dict[str, Link] = {"empiric": "empiric", "logistic": "logistic"}
USUAL_DOSES, USUAL_TARGET = 5, 0.30  # where a command does not say
Outcomes = Annotated[
    str, typer.Option(help="Such as '1NNN 2NNT': N none, T DLT, E response, B both, P0.4 pending.")
]


@app.command("list")
def names() -> None:
    """List the designs.

    Example: carnk design list
    """
    from ..designs import DESIGNS, Settings, build
    from ..designs.catalog import problems_of

    for name in DESIGNS:
        needs = [p.where for p in problems_of(name, Settings(3, 0.3))]
        title = build(name, Settings(3, 0.3)).name if not needs else f"needs {', '.join(needs)}"
        typer.echo(f"{name:<14} {title}")


@app.command()
@takes(Words, Shape)
def boundaries(
    design: Name,
    max_n: Annotated[int, typer.Option(help="Most patients at a dose.")] = 30,
    *,
    words: Words,
    shape: Shape,
) -> None:
    """Print the decision table of a design.

    Example: carnk design boundaries boin --target 0.30 --max-n 30
    """
    from ..base import Problem, SpecError
    from .design_print import as_table, emit, prose

    made = _design(words, design, 1)
    if not 1 <= max_n <= 200:
        raise SpecError(Problem("--max-n", f"{max_n} is not from 1 to 200"))
    rows = made.rule.table(max_n)
    if not rows:
        what = f"{design} has no table: its decision depends on all doses"
        raise SpecError(Problem("design", what, "Use `carnk design paths`."))
    emit(shape, rows, f"{prose(made.rule.describe())}\n\n{as_table(rows)}")


@app.command("next")
@takes(Words, Shape)
def next_dose(design: Name, outcomes: Outcomes = "", *, words: Words, shape: Shape) -> None:
    """Say the next dose of a running trial, and why (5 doses unless told).

    Example: carnk design next boin --target 0.30 --doses 5 --outcomes "1NNN 2NNT"
    """
    from ..designs import read_cohorts
    from .design_print import emit, prose

    made = _design(words, design, USUAL_DOSES)
    decision = made.decide(read_cohorts(outcomes, made.doses))
    answer = asdict(decision) | {
        "continue": not decision.stops,
        "allowed": [dose for dose, fine in enumerate(decision.allowed, 1) if fine],
    }
    lines = [_answer(decision), prose(decision.why)]
    emit(shape, [answer], "\n".join(lines), answer)


@app.command()
@takes(Words, Shape)
def paths(
    design: Name,
    outcomes: Outcomes = "",
    cohorts: Annotated[int, typer.Option(help="Cohorts to look ahead.")] = 2,
    *,
    words: Words,
    shape: Shape,
) -> None:
    """List the dose-transition pathways of the next cohorts (5 doses unless told).

    Example: carnk design paths boin --target 0.30 --doses 5 --outcomes "1NNN" --cohorts 2
    """
    from ..base import Problem, SpecError
    from ..designs import paths as walk
    from ..designs import read_cohorts
    from .design_print import as_table, emit

    if not 1 <= cohorts <= 5:
        raise SpecError(Problem("--cohorts", f"{cohorts} is not from 1 to 5", "Look less far."))
    made = _design(words, design, USUAL_DOSES)
    rows = [
        {
            "outcomes": path.outcomes,
            "next_dose": path.decision.next_dose,
            "stops": path.decision.stops,
            "recommended": path.decision.recommended,
        }
        for path in walk(made, read_cohorts(outcomes, made.doses), cohorts)
    ]
    head = f"{made.name}, {made.doses} doses, {made.max_patients} patients at most"
    emit(shape, rows, f"{head}\n\n{as_table(rows)}")


@app.command()
@takes(Words)
def describe(design: Name, *, words: Words) -> None:
    """Describe a design in the prose of a protocol.

    Example: carnk design describe boin --target 0.30 --doses 5
    """
    from .design_print import prose

    typer.echo(prose(_design(words, design).describe()))


@app.command()
@takes(Words, World, Shape)
def simulate(
    design: Name,
    exact: Annotated[
        bool, typer.Option("--exact", help="Go through all courses instead (3+3, short BOIN).")
    ] = False,
    *,
    words: Words,
    world: World,
    shape: Shape,
) -> None:
    """Simulate a design on independent virtual patients of a given truth.

    Example: carnk design simulate boin --target 0.30 --truth 0.05,0.15,0.30,0.45,0.60 --seed 6
    """
    from ..designs import summarize
    from .design_print import characteristics_text, dose_rows, emit, run_trials

    truth, (settings,) = _ready(words, world, [design])
    if exact:
        _exact(settings, truth, shape)
        return
    patients = _patients([settings], truth, world)
    found = summarize(
        run_trials(settings, patients, sys.stderr.isatty()), words.target, truth.toxicity
    )
    whole = asdict(found) | {"truth": truth.toxicity, "seed": world.seed}
    emit(
        shape,
        dose_rows(found, truth.toxicity),
        characteristics_text(found, truth.toxicity),
        whole,
    )


@app.command()
@takes(Words, World, Shape)
def compare(
    designs: Annotated[list[str], typer.Argument(metavar="DESIGNS...", help="Two or more.")],
    *,
    words: Words,
    world: World,
    shape: Shape,
) -> None:
    """Compare designs on the same virtual patients (target 0.30 unless told, and said so).

    Example: carnk design compare boin crm 3+3 --target 0.30 --truth 0.05,0.15,0.30,0.45,0.60
    """
    from ..designs import difference, summarize
    from .design_print import as_table, comparison_heads, comparison_rows, emit, run_trials

    goal = USUAL_TARGET if words.target is None else words.target
    said = " (assumed: no --target given)" if words.target is None else ""
    words = replace(words, target=goal)
    truth, made = _ready(words, world, designs)
    patients = _patients(made, truth, world)
    trials = [run_trials(each, patients, sys.stderr.isatty()) for each in made]
    found = [summarize(each, goal, truth.toxicity) for each in trials]
    rows = comparison_rows(found)
    head = f"Target DLT rate {goal:g}{said}; {world.trials:,} trials of each design, same patients"
    text = [head, "", as_table(rows, comparison_heads(len(truth.toxicity))), ""]
    for other in trials[1:]:
        gap = difference(other, trials[0], goal, truth.toxicity)
        text.append(
            f"right dose, {gap.one} less {gap.other}: {gap.correct:+.1f} % ± "
            f"{gap.standard_error:.1f} (SE, same patients)"
        )
    text.append(
        "1, 2, ...: percent that select the dose; none, right: percent that select none, the"
        "\nright dose; over: percent of patients above the right dose"
    )
    emit(shape, rows, "\n".join(text), [asdict(each) for each in found])


@app.command("skeleton")
@takes(Shape)
def prior_curve(
    target: Annotated[float, typer.Option(help="DLT rate aimed at.")],
    doses: Annotated[int, typer.Option(help="Dose levels.")],
    mtd: Annotated[int, typer.Option(help="Dose guessed to be the MTD.")],
    half_width: Annotated[float, typer.Option(help="Of the indifference intervals.")] = 0.05,
    link: Annotated[str, typer.Option(help="empiric or logistic.")] = "empiric",
    intercept: Annotated[float, typer.Option(help="Of the logistic link.")] = 3.0,
    *,
    shape: Shape,
) -> None:
    """Make a CRM skeleton with indifference intervals of one half-width.

    Example: carnk design skeleton --target 0.25 --doses 5 --mtd 3 --half-width 0.05
    """
    from ..base import Problem, SpecError
    from ..designs import skeleton
    from .design_print import as_table, emit

    if link not in LINKS:
        raise SpecError(Problem("--link", f"'{link}' is not one of empiric, logistic"))
    found = skeleton(half_width, target, mtd, doses, LINKS[link], intercept)
    rows = [{"dose": dose, "p_dlt": round(p, 8)} for dose, p in enumerate(found, 1)]
    emit(shape, rows, as_table(rows))


def _design(words: Words, name: str, doses: int | None = None) -> Design:
    """One design without a truth; problems of words and settings together."""
    from ..base import SpecError
    from ..designs import build
    from ..designs.catalog import problems_of

    settings, problems = words.settings(None if words.doses else doses)
    if settings is None:
        raise SpecError(problems, "design")
    problems += problems_of(name, settings)
    if problems:
        raise SpecError(problems, name)
    return build(name, settings)


def _ready(words: Words, world: World, names: list[str]) -> tuple[Truth, list[Design]]:
    """Return truth and designs; SpecError with every problem of both."""
    from ..base import Problem, SpecError
    from ..designs import build
    from ..designs.catalog import WITH_EFFICACY, problems_of

    truth, problems = world.read()
    settings, more = words.settings(len(truth.toxicity) if truth else None)
    problems += more if truth or words.doses else [p for p in more if p.where != "--doses"]
    for name in names if settings else ():
        problems += problems_of(name, settings) if settings else []
        if name in WITH_EFFICACY and truth and truth.efficacy is None:
            do = "Give P(response) by dose, --efficacy 0.2,0.4,0.5."
            problems.append(Problem("--efficacy", f"{name} needs it", do))
    if problems or truth is None or settings is None:
        raise SpecError(list(dict.fromkeys(problems)), "design")
    return truth, [build(name, settings) for name in names]


def _patients(designs: list[Design], truth: Truth, world: World) -> Any:
    """Draw patients enough for every design; backfill turns some away."""
    from ..designs import Calendar, draw

    most = max(
        design.max_patients * (4 if getattr(design.rule, "backfills", False) else 1)
        for design in designs
    )
    calendar = Calendar(world.arrival, world.window)
    return draw(truth, world.trials, most, world.seed, calendar)


def _exact(design: Design, truth: Truth, shape: Shape) -> None:
    from ..designs import enumerate_trials
    from .design_print import as_table, emit

    found = enumerate_trials(design, truth.toxicity)
    columns = zip(truth.toxicity, found.selected, found.patients, found.toxic)
    rows = [
        {
            "dose": dose,
            "p_dlt": rate,
            "P_selected": round(float(p), 8),
            "patients": round(float(n), 6),
            "dlt": round(float(y), 6),
        }
        for dose, (rate, p, n, y) in enumerate(columns, 1)
    ]
    total = f"{found.patients.sum():.4f} patients and {found.toxic.sum():.4f} DLT expected"
    text = f"{design.name}, exact\n\n{as_table(rows)}\n\nno dose {found.none:.6f}; {total}"
    emit(shape, rows, text, {"none": found.none, "doses": rows})


def _answer(decision: Any) -> str:
    if decision.stops:
        dose = f"dose {decision.recommended}" if decision.recommended else "no dose"
        return f"Stop. Recommended: {dose}."
    if decision.waits:
        return "Wait for more follow-up."
    return f"Next: dose {decision.next_dose}, {decision.size} patient{'s' * (decision.size > 1)}."


for command in (
    design_single.simon,
    design_single.monitor,
    design_single.interval,
    design_plate.plate,
):
    app.command()(command)
