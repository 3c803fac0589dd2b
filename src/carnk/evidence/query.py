"""Questions to a snapshot: counts with denominators, trials for a disease, one trial whole."""

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base import DataError, Problem, SpecError, did_you_mean
from .classify import UNKNOWN
from .countries import country_named
from .diseases import Disease, ontology
from .snapshot import COLUMNS, Snapshot, snapshot
from .store import connect, is_unread, values

if TYPE_CHECKING:
    import polars

FIELDS = (
    "target", "disease", "disease_class", "nk_source", "phase", "status", "country", "year", "kind",
    "vector", "costimulation", "armor", "switch", "edits", "conditioning", "sponsor_class",
)  # fmt: skip
NOT_STATED = "not stated"  # as in 'allogeneic, source not stated'
OVERVIEW = ("target", "disease", "nk_source", "phase", "country", "year")
Row = dict[str, str]


@dataclass(frozen=True)
class Value:
    """One value of a field: how many trials have it, and for how many of them nobody read it."""

    value: str
    trials: int
    unread: int


@dataclass(frozen=True)
class Count:
    """How the trials of a snapshot fall into the values of one field.

    `trials` is the denominator, `unknown` how many of them state no value. A trial with two values
    counts under both. `by_start` is, for years, how many count by start instead of first posting.
    """

    field: str
    values: tuple[Value, ...]
    trials: int
    unknown: int
    by_start: int = 0


@dataclass(frozen=True)
class Hit:
    """A trial found: its row, how it fits ('exact', 'narrower', 'broader', 'words'), by what."""

    row: Row
    fit: str
    by: str


@dataclass(frozen=True)
class Found:
    """The answer of `find`: hits, best fit first, and what a reader has to know about them."""

    hits: tuple[Hit, ...]
    disease: Disease | None
    notes: tuple[str, ...]


def rows(of: Snapshot | None = None, everything: bool = False) -> list[Row]:
    """Return the rows of a snapshot: credible CAR-NK trials, or everything that is in it."""
    where = "" if everything else " WHERE counted"
    found = connect(of or snapshot()).execute(f"SELECT * FROM trials{where} ORDER BY id DESC")
    return [_row(each) for each in found]


def frame(day: str | None = None, everything: bool = False) -> "polars.DataFrame":
    """Return a snapshot as a data frame, one row per trial; see `snapshot.COLUMNS`."""
    import polars

    names = (*COLUMNS, "year", "year_basis")
    found = [tuple(row[name] for name in names) for row in rows(snapshot(day), everything)]
    return polars.DataFrame(found, schema=dict.fromkeys(names, polars.String), orient="row")


def counts(field: str, day: str | None = None, everything: bool = False) -> Count:
    """Count the trials of a snapshot by a field of FIELDS; SpecError if there is no such field."""
    if field not in FIELDS:
        do = did_you_mean(field, FIELDS) or f"There are {', '.join(FIELDS)}."
        raise SpecError(Problem("field", f"'{field}' is not counted", do))
    return count(rows(snapshot(day), everything), field)


def overview(day: str | None = None, everything: bool = False) -> list[Count]:
    """Count a snapshot by target, disease, NK source, phase, country and year."""
    found = rows(snapshot(day), everything)
    return [count(found, field) for field in OVERVIEW]


def count(found: list[Row], field: str) -> Count:
    """Count rows by a field."""
    name = {"year": "start_date"}.get(field, field)
    tally: dict[str, list[int]] = {}
    unknown = 0
    for row in found:
        stated = [row["year"]] if field == "year" else values(row, field)
        stated = [each for each in stated if each not in ("", UNKNOWN)]
        unknown += all(value.endswith(NOT_STATED) for value in stated)
        for value in stated:
            one = tally.setdefault(value, [0, 0])
            one[0] += 1
            one[1] += is_unread(row, name)
    ordered = sorted(tally.items(), key=(lambda kv: kv[0]) if field == "year" else _most)
    by_start = sum(row["year_basis"] == "start" for row in found) if field == "year" else 0
    return Count(
        field, tuple(Value(v, n, u) for v, (n, u) in ordered), len(found), unknown, by_start
    )


def _most(item: tuple[str, list[int]]) -> tuple[int, str]:
    return -item[1][0], item[0]


def find(
    term: str = "",
    *,
    recruiting: bool = False,
    country: str = "",
    only: dict[str, str] | None = None,
    day: str | None = None,
    everything: bool = False,
) -> Found:
    """Find trials for a disease or by words; `only` asks for values of other fields.

    A term that names a disease finds trials of it, of its kinds and of the broader groups it
    belongs to, and says which. Any other term is searched as words; DataError with the nearest
    diseases where nothing is found.
    """
    of = snapshot(day)
    kept = rows(of, everything)
    place = country_named(country, {c for row in kept for c in values(row, "country")})
    asked = {key: value for key, value in (only or {}).items() if value}
    disease, hits = _by_term(term, of, kept)
    matching = [h for h in hits if _matches(h.row, recruiting, place, asked)]
    order = {"exact": 0, "narrower": 1, "words": 1, "broader": 2}
    matching.sort(key=lambda h: order[h.fit])
    return Found(tuple(matching), disease, tuple(_notes(matching, hits, of, (recruiting, place))))


def _by_term(term: str, of: Snapshot, kept: list[Row]) -> tuple[Disease | None, list[Hit]]:
    if not term.strip():
        return None, [Hit(row, "words", "") for row in kept]
    known = ontology()
    try:
        disease = known.named(term)
    except DataError:
        found = _by_words(term, of)
        hits = [Hit(row, "words", term) for row in kept if row["id"] in found]
        if not hits:
            raise
        return None, hits
    fits = {known.by_id[i].name: "narrower" for i in known.children(disease.id)}
    fits |= {known.by_id[i].name: "broader" for i in known.parents(disease.id)}
    fits[disease.name] = "exact"
    hits = []
    for row in kept:
        named = [(value, fits[value]) for value in values(row, "disease") if value in fits]
        for fit in ("exact", "narrower", "broader"):
            by = [value for value, kind in named if kind == fit]
            if by:
                hits.append(Hit(row, fit, "; ".join(by)))
                break
    return disease, hits


def _by_words(term: str, of: Snapshot) -> set[str]:
    words = " ".join(f'"{word}"' for word in re.findall(r"[^\W_]+", term))
    try:
        asked = connect(of).execute("SELECT id FROM words WHERE words MATCH ?", (words,))
        return {each["id"] for each in asked}
    except sqlite3.OperationalError:
        return set()


def _matches(row: Row, recruiting: bool, place: str, asked: dict[str, str]) -> bool:
    if recruiting and row["status"] != "RECRUITING":
        return False
    if place and place not in values(row, "country"):
        return False
    for name, wanted in asked.items():
        have = [each.lower() for each in ([row["year"]] if name == "year" else values(row, name))]
        if wanted.lower() not in have:
            return False
    return True


def _notes(
    matching: list[Hit], hits: list[Hit], of: Snapshot, asked: tuple[bool, str]
) -> list[str]:
    notes = []
    broader = sum(h.fit == "broader" for h in matching)
    if broader:
        notes.append(
            f"{broader} of {len(matching)} are for a broader group that takes this disease in"
        )
    recruiting, place = asked
    unplaced = [h for h in hits if place and not h.row["country"]]
    if unplaced:
        notes.append(f"{len(unplaced)} more state no country: {_ids(unplaced)}")
    if recruiting:
        unclear = sum(h.row["status"] == UNKNOWN.upper() for h in hits)
        notes.append(
            f"status as of {of.date}; {unclear} more have a status unknown to the registry"
        )
        undated = [h for h in matching if not h.row["as_of"]]
        if undated:
            notes.append(f"status of unknown date, ask the registry: {_ids(undated)}")
    return notes


def _ids(hits: list[Hit]) -> str:
    shown = ", ".join(h.row["id"] for h in hits[:4])
    return shown + (f" and {len(hits) - 4} more" if len(hits) > 4 else "")


def show(study_id: str, day: str | None = None) -> Row:
    """Return the whole row of one trial; DataError with the nearest id where there is none."""
    of = snapshot(day)
    found = connect(of).execute(
        "SELECT * FROM trials WHERE id = ? COLLATE NOCASE", (study_id.strip(),)
    )
    row = found.fetchone()
    if row is None:
        ids = [each["id"] for each in connect(of).execute("SELECT id FROM trials")]
        what = f"'{study_id}' is not in the snapshot of {of.date}"
        raise DataError(Problem("trial", what, did_you_mean(study_id, ids)))
    return _row(row)


def _row(row: sqlite3.Row) -> Row:
    return {key: str(row[key]) for key in row.keys() if key != "counted"}  # noqa: SIM118
