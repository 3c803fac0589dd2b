"""Specific lysis from the signal of each readout, with the error of every kind of well in it.

One form serves all readouts: percent = 100 (sample - none) / (all - none), where `none` is the
signal without lysis (spontaneous release, targets alone) and `all` that of complete lysis.

| readout | none | all |
|---|---|---|
| calcein, cr51 (released) | spontaneous | maximum |
| luciferase (left) | targets alone | maximum, or background, or zero |
| flow (live targets counted) | targets alone | zero |
| flow_dead (percent dead) | targets alone | 100 |
| impedance (normalized cell index) | targets alone | maximum, or zero |
| imaging (objects or area) | targets alone | zero |

Error: the variance of a group of replicates is its own, shrunk toward the plate's (the median of
its groups) with the weight of four degrees of freedom. A single point has the interval of Fieller,
in which sample and complete lysis share the error of `none`. What is computed of many points
(curves, ratios, synergy) is repeated over draws of all means, so that points of one plate share
their controls' error there too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from zlib import crc32

import numpy as np
from scipy.special import chdtri, stdtrit

from ..base import DataError, Problem, SpecError, did_you_mean
from .wells import (
    BACKGROUND,
    MAXIMUM,
    SAMPLE,
    SPONTANEOUS,
    Array,
    Well,
    Wells,
)

SHRINKAGE = 4.0  # degrees of freedom that the plate's own scatter counts for
LEVEL = 0.95


@dataclass(frozen=True)
class Readout:
    """How a signal tells lysis.

    full: kinds of wells with complete lysis, of which the first on the plate counts; exact: its
    level where there are none, None if there must be some; relative: whether replicates scatter in
    proportion to their signal; counts: whether it is counted cells, which scatter at least as
    Poisson; normalized: whether each well of a course is divided by its own start.
    """

    name: str
    signal: str
    full: tuple[str, ...]
    exact: float | None
    relative: bool
    counts: bool = False
    normalized: bool = False


READOUTS = {
    each.name: each
    for each in (
        Readout("calcein", "released calcein", (MAXIMUM,), None, False),
        Readout("cr51", "released 51Cr", (MAXIMUM,), None, False),
        Readout("luciferase", "luminescence left", (MAXIMUM, BACKGROUND), 0.0, True),
        Readout("flow", "live targets", (), 0.0, True, counts=True),
        Readout("flow_dead", "dead targets, %", (), 100.0, False),
        Readout("impedance", "cell index", (MAXIMUM,), 0.0, True, normalized=True),
        Readout("imaging", "targets seen", (), 0.0, True, normalized=True),
    )
}


@dataclass(frozen=True)
class Level:
    """Mean of replicate wells: mean, error (of the mean) and residuals over time.

    mean, error: (times,); residuals: (wells, times); df: degrees of freedom of the error; of: how
    many replicates there were where the wells themselves are not known.
    """

    wells: tuple[Well, ...]
    mean: Array
    error: Array
    residuals: Array
    df: float
    of: int = 1

    @property
    def count(self) -> int:
        """How many replicates it is of."""
        return len(self.wells) or self.of

    def draws(self, count: int, rng: np.random.Generator) -> Array:
        """Means as they might have been, (count, times); a well's noise keeps its course."""
        wide = np.sqrt(self.df / rng.chisquare(self.df, (count, 1))) if self.df < 1e6 else 1.0
        own = np.nan_to_num(self.residuals)
        size = np.sqrt(np.sum(own**2, axis=0)) if own.size else np.zeros(self.mean.size)
        each = rng.standard_normal((count, max(own.shape[0], 1)))
        if own.shape[0] > 1 and np.all(size > 0):
            shape = each @ own / size
        else:
            shape = np.repeat(each[:, :1], self.mean.size, axis=1)
        return np.asarray(self.mean + self.error * shape * wide)


@dataclass(frozen=True)
class Group:
    """Replicates of one effector at one E:T."""

    donor: str
    effector: str
    et: float
    level: Level


@dataclass(frozen=True)
class Specific:
    """Specific lysis on one plate and target; groups are sorted by donor, effector and E:T."""

    plate: str
    target: str
    readout: Readout
    hours: Array
    none: Level
    full: Level
    groups: tuple[Group, ...]

    @property
    def name(self) -> str:
        """How a message names it."""
        return f"plate {self.plate}, {self.target}" if self.target else f"plate {self.plate}"

    @property
    def lysis(self) -> Array:
        """Percent, (groups, times)."""
        return percent(np.array([g.level.mean for g in self.groups]), self.none, self.full)

    @property
    def own_error(self) -> Array:
        """Error of each group's lysis from its own wells alone, percent, (groups, times)."""
        window = np.abs(self.full.mean - self.none.mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(100 * np.array([g.level.error for g in self.groups]) / window)

    def well_lysis(self, well: Well) -> Array:
        """Percent of one well, (times,)."""
        return self.of_signal(well.signal)

    def of_signal(self, signal: Array) -> Array:
        """Percent that a signal tells with the controls of the plate, (times,)."""
        return percent(signal, self.none, self.full)

    def interval(self, index: int) -> tuple[Array, Array]:
        """Fieller's interval of a group's lysis, percent, two arrays (times,)."""
        level = self.groups[index].level
        ends = [
            fieller(
                level.mean[k] - self.none.mean[k],
                self.full.mean[k] - self.none.mean[k],
                (level.error[k] ** 2, self.none.error[k] ** 2, self.full.error[k] ** 2),
                (level.df, self.none.df, self.full.df),
            )
            for k in range(self.hours.size)
        ]
        low, high = np.array(ends).T
        return 100 * low, 100 * high

    def draws(self, count: int, seed: int) -> Array:
        """Lysis as it might have been, percent, (count, groups, times); the same for a seed."""
        rng = np.random.default_rng([seed, crc32(f"{self.plate}|{self.target}".encode())])
        none, full = self.none.draws(count, rng), self.full.draws(count, rng)
        means = np.stack([g.level.draws(count, rng) for g in self.groups], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(100 * (means - none[:, None]) / (full - none)[:, None])

    def grown(self, index: int) -> Array:
        """A group's signal relative to its start, (times,): above 1 the targets grew."""
        mean = self.groups[index].level.mean
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(mean / mean[0])


def percent(signal: Array, none: Level, full: Level) -> Array:
    """100 (signal - none) / (full - none); not a number where the controls agree."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(100 * (signal - none.mean) / (full.mean - none.mean))


def fieller(
    top: float,
    bottom: float,
    variances: tuple[float, float, float],
    dfs: tuple[float, float, float],
) -> tuple[float, float]:
    """Interval of (sample - none) / (full - none) whose two differences share the error of `none`.

    variances and dfs are of sample, none and full. Not a number on both sides where the controls
    cannot be told apart, as the interval has no ends there (fieller1954).
    """
    sample, none, full = variances
    ratio = top / bottom if bottom else np.nan
    parts = np.array([sample, none * (1 - ratio) ** 2, full * ratio**2])
    if not np.isfinite(parts).all():
        return np.nan, np.nan
    if parts.sum() == 0:
        return ratio, ratio
    df = parts.sum() ** 2 / float(np.sum(parts**2 / np.array(dfs)))  # Welch and Satterthwaite
    t2 = float(stdtrit(df, (1 + LEVEL) / 2)) ** 2
    a = bottom**2 - t2 * (none + full)
    b = top * bottom - t2 * none
    c = top**2 - t2 * (sample + none)
    if a <= 0 or b * b < a * c:
        return np.nan, np.nan
    root = np.sqrt(b * b - a * c)
    return float((b - root) / a), float((b + root) / a)


def readout_named(word: str) -> Readout:
    """Return a readout by its name; SpecError lists them."""
    if word not in READOUTS:
        what = f"'{word}' is not one of {', '.join(READOUTS)}"
        raise SpecError(Problem("--readout", what, did_you_mean(word, READOUTS)))
    return READOUTS[word]


def specific(wells: Wells, readout: Readout) -> list[Specific]:
    """Specific lysis of every plate and target of a file.

    Raises DataError naming each plate that lacks samples or controls.
    """
    plates: dict[tuple[str, str], list[Well]] = defaultdict(list)
    shared: dict[str, list[Well]] = defaultdict(list)
    for well in wells.wells:
        if well.target or well.kind == SAMPLE:
            plates[well.plate, well.target].append(well)
        else:
            shared[well.plate].append(well)  # controls of all targets of the plate
    if not plates:
        plates |= {(plate, ""): [] for plate in shared}
    problems: list[Problem] = []
    found = []
    for (plate, target), own in plates.items():
        each = _plate((plate, target), own + shared[plate], wells, readout, problems)
        if each is not None:
            found.append(each)
    if problems:
        raise DataError(problems, wells.file)
    return found


def _plate(
    key: tuple[str, str],
    own: Sequence[Well],
    wells: Wells,
    readout: Readout,
    problems: list[Problem],
) -> Specific | None:
    plate, target = key
    where = f"{wells.file}: plate {plate}" + (f", {target}" if target else "")
    by_kind: dict[str, list[Well]] = defaultdict(list)
    for well in own:
        by_kind[well.kind].append(well)
    full = next((kind for kind in readout.full if by_kind[kind]), "")
    missing = [k for k in (SAMPLE, SPONTANEOUS) if not by_kind[k]]
    if readout.exact is None and not full:
        missing.append(MAXIMUM)
    for kind in missing:
        what = f"there are no {kind} wells"
        do = f"{readout.name} needs sample, spontaneous (targets alone)"
        do += " and maximum wells." if readout.exact is None else " wells."
        problems.append(Problem(where, what, do))
    if missing:
        return None
    groups: dict[tuple[str, str, float], list[Well]] = defaultdict(list)
    for well in by_kind[SAMPLE]:
        groups[well.donor, well.effector, well.et].append(well)
    sets = [by_kind[SPONTANEOUS], by_kind[full] if full else [], *groups.values()]
    scatter = _Scatter.of(sets, readout)
    none = scatter.level(sets[0])
    if full:
        all_lysed = scatter.level(sets[1])
    else:
        nothing = np.zeros(wells.hours.size)
        exact = nothing + float(readout.exact or 0.0)
        all_lysed = Level((), exact, nothing, np.zeros((0, nothing.size)), np.inf)
    keys = sorted(groups)
    made = tuple(Group(*k, scatter.level(groups[k])) for k in keys)
    return Specific(plate, target, readout, wells.hours, none, all_lysed, made)


@dataclass(frozen=True)
class _Scatter:
    """How far replicates of a plate lie apart: a variance, or a squared share of the signal."""

    pooled: Array  # (times,)
    df: float
    readout: Readout

    @classmethod
    def of(cls, sets: Sequence[Sequence[Well]], readout: Readout) -> _Scatter:
        """The median over groups, made consistent, so that one bad well does not widen all."""
        found = []
        df = 0.0
        for each in sets:
            if len(each) < 2:
                continue
            signal = np.array([w.signal for w in each])
            mean = _mean(signal)
            squares = np.nansum((signal - mean) ** 2, axis=0)
            if readout.relative:
                squares = np.divide(squares, mean**2, out=np.zeros_like(mean), where=mean != 0)
            found.append(squares / chi2_median(len(each) - 1))
            df += len(each) - 1
        times = next(w.signal.size for each in sets for w in each)
        pooled = np.median(found, axis=0) if found else np.full(times, np.nan)
        return cls(pooled, df, readout)

    def level(self, wells: Sequence[Well]) -> Level:
        signal = np.array([w.signal for w in wells])
        n = np.maximum(np.sum(np.isfinite(signal), axis=0), 1)
        mean = _mean(signal)
        residuals = signal - mean
        own = np.nansum(residuals**2, axis=0)
        weight = min(SHRINKAGE, self.df)
        prior = self.pooled * mean**2 if self.readout.relative else self.pooled
        df = weight + len(wells) - 1
        with np.errstate(invalid="ignore"):
            variance = (weight * prior + own) / df if df else np.full(mean.size, np.nan)
        if self.readout.counts:
            variance = np.fmax(variance, np.abs(mean))
        return Level(tuple(wells), mean, np.sqrt(variance / n), residuals, max(df, 1.0))


@cache
def chi2_median(df: int) -> float:
    """Median of chi-square: a sum of squares over it has the variance for its median."""
    return float(chdtri(df, 0.5))


def _mean(signal: Array) -> Array:
    """Mean over wells of what was read, (times,); not a number where nothing was."""
    read = np.isfinite(signal)
    n = read.sum(axis=0)
    return np.where(n > 0, np.where(read, signal, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)
