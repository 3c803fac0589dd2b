"""`make plan`: rooms, stock and runs that a demand needs, and what patients wait."""

import json
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .progress_line import progress_line

if TYPE_CHECKING:
    from ..base import Problem
    from ..making import Dose
    from ..making.plan import Map, Outcome
    from ..making.plan_floor import Demand

WIDTH = 100
MONTH = 365.25 / 12  # days
LONGEST_MONTHS = 240
MOST = 10_000  # rooms, and units of start cells


def plan(  # noqa: PLR0913, PLR0917
    demand: Annotated[str, typer.Option(help="Patients, as in 20/month.")],
    process: Annotated[
        str, typer.Option(help="A built-in process or the path of a process.yaml.")
    ] = "cord_blood_mbil21",
    dose: Annotated[
        str | None, typer.Option(help="Of each patient, in cells/kg or cells; else the process's.")
    ] = None,
    service: Annotated[
        str, typer.Option(help="Share of patients who find a dose on the day.")
    ] = "0.95",
    horizon: Annotated[str, typer.Option(help="How long patients come.")] = "24 months",
    slots: Annotated[
        int | None, typer.Option(help="Clean rooms there are; else the fewest are looked for.")
    ] = None,
    bank: Annotated[
        int | None, typer.Option(help="Units of start cells kept; else the library's number.")
    ] = None,
    replicates: Annotated[int, typer.Option(min=20, max=100_000, help="Courses.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of all chance.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Processes; results are the same.")] = 1,
    out: Annotated[Path | None, typer.Option(help="JSON file to write.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, no table.")] = False,
) -> None:
    """Plan clean rooms, stock and runs for a demand at a service level, by simulation.

    Patients come at random; a dose is taken from the shelf, the oldest first, or waited for. Of a
    process with one patient a lot, service is the share whose run starts on the day.

    Example: carnk make plan --demand 20/month --dose "1e7 cells/kg" --service 0.95
    --horizon "24 months"
    """
    from ..base import SpecError, write_text_atomic
    from ..library import load
    from ..making import make, read
    from ..making import plan as planning

    problems: list[Problem] = []
    asked, level, given = _asked(demand, horizon, service, dose, problems)
    for where, count in (("--slots", slots), ("--bank", bank)):
        if count is not None and not 1 <= count <= MOST:
            problems.append(_problem(where, f"{count} of them cannot be", f"Give 1 to {MOST:,}."))
    try:
        known = read(process)
    except SpecError as error:
        raise SpecError([*problems, *error.problems], "the plan") from None
    if problems:
        raise SpecError(problems, "the plan")
    known = replace(known, dose=given) if given else known
    table, view = planning.lot_table(make(known, planning.SIMULATED, seed)), load().view()
    with _spread(jobs) as spread, progress_line("courses") as progress:
        search = planning.Search(table, asked, level, seed, spread, progress)
        plant = planning.plant_of(known, view, bank)
        found = planning.plan(search, plant, replicates, slots)
    if not found.reached:
        raise SpecError(_not_reached(found.chosen, service))
    told = {"process": known.name, "dose": vars(known.dose), "seed": seed}
    told |= planning.summary(found, search)
    told["assumed"] = [number.id for number in view.used if number.is_unverified]
    text = json.dumps(told, indent=1)
    if out is not None:
        write_text_atomic(out, text + "\n")
    typer.echo(text if as_json else "\n".join(_lines(told)))
    if out is not None and not as_json:
        typer.echo(f"Plan: {out}")


def _asked(
    demand: str, horizon: str, service: str, dose: str | None, problems: "list[Problem]"
) -> "tuple[Demand, float, Dose | None]":
    """(demand, service level, dose or None); what cannot be read is added to the problems."""
    from ..making.plan_floor import Demand

    patients = demand.replace("/", " patients/", 1) if _is_bare(demand) else demand
    per_day = _read("--demand", patients, "patient/day", "20/month", problems)
    days = _read("--horizon", horizon, "day", "24 months", problems)
    level = _read("--service", service, "1", "0.95", problems)
    if per_day is not None and not 0 < per_day <= 1e5:
        what = f"{demand} is no demand to plan for"
        problems.append(_problem("--demand", what, "Give patients above 0, as in '20/month'."))
    if days is not None and not 1 <= days <= LONGEST_MONTHS * MONTH:
        do = f"Give a time from 1 day to {LONGEST_MONTHS} months."
        problems.append(_problem("--horizon", f"{horizon} is no time to plan for", do))
    if level is not None and not 0 < level < 1:
        do = "Give a share between 0 and 1, as in '0.95'; 1 is never sure."
        problems.append(_problem("--service", f"{service} is not between 0 and 1", do))
    return Demand(per_day or 1.0, days or 1.0), level or 0.5, _dose(dose, problems)


def _is_bare(demand: str) -> bool:
    """Whether nothing stands between the number and the time, as in 20/month."""
    from contextlib import suppress

    with suppress(ValueError):
        float(demand.split("/", 1)[0])
        return "/" in demand
    return False


def _dose(text: str | None, problems: "list[Problem]") -> "Dose | None":
    """A dose per kg or flat, counted as CAR-positive cells, or nothing."""
    from ..base import NumberError, read_quantity
    from ..making import Dose

    if text is None:
        return None
    found: list[Problem] = []
    for per, unit, low, high in (("kg", "cells/kg", 1e3, 1e10), ("flat", "cells", 1e5, 1e12)):
        try:
            amount = read_quantity(text, unit)
        except NumberError as error:
            found += error.problems[:1]
            continue
        if not low <= amount <= high:
            do = f"Give {low:g} to {high:g} {unit}."
            problems.append(_problem("--dose", f"{text} is no dose", do))
        return Dose(amount, "kg" if per == "kg" else "flat", "car_positive")
    problems.append(_problem("--dose", found[0].what, "Write '1e7 cells/kg' or '1e9 cells'."))
    return None


def _read(
    where: str, text: str, unit: str, example: str, problems: "list[Problem]"
) -> float | None:
    from ..base import NumberError, read_quantity

    try:
        return read_quantity(text, unit)
    except NumberError as error:
        do = f"Write it as in '{example}'."
        problems += [_problem(where, each.what, do) for each in error.problems]
        return None


def _problem(where: str, what: str, do: str) -> "Problem":
    from ..base import Problem

    return Problem(where, what, do)


@contextmanager
def _spread(jobs: int) -> "Iterator[Map]":
    """A map in this process, or over several; results come in the same order."""
    if jobs == 1:
        yield map
        return
    from joblib import Parallel, delayed

    pool = Parallel(jobs, return_as="generator")
    yield lambda task, items: pool(delayed(task)(item) for item in items)


def _not_reached(nearest: "Outcome", service: str) -> "Problem":
    plant = nearest.plant
    what = (
        f"{service} cannot be reached: it is {nearest.service:.1%} with {plant.slots} "
        f"clean room{'s'[: plant.slots > 1]} and a stock of {plant.stock} doses"
    )
    return _problem("--service", what, "Ask for less, or give more rooms (--slots).")


def _lines(told: dict[str, Any]) -> list[str]:
    """The plan for a terminal of 100 columns."""
    dose = told["dose"]
    unit = "cells/kg" if dose["per"] == "kg" else "cells"
    counted = dose["counts"].replace("_", "-")
    head = (
        f"{told['process']}: {told['patients_per_month']:.3g} patients a month for "
        f"{told['months']:.3g} months, {dose['amount']:.3g} {unit} ({counted}) each"
    )
    lines = [head, "", *textwrap.wrap(_plant(told), WIDTH, subsequent_indent="  "), ""]
    lines += [f"  {name:<24} {text}" for name, text in _rows(told)]
    if told["others"] and not told["made_to_order"]:
        lines += ["", "What a room is worth (fewer courses)", "  rooms  stock  on the day  runs"]
        for each in told["others"]:
            row = f"  {each['rooms']:>5}  {each['stock']:>5}  {each['service']:>10.1%}"
            lines.append(f"{row}  {each['runs']:.1f}")
    basis = (
        f"{told['replicates']:,} simulated courses. Assumed, not measured: "
        f"{', '.join(told['assumed'])}; see docs/making_plan.md."
    )
    return [*lines, "", *textwrap.wrap(basis, WIDTH)]


def _plant(told: dict[str, Any]) -> str:
    rooms = f"{told['rooms']} clean room{'s'[: told['rooms'] > 1]}"
    asked = f"{told['service_asked']:.1%} served on the day"
    if told["made_to_order"]:
        return f"Plan for {asked}: {rooms}; every patient's lot is made to order."
    doses = f"{told['stock']} dose{'s'[: told['stock'] != 1]}"
    return (
        f"Plan for {asked}: {rooms}, {told['opening_days']:.0f} days before the first patient; "
        f"start a run while fewer than {doses} are expected or on the shelf, without those that "
        "expire before it is released."
    )


def _rows(told: dict[str, Any]) -> list[tuple[str, str]]:
    runs, doses, waits = told["runs"], told["doses"], told["waiting"]
    low, high = told["service_range"]
    rows = [
        ("served on the day", f"{told['service']:.1%} (9 of 10 courses {low:.1%} to {high:.1%})"),
        ("runs", f"{runs['mean']:.1f} ({runs['low']:.0f} to {runs['high']:.0f})"),
        ("of these not released", f"{runs['failed']:.1f}"),
        ("rooms in use", f"{told['rooms_in_use']:.0%} of the time"),
        ("doses a run", f"{told['doses_per_run']:.3g}, failed runs included"),
    ]
    if told["made_to_order"]:
        text = f"{waits['mean_days']:.1f} days (95 % within {waits['days_95']:.1f})"
        return [*rows, ("order to released lot", text)]
    rows[2:2] = [("of these before opening", f"{runs['before_opening']:.1f}")]
    wait = f"{waits['patients']:.1f} patients"
    if waits["patients"]:
        wait += f", {waits['mean_days']:.1f} days (95 % within {waits['days_95']:.1f})"
    return [
        *rows,
        ("doses", f"{doses['released']:.0f} released, {doses['given']:.0f} given"),
        ("waste", f"{doses['expired']:.1f} expired; {doses['left']:.0f} left at the end"),
        ("stock-outs", f"{told['stock_outs']:.1f}"),
        ("wait", wait),
        ("start cells", f"{told['bank']['units']} units, each replaced in "
                        f"{told['bank']['days']:.0f} days"),
    ]  # fmt: skip
