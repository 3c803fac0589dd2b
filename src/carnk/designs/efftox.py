"""EffTox: dose by the trade-off of modeled efficacy and toxicity (Thall and Cook 2004)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from scipy.special import chdtri, ndtri

from ..base.errors import Problem, SpecError
from .admissibility import Joined
from .outcomes import NONE, Counts, Flags, Floats, Tally
from .parts import THREES, CohortSize, OneLevelUp
from .protocol import Design
from .stopping import MaxPatients, Stopping

FIRST = 2**13  # prior nodes, which find where the posterior lies
FREEDOM = 5  # of the t law that the second set of nodes follows
WIDER = 1.2  # its scale, beyond the posterior's own
SIGNS = np.array([1.0, -1.0, -1.0, 1.0])  # of the association: neither, DLT, response, both


@dataclass(frozen=True)
class Contour:
    """Trade-off of P(response) and P(DLT): utility is 0 on the curve through three points.

    least_response: as desirable without DLT as the others. most_toxic: as desirable with certain
    response. between: (P(response), P(DLT)) of a third point.
    """

    least_response: float
    most_toxic: float
    between: tuple[float, float]

    @cached_property
    def power(self) -> float:
        """Exponent of the L^p norm that takes the curve through the third point."""
        from scipy.optimize import brentq

        response, toxic = self.between
        a, b = (1 - response) / (1 - self.least_response), toxic / self.most_toxic
        return float(brentq(lambda p: a**p + b**p - 1, 1e-3, 1e6))

    def utility(self, response: Floats, toxic: Floats) -> Floats:
        """1 at certain response without DLT, 0 on the curve, negative beyond it."""
        p = self.power
        far = ((1 - response) / (1 - self.least_response)) ** p + (toxic / self.most_toxic) ** p
        return np.asarray(1 - far ** (1 / p))


@dataclass(frozen=True)
class EffToxModel:
    """logit P(DLT) = a + b x, logit P(response) = c + d x + e x^2, association psi (Gumbel).

    amounts: dose amounts; x is the log dose less the mean log dose. mean, sd: of the independent
    normal priors of (a, b, c, d, e, psi). least_response, most_toxic: acceptable rates; a dose
    needs P(response rate > least) > chances[0] and P(DLT rate < most) > chances[1].
    """

    amounts: tuple[float, ...]
    mean: tuple[float, float, float, float, float, float]
    sd: tuple[float, float, float, float, float, float]
    least_response: float
    most_toxic: float
    contour: Contour
    chances: tuple[float, float] = (0.1, 0.1)

    def __post_init__(self) -> None:
        problems = []
        ordered = all(low < high for low, high in zip(self.amounts, self.amounts[1:]))
        if min(self.amounts) <= 0 or not ordered:
            what = f"{list(self.amounts)} is not positive and increasing"
            problems.append(Problem("amounts", what, "Give the dose amounts from low to high."))
        if min(self.sd) <= 0:
            problems.append(Problem("prior", f"sd {self.sd} is not above 0"))
        response, toxic = self.contour.between
        inside = self.contour.least_response < response < 1 and 0 < toxic < self.contour.most_toxic
        if not inside:
            what = f"the third point ({response:g}, {toxic:g}) is not between the other two"
            problems.append(Problem("contour", what, "Choose it inside them."))
        if problems:
            raise SpecError(problems, "EffTox")

    @property
    def x(self) -> Floats:
        """Centered log doses."""
        logs = np.log(np.asarray(self.amounts))
        return np.asarray(logs - logs.mean())

    def rates(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return P(response), P(DLT) at nodes theta (6, nodes), each (doses, nodes)."""
        a, b, c, d, e, _ = theta
        x = self.x[:, None]
        # The logistic law by tanh, which NumPy has several times faster than `expit`.
        response = (1 + np.tanh((c + d * x + e * x**2) / 2)) / 2
        return np.asarray(response), np.asarray((1 + np.tanh((a + b * x) / 2)) / 2)

    def cells(self, response: Floats, toxic: Floats, association: Floats) -> Floats:
        """Return P(neither, DLT, response, both) of each dose, (4 * doses, nodes).

        response, toxic: rates by dose, (doses, nodes); association: psi, (nodes,).
        """
        neither, both = (1 - response) * (1 - toxic), response * toxic
        alone = (neither, toxic - both, response - both, both)
        tied = np.tanh(association / 2) * neither * both
        return np.vstack([each + sign * tied for each, sign in zip(alone, SIGNS)])


@lru_cache(maxsize=4)
def _sobol(count: int, dimensions: int) -> Floats:
    """Return a fixed low-discrepancy set in the open unit cube."""
    from scipy.stats import qmc

    points = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(1)).random(count)
    return np.asarray(np.clip(points, 1e-12, 1 - 1e-12))


@lru_cache(maxsize=4)
def _t_law(count: int) -> tuple[Floats, Floats]:
    """Return nodes (6, count) of the standard t law and its log density there."""
    cube = _sobol(count, 7).T
    away = ndtri(cube[:6]) * np.sqrt(FREEDOM / chdtri(FREEDOM, cube[6]))
    return away, -0.5 * (FREEDOM + 6) * np.log1p((away**2).sum(axis=0) / FREEDOM)


@lru_cache(maxsize=4)
def _prior_pass(model: EffToxModel) -> tuple[Floats, Floats]:
    """Return log cells and theta (6, nodes) at prior nodes."""
    theta = np.array(model.mean)[:, None] + np.array(model.sd)[:, None] * ndtri(_sobol(FIRST, 6).T)
    return _log(model.cells(*model.rates(theta), theta[5])), theta


@dataclass(frozen=True)
class EffToxFit:
    """Posterior by dose, shape (doses,): mean rates, chances of being acceptable, utility there."""

    response: Floats
    toxic: Floats
    response_acceptable: Floats
    toxic_acceptable: Floats
    utility: Floats


@lru_cache(maxsize=200_000)
def posterior(model: EffToxModel, counts: tuple[int, ...], nodes: int) -> EffToxFit:
    """Return the posterior given counts of (neither, DLT, response, both) by dose, in that order.

    Deterministic quasi-Monte Carlo in two passes: prior nodes find mean and covariance, then nodes
    of a t law laid over them are weighed by likelihood times prior over their own density.
    """
    mean, sd = np.array(model.mean)[:, None], np.array(model.sd)[:, None]
    seen = np.flatnonzero(counts)
    times = np.array(counts, dtype=float)[seen]
    cells, theta = _prior_pass(model)
    weight = _weights(times @ cells[seen])
    center = theta @ weight
    spread = (theta * weight) @ theta.T - np.outer(center, center)
    # A share of the prior keeps the law from collapsing where few prior nodes carry weight.
    spread = WIDER**2 * spread + 0.01 * np.diag(np.square(model.sd))
    away, own = _t_law(nodes)
    theta = center[:, None] + np.linalg.cholesky(spread) @ away
    log_prior = -0.5 * (((theta - mean) / sd) ** 2).sum(axis=0)
    response, toxic = model.rates(theta)
    likelihood = times @ _log(model.cells(response, toxic, theta[5])[seen])
    weight = _weights(likelihood + log_prior - own)
    good, safe = (response > model.least_response) @ weight, (toxic < model.most_toxic) @ weight
    response, toxic = response @ weight, toxic @ weight
    return EffToxFit(response, toxic, good, safe, model.contour.utility(response, toxic))


def _log(chances: Floats) -> Floats:
    """Return the logarithm, finite at 0."""
    return np.asarray(np.log(np.maximum(chances, 1e-300)))


def _weights(log_weight: Floats) -> Floats:
    """Return weights that sum to 1."""
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


@dataclass(frozen=True)
class EffTox:
    """The admissible dose with the highest utility at the posterior mean rates.

    nodes: points of the second pass, a power of two; acceptability is exact to about 1/sqrt(nodes).
    """

    model: EffToxModel
    nodes: int = 2**11

    def fits(self, tally: Tally) -> list[EffToxFit]:
        """Return the posterior of every trial."""
        alone = tally.toxic - tally.both, tally.responses - tally.both
        neither = tally.patients - sum(alone) - tally.both
        counts = np.hstack((neither, *alone, tally.both))
        return [posterior(self.model, tuple(map(int, row)), self.nodes) for row in counts]

    def utilities(self, tally: Tally) -> Floats:
        """Utility by dose, (trials, doses)."""
        return np.array([fit.utility for fit in self.fits(tally)]).reshape(tally.patients.shape)

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """The allowed dose of highest utility; -1 if none is allowed."""
        best = np.argmax(np.where(allowed, self.utilities(tally), -np.inf), axis=1)
        return np.where(allowed.any(axis=1), best, NONE)

    def selected(self, tally: Tally, allowed: Flags) -> Counts:
        """The same at the end, among tried doses."""
        return self.wanted(tally, allowed & (tally.patients > 0))

    def explain(self, tally: Tally, allowed: Flags) -> str:
        """List utilities and mean rates."""
        fit = self.fits(tally.rows(np.array([0])))[0]
        shown = ", ".join(
            f"{u:.2f} ({e:.2f}/{t:.2f})" for u, e, t in zip(fit.utility, fit.response, fit.toxic)
        )
        return f"Utility (P(response)/P(DLT)) by dose {shown}."

    def describe(self) -> str:
        """The model as sentences."""
        contour = self.model.contour
        response, toxic = contour.between
        return (
            "EffTox: logit P(DLT) linear and logit P(response) quadratic in log dose, with"
            f" association; normal priors. Utility is 0 through ({contour.least_response:g}, 0),"
            f" (1, {contour.most_toxic:g}) and ({response:g}, {toxic:g}) of (P(response), P(DLT)),"
            f" p = {contour.power:.4f}. The next dose is the admissible one of highest utility"
            " at the posterior mean rates (deterministic quasi-Monte Carlo quadrature); the"
            " recommended dose is the same among tried doses."
        )

    def table(self, patients: int) -> list[dict[str, Any]]:
        """None: the decision depends on all doses; see `paths`."""
        return []


@dataclass(frozen=True)
class Acceptable(Joined):
    """Doses acceptable in both rates; the next untried dose needs acceptable toxicity only."""

    rule: EffTox

    def allowed(self, tally: Tally) -> Flags:
        """Flags of shape (trials, doses)."""
        fits, chances = self.rule.fits(tally), self.rule.model.chances
        shape = tally.patients.shape
        good = np.array([fit.response_acceptable for fit in fits]).reshape(shape) > chances[0]
        safe = np.array([fit.toxic_acceptable for fit in fits]).reshape(shape) > chances[1]
        tried = tally.patients > 0
        highest = np.where(tried, np.arange(tally.doses), NONE).max(axis=1)
        lowest_untried = np.arange(tally.doses) == highest[:, None] + 1
        return np.asarray(safe & (good | lowest_untried))

    def describe(self) -> str:
        """The rule as a sentence."""
        model = self.rule.model
        return (
            f"A dose is admissible if P(response rate > {model.least_response:g}) >"
            f" {model.chances[0]:g} and P(DLT rate < {model.most_toxic:g}) > {model.chances[1]:g};"
            " the lowest untried dose needs the latter only. If none is, the trial stops."
        )


USUAL = MaxPatients(39)


def efftox(
    model: EffToxModel,
    stopping: Stopping = USUAL,
    cohort_size: CohortSize = THREES,
    nodes: int = 2**11,
) -> Design:
    """Return an EffTox design; no untried dose is skipped."""
    rule = EffTox(model, nodes)
    return Design(
        "EffTox",
        len(model.amounts),
        rule,
        Acceptable(rule),
        rule,
        stopping,
        OneLevelUp(),
        cohort_size,
    )
