"""Kinds of cells side by side for a disease, and what is approved for it; never pooled together."""

from dataclasses import dataclass
from functools import cache

from ..base import Problem, SpecError, did_you_mean
from ..library import table
from .diseases import Disease, ontology
from .results import (
    ALLOGENEIC,
    AUTOLOGOUS,
    CAR_NK,
    FIT,
    NK_92,
    NO_CAR,
    OUTCOMES,
    Pooled,
    Report,
    Seen,
    chosen,
    pooled,
)  # fmt: skip

NAMES = {
    "car-nk": (CAR_NK,), "nk-92": (NK_92,), "nk": (NO_CAR,), "car-t": (AUTOLOGOUS, ALLOGENEIC),
    "autologous-car-t": (AUTOLOGOUS,), "allogeneic-car-t": (ALLOGENEIC,),
}  # fmt: skip
LINES = (
    "first", "second", "second or later", "third or later", "fifth or later",
    "added to standard therapy",
)  # fmt: skip
CAUTION = (
    "No trial compared them. Patients, earlier treatments, scales and follow-up differ between"
    " these reports, so a difference in rates is not a difference between treatments.",
    "A percentage without a denominator has no interval and is not pooled.",
)
APPROVAL = "No CAR-NK product was approved in anything read up to August 2026."


@dataclass(frozen=True)
class Line:
    """One report's figure for an outcome, and how the report fits the disease asked for."""

    report: Report
    seen: Seen
    fit: str


@dataclass(frozen=True)
class Block:
    """An outcome of one class of cells: its reports, one a cohort, and what of them was pooled."""

    outcome: str
    evidence_class: str
    lines: tuple[Line, ...]
    pools: tuple[Pooled, ...]


@dataclass(frozen=True)
class Option:
    """An approved option for a disease; checked says what of the row is unread."""

    disease: str
    line: str
    option: str
    kind: str
    approved: str
    indication: str
    source: str
    checked: str
    note: str
    fit: str


@dataclass(frozen=True)
class Versus:
    """The whole comparison: blocks by outcome, then by class, and the approved options."""

    classes: tuple[str, ...]
    disease: Disease | None
    blocks: tuple[Block, ...]
    options: tuple[Option, ...]

    @property
    def reports(self) -> tuple[Report, ...]:
        """Every report shown, once, in the order of the classes."""
        every = (line.report for block in self.blocks for line in block.lines)
        found = {each.id: each for each in every}
        return tuple(
            sorted(found.values(), key=lambda r: (self.classes.index(r.evidence_class), r.id))
        )


def versus(first: str, second: str, disease: str = "") -> Versus:
    """Set kinds of cells side by side: 'car-nk', 'car-t', 'nk', 'nk-92' and the two kinds of CAR-T.

    SpecError for an unknown kind; DataError with the nearest terms for an unknown disease.
    """
    problems = []
    for name in (first, second):
        if name.lower() not in NAMES:
            do = did_you_mean(name, NAMES) or f"There are {', '.join(NAMES)}."
            problems.append(Problem("versus", f"'{name}' is not a kind of cells", do))
    if problems:
        raise SpecError(problems)
    classes = tuple(dict.fromkeys((*NAMES[first.lower()], *NAMES[second.lower()])))
    named = ontology().named(disease) if disease.strip() else None
    blocks = (block(kind, outcome, named) for outcome in OUTCOMES for kind in classes)
    return Versus(classes, named, tuple(b for b in blocks if b.lines), options(named))


def block(evidence_class: str, outcome: str, disease: Disease | None = None) -> Block:
    """Return the reports of a class for an outcome, closest to the disease first, and pools."""
    found = chosen(evidence_class, outcome, disease)
    found.sort(key=lambda pair: (FIT[pair[1]], -(pair[0].seen[outcome].patients or 0)))
    lines = tuple(Line(each, each.seen[outcome], fit) for each, fit in found)
    return Block(outcome, evidence_class, lines, tuple(pooled(found, outcome)))


def options(disease: Disease | None) -> tuple[Option, ...]:
    """Return the approved options of a disease, its kinds and the groups it belongs to, by line."""
    found = []
    for row in table("options").to_dicts():
        words = {key: str(value or "") for key, value in row.items()}
        fit = "exact" if disease is None else _how(words["disease"], disease.id)
        if fit:
            found.append(Option(**words, fit=fit))
    return tuple(sorted(found, key=lambda o: (LINES.index(o.line), o.approved)))


@cache
def _how(names: str, asked: str) -> str:
    """How the diseases of an option fit the one asked for: any of them counts."""
    known = ontology()
    ids = {known.named(name).id for name in names.split("; ")}
    if asked in ids:
        return "exact"
    if ids & set(known.children(asked)):
        return "narrower"
    return "broader" if ids & set(known.parents(asked)) else ""
