"""Presets of ELISA kits, from the library's table."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from ..base import Problem, SpecError, did_you_mean, read_text
from ..library.table import FOLDER


@dataclass(frozen=True)
class Kit:
    """What is usual for a kit: analyte, wavelength of the reading, series of standards.

    top, fold and levels: highest concentration, dilution from one to the next, how many; in `unit`.
    """

    name: str
    analyte: str
    read_nm: float
    unit: str
    top: float
    fold: float
    levels: int


NO_KIT = Kit("", "analyte", 450.0, "pg/mL", 1000.0, 2.0, 8)


def kits() -> dict[str, Kit]:
    """All presets by name."""
    rows = csv.DictReader(io.StringIO(read_text(FOLDER / "elisa_kits.csv")))
    return {
        row["kit"]: Kit(
            row["kit"], row["analyte"], float(row["read_nm"]), row["unit"], float(row["top"]),
            float(row["fold"]), int(row["levels"]),
        )
        for row in rows
    }  # fmt: skip


def kit_of(name: str) -> Kit:
    """The preset of a name, one without an analyte for ''; SpecError for an unknown name."""
    if not name:
        return NO_KIT
    known = kits()
    if name not in known:
        do = did_you_mean(name, known) or f"Known are {', '.join(known)}."
        raise SpecError(Problem("--kit", f"'{name}' is not a kit", do))
    return known[name]
