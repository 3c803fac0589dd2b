"""Vector copies per cell by digital or real-time PCR, per total cell and per CAR-positive cell.

Target and reference are counted in the same DNA; a reference gene stands twice in a diploid cell,
so copies per cell are 2 x target / reference. Which cells they are told per is said by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1, inf, log, log1p, nan, sqrt

import numpy as np
from scipy.special import chdtrc

from .populations import exact_interval

FEW_DROPLETS = 10_000
FEW_POSITIVE = 20
MANY_COPIES = 5.0  # per droplet; above it nearly all droplets are positive
UNEVEN = 0.05  # chance below which wells differ by more than counting


@dataclass(frozen=True)
class Droplets:
    """One assay in one well: positive droplets of all that were accepted; dilution in fold."""

    positive: int
    total: int
    dilution: float = 1.0
    line: int = 0

    @property
    def copies(self) -> float:
        """Mean copies per droplet before dilution: Poisson, -ln(1 - positive / total)."""
        return -log1p(-self.positive / self.total) * self.dilution

    @property
    def interval(self) -> tuple[float, float]:
        """Exact 95 % interval of the copies: Clopper-Pearson on the droplets."""
        ends = exact_interval(self.positive, self.total)
        low, high = (-log1p(-end) * self.dilution if end < 1 else inf for end in ends)
        return low, high


@dataclass(frozen=True)
class Copies:
    """Copies per cell with a 95 % interval; notes say what to bear in mind."""

    value: float
    low: float
    high: float
    notes: tuple[str, ...] = ()

    def times(self, factor: float) -> Copies:
        """The same in another unit."""
        return Copies(self.value * factor, self.low * factor, self.high * factor, self.notes)


def ratio(target: Droplets, reference: Droplets) -> Copies:
    """Target over reference by Fieller's theorem with exact limits (MOVER-R).

    Donner and Zou 2012, doi 10.1177/0962280210383082: Fieller's interval, with the distances from
    estimate to limit that each Clopper-Pearson interval has, so that it holds for few droplets and
    for none. `reference` must have positive droplets.
    """
    a, b = target.copies, reference.copies
    (low_a, high_a), (low_b, high_b) = target.interval, reference.interval
    product = a * b
    gap = low_a * (2 * a - low_a)
    low = gap / (product + sqrt(product**2 - gap * high_b * (2 * b - high_b))) if a else 0.0
    reach = low_b * (2 * b - low_b)
    root = sqrt(product**2 - high_a * (2 * a - high_a) * reach)
    return Copies(a / b, low, (product + root) / reach)


def pooled(wells: Sequence[Droplets]) -> Droplets:
    """Droplets of replicate wells taken together; all have one dilution."""
    positive, total = (sum(getattr(w, name) for w in wells) for name in ("positive", "total"))
    return Droplets(positive, total, wells[0].dilution, wells[0].line)


def per_cell(
    target: Sequence[Droplets], reference: Sequence[Droplets], reference_copies: float = 2.0
) -> Copies:
    """Copies per cell of all wells; the interval is widened where wells differ beyond counting.

    target and reference: the same wells in the same order where both were counted in each.
    """
    whole = ratio(pooled(target), pooled(reference))
    notes = _notes(target, reference)
    wells = [
        (log(t.copies / r.copies), 1 / t.positive + 1 / r.positive)
        for t, r in zip(target, reference)
        if t.positive and r.positive
    ]
    low, high = whole.low, whole.high
    if len(wells) > 1 and len(target) == len(reference):
        y, variance = (np.array(each) for each in zip(*wells))
        mean = float(np.average(y, weights=1 / variance))
        excess = float(np.sum((y - mean) ** 2 / variance))
        if chdtrc(len(y) - 1, excess) < UNEVEN:
            wider = sqrt(excess / (len(y) - 1))
            notes.append(f"wells differ by more than counting: interval widened {wider:.1f}-fold")
            low, high = (whole.value * (end / whole.value) ** wider for end in (low, high))
    found = Copies(whole.value, low, high, tuple(notes))
    return found.times(reference_copies)


def _notes(target: Sequence[Droplets], reference: Sequence[Droplets]) -> list[str]:
    wells = [*target, *reference]
    notes = []
    few = sum(each.total < FEW_DROPLETS for each in wells)
    if few:
        notes.append(f"{few} wells have fewer than {FEW_DROPLETS:,} accepted droplets")
    if pooled(target).positive < FEW_POSITIVE:
        notes.append(f"few positive droplets of the target: {pooled(target).positive}")
    if pooled(reference).positive < FEW_POSITIVE:
        notes.append(f"few positive droplets of the reference: {pooled(reference).positive}")
    if any(each.copies / each.dilution > MANY_COPIES for each in wells):
        notes.append(f"more than {MANY_COPIES:g} copies per droplet: dilute the DNA")
    return notes


@dataclass(frozen=True)
class PerCar:
    """Copies per CAR-positive cell, beside what Poisson integration would give at that share.

    poisson: mean of a zero-truncated Poisson law whose share of cells without a copy is that of the
    CAR-negative cells; observed over it is the dispersion.
    """

    copies: Copies
    poisson: float

    @property
    def dispersion(self) -> float:
        """Observed copies over those of Poisson integration."""
        return self.copies.value / self.poisson if self.poisson else nan


def per_car_positive(total: Copies, share: float, low: float, high: float) -> PerCar:
    """Copies per CAR-positive cell if CAR-negative cells carry none; share with its 95 % interval.

    The errors of copies and share are independent and added on the log scale. Fewer copies than
    CAR-positive cells cannot be, and are told.
    """
    value = total.value / share
    down = _both(total.low / total.value if total.value else 0.0, share / high)
    up = sqrt(log(total.high / total.value) ** 2 + log(share / low) ** 2) if total.value else inf
    top = value * exp(up) if total.value else total.high / low
    mean = -log1p(-share) if share < 1 else inf
    poisson = mean / -expm1(-mean) if mean < inf else inf
    notes = [*total.notes]
    if low == high:
        notes.append("the error of the CAR+ share is not known and not counted")
    if total.high < low:
        notes.append("fewer copies than CAR+ cells: false CAR+ cells, or the wrong reference")
    elif poisson < inf and value * down > poisson:
        notes.append("more copies than Poisson integration gives: uneven, or copies without CAR")
    elif top < poisson < inf:
        notes.append("fewer copies than Poisson integration gives at this CAR+ share")
    return PerCar(Copies(value, value * down, top, tuple(notes)), poisson)


def _both(first: float, second: float) -> float:
    """Two lower ends, each as a share of its value, as one."""
    if first <= 0 or second <= 0:
        return 0.0
    return exp(-sqrt(log(first) ** 2 + log(second) ** 2))
