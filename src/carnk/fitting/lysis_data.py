"""Lysis curves, raw wells and stains from CSV files; every problem with its row."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, log10
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ..base import DataError, Problem, did_you_mean, read_text
from ..killing import Amount
from ..killing.reference import plain

Array = NDArray[np.float64]
CURVES = ("donor", "target", "effector", "hours", "ET", "lysis_pct")
WELLS = ("donor", "target", "kind", "effector", "et", "signal")
STAINS = ("file", "sheet", "q05", "q50", "q95")
MOLECULES = {"cd33": "CD33", "her2": "HER2", "cd19": "CD19", "cd20": "CD20", "egfr": "EGFR",
             "icam": "ICAM1", "icam1": "ICAM1", "hla": "HLA-I"}  # fmt: skip
NO_CAR = ("wt", "wild", "aavs1", "control", "mock", "untransduced", "ntnk")
WELL_HOURS = 4.0  # of a file of wells without a column for it
SPREAD = (0.1, 1.2)  # of a log-normal of copies per cell, log10
LARGEST_BYTES = 20_000_000


@dataclass(frozen=True)
class Curve:
    """One donor's effector on one target over E:T; lysis and sd in percent, rows of the file."""

    donor: str
    target: str
    effector: str
    antigen: str
    hours: float
    et: Array
    lysis: Array
    sd: Array
    replicates: Array
    rows: tuple[int, ...]

    @property
    def name(self) -> str:
        """How a message names it."""
        return f"donor {self.donor}, {self.effector} on {self.target}"

    @property
    def has_car(self) -> bool:
        """Whether the effector carries a CAR, by its name."""
        bare = plain(self.effector)
        return "car" in bare and not any(word in bare for word in NO_CAR)

    def keep(self, wanted: NDArray[np.bool_]) -> "Curve":
        """Return the curve with some of its points."""
        rows = tuple(row for row, yes in zip(self.rows, wanted) if yes)
        points = {name: getattr(self, name)[wanted] for name in ("et", "lysis", "sd", "replicates")}
        return replace(self, rows=rows, **points)


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


def read_rows(path: Path, needed: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with their line; DataError if columns are missing or there are no rows."""
    text = read_text(path, LARGEST_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    missing = [name for name in needed if name not in header]
    if missing:
        what = f"the columns {', '.join(missing)} are missing"
        near = " ".join(filter(None, (did_you_mean(name, header) for name in missing)))
        raise DataError(Problem(f"{path.name}:1", what, near or f"Found: {', '.join(header)}."))
    rows = [
        (reader.line_num, dict(zip(header, row))) for row in reader if any(c.strip() for c in row)
    ]
    if not rows:
        raise DataError(Problem(path.name, "there are no rows below the header"))
    return rows


def is_of_wells(path: Path) -> bool:
    """Whether a file holds raw wells rather than curves, by its header."""
    first = read_text(path, LARGEST_BYTES).partition("\n")[0]
    return "signal" in [name.strip() for name in first.split(",")]


def et_ratio(text: str) -> float:
    """'10:1', '1:2' or '2.5' as effectors per target; ValueError for anything else."""
    left, mark, right = text.strip().partition(":")
    value = float(left) / (float(right) if mark else 1.0)
    if not (isfinite(value) and value > 0):
        raise ValueError(text)
    return value


@dataclass
class CellReader:
    """Numbers out of cells; what is wrong is gathered with its place."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def number(self, line: int, name: str, cell: str, default: float | None = None) -> float:
        if not cell.strip() and default is not None:
            return default
        try:
            value = float(cell)
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            self.problems.append(Problem(f"{self.file}:{line}: {name}", f"'{cell}' is no number"))
            return default or 0.0
        return value

    def ratio(self, line: int, cell: str) -> float:
        try:
            return et_ratio(cell)
        except (ValueError, ZeroDivisionError):
            what, do = f"'{cell}' is not an E:T ratio above 0", "Write 10:1 or 2.5."
            self.problems.append(Problem(f"{self.file}:{line}: ET", what, do))
            return 1.0


def read_curves(path: Path) -> list[Curve]:
    """Read lysis curves: donor,target,effector,hours,ET,lysis_pct and, if known, sd,n,car_antigen.

    DataError with every malformed cell. Nothing is judged here: see `plates.check`.
    """
    reader = CellReader(path.name)
    groups: dict[
        tuple[str, str, str, str, float], list[tuple[int, float, float, float, float]]
    ] = {}
    for line, row in read_rows(path, CURVES):
        hours = reader.number(line, "hours", row["hours"])
        if hours <= 0:
            what = f"'{row['hours']}' hours of assay"
            reader.problems.append(Problem(f"{path.name}:{line}: hours", what, "Give above 0."))
        point = (
            line,
            reader.ratio(line, row["ET"]),
            reader.number(line, "lysis_pct", row["lysis_pct"]),
            reader.number(line, "sd", row.get("sd", ""), 5.0),
            reader.number(line, "n", row.get("n", ""), 1.0),
        )
        names = [row[name].strip() for name in ("donor", "target", "effector")]
        for name, value in zip(("donor", "target", "effector"), names):
            if not value:
                where = f"{path.name}:{line}: {name}"
                reader.problems.append(Problem(where, "the cell is empty"))
        key = (names[0], names[1], names[2], row.get("car_antigen", "").strip().upper(), hours)
        groups.setdefault(key, []).append(point)
    if reader.problems:
        raise DataError(reader.problems, path.name)
    return [_curve(key, points) for key, points in groups.items()]


def _curve(
    key: tuple[str, str, str, str, float], points: list[tuple[int, float, float, float, float]]
) -> Curve:
    points = sorted(points, key=lambda p: -p[1])
    et, lysis, sd, n = (np.array([p[i] for p in points]) for i in (1, 2, 3, 4))
    donor, target, effector, antigen, hours = key
    rows = tuple(p[0] for p in points)
    return Curve(
        donor, target, effector, antigen or antigen_of(effector), hours, et, lysis, sd,
        np.maximum(n, 1.0), rows,
    )  # fmt: skip


def antigen_of(effector: str) -> str:
    bare = plain(effector)
    return next((m for word, m in MOLECULES.items() if word in bare and m not in ("ICAM1",)), "")


def read_inputs(path: Path) -> Inputs:
    """Read quantiles of stained cells: file,sheet,q05,q25,q50,q75,q95 and, of mixtures, positives.

    A row that cannot be read is noted and left out: its molecule then comes from a prior.
    """
    stains: list[Stain] = []
    notes: list[Problem] = []
    for line, row in read_rows(path, STAINS):
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


def donors_of(curves: Iterable[Curve]) -> list[str]:
    """Donors in the order of the file."""
    return list(dict.fromkeys(curve.donor for curve in curves))
