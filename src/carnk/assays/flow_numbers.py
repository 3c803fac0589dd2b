"""Numbers that stained cells give to other rooms: the CAR-positive share, antigens per cell."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from ..base import DataError, Problem, SpecError, did_you_mean
from ..library import OWN_DATA, Number, load
from .flow import Molecules, Stain
from .populations import Share


def car_positive(share: Share | None, source: str, digests: Sequence[bytes]) -> Number:
    """Number `car_positive_<source>`; SpecError if the library knows no such source of cells.

    DataError where no share of positive cells is known.
    """
    if share is None or (share.low, share.high) == (0.0, 1.0):
        do = "Give --control, or --gates with --population, the gate of the CAR+ cells."
        raise DataError(Problem("--source", "the share of CAR+ cells is not known", do))
    return _own(f"car_positive_{source}", "--source", share.value, (share.low, share.high), digests)


def density(stains: Sequence[Stain], target: str, digests: Sequence[bytes]) -> Number:
    """Number `density_<target>`, molecules per positive cell: geometric mean over replicates.

    DataError where there are no molecules: no beads, or beads in MESF, which count dye and not
    antigens.
    """
    found = [each.molecules for each in stains if each.molecules is not None]
    dyes = [each for each in found if each.kind == "MESF"]
    if not found or dyes:
        what = "MESF count dye molecules, not antigens" if dyes else "no molecules per cell"
        do = (
            "Give --beads with ABC, or molecules." if dyes else "Give --beads and a stained sample."
        )
        raise DataError(Problem("--target", f"{what}, so there is no density", do))
    value = exp(sum(log(max(each.value, 1e-9)) for each in found) / len(found))
    ends = _ends(found)
    return _own(f"density_{target}", "--target", value, ends, digests)


def _ends(found: Sequence[Molecules]) -> tuple[float, float]:
    return min(each.low for each in found), max(each.high for each in found)


def _own(
    number_id: str, option: str, value: float, ends: tuple[float, float], digests: Sequence[bytes]
) -> Number:
    library = load()
    if number_id not in library:
        start = "density_" if option == "--target" else "car_positive_"
        known = [each.removeprefix(start) for each in library if each.startswith(start)]
        word = number_id.removeprefix(start)
        do = did_you_mean(word, known) or f"Known are {', '.join(known)}."
        raise SpecError(Problem(option, f"the library has no number '{number_id}'", do))
    number = library[number_id]
    low, high = min(ends[0], value), max(ends[1], value)
    at = "BLAKE2 of the files: " + ", ".join(each.hex()[:16] for each in digests)
    told = (number_id, value, number.unit, number.meaning, "measured", (low, high))
    return Number(*told, source=OWN_DATA, at=at, checked="read")
