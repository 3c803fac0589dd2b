"""CRM: continual reassessment (O'Quigley 1990), one- and two-parameter, by quadrature."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, sqrt
from typing import Any, Literal

import numpy as np
from scipy.special import expit, logit, ndtri

from ..base.errors import Problem, SpecError
from .admissibility import AllDoses, Joined
from .exact import beta_above
from .outcomes import Counts, Flags, Floats, Tally
from .parts import THREES, Coherent, CohortSize, FixedSize
from .protocol import Design
from .quadrature import dlt_counts, expectations, log_cells, normal_nodes
from .stopping import THIRTY, Stopping

Link = Literal["empiric", "logistic", "two-parameter"]
NODES = 401
NODES_TWO = 81
LEVEL = 0.90


@dataclass(frozen=True)
class CrmModel:
    """How P(DLT) depends on the dose.

    skeleton: prior guess of P(DLT) by dose, increasing. link: empiric p = s^exp(theta); logistic
    logit p = intercept + exp(theta) x, with x such that theta = 0 gives the skeleton; two-parameter
    logit p = a + exp(theta) x with a ~ Normal(intercept, intercept_sd^2) too. scale: prior standard
    deviation of theta, whose mean is 0.
    """

    skeleton: tuple[float, ...]
    link: Link = "empiric"
    scale: float = sqrt(1.34)
    intercept: float = 3.0
    intercept_sd: float = 1.0

    def __post_init__(self) -> None:
        problems = []
        if any(not 0 < p < 1 for p in self.skeleton):
            what = f"{list(self.skeleton)} is not all between 0 and 1"
            problems.append(
                Problem("skeleton", what, "Give probabilities, such as 0.05,0.15,0.30.")
            )
        if any(low >= high for low, high in zip(self.skeleton, self.skeleton[1:])):
            what = f"{list(self.skeleton)} is not increasing"
            problems.append(Problem("skeleton", what, "Give a higher P(DLT) for each higher dose."))
        if self.scale <= 0:
            problems.append(Problem("scale", f"{self.scale:g} is not above 0"))
        if problems:
            raise SpecError(problems, "CRM")

    @property
    def labels(self) -> Floats:
        """Doses as the model scales them: the skeleton, or x of the logistic links."""
        skeleton = np.asarray(self.skeleton)
        return skeleton if self.link == "empiric" else np.asarray(logit(skeleton) - self.intercept)

    def probability(self, theta: Floats, intercept: Floats | None = None) -> Floats:
        """Return P(DLT) at every dose, shape (*theta.shape, doses)."""
        slope = np.exp(np.asarray(theta))[..., None]
        if self.link == "empiric":
            return np.asarray(self.labels**slope)
        start = self.intercept if intercept is None else np.asarray(intercept)[..., None]
        return np.asarray(expit(start + slope * self.labels))

    def nodes(self) -> tuple[Floats, Floats, Floats]:
        """Return theta, P(DLT) (nodes, doses) and log prior weight at the quadrature nodes."""
        return _nodes(self)


@lru_cache(maxsize=16)
def _nodes(model: CrmModel) -> tuple[Floats, Floats, Floats]:
    if model.link != "two-parameter":
        theta, log_prior = normal_nodes(0.0, model.scale, NODES)
        return theta, model.probability(theta), log_prior
    theta, weight = normal_nodes(0.0, model.scale, NODES_TWO, 5.0)
    start, other = normal_nodes(model.intercept, model.intercept_sd, NODES_TWO, 5.0)
    slopes, starts = (each.ravel() for each in np.meshgrid(theta, start, indexing="ij"))
    return slopes, model.probability(slopes, starts), np.add.outer(weight, other).ravel()


@dataclass(frozen=True)
class CrmFit:
    """Posterior of one trial: mean and variance of theta; P(DLT) by dose with its interval."""

    theta: float
    variance: float
    rates: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Crm:
    """The dose whose estimated P(DLT) is nearest to the target.

    With one parameter the estimate is P(DLT) at the posterior mean of theta (as dfcrm has it), with
    two the posterior mean of P(DLT). Patients still in the window count by the share of it they
    have been seen (TITE-CRM, Cheung and Chappell 2000).
    """

    model: CrmModel
    target: float

    def rates(self, tally: Tally) -> Floats:
        """Return estimated P(DLT), shape (trials, doses)."""
        theta, probability, _ = self.model.nodes()
        two = self.model.link == "two-parameter"
        means = self._means(tally, probability if two else theta[:, None])
        return means if two else self.model.probability(means[:, 0])

    def _means(self, tally: Tally, functions: Floats) -> Floats:
        _, probability, log_prior = self.model.nodes()
        evaluated = tally.patients - tally.pending
        counts = dlt_counts(evaluated, tally.toxic)
        extra = _pending_likelihood(tally, probability)
        return expectations(log_cells(probability), counts, log_prior, functions, extra)

    def fit(self, tally: Tally) -> CrmFit:
        """Return the posterior of the first trial; the interval is 90 % and normal in theta."""
        theta, probability, _ = self.model.nodes()
        if self.model.link == "two-parameter":
            functions = np.column_stack((theta, theta**2, probability, probability**2))
            row = self._means(tally, functions)[0]
            doses = len(self.model.skeleton)
            mean, square = row[2 : 2 + doses], row[2 + doses :]
            half = ndtri((1 + LEVEL) / 2) * np.sqrt(np.maximum(square - mean**2, 0))
            low, high = np.clip(mean - half, 0, 1), np.clip(mean + half, 0, 1)
        else:
            row = self._means(tally, np.column_stack((theta, theta**2)))[0]
            mean = self.model.probability(row[0])
            half = ndtri((1 + LEVEL) / 2) * sqrt(max(row[1] - row[0] ** 2, 0.0))
            low, high = self.model.probability(row[0] + half), self.model.probability(row[0] - half)
            low, high = np.minimum(low, high), np.maximum(low, high)
        bounds = (tuple(map(float, each)) for each in (mean, low, high))
        return CrmFit(float(row[0]), float(row[1] - row[0] ** 2), *bounds)

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """The allowed dose with the estimate nearest to the target."""
        distance = np.where(allowed, np.abs(self.rates(tally) - self.target), np.inf)
        return np.asarray(np.argmin(distance, axis=1))

    def selected(self, tally: Tally, allowed: Flags) -> Counts:
        """The same at the end; no dose where none is allowed."""
        return np.where(allowed.any(axis=1), self.wanted(tally, allowed), -1)

    def explain(self, tally: Tally, allowed: Flags) -> str:
        """List the estimates."""
        rates = ", ".join(f"{rate:.3f}" for rate in self.rates(tally)[0])
        nearest = int(self.wanted(tally, allowed)[0]) + 1
        return f"Estimated P(DLT) {rates}: dose {nearest} is nearest to {self.target:g}."

    def describe(self) -> str:
        """The model as sentences."""
        skeleton = ", ".join(f"{p:.3g}" for p in self.model.skeleton)
        return (
            f"Target DLT rate {self.target:g}. CRM, {self.model.link} model, prior guess of P(DLT)"
            f" {skeleton}; theta ~ Normal(0, {self.model.scale**2:.3g}). The posterior is"
            " integrated on a grid; the next dose is the one with the estimate nearest to the"
            " target. The recommended dose at the end is the same choice, from all data."
        )

    def table(self, patients: int) -> list[dict[str, Any]]:
        """None: the decision depends on all doses; see `paths`."""
        return []


def _pending_likelihood(tally: Tally, probability: Floats) -> Floats | None:
    """Return log(1 - w p) of patients without DLT who are still in the window, (trials, nodes)."""
    if tally.followed is None or not tally.pending.any():
        return None
    seen = tally.followed
    total = np.zeros((len(tally), len(probability)))
    pending = (seen.dose >= 0) & ~seen.toxic & (seen.weight < 1)
    trial, patient = np.nonzero(pending)
    order = np.argsort(np.cumsum(pending, axis=1)[trial, patient], kind="stable")
    rank = np.cumsum(pending, axis=1)[trial, patient][order]
    for nth in range(1, int(rank.max(initial=0)) + 1):  # at most one patient per trial at a time
        rows, seats = trial[order][rank == nth], patient[order][rank == nth]
        weight = seen.weight[rows, seats][:, None]
        total[rows] += np.log1p(
            -weight * np.minimum(probability.T[seen.dose[rows, seats]], 1 - 1e-16)
        )
    return total


@dataclass(frozen=True)
class LowestSafe(Joined):
    """Nothing is allowed once dose 1 alone is probably above the target (uniform prior)."""

    target: float
    certainty: float = 0.95

    def allowed(self, tally: Tally) -> Flags:
        """Flags of shape (trials, doses)."""
        patients, toxic = tally.patients[:, :1] - tally.pending[:, :1], tally.toxic[:, :1]
        above = beta_above(self.target, toxic + 1.0, patients - toxic + 1.0)
        safe = (patients < 3) | (above <= self.certainty)
        return np.broadcast_to(safe, tally.patients.shape).copy()

    def describe(self) -> str:
        """The rule as a sentence."""
        return (
            f"The trial stops if P(DLT rate of dose 1 > {self.target:g} | data) >"
            f" {self.certainty:g} (uniform prior, at least 3 patients)."
        )


ONES = FixedSize(1)


@dataclass(frozen=True)
class TiteCrm(Crm):
    """CRM that decides at each arrival, with pending patients weighed by their follow-up."""

    rolls = True


def tite_crm(
    target: float,
    model: CrmModel,
    stopping: Stopping = THIRTY,
    cohort_size: CohortSize = ONES,
    *,
    safety_certainty: float | None = 0.95,
) -> Design:
    """Return TITE-CRM (Cheung and Chappell 2000); simulate it with patients that have days."""
    rule = TiteCrm(model, target)
    safety = AllDoses() if safety_certainty is None else LowestSafe(target, safety_certainty)
    return Design(
        "TITE-CRM",
        len(model.skeleton),
        rule,
        safety,
        rule,
        stopping,
        Coherent(target),
        cohort_size,
    )


def crm(
    target: float,
    model: CrmModel,
    stopping: Stopping = THIRTY,
    cohort_size: CohortSize = THREES,
    *,
    safety_certainty: float | None = 0.95,
) -> Design:
    """Return a CRM design: no skipping, no escalation after a toxic cohort, stop for safety.

    safety_certainty: None leaves out the stop for a toxic lowest dose (as dfcrm does).
    """
    rule = Crm(model, target)
    safety = AllDoses() if safety_certainty is None else LowestSafe(target, safety_certainty)
    return Design(
        "CRM",
        len(model.skeleton),
        rule,
        safety,
        rule,
        stopping,
        Coherent(target),
        cohort_size,
    )


def skeleton(
    half_width: float,
    target: float,
    mtd: int,
    doses: int,
    link: Link = "empiric",
    intercept: float = 3.0,
) -> tuple[float, ...]:
    """Return the skeleton whose indifference intervals have one half-width (Lee and Cheung 2009).

    mtd: the dose (from 1) guessed to be the MTD. Between neighboring doses there is a theta for
    which the lower has P(DLT) target - half_width and the upper target + half_width.
    """
    _check_skeleton(half_width, target, mtd, doses, link, intercept)
    low, high = target - half_width, target + half_width
    if link == "empiric":
        logs = [log(target) * (log(low) / log(high)) ** (mtd - 1 - k) for k in range(doses)]
        return tuple(exp(each) for each in logs)
    down, up = float(logit(low)) - intercept, float(logit(high)) - intercept
    start = float(logit(target)) - intercept
    steps = [start * (down / up) ** (mtd - 1 - k) for k in range(doses)]
    return tuple(float(expit(intercept + x)) for x in steps)


def _check_skeleton(
    half_width: float, target: float, mtd: int, doses: int, link: Link, intercept: float
) -> None:
    problems = []
    if not 0 < target < 1 or not 0 < half_width < min(target, 1 - target):
        what = f"{half_width:g} around the target {target:g} leaves (0, 1)"
        problems.append(Problem("half-width", what, "Give a smaller one, such as 0.05."))
    elif link != "empiric" and logit(target + half_width) >= intercept:
        what = f"{intercept:g} is not above logit(target + half-width)"
        problems.append(Problem("intercept", what, "Give a larger one, such as 3."))
    if not 1 <= mtd <= doses:
        what = f"there is no dose {mtd}; the doses are 1 to {doses}"
        problems.append(Problem("prior MTD", what, "Name one of them."))
    if problems:
        raise SpecError(problems, "skeleton")
