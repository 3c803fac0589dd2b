"""The page of a published model's run, and its three columns for the terminal."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ..base import write_text_atomic
from ..kinetics.comparators import COMPARATORS, Comparator
from ..library import references
from ..solver.model import name_of, trace
from ..study.comparators import WITHIN, Compared
from .lines import Band, Curve, Panel, svg
from .numerals import NONE, SPACE, count, number, plural, power_of_ten, powers, span, unit
from .record import rows_of, unverified_line
from .rendering import TEMPLATES, render
from .sections.mechanisms import Writer, first_line
from .sections.numbers import listed_numbers
from .sections.repeat import reference_line
from .words import BASES, DISEASES, words

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100
OF_PAPERS = BASES | {
    "measured": "counted or given in the paper's patients",
    "fitted": "estimated by the paper from its patients",
    "derived": "computed or read off a plot of the paper",
    "borrowed": "taken by the paper from elsewhere",
}


@dataclass(frozen=True)
class Run:
    """What the run of a published model left behind; bands and patients only of a population."""

    comparator: Comparator
    manifest: dict[str, Any]
    figures: list[Compared]
    numbers: list[dict[str, Any]]
    courses: pl.DataFrame
    bands: pl.DataFrame | None
    patients: pl.DataFrame | None


def is_run(folder: Path) -> bool:
    """Whether a folder is the run of a published model."""
    path = folder / "run.json"
    return path.is_file() and "comparator" in json.loads(path.read_text(encoding="utf-8"))


def read(folder: Path) -> Run:
    """Read the folder of a run back."""
    manifest = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    numeric = ("equations", "ours", "difference", "against_print")
    rows = rows_of(folder / "figures.csv", numeric)
    fields = Compared.__dataclass_fields__
    figures = [Compared(**{name: row[name] for name in fields}) for row in rows]

    def table(name: str) -> pl.DataFrame | None:
        path = folder / name
        return pl.read_parquet(path) if path.is_file() else None

    return Run(
        comparator=COMPARATORS[manifest["comparator"]],
        manifest=manifest,
        figures=figures,
        numbers=rows_of(folder / "numbers.csv", ("value", "low", "high")),
        courses=pl.read_parquet(folder / "courses.parquet"),
        bands=table("bands.parquet"),
        patients=table("patients.parquet"),
    )


def write_page(folder: Path) -> Path:
    """Write report.html into the folder of a run, whole or not at all, and return its path."""
    path = folder / "report.html"
    write_text_atomic(path, page(read(folder)))
    return path


def page(run: Run) -> str:
    """The whole page as text."""
    from markupsafe import Markup

    comparator, manifest = run.comparator, run.manifest
    drawn = panels(comparator, run.courses, run.figures)
    spread = [] if run.bands is None else banded(comparator, run.bands)
    cited = {key: references()[key] for key in sorted(_sources(run))}
    return render(
        "comparator.html",
        comparator=comparator,
        paper=references()[comparator.name],
        diseases=", ".join(words(d, DISEASES) for d in comparator.diseases),
        warnings=manifest["warnings"],
        verdict=verdict(run.figures),
        misses=misses(run.figures),
        groups=grouped(comparator, run.figures),
        panels=[Markup(svg(panel)) for panel in drawn],
        spread=[(title, [Markup(svg(panel)) for panel in part]) for title, part in spread],
        people=None if run.patients is None else people(run),
        equations=equations(comparator),
        numbers=listed_numbers(run.numbers, cited, OF_PAPERS, digits=6),
        manifest=manifest,
        command=command(manifest),
        failed=sum(manifest["failures_by_reason"].values()),
        references=[reference_line(each) for each in cited.values()],
        script=Markup((TEMPLATES / "page.js").read_text(encoding="utf-8")),
        written=datetime.now(UTC).strftime("%Y-%m-%d"),
    )


def _sources(run: Run) -> set[str]:
    return {row["source"] for row in run.numbers if row["source"]} | {run.comparator.name}


def command(manifest: dict[str, Any]) -> str:
    """How the run is made again."""
    drawn = (
        f" --patients {manifest['patients']} --seed {manifest['seed']}"
        if manifest["patients"]
        else ""
    )
    disease = f" --disease {manifest['disease']}" if manifest["disease"] else ""
    return f"carnk run {manifest['comparator']}{drawn}{disease} --out again"


def verdict(figures: Sequence[Compared]) -> str:
    """How many figures are those of the printed equations."""
    held = sum(row.holds for row in figures)
    return (
        f"{held} of {len(figures)} figures are within {100 * WITHIN:g} % of the value of the"
        " printed equations."
    )


def misses(figures: Sequence[Compared]) -> str:
    """How far the figures lie from those in print, where print has a number."""
    off = [row.against_print for row in figures if row.against_print is not None]
    if not off:
        return "The paper prints none of them as a number."
    far = sum(abs(x) > 0.1 for x in off)
    return (
        f"{len(off)} have a number in print; {far} of them lie more than 10 % from it, at most"
        f" {percent(max(off, key=abs))}. Nothing was tuned to bring them nearer."
    )


def percent(part: float | None) -> str:
    """A difference as '+10 %', '−0.3 %', '0 %'."""
    if part is None or not np.isfinite(part):
        return NONE
    value = 100 * part
    text = "0" if abs(value) < 0.005 else f"{value:+.2g}" if abs(value) < 10 else f"{value:+.0f}"
    return f"{text.replace('-', '−')}{SPACE}%"


def cells(row: Compared) -> dict[str, str]:
    """The three columns of a figure as people read them, and how far they lie apart."""
    try:
        printed = number(float(row.printed), 5)
    except ValueError:
        printed = row.printed.replace("-", "–") or NONE
    return {
        "title": row.title,
        "unit": unit(row.unit),
        "printed": printed,
        "at": row.printed_at + ("; paper not opened" if row.checked == "unread" else ""),
        "equations": _value(row.equations),
        "ours": _value(row.ours),
        "difference": percent(row.difference),
        "holds": "yes" if row.holds else "no",
        "against": percent(row.against_print),
    }


def _value(value: float | None) -> str:
    """A number with five digits; a chance that underflows is not zero."""
    return f"<{SPACE}{power_of_ten(-300)}" if value == 0 else number(value, 5)


def grouped(
    comparator: Comparator, figures: Sequence[Compared]
) -> list[tuple[str, list[dict[str, str]]]]:
    """Figures under the titles of their cases."""
    return [
        (powers(case.title), [cells(row) for row in figures if row.case == case.name])
        for case in comparator.cases
    ]


def panels(
    comparator: Comparator, courses: pl.DataFrame, figures: Sequence[Compared]
) -> list[Panel]:
    """Every line of the model at its printed numbers, one color per case."""
    cases = [courses.filter(case=case.name) for case in comparator.cases]
    days = cases[0]["day"].to_numpy()
    made = []
    for line in comparator.lines:
        values = [frame[line.name].to_numpy() for frame in cases]
        alike = len(values) > 1 and all(np.allclose(v, values[0], rtol=1e-6) for v in values)
        curves = [Curve(v, i) for i, v in enumerate(values)]
        made.append(
            Panel(
                line.title, line.unit, days, [Curve(values[0])] if alike else curves,
                seen=[(day, float(row.printed)) for day, name in line.seen
                      for row in figures if row.figure == name],
                floor=line.floor, most=line.most,
            )
        )  # fmt: skip
    return made


def banded(comparator: Comparator, bands: pl.DataFrame) -> list[tuple[str, list[Panel]]]:
    """Bands of the population by case: half and 90 % of patients, dashed: of measurements."""
    made = []
    for i, case in enumerate(comparator.cases):
        part = []
        for line in comparator.lines:
            frame = bands.filter(case=case.name, line=line.name)
            q = {name: frame[name].to_numpy() for name in frame.columns if name not in TEXT}
            dashed = [
                Curve(q[name], i, "stroke-width:1.2;stroke-dasharray:4 3")
                for name in ("measured05", "measured95")
                if np.isfinite(q[name]).any()
            ]
            areas = [Band(q["q05"], q["q95"], i, 0.16), Band(q["q25"], q["q75"], i, 0.3)]
            curves = [Curve(q["q50"], i), *dashed]
            part.append(
                Panel(
                    line.title, line.unit, q["day"], curves, areas, floor=line.floor, most=line.most
                )
            )
        made.append((powers(case.title), part))
    return made


TEXT = ("case", "line")


def people(run: Run) -> dict[str, Any]:
    """Figures of the population: median, and what holds 90 % of patients, by case."""
    assert run.patients is not None
    rows = []
    for figure in run.comparator.figures:
        texts = []
        for case in run.comparator.cases:
            values = run.patients.filter(case=case.name)[f"figure_{figure.name}"].drop_nans()
            low, median, high = (values.quantile(q, "linear") for q in (0.05, 0.5, 0.95))
            texts.append((number(median), span(low, high, 3)))
        rows.append((figure.title, unit(figure.unit), texts))
    return {
        "count": count(run.manifest["patients"]),
        "seed": run.manifest["seed"],
        "cases": [powers(case.title) for case in run.comparator.cases],
        "rows": rows,
    }


def equations(comparator: Comparator) -> list[dict[str, Any]]:
    """Mechanisms with what each says of itself and what it adds to the rates, as HTML."""
    traced = trace(comparator.model)
    writer = Writer(traced.graph, {})
    return [
        {
            "name": name_of(mechanism).replace("_", " "),
            "about": first_line(mechanism),
            "lines": [(writer.state(state), writer.line(arrow)) for state, arrow in arrows.items()],
        }
        for mechanism, (_, arrows) in zip(comparator.model.mechanisms, traced.arrows)
    ]


def show(folder: Path, console: "Console | None" = None) -> None:
    """Print what a run folder says: warnings, the three columns, the population, the report."""
    from rich.console import Console
    from rich.text import Text

    run = read(folder)
    mine = console or Console(highlight=False)
    if console is None and not mine.is_terminal:
        mine = Console(width=WIDTH, highlight=False)
    width = min(mine.width, WIDTH)
    lines = [
        *(f"Warning: {each}" for each in run.manifest["warnings"]),
        f"Fitted to {run.comparator.fitted_to}.",
    ]
    mine.print(Text(run.comparator.title, style="bold"), width=width)
    for line in lines:
        mine.print(Text(line.replace(SPACE, " ")), width=width)
    mine.print(_table(grouped(run.comparator, run.figures)), width=width)
    for line in [verdict(run.figures), misses(run.figures), *_population(run)]:
        mine.print(Text(line.replace(SPACE, " ")), width=width)
    basis = f"{unverified_line(run.numbers)}. A research simulation, no medical advice."
    mine.print(Text(basis), width=width)
    if (folder / "report.html").is_file():
        mine.print(Text(f"Report: {folder / 'report.html'}"), soft_wrap=True)


def _table(groups: list[tuple[str, list[dict[str, str]]]]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("Figure", overflow="fold")
    for name in ("In print", "Equations", "Ours", "Ours/eq.", "Ours/print"):
        table.add_column(name, justify="right")
    for title, rows in groups:
        if rows and len(groups) > 1:
            table.add_row(Text(title, style="bold"))
        for row in rows:
            name = f"{row['title']}, {row['unit']}" if row["unit"] else row["title"]
            columns = ("printed", "equations", "ours", "difference", "against")
            parts = (name, *(row[each].replace(SPACE, " ") for each in columns))
            table.add_row(*(Text(part) for part in parts))
    return table


def _population(run: Run) -> list[str]:
    """The population in a line for every figure of the first case."""
    if run.patients is None:
        return []
    found = people(run)
    patients = plural(run.manifest["patients"], "patient")
    head = f"{patients} by the printed variances, {found['cases'][0]}: median (90 % of patients)"
    return [
        head,
        *(
            f"  {title}: {texts[0][0]} ({texts[0][1]}) {measure}".rstrip()
            for title, measure, texts in found["rows"]
        ),
    ]
