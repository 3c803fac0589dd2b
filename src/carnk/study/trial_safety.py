"""What shared lots do to the proof that a toxicity is rare."""

from typing import Any

import numpy as np
from scipy.special import expit, gammaln, logit

from .numbers import Array

Row = dict[str, Any]
EVENTS = (0, 1, 2, 3)
CONFIDENCE = 0.95
MOST = 1000  # patients


def shared_lot_correlation(chance: Array) -> tuple[float, float]:
    """(correlation, standard error) of a yes-or-no outcome between two patients of one lot.

    chance: each patient's chance of it, shape (worlds, lots, patients). The variance between lots
    of one world is that of a one-way analysis of variance, and never below 0 in the end; the error
    comes from leaving out one world at a time.
    """
    between, total = _parts(chance)
    whole = between.sum() / max(total.sum(), 1e-300)
    left_out = (between.sum() - between) / np.maximum(total.sum() - total, 1e-300)
    error = np.sqrt((left_out.size - 1) * left_out.var())
    return float(max(whole, 0.0)), float(error)


def _parts(chance: Array) -> tuple[Array, Array]:
    """Of each world: variance of the chance between lots, and of the outcome itself."""
    worlds, lots, size = chance.shape
    lot = chance.mean(axis=2)
    between = np.zeros(worlds)
    if lots > 1 and size > 1:
        between = lot.var(axis=1, ddof=1) - chance.var(axis=2, ddof=1).mean(axis=1) / size
    mean = lot.mean(axis=1)
    return between, mean * (1 - mean)


def raised(chance: Array, mean: float) -> Array:
    """The same patients and lots with the odds of every patient of a world times one factor.

    The factor makes `mean` the mean chance of each world; it is what a lower threshold does in the
    ordered logit of toxicity.
    """
    odds = logit(np.clip(chance, 1e-12, 1 - 1e-12))
    low, high = np.full(len(odds), -60.0), np.full(len(odds), 60.0)
    for _ in range(60):
        middle = (low + high) / 2
        over = expit(odds + middle[:, None, None]).mean(axis=(1, 2)) > mean
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return np.asarray(expit(odds + ((low + high) / 2)[:, None, None]))


def count_chances(patients: int, per_lot: int, rate: float, correlation: float) -> Array:
    """Chance of 0, 1, ... `patients` events when patients come in lots of `per_lot`.

    Events of one lot are beta-binomial with this correlation; lots are independent.
    """
    chances = np.ones(1)
    full, rest = divmod(patients, per_lot)
    for size in [per_lot] * full + [rest] * (rest > 0):
        chances = np.convolve(chances, _of_one_lot(size, rate, correlation))
    return chances


def _of_one_lot(size: int, rate: float, correlation: float) -> Array:
    """Beta-binomial chances by products, which keep their digits where the correlation is small."""
    k = np.arange(size + 1)
    step = np.arange(size) * correlation / (1 - correlation)
    events, others, all_of = (
        _log_products(np.asarray(x + step, float)) for x in (rate, 1 - rate, 1.0)
    )
    ways = gammaln(size + 1) - gammaln(k + 1) - gammaln(size - k + 1)
    return np.asarray(np.exp(ways + events + others[::-1] - all_of[-1]))


def _log_products(factors: Array) -> Array:
    """Log of the product of the first 0, 1, ... factors."""
    return np.concatenate(([0.0], np.cumsum(np.log(factors))))


def needed(events: int, bound: float, per_lot: int, correlation: float) -> int | None:
    """Fewest patients of whom at most so many events exclude a rate of `bound` at 95 %.

    None where even a thousand patients do not.
    """
    for patients in range(events + 1, MOST + 1):
        chances = count_chances(patients, per_lot, bound, correlation)
        if chances[: events + 1].sum() <= 1 - CONFIDENCE:
            return patients
    return None


def patients_to_bound(chance: Array, bound: float, per_lot: int) -> Row:
    """How many patients exclude a toxicity of `bound`, with and without shared lots.

    chance: (worlds, lots, patients), at one dose. The correlation is that of the same patients and
    lots raised to a toxicity of exactly `bound`; `shared_ends` follow its 95 % interval. `wrong` is
    the chance that the plan for independent patients calls a toxicity of `bound` excluded, 5 % by
    intent; `passes` the chance that the product passes, over plausible worlds.
    """
    correlation, error = shared_lot_correlation(raised(chance, bound))
    own = min(shared_lot_correlation(chance)[0], 0.99)
    rates = chance.mean(axis=(1, 2))
    rows = []
    for events in EVENTS:
        alone = needed(events, bound, per_lot, 0.0)
        together = needed(events, bound, per_lot, correlation)
        ends = [min(max(correlation + z * error, 0.0), 0.99) for z in (-1.96, 1.96)]
        rows.append(
            {
                "events": events,
                "independent": alone,
                "shared": together,
                "shared_ends": [needed(events, bound, per_lot, end) for end in ends],
                "wrong": alone and _at_most(events, alone, per_lot, bound, correlation),
                "passes_independent": alone and _passes(events, alone, per_lot, rates, own),
                "passes_shared": together and _passes(events, together, per_lot, rates, own),
            }
        )
    return {"correlation": correlation, "error": error, "rows": rows}


def _at_most(events: int, patients: int, per_lot: int, rate: float, correlation: float) -> float:
    return float(count_chances(patients, per_lot, rate, correlation)[: events + 1].sum())


def _passes(events: int, patients: int, per_lot: int, rates: Array, correlation: float) -> float:
    kept = np.clip(rates, 1e-9, 1 - 1e-9)
    chances = [_at_most(events, patients, per_lot, float(r), correlation) for r in kept]
    return float(np.mean(chances))
