"""Every number the run stood on: value, range, basis, who measured it and whether it was read."""

from typing import Any

from ...library import Reference, load
from ..numerals import number, span, unit
from ..record import Record, Row, unverified, unverified_line
from ..words import BASES, ROOMS, words


def content(record: Record) -> dict[str, Any]:
    """The numbers of a run of a study."""
    return listed_numbers(record.numbers, record.cited, BASES)


def listed_numbers(
    found: list[Row], cited: dict[str, Reference], meanings: dict[str, str], digits: int = 3
) -> dict[str, Any]:
    """Rows by the file of the library that they come from, and how many rest on what.

    meanings: what each basis says of a number. digits: of the values shown.
    """
    rows = [_row(row, cited, digits) for row in found]
    by_room: dict[str, list[Row]] = {}
    for row in rows:
        by_room.setdefault(row["room"], []).append(row)
    order = [room for room in ROOMS if room in by_room]
    order += [room for room in by_room if room not in order]
    bases = [row["basis"] for row in rows]
    return {
        "line": unverified_line(found),
        "groups": [(words(room, ROOMS), by_room[room]) for room in order],
        "total": len(rows),
        "bases": [
            (name, bases.count(name), why) for name, why in meanings.items() if name in bases
        ],
        "unread": sum(row["checked"] == "unread" for row in rows),
        "doubtful": sum(row["unverified"] for row in rows),
    }


def _row(row: Row, cited: dict[str, Reference], digits: int) -> Row:
    source = cited.get(row["source"])
    known = load().get(row["id"])
    room = "study" if row["basis"] == "study" or known is None else known.room
    return {
        "id": row["id"],
        "room": room,
        "meaning": row["meaning"],
        "value": number(row["value"], digits),
        "unit": unit(row["unit"]),
        "exact": f"{row['value']:.12g} {row['unit']}",
        "range": span(row["low"], row["high"], 3) if row["low"] != row["high"] else "",
        "basis": row["basis"],
        "checked": row["checked"],
        "unverified": unverified(row),
        "source": source.cite if source else row["source"],
        "url": source.url if source else "",
        "at": row["at"],
        "why": row["why"],
    }
