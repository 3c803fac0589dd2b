"""How much of an outcome's variance lies between lots, and how much between patients of a lot."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import fdtri

from ..study.summary import Array, happened
from .numerals import listed, percent, percents
from .record import Record

LEVEL = 0.95
OUTCOMES = ("response", "complete_response", "cmax_per_ul", "auc_0_28d")
ATTRIBUTES = (
    "car_positive", "viability", "recovery", "vcn", "t_cells_per_kg", "potency",
)  # fmt: skip


@dataclass(frozen=True)
class LotShare:
    """Share of the variance within a world that lies between lots, with its 95 % interval.

    between, within: the variances; between may be negative, where lots differ less than chance
    between patients has it; its share is then 0.
    """

    share: float
    low: float
    high: float
    between: float
    within: float
    lots: int
    patients: int


def patients_of(record: Record) -> pl.DataFrame:
    """Outcomes with the lot of each patient and its attributes; in a trial, at the last arm alone.

    In a trial every patient is at every arm, with the same luck.
    """
    columns = ["patient", "arm", "lot", *ATTRIBUTES]
    lots = pl.read_parquet(record.folder / "patients.parquet", columns=columns)
    lots = lots.with_columns(pl.col("lot").cast(pl.Int64))
    asked = ["patient", "arm", "disease", "world", *OUTCOMES]
    outcomes = pl.read_csv(record.folder / "outcomes.csv", columns=asked)
    outcomes = outcomes.filter(pl.col("cmax_per_ul").is_not_nan())
    if record.study.trial:
        outcomes = outcomes.filter(pl.col("arm") == record.study.arms[-1].name)
    return outcomes.join(lots, on=["patient", "arm"], how="left", maintain_order="left")


def lot_line(record: Record) -> str:
    """What lots do to the main outcome and to exposure, in one line."""
    people, day = patients_of(record), record.study.response_day
    told = []
    for name, outcome, at in (("response", "response", day), ("exposure", "auc_0_28d", None)):
        found = lot_share(people, values_of(people, outcome, at))
        if found is not None:
            ends = percents(found.low, found.high)
            told.append(f"{percent(found.share)} ({ends}) of the variance of {name}")
    if not told:
        return "Lots: too few patients to tell lots from patients; run 1,000 or more"
    return f"Between lots: {listed(told)}; the rest is between patients"


def values_of(people: pl.DataFrame, outcome: str, day: float | None) -> Array:
    """An outcome as numbers, by its name in a study or by a column whose logarithm is taken."""
    if outcome in ("cmax_per_ul", "auc_0_28d"):
        amounts = people[outcome].to_numpy().astype(float)
        return np.log10(np.where(amounts > 0, amounts, np.nan))
    return happened(people, outcome, day)


def lot_share(people: pl.DataFrame, values: Array) -> LotShare | None:
    """Variance between lots of one world against that between patients of one lot.

    Arm and disease are taken out first, by the means of each. Analysis of variance with unequal
    sizes (Searle, Casella and McCulloch 1992, section 3.6), negative estimates as 0; the interval
    is that of the F law, which holds for normal values and is a guide for 0 and 1. None where no
    world has two lots, or no lot two patients.
    """
    known = np.isfinite(values)
    part, kept = people.filter(pl.Series(known)), values[known]
    if not kept.size:
        return None
    left = kept - _fitted(part, kept)
    lot, per_lot = _codes(part["lot"].to_numpy())
    world_of_patient = part["world"].to_numpy()
    first = np.unique(lot, return_index=True)[1]
    world, per_world = _codes(world_of_patient)
    lots, worlds, patients = per_lot.size, per_world.size, kept.size
    if lots <= worlds or patients <= lots:
        return None
    lot_means = np.bincount(lot, left) / per_lot
    world_means = np.bincount(world, left) / per_world
    within = float(((left - lot_means[lot]) ** 2).sum() / (patients - lots))
    off = lot_means - world_means[world[first]]
    among = float((per_lot * off**2).sum() / (lots - worlds))
    squares = np.bincount(world[first], per_lot.astype(float) ** 2) / per_world
    size = float((patients - squares.sum()) / (lots - worlds))
    between = (among - within) / size
    low, high = (
        _share(among / within / fdtri(lots - worlds, patients - lots, q), size)
        for q in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)
    )
    share = _share(among / within, size)
    return LotShare(share, low, high, between, within, lots, patients)


def _share(ratio: float, size: float) -> float:
    """The intraclass correlation at a ratio of mean squares, 0 where it would be below."""
    return float(max((ratio - 1) / (ratio - 1 + size), 0.0))


def _codes(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(each label as 0, 1, ..., how often each occurs)."""
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return codes, counts


def _fitted(people: pl.DataFrame, values: Array) -> Array:
    """Means by arm and disease, additive, by least squares."""
    columns = [np.ones(values.size)]
    for name in ("arm", "disease"):
        labels = people[name].cast(pl.String).to_numpy()
        columns += [(labels == each).astype(float) for each in np.unique(labels)[1:]]
    design = np.column_stack(columns)
    coefficients, *_ = np.linalg.lstsq(design, values, rcond=None)
    return np.asarray(design @ coefficients)
