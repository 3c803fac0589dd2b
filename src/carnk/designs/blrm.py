"""BLRM: the two-parameter Bayesian logistic model with overdose control (Neuenschwander 2008)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
from scipy.special import expit, logit

from ..base.errors import Problem, SpecError
from .admissibility import Joined
from .outcomes import Counts, Flags, Floats, Tally
from .parts import THREES, CohortSize, OneLevelUp
from .protocol import Design
from .quadrature import dlt_counts, expectations, log_cells, normal_nodes
from .stopping import THIRTY, Stopping

NODES = 91  # per parameter
REACH = 5.5  # prior standard deviations on either side


@dataclass(frozen=True)
class BlrmModel:
    """logit P(DLT) = log alpha + beta log(dose / reference); both logs bivariate normal.

    amounts: dose amounts, increasing, in any one unit. reference: dose at which alpha is the odds.
    mean, sd, correlation: of (log alpha, log beta). The default is the weakly informative prior
    of Neuenschwander 2008's kind: P(DLT) at the reference about 1/3, give or take a lot.
    cuts: edges of the intervals under, target, excessive (and unacceptable) toxicity.
    """

    amounts: tuple[float, ...]
    reference: float
    mean: tuple[float, float] = (float(logit(1 / 3)), 0.0)
    sd: tuple[float, float] = (2.0, 1.0)
    correlation: float = 0.0
    cuts: tuple[float, ...] = (0.16, 0.33)

    def __post_init__(self) -> None:
        problems = []
        if any(a <= 0 for a in self.amounts) or any(
            low >= high for low, high in zip(self.amounts, self.amounts[1:])
        ):
            what = f"{list(self.amounts)} is not positive and increasing"
            problems.append(Problem("amounts", what, "Give the dose amounts from low to high."))
        if self.reference <= 0:
            problems.append(Problem("reference", f"{self.reference:g} is not above 0"))
        if min(self.sd) <= 0 or not -1 < self.correlation < 1:
            what = f"sd {self.sd} and correlation {self.correlation:g} make no normal law"
            problems.append(Problem("prior", what, "Give sd above 0, a correlation within -1, 1."))
        if any(not 0 < c < 1 for c in self.cuts) or any(
            low >= high for low, high in zip(self.cuts, self.cuts[1:])
        ):
            what = f"{list(self.cuts)} is not increasing between 0 and 1"
            problems.append(Problem("intervals", what, "Give the edges, such as 0.16,0.33."))
        if problems:
            raise SpecError(problems, "BLRM")


@dataclass(frozen=True)
class Grid:
    """Quadrature nodes of one model and what is averaged over them.

    log_cell, log_prior: for `expectations`. functions: P(DLT), its square, then P(in interval) for
    each interval and dose, shape (nodes, doses * (2 + intervals)).
    """

    log_cell: Floats
    log_prior: Floats
    functions: Floats


@lru_cache(maxsize=8)
def grid(model: BlrmModel) -> Grid:
    """Lay nodes over log beta and, given it, over log alpha."""
    log_beta, beta_weight = normal_nodes(model.mean[1], model.sd[1], NODES, REACH)
    spread = model.sd[0] * sqrt(1 - model.correlation**2)
    offset, alpha_weight = normal_nodes(0.0, spread, NODES, REACH)
    drift = model.correlation * model.sd[0] / model.sd[1] * (log_beta - model.mean[1])
    log_alpha = (model.mean[0] + drift[:, None] + offset).ravel()
    log_prior = np.add.outer(beta_weight, alpha_weight).ravel()
    slope = np.repeat(np.exp(log_beta), NODES)[:, None]
    rise = slope * np.log(np.asarray(model.amounts) / model.reference)
    rate = np.asarray(expit(log_alpha[:, None] + rise))
    below = [_share_below(log_alpha[:, None], logit(cut) - rise, offset) for cut in model.cuts]
    edges = [np.zeros_like(rate), *below, np.ones_like(rate)]
    inside = [upper - lower for lower, upper in pairwise(edges)]
    return Grid(log_cells(rate), log_prior, np.hstack((rate, rate**2, *inside)))


def _share_below(log_alpha: Floats, limit: Floats, offset: Floats) -> Floats:
    """Return weights of the nodes that integrate the posterior up to a limit of log alpha.

    In the cell that holds the limit the density is taken as a straight line, and the cells below
    are corrected for its slope there (Euler-Maclaurin): the chance of an interval is then exact to
    the third order of the spacing, where counting whole nodes is exact to the first.
    """
    width = offset[1] - offset[0]
    along = (limit - log_alpha) / width  # the limit, in cells from the node
    share = np.clip(along + 0.5, 0.0, 1.0)
    holds = (along >= -0.5) & (along < 0.5)
    slope = np.where(holds, (along**2 - 0.25) / 4, 0.0)
    shift = np.where(holds, 1 / 24, 0.0)
    shape = (len(log_alpha) // len(offset), len(offset), -1)
    weights, slope, shift = (each.reshape(shape) for each in (share, slope, shift))
    weights = weights + shift
    weights[:, 1:] += slope[:, :-1]
    weights[:, :-1] -= slope[:, 1:] + shift[:, 1:]
    return np.asarray(weights.reshape(share.shape))


@dataclass(frozen=True)
class BlrmFit:
    """Posterior by dose, shape (doses,): mean and sd of P(DLT), and the chance of each interval."""

    mean: Floats
    sd: Floats
    intervals: tuple[Floats, ...]


@dataclass(frozen=True)
class Blrm:
    """The dose most probably in the target interval, among those that overdose control allows."""

    model: BlrmModel

    def moments(self, tally: Tally) -> Floats:
        """Return means, mean squares and interval chances, shape (trials, 2 + intervals, doses)."""
        made = grid(self.model)
        counts = dlt_counts(tally.patients - tally.pending, tally.toxic)
        means = expectations(made.log_cell, counts, made.log_prior, made.functions)
        return means.reshape(len(tally), -1, len(self.model.amounts))

    def fit(self, tally: Tally) -> BlrmFit:
        """Return the posterior of the first trial."""
        mean, square, *intervals = self.moments(tally)[0]
        return BlrmFit(mean, np.sqrt(np.maximum(square - mean**2, 0.0)), tuple(intervals))

    def chances(self, tally: Tally) -> tuple[Floats, Floats]:
        """Return P(in the target interval) and P(above it), each (trials, doses)."""
        moments = self.moments(tally)
        return moments[:, 3], moments[:, 4:].sum(axis=1)

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """The allowed dose with the highest chance of the target interval; -1 if none."""
        target, _ = self.chances(tally)
        best = np.argmax(np.where(allowed, target, -1.0), axis=1)
        return np.where(allowed.any(axis=1), best, -1)

    def selected(self, tally: Tally, allowed: Flags) -> Counts:
        """The same at the end, among tried doses."""
        return self.wanted(tally, allowed & (tally.patients > 0))

    def explain(self, tally: Tally, allowed: Flags) -> str:
        """List the chances of target and overdose."""
        target, over = (each[0] for each in self.chances(tally))
        shown = ", ".join(f"{t:.2f}/{o:.2f}" for t, o in zip(target, over))
        return f"P(target)/P(overdose) by dose {shown}."

    def describe(self) -> str:
        """The model as sentences."""
        model = self.model
        return (
            "BLRM: logit P(DLT) = log alpha + beta log(dose/reference), reference"
            f" {model.reference:g}, (log alpha, log beta) ~ Normal(({model.mean[0]:.3g},"
            f" {model.mean[1]:.3g}), sd ({model.sd[0]:g}, {model.sd[1]:g}), correlation"
            f" {model.correlation:g}). The posterior is integrated on a grid. The next dose is the"
            f" admissible one most probably in the target interval {model.cuts[0]:g} to"
            f" {model.cuts[1]:g}. The recommended dose is the same choice among tried doses."
        )

    def table(self, patients: int) -> list[dict[str, Any]]:
        """None: the decision depends on all doses; see `paths`."""
        return []


@dataclass(frozen=True)
class Ewoc(Joined):
    """Escalation with overdose control: P(P(DLT) above the target interval) at most `feasible`."""

    rule: Blrm
    feasible: float = 0.25

    def allowed(self, tally: Tally) -> Flags:
        """Flags of shape (trials, doses)."""
        _, over = self.rule.chances(tally)
        return np.asarray(over <= self.feasible)

    def describe(self) -> str:
        """The rule as a sentence."""
        return (
            f"Overdose control: a dose is admissible if P(DLT rate > {self.rule.model.cuts[1]:g} |"
            f" data) <= {self.feasible:g}; if none is, the trial stops."
        )


def blrm(
    model: BlrmModel,
    stopping: Stopping = THIRTY,
    cohort_size: CohortSize = THREES,
    *,
    feasible: float = 0.25,
) -> Design:
    """Return a BLRM design with EWOC and at most one level up."""
    rule = Blrm(model)
    return Design(
        "BLRM",
        len(model.amounts),
        rule,
        Ewoc(rule, feasible),
        rule,
        stopping,
        OneLevelUp(),
        cohort_size,
    )
