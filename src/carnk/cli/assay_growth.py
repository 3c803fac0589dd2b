"""`assay growth` and `assay thaw`: counts of cultures and of thawed vials."""

import json
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from .columns import WIDTH, aligned

if TYPE_CHECKING:
    from ..assays.et_curve import Estimate
    from ..assays.growth_files import Expansion, Growth
    from ..assays.thaw import Thaw
    from ..base import Problem
    from ..library import Number

Row = dict[str, str]
Counts = Annotated[Path, typer.Argument(help="Table of counts.")]
Decimal = Annotated[str, typer.Option(help="comma or point, if the file is unclear.")]
KeepIds = Annotated[bool, typer.Option("--keep-ids", help="Write donors, not pseudonyms.")]
Out = Annotated[Path | None, typer.Option(help="New folder: page, CSV, numbers.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print all results as JSON.")]


def growth(
    counts: Counts,
    method: Annotated[
        str, typer.Option(help="Way to expand, for numbers.yaml: k562_mbil21, cytokines ...")
    ] = "",
    group: Annotated[str, typer.Option(help="Group whose numbers are written, of several.")] = "",
    decimal: Decimal = "",
    keep_ids: KeepIds = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Fold, doubling time, lag and plateau of cultures; several donors come together.

    Columns day and cells; if there are several, donor, group; carried where a culture was split.

    Example: carnk assay growth counts.csv --method k562_mbil21 --out growth
    """
    from ..assays.growth_files import read_growth
    from ..assays.own_numbers import growth_numbers
    from ..report.assay_growth import growth_page

    found = read_growth(counts, decimal, keep_ids)
    numbers: list[Number] = []
    if method:
        numbers = growth_numbers(_group(found, group), method, counts.read_bytes())
    rows = _growth_rows(found)
    if out is not None:
        _write(out, ("growth", growth_page(found)), rows, numbers)
    if as_json:
        _json("cultures", rows, found.flags, numbers)
        return
    typer.echo(f"{found.file}: {len(rows)} cultures")
    _notes(found.flags)
    _show_growth(found)
    _show_numbers(numbers, out)


def thaw(
    counts: Counts,
    container: Annotated[str, typer.Option(help="Whose numbers are written, of several.")] = "",
    decimal: Decimal = "",
    keep_ids: KeepIds = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Recovery, viability and survival of the first day after thaw, by container and day.

    Columns frozen, live, dead (cells counted), factor (cells in the vial for each counted); if
    there are several, donor, vial, container; day after thaw.

    Example: carnk assay thaw counts.csv --container coolcell --out thaw
    """
    from ..assays.own_numbers import thaw_numbers
    from ..assays.thaw import read_thaw
    from ..report.assay_growth import thaw_page

    found = read_thaw(counts, decimal, keep_ids)
    names = list(dict.fromkeys(vial.container for vial in found.vials))
    numbers: list[Number] = []
    if container or len(names) == 1:
        numbers = thaw_numbers(found, container or names[0], counts.read_bytes())
    rows = _thaw_rows(found)
    if out is not None:
        _write(out, ("thaw", thaw_page(found)), rows, numbers)
    if as_json:
        _json("thaw", rows, found.flags, numbers)
        return
    typer.echo(f"{found.file}: {len(found.vials)} counts, {len(names)} containers")
    _notes(found.flags)
    heads = ("container", "day", "what", "vials", "typical", "a new vial")
    body = [
        (
            p.container or "-", f"{p.day:g}", p.what, str(p.vials),
            _percent(p.typical), _percent(p.new) if p.new else "-",
        )
        for p in found.pooled
    ]  # fmt: skip
    for line in aligned([heads, *body]):
        typer.echo(line)
    typer.echo(
        "viability: live of all counted; recovery: live of the label's; survival: live a day"
    )
    typer.echo("after thaw of those right after it. Intervals hold 95 %.")
    if len(names) > 1 and not container:
        typer.echo("Name one with --container for its numbers.")
    _show_numbers(numbers, out)


def _group(found: "Growth", name: str) -> "Expansion":
    from ..base import Problem, SpecError, did_you_mean

    groups = {e.group: e for e in found.expansions}
    if not name and len(groups) == 1:
        return found.expansions[0]
    if name not in groups:
        what = f"there is no group '{name}'" if name else "there are several groups"
        do = did_you_mean(name, groups) or f"Name one of {', '.join(groups)}."
        raise SpecError(Problem("--group", what, do))
    return groups[name]


def _growth_rows(found: "Growth") -> list[Row]:
    from ..assays.lysis_tables import number, told

    made = []
    for e in found.expansions:
        for g, shrunk in zip(e.grown, e.shrunk):
            middle, low, high = shrunk or (None, None, None)
            made.append(
                {
                    "donor": g.course.donor,
                    "group": e.group,
                    "law": g.law,
                    **told("fold", g.fold),
                    **told("doubling_days", g.doubling_days),
                    "doubling_among_donors": number(middle),
                    "doubling_among_donors_low": number(low),
                    "doubling_among_donors_high": number(high),
                    **told("lag_days", g.lag_days),
                    **told("plateau_cells", g.plateau_cells),
                    "why": g.doubling_days.why or g.why,
                }
            )
    return made


def _thaw_rows(found: "Thaw") -> list[Row]:
    from ..assays.lysis_tables import number, told

    counted = [
        {
            "donor": v.donor, "vial": v.vial, "container": v.container, "day": f"{v.day:g}",
            **told("viability", v.viability), **told("recovery", v.recovery), "vials": "1",
        }
        for v in found.vials
    ]  # fmt: skip
    pooled = [
        {
            "donor": "all", "vial": "all", "container": p.container, "day": f"{p.day:g}",
            **{f"{p.what}{end}": number(x) for end, x in zip(("", "_low", "_high"), p.typical)},
            "vials": str(p.vials),
        }
        for p in found.pooled
    ]  # fmt: skip
    heads = dict.fromkeys(key for row in (*counted, *pooled) for key in row)
    return [{head: row.get(head, "") for head in heads} for row in (*counted, *pooled)]


def _show_growth(found: "Growth") -> None:
    heads = ("donor", "group", "fold", "doubling, days", "among donors", "lag, days", "plateau")
    body = [
        (
            g.course.donor or "-", e.group or "-", _short(g.fold, 0), _short(g.doubling_days),
            "-" if shrunk is None else f"{shrunk[0]:.2f} ({shrunk[1]:.2f}-{shrunk[2]:.2f})",
            _short(g.lag_days, 1),
            "-" if g.plateau_cells.value is None else f"{g.plateau_cells.value:.2g}",
        )
        for e in found.expansions for g, shrunk in zip(e.grown, e.shrunk)
    ]  # fmt: skip
    for line in aligned([heads, *body]):
        typer.echo(line)
    for e in found.expansions:
        name = e.group or "all"
        typer.echo(f"{name}: {e.grown[0].law} law; {e.grown[0].why}")
        if e.doubling_days is not None and e.new is not None:
            middle, low, high = e.doubling_days
            new = f"a new donor {e.new[1]:.2f}-{e.new[2]:.2f}"
            typer.echo(f"  typical donor {middle:.2f} ({low:.2f}-{high:.2f}) days, {new}")
        for why in dict.fromkeys(g.doubling_days.why for g in e.grown if g.doubling_days.why):
            typer.echo(fill(f"  {why}", WIDTH))


def _show_numbers(numbers: "Sequence[Number]", out: Path | None) -> None:
    for n in numbers:
        low, high = n.range or (n.value, n.value)
        unit = "" if n.unit == "1" else f" {n.unit}"
        spread = f", spread {n.spread.law} {n.spread.size:.2g}" if n.spread else ""
        typer.echo(f"{n.id}: {n.value:.3g} ({low:.3g} to {high:.3g}){unit}{spread}")
    if out is not None:
        typer.echo(f"Written: {out}")


def _notes(flags: "Sequence[Problem]") -> None:
    for flag in flags:
        typer.echo(fill(f"note: {flag}", WIDTH, subsequent_indent="  "))


def _write(out: Path, page: tuple[str, str], rows: list[Row], numbers: "Sequence[Number]") -> None:
    from ..base import new_folder_atomic, write_text_atomic
    from ..library import number_file_text
    from .printing import csv_text

    name, html = page
    with new_folder_atomic(out) as folder:
        write_text_atomic(folder / f"{name}.csv", csv_text(rows))
        write_text_atomic(folder / f"{name}.html", html)
        if numbers:
            about = f"Of counts, carnk assay {name}"
            write_text_atomic(folder / "numbers.yaml", number_file_text(numbers, about))


def _json(
    name: str, rows: list[Row], flags: "Sequence[Problem]", numbers: "Sequence[Number]"
) -> None:
    told = [{"id": n.id, "value": n.value, "range": n.range} for n in numbers]
    found = {name: rows, "flags": [str(flag) for flag in flags], "numbers": told}
    typer.echo(json.dumps(found, indent=1))


def _short(estimate: "Estimate", digits: int = 2) -> str:
    if estimate.value is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:,.{digits}f}"
    ends = f"{estimate.low:,.{digits}f}-{estimate.high:,.{digits}f}"
    return f"{estimate.value:,.{digits}f} ({ends})"


def _percent(interval: tuple[float, float, float]) -> str:
    middle, low, high = (100 * x for x in interval)
    return f"{middle:.0f} % ({low:.0f}-{high:.0f})"
