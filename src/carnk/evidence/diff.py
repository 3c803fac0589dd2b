"""What changed between two snapshots: trials that came, went or changed, field by field."""

from dataclasses import dataclass

from .query import Row, rows
from .snapshot import Snapshot, snapshot

COMPARED = (
    "title", "status", "phase", "enrollment", "country", "start_date", "sponsor", "kind", "target",
    "nk_source", "vector", "costimulation", "armor", "switch", "edits", "conditioning", "disease",
    "flag",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One field of one trial: its value before and after."""

    id: str
    title: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """From one snapshot to another: rows added, rows removed, fields changed, rows in both."""

    before: Snapshot
    after: Snapshot
    added: tuple[Row, ...]
    removed: tuple[Row, ...]
    changed: tuple[Change, ...]
    common: int


def diff(before: str, after: str, everything: bool = False) -> Difference:
    """Compare the snapshots of two days; DataError names the nearest where one is missing."""
    first, second = snapshot(before), snapshot(after)
    old = {row["id"]: row for row in rows(first, everything)}
    new = {row["id"]: row for row in rows(second, everything)}
    both = sorted(old.keys() & new.keys())
    changed = [
        Change(i, new[i]["title"], name, old[i][name], new[i][name])
        for i in both
        for name in COMPARED
        if old[i][name] != new[i][name]
    ]
    return Difference(
        first,
        second,
        tuple(new[i] for i in sorted(new.keys() - old.keys())),
        tuple(old[i] for i in sorted(old.keys() - new.keys())),
        tuple(changed),
        len(both),
    )
