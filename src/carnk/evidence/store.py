"""SQLite with full-text search over one snapshot: built in memory, or once into a file."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from functools import cache
from pathlib import Path

from .classify import UNKNOWN
from .kind import CAR_NK
from .snapshot import COLUMNS, LISTS, LOW_CREDIBILITY, Snapshot, year

SEARCHED = (
    "id", "title", "product", "conditions", "target", "disease", "sponsor", "country", "armor",
    "edits", "stated",
)  # fmt: skip
TAGGED = (*LISTS, "kind", "nk_source", "vector", "switch", "phase", "status", "disease_class",
          "sponsor_class")  # fmt: skip
_ADDED = ("year", "year_basis", "counted")


@cache
def connect(snapshot: Snapshot) -> sqlite3.Connection:
    """Return the database of a snapshot, from its file where there is one, else built in memory."""
    if not snapshot.shipped and snapshot.database.is_file():
        found = sqlite3.connect(f"{snapshot.database.as_uri()}?mode=ro", uri=True)
    else:
        found = sqlite3.connect(":memory:")
        fill(found, snapshot.rows())
    found.row_factory = sqlite3.Row
    return found


def build(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """Write the database of a snapshot to a new file."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        fill(database, rows)


def fill(database: sqlite3.Connection, rows: Iterable[dict[str, str]]) -> None:
    """Put rows into the tables `trials`, `tags` (one row per value) and `words` (search)."""
    columns = ", ".join(f"{name} TEXT NOT NULL" for name in (*COLUMNS, *_ADDED[:2]))
    database.execute(f"CREATE TABLE trials ({columns}, counted INTEGER NOT NULL)")
    database.execute("CREATE TABLE tags (trial INTEGER, field TEXT, value TEXT)")
    database.execute(
        f"CREATE VIRTUAL TABLE words USING fts5({', '.join(SEARCHED)}, content='trials',"
        " tokenize=\"unicode61 remove_diacritics 2 tokenchars '+'\")"
    )
    tags: list[tuple[int, str, str]] = []
    places = ", ".join("?" * (len(COLUMNS) + len(_ADDED)))
    insert = f"INSERT INTO trials VALUES ({places})"
    batch: list[tuple[str | int, ...]] = []
    for number, row in enumerate(rows, start=1):
        batch.append((*(row[name] for name in COLUMNS), *year(row), int(is_counted(row))))
        tags += [(number, name, value) for name in TAGGED for value in values(row, name)]
        if len(batch) == 5000:
            _write(database, insert, batch, tags)
    _write(database, insert, batch, tags)
    database.execute("CREATE INDEX tag ON tags (field, value, trial)")
    database.execute("CREATE INDEX trial_id ON trials (id)")
    database.execute("INSERT INTO words (words) VALUES ('rebuild')")
    database.commit()


def _write(
    database: sqlite3.Connection,
    insert: str,
    batch: list[tuple[str | int, ...]],
    tags: list[tuple[int, str, str]],
) -> None:
    database.executemany(insert, batch)
    database.executemany("INSERT INTO tags VALUES (?, ?, ?)", tags)
    batch.clear()
    tags.clear()


def values(row: dict[str, str], name: str) -> list[str]:
    """The values of a column of a row; ['unknown'] where it is empty."""
    text = row[name]
    found = text.split("; ") if name in LISTS else [text]
    return list(dict.fromkeys(filter(None, found))) or [UNKNOWN]


def is_counted(row: dict[str, str]) -> bool:
    """Whether a row counts by default: a CAR-NK trial whose registration is credible."""
    return row["kind"] in CAR_NK and LOW_CREDIBILITY not in row["flag"]


def is_unread(row: dict[str, str], name: str) -> bool:
    """Whether nobody has read this field of the row in its source."""
    marks = row["unread"].split("; ")
    return "all" in marks or name in marks
