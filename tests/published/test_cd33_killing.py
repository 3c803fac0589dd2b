"""CD33 CAR-NK lysis of Kasumi-1 and HL-60, github.com/drsamalik/CAR_NK_In_Silico (no licence).

Kasumi-1 is fitted, HL-60 predicted without refitting: the ligand priors of HL-60 were written down
before its lysis was loaded, and HL-60 is in no fit. R2 of donor A stands beside the null that
reuses the Kasumi-1 hyperbola Emax E:T / (ET50 + E:T). The public model has, after refitting three
numbers on HL-60, 0.92 and 0.84 for the two CARs, and without refitting -5 for the wild type.
The files are not part of this project: without ../shared these tests are skipped.
"""

from pathlib import Path

import numpy as np
import pytest

from carnk.assays.curve_flags import Checked, check
from carnk.assays.curves import Curve, read_curves
from carnk.assays.lysis import curves_of_wells
from carnk.fitting.lysis import Fit, fit, predict, r_squared
from carnk.fitting.lysis_page import emax
from carnk.fitting.stains import Inputs, read_inputs

SHARED = Path(__file__).parents[3] / "shared" / "labdata"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside the project")

NULL = {"WT NK": -0.94, "CAR-NK Gen2": 0.71, "CAR-NK Gen4": 0.99}
BLIND = {"WT NK": 0.71, "CAR-NK Gen2": 0.86, "CAR-NK Gen4": 0.96}  # scored once, then printed here


@pytest.fixture(scope="module")
def checked() -> Checked:
    name = "lysis_donors_A_B_C.csv"
    return check(read_curves(SHARED / name), name)


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return read_inputs(SHARED / "receptor_ligand_quantiles.csv")


@pytest.fixture(scope="module")
def kasumi(checked: Checked, inputs: Inputs) -> Fit:
    return fit([c for c in checked.curves if c.target == "Kasumi-1"], inputs)


def hl60(checked: Checked, donor: str) -> list[Curve]:
    return [c for c in checked.curves if c.target.startswith("HL-60") and c.donor == donor]


def test_the_reversed_run_of_donor_b_is_named_and_left_out(checked: Checked) -> None:
    assert not any("run2" in c.target for c in checked.curves)
    assert len(checked.curves) == 20
    (flag,) = checked.flags
    assert "lysis rises as E:T falls (donor B, WT NK on HL-60 (run2)" in str(flag)


def test_kasumi1_is_fitted_to_the_error_of_the_plates(kasumi: Fit) -> None:
    assert kasumi.residual < 5  # points; replicates have 1-10


def test_blind_prediction_of_hl60_and_its_null(
    kasumi: Fit, checked: Checked, inputs: Inputs
) -> None:
    train = {c.effector: c for c in kasumi.seen if c.donor == "A"}
    for p in predict(kasumi, hl60(checked, "A"), inputs):
        name = p.curve.effector
        if name in NULL:
            null = r_squared(p.curve.lysis, emax(train[name], p.curve.et))
            assert null == pytest.approx(NULL[name], abs=0.01)
            assert r_squared(p.curve.lysis, p.lysis) == pytest.approx(BLIND[name], abs=0.05)


def test_intervals_hold_what_was_seen_in_both_donors(
    kasumi: Fit, checked: Checked, inputs: Inputs
) -> None:
    inside = [
        (p.curve.lysis >= p.low) & (p.curve.lysis <= p.high)
        for donor in "AB"
        for p in predict(kasumi, hl60(checked, donor), inputs)
    ]
    assert np.concatenate(inside).size == 40
    assert np.concatenate(inside).mean() > 0.9


def test_raw_wells_give_the_published_means(checked: Checked) -> None:
    curves, flags = curves_of_wells(SHARED / "her2_calcein_raw_donor_C.csv")
    assert flags == []
    published = {(c.target, c.has_car): c for c in checked.curves if c.donor == "C"}
    for c in curves:
        assert c.lysis == pytest.approx(published[c.target, c.has_car].lysis, abs=2.5)
