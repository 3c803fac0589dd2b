"""Specific lysis by readout, its error, and the error that points of a plate share."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.assay_plates import plate_of, wells_of
from carnk.assays.specific import READOUTS, fieller, specific
from carnk.assays.wells import (
    BACKGROUND,
    MAXIMUM,
    SAMPLE,
    SPONTANEOUS,
    Well,
    et_ratio,
    kind_of,
)  # fmt: skip
from carnk.base import DataError


def well(kind: str, signal: float, name: str = "A1", et: float = 0.0) -> Well:
    effector = "NK" if kind == SAMPLE else ""
    return Well(name, "1", kind, "", "K562", effector, et, np.array([signal]))


def lysis(readout: str, *wells: Well) -> float:
    (plate,) = specific(plate_of(wells), READOUTS[readout])
    return float(plate.lysis[0, 0])


@pytest.mark.parametrize(
    ("readout", "controls", "signal", "expected"),
    [
        ("calcein", {SPONTANEOUS: 100.0, MAXIMUM: 300.0}, 180.0, 40.0),
        ("cr51", {SPONTANEOUS: 500.0, MAXIMUM: 2500.0, BACKGROUND: 30.0}, 1500.0, 50.0),
        ("luciferase", {SPONTANEOUS: 1000.0}, 250.0, 75.0),
        ("luciferase", {SPONTANEOUS: 1000.0, BACKGROUND: 200.0}, 400.0, 75.0),
        ("flow", {SPONTANEOUS: 4000.0}, 1000.0, 75.0),
        ("flow_dead", {SPONTANEOUS: 20.0}, 60.0, 50.0),
        ("impedance", {SPONTANEOUS: 2.0}, 0.5, 75.0),
        ("imaging", {SPONTANEOUS: 500.0}, 125.0, 75.0),
    ],
)
def test_each_readout_has_its_own_formula(
    readout: str, controls: dict[str, float], signal: float, expected: float
) -> None:
    wells = [well(kind, x) for kind, x in controls.items()]
    assert lysis(readout, *wells, well(SAMPLE, signal, et=5.0)) == pytest.approx(expected)


@pytest.mark.parametrize("missing", [SAMPLE, SPONTANEOUS, MAXIMUM])
def test_a_plate_without_its_controls_is_refused(missing: str) -> None:
    have = {SAMPLE: 200.0, SPONTANEOUS: 100.0, MAXIMUM: 300.0}
    wells = [well(kind, x, et=1.0) for kind, x in have.items() if kind != missing]
    with pytest.raises(DataError, match=f"no {missing} wells"):
        specific(plate_of(wells), READOUTS["calcein"])


def test_fieller_without_errors_of_the_controls_is_students_interval() -> None:
    low, high = fieller(50.0, 100.0, (4.0, 0.0, 0.0), (2.0, np.inf, np.inf))
    assert (low, high) == pytest.approx((0.5 - 4.3027 * 0.02, 0.5 + 4.3027 * 0.02), abs=1e-4)


def test_fieller_has_no_ends_where_the_controls_cannot_be_told_apart() -> None:
    assert np.isnan(fieller(1.0, 2.0, (1.0, 1.0, 1.0), (2.0, 2.0, 2.0))).all()


def test_fieller_holds_the_truth_as_often_as_it_says() -> None:
    """Three wells a level, the controls near each other: 95 % of intervals hold 40 %."""
    rng, held, runs = np.random.default_rng(1), 0, 600
    for _ in range(runs):
        level = [m + 8 * rng.standard_normal(3) for m in (180.0, 100.0, 300.0)]
        mean, variance = ([f(x) for x in level] for f in (np.mean, lambda x: x.var(ddof=1) / 3))
        low, high = fieller(
            mean[0] - mean[1], mean[2] - mean[1], tuple(variance), (2.0, 2.0, 2.0)
        )  # fmt: skip
        held += low <= 0.4 <= high
    assert 0.93 < held / runs < 0.99


def test_draws_of_points_share_the_error_of_their_controls() -> None:
    """With exact samples all scatter is the controls', so high points move as one."""
    wells = [well(SAMPLE, 250.0, et=e) for e in (1.0, 2.0) for _ in range(3)]
    wells += [well(SPONTANEOUS, x) for x in (90.0, 100.0, 110.0)]
    wells += [well(MAXIMUM, x) for x in (280.0, 300.0, 320.0)]
    (plate,) = specific(plate_of(wells), READOUTS["calcein"])
    draws = plate.draws(500, seed=1)[:, :, 0]
    assert np.array_equal(draws, plate.draws(500, seed=1)[:, :, 0])
    own = plate.own_error[0, 0]
    assert draws[:, 0].std() > 1.2 * own
    assert np.corrcoef(draws.T)[0, 1] > 0.3


def test_a_group_without_replicates_takes_the_scatter_of_the_plate() -> None:
    rng = np.random.default_rng(2)
    wells = wells_of(rng, (100.0, 400.0))
    single = [w for w in wells if w.name not in ("B3", "B4")]
    (plate,) = specific(plate_of(single), READOUTS["calcein"])
    k = next(i for i, g in enumerate(plate.groups) if g.effector == "CAR-NK" and g.et == 10.0)
    low, high = plate.interval(k)
    assert plate.groups[k].level.count == 1
    assert low[0] < plate.lysis[k, 0] < high[0]


def test_no_replicates_anywhere_means_no_interval() -> None:
    wells = [well(SAMPLE, 180.0, et=1.0), well(SPONTANEOUS, 100.0), well(MAXIMUM, 300.0)]
    (plate,) = specific(plate_of(wells), READOUTS["calcein"])
    assert np.isnan(plate.interval(0)).all()


def test_counted_cells_scatter_at_least_as_poisson() -> None:
    wells = [well(SAMPLE, 100.0, et=1.0), well(SPONTANEOUS, 400.0)]
    (plate,) = specific(plate_of(wells), READOUTS["flow"])
    assert plate.own_error[0, 0] == pytest.approx(100 * 10 / 400)


@pytest.mark.parametrize(
    ("word", "kind"), [("Target alone", SPONTANEOUS), ("max release", ""), ("Triton", MAXIMUM)]
)
def test_words_for_kinds_of_wells(word: str, kind: str) -> None:
    if kind:
        assert kind_of(word) == kind
    else:
        with pytest.raises(ValueError, match="maximum"):
            kind_of(word)


def test_et_ratios() -> None:
    parse: Callable[[str], float] = et_ratio
    assert [parse(x) for x in ("10:1", "1:2", " 2.5 ")] == [10.0, 0.5, 2.5]
