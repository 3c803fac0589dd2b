"""CAR-T numbers in every plausible world, weighed by ZUMA-1 alone.

The worlds of the CAR-NK calibration stay as they are: in each of them CAR-T numbers are drawn from
their ranges, and one draw is kept by how well it meets ZUMA-1. So the response of a CAR-T trial
moves no number that CAR-NK studies read. Only the law of CRS is fitted to arms of both.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from ..library import Number, load
from ..study import read
from ..study.summary import happened
from .crs import CRS_ROWS, CrsFit, trial_spread, width
from .ensemble import trials
from .prior import prior

Array = NDArray[np.float64]
STUDY_T = "zuma1"
FITTED_T = ("kill_car_t", "icans_shift_t")
CANDIDATES, PATIENTS = 32, 100
LAST_DAY = 185.0


@dataclass(frozen=True)
class RowT:
    """A count of ZUMA-1; `among` is the outcome that its patients had."""

    name: str
    outcome: str
    day: float | None
    events: int
    patients: int
    among: str = ""


ROWS_T = (
    RowT("response, best", "response", None, 84, 101),
    RowT("complete response among responders", "complete_response", None, 59, 84, "response"),
    RowT("progression-free at the median of 5.9 months", "pfs", 180.0, 51, 101),
)


@dataclass(frozen=True)
class CarT:
    """CAR-T numbers of every world, and how they came.

    prior: of all candidates, by id; effective: mean effective candidates of a world, of CANDIDATES;
    rates: (worlds, rows) of the candidates kept.
    """

    values: dict[str, Array]
    prior: dict[str, Array]
    effective: float
    rates: Array


def numbers_t() -> tuple[Number, ...]:
    """The uncertain numbers of CAR-T cells and of waiting, the prior of killing among them."""
    found = [n for _, n in sorted(load().items()) if n.room == "car_t"]
    own = [n for n in found if n.range and n.range[0] < n.range[1]]
    return (load()["prior_kill_car_t"], *own)


def car_t(values: dict[str, Array], seed: int = 3, threads: int = 2) -> CarT:
    """Draw candidates in every world, simulate ZUMA-1 under each, keep one by likelihood."""
    count = len(next(iter(values.values())))
    drawn = prior(numbers_t(), count * CANDIDATES, seed)
    drawn["kill_car_t"] = drawn.pop("prior_kill_car_t")
    every = {name: np.repeat(column, CANDIDATES) for name, column in values.items()} | drawn
    study = replace(read(STUDY_T), days=LAST_DAY)
    p = np.array([rates(t) for t in trials(study, every, PATIENTS, threads)])
    likely = log_likelihood(p).reshape(count, CANDIDATES)
    weight = np.exp(likely - likely.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    u = np.random.default_rng(seed).random(count)
    kept = (np.cumsum(weight, axis=1) < u[:, None]).sum(axis=1).clip(max=CANDIDATES - 1)
    rows = np.arange(count) * CANDIDATES + kept
    effective = float((1 / (weight**2).sum(axis=1)).mean())
    return CarT({name: column[rows] for name, column in drawn.items()}, drawn, effective, p[rows])


def rates(outcomes: pl.DataFrame) -> Array:
    """Share of virtual patients with each row's outcome, half an event added to each side."""
    found = []
    for row in ROWS_T:
        mine = happened(outcomes, row.outcome, row.day)
        if row.among:
            mine = mine[happened(outcomes, row.among, row.day) > 0]
        mine = mine[np.isfinite(mine)]
        found.append((mine.sum() + 0.5) / (mine.size + 1))
    return np.array(found)


def log_likelihood(p: Array) -> Array:
    """Binomial log-likelihood of the rows, p (..., rows), without the constant."""
    events = np.array([row.events for row in ROWS_T])
    misses = np.array([row.patients - row.events for row in ROWS_T])
    return np.asarray((events * np.log(p) + misses * np.log1p(-p)).sum(axis=-1))


def icans_shift(signal: list[Array], crs: CrsFit, rng: np.random.Generator | None = None) -> float:
    """Log-odds by which ICANS is rarer than CRS after CAR-T, best or drawn for a new trial.

    signal: log10 peak IL-6 over baseline by row of CRS_ROWS; crs: the law of CRS with the trials'
    shifts, to which each trial adds one of its own for ICANS, shrunk alike.
    """
    number = load()["prior_icans_shift_t"]
    used = [(s, row) for s, row in zip(signal, CRS_ROWS) if row.icans is not None]
    spread = trial_spread(rng)
    widths = np.array([width(number), *[spread] * len(used)])

    def loss(z: Array) -> float:
        total = 0.5 * float(z @ z)
        for i, (s, row) in enumerate(used, 1):
            harder = number.value + widths[0] * z[0] + widths[i] * z[i] + crs.trials[row.study]
            mean = expit(crs.law[0] * s - crs.law[1] - harder).mean()
            p = float(np.clip(mean, 1e-9, 1 - 1e-9))
            events = row.icans or 0
            total -= events * np.log(p) + (row.patients - events) * np.log1p(-p)
        return total

    best = minimize(loss, np.zeros(widths.size), method="BFGS")
    if rng is None:
        return float(number.value + widths[0] * best.x[0])
    z = rng.normal(best.x[0], np.sqrt(best.hess_inv[0, 0]))
    return float(number.value + widths[0] * z + rng.normal(0.0, spread))
