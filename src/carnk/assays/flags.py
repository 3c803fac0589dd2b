"""What is wrong with the wells of a killing assay: found, named, and kept out of fits if grave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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
CHANCE = 0.01  # of a plate without fault to have an outlier or a well out of range
OFTEN = 0.2  # of a course's times
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
    gap = abs(most - least) / max(float(np.hypot(none.error, full.error).mean()), 1e-300)
    if gap < 4:
        text = ("the controls cannot be told apart", "The plate is left out.")
        return [flag("controls", plate, every, text, True)]
    released = full.wells[0].kind == MAXIMUM and plate.readout.exact is None
    if not released:
        return []
    if least >= most:
        text = ("spontaneous release is above maximum: swapped?", "The plate is left out.")
        return [flag("swapped controls", plate, every, text, True)]
    share = least / most
    what = f"spontaneous release is {share:.0%} of maximum"
    if share > TOO_HIGH:
        what += f" ({named(none.wells)})"
        text = (what, "Lysis cannot be read: the plate is left out.")
        return [flag("spontaneous release", plate, every, text, True)]
    if share > HIGH:
        text = (what, "Usual is at most 30 %: intervals are wide, no well is left out.")
        return [flag("spontaneous release", plate, none.wells, text, False)]
    return []


def of_range(plate: Specific) -> list[Flag]:
    """Wells over 100 % or below -20 %: beyond the noise of wells and controls, or within it."""
    found: dict[tuple[str, bool], list[tuple[Well, float]]] = defaultdict(list)
    wells = [(g, w) for g in plate.groups for w in g.level.wells]
    scatter = usual(plate)
    df = max(sum(g.level.count - 1 for g in plate.groups) / 2, 2.0)
    reach = float(stdtrit(df, 1 - CHANCE / (2 * len(wells))))
    for group, well in wells:
        lysis = plate.well_lysis(well)
        error = _well_error(plate, group.level, (well.signal, lysis), scatter)
        for side, past in (("over", lysis - MOST), ("below", LEAST - lysis)):
            read = np.isfinite(past)
            if not read.any() or not _often(past[read] > 0):
                continue
            sure = _often((past - reach * error)[read] > 0)
            found[side, sure].append((well, float(np.nanmean(lysis))))
    flags = []
    for (side, sure), those in found.items():
        limit = f"{'over 100' if side == 'over' else 'below -20'} %"
        shown = ", ".join(f"{w.name} {x:.0f} %" for w, x in those[:8]) + ", ..." * (len(those) > 8)
        text = (
            f"lysis {limit} beyond noise ({shown})" if sure else f"lysis {limit} ({shown})",
            "Left out of fits." if sure else "Within the noise of wells and controls: kept.",
        )
        flags.append(flag(f"lysis {limit}", plate, [w for w, _ in those], text, sure))
    return flags


def _often(past: NDArray[np.bool_]) -> bool:
    return bool(np.mean(past) > OFTEN)


def _well_error(
    plate: Specific, level: Level, of: tuple[Array, Array], scatter: tuple[float, float] | None
) -> Array:
    """Error of one well's lysis with that of the controls, percent, (times,).

    of: its signal and lysis; the scatter of a well is the plate's, be it even or in proportion.
    """
    signal, lysis = of
    window = np.abs(plate.full.mean - plate.none.mean)
    share = lysis / 100
    if scatter is None:
        own = level.error**2 * level.count
    else:
        own = np.maximum(scatter[0], scatter[1] * np.abs(signal)) ** 2
    total = own + (plate.none.error * (1 - share)) ** 2 + (plate.full.error * share) ** 2
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
