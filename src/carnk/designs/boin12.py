"""BOIN12: the optimal biological dose by a utility of toxicity and efficacy (Lin 2020)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import numpy as np

from ..base.errors import Problem, SpecError
from .admissibility import Futility, Overdose
from .boin import Interval
from .exact import beta_above
from .outcomes import NONE, Counts, Flags, Floats, Tally
from .parts import THREES, AnyStep, CohortSize
from .protocol import Design
from .selection import isotonic_rates, nearest
from .stopping import EnoughAtAnyDose, MaxPatients, Stopping

Final = Literal["mean utility", "desirability", "next dose"]


@dataclass(frozen=True)
class Utility:
    """Worth of each joint outcome, 0 to 100.

    best: response without DLT; neither: neither; both: response with DLT; worst: DLT alone.
    """

    best: float = 100.0
    neither: float = 40.0
    both: float = 60.0
    worst: float = 0.0

    def __post_init__(self) -> None:
        inner = (self.neither, self.both)
        if self.best <= self.worst or any(not self.worst <= u <= self.best for u in inner):
            what = f"{self.best:g}/{self.neither:g}/{self.both:g}/{self.worst:g} has no order"
            do = "Give response without DLT the most, DLT without response the least."
            raise SpecError(Problem("utility", what, do))

    def events(self, tally: Tally) -> Floats:
        """Return quasi-binomial events, (trials, doses): summed utility in 0 to 1."""
        alone = tally.responses - tally.both
        neither = tally.patients - tally.toxic - alone
        sums = (
            self.best * alone
            + self.neither * neither
            + self.both * tally.both
            + self.worst * (tally.toxic - tally.both)
        )
        return np.asarray((sums - self.worst * tally.patients) / (self.best - self.worst))

    def benchmark(self, toxic: float, response: float) -> float:
        """Return u_b in 0 to 1: halfway from the worst acceptable dose to a perfect one.

        toxic, response: highest acceptable P(DLT) and lowest acceptable P(response), independent.
        """
        safe, fails = 1 - toxic, 1 - response
        worst = self.best * response * safe + self.neither * fails * safe
        worst += self.both * response * toxic + self.worst * fails * toxic
        share = (worst - self.worst) / (self.best - self.worst)
        return share + (1 - share) / 2


@dataclass(frozen=True)
class Boin12(Interval):
    """Of the doses that toxicity permits, the one most probably above the benchmark utility.

    target: highest acceptable P(DLT), phi_T, also BOIN's target. least_response: lowest acceptable
    P(response), phi_E. enough: patients from which escalation needs a rate at or below lambda_e
    (n*). explore: patients at a dose from which an untried next dose is tried if the rate permits
    (9 in the supplement of the paper; None leaves it out).
    """

    least_response: float = 0.25
    utility: Utility = Utility()
    enough: int = 6
    explore: int | None = 9

    def desirability(self, tally: Tally) -> Floats:
        """Return P(mean utility > benchmark), uniform prior, shape (trials, doses)."""
        events = self.utility.events(tally)
        limit = self.utility.benchmark(self.target, self.least_response)
        return beta_above(limit, 1 + events, 1 + tally.patients - events)

    def wanted(self, tally: Tally, allowed: Flags) -> Counts:
        """The most desirable permitted dose next to the current one; of ties the higher."""
        at, levels = tally.current, np.arange(tally.doses)
        patients, toxic = tally.at(tally.patients, at), tally.at(tally.toxic, at)
        low = toxic <= self.escalate_at * patients
        high = toxic >= self.deescalate_at * patients
        reach = np.where(low | (patients < self.enough), at + 1, at)
        near = (levels >= at[:, None] - 1) & (levels <= reach[:, None]) & allowed
        score = np.where(near, self.desirability(tally), -1.0)
        best = tally.doses - 1 - np.argmax(score[:, ::-1], axis=1)
        best = np.where(near.any(axis=1), best, NONE)
        if self.explore is not None:
            above = np.minimum(at + 1, tally.doses - 1)
            untried = (tally.at(tally.patients, above) == 0) & tally.at(allowed * 1, above)
            best = np.where((patients >= self.explore) & ~high & (untried > 0), above, best)
        # De-escalation is for safety, so it does not ask whether the lower dose has responses.
        down = np.maximum(at - 1, 0)
        stuck = (at == 0) & ~allowed[:, 0]
        return np.where(high, np.where(stuck, NONE, down), best)

    def explain(self, tally: Tally, allowed: Flags) -> str:
        """List the desirability of all doses."""
        dose = int(tally.current[0])
        patients, toxic = int(tally.patients[0, dose]), int(tally.toxic[0, dose])
        shown = ", ".join(f"{p:.2f}" for p in self.desirability(tally)[0])
        seen = f"{toxic} of {patients} with DLT at dose {dose + 1}"
        if toxic >= self.deescalate_at * patients:
            return f"{seen}: at or above {self.deescalate_at:.3f}, de-escalate."
        return f"{seen}; P(utility above the benchmark) by dose {shown}."

    def describe(self) -> str:
        """The rule as sentences."""
        u = self.utility
        bench = 100 * u.benchmark(self.target, self.least_response)
        explore = (
            ""
            if self.explore is None
            else f" With {self.explore} patients at the current dose and a rate below"
            f" {self.deescalate_at:.4f}, an untried next dose is tried."
        )
        return (
            f"Highest acceptable DLT rate {self.target:g}, lowest acceptable response rate"
            f" {self.least_response:g}; utilities {u.best:g} (response, no DLT), {u.neither:g}"
            f" (neither), {u.both:g} (both), {u.worst:g} (DLT alone), benchmark {bench:.1f}. If the"
            f" DLT rate at the current dose is at or above {self.deescalate_at:.4f}, de-escalate."
            f" If it is above {self.escalate_at:.4f} and {self.enough} or more patients had the"
            " dose, choose between it and the next lower dose, otherwise among it and both"
            f" neighbors: the admissible dose with the highest P(utility > benchmark).{explore}"
        )

    def table(self, patients: int) -> list[dict[str, Any]]:
        """The rank-based desirability table in steps of three patients."""
        return desirability_table(self, tuple(range(0, patients + 1, 3)))


def desirability_table(
    rule: Boin12,
    sizes: tuple[int, ...],
    certainty_toxic: float = 0.95,
    certainty_futile: float = 0.90,
) -> list[dict[str, Any]]:
    """Return rank-based desirability scores (RDS) by patients, DLT and responses at a dose.

    Joint outcomes are counted as if DLT and response never met more than they must, which does not
    matter when the utility adds up (100/40/60/0 does). Admissible rows are ranked together, ties
    share the mean rank; 1 is worst.
    """
    from scipy.stats import rankdata

    rows: list[dict[str, Any]] = [
        {"n": n, "dlt": toxic, "responses": response}
        for n in sizes
        for toxic, response in product(range(n + 1), repeat=2)
    ]
    columns = [np.array([[row[name]] for row in rows]) for name in ("n", "dlt", "responses")]
    patients, toxic, responses = columns
    both = np.maximum(toxic + responses - patients, 0)
    tally = replace(
        Tally.empty(len(rows), 1), patients=patients, toxic=toxic, responses=responses, both=both
    )
    score = rule.desirability(tally)[:, 0]
    safe = Overdose(rule.target, certainty_toxic, least=1).allowed(tally)
    useful = Futility(rule.least_response, certainty_futile).allowed(tally)
    allowed = (safe & useful)[:, 0]
    ranks = np.full(len(rows), np.nan)
    ranks[allowed] = rankdata(np.round(score[allowed], 12))
    for row, chance, fine, rank in zip(rows, score, allowed, ranks):
        row["desirability"] = round(float(chance), 8)
        row["admissible"] = bool(fine)
        row["rds"] = float(rank) if fine else None
    return rows


@dataclass(frozen=True)
class OptimalBiologicalDose:
    """The admissible dose of highest utility at or below the MTD (isotonic, nearest to the target).

    by: the posterior mean utility (the paper's supplement), the desirability P(utility > u_b), or
    no selection at all but the dose that would have been given next.
    """

    rule: Boin12
    by: Final = "mean utility"

    def selected(self, tally: Tally, allowed: Flags) -> Counts:
        """Recommended dose per trial."""
        if self.by == "next dose":
            return self.rule.wanted(tally, allowed)
        safe = Overdose(self.rule.target, least=1).allowed(tally)
        mtd = nearest(isotonic_rates(tally, safe), self.rule.target)
        levels = np.arange(tally.doses)
        able = (levels <= mtd[:, None]) & (tally.patients > 0) & allowed
        if self.by == "mean utility":
            worth = (1 + self.rule.utility.events(tally)) / (2 + tally.patients)
        else:
            worth = self.rule.desirability(tally)
        best = np.argmax(np.where(able, worth, -1.0), axis=1)
        return np.where(able.any(axis=1), best, NONE)

    def describe(self) -> str:
        """The rule as a sentence."""
        if self.by == "next dose":
            return "The recommended dose is the one that would have been given next."
        worth = "posterior mean utility" if self.by == "mean utility" else "P(utility > benchmark)"
        return (
            "The recommended (optimal biological) dose is the tried, admissible dose with the"
            f" highest {worth}"
            " at or below the MTD (the dose whose isotonic DLT rate is nearest to"
            f" {self.rule.target:g})."
        )


USUAL = MaxPatients(36) | EnoughAtAnyDose(12)


def boin12(
    rule: Boin12,
    doses: int,
    stopping: Stopping = USUAL,
    cohort_size: CohortSize = THREES,
    *,
    certainty_toxic: float = 0.95,
    certainty_futile: float = 0.90,
    final: Final = "mean utility",
) -> Design:
    """Return the BOIN12 design."""
    return Design(
        "BOIN12",
        doses,
        rule,
        Overdose(rule.target, certainty_toxic, least=1)
        & Futility(rule.least_response, certainty_futile),
        OptimalBiologicalDose(rule, final),
        stopping,
        AnyStep(),
        cohort_size,
    )
