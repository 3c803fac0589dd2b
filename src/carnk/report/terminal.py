"""The report in short, for a terminal of 100 columns."""

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from ..designs import clopper_pearson
from ..study.paired import differences
from ..study.summary import Comparison, compare
from . import trial_table
from .chances import Chance, chance
from .lot_effects import lot_line
from .numerals import NONE, SPACE, count, listed, number, percents, plural, powers, span
from .record import Record, few, read, unverified_line
from .sections.comparison import expected, label
from .sections.paired import rows as paired_rows
from .sections.paired import signed
from .words import DISEASES, words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 100


def show(folder: Path, console: "Console | None" = None) -> None:
    """Print what a run folder says: predicted beside observed, kinetics, and where the report is.

    Raises SpecError when `folder` holds no run.
    """
    from rich.console import Console
    from rich.text import Text

    record = read(Path(folder))
    mine = console or Console(highlight=False)
    if console is None and not mine.is_terminal:
        mine = Console(width=WIDTH, highlight=False)
    width = min(mine.width, WIDTH)
    mine.print(Text(powers(record.study.title or record.study.name), style="bold"), width=width)
    mine.print(Text(_patients(record)), width=width)
    if len(record.outcomes):
        paired = record.study.paired
        rows = [] if paired else compare(record.study, record.outcomes)
        mine.print(_arms_table(record) if paired else _table(rows, width >= WIDTH), width=width)
    if record.trial:
        mine.print(Text(trial_table.head(record.trial)), width=width)
        for schedule in record.trial["schedules"]:
            mine.print(trial_table.table(schedule), width=width)
        for line in trial_table.lines(record.trial):
            mine.print(Text(line.replace(SPACE, " ")), width=width)
    for line in _lines(record):
        mine.print(Text(line.replace(SPACE, " ")), width=width)
    page = Path(folder) / "report.html"
    if page.is_file():
        mine.print(Text(f"Report: {page}"), soft_wrap=True)


def _patients(record: Record) -> str:
    done, asked = record.manifest["patients_done"], record.manifest["patients"]
    text = f"{count(done)} of {count(asked)} patients simulated, {count(len(record.failed))} failed"
    return text if record.complete else f"Interrupted: {text}"


def _table(rows: list[Comparison], wide: bool) -> "Table":
    """Predicted beside observed; on a narrow terminal intervals go to a line of their own."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("Outcome", overflow="fold")
    for name in ("Predicted (95 %)", "Expected in a trial", "Observed (exact 95 %)"):
        table.add_column(name if wide else name.replace(" (", "\n("), justify="right")
    for row in rows:
        cells = [cell.replace(SPACE, " ") for cell in _cells(row)]
        apart = cells if wide else [cell.replace(" (", "\n(") for cell in cells]
        table.add_row(*(Text(cell) for cell in apart))
    return table


def _cells(row: Comparison) -> tuple[str, str, str, str]:
    parts = [powers(row.arm), row.disease and words(row.disease, DISEASES)]
    group = ", ".join(part for part in parts if part)
    name = f"{label(row)}\n  {group}" if group else label(row)
    mine = Chance(row.prediction, row.patients)
    predicted = f"{mine.text} ({mine.interval})"
    seen = row.seen
    if seen is None or not seen.patients:
        return name, predicted, NONE, NONE
    low, high = row.prediction.predictive(seen.patients)
    exact = percents(*clopper_pearson(seen.events, seen.patients))
    trial = f"{expected(row)} of {seen.patients} ({low}–{high})"
    return name, predicted, trial, f"{seen.events}/{seen.patients} ({exact})"


def _lines(record: Record) -> list[str]:
    """Response, kinetics, persistence and what to bear in mind, one line each."""
    basis = f"{unverified_line(record.numbers)}. A research simulation, no medical advice."
    if record.outcomes.is_empty():
        return [basis]
    if record.study.is_comparison:
        rough = [f"Rough: {few(record)}"] if few(record) else []
        return [*_gaps(record), *rough, basis]
    outcomes, day = record.outcomes, record.study.response_day
    share = {
        name: each.text if (each := chance(outcomes, name)) else NONE
        for name in ("detected_day_15", "detected_day_365")
    }

    answers = [
        f"{words(name, {})} {each.text}"
        for name in ("response", "complete_response")
        if (each := chance(outcomes, name, day)) is not None
    ]

    def range_of(name: str, digits: int) -> str:
        a, median, b = (outcomes[name].quantile(q, "linear") for q in (0.05, 0.5, 0.95))
        return f"{number(median, digits)} ({span(a, b, digits)})"

    lines = [
        f"Day {number(day)}: {listed(answers)} of {plural(record.patients, 'virtual patient')}",
        f"CAR cells in blood: peak {range_of('cmax_per_ul', 2)} cells/µL on day "
        f"{range_of('tmax_day', 3)}; medians (90 % of patients)",
    ]
    seen = f"above the assay's limit in {share['detected_day_15']} on day 15"
    if share["detected_day_365"] != NONE:
        seen += f" and {share['detected_day_365']} on day 365"
    rough = [f"Rough: {few(record)}"] if few(record) else []
    lots = [lot_line(record)] if record.study.product.process else []
    return [*lines, f"Persistence: {seen}", *lots, *rough, basis]


def _gaps(record: Record) -> list[str]:
    """The main differences between arms on the same patients, one line for each arm and outcome."""
    names = {"treated": "treated", "response": "response", "pfs": "progression-free",
             "crs": "CRS", "crs_grade_3": "CRS 3+", "icans": "ICANS", "gvhd": "GvHD"}  # fmt: skip
    lines: dict[str, list[str]] = {}
    found = differences(record.study, record.outcomes) if record.study.paired else []
    for each in found:
        if each.outcome in names and each.low == each.low:
            gap, *ends = (signed(100 * x) for x in (each.mean, each.low, each.high))
            told = f"{names[each.outcome]} {gap} ({ends[0]} to {ends[1]})"
            lines.setdefault(f"{each.arm} less {each.reference}", []).append(told)
    shown = ["In the same patients, percentage points (95 %):"] if lines else []
    for who, parts in lines.items():
        text = f"{powers(who)}: {', '.join(parts)}"
        shown += wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    return shown


def _arms_table(record: Record) -> "Table":
    """The arms of a paired study side by side."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("", overflow="fold")
    for arm in record.study.arms:
        table.add_column(powers(arm.name), justify="right", overflow="fold")
    for row in paired_rows(record):
        cells = [f"{text}\n{ends}".strip().replace(SPACE, " ") for text, ends in row["cells"]]
        table.add_row(row["label"], *map(Text, cells))
    return table
