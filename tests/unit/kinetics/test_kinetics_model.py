"""The whole model on the typical patient: what several mechanisms do together."""

import numpy as np
import pytest

from carnk.kinetics import MODEL, PARAMETERS, STATES
from carnk.kinetics.rates import CLONES

CELLS = ("car_blood", "car_tissue", "car_exhausted")
HALF_HOUR = 0.5 / 24
RIMIDUCID = "    - {drug: rimiducid, dose: 0.4 mg/kg, days: [14, 15]}\n"
DRUGS = "  drugs:\n"


def car(courses):
    return sum(courses.of(name)[0] for name in CELLS)


def value(cohort, name):
    return cohort.parameters[0, PARAMETERS.index(name)]


def with_value(cohort, name, amount):
    cohort.parameters[:, PARAMETERS.index(name)] = amount
    return cohort


def test_names_are_unique_and_every_mechanism_is_documented():
    assert len(set(STATES)) == len(STATES)
    assert len(set(PARAMETERS)) == len(PARAMETERS)
    assert all(mechanism.__doc__ for mechanism in MODEL.mechanisms)
    assert set(STATES) - set(MODEL.positive) == {
        f"{kind}_{clone}" for kind in ("decline", "ancestry") for clone in CLONES
    }


def test_nothing_happens_to_a_patient_without_treatment(typical, follow):
    cohort = typical("liu2020")
    cohort.doses.amounts[:] = 0.0
    with_value(cohort, "growth", 0.0)
    courses = follow(cohort, np.arange(-5.0, 100.0))
    first, last = courses.states[0, 0], courses.states[0, -1]
    assert last == pytest.approx(first, rel=1e-6, abs=1e-6)


def test_il15_surges_after_conditioning_and_falls_with_recovery(typical, follow):
    cohort = typical("liu2020", ("armor: il15_secreted", "armor: none"))
    courses = follow(cohort, np.arange(-5.0, 200.0))
    il15 = courses.of("il15")[0]
    at = {day: il15[list(courses.times).index(day)] for day in (-5.0, 0.0, 180.0)}
    assert at[0.0] > 5 * at[-5.0]
    assert il15.max() < value(cohort, "il15_depleted")
    assert at[180.0] == pytest.approx(at[-5.0], rel=0.05)
    assert il15.argmax() <= list(courses.times).index(3.0)


# Kimmel 2021 (doi 10.1098/rspb.2021.0229), Table 1: 3e9 T cells (6/uL) at infusion, median.
def test_flu_30_and_cy_500_leave_three_billion_t_cells_at_infusion(typical, follow):
    courses = follow(typical("ft596"), np.arange(-5.0, 1.0))
    assert courses.of("host_t")[0, -1] == pytest.approx(3e9, rel=0.3)


def test_less_conditioning_leaves_more_t_cells_and_less_il15(typical, follow):
    strong = follow(typical("ft596"), np.arange(-5.0, 1.0))
    weak = follow(typical("ft596", ("500 mg/m2", "300 mg/m2")), np.arange(-5.0, 1.0))
    assert weak.of("host_t")[0, -1] > 1.5 * strong.of("host_t")[0, -1]
    assert weak.of("il15")[0, -1] < strong.of("il15")[0, -1]


def test_infused_cells_pass_the_lung_first(typical, follow):
    courses = follow(typical("liu2020"), [-5.0, 0.0, 0.5, 1.0, 3.0])
    lung, blood, tissue = (courses.of(n)[0] for n in ("lung", "car_blood", "car_tissue"))
    assert lung[1] > 0
    assert blood[1] == tissue[1] == 0
    assert lung[1] > lung[2] > lung[3] > lung[4]
    assert tissue[4] > blood[4] > 0


@pytest.fixture(scope="module")
def switched(typical, follow):
    """Two doses of rimiducid a day apart, the second where only low expressers are left."""
    times = [-5, 14, 14 + HALF_HOUR, 14.5, 15, 15 + HALF_HOUR, 16, 30, 60, 120]
    cohort = typical("liu2020", (DRUGS, DRUGS + RIMIDUCID))
    start = follow(cohort, [-5, 14 - 1e-4, 15 - 1e-4, 120])
    return follow(cohort, times), car(start)


def test_the_switch_kills_most_circulating_cells_in_half_an_hour(switched):
    courses, before = switched
    blood = courses.of("car_blood")[0]
    assert 0.85 < 1 - blood[2] / blood[1] < 0.95
    assert 0.85 < 1 - car(courses)[2] / before[1] < 0.95


def test_a_few_percent_are_left_after_a_day(switched, typical, follow):
    courses, before = switched
    resistant = value(typical("liu2020"), "switch_resistant")
    left = car(courses)[4] / before[1]
    assert 0.01 < left < 0.06
    assert left == pytest.approx(resistant, rel=0.6)  # and what these have regrown


def test_a_second_dose_kills_a_smaller_fraction(switched):
    courses, before = switched
    first = 1 - car(courses)[2] / before[1]
    second = 1 - car(courses)[5] / before[2]
    assert second < 0.1 * first


def test_cells_grow_back_after_the_switch(switched):
    courses, _ = switched
    left = car(courses)
    assert left[7] > 2 * left[6]


def test_cells_without_the_switch_survive_the_drug(typical, follow):
    cohort = typical("liu2020", (DRUGS, DRUGS + RIMIDUCID), ("switch: icasp9", "switch: none"))
    courses = follow(cohort, [-5, 14, 14 + HALF_HOUR])
    assert car(courses)[2] == pytest.approx(car(courses)[1], rel=0.02)


def test_a_car_from_mrna_fades_within_a_week(typical, follow):
    cohort = typical("liu2020", ("delivery: retroviral", "delivery: mrna"))
    courses = follow(cohort, [-5, 0.01, 1, 2, 5, 7])
    level = courses.of("car_expressed")[0] / np.maximum(car(courses), 1)
    assert level[1] > 0.9
    assert (np.diff(level[1:]) < 0).all()
    assert level[4] < 0.1
    stable = follow(typical("liu2020"), [-5, 1, 30, 200])
    kept = stable.of("car_expressed")[0] / (car(stable) + 1e-9)
    assert kept[1:] == pytest.approx(1.0, rel=1e-4)


def test_division_dilutes_mrna_beyond_its_decay(typical, follow):
    cohort = typical("liu2020", ("delivery: retroviral", "delivery: mrna"))
    courses = follow(cohort, [-5, 3.0])
    level = courses.of("car_expressed")[0, 1] / car(courses)[1]
    assert level < 0.8 * np.exp(-value(cohort, "mrna_decay") * 3.0)


def test_rejection_follows_mismatch(typical, follow):
    left, primed = [], []
    for mismatch in (0.0, 0.7):
        cohort = with_value(typical("nkx019"), "mismatch", mismatch)
        courses = follow(cohort, [-5, 30, 60])
        left.append(car(courses)[2])
        primed.append(courses.of("primed_t")[0, 1])
    assert primed[0] == 0 < primed[1]
    assert left[0] > left[1]


def test_full_t_cell_recovery_alone_rejects_nothing(typical, follow):
    """0.3/d per 100 T cells/uL on all T cells would be a cumulative hazard of 529 in a year."""
    cohort = with_value(typical("liu2020"), "mismatch", 0.0)
    courses = follow(cohort, [-5, 30, 365])
    assert courses.of("host_t")[0, 2] > 0.99 * value(cohort, "host_t_capacity")
    assert courses.of("primed_t")[0].max() == 0
    assert car(courses)[2] > 1e6


def test_more_infused_cells_without_targets_make_no_cytokines(typical, follow):
    cohort = typical("nkx019")
    cohort.parameters[:, PARAMETERS.index("b_cells_seen")] = 0.0
    cohort.initial[:, [STATES.index(f"tumor_{clone}") for clone in CLONES]] = 0.0
    courses = follow(cohort, [-5, 1, 7, 28])
    assert courses.of("ifng")[0] == pytest.approx(courses.of("ifng")[0, 0], rel=1e-6)
    assert courses.of("il6")[0] == pytest.approx(courses.of("il6")[0, 0], rel=1e-6)


def test_the_rescue_comes_once_when_il6_passes_its_level(typical, follow):
    text = ("dosing: flat\n", "dosing: flat\n  rescue: {il6: 20 pg/mL, dexamethasone: 20 mg}\n")
    without = follow(typical("cd33_aml"), np.arange(-5.0, 31.0))
    courses = follow(typical("cd33_aml", text), np.arange(-5.0, 31.0))
    above = without.of("il6")[0] > 20
    assert above.any()
    steroid = courses.of("steroid")[0]
    given = np.flatnonzero(steroid > 0)
    assert given[0] == np.flatnonzero(above)[0]
    assert (np.diff(steroid[given]) < 0).all()  # one dose, then only loss
    assert courses.of("il6")[0].max() < without.of("il6")[0].max()


def test_b_cells_fall_under_a_cd19_car_and_return(typical, follow):
    courses = follow(typical("liu2020"), [-5, 28, 365])
    no_car = follow(with_value(typical("liu2020"), "b_cells_seen", 0.0), [-5, 28, 365])
    before, low, late = courses.of("b_cells")[0]
    assert low < 0.3 * no_car.of("b_cells")[0, 1]
    assert low < 0.2 * before
    assert late > 3 * low


def test_ft596_peaks_within_a_day(typical, follow):
    times = np.r_[-5, np.arange(0, 15, 0.1)]
    cohort = typical(
        "ft596", ("  - {name: 3e8 alone, share: 18", "  - {name: 3e8 alone, share: 1e9")
    )
    courses = follow(cohort, times)
    assert times[courses.of("car_blood")[0].argmax()] <= 1.0
