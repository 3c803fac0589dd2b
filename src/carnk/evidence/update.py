"""A new snapshot from records: classified, merged with what was known, whole or not at all."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from ..base import DataError, Problem
from .classify import UNKNOWN, Classification, classify
from .diseases import ontology
from .record import Study, study
from .snapshot import COLUMNS, LOW_CREDIBILITY, Snapshot, csv_text, snapshot, snapshots, user_folder
from .store import build, connect
from .words import compiled, rules

SOURCE = "ClinicalTrials.gov API v2"
CARRIED = (
    "target",
    "target_logic",
    "nk_source",
    "vector",
    "costimulation",
    "armor",
    "switch",
    "edits",
)
PROBLEM_LIST = "problems.txt"
BLOCK = 4000  # records that are read before they are classified together
Row = dict[str, str]


@dataclass(frozen=True)
class Update:
    """What an update made: the snapshot, how many records, trials, new ones, and what was wrong."""

    snapshot: Snapshot
    records: int
    trials: int
    new: int
    kept: int
    problems: tuple[Problem, ...]


def update(
    records: Iterable[Any],
    day: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Update:
    """Write a snapshot of the user's own from raw API v2 records and return what came of them.

    Trials of the newest snapshot that the records do not hold are kept with their old date. The old
    snapshot stays until the new one is whole; a record that cannot be read is kept in
    `records.jsonl.gz` and told in `problems.txt`. Raises DataError where there is no record at all.
    """
    day = day or datetime.now(UTC).strftime("%Y-%m-%d")
    before = {row["id"]: row for row in snapshot().rows()}
    folder = user_folder()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / day
    found: dict[str, Row] = {}
    problems: list[Problem] = []
    with _replacing(target) as new:
        with gzip.open(new / "records.jsonl.gz", "wt", encoding="utf-8", compresslevel=1) as raw:
            count = _read(_classified(records, day), raw, before, found, problems, progress)
        if not count:
            raise DataError(
                Problem("records", "there is no record in them", "Nothing was changed.")
            )
        kept = [row for i, row in before.items() if i not in found]
        every = [*found.values(), *kept]
        (new / "trials.csv").write_text(csv_text(every), encoding="utf-8", newline="")
        build(new / "trials.sqlite", every)
        (new / PROBLEM_LIST).write_text("".join(f"{p}\n" for p in problems), encoding="utf-8")
    connect.cache_clear()
    made = next(each for each in snapshots() if each.date == day)
    fresh = sum(i not in before for i in found)
    return Update(made, count, len(found), fresh, len(kept), tuple(problems))


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Yield a hidden folder that takes the place of another one once it is whole."""
    with TemporaryDirectory(prefix=".new-", dir=target.parent) as hidden:
        whole = Path(hidden) / "snapshot"
        whole.mkdir()
        yield whole
        if target.exists():
            target.rename(Path(hidden) / "old")
        whole.rename(target)


@dataclass(frozen=True)
class _Seen:
    """One record as it came (a line of JSON) and what was read from it."""

    line: str
    id: str
    problems: tuple[Problem, ...]
    row: Row


def _classified(records: Iterable[Any], day: str) -> Iterator[_Seen]:
    """Yield every record classified, in order; long lists by all processors, block by block."""
    left = iter(records)
    block = list(islice(left, BLOCK))
    if len(block) < BLOCK:
        yield from _some(block, 1, day)
        return
    from joblib import Parallel, cpu_count, delayed
    from joblib.externals.loky import get_reusable_executor

    size, number = -(-BLOCK // cpu_count()), 1
    with Parallel(n_jobs=-1) as pool:
        while block:
            parts = [(block[i : i + size], number + i) for i in range(0, len(block), size)]
            for part in pool(delayed(_some)(*each, day) for each in parts):
                yield from part
            number += len(block)
            block = list(islice(left, BLOCK))
    get_reusable_executor().shutdown()  # else its processes outlive the update


def _some(records: list[Any], number: int, day: str) -> list[_Seen]:
    """Classify some records, the first of them with this number."""
    found = []
    for place, raw in enumerate(records, start=number):
        read = study(raw, f"record {place}")
        row = as_row(read, classify(read), day) if read.id else {}
        line = json.dumps(raw, ensure_ascii=False, separators=(",", ":"))
        found.append(_Seen(line, read.id, read.problems, row))
    return found


def _read(
    records: Iterable[_Seen],
    raw: TextIO,
    before: dict[str, Row],
    found: dict[str, Row],
    problems: list[Problem],
    progress: Callable[[int], None] | None,
) -> int:
    count = 0
    for count, read in enumerate(records, start=1):
        raw.write(read.line + "\n")
        if progress is not None and count % 200 == 0:
            progress(count)
        problems += read.problems
        if not read.id:
            problems.append(Problem(f"record {count}", "has no NCT number and is in no table"))
            continue
        row = read.row
        earlier = found.get(read.id)
        if earlier is not None:
            same = {k: v for k, v in earlier.items() if v != row[k]}
            which = (
                "the same" if not same else f"different in {', '.join(same)}; the later one is used"
            )
            problems.append(Problem(f"record {count}", f"{read.id} stands twice, {which}"))
        found[read.id] = _with_known(row, before.get(read.id))
    return count


def as_row(read: Study, found: Classification, day: str) -> Row:
    """Return a classified study as a row of a snapshot."""
    known = {each.name: each.area for each in ontology().by_id.values()}
    areas = [known[name] for name in found.values("disease") if known.get(name)]
    row = {
        "id": read.id,
        "title": read.title,
        "product": read.product,
        "conditions": "; ".join(read.conditions),
        **{name: found.value(name) for name in COLUMNS if name in _CLASSIFIED},
        "target_logic": found.value("target_logic").replace(UNKNOWN, ""),
        "disease_class": "; ".join(dict.fromkeys(areas)) or UNKNOWN,
        **read.facts,
        "flag": _doubt(read),
        "unread": "",
        "url": f"https://clinicaltrials.gov/study/{read.id}",
        "source": SOURCE,
        "checked": "read; classified by rules",
        "as_of": day,
        "stated": "",
        "why": " | ".join(found.why()),
    }
    return row


_CLASSIFIED = {
    "kind", "target", "nk_source", "vector", "costimulation", "armor", "switch", "edits", "dose",
    "schedule", "conditioning", "disease",
}  # fmt: skip


def _doubt(read: Study) -> str:
    for row in rules("doubtful"):
        if compiled(row["pattern"]).search(read.facts["sponsor"].lower()):
            return f"{LOW_CREDIBILITY}: {row['why']}"
    return ""


def _with_known(row: Row, before: Row | None) -> Row:
    """Keep what people have collected of a trial where its record does not say it."""
    if before is None:
        return row
    if before["flag"] and not row["flag"]:
        row["flag"] = before["flag"]
    if row["kind"] == before["kind"] or before["stated"]:
        taken = [n for n in CARRIED if row[n] in ("", UNKNOWN) and before[n] not in ("", UNKNOWN)]
        unread = [n for n in taken if n in before["unread"].split("; ")]
        for name in taken:
            row[name] = before[name]
        if taken:
            source = before["source"]
            row["stated"] = (
                f"{', '.join(taken)} not in the record: as in the snapshot before ({source})"
            )
        row["unread"] = "; ".join(unread)
    return row
