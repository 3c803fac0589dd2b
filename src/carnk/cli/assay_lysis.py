"""`assay lysis`: specific lysis, curves over E:T, lytic units, courses, flags that name wells."""

import json
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from .columns import WIDTH, aligned

if TYPE_CHECKING:
    from ..assays.arms import Synergy
    from ..assays.et_curve import Estimate
    from ..assays.lysis import Arm, Lysis
    from ..library import Number

MANY = 24  # arms, beyond which the terminal shows no pairs
MISFIT = 0.001  # chance of a misfit, below which it is told


def lysis(  # noqa: PLR0913, PLR0917
    plate: Annotated[
        Path, typer.Argument(help="Plate, list of wells, curves, RTCA workbook, Incucyte export.")
    ],
    layout: Annotated[Path | None, typer.Option(help="CSV of wells: role, effector, et ...")] = (
        None
    ),
    readout: Annotated[
        str,
        typer.Option(
            help="calcein, cr51, luciferase, flow, flow_dead (percent), impedance or imaging."
        ),
    ] = "calcein",
    added: Annotated[
        float | None, typer.Option(help="Hour of a course at which effectors were added.")
    ] = None,
    hours: Annotated[
        float | None, typer.Option(help="Length of the assay, if the file does not tell it.")
    ] = None,
    targets_per_well: Annotated[
        float, typer.Option(min=1, help="Target cells in a well, for lytic units.")
    ] = 10_000,
    synergy: Annotated[
        list[str] | None, typer.Option(help="Arms together: 'CAR+mAb=CAR,mAb' or '.../NK'.")
    ] = None,
    share: Annotated[
        list[str] | None, typer.Option(help="Number to write: 'natural_share=WT/CAR'.")
    ] = None,
    leave_out: Annotated[str, typer.Option(help="Wells not to use: B3,C4.")] = "",
    read: Annotated[str, typer.Option(help="Which reading, if the file has several.")] = "",
    decimal: Annotated[str, typer.Option(help="comma or point, if the file is unclear.")] = "",
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Write donors and plates, not pseudonyms.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="New folder: lysis.html, CSV files, numbers.yaml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all results as JSON.")] = False,
) -> None:
    """Specific lysis with its error, E:T curves, lytic units, courses; bad wells are named.

    Example: carnk assay lysis plate.csv --layout map.csv --readout calcein --out lysis
    """
    from ..assays.arms import combination
    from ..assays.lysis import Ask, analyze
    from ..assays.lysis_files import Asked
    from ..assays.lysis_tables import rows

    wanted = tuple(combination(text) for text in synergy or ())
    ask = Ask(readout, targets_per_well, added, hours, wanted)
    left = tuple(word.strip() for word in leave_out.split(",") if word.strip())
    found = analyze(plate, layout, ask, Asked(decimal, read, left, keep_ids))
    numbers = _numbers(found, share or (), plate)
    if out is not None:
        _write(out, found, numbers)
    if as_json:
        told = [{"id": n.id, "value": n.value, "range": n.range} for n in numbers]
        typer.echo(json.dumps({**rows(found), "numbers": told}, indent=1))
        return
    _show(found, numbers)
    if out is not None:
        typer.echo(f"Written: {out}")


def _numbers(found: "Lysis", shares: Sequence[str], plate: Path) -> "list[Number]":
    from ..assays.own_numbers import share

    content = plate.read_bytes() if shares else b""
    return [share(found, text, content) for text in shares]


def _write(out: Path, found: "Lysis", numbers: "Sequence[Number]") -> None:
    from ..assays.lysis_tables import kill_curves, rows
    from ..base import new_folder_atomic, write_text_atomic
    from ..library import number_file_text
    from ..report.assay_lysis import lysis_page
    from .printing import csv_text

    with new_folder_atomic(out) as folder:
        for name, table in {**rows(found), "curves": kill_curves(found)}.items():
            if table:
                write_text_atomic(folder / f"{name}.csv", csv_text(table))
        write_text_atomic(folder / "lysis.html", lysis_page(found))
        if numbers:
            about = "Of a killing assay, carnk assay lysis: kills per effector in a well, relative."
            write_text_atomic(folder / "numbers.yaml", number_file_text(numbers, about))


def _show(found: "Lysis", numbers: "Sequence[Number]") -> None:
    typer.echo(f"{found.file}: {found.readout.signal}, {len(found.arms)} arms")
    for flag in found.flags:
        word = "left out" if flag.is_grave else "note"
        typer.echo(fill(f"{word}: {flag}", WIDTH, subsequent_indent="  "))
    for note in found.notes:
        typer.echo(fill(f"note: {note}", WIDTH, subsequent_indent="  "))
    typer.echo("")
    heads = (*_place_heads(found), "arm", "at most E:T, %", "Emax, %", "ET50", "LU30 per 1e7")
    for line in aligned([heads, *(_arm(arm, found) for arm in found.arms)]):
        typer.echo(line)
    for arm in found.arms:
        place = ", ".join(_place(arm, found))
        name = f"{arm.effector} ({place})" if place else arm.effector
        if arm.fitted.et50.value is None:
            typer.echo(fill(f"  no curve of {name}: {arm.fitted.et50.why}", WIDTH))
        elif arm.fitted.chance is not None and arm.fitted.chance < MISFIT:
            typer.echo(fill(f"  the {arm.fitted.law} misfits {name}", WIDTH))
    targets = f"{found.targets_per_well:,.0f} targets in a well"
    typer.echo(f"LU30: effectors that lyse 30 % of {targets}; per 1e6 a tenth.")
    if len(found.arms) <= MANY:
        _show_pairs(found)
    _show_courses(found)
    for each in found.synergies:
        _show_synergy(each)
    for number in numbers:
        low, high = number.range or (number.value, number.value)
        typer.echo(f"\n{number.id}: {number.value:.3g} ({low:.3g} to {high:.3g}), in a well")


def _place_heads(found: "Lysis") -> tuple[str, ...]:
    """What tells arms apart beside their effector: plate, target, donor if there are several."""
    names = ("plate", "target", "donor")
    return tuple(n for n in names if len({getattr(a, n) for a in found.arms}) > 1)


def _place(arm: "Arm", found: "Lysis") -> tuple[str, ...]:
    return tuple(getattr(arm, name) for name in _place_heads(found))


def _arm(arm: "Arm", found: "Lysis") -> tuple[str, ...]:
    from ..assays.et_curve import Estimate

    k = int(arm.et.argmax())
    most = Estimate(float(arm.lysis[k, -1]), float(arm.low[k, -1]), float(arm.high[k, -1]))
    return (
        *_place(arm, found), arm.effector, _told(most, 0), _told(arm.fitted.emax, 0),
        _told(arm.fitted.et50), _told(arm.lytic, 0),
    )  # fmt: skip


def _show_pairs(found: "Lysis") -> None:
    told = [p for p in found.pairs if p.killing.value is not None]
    if not told:
        return
    typer.echo("\nArms beside each other: first over second")
    heads = (*_place_heads(found), "first", "second", "ET50 lower by", "kills per effector by")
    body = [
        (*_place(p.first, found), p.first.effector, p.second.effector, _told(p.et50),
         _told(p.killing))
        for p in told
    ]  # fmt: skip
    for line in aligned([heads, *body]):
        typer.echo(line)


def _show_courses(found: "Lysis") -> None:
    body = [
        (
            *_place(arm, found), arm.effector, f"{et:g}:1",
            _told(c.half_time, 1) if c.half_time.value is not None else c.half_time.why,
            _told(c.mean, 0), _told(c.area, 0),
        )
        for arm in found.arms
        for et, c in zip(arm.et[::-1], arm.courses[::-1])
    ]  # fmt: skip
    if body:
        typer.echo("\nCourses")
        heads = (*_place_heads(found), "arm", "E:T", "hours to 50 %", "mean, %", "area, % h")
        for line in aligned([heads, *body]):
            typer.echo(line)


def _show_synergy(found: "Synergy") -> None:
    parts = " and ".join(name for name, _ in found.combination.parts)
    typer.echo(f"\n{found.combination.together} against {parts} alone")
    body = [
        (f"{et:g}:1", _told(bliss, 1), _told(loewe))
        for et, bliss, loewe in zip(found.et, found.bliss, found.loewe)
    ]
    body.append(("all", _told(found.mean_bliss, 1), _told(found.mean_loewe)))
    heads = ("E:T", "Bliss excess, points (> 0: synergy)", "Loewe index (< 1: synergy)")
    for line in aligned([heads, *body]):
        typer.echo(line)


def _told(estimate: "Estimate", digits: int = 2) -> str:
    """'1.83 (1.47-2.44)', '?' for an end that is not known, a dash where there is no number."""
    if estimate.value is None:
        return "-"
    if estimate.why:
        return f"{estimate.value:,.{digits}f} ({estimate.why})"
    low, high = ("?" if e is None else f"{e:,.{digits}f}" for e in (estimate.low, estimate.high))
    return f"{estimate.value:,.{digits}f} ({low}{' to ' if low.startswith('-') else '-'}{high})"
