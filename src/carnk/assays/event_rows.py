"""Rows of an event table, one at a time: codes and numbers to doses and samples."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import isnan, nan

from ..base import CarnkError, DataError, Problem, SpecError, convert, did_you_mean
from .delimited import Cells, Table, is_missing

Event = dict[str, object]
NAMES = {
    "id": ("id", "patient", "subject", "usubjid", "subjid"),
    "time": ("time", "day", "days", "hour", "hours"),
    "dv": ("dv", "value", "conc", "concentration"),
    "amt": ("amt",),
    **{name: (name,) for name in ("evid", "mdv", "cens", "lloq", "rate", "ii", "addl", "ss")},
    **{name: (name,) for name in ("dvid", "cmt", "limit")},
}
NEEDED = ("id", "time", "dv")
TIME_UNITS = {"d": "day", "hr": "h", "hrs": "h", "wk": "week", "min": "minute"}
BELOW_WORDS = frozenset(("blq", "bloq", "bql", "lloq", "<lloq", "nd"))

REFUSED = {
    "evid": "A reset (3, 4) has no meaning for living cells: give the patient's second course "
    "an ID of its own.",
    "ss": "Infused cells have no steady state: write the doses out.",
}

_HEADER = re.compile(r"(?P<name>[^\[(]+?)\s*(?:[\[(]\s*(?P<unit>[^\])]*?)\s*[\])])?")
_TIME_TAIL = re.compile(r"time[_ ](?P<unit>[a-z]+)", re.IGNORECASE)
_BELOW = re.compile(r"<\s*(.+)")


@dataclass
class RowReader:
    """One pass over a sheet: columns found, rows made, problems and warnings gathered."""

    table: Table
    places: dict[str, int]
    units: dict[str, str]
    days: float  # in one unit of the file's time
    lloq: float
    cells: Cells
    warnings: list[Problem] = field(default_factory=list)

    def text(self, row: tuple[str, ...], name: str) -> str:
        place = self.places.get(name)
        return "" if place is None or is_missing(row[place]) else row[place]

    def number(self, line: int, row: tuple[str, ...], name: str) -> float:
        cell = self.text(row, name)
        return self.cells.number(line, self.label(name), cell) if cell else nan

    def label(self, name: str) -> str:
        return self.table.header[self.places[name]] if name in self.places else name.upper()

    def wrong(self, line: int, name: str, what: str, do: str = "") -> None:
        self.cells.wrong(line, self.label(name), what, do)

    def code(self, line: int, row: tuple[str, ...], name: str, allowed: tuple[int, ...]) -> int:
        """A whole number out of a few; 0 where missing or wrong."""
        value = self.number(line, row, name)
        if not isnan(value) and value not in allowed:
            listed = ", ".join(map(str, allowed))
            self.wrong(line, name, f"{value:g} is not one of {listed}", REFUSED.get(name, ""))
            return 0
        return 0 if isnan(value) else int(value)


def opened(table: Table, time_unit: str, lloq: float | None) -> RowReader:
    """Find the columns, by their own name before others for it, and the unit of time."""
    parts = [_parts(title) for title in table.header]
    places: dict[str, int] = {}
    problems = []
    for known, names in NAMES.items():
        found = [i for i, (name, _) in enumerate(parts) if name == known]
        found = found or [i for i, (name, _) in enumerate(parts) if name in names]
        if len(found) > 1:
            titles = " and ".join(f"'{table.header[i]}'" for i in found)
            what = f"{titles} both mean {known.upper()}"
            problems.append(Problem(f"{table.file}:1", what, "Rename or remove one."))
        elif found:
            places[known] = found[0]
    units = {name: parts[i][1] for name, i in places.items()}
    for name in NEEDED:
        if name not in places:
            near = did_you_mean(name, table.header) or f"Found: {', '.join(table.header)}."
            problems.append(Problem(f"{table.file}:1", f"no column {name.upper()}", near))
    if "limit" in places and "cens" not in places:
        what = "LIMIT is the other end of a censored sample, but there is no column CENS"
        problems.append(Problem(f"{table.file}:1", what, "Add CENS, or write LLOQ."))
    if problems:
        raise DataError(problems, table.file)
    days = _days(table, units["time"], time_unit, table.header[places["time"]])
    cells = Cells(table.sheet)
    return RowReader(table, places, units, days, nan if lloq is None else lloq, cells)


def _parts(title: str) -> tuple[str, str]:
    """'TIME (h)' as ('time', 'h'); 'time_h' too, and 'day' is a time with its unit."""
    found = _HEADER.fullmatch(title.strip())
    name, unit = (found["name"].lower(), found["unit"] or "") if found else (title.lower(), "")
    tail = _TIME_TAIL.fullmatch(name)
    if tail and not unit:
        return "time", tail["unit"]
    if name in ("day", "days", "hour", "hours"):
        return name, unit or name
    return name, unit


def _days(table: Table, given: str, asked: str, title: str) -> float:
    """Days in the file's unit of time."""
    unit = given or asked
    if not unit:
        do = f"Write '{title} (day)' or '{title} (h)' in the header, or give --time-unit."
        raise SpecError(Problem(f"{table.file}:1: {title}", "the unit of time is not given", do))
    known = [TIME_UNITS.get(word.lower(), word) for word in (given, asked) if word]
    try:
        days = [convert(1.0, word, "day") for word in known]
    except CarnkError as error:
        where = f"{table.file}:1: {title}" if given else "--time-unit"
        raise SpecError(problem.at(where) for problem in error.problems) from None
    if len(set(days)) > 1:
        what = f"the header says '{given}', --time-unit '{asked}'"
        raise SpecError(Problem(f"{table.file}:1: {title}", what, "Leave one out."))
    return days[0]


def events_of(reader: RowReader, line: int, row: tuple[str, ...]) -> list[Event]:
    """The events of one row: a sample, a dose with its repetitions, or nothing."""
    patient = reader.text(row, "id")
    if not patient:
        reader.wrong(line, "id", "the patient is missing", "Every row names its patient.")
    time = reader.number(line, row, "time")
    if isnan(time) and is_missing(row[reader.places["time"]]):
        reader.wrong(line, "time", "the time is missing", "Every row has its time.")
    amount = reader.number(line, row, "amt")
    kind = reader.code(line, row, "evid", (0, 1, 2))
    has_kind = reader.text(row, "evid") != ""
    reader.code(line, row, "ss", (0,))
    event: Event = {
        "id": patient,
        "line": line,
        "time_days": time * reader.days,
        "compartment": reader.text(row, "cmt"),
    }
    if kind == 2:
        return []
    if kind == 1 or (not has_kind and amount > 0):
        return _doses(reader, line, row, event | {"is_dose": True, "amount": amount})
    if amount > 0:
        what = f"the amount {amount:g} stands in a row that is no dose (EVID 0)"
        reader.wrong(line, "amt", what, "Write EVID 1, or no amount.")
    elif amount < 0:
        reader.wrong(line, "amt", f"the amount {amount:g} is below 0")
    return [event | {"is_dose": False} | _sample(reader, line, row)]


def _doses(reader: RowReader, line: int, row: tuple[str, ...], event: Event) -> list[Event]:
    """A dose and its repetitions (ADDL doses more, II apart)."""
    if not float(str(event["amount"])) > 0:
        reader.wrong(line, "amt", "a dose needs an amount above 0")
    rate, interval = (reader.number(line, row, name) for name in ("rate", "ii"))
    more = reader.number(line, row, "addl")
    if rate < 0:
        do = "Write the rate of the infusion, or 0 for a bolus."
        reader.wrong(line, "rate", f"a rate of {rate:g} asks for a model of it", do)
    if more > 0 and not interval > 0:
        reader.wrong(line, "ii", "ADDL needs the interval II between the doses")
    if more < 0 or more % 1 > 0 or more > 1000:
        reader.wrong(line, "addl", f"{more:g} is not a count of further doses up to 1000")
        more = 0
    event["rate_per_day"] = 0.0 if isnan(rate) else rate / reader.days
    start = float(str(event["time_days"]))
    if start < 0:
        do = "Move time so that the first dose is at 0."
        reader.wrong(line, "time", f"a dose lies before time 0 ({start:g} days)", do)
    step = 0.0 if isnan(interval) else interval * reader.days
    times = range(1 + (0 if isnan(more) else int(more)))
    return [event | {"time_days": start + k * step} for k in times]


def _sample(reader: RowReader, line: int, row: tuple[str, ...]) -> Event:
    """Value, censoring and limit of a sample."""
    limit = reader.number(line, row, "lloq")
    limit = reader.lloq if isnan(limit) else limit
    output = reader.text(row, "dvid") or reader.text(row, "cmt")
    empty: Event = {"output": output, "value": None, "censored": 0, "limit": _or_none(limit)}
    cell = reader.text(row, "dv")
    if reader.code(line, row, "mdv", (0, 1)) == 1:
        return empty
    censored = reader.code(line, row, "cens", (-1, 0, 1))
    below = _BELOW.fullmatch(cell)
    if cell.lower() in BELOW_WORDS:
        censored, value = 1, limit
    elif below:
        censored, value = 1, reader.cells.number(line, reader.label("dv"), below[1])
        limit = value
    else:
        value = reader.number(line, row, "dv")
    if not cell and censored == 1:
        value = limit
    elif not cell:
        if reader.text(row, "mdv"):
            reader.wrong(line, "dv", "the value is missing, but MDV is 0", "Write MDV 1.")
        return empty
    found = empty | _below_limit(reader, line, value, limit, censored)
    return found | _other_end(reader, line, row, found)


def _other_end(reader: RowReader, line: int, row: tuple[str, ...], found: Event) -> Event:
    """LIMIT of a censored sample: it lies between DV and LIMIT. Without CENS it says nothing."""
    end = reader.number(line, row, "limit")
    if isnan(end) or found["censored"] == 0:
        return {}
    value = float(str(found["value"]))
    if (end < value) != (found["censored"] == 1) or end == value or end < 0:
        side = "below" if found["censored"] == 1 else "above"
        what = f"{end:g} does not lie {side} DV, {value:g}"
        reader.wrong(line, "limit", what, "DV and LIMIT are the two ends of the interval.")
    return {"other_end": end}


def _below_limit(reader: RowReader, line: int, value: float, limit: float, censored: int) -> Event:
    """Value and limit by the convention of Monolix: DV of a censored sample is its limit."""
    if value < 0:
        reader.wrong(line, "dv", f"{value:g} is below 0", "Amounts and cells are 0 or more.")
    if censored == 1:
        bound = limit if limit > 0 else value
        if not bound > 0:
            do = "Write the limit of quantification as DV, in a column LLOQ, or give --lloq."
            reader.wrong(line, "cens", "the sample is below a limit that is not given", do)
        elif value > bound:
            what = f"{value:g} is marked as below the limit, which is {bound:g}"
            reader.wrong(line, "dv", what, "Correct DV, CENS or LLOQ.")
        return {"value": bound, "censored": 1, "limit": bound}
    if censored == -1:
        return {"value": value, "censored": -1, "limit": value}
    if value < limit and "cens" not in reader.places:
        return {"value": limit, "censored": 1, "limit": limit}
    if value < limit:
        what = f"{value:g} is below the limit {limit:g}, but CENS is 0"
        reader.warnings.append(
            Problem(f"{reader.table.file}:{line}", what, "It is taken as it is.")
        )
    return {"value": value}


def _or_none(value: float) -> float | None:
    return None if isnan(value) else value
