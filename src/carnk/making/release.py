"""Release tests: what a lot is, what a laboratory measures of it, and whether that passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from ..library import table
from .batch import Array, Batch, Draw, shifted
from .process import Process, Specification

Lysis = Callable[[Array, float], Array]
PRESETS_TABLE = "release_presets"
LEAST = 1e-6  # where a share or a count of nothing is measured


@dataclass(frozen=True)
class Test:
    """A kind of test: its unit, the scale of its error ('logit', 'log' or 'yes'), its numbers."""

    unit: str
    scale: str
    error: str = ""
    chance: str = ""
    meaning: str = ""


TESTS: Mapping[str, Test] = {
    "viability": Test("1", "logit", "error_viability", meaning="viable cells at harvest"),
    "purity": Test("1", "logit", "error_purity", meaning="target cells among viable cells"),
    "t_cells_per_kg": Test(
        "cell/kg", "log", "error_t_cells", meaning="residual TCR-positive T cells in a dose"
    ),
    "car_positive": Test("1", "logit", "error_car_positive", meaning="CAR+ among target cells"),
    "vcn_total": Test("copies/cell", "log", "error_vcn", meaning="copies per total cell"),
    "vcn_car_positive": Test("copies/cell", "log", "error_vcn", meaning="copies per CAR+ cell"),
    "oncogene_hits": Test(
        "copies/cell", "log", "error_hits",
        meaning="copies near a proto-oncogene per total cell: a proxy",
    ),
    "endotoxin": Test("EU/mL", "log", "error_endotoxin", meaning="endotoxin"),
    "feeders": Test("1", "log", "error_feeders", meaning="feeders among cells"),
    "potency": Test("1", "logit", "error_potency", meaning="specific lysis at the stated E:T"),
    "sterility": Test("1", "yes", chance="contamination_per_step", meaning="no growth"),
    "mycoplasma": Test("1", "yes", chance="mycoplasma_chance", meaning="none found"),
    "rcl": Test("1", "yes", chance="rcl_chance", meaning="no replication-competent virus"),
    "identity": Test("1", "yes", chance="mixup_chance", meaning="is what the label says"),
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """One test of every lot: its true value, what was measured, whether that passed.

    chance: of passing given the true value. meets: whether the true value is within the limits.
    For tests that find something or not, the value is 1 where there is something to find.
    """

    spec: Specification
    true: Array
    measured: Array
    passed: NDArray[np.bool_]
    chance: Array
    meets: NDArray[np.bool_]


@cache
def presets() -> dict[str, tuple[Specification, ...]]:
    """Sets of release tests by name, from published specifications."""
    found: dict[str, list[Specification]] = {}
    for row in table(PRESETS_TABLE).iter_rows(named=True):
        source = row["source"] or f"assumed: {row['why']}"
        spec = Specification(row["test"], row["low"], row["high"], row["et"], source)
        found.setdefault(row["preset"], []).append(spec)
    return {name: tuple(specs) for name, specs in found.items()}


def lysis_law(draw: Draw, cells: str) -> Lysis:
    """Saturating lysis in E:T, for when the caller has no law of killing."""
    top, half = draw["lysis_emax"], draw["lysis_et50_t" if cells == "t" else "lysis_et50"]
    return lambda potency, et: top * et * potency / (half + et * potency)


def test(process: Process, batch: Batch, draw: Draw, lysis: Lysis | None) -> list[Outcome]:
    """Run every test of the process on every lot."""
    law = lysis or lysis_law(draw, process.cells)
    found = []
    for spec in process.release:
        if TESTS[spec.test].scale == "yes":
            found.append(_find(spec, batch, draw))
        else:
            found.append(_measure(spec, _true(spec, process, batch, draw, law), draw))
    return found


def _true(spec: Specification, process: Process, batch: Batch, draw: Draw, law: Lysis) -> Array:
    if spec.test == "t_cells_per_kg":
        return t_cells_per_kg(process, batch, draw)
    if spec.test == "potency":
        return law(batch.potency, spec.et or 1.0)
    if spec.test == "endotoxin":
        return draw.lots("endotoxin_level")
    if spec.test == "viability":
        return batch.at_harvest if batch.at_harvest is not None else batch.viability
    if spec.test == "feeders":
        return batch.feeders / np.maximum(batch.all_cells, 1e-9)
    name = {"vcn_total": "copies", "vcn_car_positive": "copies_per_car"}
    name |= {"oncogene_hits": "near_oncogene"}
    return np.asarray(getattr(batch, name.get(spec.test, spec.test)))


def t_cells_per_kg(process: Process, batch: Batch, draw: Draw) -> Array:
    """T cells with a TCR per kg in one dose at the median weight."""
    per_target = batch.t_cells / np.maximum(batch.target, 1e-9)
    per_kg = process.dose.amount / (1.0 if process.dose.per == "kg" else draw["weight"])
    if process.dose.counts == "car_positive":
        per_target = per_target / np.maximum(batch.car_positive, 1e-3)
    return np.asarray(per_kg * per_target)


def _measure(spec: Specification, true: Array, draw: Draw) -> Outcome:
    """Add the error of measurement on the scale of the test, and compare with the limits."""
    from scipy.special import ndtr

    kind = TESTS[spec.test]
    z = draw.normals(f"error of {spec.test}")
    size = draw[kind.error]
    if kind.scale == "logit":
        measured, at = shifted(true, size * z), _logit
    else:
        size = sqrt(log1p(size**2))
        measured, at = true * np.exp(size * z), _log
    passed = np.ones(true.size, bool)
    meets = np.ones(true.size, bool)
    chance = np.ones(true.size)
    if spec.low is not None:
        passed &= measured >= spec.low
        meets &= true >= spec.low
        chance = chance - ndtr((at(np.full(true.size, spec.low)) - at(true)) / size)
    if spec.high is not None:
        passed &= measured <= spec.high
        meets &= true <= spec.high
        chance = chance - ndtr((at(true) - at(np.full(true.size, spec.high))) / size)
    return Outcome(spec, true, measured, passed, np.clip(chance, 0, 1), meets)


def _find(spec: Specification, batch: Batch, draw: Draw) -> Outcome:
    """A test that finds something or not: it can miss what is there and see what is not."""
    chance = np.full(draw.size, draw[TESTS[spec.test].chance])
    if spec.test == "sterility":
        chance = 1 - (1 - chance) ** batch.open_steps
    there = draw.happens(chance, f"there is {spec.test}")
    seen = np.where(there, draw["detection"], draw["false_positive"])
    found = draw.happens(seen, f"found {spec.test}")
    return Outcome(spec, there.astype(float), found.astype(float), ~found, 1 - seen, ~there)


def _log(x: Array) -> Array:
    return np.log(np.maximum(x, 1e-12))


def _logit(x: Array) -> Array:
    inside = np.clip(x, LEAST, 1 - LEAST)
    return np.log(inside / (1 - inside))
