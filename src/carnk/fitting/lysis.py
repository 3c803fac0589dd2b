"""The killing law fitted to lysis curves, and lysis of targets it has not seen.

Fitted are factors with priors: of the donor (natural signal, rate of hits), of the construct
(signal per CAR complex), of the target (what its ligands do not explain), and three numbers of the
law. All else, ligands nobody measured among it, is drawn from its prior for every draw of a
randomized bootstrap: data and prior means are redrawn, the fit is repeated, and the spread of the
repeats is the uncertainty.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ..assays.curves import Curve
from ..assays.wells import Array
from ..base import DataError, Problem, SpecError, did_you_mean
from ..killing import Amount, Effector, Law, Target, lysis
from ..killing.curve import MOST_HOURS
from ..killing.reference import fill, plain, targets
from ..killing.signal import Contact, meet, rates
from ..killing.worlds import FITTED, NINETY, SPREADS, World, world
from ..library import load
from .stains import Inputs

DRAWS = 100
FLOOR = 3.0  # percent; error of a mean of replicates that replicates do not show
STEP = 1e-4
INTERVAL = (2.5, 97.5)  # percentiles
GENERIC_CAR = Amount(15000.0, 0.4, 0.45)  # of a CAR that nobody stained


@dataclass(frozen=True)
class Fit:
    """A fitted law: names of the factors, the best values and the draws.

    best: (factors,) in units of the prior; draws: (draws, factors); residual: percent; seen:
    curves fitted, without their lysis.
    """

    names: tuple[str, ...]
    best: Array
    draws: Array
    seed: int
    residual: float
    seen: tuple[Curve, ...]

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each factor stands."""
        return {name: i for i, name in enumerate(self.names)}


def factors(curves: Iterable[Curve]) -> tuple[str, ...]:
    """Names of the factors that these curves need, 'kind:owner'."""
    names = dict.fromkeys(FITTED)
    for c in curves:
        names |= dict.fromkeys(_needed(c))
    return tuple(names)


def _needed(c: Curve) -> list[str]:
    own = ["level", f"natural:{c.donor}", f"hits:{c.donor}"]
    own += [f"unexplained:{plain(c.target)}", f"fragile:{plain(c.target)}"]
    effector = plain(c.effector)
    if c.has_car:
        own += [f"car:{effector}", f"batch:{c.donor}:{effector}"]
    elif "wt" not in effector and "wild" not in effector:
        own.append(f"engineered:{c.donor}:{effector}")
    return own


def sizes(names: Sequence[str]) -> Array:
    """Prior standard deviations of the log of the factors."""
    library = load()
    found = []
    for name in names:
        low, high = library[name].range or (1.0, 1.0) if name in FITTED else (1.0, 1.0)
        spread = SPREADS.get(name.partition(":")[0], 0.0)
        found.append(np.log(high / low) / NINETY if name in FITTED else spread)
    return np.array(found)


@dataclass(frozen=True)
class _Setup:
    """One curve in one world, ready for any factors."""

    curve: Curve
    nk: Effector
    cell: Target
    met: Contact

    def percent(self, base: Law, factor: Mapping[str, float]) -> Array:
        """Lysis in percent over the curve's E:T."""
        c = self.curve
        effector, target = plain(c.effector), plain(c.target)
        nk = replace(
            self.nk,
            natural_gain=factor["level"]
            * factor[f"natural:{c.donor}"]
            * factor.get(f"engineered:{c.donor}:{effector}", 1.0),
            kill_gain=factor[f"hits:{c.donor}"],
            car_gain=factor.get(f"car:{effector}", 1.0)
            * factor.get(f"batch:{c.donor}:{effector}", 1.0),
        )
        cell = replace(
            self.cell,
            natural_gain=factor[f"unexplained:{target}"],
            kill_gain=factor[f"fragile:{target}"],
        )
        own = replace(
            base,
            kill_rate=factor["kill_rate_max"],
            crowding=factor["crowding"],
            softness=factor["switch_softness"],
        )
        course = lysis(own, rates(own, nk, cell, self.met, ()), c.et, [c.hours])
        return 100 * course.lysed[:, 0]


def _set_up(curve: Curve, inputs: Inputs, given: World) -> _Setup:
    measured = inputs.on_effector(curve.donor, curve.effector, curve.has_car)
    surface = dict(given.receptors) | {n: a for n, a in measured.items() if n != "CAR"}
    surface["CD16"] = Amount(0.0)  # no antibody in the assay
    car = measured.get("CAR", GENERIC_CAR) if curve.has_car else Amount(0.0)
    kd = load()["kd_car"].value
    nk = Effector(curve.effector, surface, curve.antigen, car, kd)
    cell = fill(plain(curve.target), inputs.on_target(curve.target), given.ligands)
    return _Setup(curve, nk, cell, meet(given.law, nk, cell))


def fit(
    curves: Sequence[Curve],
    inputs: Inputs,
    draws: int = DRAWS,
    seed: int = 1,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Fit:
    """Fit the law to curves that `curve_flags.check` let pass; DataError if there are none."""
    if not curves:
        what = "no curve is left to fit"
        raise DataError(Problem("fit", what, "Give lysis over at least three E:T ratios."))
    names = factors(curves)
    problem = _Problem(curves, inputs, names)
    best = problem.solve(world(seed, -1), problem.seen, np.zeros(len(names)))
    rng = np.random.default_rng([seed, 10**6])
    found = []
    for k in range(draws):
        seen = problem.seen + problem.error * rng.standard_normal(problem.seen.size)
        center = rng.standard_normal(len(names))
        found.append(problem.solve(world(seed, k), seen, center, best))
        progress(k + 1, draws)
    residual = float(np.sqrt(np.mean((problem.predict(world(seed, -1), best) - problem.seen) ** 2)))
    return Fit(names, best, np.array(found).reshape(-1, len(names)), seed, residual, tuple(curves))


class _Problem:
    """Least squares over the factors, each in units of its prior."""

    def __init__(self, curves: Sequence[Curve], inputs: Inputs, names: tuple[str, ...]) -> None:
        self.curves, self.inputs, self.names = curves, inputs, names
        self.sizes = sizes(names)
        self.seen = np.concatenate([c.lysis for c in curves])
        self.error = np.concatenate([error(c) for c in curves])
        ends = np.cumsum([c.lysis.size for c in curves])
        self.slices = [slice(e - c.lysis.size, e) for e, c in zip(ends, curves)]
        needs = [set(FITTED) | set(_needed(c)) for c in curves]
        self.touched = [[i for i, n in enumerate(needs) if name in n] for name in names]

    def solve(self, given: World, seen: Array, center: Array, start: Array | None = None) -> Array:
        """Best factors in a world for this lysis, with these prior means."""
        setups = [_set_up(c, self.inputs, given) for c in self.curves]

        def residuals(x: Array) -> Array:
            misfit = (self._lysis(setups, given, x) - seen) / self.error
            return np.concatenate([misfit, x - center])

        def jacobian(x: Array) -> Array:
            base = self._lysis(setups, given, x)
            slope = np.zeros((seen.size, x.size))
            for j, touched in enumerate(self.touched):
                moved = x.copy()
                moved[j] += STEP
                factor = self.values(moved)
                for i in touched:
                    rows = self.slices[i]
                    new = setups[i].percent(given.law, factor)
                    slope[rows, j] = (new - base[rows]) / STEP / self.error[rows]
            return np.vstack([slope, np.eye(x.size)])

        first = center if start is None else start
        return np.asarray(
            least_squares(residuals, first, jacobian, xtol=1e-3, ftol=1e-3, max_nfev=25).x
        )

    def values(self, x: Array) -> dict[str, float]:
        """Factors by name from their places in the prior."""
        return values(self.names, self.sizes * x)

    def predict(self, given: World, x: Array) -> Array:
        """Lysis of all curves in percent."""
        return self._lysis([_set_up(c, self.inputs, given) for c in self.curves], given, x)

    def _lysis(self, setups: list[_Setup], given: World, x: Array) -> Array:
        factor = self.values(x)
        return np.concatenate([s.percent(given.law, factor) for s in setups])


def values(names: Sequence[str], logs: Array) -> dict[str, float]:
    """Factors by name; those of the law are absolute, all others relative to the reference."""
    library = load()
    by_name = zip(names, np.exp(logs))
    return {n: float(f * library[n].value if n in FITTED else f) for n, f in by_name}


def error(curve: Curve) -> Array:
    """Standard error of each point in percent: replicates, and what they do not show."""
    return np.sqrt(curve.sd**2 / curve.replicates + FLOOR**2)


@dataclass(frozen=True)
class Predicted:
    """Lysis of one curve in percent: mean of the draws and the interval of a new measurement."""

    curve: Curve
    lysis: Array
    low: Array
    high: Array


def predict(found: Fit, curves: Sequence[Curve], inputs: Inputs) -> list[Predicted]:
    """Lysis of curves (their own lysis is not read) from a fit, with 95 % intervals.

    A donor, construct or target that the fit has not seen is drawn from its prior.
    """
    return [_predicted(found, curve, inputs) for curve in curves]


def _predicted(found: Fit, curve: Curve, inputs: Inputs) -> Predicted:
    fresh = [name for name in _needed(curve) if name not in found.place]
    size = sizes((*found.names, *fresh))
    shown = np.empty((len(found.draws), curve.et.size))
    for k, own in enumerate(found.draws):
        given = world(found.seed, k)
        drawn = [_fresh(found.seed, k, name) for name in fresh]
        factor = values((*found.names, *fresh), size * np.concatenate([own, drawn]))
        shown[k] = _set_up(curve, inputs, given).percent(given.law, factor)
    rng = np.random.default_rng([found.seed, crc32(curve.name.encode())])
    noise = np.hypot(FLOOR, 3.0) * rng.standard_normal(shown.shape)
    low, high = np.percentile(shown + noise, INTERVAL, axis=0)
    return Predicted(curve, shown.mean(axis=0), low, np.minimum(high, 100.0))


def _fresh(seed: int, draw: int, name: str) -> float:
    rng = np.random.default_rng([seed, draw, crc32(name.encode())])
    return float(rng.standard_normal())


def r_squared(seen: NDArray[np.float64], predicted: Array) -> float:
    """Share of the variance seen that a prediction explains; below 0 it is worse than the mean."""
    seen = np.asarray(seen)
    return float(1 - np.sum((seen - predicted) ** 2) / np.sum((seen - seen.mean()) ** 2))


def asked_for(
    found: Fit, inputs: Inputs, target: str, et: Sequence[float] | None, hours: float | None
) -> list[Curve]:
    """The curves of every donor and effector of a fit, on another target; their lysis is empty.

    SpecError for a target that neither the library, the stains nor the fit know.
    """
    known = [*targets(), *(s.sample for s in inputs.stains), *(c.target for c in found.seen)]
    if plain(target) not in {plain(name) for name in known}:
        do = did_you_mean(target, known) or "Stain it, or name a kind: aml, solid, b_lineage."
        raise SpecError(Problem("--target", f"nothing is known of '{target}'", do))
    if hours is not None and not 0 < hours <= MOST_HOURS:
        raise SpecError(Problem("--hours", f"{hours:g} hours of assay", "Give above 0, to 240."))
    asked: dict[tuple[str, str, float], Curve] = {}
    for c in found.seen:
        ratios = np.array(sorted(et, reverse=True)) if et else c.et
        none = np.zeros(ratios.size)
        new = replace(
            c, target=target, hours=hours or c.hours, et=ratios, lysis=none, sd=none,
            replicates=none + 1, rows=(),
        )  # fmt: skip
        asked.setdefault((c.donor, c.effector, new.hours), new)
    return list(asked.values())


def for_donors(curves: Sequence[Curve], donors: Sequence[str]) -> list[Curve]:
    """The curves of some donors; one that is not among them gets every effector of the others."""
    if not donors:
        return list(curves)
    made: dict[tuple[str, str, float], Curve] = {}
    for donor in donors:
        own = [c for c in curves if plain(c.donor) == plain(donor)] or curves
        for c in own:
            name = c.donor if plain(c.donor) == plain(donor) else donor
            made.setdefault((name, c.effector, c.hours), replace(c, donor=name))
    return list(made.values())


def grounds(found: Fit, inputs: Inputs, curves: Sequence[Curve]) -> list[str]:
    """What a prediction stands on: whether it is blind, what is measured, what is drawn."""
    target = curves[0].target
    lines = []
    if plain(target) in {plain(c.target) for c in found.seen}:
        lines.append(f"{target} was in the fit: this is no blind prediction")
    measured = inputs.on_target(target)
    lines.append(f"measured on {target}: {', '.join(measured) or 'nothing'}; the rest from priors")
    fresh = sorted({c.donor for c in curves} - {c.donor for c in found.seen})
    if fresh:
        lines.append(f"not in the fit, drawn as any donor: {', '.join(fresh)}")
    return lines
