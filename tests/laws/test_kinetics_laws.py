"""Laws of the in-vivo model, for any patient."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carnk.kinetics import MODEL, PARAMETERS, STATES, grade_probabilities, simulate
from carnk.kinetics.courses import _fate, tolerances
from carnk.kinetics.rates import A_TRACE
from carnk.library import load
from carnk.solver import Doses, solve
from carnk.study import built_in, read, scenarios
from carnk.study.patients import draw
from carnk.study.run import courses_of

CAR = ("car_blood", "car_tissue", "car_exhausted")
TUMOR = [STATES.index(f"tumor_{clone}") for clone in ("high", "low", "bare")]
TIMES = np.array([-5.0, 0.0, 1.0, 7.0, 14.0, 30.0])
CALM = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cohort_of(name, ids, uncertain=True):
    return draw(read(name), load().view(), np.asarray(ids), uncertain=uncertain)


def follow(cohort, times=TIMES, **changes):
    """Simulate with some parameters multiplied."""
    parameters = cohort.parameters.copy()
    for name, factor in changes.items():
        parameters[:, PARAMETERS.index(name)] *= factor
    return simulate(parameters, cohort.initial, cohort.doses, cohort.luck, times)


APART = tuple(name for name in built_in() if name not in scenarios())


@pytest.fixture(scope="module", params=APART)
def population(request):
    """Sixty patients of a built-in study in as many worlds, to its last day."""
    cohort = cohort_of(request.param, np.arange(60))
    return cohort, courses_of(read(request.param), cohort)


def test_no_state_is_negative(population):
    _, courses = population
    assert not courses.failed.any()
    kept = [i for i, name in enumerate(STATES) if name in MODEL.positive]
    assert (courses.states[:, :, kept] >= 0).all()
    assert (courses.burden >= 0).all()
    assert np.isfinite(courses.states).all()


def test_levels_are_shares(population):
    """CAR level and the sensitive share, as the mechanisms read them, never pass one."""
    _, courses = population
    cells = sum(courses.of(name) for name in CAR)
    for tag in ("car_expressed", "switch_sensitive"):
        assert (courses.of(tag) / (cells + A_TRACE)).max() <= 1.01
    assert (courses.of("generations") >= 0).all()


def test_an_integrated_car_stays_whole(population):
    """But for pools that pass through a few thousand cells, where one cell counts."""
    _, courses = population
    cells = sum(courses.of(name) for name in CAR)[:, courses.times >= 1]
    level = courses.of("car_expressed")[:, courses.times >= 1] / np.maximum(cells, 1.0)
    large = np.minimum.accumulate(cells, axis=1) > 1e5
    assert large.any()
    assert level[large] == pytest.approx(1.0, rel=1e-3)


def test_hazards_only_accumulate(population):
    _, courses = population
    assert (np.diff(courses.of("gvhd_hazard"), axis=1) >= -1e-15).all()
    for clone in ("high", "low", "bare"):
        assert (np.diff(courses.of(f"ancestry_{clone}"), axis=1) >= -1e-9).all()


def test_no_killing_leaves_no_chance_of_cure():
    cohort = cohort_of("marin2024", np.arange(20))
    kills = [n for n in PARAMETERS if n.startswith("kill_")]
    arms = dict.fromkeys((*kills, "antibody_tumor_kill", "chemo_sensitivity"), 0.0)
    courses = follow(cohort, **arms)
    for i, clone in enumerate(("high", "low", "bare")):
        start = cohort.initial[:, TUMOR[i]][:, None]
        gone, _ = _fate(start, courses.of(f"decline_{clone}"), courses.of(f"ancestry_{clone}"))
        assert gone[start[:, 0] > 1].max(initial=0.0) < 1e-12
    assert np.isnan(courses.extinct).all()
    assert (courses.burden[:, -1] > courses.burden[:, 0]).mean() > 0.9


MORE_TUMOR = {"kill_car_high": 0.7, "kill_natural": 0.7, "access": 0.7, "growth": 1.2,
              "chemo_sensitivity": 0.5}  # fmt: skip


def tumor_on_day_30(cohort, **changes):
    return follow(cohort, **changes).states[:, -1, TUMOR].sum(axis=1)


@CALM
@given(st.sampled_from(built_in()), st.integers(0, 3000), st.sampled_from(sorted(MORE_TUMOR)))
def test_less_killing_never_leaves_fewer_tumor_cells(name, first, change):
    """With the two feedbacks of killing on the killers switched off: fatigue and antigen drive."""
    cohort = cohort_of(name, np.arange(first, first + 4))
    off = {"fatigue_per_kill": 0.0, "antigen_boost": 0.0, "antigen_expansion": 0.0}
    before = tumor_on_day_30(cohort, **off)
    after = tumor_on_day_30(cohort, **off, **{change: MORE_TUMOR[change]})
    assert (after >= before * (1 - 1e-4) - 1.0).all()


@CALM
@given(
    st.sampled_from(built_in()),
    st.integers(0, 3000),
    st.sampled_from(["growth", "chemo_sensitivity"]),
)
def test_faster_or_hardier_tumors_are_never_smaller(name, first, change):
    """Without division on antigen, by which more tumor makes more CAR-T cells."""
    cohort = cohort_of(name, np.arange(first, first + 4))
    before = tumor_on_day_30(cohort, antigen_expansion=0.0)
    after = tumor_on_day_30(cohort, antigen_expansion=0.0, **{change: MORE_TUMOR[change]})
    assert (after >= before * (1 - 1e-4) - 1.0).all()


@pytest.mark.parametrize("name", ["liu2020", "nkx019"])
def test_a_better_killer_seldom_leaves_more_tumor(name):
    """Targets drive expansion, so killing more can cost cells; it must stay the exception.

    With that drive and fatigue off it never happens (tested above).
    """
    cohort = cohort_of(name, np.arange(400))
    better, usual = tumor_on_day_30(cohort), tumor_on_day_30(cohort, kill_car_high=0.7)
    seen = better > 1
    assert (better[seen] > 2 * usual[seen]).mean() < 0.03
    assert (better[seen] < usual[seen]).mean() > 0.8


@CALM
@given(st.integers(0, 3000))
def test_more_bystander_activation_is_never_less_il6(first):
    cohort = cohort_of("nkx019", np.arange(first, first + 4))
    usual, more = (follow(cohort, bystander=f).of("il6").max(axis=1) for f in (1.0, 3.0))
    assert (more >= usual * (1 - 1e-5)).all()


@CALM
@given(st.integers(0, 3000), st.floats(0.0, 1.0))
def test_hidden_cells_are_never_fewer(first, factor):
    cohort = cohort_of("nkx019", np.arange(first, first + 4))
    usual, hidden = (
        sum(follow(cohort, visible_to_t=f).of(name)[:, 3] for name in CAR) for f in (1.0, factor)
    )
    assert (hidden >= usual * (1 - 1e-4) - 1.0).all()


@CALM
@given(st.floats(0, 1e12), st.floats(-20, 40), st.floats(0, 40), st.floats(0, 3))
def test_chances_of_extinction_are_chances_and_rise(start, decline, ancestry, more):
    def fate(at):
        return _fate(*(np.array([[x]]) for x in (start, decline, at)))

    (gone, size), (later, _) = fate(ancestry), fate(ancestry + more)
    assert 0 <= gone.item() <= later.item() <= 1
    assert size.item() >= 0
    assert np.isfinite(size).all()


@given(st.floats(-3, 6), st.floats(0.01, 5), st.lists(st.floats(-5, 20), min_size=3, max_size=3))
def test_grades_are_ordered_and_never_impossible(signal, slope, thresholds):
    p = grade_probabilities(np.array([signal]), np.array([slope]), np.array([thresholds]))[0]
    assert (np.diff(p) <= 0).all()
    assert ((p > 0) & (p <= 1)).all()


def test_kernel_and_interpreter_agree_on_the_whole_model():
    cohort = cohort_of("ft596", [0, 1, 7])
    times = np.array([0.5, 7.0, 30.0])
    doses = Doses(cohort.doses.times, cohort.doses.states, cohort.doses.amounts)
    results = [
        solve(
            MODEL, cohort.parameters, cohort.initial, times, doses=doses, start=-5.0, rtol=1e-8,
            atol=tolerances() * 0.1, engine=engine,
        ).values
        for engine in ("kernel", "interpreter")
    ]  # fmt: skip
    assert results[0] == pytest.approx(results[1], rel=1e-6, abs=1e-6)
