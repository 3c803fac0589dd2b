"""`design simon monitor interval`: single-arm designs and exact intervals."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from .design_words import Shape, numbers, takes


@takes(Shape)
def simon(
    p0: Annotated[float, typer.Option(help="Response rate of no interest.")],
    p1: Annotated[float, typer.Option(help="Response rate of interest.")],
    alpha: Annotated[float, typer.Option(help="Largest type I error.")] = 0.05,
    beta: Annotated[float, typer.Option(help="Largest type II error.")] = 0.20,
    *,
    shape: Shape,
) -> None:
    """Find Simon's two-stage designs: optimal, minimax and the admissible ones between.

    Example: carnk design simon --p0 0.05 --p1 0.25 --alpha 0.05 --beta 0.2
    """
    from ..designs import simon as search
    from .design_print import as_table, emit, prose

    found = search(p0, p1, alpha, beta)
    rows = [
        {
            "type": each.type,
            "r1": each.r1,
            "n1": each.n1,
            "r": each.r,
            "n": each.n,
            "EN_p0": round(each.expected, 4),
            "PET_p0": round(each.stops_early, 6),
            "alpha": round(each.alpha, 6),
            "power": round(each.power, 6),
        }
        for each in found
    ]
    text = f"{as_table(rows)}\n\n{prose(found[0].describe())}"
    emit(shape, rows, text, [row | {"weights": each.weights} for row, each in zip(rows, found)])


@takes(Shape)
def monitor(  # noqa: PLR0913, PLR0917
    p0: Annotated[float, typer.Option(help="Response rate of no interest.")],
    p1: Annotated[float, typer.Option(help="Response rate of interest.")],
    looks: Annotated[str, typer.Option(help="Patients at each look, the last is all.")],
    alpha: Annotated[float, typer.Option(help="BOP2: largest type I error.")] = 0.05,
    rule: Annotated[str, typer.Option(help="bop2 or predictive.")] = "bop2",
    success: Annotated[float, typer.Option(help="predictive: P(p > p0) that wins.")] = 0.95,
    futile: Annotated[float, typer.Option(help="predictive: stop below it.")] = 0.05,
    prior: Annotated[str, typer.Option(help="predictive: Beta prior.")] = "0.5,0.5",
    *,
    shape: Shape,
) -> None:
    """Monitor a single-arm trial: BOP2, or Bayesian predictive probability.

    Example: carnk design monitor --p0 0.2 --p1 0.4 --looks 10,20,30,40 --alpha 0.1
    """
    from ..base import Problem, SpecError
    from ..designs import bop2, predictive
    from .design_print import as_table, emit, prose

    problems: list[Problem] = []
    found = numbers("--looks", looks, problems)
    if found and any(each != int(each) for each in found):
        problems.append(Problem("--looks", f"'{looks}' is not whole numbers"))
    beta = numbers("--prior", prior, problems)
    if beta and (len(beta) != 2 or min(beta) <= 0):
        problems.append(Problem("--prior", f"'{prior}' is not two numbers above 0"))
    for where, value in (("--success", success), ("--futile", futile)):
        if not 0 < value < 1:
            problems.append(Problem(where, f"{value:g} is not between 0 and 1"))
    if rule not in ("bop2", "predictive"):
        problems.append(Problem("--rule", f"'{rule}' is not one of bop2, predictive"))
    if problems:
        raise SpecError(problems, "monitor")
    at = [int(each) for each in found or ()]
    if rule == "bop2":
        made = bop2(p0, p1, at, alpha)
    else:
        a, b = beta or (0.5, 0.5)
        made = predictive(p0, p1, at, success=success, futile=futile, prior=(a, b))
    rows = [asdict(look) for look in made.looks]
    emit(shape, rows, f"{as_table(rows)}\n\n{prose(made.describe())}", asdict(made))


@takes(Shape)
def interval(
    events: Annotated[int, typer.Argument(help="Patients with the event.")],
    patients: Annotated[int, typer.Argument(help="All patients.")],
    level: Annotated[float, typer.Option(help="Confidence.")] = 0.95,
    *,
    shape: Shape,
) -> None:
    """Give the exact (Clopper-Pearson) interval of a proportion.

    Example: carnk design interval 0 11
    """
    from ..base import Problem, SpecError
    from ..designs import clopper_pearson
    from .design_print import emit

    problems = []
    if not 0 <= events <= patients or patients < 1:
        what = f"{events} of {patients} is no count"
        problems.append(Problem("events, patients", what, "Give events from 0 to patients."))
    if not 0 < level < 1:
        problems.append(Problem("--level", f"{level:g} is not between 0 and 1"))
    if problems:
        raise SpecError(problems, "interval")
    low, high = clopper_pearson(events, patients, level)
    row = {"events": events, "patients": patients, "level": level, "lower": low, "upper": high}
    text = f"{events} of {patients}: {events / patients:.1%} ({low:.1%} to {high:.1%})"
    emit(shape, [row], text, row)
