"""An ELISA plate from wells to concentrations with intervals, limits, flags and tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from ..base import DataError, Problem, SolveError
from .calibration import AT_END, INSIDE, Estimate, StandardCurve, calibrate
from .dilutions import Dilutions, Spike, dilutions_of, spikes_of
from .layout import Layout, LayoutWell, check_match, named
from .logistic import Array, inverse
from .noise import Noise, noise_of
from .plate import Plate
from .plate_checks import edge_flags, order_flags

TOO_FAR = 0.20  # CV of replicate signals above which the wells are flagged
UNKNOWN = "no range"  # flag where no two standards are fit to set one
KINDS = ("sample", "control", "spike")


@dataclass(frozen=True)
class Wells:
    """Wells that hold the same; signals: raw, of the wells within the reader's range.

    beyond: 'over' or 'under' if any well is out of the reader's range. given: concentration of a
    standard or control, or what was added to a spike, in the undiluted sample.
    """

    role: str
    sample: str
    dilution: float
    given: float | None
    names: tuple[str, ...]
    signals: Array
    beyond: str = ""


@dataclass(frozen=True)
class Level:
    """One concentration of the standard: mean signal above blank, CV, and what the curve reads.

    recovery: back-calculated over nominal; expected_cv: of a concentration read here from as many
    wells as the samples have. Both are nan where they cannot be told.
    """

    concentration: float
    names: tuple[str, ...]
    signal: float
    cv: float
    recovery: float
    expected_cv: float


@dataclass(frozen=True)
class Measured:
    """A sample, control or spike at one dilution; concentrations are of the undiluted sample.

    flag: '', '<LLOQ', '>ULOQ' or 'no range'; concentration is then the limit times the dilution.
    low and high: 95 % profile interval, delta: that of the delta method; both nan where flagged.
    cv: of signals.
    """

    wells: Wells
    signal: float
    cv: float
    concentration: float
    low: float
    high: float
    delta: tuple[float, float]
    flag: str
    estimate: Estimate

    @property
    def is_in_range(self) -> bool:
        """Whether the concentration is a measured one."""
        return not self.flag

    @property
    def shown(self) -> str:
        """The concentration, or the limit with its sign."""
        return self.flag if self.flag == UNKNOWN else f"{self.flag[:1]}{self.concentration:.4g}"


@dataclass(frozen=True)
class Elisa:
    """All that a plate says. unit: of concentrations; lloq and uloq: in the well, undiluted."""

    curve: StandardCurve
    unit: str
    lloq: float
    uloq: float
    levels: tuple[Level, ...]
    measured: tuple[Measured, ...]
    dilutions: tuple[Dilutions, ...]
    spikes: tuple[Spike, ...]
    flags: tuple[str, ...]


def elisa(plate: Plate, layout: Layout, model: str = "auto", weights: str = "auto") -> Elisa:
    """Evaluate an ELISA.

    model: '4pl', '5pl' or 'auto' (AICc); weights: 'auto' (learned from replicates), 'none', '1/y'
    or '1/y2'. DataError for a layout that does not match the plate or has no usable standards,
    SolveError where the standard curve does not converge.
    """
    check_match(plate, layout)
    groups = _groups(plate, layout)
    flags = _reader_flags(layout.empty_on(plate), groups)
    standards = [g for g in groups if g.role == "standard" and g.signals.size]
    blanks = [g.signals for g in groups if g.role == "blank" and g.signals.size]
    blank = float(np.concatenate(blanks).mean()) if blanks else 0.0
    noise = noise_of([g.signals for g in groups if g.signals.size], weights)
    curve, order = _curve(standards, blank, noise, model)
    others = _in_order([g for g in groups if g.role in KINDS])
    curve = _pooled(curve, [*others, *(g for g in groups if g.role == "blank")])
    typical = int(median([g.signals.size for g in others])) if others else 2
    levels = _levels(curve, standards, max(typical, 1))
    lloq, uloq = _limits(levels)
    measured = _measured(curve, others, lloq, uloq)
    flags += [*order, *_level_flags(levels), *_replicate_flags(measured)]
    flags += edge_flags(plate, [(g.names, blank) for g in groups if g.signals.size > 1])
    dilutions = dilutions_of(curve, measured)
    found = Elisa(
        curve, layout.unit, lloq, uloq, tuple(levels), tuple(measured), dilutions,
        spikes_of(curve, measured), tuple(flags),
    )  # fmt: skip
    return replace(found, flags=(*found.flags, *_late_flags(found)))


def _groups(plate: Plate, layout: Layout) -> list[Wells]:
    """Wells of one role, sample, dilution and concentration together, in the plate's order."""
    together: dict[tuple[str, str, float, float | None], list[LayoutWell]] = {}
    for each in layout.of("standard", "blank", *KINDS):
        name = each.sample if each.role in KINDS else ""
        key = (each.role, name or _alone(each), each.dilution, each.concentration)
        together.setdefault(key, []).append(each)
    found = []
    for (role, sample, dilution, given), wells in together.items():
        names = tuple(w.well for w in wells if w.well in plate.readings)
        readings = [plate.readings[name] for name in names]
        signals = np.array([r.value for r in readings if not r.flag])
        beyond = next((r.flag for r in readings if r.flag), "")
        if names:
            found.append(Wells(role, sample, dilution, given, names, signals, beyond))
    return found


def _reader_flags(empty: list[str], groups: Sequence[Wells]) -> list[str]:
    flags = [f"wells {named(empty)}: no reading, left out"] if empty else []
    return flags + [
        f"wells {named(list(group.names))}: {group.beyond} the reader's range"
        for group in groups
        if group.beyond
    ]


def _in_order(groups: list[Wells]) -> list[Wells]:
    """Samples, controls, spikes; of each the dilutions of one name together, in plate order."""
    names = list(dict.fromkeys(group.sample for group in groups))
    return sorted(groups, key=lambda g: (KINDS.index(g.role), names.index(g.sample), g.dilution))


def _alone(each: LayoutWell) -> str:
    """A sample without a name is its own well."""
    return each.well if each.role in ("sample", "spike") else ""


def _curve(
    standards: Sequence[Wells], blank: float, noise: Noise, model: str
) -> tuple[StandardCurve, list[str]]:
    if not standards:
        do = "Give role standard and a concentration to five or more of them."
        raise DataError(Problem("layout", "there are no wells of a standard", do))
    conc = np.concatenate([np.full(g.signals.size, g.given or 0.0) for g in standards])
    y = np.concatenate([g.signals for g in standards]) - blank
    order = order_flags([(g.given or 0.0, g.names, g.signals) for g in standards], noise)
    try:
        return calibrate(conc, y, blank, noise, model), order
    except SolveError as error:
        said = f" Flagged: {'; '.join(order)}." if order else ""
        raise SolveError([replace(p, do=f"{p.do}{said}") for p in error.problems]) from None


def _pooled(curve: StandardCurve, groups: Sequence[Wells]) -> StandardCurve:
    """The curve with the scatter of a well from its residuals and from all replicates."""
    squares, freedom = float(curve.fit.rss), float(curve.fit.freedom)
    for group in groups:
        if group.signals.size > 1:
            mean = group.signals.mean()
            within = ((group.signals - mean) ** 2).sum()
            squares += float(within / curve.noise.variance(mean))
            freedom += group.signals.size - 1
    return replace(curve, scale=squares / freedom, freedom=int(freedom))


def _levels(curve: StandardCurve, standards: Sequence[Wells], wells: int) -> list[Level]:
    ordered = sorted(standards, key=lambda g: g.given or 0.0)
    means = np.array([g.signals.mean() - curve.blank for g in ordered])
    found = []
    for group, mean, read in zip(ordered, means, inverse(means, curve.b)):
        given, recovery, expected = group.given or 0.0, math.nan, math.nan
        if given:
            x = np.array([math.log(given)])
            error = float(curve.errors(x, curve.at(x), np.array([float(wells)]))[0])
            expected = math.sqrt(math.expm1(min(error**2, 50.0)))
            recovery = math.exp(read) / given if read < 700 else math.nan
        cv = _cv(group.signals)
        found.append(Level(given, group.names, float(mean), cv, recovery, expected))
    return found


def _limits(levels: Sequence[Level]) -> tuple[float, float]:
    """Ends of the longest run of standards that read true and precisely; (nan, nan) if none.

    Recovery within 20 % and expected CV at most 20 % inside the run, 25 % at its ends, as the ICH
    M10 guideline has it for ligand binding assays.
    """
    known = [level for level in levels if level.concentration > 0]
    best: tuple[int, float, float] = (0, math.nan, math.nan)
    for i in range(len(known)):
        for j in range(i + 1, len(known)):
            run = known[i : j + 1]
            ends = _is_true(run[0], AT_END) and _is_true(run[-1], AT_END)
            if ends and all(_is_true(level, INSIDE) for level in run[1:-1]) and len(run) > best[0]:
                best = (len(run), run[0].concentration, run[-1].concentration)
    return best[1], best[2]


def _is_true(level: Level, limit: float) -> bool:
    return abs(level.recovery - 1) <= limit and level.expected_cv <= limit


def _measured(
    curve: StandardCurve, groups: Sequence[Wells], lloq: float, uloq: float
) -> list[Measured]:
    usable = [g for g in groups if g.signals.size]
    means = np.array([g.signals.mean() - curve.blank for g in usable])
    sizes = np.array([float(g.signals.size) for g in usable])
    read = dict(zip(map(id, usable), curve.estimates(means, sizes) if usable else ()))
    rises = curve.b[1] > curve.b[0]
    found = []
    for group in groups:
        estimate = read.get(id(group)) or _beyond(group.beyond, rises)
        flag = ""
        if math.isnan(lloq):
            flag = UNKNOWN
        elif group.beyond:
            flag = ">ULOQ" if (group.beyond == "over") == rises else "<LLOQ"
        elif not estimate.log <= math.log(uloq):
            flag = ">ULOQ"
        elif not estimate.log >= math.log(lloq):
            flag = "<LLOQ"
        found.append(_one(group, estimate, flag, (lloq, uloq), curve.blank))
    return found


def _one(
    group: Wells,
    estimate: Estimate,
    flag: str,
    limits: tuple[float, float],
    blank: float,
) -> Measured:
    signal = float(group.signals.mean()) - blank if group.signals.size else math.nan
    cv = _cv(group.signals)
    if flag:
        limit = limits[0] if flag == "<LLOQ" else limits[1]
        nothing = (math.nan, math.nan)
        return Measured(
            group, signal, cv, limit * group.dilution, *nothing, nothing, flag, estimate
        )
    ends = (estimate.log, *estimate.profile, *estimate.delta)
    at, low, high, *delta = (math.exp(end) * group.dilution for end in ends)
    return Measured(group, signal, cv, at, low, high, (delta[0], delta[1]), "", estimate)


def _beyond(beyond: str, rises: bool) -> Estimate:
    end = math.inf if (beyond == "over") == rises else -math.inf
    return Estimate(end, math.inf, (-math.inf, math.inf), (-math.inf, math.inf))


def _cv(signals: Array) -> float:
    """Of raw signals; nan for a single well."""
    return float(signals.std(ddof=1) / abs(signals.mean())) if signals.size > 1 else math.nan


def _level_flags(levels: Sequence[Level]) -> list[str]:
    return [
        f"wells {named(list(level.names))}: standard {level.concentration:g} reads "
        + (
            f"{level.recovery:.0%} of its concentration"
            if math.isfinite(level.recovery)
            else "off the curve"
        )
        for level in levels
        if level.concentration > 0 and not abs(level.recovery - 1) <= AT_END
    ]


def _replicate_flags(measured: Sequence[Measured]) -> list[str]:
    return [
        f"wells {named(list(m.wells.names))}: replicates differ, CV {m.cv:.0%}"
        for m in measured
        if m.cv > TOO_FAR
    ]


def _late_flags(found: Elisa) -> list[str]:
    """What controls, dilutions and spikes say against the plate."""
    flags = []
    if math.isnan(found.lloq):
        flags.append(
            "no two standards read true and precisely: there is no range of quantification"
        )
    for each in found.measured:
        given = each.wells.given
        if each.wells.role == "control" and given and not found_true(each, given):
            said = f"{each.concentration / given:.0%}" if each.is_in_range else each.flag
            flags.append(
                f"wells {named(list(each.wells.names))}: control reads {said} of {given:g}"
            )
    for series in found.dilutions:
        if series.linearity_p < 0.01:
            flags.append(f"wells {named(list(series.names))}: dilutions are not linear")
        if series.parallel == "no":
            flags.append(f"wells {named(list(series.names))}: not parallel to the standard")
    for spike in found.spikes:
        if not abs(spike.recovery - 1) <= INSIDE:
            flags.append(f"wells {named(list(spike.names))}: spike recovery {spike.recovery:.0%}")
    return flags


def found_true(each: Measured, given: float) -> bool:
    """Whether a control reads within 25 % of what it holds."""
    return each.is_in_range and abs(each.concentration / given - 1) <= AT_END
