"""What is wrong with curves of lysis: impossible, rising as E:T falls, swapped, repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.stats import chi2

from ..base import Problem
from .curves import Curve
from .flags import LEAST, MOST
from .wells import Array

REVERSED = 0.001  # chance below which a fall of lysis with E:T is no noise
LEAST_SD = 3.0  # percent; replicates on one plate agree too well
REVERSED_KIND, SWAPPED_KIND, REPEATED_KIND = "rises as E:T falls", "swapped plates", "reused curve"


@dataclass(frozen=True)
class Finding:
    """What is wrong with some of the curves, by their index; `first` show it, `out` go with it."""

    kind: str
    what: str
    first: tuple[int, ...]
    out: tuple[int, ...]


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
    for found in findings(kept):
        places = " and ".join(_rows(file, kept[i]) for i in found.first)
        do = "Both curves are left out."
        if found.kind == REVERSED_KIND:
            rows = ", ".join(str(row) for i in found.out for row in kept[i].rows)
            do = f"All curves of that donor and target are left out (rows {rows})."
        flags.append(Problem(places, found.what, do))
        bad |= set(found.out)
    return Checked(tuple(c for i, c in enumerate(kept) if i not in bad), tuple(flags))


def findings(curves: Sequence[Curve]) -> list[Finding]:
    """Reversed curves with all of their plate, then pairs that are swapped or the same."""
    found = []
    bad: set[int] = set()
    for k, curve in enumerate(curves):
        if rises_as_et_falls(curve):
            plate = tuple(i for i, c in enumerate(curves) if _plate_of(c) == _plate_of(curve))
            what = f"lysis rises as E:T falls ({curve.name}: {_shown(curve)})"
            found.append(Finding(REVERSED_KIND, what, (k,), plate))
            bad |= set(plate)
    for i, j in combinations(range(len(curves)), 2):
        a, b = curves[i], curves[j]
        if bad & {i, j}:
            continue
        for kind, what in ((SWAPPED_KIND, _swapped(a, b)), (REPEATED_KIND, _repeated(a, b))):
            if what:
                found.append(Finding(kind, f"{what} ({a.name} and {b.name})", (i, j), (i, j)))
                bad |= {i, j}
                break
    return found


def _possible(curve: Curve, file: str, flags: list[Problem]) -> Curve:
    fine = (curve.lysis <= MOST) & (curve.lysis >= LEAST)
    for row, lysis, ok in zip(curve.rows, curve.lysis, fine):
        if not ok:
            what = f"lysis of {lysis:g} % is outside {LEAST:g} to {MOST:g} % ({curve.name})"
            flags.append(Problem(f"{file}:{row}", what, "The row is left out."))
    return curve.keep(fine)


def _plate_of(curve: Curve) -> tuple[str, str, str, float]:
    return curve.plate, curve.donor, curve.target, curve.hours


def _error(curve: Curve) -> Array:
    return np.maximum(curve.sd / np.sqrt(curve.replicates), LEAST_SD)


def rises_as_et_falls(curve: Curve) -> bool:
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
    return ", ".join(f"{e:g}:1 {x:.3g} %" for e, x in zip(curve.et, curve.lysis))
