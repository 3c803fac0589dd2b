"""Laws of the fit: units of the data, order of patients, and ranks of the truth."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from benchmarks.fit_calibration import rank
from carnk.fitting.mixed.density import KINDS
from carnk.fitting.mixed.modes import conditional_modes
from tests.unit.fitting.mixed_cases import decay


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_another_unit_of_the_data_shifts_the_likelihood_by_its_jacobian(factor, seed):
    study = decay(seed=seed, limit=20.0)
    data = study.samples
    other = replace(data, low=data.low * factor, high=data.high * factor)
    scaled = replace(study, samples=other, predict=lambda v, near: study.predict(v, near) * factor)
    values = study.population.take_apart(study.population.prior[0])
    one, two = (conditional_modes(s, values) for s in (study, scaled))
    shift = np.log(factor) * data.seen.sum(axis=1)
    assert two.laplace == pytest.approx(one.laplace - shift, abs=1e-6)
    assert two.scaled == pytest.approx(one.scaled, abs=1e-5)


@settings(max_examples=12, deadline=None)
@given(kind=st.sampled_from(list(KINDS)), order=st.permutations(range(10)))
def test_a_patient_does_not_depend_on_the_others(kind, order):
    study = decay(kind=kind)
    data = study.samples
    rows = np.array(order)
    turned = replace(
        study,
        samples=replace(data, **{n: getattr(data, n)[rows] for n in vars(data)}),
    )
    values = study.population.take_apart(study.population.prior[0])
    one, two = (conditional_modes(s, values) for s in (study, turned))
    assert two.scaled == pytest.approx(one.scaled[rows], abs=1e-9)


def test_ranks_of_the_truth_are_uniform():
    ranks = [rank(seed, draws=64) for seed in range(1000, 1010)]
    found = np.concatenate([r for r in ranks if r is not None])
    assert found.size >= 5 * 9
    assert kstest(found, "uniform").pvalue > 0.01
