"""Event tables as pharmacometricians write them, and plain courses: doses and samples of patients.

Columns by the names of NONMEM and Monolix, in any case: ID TIME DV, and where there are doses AMT
EVID MDV RATE II ADDL SS, CENS and LLOQ of samples below the limit of quantification, DVID or CMT of
several outputs; all others are covariates. A plain course is ID, TIME and DV alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from ..base import DataError, Problem
from .delimited import Cells, Table, is_missing, read_table
from .event_rows import Event, RowReader, events_of, opened

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "line": pl.Int64,
    "time_days": pl.Float64,
    "is_dose": pl.Boolean,
    "amount": pl.Float64,
    "rate_per_day": pl.Float64,
    "output": pl.String,
    "compartment": pl.String,
    "value": pl.Float64,
    "censored": pl.Int8,
    "limit": pl.Float64,
    "other_end": pl.Float64,
}


@dataclass(frozen=True)
class Events:
    """A checked event table.

    `rows`, by patient in the order of the file and by time (rows of one time keep their order): id,
    line (of the file), time_days, is_dose, amount, rate_per_day (0 for a bolus), output (DVID, else
    CMT of a sample, else ''), compartment, value (null where missing), censored (-1, 0, 1: the true
    value is at least, equal to, or below `value`), limit (of quantification, null if not known),
    other_end (of the interval that a censored sample lies in, LIMIT; null if open), and the
    covariates. Repeated doses (ADDL) are written out. `value_unit` and `amount_unit` are as
    the header has them, or ''. `content` is the file, the key of pseudonyms.
    """

    file: str
    rows: pl.DataFrame
    covariates: tuple[str, ...]
    value_unit: str = ""
    amount_unit: str = ""
    warnings: tuple[Problem, ...] = ()
    content: bytes = field(default=b"", repr=False)

    @property
    def ids(self) -> list[str]:
        """Patients in the order of the file."""
        return list(self.rows["id"].unique(maintain_order=True))

    @property
    def doses(self) -> pl.DataFrame:
        """Rows of doses."""
        return self.rows.filter("is_dose")

    @property
    def samples(self) -> pl.DataFrame:
        """Rows of samples that have a value or a limit it lies below."""
        return self.rows.filter(~pl.col("is_dose") & pl.col("value").is_not_null())

    @property
    def outputs(self) -> list[str]:
        """Names of what was measured, in the order of the file; [''] if only one and unnamed."""
        return list(self.samples["output"].unique(maintain_order=True))


def read_events(
    path: Path, time_unit: str = "", lloq: float | None = None, decimal: str = ""
) -> Events:
    """Read an event table or a plain course (CSV, TSV, semicolons; decimal point or comma).

    time_unit: of TIME where its header names none, as in 'TIME (h)'. lloq: limit of quantification
    where the file has no column for it, in the unit of DV. decimal: 'comma' or 'point' where the
    file leaves open which it uses. Raises DataError with all problems and their lines, SpecError if
    the file cannot be read or the unit of time is not known.
    """
    table = read_table(path, decimal)
    reader = opened(table, time_unit, lloq)
    rows: list[Event] = []
    for line, row in zip(table.lines, table.rows):
        rows += events_of(reader, line, row)
    covariates = _covariates(reader)
    frame = _frame(rows, covariates, table)
    _check_courses(reader, frame)
    warnings = sorted(reader.warnings, key=_line_of)
    if reader.cells.problems:
        raise DataError(sorted([*reader.cells.problems, *warnings], key=_line_of), table.file)
    units = reader.units.get("dv", ""), reader.units.get("amt", "")
    told = tuple(covariates), *units, tuple(warnings)
    return Events(table.file, frame, *told, table.sheet.content)


def _covariates(reader: RowReader) -> dict[str, pl.Series]:
    """Columns that are none of the known ones: numbers where all cells are, text otherwise."""
    found: dict[str, pl.Series] = {}
    taken = set(reader.places.values())
    for i, title in enumerate(reader.table.header):
        if i in taken or not title:
            continue
        if title in SCHEMA:
            what = f"the column name '{title}' has a meaning of its own here"
            problem = Problem(f"{reader.table.file}:1", what, f"Rename it, as in 'my_{title}'.")
            reader.cells.problems.append(problem)
            continue
        cells = [None if is_missing(cell) else cell for cell in reader.table.column(i)]
        probe = Cells(reader.table.sheet)
        numbers = [None if c is None else probe.number(0, title, c) for c in cells]
        found[title] = pl.Series(title, cells if probe.problems else numbers, strict=False)
    return found


def _frame(rows: list[Event], covariates: dict[str, pl.Series], table: Table) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    beside = pl.DataFrame({"line": table.lines, **covariates}, schema_overrides={"line": pl.Int64})
    order = {patient: i for i, patient in enumerate(frame["id"].unique(maintain_order=True))}
    place = pl.col("id").replace_strict(order, return_dtype=pl.Int64)
    joined = frame.join(beside, on="line", how="left", maintain_order="left")
    return joined.sort(place, "time_days", maintain_order=True)


def _check_courses(reader: RowReader, frame: pl.DataFrame) -> None:
    """Problems and warnings of a patient's rows taken together; they name lines, never patients."""
    file, has_doses = reader.table.file, bool(frame["is_dose"].any())
    for rows in frame.partition_by("id", maintain_order=True):
        doses = rows.filter("is_dose")
        samples = rows.filter(~pl.col("is_dose") & pl.col("value").is_not_null())
        first = f"{file}:{min(rows['line'].to_list())}"
        _check_before_zero(reader, samples)
        _check_twice(reader, samples)
        if has_doses and doses.is_empty():
            do = "Its first dose is taken to be at time 0."
            reader.warnings.append(Problem(first, "the patient that begins here has no dose", do))
        if samples.is_empty():
            what = "the patient that begins here has no sample with a value"
            reader.warnings.append(Problem(first, what, "It is left out."))
            continue
        for course in samples.partition_by("output", maintain_order=True):
            if len(course) == 1:
                output = course["output"][0]
                of = f" of output {output}" if output else ""
                what = f"this is the patient's one sample{of}"
                do = "Nothing but that value can be told of it."
                reader.warnings.append(Problem(f"{file}:{course['line'][0]}", what, do))
        last = float(samples["time_days"].to_numpy().max())
        for line, day in (
            doses.filter(pl.col("time_days") >= last).select("line", "time_days").rows()
        ):
            what = f"no sample of the patient follows the dose of day {day:g}"
            reader.warnings.append(
                Problem(f"{file}:{line}", what, "It tells nothing of that dose.")
            )


def _check_before_zero(reader: RowReader, samples: pl.DataFrame) -> None:
    """A sample before time 0 is a baseline if nothing was found in it, and a mistake otherwise."""
    for line, day, value, censored in (
        samples.filter(pl.col("time_days") < 0)
        .select("line", "time_days", "value", "censored")
        .rows()
    ):
        if value > 0 and censored != 1:
            do = "Nothing was given yet: correct the time, or move it so that dose one is at 0."
            reader.wrong(line, "time", f"a value of {value:g} before time 0 ({day:g} days)", do)
        else:
            what = f"a sample before time 0 ({day:g} days) is taken as a baseline"
            reader.warnings.append(Problem(f"{reader.table.file}:{line}", what))


def _check_twice(reader: RowReader, samples: pl.DataFrame) -> None:
    seen: dict[tuple[str, float], int] = {}
    for line, output, day in samples.select("line", "output", "time_days").rows():
        first = seen.setdefault((output, day), line)
        if first != line:
            what = f"the patient has a sample of day {day:g} already on line {first}"
            reader.wrong(line, "time", what, "Keep one of them, or their mean.")


def _line_of(problem: Problem) -> int:
    found = re.search(r":(\d+)", problem.where)
    return int(found[1]) if found else 0
