"""Known truth comes back: 40 patients, 10 parameters of a model like Stein 2019's."""

import numpy as np

from carnk.assays.events import read_events
from carnk.fitting.bind import bind
from carnk.fitting.catalog import offer_of
from carnk.fitting.mixed.estimate import Settings, estimate
from carnk.fitting.mixed.posterior import posterior
from carnk.fitting.plan import Asked, make_plan
from tests.unit.fitting.stein_cases import ERROR, OMEGA, TRUTH, table


def test_ten_parameters_of_forty_patients(tmp_path):
    events = read_events(table(tmp_path / "course.csv", 40, seed=1))
    names = ("tmax", "cmax", "alpha", "memory_share", "beta")
    asked = Asked(fit=names, shared=("beta",))
    offer = offer_of("stein2019")
    study = bind(events, offer, make_plan(offer, events.outputs, events.value_unit, asked))
    found = estimate(study, Settings(draws=64))
    drawn = posterior(found)
    truth = np.log([*(TRUTH[n] for n in names), *OMEGA.values(), ERROR])
    assert len(truth) == len(study.population.names) == 10
    away = np.abs(found.theta - truth) / drawn.theta.std(axis=0)
    assert away.max() < 3.0
    low, _, high = drawn.interval()
    assert ((low <= truth) & (truth <= high)).sum() >= 9
    assert drawn.identified.all()
