"""The same readings twice, and wells that another plate's controls fit better: pasted plates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.stats import chi2

from ..base import Problem
from .et_curve import FEWEST, LAWS, LOGISTIC, fit
from .flags import MOST, Flag
from .scatter_flags import place
from .specific import Specific
from .wells import Well, Wells, named

SHORTEST = 3  # readings in a row
BY_CHANCE = 1e-4  # runs as long that a file would hold by chance
MOST_TIES = 50  # of one reading that are looked through
REFUTED, ACCEPTED = 1e-4, 1e-3  # chances of the misfit under own and under other controls
BETTER = 100.0  # times the chance
FAR, SEVERAL = 4.0, 2  # standard errors from 0 or 100 %, and E:T, that no noise explains
LEAST_ERROR = 3.0  # percent; replicates on one plate agree too well
Key = tuple[float, ...]


def of_blocks(wells: Wells) -> list[Flag]:
    """Runs of readings that stand twice in a file, on one plate or two, along rows or columns.

    How often single readings agree outside such runs (counts, rounded values) says how many runs
    as long a file would hold by chance; those of one value throughout (a floor or a ceiling of the
    reader) are not counted.
    """
    keys = {id(w): tuple(np.round(w.signal, 9)) for w in wells.wells}
    runs = [
        run
        for order in _orders(wells.wells)
        for run in _runs([(w, keys[id(w)]) for w in order])
        if len({key for a, _ in run for key in keys[id(a)]}) > 1
    ]
    twins = {(id(a), id(b)): (a, b) for run in runs for a, b in run}
    ties = sum(n * (n - 1) / 2 for n in Counter(keys.values()).values())
    every = len(wells.wells) * (len(wells.wells) - 1) / 2
    agree = (max(ties - len(twins), 0.0) + 0.5) / max(every, 1.0)
    pairs = {
        (id(a), id(b)): (a, b)
        for run in runs
        if every * agree ** len(run) < BY_CHANCE or wells.is_course
        for a, b in run
    }
    return [_reused(wells.file, those) for those in _by_plates(list(pairs.values()))]


def _by_plates(pairs: Sequence[tuple[Well, Well]]) -> list[list[tuple[Well, Well]]]:
    found: dict[tuple[str, str], list[tuple[Well, Well]]] = defaultdict(list)
    for a, b in pairs:
        found[a.plate, b.plate].append((a, b))
    return list(found.values())


def _reused(file: str, pairs: Sequence[tuple[Well, Well]]) -> Flag:
    first = list({id(a): a for a, _ in pairs}.values())
    second = list({id(b): b for _, b in pairs}.values())
    plates = f"plate {first[0].plate}, {named(first)} and plate {second[0].plate}, {named(second)}"
    both = list({id(w): w for w in (*first, *second)}.values())
    what = f"the same {len(pairs)} readings stand twice: a block pasted?"
    problem = Problem(f"{file}: {plates}", what, "All of them are left out.")
    names = tuple(w.name for w in both)
    return Flag("reused block", first[0].plate, names, problem, tuple(both), True)


def _orders(wells: Sequence[Well]) -> Iterator[list[Well]]:
    """Wells as they stand in the file, by rows of the plate and by its columns."""
    yield list(wells)
    places = [(w, place(w.name)) for w in wells]
    known = [(w, p) for w, p in places if p is not None]
    if len(known) == len(wells):
        yield [w for w, _ in sorted(known, key=lambda wp: (wp[0].plate, wp[1][1], wp[1][0]))]


def _runs(order: Sequence[tuple[Well, Key]]) -> Iterator[list[tuple[Well, Well]]]:
    """Longest runs of equal readings at two places that do not overlap; of courses, one well."""
    at: dict[Key, list[int]] = defaultdict(list)
    for k, (_, key) in enumerate(order):
        at[key].append(k)
    shortest = 1 if order and len(order[0][1]) >= SHORTEST else SHORTEST
    for i, (_, key) in enumerate(order):
        for j in at[key][:MOST_TIES]:
            if j <= i or (i > 0 and order[i - 1][1] == order[j - 1][1]):
                continue  # begun before
            n = 0
            while j + n < len(order) and i + n < j and order[i + n][1] == order[j + n][1]:
                n += 1
            if n >= shortest:
                yield [(order[i + k][0], order[j + k][0]) for k in range(n)]


def of_other_controls(plates: Sequence[Specific]) -> list[Flag]:
    """Arms that own controls refute, and another plate's fit or no controls of theirs can."""
    flags = []
    for own in plates:
        for arm in _arms(own):
            chance = _chance(own, own, arm)
            if chance > REFUTED:
                continue
            least = max(ACCEPTED, BETTER * chance)
            better = [p for p in plates if p is not own and _chance(own, p, arm) > least]
            if better or _is_impossible(own, arm):
                flags.append(_pasted(own, arm, better))
    return flags


def _pasted(own: Specific, arm: Sequence[int], better: Sequence[Specific]) -> Flag:
    groups = [own.groups[k] for k in arm]
    wells = [w for g in groups for w in g.level.wells]
    lysis = own.lysis[list(arm), -1]
    what = f"{groups[0].effector} reads {lysis.min():.0f} to {lysis.max():.0f} % lysis"
    if better:
        others = " or ".join(each.name for each in better[:3])
        what += f", which no curve fits, and is plausible with the controls of {others}"
    else:
        what += ", which cannot be with these controls"
    what += ": wells or controls pasted?"
    where = f"{own.name}, {named(wells)}"
    problem = Problem(where, what, "The arm is left out.")
    names = tuple(w.name for w in wells)
    kind = "another plate's wells"
    return Flag(kind, own.plate, names, problem, tuple(wells), is_grave=True)


def _is_impossible(plate: Specific, arm: Sequence[int]) -> bool:
    """Whether the means of several E:T lie far below 0 or over 100 %, one way or the other."""
    levels = [plate.groups[k].level for k in arm]
    window = 100 / abs(plate.full.mean[-1] - plate.none.mean[-1])
    lysis = plate.lysis[list(arm), -1]
    own = np.array([level.error[-1] for level in levels])
    low = np.maximum(np.hypot(own, plate.none.error[-1]) * window, LEAST_ERROR)
    high = np.maximum(np.hypot(own, plate.full.error[-1]) * window, LEAST_ERROR)
    return bool(np.sum((lysis < -FAR * low) | (lysis - MOST > FAR * high)) >= SEVERAL)


def _arms(plate: Specific) -> list[list[int]]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for k, group in enumerate(plate.groups):
        found[group.donor, group.effector].append(k)
    return [each for each in found.values() if len(each) > FEWEST[LOGISTIC]]


def _chance(own: Specific, controls: Specific, arm: Sequence[int]) -> float:
    """Chance of the best curve's misfit where the arm's wells are read with some controls."""
    groups = [own.groups[k] for k in arm]
    et = np.array([g.et for g in groups])
    mean = np.array([g.level.mean[-1] for g in groups])
    error = np.array([g.level.error[-1] for g in groups])
    window = controls.full.mean[-1] - controls.none.mean[-1]
    if not (np.isfinite(window) and window):
        return 0.0
    lysis = 100 * (mean - controls.none.mean[-1]) / window
    own_error = np.maximum(100 * np.nan_to_num(error) / abs(window), LEAST_ERROR)
    chance = 0.0
    for law in LAWS:
        misfit = float(fit(law, et, lysis[None], own_error).misfit[0])
        chance = max(chance, float(chi2.sf(misfit, max(et.size - 2, 1))))
        if chance > 0.05:
            break
    return chance
