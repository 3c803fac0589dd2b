"""The steps that a process file can name: how each is done, and what it is told, with limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import delivery, expansion, finishing, isolation, source
from .batch import Batch, Draw
from .process import Process, Step

Source = Callable[[Mapping[str, float], Draw, str], Batch]
Way = Callable[[str, Mapping[str, float], Draw, Batch], Batch]


@dataclass(frozen=True)
class Setting:
    """A setting: its unit, its limits, and its value when the file leaves it out."""

    unit: str
    low: float
    high: float
    default: float | None = None  # None: the file must give it
    ways: tuple[str, ...] = ()  # only for these; empty: for all


@dataclass(frozen=True)
class Kind:
    """A kind of step: its place in the order, its ways (`by`), its settings."""

    stage: int
    ways: tuple[str, ...]
    settings: Mapping[str, Setting]
    is_needed: bool = False


DAYS = Setting("day", 0.1, 90)
FED = expansion.FEEDERS
KINDS: Mapping[str, Kind] = {
    "source": Kind(
        0,
        ("apheresis", "cord_unit", "ipsc_bank", "nk92_bank", "patient"),
        {
            "units": Setting("1", 1, 10, 1, ("cord_unit",)),
            "optimal": Setting("1", 0, 1, 0, ("cord_unit",)),
            "vials": Setting("1", 1, 1000, 1, ("ipsc_bank", "nk92_bank")),
        },
        True,
    ),
    "isolate": Kind(
        1,
        (*isolation.OF_NK, "t_selection", "tcr_depletion"),
        {},
    ),
    "differentiate": Kind(1, ("ipsc",), {"days": Setting("day", 10, 90)}),
    "expand": Kind(
        1,
        (*FED, *expansion.CYTOKINES, "nk92", "cd3_cd28"),
        {
            "days": DAYS,
            "volume": Setting("mL", 1, 2e6, 10_000),
            "start_cells": Setting("cell", 1e4, 1e15, 1e15),
            "feeder_ratio": Setting("1", 0.01, 50, expansion.REFERENCE_RATIO, FED),
            "restimulate": Setting("day", 2, 90, 7, FED),
        },
    ),
    "transduce": Kind(
        1,
        ("lentiviral_vsvg", "lentiviral_baev", "retroviral_rd114"),
        {"moi": Setting("1", 0.01, 300), "days": Setting("day", 0.1, 7, 1)},
    ),
    "electroporate": Kind(1, ("electroporation", "lnp"), {"days": Setting("day", 0.1, 7, 1)}),
    "edit": Kind(1, ("tcr", "tcr_hla"), {"days": Setting("day", 0.1, 7, 1)}),
    "prime": Kind(1, ("memory_like",), {"days": Setting("day", 0.5, 7, 1.5)}),
    "irradiate": Kind(2, ("ten_gray",), {}),
    "harvest": Kind(3, ("wash",), {}, True),
    "formulate": Kind(
        4,
        ("bags",),
        {
            "cells_per_bag": Setting("cell", 1e5, 1e11),
            "volume": Setting("mL", 1, 500, 20),
            "retained": Setting("1", 0, 50, 3),
        },
        True,
    ),
    "freeze": Kind(
        5,
        ("controlled_rate",),
        {"cooling": Setting("K/min", 0.1, 100, 1), "dmso": Setting("percent", 0, 20, 10)},
        True,
    ),
    "store": Kind(6, ("vapor",), {"days": Setting("day", 0, 7300)}),
    "thaw": Kind(7, ("bedside",), {"wash": Setting("1", 0, 1, 0), "hold": Setting("day", 0, 2, 0)}),
}

SOURCES: Mapping[str, Source] = {
    "apheresis": source.apheresis,
    "cord_unit": source.cord_unit,
    "ipsc_bank": source.ipsc_bank,
    "nk92_bank": source.nk92_bank,
    "patient": source.patient,
}
WAYS: Mapping[str, Way] = {
    "isolate": isolation.isolate,
    "differentiate": expansion.differentiate,
    "expand": expansion.expand,
    "electroporate": delivery.electroporate,
    "edit": delivery.edit,
    "prime": delivery.prime,
    "irradiate": finishing.irradiate,
    "harvest": finishing.harvest,
    "formulate": finishing.formulate,
    "store": finishing.store,
    "thaw": finishing.thaw,
}


def begin(process: Process, draw: Draw) -> Batch:
    """The lots at the source."""
    first = process.steps[0]
    return SOURCES[first.by](first.settings, draw, process.cells)


def take(process: Process, step: Step, draw: Draw, batch: Batch) -> Batch:
    """The lots after one more step."""
    if step.kind == "transduce":
        return delivery.transduce(step.by, step.settings, draw, batch, process.cells)
    if step.kind == "freeze":
        return finishing.freeze(step.by, step.settings, draw, batch, process.cells)
    return WAYS[step.kind](step.by, step.settings, draw, batch)
