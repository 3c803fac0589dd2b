"""The ordered logit of CRS: monotone, and near its prior where there are no data."""

import numpy as np
import pytest

from carnk.fitting import crs
from carnk.fitting.crs import CRS_ROWS, CrsRow, _log_likelihood, fit_crs
from carnk.kinetics import grade_probabilities
from carnk.library import load
from carnk.study import read

RNG = np.random.default_rng(7)
SIGNAL = [np.abs(RNG.normal(0.3 + 0.4 * i, 0.3, 60)) for i in range(len(CRS_ROWS))]


def probabilities(law, signal):
    size = len(signal)
    return grade_probabilities(signal, np.full(size, law[0]), np.tile(law[1:], (size, 1)))


def test_more_il6_is_more_crs_and_higher_grades_are_rarer():
    law = fit_crs(SIGNAL)
    assert law[0] > 0
    assert (np.diff(law[1:]) > 0).all()
    p = probabilities(law, np.linspace(0, 3, 20))
    assert (np.diff(p, axis=0) > 0).all()
    assert (np.diff(p, axis=1) < 0).all()
    assert (p > 0).all()


def rows(monkeypatch, *listed):
    monkeypatch.setattr(crs, "CRS_ROWS", listed)


def test_without_data_the_fit_is_the_prior(monkeypatch):
    rows(monkeypatch, CrsRow("x", "", 0, (0, 0, 0), "unknown", ""))
    slope, first, step = (load()[f"prior_crs_{n}"].value for n in ("slope", "threshold", "step"))
    wanted = [slope, first, first + step, first + 2 * step]
    assert fit_crs([np.ones(5)]) == pytest.approx(wanted, rel=1e-3)


def test_no_crs_in_few_patients_stays_a_probability(monkeypatch):
    rows(monkeypatch, CrsRow("x", "", 8, (0, 0, 0), "unknown", ""))
    few = probabilities(fit_crs([np.ones(5)]), np.ones(1))[0, 0]
    rows(monkeypatch, CrsRow("x", "", 800, (0, 0, 0), "unknown", ""))
    many = probabilities(fit_crs([np.ones(5)]), np.ones(1))[0, 0]
    assert few > 5 * many > 0


def test_many_patients_are_met(monkeypatch):
    rows(
        monkeypatch,
        CrsRow("low", "", 4000, (400, 80, 8), "unknown", ""),
        CrsRow("high", "", 4000, (2400, 800, 120), "unknown", ""),
    )
    law = fit_crs([np.full(50, 0.2), np.full(50, 1.5)])
    p = probabilities(law, np.array([0.2, 1.5]))
    assert p[:, 0] == pytest.approx([0.1, 0.6], abs=0.02)
    assert p[1, 1] == pytest.approx(0.2, abs=0.02)


def test_a_study_can_be_left_out(monkeypatch):
    rows(monkeypatch, *(row for row in CRS_ROWS if row.icans is None))  # CAR-T rows tell more
    with_all, without = fit_crs(SIGNAL), fit_crs(SIGNAL, without="cd33_aml")
    signal = np.full(1, 2.0)
    assert probabilities(without, signal)[0, 0] < 0.7 * probabilities(with_all, signal)[0, 0]


def test_draws_scatter_around_the_best(monkeypatch):
    rng = np.random.default_rng(2)
    best = fit_crs(SIGNAL)
    draws = np.array([fit_crs(SIGNAL, rng=rng) for _ in range(30)])
    assert (draws[:, 0] > 0).all()
    assert (np.diff(draws[:, 1:], axis=1) > 0).all()
    assert draws[:, 1].min() < best[1] < draws[:, 1].max()


def test_grades_not_told_apart_are_lumped():
    p = np.array([0.5, 0.2, 0.1])
    told = _log_likelihood(p, CrsRow("", "", 10, (4, None, 1), "", ""))
    assert told == pytest.approx(6 * np.log(0.5) + 3 * np.log(0.4) + np.log(0.1))
    every = _log_likelihood(p, CrsRow("", "", 10, (4, 2, 1), "", ""))
    assert every == pytest.approx(6 * np.log(0.5) + 2 * np.log(0.3) + np.log(0.1) + np.log(0.1))


def test_rows_agree_with_the_studies():
    for row in CRS_ROWS:
        study = read(row.study)
        assert row.arm == "" or row.arm in [arm.name for arm in study.arms]
        counts = [n for n in row.at_least if n is not None]
        assert counts == sorted(counts, reverse=True)
        for o in study.observed:
            if o.outcome == "crs" and o.arm == row.arm:
                assert (o.events, o.patients) == (row.at_least[0], row.patients)
