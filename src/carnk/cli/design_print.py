"""Tables of trial designs: aligned text, CSV or JSON, on the terminal or in a file."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from .design_words import Shape

if TYPE_CHECKING:
    from ..designs import Characteristics, Design, Trials

WIDTH = 100
Row = Mapping[str, Any]


def emit(shape: Shape, rows: Sequence[Row], text: str, whole: Any = None) -> None:
    """Print or write as asked: `text` for the eye, rows as CSV, `whole` (or the rows) as JSON."""
    from ..base import Problem, SpecError, write_text_atomic

    if shape.style not in ("text", "csv"):
        what = f"'{shape.style}' is not one of text, csv"
        raise SpecError(Problem("--format", what, "For JSON give --json."))
    if shape.as_json:
        shown = json.dumps(list(rows) if whole is None else whole, indent=1) + "\n"
    elif shape.style == "csv":
        shown = as_csv(rows)
    else:
        shown = text.rstrip("\n") + "\n"
    if shape.out is None:
        typer.echo(shown, nl=False)
    else:
        write_text_atomic(shape.out, shown)


def as_csv(rows: Sequence[Row]) -> str:
    """CSV with the columns of the first row; an empty cell where there is no value."""
    stream = io.StringIO()
    names = list(rows[0]) if rows else []
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: "" if v is None else v for k, v in row.items()} for row in rows)
    return stream.getvalue()


def as_table(rows: Sequence[Row], heads: Mapping[str, str] | None = None) -> str:
    """Columns under their heads, numbers to the right, '-' where there is no value."""
    if not rows:
        return ""
    names = list(rows[0])
    cells = [[(heads or {}).get(name, name) for name in names]]
    cells += [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(len(line[k]) for line in cells) for k in range(len(names))]
    left = [isinstance(rows[0][name], str) for name in names]
    lines = []
    for line in cells:
        parts = [
            text.ljust(width) if is_left else text.rjust(width)
            for text, width, is_left in zip(line, widths, left)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def prose(text: str) -> str:
    """Wrap paragraphs to the width of the terminal."""
    return "\n".join(textwrap.fill(line, WIDTH) for line in text.splitlines())


def dose_rows(found: Characteristics, truth: Sequence[float]) -> list[dict[str, Any]]:
    """One row per dose of the operating characteristics."""
    columns = zip(
        truth, found.selected, found.standard_error, found.patients, found.toxic, found.responses
    )
    return [
        {
            "dose": dose,
            "p_dlt": rate,
            "selected_pct": round(selected, 3),
            "standard_error": round(error, 3),
            "patients": round(patients, 3),
            "patients_pct": round(100 * patients / max(found.total_patients, 1e-9), 2),
            "dlt": round(toxic, 3),
            "responses": round(responses, 3),
        }
        for dose, (rate, selected, error, patients, toxic, responses) in enumerate(columns, 1)
    ]


HEADS = {
    "p_dlt": "P(DLT)",
    "selected_pct": "selected %",
    "standard_error": "± SE",
    "patients_pct": "patients %",
    "dlt": "DLT",
}


def characteristics_text(found: Characteristics, truth: Sequence[float]) -> str:
    """The operating characteristics of one design as a page of text."""
    lines = [f"{found.design}: {found.trials:,} trials", ""]
    lines += [as_table(dose_rows(found, truth), HEADS), ""]
    lines.append(
        f"no dose selected {found.none:.1f} %; {found.total_patients:.1f} patients and"
        f" {found.total_toxic:.2f} DLT per trial"
    )
    if found.correct is not None:
        lines.append(
            f"right dose (nearest to the target) selected {found.correct:.1f} %; patients above it"
            f" {found.over:.1f} %, below it {found.under:.1f} %"
        )
        lines.append(
            f"trials with over 60 % / over 80 % of patients above it {found.over60:.1f} % /"
            f" {found.over80:.1f} %; with few at it {found.poor:.1f} %"
        )
        lines.append(f"trials with a DLT rate above the target {found.high_toxicity:.1f} %")
    stops = "; ".join(f"{words} {percent:.1f} %" for words, percent in found.reasons.items())
    lines += textwrap.wrap(f"stops: {stops}", WIDTH)
    if found.days is not None:
        mean, low, high = found.days
        lines.append(f"duration {mean:.0f} days (90 % of trials {low:.0f} to {high:.0f})")
    return "\n".join([*lines, "", cohort_text(found)])


def cohort_text(found: Characteristics) -> str:
    """The per-cohort table, first ten cohorts."""
    rows = [
        {
            "cohort": row["cohort"],
            "reached %": f"{row['reached_pct']:.1f}",
            **{
                f"dose {key.split('_')[1]} %": f"{value:.0f}"
                for key, value in row.items()
                if key.startswith("dose_")
            },
            "DLT rate": "-" if row["dlt_rate"] is None else f"{row['dlt_rate']:.3f}",
        }
        for row in found.cohorts[:10]
    ]
    return as_table(rows)


def comparison_rows(designs: Iterable[Characteristics]) -> list[dict[str, Any]]:
    """One row per design."""
    return [
        {
            "design": each.design,
            **{f"selected_{k}": round(p, 2) for k, p in enumerate(each.selected, 1)},
            "none": round(each.none, 2),
            "correct": None if each.correct is None else round(each.correct, 2),
            "patients": round(each.total_patients, 2),
            "dlt": round(each.total_toxic, 3),
            "over": None if each.over is None else round(each.over, 2),
            "days": None if each.days is None else round(each.days[0], 1),
        }
        for each in designs
    ]


def comparison_heads(doses: int) -> dict[str, str]:
    """Short heads, so that eight doses fit the page."""
    return {"correct": "right"} | {f"selected_{k}": str(k) for k in range(1, doses + 1)}


def run_trials(design: Design, patients: Any, shown: bool) -> Trials:
    """Simulate in blocks of trials with a bar on a terminal, so that Ctrl-C is quick."""
    from ..designs import simulate
    from ..designs.simulate import joined

    block = 1000
    firsts = range(0, patients.trials, block)
    with typer.progressbar(firsts, label=design.name, hidden=not shown) as steps:
        parts = [simulate(design, patients.rows(slice(k, k + block))) for k in steps]
    return joined(parts)
