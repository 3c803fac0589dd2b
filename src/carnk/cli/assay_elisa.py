"""`assay elisa`: a plate and its layout to concentrations with intervals, limits and flags."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .columns import aligned
from .printing import wrapped

if TYPE_CHECKING:
    from ..assays.elisa import Elisa
    from ..assays.kits import Kit
    from ..assays.plate import Plate, PlateFile
    from ..report.assay_elisa import Told


def elisa(  # noqa: PLR0913, PLR0917
    plate: Annotated[Path, typer.Argument(help="Plate: a reader's export, a matrix or a list.")],
    layout: Annotated[Path, typer.Option(help="CSV: well, role, sample, concentration, ...")],
    kit: Annotated[str, typer.Option(help="Preset of a kit: nkp44, nkg2d, ...")] = "",
    model: Annotated[str, typer.Option(help="4pl, 5pl or auto (by AICc).")] = "auto",
    weights: Annotated[str, typer.Option(help="auto (from replicates), none, 1/y, 1/y2.")] = "auto",
    read: Annotated[str, typer.Option(help="Which reading of the file, such as 450.")] = "",
    minus: Annotated[str, typer.Option(help="Reading to subtract, such as 570.")] = "",
    decimal: Annotated[str, typer.Option(help="comma or point, if the file is unclear.")] = "",
    number: Annotated[
        str, typer.Option(help="Number of the library that the samples measure, for `--numbers`.")
    ] = "",
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Write samples' names, not pseudonyms.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="New folder: report.html, tables, numbers.yaml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all results as JSON.")] = False,
) -> None:
    """Evaluate an ELISA: 4PL or 5PL curve, LLOQ and ULOQ, dilutions, spikes, parallelism.

    What is done, and every limit, is in docs/assays.md.

    Example: carnk assay elisa plate.csv --layout map.csv --kit nkp44 --out elisa
    """
    from ..assays.elisa import elisa as evaluate
    from ..assays.elisa_numbers import numbers_of
    from ..assays.kits import kit_of
    from ..assays.layout import read_layout
    from ..assays.plate import read_plates
    from ..base import pseudonyms
    from ..report import assay_elisa as report

    _known_words(model, weights)
    preset = kit_of(kit)
    file = read_plates(plate, decimal)
    chosen = _reading(file, preset, read, minus)
    wells = read_layout(layout, decimal)
    found = evaluate(chosen, wells, model, weights)
    given = {each.sample for each in wells.wells.values()}
    names = pseudonyms(given, file.sheet.content, wells.sheet.content, keep=keep_ids)
    names |= {m.wells.sample: m.wells.sample for m in found.measured if m.wells.sample not in given}
    numbers, note = numbers_of(found, preset.analyte, number, names, file.sheet.sha256)
    told = report.Told(preset.analyte, names, file.sheet.sha256, numbers, note)
    if out is not None:
        report.write(out, found, chosen, wells, told)
    if as_json:
        typer.echo(report.json_text(found, told))
        return
    _show(found, told, out is not None)
    if out is not None:
        typer.echo(f"Written: {out}")


def _known_words(model: str, weights: str) -> None:
    from ..assays.calibration import MODELS
    from ..assays.noise import WEIGHTS
    from ..base import Problem, SpecError, did_you_mean

    problems = [
        Problem(option, f"'{word}' is not one of {', '.join(words)}", did_you_mean(word, words))
        for option, word, words in (("--model", model, MODELS), ("--weights", weights, WEIGHTS))
        if word not in words
    ]
    if problems:
        raise SpecError(problems)


def _reading(file: "PlateFile", kit: "Kit", read: str, minus: str) -> "Plate":
    """The reading asked for, or the kit's where the file has several."""
    from ..assays.plate import minus as subtract

    several = len(file.plates) > 1
    plate = file.one(read or (f"{kit.read_nm:g} nm" if several and kit.read_nm else ""))
    return subtract(plate, file.one(minus)) if minus else plate


def _show(found: "Elisa", told: "Told", wrote: bool) -> None:
    from ..report.assay_elisa import about

    curve = about(found)
    typer.echo(
        f"{told.analyte}: {curve['model']} on {len(found.levels)} concentrations; "
        f"range {found.lloq:.4g} to {found.uloq:.4g} {found.unit} in the well"
    )
    for line in wrapped(f"weights {curve['weights']}", later="  "):
        typer.echo(line)
    rows = [["", "sample", "dilution", "wells", found.unit, "95 %", "CV"]]
    for m in found.measured:
        wells = m.wells.names
        interval = f"{m.low:.4g} to {m.high:.4g}" if m.is_in_range else m.flag
        rows.append([
            m.wells.role, told.names[m.wells.sample], f"1:{m.wells.dilution:g}",
            " ".join(wells[:4]) + (" ..." if len(wells) > 4 else ""), m.shown, interval,
            f"{m.cv:.0%}" if m.cv == m.cv else "-",
        ])  # fmt: skip
    for line in aligned(rows):
        typer.echo(line)
    for d in found.dilutions:
        parallel = f", parallel: {d.parallel}" if d.parallel else ""
        typer.echo(
            f"{told.names[d.sample]}: {d.concentration:.4g} ({d.low:.4g} to {d.high:.4g}) from "
            f"{len(d.dilution)} dilutions; linear, p {d.linearity_p:.2g}{parallel}"
        )
    for s in found.spikes:
        typer.echo(
            f"{told.names[s.sample]}: spike recovery {s.recovery:.0%} ({s.low:.0%} to {s.high:.0%})"
        )
    for flag in found.flags:
        for line in wrapped(f"flagged: {flag}", later="  "):
            typer.echo(line)
    if told.note and (wrote or not told.numbers):
        for line in wrapped(told.note, later="  "):
            typer.echo(line)
