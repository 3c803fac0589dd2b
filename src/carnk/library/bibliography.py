"""`references.bib`: a small strict reader of BibTeX, short citations and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ..base import NumberError, Problem, SpecError, did_you_mean, read_text

KINDS = ("article", "book", "incollection", "inproceedings", "misc", "techreport", "software")
FIELDS = (
    *("title", "author", "journal", "booktitle", "publisher", "howpublished", "year", "volume"),
    *("number", "pages", "doi", "pmid", "pmcid", "url", "note"),
)
ADDRESSES = {
    "doi": "https://doi.org/{}",
    "pmcid": "https://pmc.ncbi.nlm.nih.gov/articles/{}/",
    "pmid": "https://pubmed.ncbi.nlm.nih.gov/{}/",
    "url": "{}",
}
SHAPES = {
    "year": re.compile(r"(19|20)\d\d"),
    "doi": re.compile(r"10\.\d{4,9}/\S+"),
    "pmid": re.compile(r"\d{1,9}"),
    "pmcid": re.compile(r"PMC\d{4,9}"),
    "url": re.compile(r"https?://\S+"),
}

_OPENING = re.compile(r"@(\w+)\s*\{\s*([^\s,{}]+)\s*,")
_FIELD = re.compile(r"\s*(\w+)\s*=\s*")
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_BETWEEN = re.compile(r"(?:\s|%[^\n]*)*")


@dataclass(frozen=True)
class Reference:
    """One entry of the bibliography, with the text it was written in."""

    key: str
    kind: str
    fields: dict[str, str] = field(hash=False)
    text: str

    @property
    def cite(self) -> str:
        """Short form: 'Zhang et al. 2007', or '[key]' where author or year are not known."""
        authors = [name for name in re.split(r"\s+and\s+", self.fields.get("author", "")) if name]
        year = self.fields.get("year", "")
        if not authors or not year:
            return f"[{self.key}]"
        family = [_family_name(name) for name in authors]
        if len(family) > 2 or family[-1] == "others":
            return f"{family[0]} et al. {year}"
        return f"{' and '.join(family)} {year}"

    @property
    def url(self) -> str:
        """Address of the work, from its doi, PMC or PubMed number, or its url; else empty."""
        known = (
            shape.format(self.fields[name])
            for name, shape in ADDRESSES.items()
            if name in self.fields
        )
        return next(known, "")


@cache
def references() -> dict[str, Reference]:
    """Return the references of this package by key."""
    return read_references(Path(__file__).parent / "references.bib")


def bibtex(keys: Iterable[str]) -> str:
    """Return the BibTeX text of some references, sorted by key; NumberError for an unknown key."""
    known, wanted = references(), sorted(set(keys))
    unknown = [key for key in wanted if key not in known]
    if unknown:
        raise NumberError(
            [
                Problem("", f"'{key}' is not in references.bib", did_you_mean(key, known))
                for key in unknown
            ]
        )
    return "".join(f"{known[key].text}\n\n" for key in wanted)


def read_references(path: Path) -> dict[str, Reference]:
    """Read a BibTeX file; NumberError with all problems, each with its line."""
    try:
        text = read_text(path)
    except SpecError as error:
        raise NumberError(error.problems) from None
    reader = _Reader(text, path.name)
    reader.read()
    if reader.problems:
        raise NumberError(reader.problems, path.name)
    return reader.found


@dataclass
class _Reader:
    """Walks through the text; after a broken entry it goes on at the next '@' of a line start."""

    text: str
    file: str
    position: int = 0
    found: dict[str, Reference] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> None:
        while not self.at_end():
            start = self.position
            try:
                self.read_entry()
            except _Broken as broken:
                self.wrong(self.position, str(broken), "")
                following = self.text.find("\n@", max(self.position, start + 1))
                self.position = len(self.text) if following < 0 else following + 1

    def at_end(self) -> bool:
        self.skip(_BETWEEN)
        return self.position >= len(self.text)

    def read_entry(self) -> None:
        start = self.position
        opening = _OPENING.match(self.text, start)
        if opening is None:
            raise _Broken("an entry must begin with '@article{key,'")
        self.position = opening.end()
        fields: dict[str, str] = {}
        while not self.took("}"):
            self.read_field(fields)
            if not self.took(","):
                if not self.took("}"):
                    raise _Broken("a ',' or '}' is missing")
                break
        kind, key = opening[1].lower(), opening[2]
        self.check(start, kind, key, fields)
        self.found[key] = Reference(key, kind, fields, self.text[start : self.position])

    def read_field(self, fields: dict[str, str]) -> None:
        name = _FIELD.match(self.text, self.position)
        if name is None:
            raise _Broken("a field must look like 'year = {2007}'")
        self.position = name.end()
        if self.text[self.position : self.position + 1] != "{":
            raise _Broken(f"the value of '{name[1]}' must stand in braces")
        if name[1] in fields:
            self.wrong(name.end(), f"'{name[1]}' stands twice", "Remove one of them.")
        fields[name[1]] = _plain(self.read_braces())

    def read_braces(self) -> str:
        start, depth = self.position, 0
        for place in range(start, len(self.text)):
            depth += {"{": 1, "}": -1}.get(self.text[place], 0)
            if depth == 0:
                self.position = place + 1
                return self.text[start + 1 : place]
        raise _Broken("a brace is not closed")

    def check(self, start: int, kind: str, key: str, fields: dict[str, str]) -> None:
        if kind not in KINDS:
            self.wrong(start, f"'@{kind}' is not a known kind", did_you_mean(kind, KINDS))
        if not _KEY.fullmatch(key):
            self.wrong(start, f"'{key}' is not a key such as 'zhang2007'", "Use a-z, 0-9, '_'.")
        if key in self.found:
            self.wrong(start, f"the key '{key}' stands twice", "Remove one of them.")
        for name, value in fields.items():
            if name not in FIELDS:
                do = did_you_mean(name, FIELDS)
                self.wrong(start, f"{key}: '{name}' is not a known field", do)
            elif not value:
                self.wrong(start, f"{key}: '{name}' is empty", "Fill it or leave it out.")
            elif name in SHAPES and not SHAPES[name].fullmatch(value):
                self.wrong(start, f"{key}: '{value}' does not look like a {name}", "")
        if not {"title", "note"} & set(fields):
            do = "Write 'note = {title not retrieved}' if it is not known."
            self.wrong(start, f"{key}: 'title' is missing", do)

    def took(self, character: str) -> bool:
        self.skip(_BETWEEN)
        if self.text[self.position : self.position + 1] != character:
            return False
        self.position += 1
        return True

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.position)
        self.position = match.end() if match else self.position

    def wrong(self, position: int, what: str, do: str) -> None:
        line = self.text.count("\n", 0, position) + 1
        self.problems.append(Problem(f"{self.file}:{line}", what, do))


class _Broken(Exception):
    """The text stops being BibTeX at the reader's position."""


def _plain(text: str) -> str:
    """A value without braces; spaces of an organization's name hold its words together."""
    if re.fullmatch(r"\{[^{}]*\}", text.strip()):
        text = "\N{NO-BREAK SPACE}".join(text.split())
    return re.sub(r"[ \t\n]+", " ", text.replace("{", "").replace("}", "")).strip()


def _family_name(name: str) -> str:
    return (
        name.split(",", maxsplit=1)[0].strip() if "," in name else name.rsplit(" ", maxsplit=1)[-1]
    )
