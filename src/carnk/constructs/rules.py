"""The rules that a construct is held to, each with its verdict."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ..library import View
from .design import Design, Part, cistrons
from .fmc63 import false_fmc63

OK, WARN, FAIL = "ok", "warn", "fail"
LETTERS = {
    "leader": "s",
    "vh": "h",
    "vl": "l",
    "linker": "k",
    "binder": "b",
    "hinge": "n",
    "transmembrane": "t",
    "costimulation": "c",
    "signal": "g",
}
CAR = re.compile("s(?:hkl|lkh|b)ntc*g+")
ORDER = "leader, VH linker VL (either order) or binder, hinge, transmembrane, costimulation, signal"
ALONE = ("secreted", "membrane", "switch")
CD28_SHORT = "RSKRSLLHSD"
CD28_WHOLE = "RSKRSRLLHSD"
FC_BINDS = "PELLGG"


@dataclass(frozen=True)
class Verdict:
    """What one rule says of a construct: 'ok', 'warn' or 'fail', and why."""

    rule: str
    verdict: str
    why: str = ""


@dataclass(frozen=True)
class Sizes:
    """Lengths in bases: the coding sequence with its stop, the vector around it, and what it holds.

    `at_least` says that parts without a sequence are not counted.
    """

    coding: int
    vector: int
    holds: int
    at_least: bool

    @property
    def whole(self) -> int:
        """Coding sequence and vector together."""
        return self.coding + self.vector


def sizes(design: Design, view: View) -> Sizes:
    """Return the size of a construct against what its vector holds."""
    return Sizes(
        3 * len(design.protein) + 3,
        int(view[f"vector_needs_{design.platform}"]),
        int(view[f"vector_holds_{design.platform}"]),
        bool(design.unknown),
    )


def check(design: Design, view: View) -> list[Verdict]:
    """Return the verdict of every rule, in the order in which a construct is read."""
    return [
        *_cistrons(design),
        *_frame(design),
        *_cleavage(design),
        *_known_traps(design, view),
        *_sources(design),
        _capacity(design, view),
    ]


def _cistrons(design: Design) -> Iterator[Verdict]:
    """Order of the parts of each cistron."""
    cars = 0
    for run in cistrons(design):
        names = " - ".join(part.name for part in run)
        if not run:
            yield Verdict("order", FAIL, "a cleavage peptide has nothing before or after it")
        elif any(part.kind in ALONE for part in run):
            alone = len(run) == 1
            why = names if alone else f"{names}: separate the proteins by a 2A peptide"
            yield Verdict("order", OK if alone else FAIL, why)
        else:
            cars += 1
            is_car = CAR.fullmatch("".join(LETTERS[part.kind] for part in run)) is not None
            why = names if is_car else f"{names}: {_amiss(run)}. A CAR is {ORDER}"
            yield Verdict("order", OK if is_car else FAIL, why)
            if is_car and not any(part.kind == "costimulation" for part in run):
                yield Verdict("costimulation", WARN, "none: a first-generation CAR")
    if cars == 0:
        yield Verdict("CAR", FAIL, "there is no CAR in this construct")


def _amiss(run: tuple[Part, ...]) -> str:
    """What is missing from, or out of place in, a CAR."""
    kinds = [part.kind for part in run]
    has_binder = "binder" in kinds or {"vh", "vl"} <= set(kinds)
    wanted = ("leader", "hinge", "transmembrane", "signal")
    missing = [kind for kind in wanted if kind not in kinds]
    missing += [] if has_binder else ["binder (or VH and VL)"]
    if {"vh", "vl"} <= set(kinds) and "linker" not in kinds:
        missing.append("linker between VH and VL")
    return f"{', '.join(missing)} missing" if missing else "the parts are out of order"


def _frame(design: Design) -> Iterator[Verdict]:
    """Every protein begins with Met, and no leader stands inside one."""
    starts = [run[0] for run in cistrons(design) if run]
    for part in starts:
        if part.sequence and not part.sequence.startswith("M"):
            yield Verdict("start", FAIL, f"{part.name} begins a protein, but not with Met")
    leaders = [part.name for run in cistrons(design) for part in run[1:] if part.kind == "leader"]
    if leaders:
        yield Verdict("start", FAIL, f"a second leader inside a protein: {', '.join(leaders)}")
    elif starts:
        yield Verdict("start", OK, "one start codon, before the first part")


def _cleavage(design: Design) -> Iterator[Verdict]:
    """2A peptides: whole, and not the same one twice."""
    used = Counter(part.name for part in design.parts if part.kind == "cleavage")
    for part in design.parts:
        if part.kind == "cleavage" and part.sequence and not part.sequence.endswith("NPGP"):
            yield Verdict("cleavage", FAIL, f"{part.name} does not end in NPGP, so it cannot skip")
    for name, times in used.items():
        if times > 1:
            why = f"{name} stands {times} times: repeats may recombine, take another 2A peptide"
            yield Verdict("cleavage", WARN, why)
        if name == "F2A":
            yield Verdict(
                "cleavage", WARN, "F2A is reported to leave up to half uncleaved (unread)"
            )


def _known_traps(design: Design, view: View) -> Iterator[Verdict]:
    """Mistakes that circulate."""
    false = false_fmc63(design, view["fmc63_identity_least"])
    for part, why in false:
        yield Verdict("FMC63", FAIL, f"{part.name} is called FMC63 and is not: {why}")
    for part in design.parts:
        if CD28_SHORT in part.sequence and CD28_WHOLE not in part.sequence:
            yield Verdict("CD28", FAIL, f"{part.name} lacks an Arg: {CD28_WHOLE} is right")
        if FC_BINDS in part.sequence:
            why = f"{part.name}: native Fc binds Fc receptors (PELLGG); mutate it"
            yield Verdict("spacer", WARN, why)
    if any(part.name == "TM_NKG2D" for part in design.parts):
        why = "NKG2D is a type II protein: its transmembrane part is reversed in a type I CAR"
        yield Verdict("transmembrane", WARN, f"{why}; check the paper")


def _sources(design: Design) -> Iterator[Verdict]:
    """Parts that rest on what nobody has read."""
    for part in dict.fromkeys(design.parts):
        if not part.sequence:
            yield Verdict("sequence", WARN, f"{part.name}: no sequence ({part.source})")
        elif part.checked != "read":
            yield Verdict("source", WARN, f"{part.name}: checked: unread ({part.source})")


def _capacity(design: Design, view: View) -> Verdict:
    """Size against what the vector holds."""
    size = sizes(design, view)
    least = "at least " if size.at_least else ""
    needs, holds = (view.number(f"vector_{verb}_{design.platform}") for verb in ("needs", "holds"))
    why = (
        f"{least}{size.coding:,} coding + {size.vector:,} vector ({needs.basis}) = {size.whole:,}"
        f" of {size.holds:,} bases ({design.platform}, {holds.basis})"
    )
    return Verdict("capacity", OK if size.whole <= size.holds else FAIL, why)
