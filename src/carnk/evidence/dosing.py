"""Cell doses and schedules that a record states, in its own words and as numbers."""

import re

from .kind import Decision, Line
from .words import clean, context

_SHOWN = 4


def doses(found: list[Line]) -> list[Decision]:
    """Return the cell doses stated in arms, titles and descriptions, as text with exponents."""
    said: dict[str, Decision] = {}
    for line in _ordered(found):
        for match in context("dose").finditer(line.plain):
            around = line.plain[max(0, match.start() - 30) : match.end() + 25]
            if not context("not_cells").search(around.replace("car-t", "")):
                words = " ".join(match[0].split()).strip(" )")
                said.setdefault(
                    words, Decision("dose", words, "a number of cells", line.path, words)
                )
    return list(said.values())[:_SHOWN]


def schedules(found: list[Line]) -> list[Decision]:
    """Return when the cells are given, from sentences that speak of cells and of no other drug."""
    said: dict[str, Decision] = {}
    for line in _ordered(found):
        for sentence in re.split(r"(?<=[a-z0-9)])[.;]\s|\n", line.plain):
            for part in re.split(r",? (?:followed by|then|after|before) ", sentence):
                if not context("cells").search(part) or context("other_drug").search(part):
                    continue
                for match in context("schedule").finditer(part):
                    words = clean(match[0])
                    why = "when cells are given"
                    said.setdefault(words, Decision("schedule", words, why, line.path, part[:80]))
    return list(said.values())[:_SHOWN]


def _ordered(found: list[Line]) -> list[Line]:
    return sorted((x for x in found if x.kind in "NDTSL"), key=lambda x: "NDTSL".index(x.kind))
