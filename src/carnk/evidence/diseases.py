"""A small ontology of diseases: names and synonyms in, diseases, their parents and children out."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from ..base import DataError, Problem
from .words import clean, plain, rules

# Acronyms that are words of their own in lower case: only capitals count.
CAPITALS = {"all", "mm", "ms", "ra", "mg", "al", "mn", "ln", "net", "gej", "rcc", "itp", "aps"}

REMEMBERED = 50_000  # texts; conditions repeat across the registry


@dataclass(frozen=True)
class Disease:
    """One disease: its id, name, class (heme, solid, autoimmune, infectious), parents, synonyms."""

    id: str
    name: str
    area: str
    parents: tuple[str, ...]
    synonyms: tuple[str, ...]


class Ontology:
    """All diseases by id, and the words that name them."""

    def __init__(self, diseases: tuple[Disease, ...]) -> None:
        self.by_id = {each.id: each for each in diseases}
        self._ids: dict[str, str] = {}
        self._seen: dict[str, list[tuple[str, str]]] = {}
        for each in diseases:
            for word in (each.name, *each.synonyms):
                self._ids.setdefault(_key(word), each.id)
        words = sorted(self._ids, key=len, reverse=True)
        self._plain = re.compile(_either([w for w in words if w not in CAPITALS]))
        self._capitals = re.compile(_either([w.upper() for w in words if w in CAPITALS]))

    def parents(self, disease_id: str) -> list[str]:
        """Return the ids of all broader diseases, nearest first."""
        found: list[str] = []
        wave = list(self.by_id[disease_id].parents)
        while wave:
            found += [each for each in wave if each not in found]
            wave = [up for each in wave for up in self.by_id[each].parents]
        return found

    def children(self, disease_id: str) -> list[str]:
        """Return the ids of all narrower diseases."""
        return [each for each in self.by_id if disease_id in self.parents(each)]

    def named(self, term: str) -> Disease:
        """Return the disease that a term names; DataError with the nearest if there is none."""
        key = _key(term)
        found = self._ids.get(key) or self._ids.get(_turned(key))
        if found is None:
            mentioned = self.mentioned(term)
            found = (
                mentioned[0][0] if len(mentioned) == 1 and _mostly(mentioned[0][1], key) else None
            )
        if found is None:
            near = self.nearest(term)
            do = f"The nearest are {', '.join(near)}." if near else "Try a broader term."
            raise DataError(Problem("disease", f"'{term}' is not a disease known here", do))
        return self.by_id[found]

    def nearest(self, term: str) -> list[str]:
        """Return names of up to five diseases whose words come nearest to a term."""
        key = _key(term)
        close = get_close_matches(key, list(self._ids), n=8, cutoff=0.55)
        parts = [w for w in key.split() if len(w) > 3 and w not in ("cell", "cancer", "disease")]
        close += [word for word in self._ids if any(part in word.split() for part in parts)]
        names = dict.fromkeys(self.by_id[self._ids[word]].name for word in close)
        return list(names)[:5]

    def mentioned(self, text: str) -> list[tuple[str, str]]:
        """Return (id, words) of every disease that a text names, longest words first at a place."""
        if text not in self._seen:
            if len(self._seen) > REMEMBERED:
                self._seen.clear()
            self._seen[text] = self._mentioned(text)
        return self._seen[text]

    def _mentioned(self, text: str) -> list[tuple[str, str]]:
        found: dict[str, str] = {}
        for match in self._capitals.finditer(clean(text)):
            found.setdefault(self._ids[match[0].lower()], match[0])
        key = _key(text)
        for each in {key, _turned(key)} if "," in text else {key}:
            for match in self._plain.finditer(each):
                found.setdefault(self._ids[_singular(match[0], self._ids)], match[0])
        return list(found.items())

    def narrowest(self, ids: list[str]) -> list[str]:
        """Return ids without those that are parents of another one among them."""
        broad = {up for each in ids for up in self.parents(each)}
        return [each for each in ids if each not in broad]


@cache
def ontology() -> Ontology:
    """Return the ontology of `rules/diseases.csv`."""
    return Ontology(
        tuple(
            Disease(
                row["id"],
                row["name"],
                row["class"],
                tuple(filter(None, row["parents"].split("|"))),
                tuple(filter(None, row["synonyms"].split("|"))),
            )
            for row in rules("diseases")
        )
    )


def _key(text: str) -> str:
    """Words in lower case with single spaces: hyphens, brackets and possessive commas go."""
    text = re.sub(r"[()\[\]\"]", " ", plain(text))
    text = re.sub(r"(?<=\w)-(?=\w)", " ", text)
    return re.sub(r"\s+", " ", text).strip(" .;:-")


def _turned(key: str) -> str:
    """'leukemia, myeloid, acute' as 'acute myeloid leukemia'."""
    return " ".join(reversed([part.strip() for part in key.split(",")]))


def _either(words: list[str]) -> str:
    parts = [re.escape(w) + ("" if re.search(r"[^\x00-\x7f]", w) else r"s?") for w in words]
    latin = [p for p, w in zip(parts, words) if w.isascii()]
    other = [p for p, w in zip(parts, words) if not w.isascii()]
    return "|".join([rf"(?<!\w)(?:{'|'.join(latin)})(?!\w)", *other])


def _singular(word: str, known: dict[str, str]) -> str:
    return word if word in known else word.removesuffix("s")


def _mostly(words: str, key: str) -> bool:
    return len(words) >= 0.6 * len(key)
