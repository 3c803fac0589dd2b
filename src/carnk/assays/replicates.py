"""How many replicates a comparison needs, and where to put them on the plate."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base import Problem, SpecError
from .blocks import FORMATS, row_name
from .kits import Kit
from .plate import position

MOST = 10_000  # replicates of a group
DUPLICATES, BLANKS = 2, 4  # wells of each standard, and of blanks, where a kit is named


@dataclass(frozen=True)
class Comparison:
    """Two groups by a two-sided two-sample t test: replicates of each, and the power they give."""

    effect: float
    sd: float
    alpha: float
    replicates: int
    power: float


@dataclass(frozen=True)
class Place:
    """One well of a map; group is '' for standards, blanks and empty wells."""

    well: str
    role: str
    group: str = ""
    replicate: int = 0
    concentration: str = ""


def compare(effect: float, sd: float, power: float, alpha: float = 0.05) -> Comparison:
    """The fewest replicates of each group that find a difference of means with this power.

    effect and sd: in one unit; sd is of independent replicates within a group. The power is that of
    the noncentral t distribution. SpecError for what cannot be, or needs more than 10,000.
    """
    problems = [
        Problem(f"--{name}", f"{value:g} is not above 0")
        for name, value in (("effect", abs(effect)), ("sd", sd))
        if not value > 0 or not np.isfinite(value)
    ]
    problems += [
        Problem(f"--{name}", f"{value:g} is not between 0 and 1")
        for name, value in (("power", power), ("alpha", alpha))
        if not 0 < value < 1
    ]
    if not problems and power <= alpha:
        problems.append(Problem("--power", f"{power:g} is no more than alpha, {alpha:g}"))
    if problems:
        raise SpecError(problems)
    low, high = 1, 2
    while power_of(effect / sd, high, alpha) < power:
        low, high = high, 2 * high
        if high > MOST:
            what = f"an effect of {effect:g} at sd {sd:g} needs more than {MOST:,} replicates"
            raise SpecError(Problem("--effect", what, "Ask for a larger effect or less power."))
    while high - low > 1:
        middle = (low + high) // 2
        if power_of(effect / sd, middle, alpha) < power:
            low = middle
        else:
            high = middle
    return Comparison(effect, sd, alpha, high, power_of(effect / sd, high, alpha))


def power_of(standardized: float, replicates: int, alpha: float) -> float:
    """Power of the two-sided two-sample t test for an effect in standard deviations."""
    from scipy.stats import nct, t

    freedom = 2 * replicates - 2
    shift = abs(standardized) * np.sqrt(replicates / 2)
    limit = t.isf(alpha / 2, freedom)
    return float(nct.sf(limit, freedom, shift) + nct.cdf(-limit, freedom, shift))


def plate_map(
    groups: Sequence[str], replicates: int, wells: int = 96, kit: Kit | None = None, seed: int = 1
) -> list[Place]:
    """A randomized map of a whole plate, well by well.

    Wells at the edge are used when the others are full, and then every group has as many of them
    as any other, to within one. kit: its standards in duplicate and four blanks are placed too.
    SpecError if the plate is too small.
    """
    shape = _shape(wells)
    controls = _controls(kit)
    needed = len(groups) * replicates + len(controls)
    if needed > wells:
        what = f"{len(groups)} x {replicates} replicates and {len(controls)} controls need {needed}"
        do = "Take --wells 384, fewer groups, or several plates with a layout of their own each."
        raise SpecError(Problem("--wells", f"{what} wells of {wells}", do))
    names = [f"{row_name(r)}{c + 1}" for r in range(shape[0]) for c in range(shape[1])]
    rng = np.random.default_rng(seed)
    edge = [name for name in names if _is_edge(name, shape)]
    inside = [name for name in names if not _is_edge(name, shape)]
    rng.shuffle(edge)
    rng.shuffle(inside)
    at_edge = edge[: max(0, needed - len(inside))]
    free = [*at_edge, *inside[: needed - len(at_edge)]]
    every = _dealt(groups, replicates, rng)
    order = _spread(every, controls, len(at_edge), rng)
    placed = dict(zip(free, order))
    return [placed_at(name, placed.get(name)) for name in names]


def layout_text(places: Sequence[Place]) -> str:
    """The map as a layout that every `carnk assay` command reads."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("well", "role", "sample", "concentration", "group", "replicate"))
    for p in places:
        sample = f"{p.group}-{p.replicate}" if p.group else ""
        writer.writerow(
            (p.well, p.role, sample, p.concentration, p.group, p.replicate or "")
        )  # fmt: skip
    return stream.getvalue()


def placed_at(well: str, what: Place | None) -> Place:
    """What is in a well, or that it is empty."""
    if what is None:
        return Place(well, "empty")
    return Place(well, what.role, what.group, what.replicate, what.concentration)


def _shape(wells: int) -> tuple[int, int]:
    if wells not in FORMATS:
        do = f"Known are {', '.join(map(str, FORMATS))}."
        raise SpecError(Problem("--wells", f"there is no plate of {wells} wells", do))
    return FORMATS[wells]


def _is_edge(well: str, shape: tuple[int, int]) -> bool:
    row, column = position(well)
    return row in (0, shape[0] - 1) or column in (0, shape[1] - 1)


def _controls(kit: Kit | None) -> list[Place]:
    if kit is None:
        return []
    series = [kit.top / kit.fold**k for k in range(kit.levels)] + [0.0]
    standards = [
        Place("", "standard", concentration=f"{c:g} {kit.unit}")
        for c in series
        for _ in range(DUPLICATES)
    ]
    return standards + [Place("", "blank")] * BLANKS


def _dealt(groups: Sequence[str], replicates: int, rng: np.random.Generator) -> list[Place]:
    """Replicates in rounds of one of each group, groups shuffled within a round."""
    dealt = []
    for replicate in range(1, replicates + 1):
        for i in rng.permutation(len(groups)):
            dealt.append(Place("", "sample", groups[int(i)], replicate))
    return dealt


def _spread(
    every: list[Place], controls: list[Place], at_edge: int, rng: np.random.Generator
) -> list[Place]:
    """All wells' contents, those for the edge first: rounds of the groups, then controls."""
    share = min(len(every), round(at_edge * len(every) / max(len(every) + len(controls), 1)))
    share = max(share, at_edge - len(controls))
    shuffled = [controls[int(i)] for i in rng.permutation(len(controls))]
    first = [*every[:share], *shuffled[: at_edge - share]]
    rest = [*every[share:], *shuffled[at_edge - share :]]
    return [*first, *(rest[int(i)] for i in rng.permutation(len(rest)))]
