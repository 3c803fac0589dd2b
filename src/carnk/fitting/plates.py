"""What is wrong with plates and curves: found, named by row, and kept out of every fit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.stats import chi2

from ..base import DataError, Problem
from .lysis_data import WELL_HOURS, WELLS, Array, CellReader, Curve, antigen_of, read_rows

MOST, LEAST = 100.0, -20.0  # percent of lysis that a well can show
SPONTANEOUS = 0.6  # of maximum release, from which lysis cannot be read
REVERSED = 0.001  # chance below which a fall of lysis with E:T is no noise
LEAST_SD = 3.0  # percent; replicates on one plate agree too well


@dataclass(frozen=True)
class Checked:
    """Curves that may be fitted, and what was left out and why."""

    curves: tuple[Curve, ...]
    flags: tuple[Problem, ...]


def check(curves: Sequence[Curve], file: str) -> Checked:
    """Flag impossible points, reversed curves and swapped or repeated plates.

    A flagged point or pair of curves is left out. Where one curve is reversed the plate cannot be
    trusted: every curve of that donor, target and time is left out with it.
    """
    flags: list[Problem] = []
    kept = [each for curve in curves if (each := _possible(curve, file, flags)).rows]
    bad: set[int] = set()
    for curve in kept:
        if _rises_as_et_falls(curve):
            plate = {i for i, other in enumerate(kept) if _plate_of(other) == _plate_of(curve)}
            rows = ", ".join(str(row) for i in sorted(plate) for row in kept[i].rows)
            what = f"lysis rises as E:T falls ({curve.name}: {_shown(curve)})"
            do = f"All curves of that donor and target are left out (rows {rows})."
            flags.append(Problem(_rows(file, curve), what, do))
            bad |= plate
    for i, j in combinations(range(len(kept)), 2):
        found = _swapped(kept[i], kept[j]) or _repeated(kept[i], kept[j])
        if found and not bad & {i, j}:
            places = f"{_rows(file, kept[i])} and {_rows(file, kept[j])}"
            names = f"{kept[i].name} and {kept[j].name}"
            flags.append(Problem(places, f"{found} ({names})", "Both curves are left out."))
            bad |= {i, j}
    return Checked(tuple(c for i, c in enumerate(kept) if i not in bad), tuple(flags))


def _possible(curve: Curve, file: str, flags: list[Problem]) -> Curve:
    fine = (curve.lysis <= MOST) & (curve.lysis >= LEAST)
    for row, lysis, ok in zip(curve.rows, curve.lysis, fine):
        if not ok:
            what = f"lysis of {lysis:g} % is outside {LEAST:g} to {MOST:g} % ({curve.name})"
            flags.append(Problem(f"{file}:{row}", what, "The row is left out."))
    return curve.keep(fine)


def _plate_of(curve: Curve) -> tuple[str, str, float]:
    return curve.donor, curve.target, curve.hours


def _error(curve: Curve) -> Array:
    return np.maximum(curve.sd / np.sqrt(curve.replicates), LEAST_SD)


def _rises_as_et_falls(curve: Curve) -> bool:
    """Whether the best curve that never falls with E:T is refuted by chi-square."""
    if curve.et.size < 3:
        return False
    weight = 1 / _error(curve) ** 2
    best = isotonic_regression(curve.lysis[::-1], weights=weight[::-1]).x[::-1]
    misfit = float(np.sum(weight * (curve.lysis - best) ** 2))
    return bool(misfit > chi2.isf(REVERSED, curve.et.size - 1))


def _swapped(a: Curve, b: Curve) -> str:
    """A CAR that lyses less than the same donor's cells without one, at every E:T."""
    same = _plate_of(a) == _plate_of(b)
    if not same or a.has_car == b.has_car:
        return ""
    car, bare = (a, b) if a.has_car else (b, a)
    et, i, j = np.intersect1d(car.et, bare.et, return_indices=True)
    if et.size < 3:
        return ""
    z = (bare.lysis[j] - car.lysis[i]) / np.hypot(_error(car)[i], _error(bare)[j])
    clear = np.all(z > 0) and float(np.sum(z**2)) > chi2.isf(REVERSED, et.size)
    return "the CAR lyses less than cells without it at every E:T: swapped plates?" if clear else ""


def _repeated(a: Curve, b: Curve) -> str:
    """The same numbers under two names."""
    if a.et.size < 3 or a.et.size != b.et.size or not np.array_equal(a.lysis, b.lysis):
        return ""
    return "the same lysis stands under two names: a plate pasted twice?"


def _rows(file: str, curve: Curve) -> str:
    return f"{file}: rows {', '.join(map(str, sorted(set(curve.rows))))}"


def _shown(curve: Curve) -> str:
    return ", ".join(f"{e:g}:1 {x:g} %" for e, x in zip(curve.et, curve.lysis))


def read_wells(path: Path) -> tuple[list[Curve], list[Problem]]:
    """Lysis curves from raw release: maximum, spontaneous and sample wells of each plate.

    Columns donor,target,kind,effector,et,signal and, if known, hours and well. A well outside
    -20 to 100 % is named and left out; a plate whose spontaneous release is near its maximum is
    named and left out whole. DataError where a plate lacks its controls or a cell is no number.
    """
    reader = CellReader(path.name)
    plates: dict[tuple[str, str, float], list[tuple[str, str, float, float, str]]] = {}
    lines: dict[str, int] = {}
    for line, row in read_rows(path, WELLS):
        well = row.get("well", "").strip() or f"row {line}"
        lines[well] = line
        ratio = reader.ratio(line, row["et"]) if row["kind"] == "sample" else 0.0
        hours = reader.number(line, "hours", row.get("hours", ""), WELL_HOURS)
        signal = reader.number(line, "signal", row["signal"])
        kind = row["effector"] if row["kind"] == "control" else row["kind"]
        plate = plates.setdefault((row["donor"], row["target"], hours), [])
        plate.append((kind, row["effector"], ratio, signal, well))
    flags: list[Problem] = []
    curves: list[Curve] = []
    for key, wells in plates.items():
        curves += _plate(path.name, key, wells, (lines, flags, reader.problems))
    if reader.problems:
        raise DataError(reader.problems, path.name)
    return curves, flags


def _plate(
    file: str,
    key: tuple[str, str, float],
    wells: list[tuple[str, str, float, float, str]],
    notes: tuple[dict[str, int], list[Problem], list[Problem]],
) -> list[Curve]:
    lines, flags, problems = notes
    donor, target, hours = key
    where = f"{file}: donor {donor}, {target}"
    control = {k: [w for w in wells if w[0] == k] for k in ("maximum", "spontaneous")}
    for kind, there in control.items():
        if not there:
            problems.append(Problem(where, f"there are no wells of {kind} release"))
    if not all(control.values()):
        return []
    most, least = (float(np.mean([w[3] for w in ws])) for ws in control.values())
    if least > SPONTANEOUS * most:
        named = ", ".join(w[4] for w in control["spontaneous"])
        what = f"spontaneous release is {least / most:.0%} of maximum (wells {named})"
        flags.append(Problem(where, what, "The plate is left out."))
        return []
    found: dict[str, dict[float, list[float]]] = {}
    rows: dict[str, list[int]] = {}
    for kind, effector, ratio, signal, well in wells:
        if kind != "sample":
            continue
        lysis = 100 * (signal - least) / (most - least)
        rows.setdefault(effector, []).append(lines[well])
        if not LEAST <= lysis <= MOST:
            what = f"well {well} ({effector}, {ratio:g}:1) shows {lysis:.0f} % lysis"
            flags.append(Problem(where, what, "The well is left out."))
            continue
        found.setdefault(effector, {}).setdefault(ratio, []).append(lysis)
    made = []
    for effector, by_ratio in found.items():
        et = np.array(sorted(by_ratio, reverse=True))
        groups = [np.array(by_ratio[e]) for e in et]
        sd = np.array([g.std(ddof=1) if g.size > 1 else 5.0 for g in groups])
        first = rows[effector][0]
        empty = Curve(donor, target, effector, "", hours, et, sd, sd, sd, (first,) * et.size)
        mean, n = np.array([g.mean() for g in groups]), np.array([float(g.size) for g in groups])
        made.append(replace(empty, antigen=antigen_of(effector), lysis=mean, replicates=n))
    return made
