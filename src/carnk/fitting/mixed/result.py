"""A whole fit: estimate, posterior, profiles and checks, in one go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .checks import Check, Individuals, individuals, npde, simulated, visual_check
from .estimate import Estimate, Settings, estimate
from .modes import conditional_modes
from .posterior import Posterior, Profile, expansion_error, posterior, profile
from .structure import Study

Array = NDArray[np.float64]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Fit:
    """What came out. laplace: the marginal log likelihood by Laplace's approximation, beside that
    by importance sampling. expansion_error: as `posterior.expansion_error`. npde: (patients, most).
    """

    found: Estimate
    posterior: Posterior
    profiles: tuple[Profile, ...]
    individuals: Individuals
    npde: Array
    checks: tuple[Check, ...]
    laplace: float
    expansion_error: float
    settings: Settings

    @property
    def study(self) -> Study:
        """Data and model."""
        return self.found.surface.study


def fit(
    study: Study,
    settings: Settings,
    profiled: tuple[str, ...] = (),
    progress: Progress = lambda what, done, of: None,
) -> Fit:
    """Fit a study. SolveError if it does not converge: there is no half of a fit."""
    found = estimate(study, settings, progress=lambda d, o: progress("rounds", d, o))
    drawn = posterior(found, settings.seed, lambda d, o: progress("posterior", d, o))
    profiles = []
    for k, name in enumerate(profiled):
        progress("profiles", k, len(profiled))
        profiles.append(profile(found, name))
    own = individuals(found)
    draws = simulated(found, settings.seed)
    values = study.population.take_apart(found.theta)
    laplace = conditional_modes(study, values, found.surface.modes).laplace.sum()
    outputs = range(len(study.population.errors))
    checks = tuple(visual_check(study, draws, k) for k in outputs)
    return Fit(
        found, drawn, tuple(profiles), own, npde(study, draws, settings.seed), checks,
        float(laplace), expansion_error(found, drawn), settings,
    )  # fmt: skip
