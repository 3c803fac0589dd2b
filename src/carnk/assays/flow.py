"""A stain on cells: gates, share of positive cells with its error, molecules per cell.

Gates are those of a GatingML file, or found (`autogate.py`). Positive are the cells of a named
gate; or those above a negative control's quantile 0.995; or the upper of two bell curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base import DataError, Problem, SpecError, did_you_mean
from . import mixture
from .autogate import Gates, find_gates
from .beads import Beads
from .density import Array
from .fcs import Sample
from .gatingml import gate
from .populations import Population, Share, exact_interval, over_replicates

QUANTILE = 0.995
SATURATED = 0.01  # share of positive cells at the top of the range that is told
FEW = 100  # positive cells below which an intensity is told as rough
MARKER_WORDS = ("car", "cart", "car-nk", "carnk")


@dataclass(frozen=True)
class Intensity:
    """Median of a population's linear intensity with its 95 % interval (order statistics)."""

    median: float
    low: float
    high: float
    sd_log10: float
    events: int


@dataclass(frozen=True)
class Molecules:
    """Per positive cell, less what the negative cells bind; interval of line and medians."""

    value: float
    low: float
    high: float
    background: float
    kind: str
    is_extrapolated: bool


@dataclass(frozen=True)
class Stain:
    """What one sample says of a marker.

    populations: parents first, the positive cells last if found without a gate file. positive and
    share (with its interval) are None where no gate is that of positive cells. method: 'gate',
    'control' or 'mixture'. values: of the marker in the parent of the positive cells.
    """

    file: str
    events: int
    marker: str
    populations: tuple[Population, ...]
    positive: Population | None
    method: str
    share: Share | None
    threshold: float | None
    intensity: Intensity | None
    negative: Intensity | None
    molecules: Molecules | None
    notes: tuple[str, ...]
    values: Array = field(repr=False, compare=False)
    control: Array = field(repr=False, compare=False)


@dataclass(frozen=True)
class Plan:
    """How samples are read: channels and files that the user named; '' and None for none."""

    marker: str = ""
    gates: Path | None = None
    population: str = ""
    control: Sample | None = None
    dead: str = ""
    beads: Beads | None = None


def together(stains: Sequence[Stain]) -> Share | None:
    """Share of positive cells over replicates, with what varies between them; None if unknown."""
    if len(stains) == 1:
        return stains[0].share
    counts = []
    for each in stains:
        if each.positive is None or each.share is None:
            return None
        of = each.positive.parent_count
        counts.append((round(each.share.value * of), of))
    return over_replicates(counts)


def stain(sample: Sample, plan: Plan) -> Stain:
    """Gate one sample and measure its marker; SpecError for options that do not go together."""
    _check(plan)
    found = _by_file(sample, plan, plan.gates) if plan.gates else _by_rules(sample, plan)
    notes = [*(problem.what for problem in sample.warnings), *found.notes]
    cells = found.positive
    if cells is None or cells.count == 0 or not found.marker:
        return replace(found, notes=tuple(notes))
    whole = sample.channel(found.marker)
    above = _parent(cells, found.populations)
    positive = _intensity(whole[cells.mask])
    negative = _intensity(whole[above & ~cells.mask])
    notes += _intensity_notes(sample, found.marker, whole[cells.mask])
    molecules = None
    if plan.beads is not None and positive is not None:
        molecules = _molecules(plan.beads, positive, negative, notes)
    return replace(found, intensity=positive, negative=negative, molecules=molecules,
                   notes=tuple(notes), values=whole[above])  # fmt: skip


def _check(plan: Plan) -> None:
    given = {"--control": plan.control is not None, "--dead": bool(plan.dead)}
    if plan.gates is None:
        given = {"--population": bool(plan.population)}
    why = "is for found gates, but --gates is given" if plan.gates else "needs --gates"
    wrong = [option for option, is_given in given.items() if is_given]
    if wrong:
        raise SpecError(Problem(option, why, "See `carnk assay flow --help`.") for option in wrong)


def _parent(cells: Population, populations: Sequence[Population]) -> NDArray[np.bool_]:
    """Mask of the population that these are a share of."""
    places = {(*each.path, each.name): each.mask for each in populations}
    inside = [places[cells.path[:n]] for n in range(len(cells.path), 0, -1)
              if cells.path[:n] in places]  # fmt: skip
    return inside[0] if inside else np.ones(len(cells.mask), bool)


def _by_file(sample: Sample, plan: Plan, gates: Path) -> Stain:
    populations = tuple(gate(sample, gates))
    positive = _named(populations, plan.population, gates.name)
    marker = sample.names[sample.index(plan.marker)] if plan.marker else ""
    share = over_replicates([(positive.count, positive.parent_count)]) if positive else None
    told = _plain(sample, marker, populations, positive, "gate", share)
    if positive is not None:
        return told
    return replace(told, notes=("no gate is named as that of positive cells: give --population",))


def _named(populations: Sequence[Population], word: str, file: str) -> Population | None:
    """The gate of positive cells: the one named, or the only one whose name begins with CAR."""
    named = [each for each in populations if each.name.lower() == word.lower()]
    if word and len(named) != 1:
        names = list(dict.fromkeys(each.name for each in populations))
        do = did_you_mean(word, names) or f"Gates: {', '.join(names)}."
        raise DataError(Problem(file, f"there are {len(named)} gates '{word}'", do))
    cars = [e for e in populations if e.name.lower().startswith("car") and _is_plus(e.name)]
    found = named or cars
    return found[0] if len(found) == 1 else None


def _is_plus(name: str) -> bool:
    return not name.lower().rstrip("_ ").endswith(("-", "neg", "negative", "minus"))


def _by_rules(sample: Sample, plan: Plan) -> Stain:
    marker = sample.names[_marker(sample, plan.marker)]
    gates = find_gates(sample, sample.names[sample.index(plan.dead)] if plan.dead else "")
    populations = gates.apply(sample)
    mask = populations[-1].mask if populations else np.ones(len(sample.events), bool)
    values = sample.channel(marker)[mask]
    if len(values) < FEW:
        what = f"only {len(values)} cells are left after gating"
        raise DataError(Problem(sample.file, what, "Give --gates, or more events."))
    if plan.control is not None:
        share, threshold, notes, control = _over_control(values, plan.control, marker, gates)
        method = "control"
    else:
        share, threshold, notes = _over_mixture(values)
        method, control = "mixture", np.empty(0)
    above = mask & (sample.channel(marker) > threshold)
    path = tuple(each.name for each in populations)
    positive = Population("positive", path, int(above.sum()), len(values), above)
    told = _plain(sample, marker, (*populations, positive), positive, method, share)
    return replace(told, threshold=threshold, notes=(*gates.notes, *notes), control=control)


def _plain(
    sample: Sample, marker: str, populations: tuple[Population, ...],
    positive: Population | None, method: str, share: Share | None,
) -> Stain:  # fmt: skip
    told = sample.file, len(sample.events), marker, populations, positive, method, share
    return Stain(*told, None, None, None, None, (), np.empty(0), np.empty(0))


def _marker(sample: Sample, word: str) -> int:
    if word:
        return sample.index(word)
    labels = [(i, label.lower()) for i in range(len(sample.names))
              for label in (sample.names[i], sample.markers[i])]  # fmt: skip
    found = {i for i, label in labels if label in MARKER_WORDS or label.startswith("car ")}
    if len(found) == 1:
        return found.pop()
    do = f"Give --marker: one of {', '.join(sample.titles)}."
    raise DataError(Problem(sample.file, "it is not clear which channel is the CAR", do))


def _over_control(
    values: Array, control: Sample, marker: str, gates: Gates
) -> tuple[Share, float, list[str], Array]:
    """Share above the control's quantile 0.995, less the control's own above it."""
    laid = gates.apply(control)
    mask = laid[-1].mask if laid else np.ones(len(control.events), bool)
    blank = control.channel(marker)[mask]
    if len(blank) < FEW:
        what = f"only {len(blank)} cells of the control are within the sample's gates"
        raise DataError(Problem(control.file, what, "Is it the same cells and instrument?"))
    threshold = float(np.quantile(blank, QUANTILE))
    above, false = int((values > threshold).sum()), int((blank > threshold).sum())
    raw = exact_interval(above, len(values))
    wrong = exact_interval(false, len(blank))

    def less(share: float, background: float) -> float:
        return min(max((share - background) / (1 - background), 0.0), 1.0)

    value = less(above / len(values), false / len(blank))
    share = Share(value, less(raw[0], wrong[1]), less(raw[1], wrong[0]), float("nan"), 1)
    notes = [f"{above / len(values):.2%} lie above the control's quantile {QUANTILE:g}, where "
             f"{false / len(blank):.2%} of the control do; less those {value:.2%}"]  # fmt: skip
    anchored = mixture.fit(values, blank)
    if anchored.is_told_apart and np.sinh(anchored.means[1]) * anchored.cofactor > threshold:
        share = Share(anchored.share, anchored.low, anchored.high, float("nan"), 1)
        notes.append(
            "dim positive cells below it are counted in, by a bell curve beside the control"
        )
    else:
        notes.append("positive cells as dim as the control are not counted")
    return share, threshold, notes, blank


def _over_mixture(values: Array) -> tuple[Share, float, list[str]]:
    found = mixture.fit(values)
    notes = [f"no control: two bell curves, {found.overlap:.1%} of cells on the wrong side"]
    ends = found.low, found.high
    if not found.is_told_apart:
        ends = 0.0, 1.0
        notes.append(
            f"the two are not told apart (separation {found.separation:.1f}): the share is not "
            "known from this stain alone; give --control"
        )
    return Share(found.share, *ends, float("nan"), 1), found.threshold, notes


def _intensity(values: Array) -> Intensity | None:
    """Median with the ranks that hold it at 95 %, and the spread of positive values."""
    n = len(values)
    if n == 0:
        return None
    ordered = np.sort(values)
    reach = 0.98 * n**0.5
    low, high = (ordered[int(np.clip(round(n / 2 + k * reach), 0, n - 1))] for k in (-1, 1))
    logs = np.log10(values[values > 0])
    quartiles = np.quantile(logs, (0.25, 0.75)) if len(logs) > 1 else (0.0, 0.0)
    spread = float(quartiles[1] - quartiles[0]) / 1.349
    return Intensity(float(np.median(values)), float(low), float(high), spread, n)


def _intensity_notes(sample: Sample, marker: str, values: Array) -> list[str]:
    place = sample.index(marker)
    top = sample.ranges[place] or np.inf
    notes = []
    at_top = float(np.mean(sample.events[:, place] >= 0.999 * top))
    if at_top > SATURATED:
        notes.append(f"{at_top:.0%} of events are at the top of the range of {marker}")
    if len(values) < FEW:
        notes.append(f"rough intensity: {len(values)} positive cells")
    return notes


def _molecules(
    beads: Beads, positive: Intensity, negative: Intensity | None, notes: list[str]
) -> Molecules | None:
    """On the line of the beads; errors of line and median added on the log scale."""
    notes += beads.notes
    if positive.median <= 0:
        notes.append("no molecules: the median intensity is not above 0")
        return None
    value, low, high = beads.per_cell(positive.median)
    steep = beads.line.slope
    median = [np.log10(max(each, 1e-12) / positive.median) / steep
              for each in (positive.low, positive.high)]  # fmt: skip
    down = float(np.hypot(np.log10(low / value), median[0]))
    up = float(np.hypot(np.log10(high / value), median[1]))
    has_blank = negative is not None and negative.median > 0
    blank = beads.per_cell(negative.median)[0] if negative is not None and has_blank else 0.0
    is_outside = beads.is_outside(positive.median)
    if is_outside:
        notes.append("extrapolated: the intensity lies beyond the beads")
    ends = (value * 10**-down - blank, value * 10**up - blank)
    return Molecules(value - blank, max(ends[0], 0.0), ends[1], blank, beads.kind, is_outside)
