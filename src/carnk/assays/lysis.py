"""A killing assay from its wells: flags, lysis, curves, lytic units, courses, arms beside arms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from ..base import DataError, Problem, pseudonyms
from . import flags as judged
from .arms import Combination, Synergy, kill_per_effector, ratio, synergy
from .curve_flags import Finding, check, findings
from .curve_plates import plates_of
from .curves import Curve, antigen_of, is_of_curves, read_curves
from .et_curve import Curves, Estimate, Fitted, chosen, fitted, lytic_units
from .flags import Flag
from .lysis_courses import CourseNumbers, course_numbers
from .lysis_files import Asked, normalized, read_wells
from .reuse_flags import of_blocks, of_other_controls
from .scatter_flags import of_outliers, of_place
from .specific import Readout, Specific, readout_named, specific
from .wells import Array, Well, Wells, named

DRAWS = 400
SEED = 1
TARGETS_PER_WELL = 10_000.0
FLOOR = 2.0  # percent, that a curve may be off: weighs points whose replicates agree too well
NO_SD = 5.0  # percent, of a group without replicates


@dataclass(frozen=True)
class Arm:
    """One effector of one donor on one target and plate, over E:T.

    et: (E:T,); lysis, low, high: percent, (E:T, times); sd: of replicates at the last time, (E:T,);
    wells: name and raw lysis, by E:T; fitted: the curve at the last time; lytic: LU30 per 1e7
    effectors; courses: by E:T, empty for one time; draws: (1 + draws, E:T, times), the first row
    the data.
    """

    plate: str
    donor: str
    target: str
    effector: str
    hours: Array
    et: Array
    lysis: Array
    low: Array
    high: Array
    sd: Array
    replicates: tuple[int, ...]
    wells: tuple[tuple[tuple[str, Array], ...], ...]
    draws: Array
    fitted: Fitted
    lytic: Estimate
    courses: tuple[CourseNumbers, ...]

    @property
    def name(self) -> str:
        """How tables name it."""
        return " ".join(part for part in (self.effector, self.donor and f"({self.donor})") if part)

    @property
    def place(self) -> tuple[str, str, str]:
        """What arms that can be compared share: plate, target, donor."""
        return self.plate, self.target, self.donor

    @property
    def curves(self) -> Curves | None:
        """Curves of the fit and of its draws, None if there is no fit."""
        return self.fitted.curves


@dataclass(frozen=True)
class Pair:
    """Two arms of one plate, target and donor: ET50 of the second over the first, and killing.

    et50: above 1 where `first` needs fewer effectors; killing: kills per effector at few effectors,
    `first` over `second`.
    """

    first: Arm
    second: Arm
    et50: Estimate
    killing: Estimate


@dataclass(frozen=True)
class Lysis:
    """What `analyze` found. all_wells: as read, before anything was left out."""

    file: str
    readout: Readout
    arms: tuple[Arm, ...]
    flags: tuple[Flag, ...]
    notes: tuple[Problem, ...]
    pairs: tuple[Pair, ...]
    synergies: tuple[Synergy, ...]
    plates: tuple[Specific, ...]
    targets_per_well: float


@dataclass(frozen=True)
class Ask:
    """What to compute. added: hours at which effectors came in, of a course; hours: length of an
    assay whose file does not tell it."""

    readout: str
    targets_per_well: float = TARGETS_PER_WELL
    added: float | None = None
    hours: float | None = None
    combinations: tuple[Combination, ...] = ()
    draws: int = DRAWS
    seed: int = SEED


def analyze(path: Path | str, layout: Path | str | None, ask: Ask, asked: Asked) -> Lysis:
    """Read and judge a killing assay, and compute all it carries.

    Raises SpecError for files and options, DataError for what the file's content lacks.
    """
    if is_of_curves(Path(path)):
        return _of_curve_file(Path(path), ask, asked)
    readout = readout_named(ask.readout)
    read = read_wells(path, layout, asked)
    if readout.normalized:
        read = [normalized(w, ask.added) if w.is_course else w for w in read]
    if ask.hours is not None:
        length = np.array([ask.hours])
        read = [replace(w, hours=length) if w.hours.tolist() == [0.0] else w for w in read]
    return of_wells(read, readout, ask)


def of_wells(read: Sequence[Wells], readout: Readout, ask: Ask) -> Lysis:
    """Judge wells and compute what they carry; DataError where nothing is left."""
    found = [flag for wells in read for flag in judge(wells, readout)]
    plates = [
        plate for wells in read for plate in _kept(judged.without(wells, found), wells, readout)
    ]
    if not plates:
        told = [flag.problem for flag in found if flag.is_grave]
        raise DataError(told, f"{Path(read[0].file).name}: no plate can be read")
    notes = tuple(note for wells in read for note in wells.notes)
    return _computed(read[0].file, plates, (tuple(found), notes), ask)


def _computed(
    file: str,
    plates: Sequence[Specific],
    told: tuple[tuple[Flag, ...], tuple[Problem, ...]],
    ask: Ask,
) -> Lysis:
    arms = [arm for plate in plates for arm in _arms(plate, ask)]
    return Lysis(
        file=file,
        readout=plates[0].readout,
        arms=tuple(arms),
        flags=told[0],
        notes=told[1],
        pairs=tuple(_pairs(arms)),
        synergies=tuple(s for wanted in ask.combinations for s in _synergies(arms, wanted)),
        plates=tuple(plates),
        targets_per_well=ask.targets_per_well,
    )


def _of_curve_file(path: Path, ask: Ask, asked: Asked) -> Lysis:
    """Curves in percent rather than wells: what is wrong is named by row."""
    curves = read_curves(path, asked.decimal)
    known = pseudonyms((c.donor for c in curves), path.read_bytes(), keep=asked.keep_ids)
    checked = check([replace(c, donor=known[c.donor]) for c in curves], path.name)
    flags = tuple(Flag("curve", "", (), problem, is_grave=True) for problem in checked.flags)
    if not checked.curves:
        raise DataError(checked.flags, path.name)
    plates = plates_of(checked.curves)
    return _computed(path.name, plates, (flags, ()), ask)


def judge(wells: Wells, readout: Readout) -> list[Flag]:
    """All that is wrong with the wells of a file, the grave first."""
    plates = specific(wells, readout)
    found = of_blocks(wells)
    for plate in plates:
        found += judged.of_controls(plate)
    rest = judged.without(wells, found)
    plates = _kept(rest, wells, readout)
    found += of_other_controls(plates)
    plates = _kept(judged.without(wells, found), wells, readout)
    for plate in plates:
        found += judged.of_range(plate)
    plates = _kept(judged.without(wells, found), wells, readout)
    found += _of_curves(plates)
    for plate in plates:
        found += [*judged.of_growth(plate), *of_outliers(plate), *of_place(plate)]
    return sorted(found, key=lambda flag: not flag.is_grave)


def _kept(rest: Wells, wells: Wells, readout: Readout) -> list[Specific]:
    """Plates that still have samples and all of their kinds of controls."""
    have = {(w.plate, w.target, w.kind) for w in rest.wells}
    lost = {(w.plate, w.target) for w in wells.wells if (w.plate, w.target, w.kind) not in have}
    left = tuple(w for w in rest.wells if not {(w.plate, w.target), (w.plate, "")} & lost)
    return specific(Wells(rest.file, rest.hours, left), readout) if left else []


def curves_of(plate: Specific) -> list[Curve]:
    """The arms of a plate at its last time as curves, from many effectors to few."""
    return [_curve(plate, those[::-1]) for those in _arms_of(plate).values()]


def _arms_of(plate: Specific) -> dict[tuple[str, str], list[int]]:
    """Groups of each donor and effector, from few effectors to many."""
    own: dict[tuple[str, str], list[int]] = defaultdict(list)
    for k, group in enumerate(plate.groups):
        own[group.donor, group.effector].append(k)
    return own


def _curve(plate: Specific, those: Sequence[int]) -> Curve:
    groups = [plate.groups[k] for k in those]
    n = np.array([float(g.level.count) for g in groups])
    sd = plate.own_error[those, -1] * np.sqrt(n)
    rows = tuple(g.level.wells[0].row if g.level.wells else 0 for g in groups)
    return Curve(
        donor=groups[0].donor,
        target=plate.target,
        effector=groups[0].effector,
        antigen=antigen_of(groups[0].effector),
        hours=float(plate.hours[-1]),
        et=np.array([g.et for g in groups]),
        lysis=plate.lysis[those, -1],
        sd=np.where(np.isfinite(sd), sd, NO_SD),
        replicates=n,
        rows=rows,
        plate=plate.plate,
    )


def _of_curves(plates: Sequence[Specific]) -> list[Flag]:
    """Curves that rise as E:T falls, are swapped or stand twice, as flags of their wells."""
    curves = [(plate, curve) for plate in plates for curve in curves_of(plate)]
    return [_as_flag(found, curves) for found in findings([curve for _, curve in curves])]


def _as_flag(found: Finding, curves: Sequence[tuple[Specific, Curve]]) -> Flag:
    def wells(index: int) -> list[Well]:
        plate, curve = curves[index]
        own = (curve.donor, curve.effector)
        groups = [g for g in plate.groups if (g.donor, g.effector) == own]
        return [w for g in groups for w in g.level.wells]

    plate = curves[found.first[0]][0]
    shown = [w for k in found.first for w in wells(k)]
    out = [w for k in found.out for w in wells(k)]
    do = "Left out"
    if len(found.out) > len(found.first):
        do += f" with all arms of that plate and donor ({named(out)})"
    problem = Problem(f"{plate.name}, {named(shown)}", found.what, f"{do}.")
    return Flag(found.kind, plate.plate, tuple(w.name for w in shown), problem, tuple(out), True)


def _arms(plate: Specific, ask: Ask) -> list[Arm]:
    own = _arms_of(plate)
    draws = np.concatenate([plate.lysis[None], plate.draws(ask.draws, ask.seed)])
    law = _law(plate, list(own.values()))
    return [_arm(plate, those, draws[:, those], law, ask) for those in own.values()]


def _arm(plate: Specific, those: list[int], draws: Array, law: str, ask: Ask) -> Arm:
    groups = [plate.groups[k] for k in those]
    et = np.array([g.et for g in groups])
    ends = [plate.interval(k) for k in those]
    last = draws[:, :, -1]
    error = np.hypot(plate.own_error[those, -1], FLOOR)
    found = fitted(law, et, last[0], last[1:], error)
    courses: tuple[CourseNumbers, ...] = ()
    if plate.hours.size > 1:
        each = range(len(those))
        courses = tuple(course_numbers(plate.hours, draws[0, k], draws[1:, k]) for k in each)
    return Arm(
        plate=plate.plate,
        donor=groups[0].donor,
        target=plate.target,
        effector=groups[0].effector,
        hours=plate.hours,
        et=et,
        lysis=draws[0],
        low=np.array([low for low, _ in ends]),
        high=np.array([high for _, high in ends]),
        sd=_curve(plate, those).sd,
        replicates=tuple(g.level.count for g in groups),
        wells=tuple(tuple((w.name, plate.well_lysis(w)) for w in g.level.wells) for g in groups),
        draws=draws,
        fitted=found,
        lytic=lytic_units(found, ask.targets_per_well),
        courses=courses,
    )


def _law(plate: Specific, arms: Sequence[Sequence[int]]) -> str:
    """The law of most arms of a plate by AICc, so that its arms can be compared."""
    votes: list[str] = []
    for those in arms:
        et = np.array([plate.groups[k].et for k in those])
        error = np.hypot(plate.own_error[those, -1], FLOOR)
        lysis = plate.lysis[those, -1]
        wells = sum(len(plate.groups[k].level.wells) for k in those)
        if np.isfinite(error).all() and np.isfinite(lysis).all():
            votes.append(chosen(et, lysis, error, wells))
    return max(("hyperbola", "logistic"), key=votes.count)


def _pairs(arms: Sequence[Arm]) -> list[Pair]:
    by_place: dict[tuple[str, str, str], list[Arm]] = defaultdict(list)
    for arm in arms:
        by_place[arm.place].append(arm)
    return [
        pair(*sorted(two, key=lambda a: -float(a.lysis[:, -1].mean())))
        for those in by_place.values()
        for two in combinations(those, 2)
    ]


def pair(first: Arm, second: Arm) -> Pair:
    """Two arms of one plate beside each other; no number where one of them has no curve."""
    one, other = first.curves, second.curves
    if one is None or other is None:
        lacking = first if one is None else second
        nothing = Estimate(None, why=f"{lacking.name}: {lacking.fitted.et50.why}")
        return Pair(first, second, nothing, nothing)
    killing = ratio(kill_per_effector(one), kill_per_effector(other))
    lacking_et50 = next((a for a in (first, second) if a.fitted.et50.value is None), None)
    if lacking_et50 is not None:
        why = f"{lacking_et50.name}: {lacking_et50.fitted.et50.why}"
        return Pair(first, second, Estimate(None, why=why), killing)
    return Pair(first, second, ratio(other.et50, one.et50), killing)


def _synergies(arms: Sequence[Arm], wanted: Combination) -> list[Synergy]:
    """The combination on every plate, target and donor that has its arms."""
    by_place: dict[tuple[str, str, str], dict[str, Arm]] = defaultdict(dict)
    for arm in arms:
        by_place[arm.place][arm.effector] = arm
    having = [those for those in by_place.values() if wanted.together in those] or [
        {arm.effector: arm for arm in arms}
    ]
    return [_synergy(those, wanted) for those in having]


def _synergy(arms: Mapping[str, Arm], wanted: Combination) -> Synergy:
    return synergy(
        wanted,
        {name: arm.et for name, arm in arms.items()},
        {name: arm.draws[:, :, -1] for name, arm in arms.items()},
        {name: arm.curves for name, arm in arms.items()},
    )


def curves_of_wells(path: Path) -> tuple[list[Curve], list[Problem]]:
    """Curves from a list of wells of released dye, and what was left out of them.

    Columns as in `lysis_files`; DataError where a plate lacks its controls or a cell is no number.
    """
    read = read_wells(path, None, Asked(keep_ids=True))
    readout = readout_named("calcein")
    found = [flag for wells in read for flag in judge(wells, readout)]
    plates = [p for wells in read for p in _kept(judged.without(wells, found), wells, readout)]
    grave = [flag.problem for flag in found if flag.is_grave]
    return [curve for plate in plates for curve in curves_of(plate)], grave
