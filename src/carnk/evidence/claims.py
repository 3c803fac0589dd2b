"""Claims of two review articles: verdict, evidence for and against, grade, what would change it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..base import DataError, Problem, did_you_mean
from ..library import load, references, table
from .query import counts, rows, show
from .results import OUTCOMES, Report, report
from .snapshot import snapshot
from .store import is_unread

VERDICTS = ("supported", "overstated", "outdated", "contradicted", "unknown")
GRADES = ("very low", "low", "moderate", "high")
STARTS = {
    "randomized trial": 4, "registry": 4, "document": 4, "single-arm trials": 2, "routine care": 2,
    "laboratory": 2, "none": 1,
}  # fmt: skip
FEW = 50  # patients; fewer take a grade off
SHORT_MONTHS = 12.0
LOSS = {"direct": 0, "partly": 1, "indirect": 2}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?) (month|day)s?")
_EVERY = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Evidence:
    """One row of evidence: what it says, of whom, and whether anybody read it in its source.

    speaks: for, against or beside (worth knowing, decides nothing). patients, cohort: of results
    only; rows of one cohort share patients.
    """

    speaks: str
    row: str
    what: str
    source: str
    remark: str
    unread: bool
    patients: int = 0
    cohort: str = ""


@dataclass(frozen=True)
class Run:
    """What a simulation says to a claim: study, hashes and the command that repeats it."""

    study: str
    arm: str
    outcome: str
    predicted: str
    patients: int
    seed: int
    carnk: str
    study_sha256: str
    outcomes_sha256: str
    ran: str
    command: str
    beside: str
    remark: str


@dataclass(frozen=True)
class Claim:
    """A statement with its verdict; article is '1', '2', 'both' or 'question' (in neither)."""

    id: str
    article: str
    topic: str
    claim: str
    verdict: str
    because: str
    design: str
    follow_up: str
    directness: str
    dated: str
    would_change: str
    rows: tuple[Evidence, ...]
    runs: tuple[Run, ...]

    @property
    def patients(self) -> int:
        """Patients behind the rows for and against, each cohort once and only where it was read."""
        most: dict[str, int] = {}
        for row in self.rows:
            if row.speaks != "beside" and not row.unread and row.cohort:
                most[row.cohort] = max(most.get(row.cohort, 0), row.patients)
        return sum(most.values())

    @property
    def grade(self) -> str:
        """How sure the verdict is, by design, patients, follow-up and directness.

        Uncontrolled trials begin at low. Few patients and short follow-up take a grade off, and so
        does each step away from the claim itself. A statement about all is refuted by one case that
        was read: such a verdict is at least moderate.
        """
        read = [row for row in self.rows if row.speaks != "beside" and not row.unread]
        if not read:
            return GRADES[0]
        points = STARTS[self.design] - LOSS[self.directness]
        if self.design in ("single-arm trials", "routine care"):
            points -= self.patients < FEW
            points -= months(self.follow_up) < SHORT_MONTHS
            refuted = self.verdict in ("overstated", "contradicted")
            cases = any(row.speaks == "against" and row.cohort for row in read)
            if refuted and cases and self.directness != "indirect":
                points = max(points, 3)
        return GRADES[min(max(points, 1), 4) - 1]


def months(text: str) -> float:
    """Follow-up in months, from words such as 'up to 13.8 months'; 0 where none is given."""
    found = _NUMBER.search(text)
    if found is None:
        return 0.0
    return float(found[1]) / (30.44 if found[2] == "day" else 1.0)


@cache
def all_claims(day: str = "") -> tuple[Claim, ...]:
    """Return all claims, with counts from the snapshot of a day, the newest otherwise."""
    evidence: dict[str, list[Evidence]] = {}
    for row in table("claim_rows").to_dicts():
        evidence.setdefault(row["claim"], []).append(_resolved(row, day or snapshot().date))
    runs: dict[str, list[Run]] = {}
    for row in table("claim_runs").to_dicts():
        said: dict[str, Any] = {k: "" if v is None else v for k, v in row.items()}
        runs.setdefault(said.pop("claim"), []).append(Run(**said))
    return tuple(
        Claim(
            **{key: value or "" for key, value in row.items()},
            rows=tuple(evidence.get(row["id"], ())),
            runs=tuple(runs.get(row["id"], ())),
        )
        for row in table("claims").to_dicts()
    )


def claims(term: str = "") -> tuple[Claim, ...]:
    """Return the claims that a term names, best match first; all of them without one.

    An id, or words that all stand in a claim; DataError with the nearest ids where nothing fits.
    """
    every = all_claims(snapshot().date)
    words = _words(term)
    if not words:
        return every
    exact = [each for each in every if _words(each.id) == words]
    fitting = [each for each in every if words <= _words(f"{each.id} {each.claim} {each.topic}")]
    longest = {word for word in words if len(word) > 3}
    near = [each for each in every if longest & _words(f"{each.id} {each.claim}")]
    found = list(dict.fromkeys([*exact, *(fitting or ([] if exact else near))]))
    if not found:
        known = sorted({word for each in every for word in _words(f"{each.id} {each.claim}")})
        do = did_you_mean(max(words, key=len), known) or "`carnk claims` lists them all."
        raise DataError(Problem("claim", f"nothing fits '{term}'", do))
    return tuple(found)


def _resolved(row: dict[str, str | None], day: str) -> Evidence:
    name = row["row"] or ""
    what, source, unread, patients, cohort = KINDS[row["kind"] or ""](name, day)
    return Evidence(
        row["speaks"] or "", name, what, source, row["says"] or "", unread, patients, cohort
    )


Resolved = tuple[str, str, bool, int, str]


def _result(name: str, day: str) -> Resolved:
    row_id, _, field = name.partition(":")
    found = report(row_id)
    where = f"{found.study}, {found.evidence_class}"
    if field in OUTCOMES:
        return _outcome(found, field, where)
    text = getattr(found, field, None) or found.row.get(field, "")
    patients = found.row.get("n_treated", "")
    n = int(patients) if patients.isdigit() else 0
    return f"{field.replace('_', ' ')}: {text}", where, found.is_unread(field), n, found.cohort


def _outcome(found: Report, outcome: str, where: str) -> Resolved:
    seen = found.seen[outcome]
    label = f"{OUTCOMES[outcome]}: {seen.text}"
    return label, where, seen.unread, seen.patients or 0, found.cohort


def _kinetic(name: str, day: str) -> Resolved:
    found = next(row for row in table("kinetics").to_dicts() if row["row_id"] == name)
    spread = f" ({found['spread_or_range']})" if found["spread_or_range"] else ""
    what = f"{found['parameter']}: {found['value']} {found['unit']}{spread}".replace(" -", "")
    unread = str(found["checked"]).upper().startswith("UNREAD")
    where = f"{found['study']}, {found['product']}"
    return what, where, unread, int(found["n"] or 0), str(found["product"])


@cache
def _tally(field: str, day: str) -> tuple[int, dict[str, tuple[int, int]]]:
    found = counts(field, day)
    return found.trials, {v.value: (v.trials, v.unread) for v in found.values}


def _count(name: str, day: str) -> Resolved:
    where = f"trial snapshot of {day}"
    if name == "all":
        return f"{len(rows(snapshot(day)))} credible CAR-NK trials", where, False, 0, ""
    field, _, value = name.partition("=")
    total, tally = _tally(field, day)
    number, unread = tally.get(value, (0, 0))
    mark = f", {unread} of them unread" if unread else ""
    label = f"{field.replace('_', ' ')} {value}: {number} of {total} trials{mark}"
    return label, where, bool(number) and unread == number, 0, ""


def _trial(name: str, day: str) -> Resolved:
    study, _, field = name.partition(":")
    row = show(study, day)
    what = f"{study} {field}: {row[field].lower() if field == 'status' else row[field]}"
    return what, f"trial snapshot of {day}", is_unread(row, field), 0, ""


def _option(name: str, day: str) -> Resolved:
    found = [row for row in table("options").to_dicts() if row["option"] == name]
    first = min(found, key=lambda row: str(row["approved"]))
    what = f"{name}: {first['kind']}, first approved {first['approved']} for {first['disease']}"
    return what, str(first["source"]), first["checked"] == "unread", 0, ""


def _reference(name: str, day: str) -> Resolved:
    checks = {row["reference"]: row for row in table("article_references").to_dicts()}
    cited = references()[name]
    if name in checks:
        return str(checks[name]["finding"]), cited.cite, checks[name]["checked"] != "read", 0, ""
    title = cited.fields.get("title") or cited.fields.get("note", "")
    return title, cited.cite, "not opened" in cited.fields.get("note", ""), 0, ""


def _number(name: str, day: str) -> Resolved:
    found = load()[name]
    return f"{found.meaning}: {found.value:g}", "numbers of the library", found.is_unverified, 0, ""


KINDS: dict[str, Callable[[str, str], Resolved]] = {
    "results": _result, "kinetics": _kinetic, "count": _count, "trial": _trial,
    "options": _option, "reference": _reference, "number": _number,
}  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(word.rstrip("s") for word in _EVERY.findall(text.lower()))


def by_verdict(found: Iterable[Claim]) -> dict[str, int]:
    """Return how many claims have each verdict."""
    tally = dict.fromkeys(VERDICTS, 0)
    for each in found:
        tally[each.verdict] += 1
    return tally


def beside(run: Run) -> str:
    """What was seen in patients, beside a run: the row's figure, and whose it is."""
    kind, _, name = run.beside.partition(":")
    what, source, unread, _, _ = KINDS[kind](name, snapshot().date)
    return f"{what}{' *' if unread else ''} [{source}]"


def article_references() -> list[dict[str, str]]:
    """Return the references of the two articles, each with what a check of it found."""
    known = references()
    return [
        {**{key: str(value) for key, value in row.items()},
         "cite": known[row["reference"]].cite, "url": known[row["reference"]].url}
        for row in table("article_references").to_dicts()
    ]  # fmt: skip
