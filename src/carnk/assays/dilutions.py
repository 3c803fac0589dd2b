"""Dilution series beside the standard curve: one concentration, linearity, parallelism, spikes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .calibration import StandardCurve
from .distributions import f_above, t_quantile
from .logistic import Array, signal
from .regression import Fit, refit

if TYPE_CHECKING:
    from .elisa import Measured

ENOUGH = 3  # dilutions within range, for parallelism
RATIO = (0.80, 1.25)  # of slopes, within which a sample counts as parallel


@dataclass(frozen=True)
class Dilutions:
    """A sample at several dilutions within range, fitted together with the standards.

    concentration, low, high: of the undiluted sample, 95 %, with the curve's own error in it.
    recovery: of each dilution over it. linearity_p: chance of so much disagreement between the
    dilutions if they were one concentration. slope_ratio: the sample's slope over the standard's
    with its 90 % interval, nan with fewer than three dilutions; parallelism_p: chance of it under
    equal slopes (extra sum of squares); parallel: 'yes' if the interval lies within 0.80 to 1.25,
    'no' if the test rejects at 1 % and it does not, 'unclear' otherwise, '' without a test.
    """

    sample: str
    names: tuple[str, ...]
    dilution: tuple[float, ...]
    concentration: float
    low: float
    high: float
    error: float
    recovery: tuple[float, ...]
    linearity_p: float
    slope_ratio: float
    slope_range: tuple[float, float]
    parallelism_p: float
    parallel: str


@dataclass(frozen=True)
class Spike:
    """What was found of an added amount, with its 95 % interval; base: what was there before."""

    sample: str
    names: tuple[str, ...]
    dilution: float
    added: float
    base: float
    recovery: float
    low: float
    high: float


def dilutions_of(curve: StandardCurve, measured: Sequence[Measured]) -> tuple[Dilutions, ...]:
    """Every sample with two or more dilutions within range; none where the joint fit fails."""
    series: dict[str, list[Measured]] = {}
    for each in measured:
        if each.wells.role == "sample" and each.is_in_range:
            series.setdefault(each.wells.sample, []).append(each)
    several = (found for found in series.values() if len({m.wells.dilution for m in found}) > 1)
    made = (_series(curve, found) for found in several)
    return tuple(each for each in made if each is not None)


def _series(curve: StandardCurve, found: list[Measured]) -> Dilutions | None:
    joint = _Joint(curve, found)
    one = joint.fit(False)
    if not one.converged:
        return None
    at = float(one.parameters[-1])
    error = float(one.standard_errors[-1]) / one.sd * math.sqrt(curve.scale)
    t = t_quantile(0.95, curve.freedom)
    groups = len(found) - 1
    lack = max(one.rss - curve.fit.rss, 0.0) / groups / curve.scale
    ratio, span, chance, verdict = _parallelism(joint, one, len({m.wells.dilution for m in found}))
    ordered = sorted(found, key=lambda m: m.wells.dilution)
    return Dilutions(
        found[0].wells.sample,
        tuple(name for m in ordered for name in m.wells.names),
        tuple(m.wells.dilution for m in ordered),
        math.exp(at),
        math.exp(at - t * error),
        math.exp(at + t * error),
        error,
        tuple(m.concentration / math.exp(at) for m in ordered),
        f_above(lack, groups, curve.freedom),
        ratio,
        span,
        chance,
        verdict,
    )


def _parallelism(
    joint: _Joint, one: Fit, dilutions: int
) -> tuple[float, tuple[float, float], float, str]:
    nothing = (math.nan, (math.nan, math.nan), math.nan, "")
    own = joint.fit(True) if dilutions >= ENOUGH else None
    if own is None or not own.converged:
        return nothing
    curve = joint.curve
    chance = f_above(max(one.rss - own.rss, 0.0) / curve.scale, 1, curve.freedom)
    error = float(own.standard_errors[-1]) / own.sd * math.sqrt(curve.scale)
    t = t_quantile(0.90, curve.freedom)
    middle = float(own.parameters[-1])
    span = math.exp(middle - t * error), math.exp(middle + t * error)
    if span[0] >= RATIO[0] and span[1] <= RATIO[1]:
        verdict = "yes"
    else:
        verdict = "no" if chance < 0.01 else "unclear"
    return math.exp(middle), span, chance, verdict


class _Joint:
    """Standards and a dilution series as one regression on ln concentration and, if own, slope."""

    def __init__(self, curve: StandardCurve, found: Sequence[Measured]) -> None:
        self.curve = curve
        fold = np.log([m.wells.dilution for m in found])
        self.start = float(np.mean([math.log(m.concentration) for m in found]))
        self.x = np.concatenate([curve.x, -fold])
        means = np.array([m.signal for m in found])
        sizes = np.array([float(m.wells.signals.size) for m in found])
        self.y = np.concatenate([curve.y, means])
        of_curve = 1 / curve.noise.variance(signal(curve.x, curve.b) + curve.blank)
        of_means = sizes / curve.noise.variance(means + curve.blank)
        self.weights = np.concatenate([of_curve, of_means])

    def fit(self, own_slope: bool) -> Fit:
        """The fit; its last parameter is the ln of the slopes' ratio where the slope is own."""
        n, p = self.curve.x.size, self.curve.b.size

        def f(x: Array, b: Any) -> Any:
            standards = signal(x[:n], b[:p])
            slope = b[3] * np.exp(b[p + 1]) if own_slope else b[3]
            series = signal(x[n:] + b[p], [*b[:3], slope, *b[4:p]])
            return np.concatenate([standards, series])

        start = np.array([*self.curve.b, self.start, *([0.0] if own_slope else [])])
        return refit(f, self.x, self.y, Fit(True, parameters=start), self.weights)


def spikes_of(curve: StandardCurve, measured: Sequence[Measured]) -> tuple[Spike, ...]:
    """Recovery of every spike beside its own sample at the same dilution.

    A sample below the LLOQ counts as nothing there; a spike out of range has no recovery.
    """
    base = {(m.wells.sample, m.wells.dilution): m for m in measured if m.wells.role == "sample"}
    t = t_quantile(0.95, curve.freedom)
    found = []
    for spiked in measured:
        own = base.get((spiked.wells.sample, spiked.wells.dilution))
        added = spiked.wells.given
        is_spike = spiked.wells.role == "spike" and spiked.is_in_range and added
        if not is_spike or own is None or own.flag not in ("", "<LLOQ") or not added:
            continue
        before = own.concentration if own.is_in_range else 0.0
        recovery = (spiked.concentration - before) / added
        errors = [spiked.concentration * spiked.estimate.se]
        errors += [own.concentration * own.estimate.se] if own.is_in_range else []
        reach = t * math.hypot(*errors) / added
        found.append(
            Spike(
                spiked.wells.sample, spiked.wells.names, spiked.wells.dilution, added, before,
                recovery, recovery - reach, recovery + reach,
            )
        )  # fmt: skip
    return tuple(found)
