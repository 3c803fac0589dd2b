"""What is wrong with the wells of a killing assay: found, named, and kept out of fits if grave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from ..base import Problem
from .scatter import usual
from .specific import Level, Specific
from .wells import MAXIMUM, Array, Well, Wells, named

MOST, LEAST = 100.0, -20.0  # percent of lysis that a well can show
HIGH, TOO_HIGH = 0.3, 0.6  # spontaneous over maximum release: worth a note, not to be read
CLEAR = 4.0  # standard errors between controls that can be told apart
CHANCE = 0.01  # of a plate without fault to have an outlier or a well out of range
OFTEN = 0.2  # of a course's times
MUCH = 1 / 3  # of an arm's wells
GREW = 1.2  # times its start
COUNTED = 20.0  # percent of lysis that growth contradicts


@dataclass(frozen=True)
class Flag:
    """One finding. kind: in a word or two; wells: their names; left_out: those kept out of fits;
    is_grave: whether anything is."""

    kind: str
    plate: str
    wells: tuple[str, ...]
    problem: Problem
    left_out: tuple[Well, ...] = ()
    is_grave: bool = False

    def __str__(self) -> str:
        return str(self.problem)


def flag(
    kind: str, plate: Specific, wells: Sequence[Well], text: tuple[str, str], out: bool
) -> Flag:
    """A finding on wells of a plate; text: what is wrong and what to do."""
    where = f"{plate.name}, {named(wells)}"
    names = tuple(well.name for well in wells)
    return Flag(kind, plate.plate, names, Problem(where, *text), tuple(wells) if out else (), out)


def without(wells: Wells, flags: Sequence[Flag]) -> Wells:
    """The wells that no grave finding names; controls of a plate left out go with its samples."""
    out = {id(well) for each in flags for well in each.left_out}
    return replace(wells, wells=tuple(w for w in wells.wells if id(w) not in out))


def of_controls(plate: Specific) -> list[Flag]:
    """Spontaneous release near maximum, swapped controls, controls that cannot be told apart."""
    none, full = plate.none, plate.full
    if not full.wells:
        return []
    every = [*none.wells, *full.wells, *(w for g in plate.groups for w in g.level.wells)]
    least, most = float(np.nanmean(none.mean)), float(np.nanmean(full.mean))
    error = float(np.hypot(none.error, full.error).mean())  # not a number without replicates
    apart = not abs(most - least) <= CLEAR * error
    released = full.wells[0].kind == MAXIMUM and plate.readout.exact is None
    share = least / most if most > 0 else np.inf
    what = f"spontaneous release is {share:.0%} of maximum"
    if released and share > 1 and apart:
        text = (f"{what} ({named(none.wells)}): swapped?", "The plate is left out.")
        return [flag("swapped controls", plate, every, text, True)]
    if released and share > TOO_HIGH:
        text = (f"{what} ({named(none.wells)})", "Lysis cannot be read: the plate is left out.")
        return [flag("spontaneous release", plate, every, text, True)]
    if not apart:
        text = ("the controls cannot be told apart", "The plate is left out.")
        return [flag("controls", plate, every, text, True)]
    if released and share > HIGH:
        text = (what, "Usual is at most 30 %: intervals are wide, no well is left out.")
        return [flag("spontaneous release", plate, none.wells, text, False)]
    return []


def of_range(plate: Specific) -> list[Flag]:
    """Wells over 100 % or below -20 %: beyond the noise of wells and controls, or within it.

    Beyond is what 0 to 100 % and noise do not explain, of a well or of the middle of its group.
    Where that is more than a third of an arm, the others of it are doubtful too.
    """
    scatter = usual(plate)
    wells = sum(g.level.count for g in plate.groups)
    df = max((wells - len(plate.groups)) / 2, 2.0)
    reach = float(stdtrit(df, 1 - CHANCE / (2 * wells)))
    found: dict[tuple[str, bool], list[tuple[Well, float]]] = defaultdict(list)
    by_arm: dict[tuple[str, str], list[Well]] = defaultdict(list)
    for group in plate.groups:
        level = group.level
        middle = _middle(level)
        shared = plate.of_signal(middle)
        error = _well_error(plate, level, (middle, shared), scatter, level.count)
        all_out = _out(shared, reach * error)
        for well in level.wells:
            own = plate.well_lysis(well)
            error = _well_error(plate, level, (well.signal, own), scatter)
            sure = all_out or _out(own, reach * error)
            if sure:
                by_arm[group.donor, group.effector].append(well)
            if side := sure or _out(own, 0.0):
                found[side, bool(sure)].append((well, float(np.nanmean(own))))
    flags = [_of_side(plate, *key, those) for key, those in found.items()]
    return [*flags, *_of_arms(plate, by_arm)]


def _middle(level: Level) -> Array:
    """Median of the wells at each time, (times,)."""
    signal = np.array([w.signal for w in level.wells])
    read = np.isfinite(signal).any(axis=0)
    return np.where(read, np.nanmedian(np.where(read, signal, 0.0), axis=0), np.nan)


def _out(lysis: Array, beyond: Array | float) -> str:
    """'over' or 'below' if lysis is out of range and by so much from 0 or 100 %, else ''."""
    read = np.isfinite(lysis)
    over = (lysis > MOST) & (lysis - MOST > beyond)
    below = (lysis < LEAST) & (-lysis > beyond)
    if not read.any():
        return ""
    return "over" if _often(over[read]) else "below" if _often(below[read]) else ""


def _of_side(plate: Specific, side: str, sure: bool, those: Sequence[tuple[Well, float]]) -> Flag:
    limit = f"{'over 100' if side == 'over' else 'below -20'} %"
    shown = ", ".join(f"{w.name} {x:.0f} %" for w, x in those[:8]) + ", ..." * (len(those) > 8)
    text = (
        f"lysis {limit} beyond noise ({shown})" if sure else f"lysis {limit} ({shown})",
        "Left out of fits." if sure else "Within the noise of wells and controls: kept.",
    )
    return flag(f"lysis {limit}", plate, [w for w, _ in those], text, sure)


def _of_arms(plate: Specific, out: Mapping[tuple[str, str], Sequence[Well]]) -> Iterator[Flag]:
    """Arms of which so much is impossible that the rest is doubtful."""
    for (donor, effector), wells in out.items():
        groups = [g for g in plate.groups if (g.donor, g.effector) == (donor, effector)]
        every = [w for g in groups for w in g.level.wells]
        if len(wells) > max(MUCH * len(every), 2):
            what = f"{len(wells)} of {len(every)} wells of {effector} are impossible with these"
            text = (f"{what} controls: another plate's wells or controls?", "The others are kept.")
            yield flag("another plate's wells", plate, every, text, False)


def _often(past: NDArray[np.bool_]) -> bool:
    return bool(np.mean(past) > OFTEN)


def _well_error(
    plate: Specific,
    level: Level,
    of: tuple[Array, Array],
    scatter: tuple[float, float] | None,
    wells: int = 1,
) -> Array:
    """Error of the lysis of a well, or a mean of some, with that of the controls, percent.

    of: its signal and lysis; the scatter of a well is the plate's, be it even or in proportion.
    """
    signal, lysis = of
    window = np.abs(plate.full.mean - plate.none.mean)
    share = lysis / 100
    if scatter is None:
        own = level.error**2 * level.count
    else:
        own = np.maximum(scatter[0], scatter[1] * np.abs(signal)) ** 2
    total = own / wells + (plate.none.error * (1 - share)) ** 2 + (plate.full.error * share) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(100 * np.sqrt(total) / window)


def of_growth(plate: Specific) -> list[Flag]:
    """Targets that grew beside effectors while lysis is read: slowed growth, no loss of targets."""
    if plate.hours.size < 2 or not plate.readout.normalized:
        return []
    lysis = plate.lysis
    found: list[tuple[Well, ...]] = []
    shown = []
    for k, group in enumerate(plate.groups):
        grown = plate.grown(k)
        if grown[-1] > GREW and lysis[k, -1] > COUNTED:
            found.append(group.level.wells)
            shown.append(f"{group.effector} {group.et:g}:1 x{grown[-1]:.1f}, {lysis[k, -1]:.0f} %")
    if not found:
        return []
    alone = plate.none.mean[-1] / plate.none.mean[0]
    what = f"targets outgrow the effectors ({'; '.join(shown[:4])}{'; ...' * (len(shown) > 4)})"
    do = f"Targets alone grew x{alone:.1f}: lysis here is slowed growth, no loss."
    wells = [well for those in found for well in those]
    return [flag("target outgrowth", plate, wells, (what, do), False)]
