"""`assay vcn`: vector copies per cell of all and per CAR-positive cell, by ddPCR or qPCR."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from .columns import WIDTH, aligned

if TYPE_CHECKING:
    from ..assays.vcn import Copies
    from ..assays.vcn_files import Report
    from ..library import Number


def vcn(  # noqa: PLR0913, PLR0917
    table: Annotated[Path, typer.Argument(help="Rows of droplets, or of Cq with standards.")],
    car_positive: Annotated[
        str, typer.Option(help="Share of CAR+ cells: '45 %' or '45 % (42-48)'.")
    ] = "",
    reference: Annotated[str, typer.Option(help="Reference gene, if its name does not tell.")] = "",
    reference_copies: Annotated[
        float, typer.Option(min=0.1, help="Copies of the reference gene in a cell.")
    ] = 2.0,
    decimal: Annotated[str, typer.Option(help="comma or point, if the file is unclear.")] = "",
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Write samples' names, not pseudonyms.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="New folder: vcn.csv, vcn.html, numbers.yaml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all results as JSON.")] = False,
) -> None:
    """Vector copies per total and per CAR+ cell: ddPCR droplets, or qPCR with standards.

    Example: carnk assay vcn ddpcr.csv --car-positive "45 % (42-48)" --out vcn
    """
    from ..assays.vcn_files import read_vcn
    from ..assays.vcn_numbers import vcn_number
    from ..base import pseudonyms

    report = read_vcn(table, reference, reference_copies, car_positive, decimal)
    names = pseudonyms((each.sample for each in report.results), report.content, keep=keep_ids)
    number = vcn_number(report)
    numbers = [number] if number else []
    rows = _rows(report, names)
    if out is not None:
        _write(out, report, names, (rows, numbers))
    if as_json:
        typer.echo(json.dumps(_plain(report, rows, numbers), indent=1))
        return
    _show(report, names, numbers)
    if out is not None:
        typer.echo(f"Written: {out}")


def _rows(report: "Report", names: Mapping[str, str]) -> list[dict[str, object]]:
    """One row for each sample and target, as plain values."""
    found = []
    for each in report.results:
        row: dict[str, object] = {
            "sample": names[each.sample], "target": each.target, "wells": each.wells,
            "per_total": each.total.value, "per_total_low": each.total.low,
            "per_total_high": each.total.high, "car_share": None, "per_car": None,
            "per_car_low": None, "per_car_high": None, "poisson_per_car": None,
            "notes": "; ".join(each.notes),
        }  # fmt: skip
        if each.per_car and each.car_share:
            copies = each.per_car.copies
            row |= {"car_share": each.car_share[0], "per_car": copies.value,
                    "per_car_low": copies.low, "per_car_high": copies.high,
                    "poisson_per_car": each.per_car.poisson}  # fmt: skip
        found.append(row)
    return found


def _write(
    out: Path,
    report: "Report",
    names: Mapping[str, str],
    made: "tuple[list[dict[str, object]], list[Number]]",
) -> None:
    import csv

    from ..base import new_folder_atomic, write_text_atomic
    from ..library import number_file_text
    from ..report.assay_vcn import figure

    rows, numbers = made
    with new_folder_atomic(out) as folder:
        with (folder / "vcn.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        drawn = figure(report, names)
        drawn.write_html(folder / "vcn.html", include_plotlyjs=True, div_id="figure")
        if numbers:
            about = f"Vector copies by {report.method}, carnk assay vcn"
            write_text_atomic(folder / "numbers.yaml", number_file_text(numbers, about))


def _plain(
    report: "Report", rows: list[dict[str, object]], numbers: "Sequence[Number]"
) -> dict[str, object]:
    from math import isfinite

    def safe(value: object) -> object:
        return None if isinstance(value, float) and not isfinite(value) else value

    curves = [
        {"target": each.target, "slope": each.line.slope, "efficiency": each.efficiency,
         "efficiency_interval": each.efficiency_interval, "r2": each.line.r2}
        for each in report.curves
    ]  # fmt: skip
    own = {n.id: {"value": n.value, "unit": n.unit, "range": n.range} for n in numbers}
    return {
        "method": report.method, "reference": report.reference,
        "reference_copies": report.reference_copies, "curves": curves, "numbers": own,
        "samples": [{key: safe(value) for key, value in row.items()} for row in rows],
    }  # fmt: skip


def _show(report: "Report", names: Mapping[str, str], numbers: "Sequence[Number]") -> None:
    typer.echo(
        f"{report.method}, reference {report.reference} "
        f"({report.reference_copies:g} copies per cell); 95 % intervals"
    )
    for each in report.curves:
        low, high = each.efficiency_interval
        typer.echo(
            f"{each.target}: slope {each.line.slope:.2f}, efficiency {each.efficiency:.0%} "
            f"({low:.0%} to {high:.0%}), R2 {each.line.r2:.3f}"
        )
    rows = [["sample", "target", "wells", "per total cell", "per CAR+ cell", "if Poisson"]]
    for found in report.results:
        per_car = found.per_car
        rows.append([
            names[found.sample], found.target, str(found.wells), _copies(found.total),
            _copies(per_car.copies) if per_car else "-",
            f"{per_car.poisson:.2f}" if per_car else "-",
        ])  # fmt: skip
    for line in aligned(rows):
        typer.echo(line)
    notes: dict[str, list[str]] = {}
    for found in report.results:
        for note in found.notes:
            notes.setdefault(note, []).append(names[found.sample])
    for note, who in notes.items():
        where = "" if len(who) == len(report.results) else f"{', '.join(who)}: "
        typer.echo(fill(where + note, WIDTH, initial_indent="  ", subsequent_indent="    "))
    if all(found.per_car is None for found in report.results):
        typer.echo("  no number: vcn is per CAR+ cell; give --car-positive")
    elif not numbers:
        typer.echo("  no number: a sample without copies, or several targets")
    for number in numbers:
        low, high = number.range or (number.value, number.value)
        typer.echo(f"{number.id}: {number.value:.3g} ({low:.3g} to {high:.3g}) {number.unit}")


def _copies(found: "Copies") -> str:
    value, low, high = (each + 0.0 for each in (found.value, found.low, found.high))  # no -0.00
    return f"{value:.2f} ({low:.2f} to {high:.2f})"
