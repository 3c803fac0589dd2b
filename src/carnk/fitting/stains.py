"""Stains of receptors and ligands from CSV files; what cannot be read is noted with its row."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log10
from pathlib import Path

import numpy as np
from scipy.stats import norm

from ..assays.curves import MOLECULES
from ..assays.delimited import read_table
from ..base import DataError, Problem
from ..killing import Amount
from ..killing.reference import plain

STAINS = ("file", "sheet", "q05", "q50", "q95")
SPREAD = (0.1, 1.2)  # of a log-normal of copies per cell, log10


@dataclass(frozen=True)
class Stain:
    """What one sample was stained for: 'CAR-NK A' for 'Gen2', and the molecules per cell."""

    sample: str
    label: str
    amount: Amount


@dataclass(frozen=True)
class Inputs:
    """All stains of a file, and what could not be read of it."""

    stains: tuple[Stain, ...] = ()
    notes: tuple[Problem, ...] = field(default=())

    def on_target(self, target: str) -> dict[str, Amount]:
        """Measured molecules of a target, by the library's names."""
        found: dict[str, Amount] = {}
        for stain in self.stains:
            molecule = MOLECULES.get(plain(stain.label))
            if molecule and plain(stain.sample) == plain(target):
                found.setdefault(molecule, stain.amount)
        return found

    def on_effector(self, donor: str, effector: str, has_car: bool) -> dict[str, Amount]:
        """Measured receptors of an effector: LFA-1, KIR2DL1 and 'CAR'.

        A CAR stain counts if its label is in the effector's name, or else if it is the donor's
        only kind; several that fit no name are averaged on the log scale.
        """
        own = [s for s in self.stains if _is_of(s.sample, donor, has_car)]
        own.sort(key=lambda s: -len(s.sample.split()))  # a donor's own before a general one
        found: dict[str, Amount] = {}
        cars: list[Stain] = []
        for stain in own:
            label = plain(stain.label)
            if label in ("lfa1", "kir"):
                found.setdefault({"lfa1": "LFA-1", "kir": "KIR2DL1"}[label], stain.amount)
            elif has_car:
                cars.append(stain)
        named = [s for s in cars if _names(s.label, effector)] or cars
        if named:
            found["CAR"] = _average([s.amount for s in named])
        return found


def _is_of(sample: str, donor: str, has_car: bool) -> bool:
    words = sample.split()
    if has_car != words[0].lower().startswith("car"):
        return False
    return len(words) == 1 or plain(words[-1]) == plain(donor)


def _names(label: str, effector: str) -> bool:
    """Whether a stain's label names this effector: 'Gen4v2' names 'CAR-NK Gen4'."""
    last = plain(effector.rsplit(maxsplit=1)[-1])
    return plain(label).startswith(last) or plain(label) in plain(effector).replace("carnk", "")


def _average(amounts: Sequence[Amount]) -> Amount:
    median = float(np.exp(np.mean([np.log(a.median) for a in amounts])))
    spread = float(np.mean([a.sd_log10 for a in amounts]))
    return Amount(median, spread, float(np.mean([a.negative for a in amounts])))


def read_inputs(path: Path) -> Inputs:
    """Read quantiles of stained cells: file,sheet,q05,q25,q50,q75,q95 and, of mixtures, positives.

    A row that cannot be read is noted and left out: its molecule then comes from a prior.
    """
    stains: list[Stain] = []
    notes: list[Problem] = []
    table = read_table(path)
    missing = [name for name in STAINS if name not in table.header]
    if missing:
        what = f"the columns {', '.join(missing)} are missing"
        raise DataError(Problem(f"{path.name}:1", what, f"Found: {', '.join(table.header)}."))
    for line, cells in zip(table.lines, table.rows):
        row = dict(zip(table.header, cells))
        try:
            amount = _amount(row)
        except (KeyError, ValueError):
            what = f"'{row.get('sheet', '')}' has no quantiles"
            notes.append(Problem(f"{path.name}:{line}", what, "A prior takes its place."))
            continue
        stains.append(Stain(Path(row["file"]).stem, row["sheet"].rsplit("_", 1)[-1], amount))
    return Inputs(tuple(stains), tuple(notes))


def _amount(row: dict[str, str]) -> Amount:
    """The mixture behind the quantiles: a negative share and a log-normal."""
    level = {p: float(row[f"q{p:02d}"]) for p in (5, 50, 95)}
    if min(level.values()) <= 0:
        level = {p: max(v, 1.0) for p, v in level.items()}
    share = row.get("frac_positive", "").strip()
    if not share or not row.get("median_of_positive", "").strip():
        spread = (log10(level[95]) - log10(level[5])) / (2 * norm.ppf(0.95))
        return Amount(level[50], float(np.clip(spread, *SPREAD)))
    positive, median = float(share), float(row["median_of_positive"])
    if not 0 < positive <= 1:
        raise ValueError(share)
    spreads = []
    for p in (75, 95):
        within = (p / 100 - (1 - positive)) / positive
        z = norm.ppf(within) if 0 < within < 1 else 0.0
        if abs(z) > 0.3:
            spreads.append((log10(float(row[f"q{p}"])) - log10(median)) / z)
    spread = float(np.median(spreads)) if spreads else 0.4
    return Amount(median, float(np.clip(spread, *SPREAD)), 1 - positive)
