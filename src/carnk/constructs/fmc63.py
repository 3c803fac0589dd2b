"""Whether a part that is called FMC63 is FMC63.

A sequence that begins EVQLVESGGG is passed around as the FMC63 scFv; it is not. What is called
FMC63 has to carry its two variable domains, in either order, whatever the linker.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .design import Design, Part, parts

if TYPE_CHECKING:
    from Bio.Align import PairwiseAligner

NAME = re.compile(r"fmc[\s_.-]*63", re.IGNORECASE)
WRONG_START = "EVQLVESGGG"
BOTH = ("FMC63_VH", "FMC63_VL")
DOMAINS_OF = {"vh": BOTH[:1], "vl": BOTH[1:], "binder": BOTH, "membrane": BOTH}


def false_fmc63(design: Design, identity_least: float) -> list[tuple[Part, str]]:
    """Return the parts that are called FMC63 and are not, each with what was found.

    A part is called so by its own words. Where only the construct's name or text says FMC63, some
    binder of it has to be FMC63. `identity_least` is the least share of identical residues over a
    domain.
    """
    called = [part for part in design.parts if _is_called_so(part)]
    if not called and NAME.search(f"{design.name} {design.about}"):
        binders = [p for p in design.parts if p.kind in DOMAINS_OF and p.kind != "membrane"]
        known = [part for part in binders if part.sequence]
        called = known if all(_difference(part, identity_least) for part in known) else []
    found = ((part, _difference(part, identity_least)) for part in dict.fromkeys(called))
    return [(part, how) for part, how in found if how]


def _is_called_so(part: Part) -> bool:
    told = " ".join((part.name, part.meaning, part.source, part.note))
    return part.kind in DOMAINS_OF and bool(part.sequence) and bool(NAME.search(told))


def _difference(part: Part, identity_least: float) -> str:
    """How a binder differs from FMC63; empty if it does not."""
    shares = {domain: identity(domain, part.sequence) for domain in DOMAINS_OF[part.kind]}
    short = [f"{share:.0%} of {name}" for name, share in shares.items() if share < identity_least]
    if not short:
        return ""
    wrong = f"; it carries the false '{WRONG_START}...'" if WRONG_START in part.sequence else ""
    return f"it matches only {' and '.join(short)}{wrong}"


def identity(domain: str, sequence: str) -> float:
    """Share of a library domain's residues that a sequence carries in order, 0 to 1."""
    wanted = parts()[domain].sequence
    if wanted in sequence:
        return 1.0
    alignment = _aligner().align(wanted, sequence.upper())[0]
    same = sum(
        a == b
        for (i, j), (k, m) in zip(*alignment.aligned)
        for a, b in zip(wanted[i:j], sequence[k:m])
    )
    return same / len(wanted)


def _aligner() -> PairwiseAligner:
    from Bio.Align import PairwiseAligner

    aligner = PairwiseAligner(mode="global", match_score=1.0, mismatch_score=-0.5)
    aligner.open_internal_gap_score = -2.0
    aligner.extend_internal_gap_score = -0.5
    aligner.end_gap_score = 0.0
    return aligner
