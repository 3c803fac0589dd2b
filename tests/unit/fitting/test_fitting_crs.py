"""The ordered logit of CRS: monotone, and near its prior where there are no data."""

from dataclasses import replace

import numpy as np
import pytest

from carnk.evidence.results import report
from carnk.fitting import crs
from carnk.fitting.crs import CRS_ROWS, CrsRow, _log_likelihood, fit_crs
from carnk.kinetics import grade_probabilities
from carnk.library import load
from carnk.study import read

LEE, PENN = "R038", "R041"  # rows of results by grading scale
RNG = np.random.default_rng(7)
SIGNAL = [np.abs(RNG.normal(0.3 + 0.4 * i, 0.3, 60)) for i in range(len(CRS_ROWS))]


def probabilities(law, signal):
    size = len(signal)
    return grade_probabilities(signal, np.full(size, law[0]), np.tile(law[1:], (size, 1)))


def test_more_il6_is_more_crs_and_higher_grades_are_rarer():
    law = fit_crs(SIGNAL).law
    assert law[0] > 0
    assert (np.diff(law[1:]) > 0).all()
    p = probabilities(law, np.linspace(0, 3, 20))
    assert (np.diff(p, axis=0) > 0).all()
    assert (np.diff(p, axis=1) < 0).all()
    assert (p > 0).all()


def rows(monkeypatch, *listed):
    monkeypatch.setattr(crs, "CRS_ROWS", listed)


def test_without_data_the_fit_is_the_prior(monkeypatch):
    rows(monkeypatch, CrsRow("x", "", 0, (0, 0, 0), LEE))
    slope, first, step = (load()[f"prior_crs_{n}"].value for n in ("slope", "threshold", "step"))
    wanted = [slope, first, first + step, first + 2 * step]
    assert fit_crs([np.ones(5)]).law == pytest.approx(wanted, rel=1e-3)


def test_no_crs_in_few_patients_stays_a_probability(monkeypatch):
    rows(monkeypatch, CrsRow("x", "", 8, (0, 0, 0), LEE))
    few = probabilities(fit_crs([np.ones(5)]).law, np.ones(1))[0, 0]
    rows(monkeypatch, CrsRow("x", "", 800, (0, 0, 0), LEE))
    many = probabilities(fit_crs([np.ones(5)]).law, np.ones(1))[0, 0]
    assert few > 5 * many > 0


def test_many_patients_are_met(monkeypatch):
    rows(
        monkeypatch,
        CrsRow("low", "", 4000, (400, 80, 8), LEE),
        CrsRow("high", "", 4000, (2400, 800, 120), LEE),
    )
    fit = fit_crs([np.full(50, 0.2), np.full(50, 1.5)])
    p = np.concatenate([
        probabilities(fit.law + np.array([0, *[fit.trials[name]] * 3]), np.full(1, signal))
        for name, signal in (("low", 0.2), ("high", 1.5))
    ])  # fmt: skip
    assert p[:, 0] == pytest.approx([0.1, 0.6], abs=0.02)
    assert p[1, 1] == pytest.approx(0.2, abs=0.02)


def test_a_study_can_be_left_out(monkeypatch):
    rows(monkeypatch, *(row for row in CRS_ROWS if row.icans is None))  # CAR-T rows tell more
    with_all, without = fit_crs(SIGNAL).law, fit_crs(SIGNAL, without="cd33_aml").law
    signal = np.full(1, 2.0)
    assert probabilities(without, signal)[0, 0] < 0.7 * probabilities(with_all, signal)[0, 0]


def test_draws_scatter_around_the_best(monkeypatch):
    rng = np.random.default_rng(2)
    best = fit_crs(SIGNAL).law
    draws = np.array([fit_crs(SIGNAL, rng=rng).law for _ in range(15)])
    assert (draws[:, 0] > 0).all()
    assert (np.diff(draws[:, 1:], axis=1) > 0).all()
    assert draws[:, 1].min() < best[1] < draws[:, 1].max()


def test_grades_not_told_apart_are_lumped():
    p = np.array([0.5, 0.2, 0.1])
    told = _log_likelihood(p, CrsRow("", "", 10, (4, None, 1), LEE))
    assert told == pytest.approx(6 * np.log(0.5) + 3 * np.log(0.4) + np.log(0.1))
    every = _log_likelihood(p, CrsRow("", "", 10, (4, 2, 1), LEE))
    assert every == pytest.approx(6 * np.log(0.5) + 2 * np.log(0.3) + np.log(0.1) + np.log(0.1))


def test_rows_agree_with_the_studies():
    for row in CRS_ROWS:
        study = read(row.study)
        assert row.arm == "" or row.arm in [arm.name for arm in study.arms]
        counts = [n for n in row.at_least if n is not None]
        assert counts == sorted(counts, reverse=True)
        for o in study.observed:
            if o.outcome in ("crs", "crs_grade_3") and o.arm == row.arm:
                seen = row.at_least[0 if o.outcome == "crs" else 2]
                assert (o.events, o.patients) == (seen, row.patients)


def test_rows_agree_with_the_published_results():
    """The percentage of the table results leaves these counts open; the scale is the table's."""
    for row in CRS_ROWS:
        seen = report(row.row_id).seen
        wanted = {"crs": row.at_least[0], "crs_grade_3": row.at_least[2], "icans": row.icans}
        for outcome, events in wanted.items():
            if outcome in seen and events is not None:
                assert seen[outcome].patients == row.patients, row
                assert seen[outcome].least <= events <= seen[outcome].most, row
    scales = {row.scale for row in CRS_ROWS if row.icans is None}
    assert scales == {"ASTCT"}  # so its shift stands for CAR-NK as well


def test_a_trial_unlike_the_others_moves_the_law_less_than_two_that_agree(monkeypatch):
    """Fifty times as many patients of one trial do not outvote another trial."""
    rows(
        monkeypatch,
        CrsRow("much", "", 5000, (4500, 400, 40), LEE),
        CrsRow("little", "", 100, (10, 1, 0), LEE),
    )
    signal = [np.full(50, 1.0)] * 2
    fit = fit_crs(signal)
    p = probabilities(fit.law, np.ones(1))[0, 0]
    assert 0.25 < p < 0.75
    assert fit.trials["much"] < -0.7  # lower thresholds
    assert fit.trials["little"] > 0.7


def test_studies_share_a_shift_and_scales_have_one(monkeypatch):
    rows(
        monkeypatch,
        CrsRow("a", "x", 50, (25, 5, 1), LEE),
        CrsRow("a", "y", 50, (25, 5, 1), LEE),
        CrsRow("b", "", 5000, (4500, 400, 40), PENN),
    )
    fit = fit_crs([np.full(50, 1.0)] * 3)
    assert set(fit.trials) == {"a", "b"}
    p = probabilities(fit.law, np.ones(1))[0, 0]
    rows(monkeypatch, *(replace(row, row_id=LEE) for row in crs.CRS_ROWS))
    same = probabilities(fit_crs([np.full(50, 1.0)] * 3).law, np.ones(1))[0, 0]
    assert p < same  # some of the difference is put down to the scale


def test_a_draw_is_of_a_new_trial(monkeypatch):
    """Even many patients leave what the next trial has to itself; all grades move together."""
    low = [(150, 60, 8), (80, 20, 4), (30, 10, 1)]
    high = [(330, 200, 60), (260, 110, 25), (130, 60, 10)]
    both = [(i, counts) for pair in zip(low, high) for i, counts in enumerate(pair)]
    rows(monkeypatch, *(CrsRow(f"t{k // 2}", "", 400, n, LEE) for k, (_, n) in enumerate(both)))
    signal = [np.full(20, 1.0 + arm) for arm, _ in both]
    fits = [fit_crs(signal, rng=np.random.default_rng(i)) for i in range(40)]
    narrow, wide = load()["prior_crs_trial"].range
    first = np.array([fit.law[1] - 1.5 * fit.law[0] for fit in fits])
    assert 1.4 * narrow < first.std() < 1.2 * wide
    steps = np.array([np.diff(fit.law[1:]) for fit in fits])
    assert steps.std(axis=0).max() < first.std() / 3
    fitted = [fit.law[1] - 1.5 * fit.law[0] + fit.trials["t0"] for fit in fits]
    assert np.std(fitted) < 0.2  # a fitted trial stays where its counts are
