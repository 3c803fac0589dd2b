"""Virtual patients drawn beforehand: what each would have at every dose, whoever assigns it.

Because a patient's outcomes at all doses are fixed before the trial, every design meets the same
patients (common random numbers), and outcomes may as well come from a mechanistic population.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..base.errors import Problem, SpecError
from ..base.streams import uniforms
from .outcomes import Counts, Flags, Floats


@dataclass(frozen=True)
class Patients:
    """Outcomes of patient i of trial t if assigned dose d; shape (trials, patients, doses).

    toxic: DLT within the window. response: None where efficacy is not looked at. toxic_day: days
    from treatment to the DLT (inf without), only for time-to-event designs. received: the level
    really given (from 0; -1 not treated) where that differs from the one assigned. arrival_day:
    shape (trials, patients), the earliest day on which the patient can be treated, non-decreasing;
    None leaves the calendar out. window_days: DLT window. sentinel_days: days between the first
    and the second patient of a cohort.
    """

    toxic: Flags
    response: Flags | None = None
    toxic_day: Floats | None = None
    received: Counts | None = None
    arrival_day: Floats | None = None
    window_days: float = 28.0
    sentinel_days: float = 0.0

    def rows(self, chosen: slice) -> Patients:
        """Return the patients of some trials."""
        parts: dict[str, Any] = {
            name: None if getattr(self, name) is None else getattr(self, name)[chosen]
            for name in ("toxic", "response", "toxic_day", "received", "arrival_day")
        }
        return replace(self, **parts)

    @property
    def trials(self) -> int:
        """Number of trials."""
        return int(self.toxic.shape[0])

    @property
    def per_trial(self) -> int:
        """Patients that each trial can draw on."""
        return int(self.toxic.shape[1])

    @property
    def doses(self) -> int:
        """Number of dose levels."""
        return int(self.toxic.shape[2])


@dataclass(frozen=True)
class Calendar:
    """Days: mean between arrivals (exponential), DLT window, sentinel interval."""

    between_patients: float = 10.0
    window_days: float = 28.0
    sentinel_days: float = 0.0


@dataclass(frozen=True)
class Truth:
    """True rates by dose: P(DLT) and, where looked at, P(response).

    correlation: of the two latent normal variables behind DLT and response of one patient.
    """

    toxicity: tuple[float, ...]
    efficacy: tuple[float, ...] | None = None
    correlation: float = 0.0

    def __post_init__(self) -> None:
        problems = _rates("toxicity", self.toxicity)
        if self.efficacy is not None:
            problems += _rates("efficacy", self.efficacy)
            if len(self.efficacy) != len(self.toxicity):
                what = f"{len(self.efficacy)} rates, but toxicity has {len(self.toxicity)}"
                problems.append(Problem("truth, efficacy", what, "Give one rate per dose."))
        if not -1 < self.correlation < 1:
            what = f"{self.correlation:g} is not between -1 and 1"
            problems.append(Problem("truth, correlation", what))
        if problems:
            raise SpecError(problems, "truth")


def _rates(name: str, rates: Sequence[float]) -> list[Problem]:
    where = f"truth, {name}"
    if not rates:
        return [Problem(where, "is empty", "Give one rate per dose, such as 0.05,0.15,0.30.")]
    return [
        Problem(f"{where}, dose {dose}", f"{rate:g} is not from 0 to 1", "Give a probability.")
        for dose, rate in enumerate(rates, 1)
        if not 0 <= rate <= 1
    ]


def draw(
    truth: Truth, trials: int, per_trial: int, seed: int, calendar: Calendar | None = None
) -> Patients:
    """Draw virtual patients; patient i of trial t is the same for any number of either.

    Each patient takes four numbers of the trial's stream: latent DLT, latent response, day of the
    DLT, time since the patient before. Whoever has a DLT at a dose has it at every more toxic one;
    a DLT falls uniformly in the window.
    """
    latent = uniforms(seed, np.arange(trials), 4 * per_trial, "trial patients")
    toxic, efficacy, when, wait = np.moveaxis(latent.reshape(trials, per_trial, 4), 2, 0)
    flags = toxic[:, :, None] < np.asarray(truth.toxicity)
    response = day = arrival = None
    if truth.efficacy is not None:
        tied = _correlated(efficacy, toxic, truth.correlation) if truth.correlation else efficacy
        response = tied[:, :, None] < np.asarray(truth.efficacy)
    days = calendar or Calendar()
    if calendar is not None:
        day = np.where(flags, when[:, :, None] * days.window_days, np.inf)
        arrival = np.cumsum(-np.log1p(-wait) * days.between_patients, axis=1)
    return Patients(flags, response, day, None, arrival, days.window_days, days.sentinel_days)


def _correlated(latent: Floats, other: Floats, correlation: float) -> Floats:
    """Return uniforms with a Gaussian copula to others."""
    from scipy.special import ndtr, ndtri

    shared = correlation * ndtri(other) + np.sqrt(1 - correlation**2) * ndtri(latent)
    return np.asarray(ndtr(shared))
