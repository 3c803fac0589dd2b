"""Dated snapshots of the registry: CSV files inside the package and folders of the user's own.

A snapshot is one row per registered study, whatever it gives; the columns are COLUMNS. Values that
are lists are joined by '; ', and what nobody states is 'unknown' or empty.
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..base import DataError, Problem
from ..library.table import FOLDER as TABLES

COLUMNS = (
    "id", "title", "product", "conditions", "kind", "target", "target_logic", "nk_source", "vector",
    "costimulation", "armor", "switch", "edits", "dose", "schedule", "conditioning", "disease",
    "disease_class", "phase", "status", "sponsor", "sponsor_class", "country", "first_posted",
    "start_date", "enrollment", "flag", "unread", "url", "source", "checked", "as_of", "stated",
    "why",
)  # fmt: skip
LISTS = (
    "target", "costimulation", "armor", "edits", "conditioning", "disease", "country", "conditions",
)  # fmt: skip
LOW_CREDIBILITY = "LOW CREDIBILITY"
_SHIPPED = re.compile(r"trials_(\d{4})_(\d{2})_(\d{2})\.csv")
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Snapshot:
    """The registry as it was on a date: its CSV file and, for large ones, a database beside it."""

    date: str
    path: Path
    shipped: bool

    @property
    def database(self) -> Path:
        """Where the SQLite file of a user's snapshot stands; others are built in memory."""
        return self.path.with_suffix(".sqlite")

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield its rows; DataError where the file is not a snapshot."""
        return read_rows(self.path)


def user_folder() -> Path:
    """Folder of the user's own snapshots: CARNK_DATA, or the usual place for data of a program."""
    named = os.environ.get("CARNK_DATA")
    if named:
        return Path(named) / "trials"
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".local" / "share") / "carnk" / "trials"


def snapshots() -> list[Snapshot]:
    """Return all snapshots, oldest first; a user's own hides a shipped one of the same day."""
    found = {}
    for path in sorted(TABLES.glob("trials_*.csv")):
        match = _SHIPPED.fullmatch(path.name)
        if match:
            day = "-".join(match.groups())
            found[day] = Snapshot(day, path, shipped=True)
    folder = user_folder()
    for path in sorted(folder.glob("*/trials.csv")) if folder.is_dir() else ():
        if _DATED.fullmatch(path.parent.name):
            found[path.parent.name] = Snapshot(path.parent.name, path, shipped=False)
    return [found[day] for day in sorted(found)]


def snapshot(day: str | None = None) -> Snapshot:
    """Return the snapshot of a day, or the newest; DataError names the nearest ones."""
    every = snapshots()
    if not every:
        raise DataError(Problem("trials", "there is no snapshot", "Install carnk again."))
    if day is None:
        return every[-1]
    for each in every:
        if each.date == day:
            return each
    near = sorted(every, key=lambda each: _days_apart(each.date, day))[:3]
    listed = ", ".join(each.date for each in sorted(near, key=lambda each: each.date))
    verb = "are" if len(near) > 1 else "is"
    do = f"The nearest {verb} {listed}; `carnk trials update` makes one of today."
    raise DataError(Problem("date", f"there is no snapshot of {day}", do))


def _days_apart(one: str, other: str) -> int:
    try:
        if not _DATED.fullmatch(other):
            raise ValueError(other)
        return abs((date.fromisoformat(one) - date.fromisoformat(other)).days)
    except ValueError:
        do = "Write it as 2026-08-22."
        raise DataError(Problem("date", f"'{other}' is not a date", do)) from None


def checked_day(day: str | None) -> str | None:
    """Return a date as it is; DataError where it is not written as 2026-08-22."""
    if day is not None:
        _days_apart(day, day)
    return day


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a snapshot file; DataError with the line where it is not one."""
    try:
        stream = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise DataError(Problem(str(path), f"cannot be read: {error.strerror}")) from None
    with stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        if tuple(header) != COLUMNS:
            missing = [name for name in COLUMNS if name not in header]
            what = f"this is no snapshot: columns {', '.join(missing) or 'in another order'}"
            raise DataError(Problem(f"{path.name}:1", what, "Make one by `carnk trials update`."))
        for number, row in enumerate(reader, start=2):
            if len(row) != len(COLUMNS):
                what = f"row {number} has {len(row)} cells, not {len(COLUMNS)}"
                raise DataError(Problem(path.name, what, "Make it anew by `carnk trials update`."))
            yield dict(zip(COLUMNS, row))


def csv_text(rows: Iterable[dict[str, str]]) -> str:
    """Return rows as the text of a snapshot file; carriage returns become spaces."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell.replace("\r", " ") for name, cell in row.items()})
    return stream.getvalue()


def year(row: dict[str, str]) -> tuple[str, str]:
    """Return the year a study counts in and what it rests on: 'first posted', 'start' or ''."""
    if row["first_posted"]:
        return row["first_posted"][:4], "first posted"
    if row["start_date"]:
        return row["start_date"][:4], "start"
    return "", ""
