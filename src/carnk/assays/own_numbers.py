"""Numbers that killing, growth and thaw give to other rooms, as `--numbers` of make and run reads.

A plate gives no rate in a body. It gives how one product kills relative to another on the same
plate: kills per effector where effectors are few. What it can stand for is listed in SHARES.
"""

from __future__ import annotations

from hashlib import sha256
from math import exp, log, sqrt

from ..base import DataError, Problem, SpecError, did_you_mean
from ..library import OWN_DATA, Number, load
from ..library.number import Spread
from .growth_files import Expansion
from .lysis import Lysis, pair
from .shrinkage import Interval, together
from .thaw import Pooled, Thaw

SHARES = {
    "natural_share": "cells without a CAR over CAR cells, same donor, HLA-I-intact target",
    "bare_share": "cells without a CAR over CAR cells, same donor, HLA-I-low target",
    "adcc_share": "antibody with cells without a CAR over CAR cells, same donor",
    "killing_after_thaw": "thawed over fresh cells, in two dimensions",
    "killing_after_thaw_matrix": "thawed over fresh cells, in three dimensions",
    "cord_outside_potency": "cells of a cord unit outside the cut-offs over cells of one within",
}
DONORS = 0.5  # prior spread between donors, of ln(ratio)
SPREAD_NEEDS = 3  # donors or vials
FED = ("k562_mbil21", "pbmc_feeders", "nk92", "cd3_cd28")


def share(found: Lysis, text: str, content: bytes) -> Number:
    """A share of SHARES from 'natural_share=WT/CAR': the ratio of kills per effector.

    Donors and plates come together on the log scale. SpecError for other words, DataError where no
    plate has a curve of both arms.
    """
    number_id, equals, arms = text.partition("=")
    top, slash, bottom = arms.partition("/")
    number_id, top, bottom = number_id.strip(), top.strip(), bottom.strip()
    if not (equals and slash and top and bottom):
        do = "Write it as natural_share=WT/CAR: number, arm, arm that it is relative to."
        raise SpecError(Problem("--share", f"'{text}' names no number and two arms", do))
    if number_id not in SHARES:
        near = did_you_mean(number_id, SHARES) or f"Known are {', '.join(SHARES)}."
        what = f"'{number_id}' is no number that a plate can give"
        raise SpecError(Problem("--share", what, near))
    value, low, high = _ratio(found, top, bottom)
    return _own(number_id, value, (low, high), content)


def _ratio(found: Lysis, top: str, bottom: str) -> Interval:
    names = {arm.effector for arm in found.arms}
    unknown = [name for name in (top, bottom) if name not in names]
    if unknown:
        do = did_you_mean(unknown[0], names) or f"The arms are {', '.join(sorted(names))}."
        raise SpecError(Problem("--share", f"there is no arm '{unknown[0]}'", do))
    ratios = [
        pair(a, b).killing
        for a in found.arms
        for b in found.arms
        if (a.effector, b.effector) == (top, bottom) and a.place == b.place
    ]
    known = [(r.value, r.low, r.high) for r in ratios if r.value and r.low and r.high]
    ends = [(v, lo, hi) for v, lo, hi in known if v and lo and hi]
    if not ends:
        why = ratios[0].why if ratios else "they share no plate, target and donor"
        what = f"'{top}' and '{bottom}' have no ratio: {why}"
        raise DataError(Problem("--share", what, "Test both at more E:T on one plate."))
    if len(ends) == 1:
        return ends[0]
    errors = [max(log(hi / lo) / (2 * 1.96), 1e-3) for _, lo, hi in ends]
    middle, low, high = together([log(v) for v, _, _ in ends], errors, DONORS).mean
    return exp(middle), exp(low), exp(high)


def growth_numbers(found: Expansion, method: str, content: bytes) -> list[Number]:
    """Doubling time and lag of a way to expand, and how donors differ, from a group of cultures.

    method: as in the library's `doubling_<method>`. DataError where the group has no doubling time.
    """
    number_id = f"doubling_{method}"
    library = load()
    if number_id not in library:
        known = [each.removeprefix("doubling_") for each in library if each.startswith("doubling_")]
        do = did_you_mean(method, known) or f"Known are {', '.join(known)}."
        raise SpecError(Problem("--method", f"'{method}' is no way to expand", do))
    if found.doubling_days is None:
        what = "no culture has a doubling time with an interval"
        raise DataError(Problem(found.group or "the cultures", what, "Count on more days."))
    value, low, high = found.doubling_days
    numbers = [_own(number_id, value, (low, high), content)]
    if found.lag_days is not None and found.lag_days[0] > 0:
        lag, first, last = found.lag_days
        lag_id = "lag_stimulated" if method in FED else "lag_cytokines"
        numbers.append(_own(lag_id, lag, (first, last), content))
    if found.spread is not None and len(found.grown) >= SPREAD_NEEDS:
        cv = sqrt(exp(found.spread**2) - 1)
        if cv > 0.001:
            numbers.append(_own("donor_growth", 1.0, (1.0, 1.0), content, ("lognormal_cv", cv)))
    return numbers


def thaw_numbers(found: Thaw, container: str, content: bytes) -> list[Number]:
    """Recovery right after thaw (`viability_after_thaw`: live cells of the label's) and survival of
    the first day (`recovery_after_thaw`) of the vials of one container.

    Nothing for what is above 1, which no number of the library can be. SpecError for a container
    that is not in the file.
    """
    names = list(dict.fromkeys(vial.container for vial in found.vials))
    if container not in names:
        do = did_you_mean(container, names) or f"There are {', '.join(names)}."
        raise SpecError(Problem("--container", f"there is no container '{container}'", do))
    wanted = (("viability_after_thaw", "recovery", 0.0), ("recovery_after_thaw", "survival", 1.0))
    numbers = []
    for number_id, what, day in wanted:
        each = _pooled(found, (container, day, what))
        if each is not None and each.typical[0] < 1:
            value, low, high = each.typical
            spread = ("logit_sd", each.spread / (1 - value)) if each.spread else None
            numbers.append(_own(number_id, value, (low, min(high, 1.0)), content, spread))
    return numbers


def _pooled(found: Thaw, key: tuple[str, float, str]) -> Pooled | None:
    return next((p for p in found.pooled if (p.container, p.day, p.what) == key), None)


def _own(
    number_id: str,
    value: float,
    ends: tuple[float, float],
    content: bytes,
    spread: tuple[str, float] | None = None,
) -> Number:
    known = load()[number_id]
    low, high = min(ends[0], value), max(ends[1], value)
    return Number(
        number_id,
        value,
        known.unit,
        known.meaning,
        "measured",
        (low, high),
        Spread(*spread) if spread else None,
        source=OWN_DATA,
        at=f"SHA-256 of the file: {sha256(content).hexdigest()[:16]}",
        checked="read",
    )
