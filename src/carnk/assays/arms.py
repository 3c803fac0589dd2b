"""Arms beside each other: ratios of ET50 and of killing, and what arms do together.

Ratios and synergy are repeated over the draws of the plate, so that arms of one plate share the
error of their controls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base import DataError, Problem, SpecError, did_you_mean
from .et_curve import LEVEL, Curves, Estimate
from .wells import Array

_TERM = re.compile(r"\s*(?:(\d*\.?\d+)\s*\*\s*)?(\S(?:.*\S)?)\s*")


@dataclass(frozen=True)
class Combination:
    """Arms together, and the arms alone with their share of the E:T of the combination.

    base: the arm that all others contain, '' for none.
    """

    together: str
    parts: tuple[tuple[str, float], ...]
    base: str = ""


@dataclass(frozen=True)
class Synergy:
    """Synergy of a combination by E:T.

    bliss: lysis beyond independence, percent points, above 0 for synergy; loewe: the index, below 1
    for synergy; both by E:T and as a mean (geometric for the index).
    """

    combination: Combination
    et: tuple[float, ...]
    bliss: tuple[Estimate, ...]
    loewe: tuple[Estimate, ...]
    mean_bliss: Estimate
    mean_loewe: Estimate


def combination(text: str) -> Combination:
    """Read 'CAR+mAb = CAR, mAb / NK': the arm, its parts, and the arm that all contain.

    A part may have a share of the E:T, '0.5*CAR'. SpecError for anything else.
    """
    together, equals, rest = text.partition("=")
    parts, slash, base = rest.partition("/")
    read = [_TERM.fullmatch(part) for part in parts.split(",")]
    named = [each for each in read if each is not None]
    if not equals or len(named) != len(read) or len(named) != 2 or (slash and not base.strip()):
        do = "Write it as 'CAR+mAb=CAR,mAb' or 'CAR+mAb=CAR,mAb/NK'."
        raise SpecError(Problem("--synergy", f"'{text}' is not a combination of two arms", do))
    shares = tuple((each[2], float(each[1] or 1.0)) for each in named)
    return Combination(together.strip(), shares, base.strip())


def ratio(top: Array, bottom: Array) -> Estimate:
    """The ratio of two numbers over the same draws; no number where one of them has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = top / bottom
    if not (np.isfinite(found[0]) and found[0] > 0):
        return Estimate(None, why="one of the arms has no number")
    low, high = _ends(found[1:])
    return Estimate(float(found[0]), low, high)


def kill_per_effector(curves: Curves) -> Array:
    """Lysis per E:T where effectors are few, percent: the initial slope Emax / ET50.

    Of a logistic curve with another slope than 1 it is 0 or infinite, so the lysis at the smallest
    tested E:T, divided by it, is taken instead.
    """
    least = float(curves.et.min())
    if curves.law == "hyperbola":
        return np.asarray(curves.emax / curves.et50)
    return np.asarray(curves.at(np.array([least]))[:, 0] / least)


def synergy(
    wanted: Combination,
    et: Mapping[str, Array],
    lysis: Mapping[str, Array],
    curves: Mapping[str, Curves | None],
) -> Synergy:
    """Bliss excess and Loewe index of a combination.

    et: E:T of each arm; lysis: (1 + draws, E:T) of each arm, percent, the first row the data;
    curves: of the arms alone. DataError where an arm is not on the plate or no E:T is common.
    """
    arms = [wanted.together, *(name for name, _ in wanted.parts)]
    arms += [wanted.base] if wanted.base else []
    unknown = [arm for arm in arms if arm not in et]
    if unknown:
        raise DataError(
            Problem("--synergy", f"there is no arm '{arm}'", did_you_mean(arm, et) or _list(et))
            for arm in unknown
        )
    common = _common([et[arm] for arm in arms])
    if not common.size:
        what = f"{', '.join(arms)} have no E:T in common"
        raise DataError(Problem("--synergy", what, "Test them at the same ratios."))
    at = {arm: lysis[arm][:, np.searchsorted(et[arm], common)] / 100 for arm in arms}
    expected = np.prod([1 - at[name] for name, _ in wanted.parts], axis=0)
    if wanted.base:
        expected = expected / np.maximum(1 - at[wanted.base], 0.01)
    beyond = 100 * (at[wanted.together] - (1 - expected))
    index = _loewe(wanted, common, 100 * at[wanted.together], curves)
    no_curve = "no curve of an arm alone"
    return Synergy(
        wanted,
        tuple(float(x) for x in common),
        tuple(_estimate(column) for column in beyond.T),
        tuple(_estimate(column, no_curve) for column in index.T),
        _estimate(beyond.mean(axis=1)),
        _estimate(np.exp(np.mean(np.log(np.maximum(index, 1e-9)), axis=1)), no_curve),
    )


def _loewe(
    wanted: Combination, et: Array, together: Array, curves: Mapping[str, Curves | None]
) -> Array:
    """Sum over arms of the E:T given over the E:T that alone would lyse as much.

    An arm that cannot lyse as much adds nothing. Lysis of the combination is held to 0.5-99.5 %.
    """
    index = np.zeros_like(together)
    for name, share in wanted.parts:
        alone = curves.get(name)
        if alone is None:
            return np.full_like(together, np.nan)
        seen = np.clip(together, 0.5, 99.5)
        needed = np.array([alone.needed(seen[:, k]) for k in range(et.size)]).T
        index += share * et / needed
    return index


def _common(each: Sequence[Array]) -> Array:
    found = each[0]
    for other in each[1:]:
        found = np.intersect1d(found, other)
    return found


def _estimate(values: Array, why: str = "not computable") -> Estimate:
    if not np.isfinite(values[0]):
        return Estimate(None, why=why)
    low, high = _ends(values[1:])
    return Estimate(float(values[0]), low, high)


def _ends(draws: Array) -> tuple[float | None, float | None]:
    """Percentiles of draws; an end that is not finite is left open."""
    known = np.where(np.isnan(draws), np.inf, draws)
    if np.isinf(known).all():
        return None, None
    ends = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    low, high = (float(x) if np.isfinite(x) else None for x in ends)
    return low, high


def _list(names: Mapping[str, Array]) -> str:
    return f"The arms are {', '.join(sorted(names))}."
