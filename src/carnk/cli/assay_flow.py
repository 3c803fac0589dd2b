"""`assay flow`: share of CAR-positive cells and molecules per cell from FCS files."""

import json
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from .columns import WIDTH, aligned
from .progress_line import progress_line

if TYPE_CHECKING:
    from ..assays.flow import Stain
    from ..assays.populations import Share
    from ..library import Number


def flow(  # noqa: PLR0913, PLR0917
    files: Annotated[list[Path], typer.Argument(help="FCS files: replicates of one sample.")],
    gates: Annotated[Path | None, typer.Option(help="GatingML 2.0; without it, found gates.")] = (
        None
    ),
    population: Annotated[str, typer.Option(help="Gate of the positive cells.")] = "",
    marker: Annotated[str, typer.Option(help="Channel of the stain, by $PnN or $PnS.")] = "",
    control: Annotated[Path | None, typer.Option(help="FCS of the FMO or isotype control.")] = None,
    dead: Annotated[str, typer.Option(help="Channel of the dead-cell dye.")] = "",
    beads: Annotated[Path | None, typer.Option(help="Calibration beads: mesf or abc, mfi.")] = None,
    source: Annotated[str, typer.Option(help="Cells: cord_blood, peripheral_blood ...")] = "",
    target: Annotated[str, typer.Option(help="Antigen that the stain shows, as in cd19.")] = "",
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Write files' names, not pseudonyms.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="New folder: populations.csv, flow.html, numbers.yaml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all results as JSON.")] = False,
) -> None:
    """Gate FCS files: CAR+ share with its error, intensity to molecules per cell by beads.

    Example: carnk assay flow sample.fcs --marker CAR --control fmo.fcs --dead "Live/Dead"
    """
    from ..assays.beads import read_beads
    from ..assays.fcs import read_fcs
    from ..assays.flow import Plan, stain, together
    from ..base import Problem, SpecError, pseudonyms

    plan = Plan(
        marker, gates, population, read_fcs(control) if control else None, dead,
        read_beads(beads) if beads else None,
    )  # fmt: skip
    stains, digests = [], []
    with progress_line("files") as progress:
        for done, path in enumerate(files, 1):
            sample = read_fcs(path)
            if sample.digest in digests:
                what = "holds the same bytes as another file given"
                raise SpecError(
                    Problem(path.name, what, "A replicate is another run of the cells.")
                )
            stains.append(stain(sample, plan))
            digests.append(sample.digest)
            progress(done, len(files))
    called = pseudonyms((each.file for each in stains), *digests, keep=keep_ids)
    names = [called[each.file] for each in stains]
    share = together(stains)
    numbers = _numbers(stains, share, (source, target), digests)
    if out is not None:
        _write(out, stains, names, numbers)
    if as_json:
        typer.echo(json.dumps(_plain(stains, names, share, numbers), indent=1))
        return
    for each, name in zip(stains, names):
        _show(each, name)
    if len(stains) > 1 and share is not None:
        spread = f"spread between them {share.between:.2f} (logit)"
        typer.echo(f"{len(stains)} replicates: {_percent(share)}; {spread}")
    for number in numbers:
        low, high = number.range or (number.value, number.value)
        typer.echo(f"{number.id}: {number.value:.4g} ({low:.4g} to {high:.4g}) {number.unit}")
    if out is not None:
        typer.echo(f"Written: {out}")


def _numbers(
    stains: "Sequence[Stain]",
    share: "Share | None",
    names: tuple[str, str],
    digests: Sequence[bytes],
) -> "list[Number]":
    from ..assays.flow_numbers import car_positive, density

    source, target = names
    found = [car_positive(share, source, digests)] if source else []
    return [*found, *([density(stains, target, digests)] if target else [])]


def _write(
    out: Path, stains: "Sequence[Stain]", names: Sequence[str], numbers: "Sequence[Number]"
) -> None:
    import csv

    from ..base import new_folder_atomic, write_text_atomic
    from ..library import number_file_text
    from ..report.assay_flow import figure

    with new_folder_atomic(out) as folder:
        rows = [row for each, name in zip(stains, names) for row in _rows(each, name)]
        with (folder / "populations.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        drawn = figure(stains, names)
        drawn.write_html(folder / "flow.html", include_plotlyjs=True, div_id="figure")
        if numbers:
            about = "Of flow cytometry, carnk assay flow"
            write_text_atomic(folder / "numbers.yaml", number_file_text(numbers, about))


def _rows(found: "Stain", name: str) -> list[dict[str, object]]:
    return [
        {
            "sample": name,
            "population": each.name,
            "path": "/".join(each.path),
            "events": each.count,
            "of": each.parent_count,
            "share": each.share if each.parent_count else None,
            "low": each.interval[0],
            "high": each.interval[1],
        }
        for each in found.populations
    ]


def _plain(
    stains: "Sequence[Stain]",
    names: Sequence[str],
    share: "Share | None",
    numbers: "Sequence[Number]",
) -> dict[str, object]:
    """All results as plain values for JSON."""
    from dataclasses import asdict

    samples = []
    for each, name in zip(stains, names):
        samples.append({
            "sample": name, "events": each.events, "marker": each.marker,
            "method": each.method, "populations": _rows(each, name),
            "positive": each.positive and each.positive.name,
            "share": each.share and _finite(asdict(each.share)),
            "threshold": each.threshold,
            "intensity": each.intensity and asdict(each.intensity),
            "negative_intensity": each.negative and asdict(each.negative),
            "molecules": each.molecules and asdict(each.molecules), "notes": list(each.notes),
        })  # fmt: skip
    own = {n.id: {"value": n.value, "unit": n.unit, "range": n.range} for n in numbers}
    return {"samples": samples, "share": share and _finite(asdict(share)), "numbers": own}


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {key: None if isnan(value) else value for key, value in values.items()}


def _show(found: "Stain", name: str) -> None:
    typer.echo(f"{name}: {found.events:,} events")
    rows = [["population", "events", "of parent", "95 % of counting"]]
    for each in found.populations:
        low, high = each.interval
        share = f"{each.share:.2%}" if each.parent_count else "-"
        indent = "  " * len(each.path)
        rows.append([indent + each.name, f"{each.count:,}", share, f"{low:.2%} to {high:.2%}"])
    for line in aligned(rows):
        typer.echo(line)
    if found.positive is not None and found.share is not None:
        parent = found.positive.path[-1] if found.positive.path else "all events"
        what = f" for {found.marker}" if found.marker else ""
        share = f"{_percent(found.share)} of {parent}"
        typer.echo(f"Positive{what}: {share}, by {METHODS[found.method]}")
    if found.intensity is not None:
        i = found.intensity
        typer.echo(
            f"Intensity: median {i.median:,.0f} ({i.low:,.0f} to {i.high:,.0f}); "
            f"spread {i.sd_log10:.2f} log10"
        )
    if found.molecules is not None:
        m = found.molecules
        typer.echo(
            f"{m.kind} per positive cell: {m.value:,.0f} ({m.low:,.0f} to {m.high:,.0f}), "
            f"less {m.background:,.0f} of the negative cells"
        )
    for note in found.notes:
        typer.echo(fill(note, WIDTH, initial_indent="  ", subsequent_indent="    "))


METHODS = {
    "gate": "the gate file",
    "control": "the negative control",
    "mixture": "two bell curves",
}


def _percent(share: "Share") -> str:
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"
