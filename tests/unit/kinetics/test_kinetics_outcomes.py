"""What is read off the courses, on courses whose answers are known."""

import numpy as np
import pytest

from carnk.kinetics import STATES, Assay, Courses, Luck, outcomes, time_grid
from carnk.kinetics.courses import _fate

BLOOD_ML = 5000.0
PEAK, HALF_LIFE, PEAK_DAY = 100.0, 9.0, 7.0
LIMIT = 50.0  # copies/ug; with these numbers 1 copy/ug is 0.0165 cells/uL


def assay(count, limit=LIMIT):
    numbers = (BLOOD_ML, 2.0, 5e6, 6.6e-6, limit)
    return Assay(*(np.full(count, each) for each in numbers))


def courses(times, burden=None, **states):
    rows = max((np.atleast_2d(v).shape[0] for v in states.values()), default=1)
    made = np.zeros((rows, times.size, len(STATES)))
    made[:, :, STATES.index("b_cells")] = 1e10
    made[:, :, STATES.index("il6")] = 1.5
    for name, values in states.items():
        made[:, :, STATES.index(name)] = values
    burden = np.full((rows, times.size), 1e11) if burden is None else np.atleast_2d(burden)
    fate = np.full((rows, 3), np.nan)
    return Courses(times, made, burden, fate, np.zeros(rows, bool), {})


def read(made, disease="dlbcl", limit=LIMIT):
    count = len(made.burden)
    return outcomes(
        made, assay(count, limit), np.full(count, disease), np.full(count, 1e9),
        np.full(count, 1e12), 30.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def analytic():
    """Linear rise to a peak on day 7, then one exponential."""
    times = np.unique(np.r_[np.arange(-5, 100, 0.1).round(6), 0.0, 7.0, 28.0])
    per_ul = np.where(
        times < PEAK_DAY, PEAK * np.maximum(times, 0) / PEAK_DAY,
        PEAK * np.exp(-np.log(2) / HALF_LIFE * (times - PEAK_DAY)),
    )  # fmt: skip
    return read(courses(times, car_blood=per_ul * BLOOD_ML * 1000))


def test_peak_and_its_day(analytic):
    assert analytic.cmax_per_ul[0] == pytest.approx(PEAK)
    assert analytic.tmax_day[0] == PEAK_DAY


def test_area_to_day_28(analytic):
    rate = np.log(2) / HALF_LIFE
    wanted = PEAK * PEAK_DAY / 2 + PEAK / rate * (1 - np.exp(-rate * (28 - PEAK_DAY)))
    assert analytic.auc_0_28d[0] == pytest.approx(wanted, rel=1e-3)


def test_half_life(analytic):
    assert analytic.half_life_day[0] == pytest.approx(HALF_LIFE, rel=1e-6)


def test_last_day_above_the_limit(analytic):
    per_ul = LIMIT * 5e6 * 6.6e-6 / 2 / 1000
    last = PEAK_DAY + HALF_LIFE * np.log2(PEAK / per_ul)
    assert analytic.tlast_day[0] == pytest.approx(last, abs=0.1)
    assert analytic.detected_day_15[0] == 1
    assert np.isnan(analytic.detected_day_365[0])  # the course ends on day 100


def test_cells_never_seen():
    made = read(courses(np.arange(-5.0, 40.0), car_blood=10.0))
    assert made.tlast_day[0] == 0
    assert np.isnan(made.half_life_day[0])
    assert made.detected_day_15[0] == 0


def test_copies_per_ug_are_cells_times_vectors_over_dna():
    made = courses(np.arange(-5.0, 10.0), car_blood=5e6)
    blood = assay(1)
    assert made.car_per_ul(blood)[0, -1] == 1.0
    assert made.copies_per_ug(blood)[0, -1] == pytest.approx(1000 * 2 / (5e6 * 6.6e-6))


def test_response_is_read_on_its_day_and_best_over_the_visits():
    times = np.array([-5.0, 0.0, 20.0, 28.0, 30.0, 60.0, 100.0, 150.0])
    course = np.array([1, 1, 0.01, 0.9, 0.9, 0.2, 0.005, 0.001]) * 1e11
    made = read(courses(times, course))
    assert made.response[0] == 0
    assert made.best_response[0] == 1
    assert made.best_complete_response[0] == 1
    assert made.burden_before[0] == 1e11
    assert made.burden_response_day[0] == 0.9e11
    early = read(courses(times, np.array([1, 1, 0.001, 0.9, 0.9, 0.9, 0.9, 0.001]) * 1e11))
    assert early.best_response[0] == 0  # neither day 20 nor day 150 is a visit for response


def test_b_cells_recover_above_a_tenth():
    times = np.arange(-5.0, 101.0)
    b_cells = np.where(times < 5, 1e10, np.where(times < 50, 1e7, 1e10 * (times - 49) / 100))
    assert read(courses(times, b_cells=b_cells)).b_cell_recovery_day[0] == 59.0
    never = np.where(times < 5, 1e10, 1e7)
    assert read(courses(times, b_cells=never)).b_cell_recovery_day[0] == np.inf


def test_hazard_becomes_a_probability():
    times = np.arange(-5.0, 31.0)
    made = read(courses(times, gvhd_hazard=np.linspace(0, 0.5, times.size)))
    assert made.gvhd_probability[0] == pytest.approx(1 - np.exp(-0.5))


def test_peaks_of_cytokines():
    times = np.arange(-5.0, 31.0)
    made = read(courses(times, il6=np.where(times == 4, 900.0, 2.0), ifng=times + 6))
    assert made.peak_il6[0] == 900
    assert made.peak_ifng[0] == 36


def test_a_failed_patient_is_missing_everywhere():
    made = courses(np.arange(-5.0, 31.0), car_blood=np.full((2, 36), 1e8))
    made.failed[0] = True
    read_off = vars(read(made))
    assert all(np.isnan(values[0]) for values in read_off.values())
    assert read_off["cmax_per_ul"][1] > 0


def test_all_clones_have_to_die_out():
    made = courses(np.arange(-5.0, 31.0), car_blood=np.ones((2, 36)))
    made.extinct[0], made.extinct[1] = (10, 20, 15), (10, np.nan, 15)
    assert read(made).extinct_day.tolist() == [20.0, np.inf]


def test_the_output_grid_is_dense_after_infusions_and_ends_on_the_last_day():
    grid = time_grid(-5.0, 365.0, (0.0, 7.5))
    assert (np.diff(grid) > 0).all()
    assert grid[0] == -5
    assert grid[-1] == 365
    assert {0.0, 0.02, 7.0, 7.52, 28.0, 30.0} <= set(grid.tolist())
    assert np.diff(grid).max() <= 8


def test_fates_with_nothing_at_the_start_or_no_death():
    gone, size = _fate(np.array([[0.0], [1e6]]), np.zeros((2, 1)), np.zeros((2, 1)))
    assert gone.ravel().tolist() == [1.0, 0.0]
    assert size.ravel().tolist() == [0.0, 1e6]


def test_luck_decides_which_clones_die_out(typical, follow):
    cohort = typical("liu2020")
    times = np.arange(-5.0, 366.0)
    burden = {}
    for luck in (0.0, 1.0):
        cohort.luck.clones[:] = luck
        made = follow(cohort, times)
        burden[luck] = made.burden[0, -1]
        assert np.isnan(made.extinct).all() == (luck == 1.0)
    assert isinstance(cohort.luck, Luck)
    assert burden[0.0] <= burden[1.0]
