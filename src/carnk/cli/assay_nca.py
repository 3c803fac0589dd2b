"""`assay nca`: Cmax, Tmax, AUC0-28d, half-life and Tlast of courses, by patient and group."""

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from .columns import WIDTH, aligned

if TYPE_CHECKING:
    import polars as pl

    from ..assays.events import Events

SHOWN = ("cmax", "tmax_days", "auc_end", "auc_last", "half_life_days", "tlast_days")
MANY = 40  # rows beyond which the terminal shows the summary alone


def nca(  # noqa: PLR0913, PLR0917
    course: Annotated[Path, typer.Argument(help="Event table, or columns id, time, value.")],
    time_unit: Annotated[str, typer.Option(help="Unit of TIME, if its header has none.")] = "",
    lloq: Annotated[
        float | None,
        typer.Option(min=0, help="Limit of quantification, if no LLOQ column."),
    ] = None,
    by: Annotated[str, typer.Option(help="Column whose groups are summarized apart.")] = "",
    decimal: Annotated[str, typer.Option(help="comma or point, if the file is unclear.")] = "",
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Write patients' ids, not pseudonyms.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="New folder: nca.csv, summary.csv, courses.html.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all results as JSON.")] = False,
) -> None:
    """Non-compartmental analysis of courses: Cmax, Tmax, AUC0-28d, half-life, Tlast.

    Linear up, log down; slope by adjusted R2; rules in docs/assays.md.

    Example: carnk assay nca course.csv --time-unit day --by response --out nca
    """
    from ..assays.events import read_events
    from ..assays.nca import groups_of, nca, summarize
    from ..base import pseudonyms

    events = read_events(course, time_unit, lloq, decimal)
    groups = groups_of(events, by) if by else None
    table = nca(events)
    summary = summarize(table, groups)
    names = pseudonyms(events.ids, events.content, keep=keep_ids)
    shown = _named(table, names, groups)
    for warning in events.warnings:
        typer.echo(fill(f"warning: {warning}", WIDTH, subsequent_indent="  "), err=True)
    if out is not None:
        _write(out, events, table, (shown, summary), names)
    if as_json:
        typer.echo(_json(events, shown, summary))
        return
    _show(events, shown, summary)
    if out is not None:
        typer.echo(f"Written: {out}")


def _named(
    table: "pl.DataFrame", names: Mapping[str, str], groups: Mapping[str, str] | None
) -> "pl.DataFrame":
    import polars as pl

    if groups is not None:
        table = table.insert_column(1, pl.Series("group", [groups[i] for i in table["id"]]))
    return table.with_columns(pl.Series("id", [names[each] for each in table["id"]]))


def _write(
    out: Path,
    events: "Events",
    table: "pl.DataFrame",
    shown: "tuple[pl.DataFrame, pl.DataFrame]",
    names: Mapping[str, str],
) -> None:
    from ..base import new_folder_atomic
    from ..report.assay_nca import figure

    with new_folder_atomic(out) as folder:
        shown[0].write_csv(folder / "nca.csv")
        shown[1].write_csv(folder / "summary.csv")
        drawn = figure(events, table, names)
        drawn.write_html(folder / "courses.html", include_plotlyjs=True, div_id="figure")


def _json(events: "Events", table: "pl.DataFrame", summary: "pl.DataFrame") -> str:
    from math import isfinite

    def plain(frame: "pl.DataFrame") -> list[dict[str, object]]:
        return [
            {k: None if isinstance(v, float) and not isfinite(v) else v for k, v in row.items()}
            for row in frame.to_dicts()
        ]

    found = {
        "value_unit": events.value_unit,
        "time_unit": "day",
        "parameters": plain(table),
        "summary": plain(summary),
        "warnings": [str(each) for each in events.warnings],
    }
    return json.dumps(found, indent=1)


def _show(events: "Events", table: "pl.DataFrame", summary: "pl.DataFrame") -> None:
    from ..assays.nca import PARAMETERS

    unit = events.value_unit or "DV, whose unit is not given"
    patients = f"{len(events.ids)} patient{'s' if len(events.ids) > 1 else ''}"
    typer.echo(f"{events.file}: {patients}; {unit}; areas in that x day; days")
    has_outputs, has_doses = len(events.outputs) > 1, table["period"].n_unique() > 1
    keys = ["id", *(["output"] if has_outputs else []), *(["period"] if has_doses else [])]
    if len(table) <= MANY:
        head = ["patient", *keys[1:], *(PARAMETERS[name][0] for name in SHOWN)]
        rows = [head] + [
            [*(str(row[key]) for key in keys), *(_digits(row[name]) for name in SHOWN)]
            for row in table.to_dicts()
        ]
        _print(rows)
        for row in table.filter(table["notes"] != "").to_dicts():
            words = f"{' '.join(str(row[key]) for key in keys)}: {row['notes']}"
            typer.echo(fill(words, WIDTH, initial_indent="  ", subsequent_indent="    "))
    whole = summary.filter(period="all")
    rows = [["", "parameter", "n", "geometric mean", "CV", "median", "range"]]
    for row in whole.filter(whole["n"] > 0).to_dicts():
        group = " ".join(each for each in (row["group"], row["output"]) if each)
        cv = row["geometric_cv"]
        rows.append([
            group, PARAMETERS[row["parameter"]][0], f"{row['n']}/{row['patients']}",
            _digits(row["geometric_mean"]), "-" if cv is None else f"{cv:.0%}",
            _digits(row["median"]), f"{_digits(row['low'])} to {_digits(row['high'])}",
        ])  # fmt: skip
    if len(rows) > 1 and whole["patients"].max() != 1:
        _print([row if any(r[0] for r in rows) else row[1:] for row in rows])


def _print(rows: list[list[str]]) -> None:
    for line in aligned(rows):
        typer.echo(line)


def _digits(value: float | None) -> str:
    return "-" if value is None else f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
