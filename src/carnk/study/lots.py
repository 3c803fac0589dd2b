"""Lots of a study whose product names a process: made once, shared by the patients of a cohort."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base import Node, Problem, SpecError, did_you_mean, read_text
from ..domain import ProcessFile, Study
from ..killing.arms import Build, build, potency_test
from ..library import Number, View
from .numbers import Array, Sampler, own_of, world_count

if TYPE_CHECKING:
    from ..making import Dose, Lots, Process

RUNS = 2000  # simulated runs of the process; a study's lots are the released ones in their order
SHARED = 5  # most patients simulated of one lot: 1,000 patients fill two lots in each world
TAKEN = ("viability_after_thaw", "recovery_after_thaw", "vcn", "t_cells_per_kg")


@dataclass(frozen=True)
class MadeLots:
    """Attributes of each patient's lot, as its process made it.

    potency: killing relative to the median lot of the source's built-in process; potency_sd: of
    its logarithm between lots; memory_like: share of memory-like cells; has_memory: whether any
    lot of the process has them.
    """

    lot: NDArray[np.int64]
    car_positive: Array
    viability: Array
    recovery: Array
    vcn: Array
    t_cells_per_kg: Array
    potency: Array
    memory_like: Array
    potency_sd: float
    has_memory: bool

    def drawn(self, s: Sampler) -> dict[str, Array]:
        """What patients get of their lots.

        What potency leaves of the spread of killing, or a range that the study gives, is between
        patients.
        """
        if s.varies_as_given("kill_car"):
            own = s.value("kill_car", "kill")
        else:
            left = np.maximum(s.median("kill_spread") ** 2 - self.potency_sd**2, 0.0)
            own = s.median("kill_car") * np.exp(np.sqrt(left) * s.z["kill"])
        kill = own * self.potency
        if self.has_memory:
            kill = kill * (1 + self.memory_like * (s.value("memory_like_kill") - 1))
        return {
            "lot": self.lot.astype(float),
            "kill_per_day": kill,
            "car_positive": self.car_positive,
            "viability": self.viability,
            "recovery": self.recovery,
            "vcn": self.vcn,
            "t_cells_per_kg": self.t_cells_per_kg,
            "potency": self.potency,
        }


def process_file(name: str, folder: Path) -> ProcessFile:
    """The process of this name: a built-in one, or a file beside the study.

    folder: where the study file is. SpecError, without a place, if there is no such process.
    """
    from ..making import built_in

    if name in built_in():
        return ProcessFile(name)
    path = folder / name
    if Path(name).name != name or path.suffix not in (".yaml", ".yml") or not path.is_file():
        nearest = did_you_mean(name, built_in()) or f"Built in: {', '.join(built_in())}."
        what = f"'{name}' is neither a built-in process nor a YAML file beside the study"
        raise SpecError(Problem("", what, nearest))
    return ProcessFile(name, read_text(path))


def process_problems(
    node: Node, values: dict[str, Any], folder: Path
) -> tuple[ProcessFile | None, list[Problem]]:
    """(process file, problems) of `product.process` in a study file; (None, []) without one."""
    product = values["product"] or {}
    place = product.get("process") and node.fields["product"].get("process")
    if not place:
        return None, []
    try:
        file = process_file(str(product["process"]), folder)
        process = _process(file)
    except SpecError as error:
        return None, [p if p.where else p.at(place.where) for p in error.problems]
    return file, [*_mismatches(place, product, process), *_given_twice(node, values, file.name)]


def _mismatches(place: Node, product: dict[str, Any], process: Process) -> list[Problem]:
    """The process makes the cells of the study's product."""
    if process.cells != "nk":
        what = f"'{process.name}' makes T cells, and a study is of CAR-NK cells"
        return [place.problem(what, "Name a process of NK cells.")]
    problems = []
    construct = product["construct"] or {}
    for key, wanted, given in (
        ("source", product["source"], process.source),
        ("construct.delivery", construct.get("delivery"), process.delivery),
    ):
        if wanted and given and wanted != given:
            what = f"'{process.name}' is of {given}, but '{key}' is {wanted}"
            problems.append(place.problem(what, "Change one of them."))
    if product["memory_like_fraction"]:
        what = f"'{process.name}' sets the share of memory-like cells"
        do = "Leave 'memory_like_fraction' out; a step of the process makes such cells."
        problems.append(place.problem(what, do))
    return problems


def _given_twice(node: Node, values: dict[str, Any], name: str) -> list[Problem]:
    """Numbers of lots come from the process or from the study, not from both."""
    own = {*TAKEN, *(n for n in values["numbers"] or () if n.startswith("car_positive_"))}
    block = node.get("numbers")
    do = "Leave it out, or set it in a process file of your own."
    return [
        child.problem(f"'{number_id}' of the lots comes from the process '{name}'", do)
        for number_id, child in (block.fields if block else {}).items()
        if number_id in own
    ]


def lot_numbers(study: Study, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lot of each patient of a study that is no trial, as in `numbered`.

    In every world lots are used up one after another: a lot treats as many patients as it has
    doses for, at the highest dose and the most infusions of the study, up to five.
    """
    infusions = max(len(arm.regimen.infusion.days) for arm in study.arms)
    count = world_count()
    nth, world = np.divmod(ids, count)
    treated = _treated(*_asked(study), own_of(study), infusions)
    own = np.empty_like(ids)
    for each in np.unique(world):
        here = world == each
        turns, left = np.divmod(nth[here], treated[each, -1])
        own[here] = turns * treated.shape[1] + np.searchsorted(treated[each], left, side="right")
    return np.asarray(own * count + world)


def numbered(ids: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The lot of each patient, `size` to a lot; all patients of a lot live in one world."""
    count = world_count()
    return np.asarray(ids // (count * size) * count + ids % count)


def lots_of(
    study: Study, view: View, ids: NDArray[np.int64], lot: NDArray[np.int64] | None = None
) -> MadeLots:
    """Attributes of these patients' lots; the view notes what making them read.

    lot: each patient's lot in a trial; in other studies it follows from the patient's id.
    """
    lots = made(study)
    if lot is None:
        lot = lot_numbers(study, ids)
    for number in lots.numbers:
        view.number(number.id)
    row = lots.index_released[lot % lots.index_released.size]
    spread = float(np.log(lots.potency[lots.index_released]).std())
    return MadeLots(
        lot,
        lots.car_positive[row],
        lots.viability_after_thaw[row],
        lots.recovery_after_thaw[row],
        lots.vcn_car_positive[row],
        lots.t_cells_per_kg[row],
        lots.potency[row] / _typical_potency(lots.process.source, study.seed),
        lots.memory_like[row],
        spread,
        bool(lots.memory_like.any()),
    )


def made(study: Study) -> Lots:
    """Runs of the study's process for the highest dose of its arms; SpecError if none is released.

    The study has a process.
    """
    return _made(*_asked(study), own_of(study))


def _asked(study: Study) -> tuple[ProcessFile, Dose, int, Build]:
    """(process, highest dose of the arms, seed, what kills): what a study's lots hang on."""
    from ..making import Dose

    assert study.product.process is not None
    highest = max((arm.regimen.infusion for arm in study.arms), key=lambda each: each.amount)
    dose = Dose(highest.amount, highest.per, highest.counts)
    construct = study.product.construct
    killer = build(study.product.source, construct.target, construct.domains)
    return study.product.process, dose, study.seed, killer


@lru_cache(maxsize=4)
def _made(file: ProcessFile, dose: Dose, seed: int, killer: Build, own: tuple[Number, ...]) -> Lots:
    from ..making import make

    process = replace(_process(file), dose=dose).with_own(own)
    lots = make(process, RUNS, seed, potency_test(killer))
    if not lots.index_released.size:
        what = f"none of {RUNS:,} simulated runs is released with a dose of {dose.amount:g} cells"
        do = "Give a lower dose, or change the process or its release tests."
        raise SpecError(Problem("process", what, do))
    return lots


@lru_cache(maxsize=4)
def _typical_potency(source: str, seed: int) -> float:
    """Median potency of released lots of the built-in process of a source.

    The library's killing is that of such lots, so that another process is relative to them.
    """
    from ..making import built_in, make, read

    usual = next(each for each in map(read, built_in()) if each.source == source)
    lots = make(usual, RUNS, seed)
    return float(np.median(lots.potency[lots.index_released]))


@lru_cache(maxsize=4)
def _treated(
    file: ProcessFile,
    dose: Dose,
    seed: int,
    killer: Build,
    own: tuple[Number, ...],
    infusions: int,
) -> NDArray[np.int64]:
    """Patients that a world's first, first two, ... lots treat, until its lots come round again."""
    lots, count = _made(file, dose, seed, killer, own), world_count()
    size = lots.index_released.size
    lot = np.arange(size // gcd(size, count)) * count + np.arange(count)[:, None]
    doses = lots.doses[lots.index_released[lot % size]]
    return np.cumsum(np.clip(doses // infusions, 1, SHARED), axis=1)


@lru_cache(maxsize=4)
def _process(file: ProcessFile) -> Process:
    from ..making import parse, read

    return parse(file.text, Path(file.name).name) if file.text else read(file.name)
