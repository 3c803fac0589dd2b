"""Registry record in, what is given to whom out: each value with the rule and the words behind it.

The rules are rows of `rules/*.csv`: masks and tokens for the kind of cell, targets, products,
attributes, diseases. A value that no rule gives is 'unknown'.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from .diseases import Ontology, ontology
from .dosing import doses, schedules
from .kind import CAR_NK, Decision, Line, kind, lines, products
from .record import Study
from .targets import targets
from .words import compiled, rules

UNKNOWN = "unknown"
VAGUE = ("cancer", "adeno", "scc")  # diseases that say little beside another one
ORDER = "NTDSLKC"  # names say most, then titles, arms, summary, details, keywords, conditions
ANY_DONOR = "allogeneic, source not stated"
SINGLE = ("nk_source", "vector", "switch")
SEVERAL = ("costimulation", "armor", "edits", "conditioning")
ATTRIBUTES = (
    "kind", "target", "target_logic", "nk_source", "vector", "costimulation", "armor", "switch",
    "edits", "dose", "schedule", "conditioning", "disease",
)  # fmt: skip


@dataclass(frozen=True)
class Classification:
    """What the rules conclude of one record; `decisions` says why, in the order of ATTRIBUTES."""

    decisions: tuple[Decision, ...]

    def values(self, attribute: str) -> tuple[str, ...]:
        """The values of an attribute; ('unknown',) where no rule gives one."""
        found = dict.fromkeys(d.value for d in self.decisions if d.attribute == attribute)
        return tuple(found) or (UNKNOWN,)

    def value(self, attribute: str) -> str:
        """The values of an attribute as one text, joined by '; '."""
        return "; ".join(self.values(attribute))

    @property
    def is_car_nk(self) -> bool:
        """Whether the trial gives NK cells, or an NK cell line, with a CAR."""
        return self.value("kind") in CAR_NK

    def why(self, attribute: str = "") -> list[str]:
        """Sentences that say which rule decided on which words, of one attribute or all."""
        return [str(d) for d in self.decisions if attribute in ("", d.attribute)]


def classify(study: Study) -> Classification:
    """Classify one record: CAR-NK trials get every attribute, others kind and disease."""
    found = sorted(lines(study), key=lambda line: ORDER.index(line.kind))
    known = products(found)
    first = kind(found, known, study.gives)
    decisions = [first]
    if first.value in CAR_NK:
        decisions += targets(found, known)
        decisions += _attributes(found, known, first)
        decisions += doses(found) + schedules(found)
    decisions += diseases(study, closely=first.value != "other")
    return Classification(tuple(decisions))


def diseases(study: Study, closely: bool = True) -> list[Decision]:
    """Return the narrowest diseases that conditions name.

    `closely` looks at near spellings, title, keywords and summary too where conditions name none.
    """
    known = ontology()
    for texts, place in (
        (study.conditions, "conditions"),
        ((study.title,), "briefTitle"),
        (tuple(t.words for t in study.texts if t.kind == "K"), "keywords"),
        (tuple(t.words for t in study.texts if t.kind in "TS"), "officialTitle"),
    ):
        named: dict[str, tuple[str, str]] = {}
        for text in texts:
            words = dict(known.mentioned(text))
            narrow = known.narrowest([i for i in words if i not in VAGUE]) or list(words)
            for each in narrow:
                named.setdefault(each, (words[each], "named"))
            if closely and place == "conditions" and not words:
                named |= _misspelled(text, known)
        chosen = [i for i in named if i not in VAGUE] or list(named)
        if chosen or not closely:
            return [
                Decision("disease", known.by_id[i].name, named[i][1], place, named[i][0])
                for i in chosen
            ]
    return []


def _misspelled(text: str, known: Ontology) -> dict[str, tuple[str, str]]:
    words = {each.name.lower(): each.id for each in known.by_id.values() if len(each.name) > 8}
    near = get_close_matches(text.lower(), list(words), n=1, cutoff=0.86)
    return {words[near[0]]: (text[:60], f"spelled nearly like '{near[0]}'")} if near else {}


def _attributes(found: list[Line], known: list[dict[str, str]], first: Decision) -> list[Decision]:
    decisions: list[Decision] = []
    if first.value == "CAR-NK-92":
        why = "a CAR-NK-92 product is of the cell line"
        decisions.append(Decision("nk_source", "NK-92", why, first.place, first.words))
    for attribute in (*SINGLE, *SEVERAL):
        if any(d.attribute == attribute for d in decisions):
            continue
        said = _by_rules(found, attribute)
        if any(row.get(attribute) for row in known) and all(d.value == ANY_DONOR for d in said):
            said = []
        for row in [] if said else known:
            why = f"{row['product']} is known so ({row['fact_source']}, {row['checked']})"
            values = [v for v in row.get(attribute, "").split("; ") if v]
            named = [f"{v} KO" if attribute == "edits" else v for v in values]
            said += [Decision(attribute, value, why, "", row["product"]) for value in named]
        decisions += list({d.value: d for d in said}.values())
    return decisions


def _by_rules(found: list[Line], attribute: str) -> list[Decision]:
    said: list[Decision] = []
    whole = "\n".join(line.told for line in found)
    for row in _rows(attribute):
        if not _may_match(row, whole):
            continue
        hit = _first_hit(found, row)
        if hit is None:
            continue
        line, words = hit
        said.append(Decision(attribute, row["value"], row["why"], line.path, words))
        if attribute in SINGLE:
            break
    return [d for d in said if not _vague(d, said)]


def _may_match(row: dict[str, str], text: str) -> bool:
    """A quick look: by the words in the column `needs`, else by what the pattern itself needs."""
    if row["needs"]:
        return any(word in text for word in row["needs"].split("|"))
    return compiled(row["pattern"]).may_match(text)


def _vague(decision: Decision, said: Iterable[Decision]) -> bool:
    """Whether 'drugs not stated' or 'none' stands beside drugs that are stated."""
    others = [d for d in said if d is not decision]
    if decision.value in ("none", "lymphodepletion, drugs not stated"):
        drugs = [d for d in others if d.value not in ("none", "lymphodepletion, drugs not stated")]
        return bool(drugs) or (decision.value != "none" and any(d.value == "none" for d in others))
    return False


def _first_hit(found: list[Line], row: dict[str, str]) -> tuple[Line, str] | None:
    pattern = compiled(row["pattern"])
    unless = compiled(row["unless"]) if row["unless"] else None
    for line in found:
        if line.kind not in row["fields"]:
            continue
        for match in pattern.finditer(line.told):
            around = line.told[max(0, match.start() - 60) : match.end() + 45]
            if unless is None or not unless.search(_clause(around, match[0])):
                return line, match[0].strip()[:80]
    return None


def _clause(around: str, words: str) -> str:
    """The part of the words around a match that stands in its clause."""
    return next((part for part in re.split(r"[.;]\s|\n", around) if words[:20] in part), around)


@cache
def _rows(attribute: str) -> tuple[dict[str, str], ...]:
    return tuple(row for row in rules("attributes") if row["attribute"] == attribute)
