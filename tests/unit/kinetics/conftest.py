"""Plain floats for one mechanism, and the typical patient for the whole model."""

from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest

from carnk.kinetics import FROM_LIBRARY, STATES, simulate
from carnk.kinetics.model import OF_PATIENT, OF_PRODUCT, OF_REGIMEN
from carnk.library import load
from carnk.study import parse, patients, study_text

OWN = {
    "car_positive": 0.5,
    "expansion": 0.5,
    "renewal": 0.1,
    "cell_loss": 0.3,
    "bystander": 1.0,
    "homing": 1.0,
    "visible_to_t": 1.0,
    "cell_capacity": 1e10,
    "antigen_half": 1e9,
    "fatigue_per_kill": 0.1,
    "kill_car_high": 4.0,
    "kill_car_low": 0.1,
    "kill_natural": 0.5,
    "kill_natural_bare": 1.5,
    "switch_present": 1.0,
    "access": 1.0,
    "growth": 0.1,
    "tumor_capacity": 1e12,
    "chemo_sensitivity": 0.1,
    "agonist_clearance": 1.0,
    "antibody_clearance": 0.1,
    "rescue_il6": 1e9,
    "rescue_rimiducid": 0.0,
}


@pytest.fixture(scope="session")
def body():
    """Make states: all zero but for those given."""
    return lambda **given: SimpleNamespace(**(dict.fromkeys(STATES, 0.0) | given))


@pytest.fixture(scope="session")
def numbers():
    """Make parameters: library values, a plain unarmored product, and what is given."""
    own = dict.fromkeys((*OF_PRODUCT, *OF_PATIENT, *OF_REGIMEN), 0.0) | OWN
    library = {name: load()[name].value for name in FROM_LIBRARY}
    return lambda **given: SimpleNamespace(**(library | own | given))


def at_rest(study, view, ids, uncertain=True, known=None):
    """A sampler whose every variate is at its median."""
    made = SAMPLER(study, view, ids, uncertain, known)
    return replace(made, z={name: np.zeros_like(z) for name, z in made.z.items()})


SAMPLER = patients.sampler


@pytest.fixture(scope="session")
def typical():
    """Draw the patient at every median, at the library's values, from a built-in study's text.

    Pairs of text are replaced in the study file first; each has to be there.
    """

    def make(name, *changes):
        text = study_text(name)[1]
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        with patch.object(patients, "sampler", at_rest):
            return patients.draw(parse(text), load().view(), np.arange(1), uncertain=False)

    return make


@pytest.fixture(scope="session")
def follow():
    """Simulate a cohort at the given times."""

    def run(cohort, times):
        made = simulate(
            cohort.parameters, cohort.initial, cohort.doses, cohort.luck, np.asarray(times, float)
        )
        assert not made.failed.any()
        return made

    return run
