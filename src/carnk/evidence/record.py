"""ClinicalTrials.gov API v2 in: pages of records, and what a record says, with the place of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from ..base import DataError, Problem
from .words import clean, without_criteria

PHASES = {
    "EARLY_PHASE1": "Early Phase 1", "PHASE1": "Phase 1", "PHASE2": "Phase 2",
    "PHASE3": "Phase 3", "PHASE4": "Phase 4",
}  # fmt: skip
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
GIVEN = ("", "BIOLOGICAL", "GENETIC", "DRUG", "COMBINATION_PRODUCT", "PROCEDURE", "OTHER")
PIECE = 1 << 20  # signs read at a time
LOOK = 200  # signs that the beginning of a page may take
_SPACE = re.compile(r"\s*")
_PAGE = re.compile(
    r'\{\s*(?:"(?:totalCount|nextPageToken)"\s*:\s*[^,{}\[\]]*,\s*)*"studies"\s*:\s*\['
)
_NCT = re.compile(r"NCT\d{8}")


@dataclass(frozen=True)
class Text:
    """One text of a record: its kind (N names, T titles, D arms, S summary, L details, C, K)."""

    kind: str
    path: str
    words: str


@dataclass(frozen=True)
class Study:
    """One registered study as the registry states it, before anything is concluded from it.

    `gives` is false where every intervention is a questionnaire, a test or the like. `problems`
    says what the record lacks or gets wrong; a study is read with all its problems.
    """

    id: str
    title: str = ""
    texts: tuple[Text, ...] = ()
    product: str = ""
    conditions: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    gives: bool = True
    problems: tuple[Problem, ...] = ()


def read_pages(path: Path) -> Iterator[Any]:
    """Yield the raw records of a saved answer of the API: a page, a list, one record, or lines.

    A folder is read file by file, and a long list record by record. Raises DataError with the line
    where the text is not JSON.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(
            each for each in path.iterdir() if each.suffix in (".json", ".jsonl", ".ndjson")
        )
        if not files:
            raise DataError(Problem(str(path), "there is no JSON file in this folder"))
        for each in (each for each in files if each.name != "state.json"):
            yield from read_pages(each)
        return
    try:
        with path.open(encoding="utf-8-sig") as stream:
            yield from _Stream(stream, str(path)).records()
    except FileNotFoundError:
        raise DataError(Problem(str(path), "there is no such file")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(Problem(str(path), f"cannot be read: {error}")) from None


class _Stream:
    """Records out of JSON text, one at a time, so that a file may be larger than the memory."""

    def __init__(self, stream: TextIO, place: str) -> None:
        self.stream, self.place = stream, place
        self.text, self.at, self.line = "", 0, 1
        self.decoder = json.JSONDecoder()

    def records(self) -> Iterator[Any]:
        """Yield every record; values that are no pages or lists are taken for records."""
        while self._next():
            opened = _PAGE.match(self.text, self.at)
            if self.text[self.at] == "[" or opened:
                self.at = opened.end() if opened else self.at + 1
                yield from self._entries()
                if opened:
                    self._close_page()
            else:
                value = self._value()
                yield from _of_page(value, self.place)
            if self._next() == ",":
                raise self._wrong("a comma stands here")

    def _entries(self) -> Iterator[Any]:
        while self._next() != "]":
            yield self._value()
            sign = self._next()
            if sign == ",":
                self.at += 1
            elif sign != "]":
                raise self._wrong("expecting ',' or the end of the list")
        self.at += 1

    def _close_page(self) -> None:
        """Read what stands after the studies of a page: ', "nextPageToken": "..."}'."""
        self._next()
        rest = self.text[self.at :] + self.stream.read(PIECE)
        if rest[:1] == ",":
            rest = "{" + rest[1:]
        elif rest[:1] == "}":
            rest = "{" + rest
        self.text, self.at = rest, 0
        self._value()

    def _value(self) -> Any:
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text, self.at)
                if end < len(self.text) or not self._more():
                    break
            except json.JSONDecodeError as error:
                if not self._more():
                    raise self._wrong(error.msg.lower(), error.pos) from None
            except RecursionError:
                raise self._wrong("nested too deeply") from None
        self.line += self.text.count("\n", self.at, end)
        self.at = end
        return value

    def _next(self) -> str:
        """The next sign that is no space; '' at the end."""
        while True:
            match = _SPACE.match(self.text, self.at)
            end = match.end() if match else self.at
            self.line += self.text.count("\n", self.at, end)
            self.at = end
            if end < len(self.text) - LOOK or not self._more():
                return self.text[self.at : self.at + 1]

    def _more(self) -> bool:
        piece = self.stream.read(max(PIECE, len(self.text) - self.at))
        self.text, self.at = self.text[self.at :] + piece, 0
        return bool(piece)

    def _wrong(self, what: str, position: int | None = None) -> DataError:
        line = self.line + self.text.count("\n", self.at, position or self.at)
        do = "Save the answer of the API whole: a page {'studies': [...]}, or one record a line."
        return DataError(Problem(f"{self.place}:{line}", f"this is not JSON: {what}", do))


def _of_page(value: Any, place: str) -> Iterator[Any]:
    if isinstance(value, dict) and "studies" in value:
        if not isinstance(value["studies"], list):
            what = f"'studies' is {type(value['studies']).__name__}"
            raise DataError(Problem(place, what, "A page of the API has a list there."))
        yield from value["studies"]
    else:
        yield value


def study(raw: Any, place: str = "record") -> Study:
    """Read one API v2 record; whatever is missing or of a wrong kind is left empty and told."""
    reader = _Reader(place)
    if not isinstance(raw, dict):
        return Study("", problems=(Problem(place, f"a record is {type(raw).__name__}"),))
    section = reader.mapping(raw, "protocolSection")
    modules = {name: reader.mapping(section, f"{name}Module") for name in MODULES}
    identity = modules["identification"]
    study_id = reader.text(identity, "nctId").strip().upper()
    reader.place = study_id or place
    if not _NCT.fullmatch(study_id):
        reader.wrong("identificationModule.nctId", f"'{study_id}' is not an NCT number")
    title = reader.text(identity, "briefTitle") or reader.text(identity, "officialTitle")
    arms = modules["armsInterventions"]
    interventions = reader.mappings(arms, "interventions")
    conditions = tuple(reader.words(modules["conditions"], "conditions"))
    product = "; ".join(filter(None, (clean(reader.text(i, "name")) for i in interventions)))
    return Study(
        study_id,
        clean(title),
        tuple(_texts(reader, modules, interventions)),
        product,
        tuple(map(clean, conditions)),
        _facts(reader, modules),
        not interventions or any(reader.text(i, "type") in GIVEN for i in interventions),
        tuple(reader.problems),
    )


MODULES = (
    "identification", "status", "sponsorCollaborators", "description", "conditions", "design",
    "armsInterventions", "contactsLocations",
)  # fmt: skip


def _texts(
    reader: "_Reader", modules: dict[str, dict[str, Any]], interventions: list[dict[str, Any]]
) -> Iterator[Text]:
    identity, described = modules["identification"], modules["description"]
    arms = reader.mappings(modules["armsInterventions"], "armGroups")
    found: list[tuple[str, str, str]] = []
    for i, each in enumerate(interventions):
        at = f"interventions[{i}]"
        found.append(("N", f"{at}.name", reader.text(each, "name")))
        found += [("N", f"{at}.otherNames", w) for w in reader.words(each, "otherNames")]
        found.append(("D", f"{at}.description", reader.text(each, "description")))
    for i, each in enumerate(arms):
        at = f"armGroups[{i}]"
        found.append(("N", f"{at}.label", reader.text(each, "label")))
        found.append(("D", f"{at}.description", reader.text(each, "description")))
        found += [("N", f"{at}.interventionNames", w.partition(":")[2] or w)
                  for w in reader.words(each, "interventionNames")]  # fmt: skip
    for name in ("briefTitle", "officialTitle", "acronym"):
        found.append(("T", name, reader.text(identity, name)))
    found.append(("S", "briefSummary", reader.text(described, "briefSummary")))
    found.append(("L", "detailedDescription", reader.text(described, "detailedDescription")))
    for kind, name in (("C", "conditions"), ("K", "keywords")):
        found += [(kind, name, word) for word in reader.words(modules["conditions"], name)]
    for kind, path, words in found:
        told = without_criteria(words) if kind in "DSL" else words
        if told.strip():
            yield Text(kind, path, told)


def _facts(reader: "_Reader", modules: dict[str, dict[str, Any]]) -> dict[str, str]:
    status, design = modules["status"], modules["design"]
    sponsor = reader.mapping(modules["sponsorCollaborators"], "leadSponsor")
    phases = [PHASES[p] for p in reader.words(design, "phases") if p in PHASES]
    enrollment = reader.mapping(design, "enrollmentInfo").get("count")
    places = reader.mappings(modules["contactsLocations"], "locations")
    countries = sorted(set(filter(None, (clean(reader.text(p, "country")) for p in places))))
    started = reader.text(reader.mapping(status, "startDateStruct"), "date")
    posted = reader.text(reader.mapping(status, "studyFirstPostDateStruct"), "date")
    return {
        "phase": "/".join(phases).replace("/Phase ", "/"),
        "status": reader.text(status, "overallStatus") or "UNKNOWN",
        "sponsor": clean(reader.text(sponsor, "name")),
        "sponsor_class": reader.text(sponsor, "class"),
        "country": "; ".join(countries),
        "first_posted": reader.date(posted, "studyFirstPostDateStruct.date"),
        "start_date": reader.date(started, "startDateStruct.date"),
        "enrollment": str(enrollment) if isinstance(enrollment, int) and enrollment >= 0 else "",
    }


class _Reader:
    """Takes values out of a record and gathers what is of the wrong kind."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.problems: list[Problem] = []

    def wrong(self, path: str, what: str) -> None:
        self.problems.append(Problem(f"{self.place}: {path}", what))

    def mapping(self, parent: dict[str, Any], key: str) -> dict[str, Any]:
        return self._kind(parent, key, dict) or {}

    def mappings(self, parent: dict[str, Any], key: str) -> list[dict[str, Any]]:
        entries = self._kind(parent, key, list) or []
        wrong = [each for each in entries if not isinstance(each, dict)]
        if wrong:
            self.wrong(key, f"{len(wrong)} of {len(entries)} entries are not objects")
        return [each for each in entries if isinstance(each, dict)]

    def words(self, parent: dict[str, Any], key: str) -> list[str]:
        value = parent.get(key)
        if isinstance(value, str):
            return [value]
        return [each for each in self._kind(parent, key, list) or [] if isinstance(each, str)]

    def text(self, parent: dict[str, Any], key: str) -> str:
        return self._kind(parent, key, str) or ""

    def date(self, text: str, path: str) -> str:
        """A date such as 2020, 2020-03 or 2020-03-02; anything else is told and left out."""
        match = _DATE.fullmatch(text.strip())
        if match is None:
            if text.strip():
                self.wrong(path, f"'{text}' is not a date such as 2020-03-02 or 2020-03")
            return ""
        year, month, day = match[1], match[2], match[3]
        if not (
            1950 <= int(year) <= 2200 and 1 <= int(month or 1) <= 12 and 1 <= int(day or 1) <= 31
        ):
            self.wrong(path, f"'{text}' is not a date of this calendar")
            return ""
        return "-".join([year, *(f"{int(part):02d}" for part in (month, day) if part)])

    def _kind(self, parent: dict[str, Any], key: str, kind: type) -> Any:
        value = parent.get(key)
        if value is None or isinstance(value, kind):
            return value
        self.wrong(key, f"is {type(value).__name__}, not {kind.__name__}")
        return None
