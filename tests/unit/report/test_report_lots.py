"""Variance between lots against between patients: known cases, and the section of the report."""

import json

import numpy as np
import polars as pl
import pytest

from carnk import report
from carnk.report.lot_effects import lot_share, patients_of, values_of
from carnk.report.record import read as read_record
from carnk.report.sections.lots import content
from carnk.report.terminal import show
from carnk.study import read, study_text
from carnk.study.folder import run_to_folder


def people(worlds, lots, each, rng, uneven=False):
    """Patients in lots in worlds, by turns in two arms and two diseases."""
    sizes = rng.integers(1, 2 * each, worlds * lots) if uneven else np.full(worlds * lots, each)
    lot = np.repeat(np.arange(worlds * lots), sizes)
    return pl.DataFrame(
        {
            "lot": lot,
            "world": lot // lots,
            "arm": np.array(["low", "high"])[rng.integers(0, 2, lot.size)],
            "disease": np.array(["cll", "dlbcl"])[rng.integers(0, 2, lot.size)],
        }
    )


def values(group, rng, lots=0.0, worlds=0.0, arm=0.0):
    """Values with these standard deviations and 1 between patients."""
    lot = group["lot"].to_numpy()
    out = rng.standard_normal(lot.size)
    out += lots * rng.standard_normal(lot.max() + 1)[lot]
    out += worlds * rng.standard_normal(group["world"].max() + 1)[group["world"].to_numpy()]
    return out + arm * (group["arm"] == "high").to_numpy()


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("sd", [0.5, 1.0, 2.0])
def test_a_known_share_is_found_whatever_worlds_and_arms_add(sd, uneven):
    rng = np.random.default_rng(5)
    group = people(100, 10, 5, rng, uneven)
    found = lot_share(group, values(group, rng, sd, worlds=3.0, arm=2.0))
    truth = sd**2 / (1 + sd**2)
    assert found.share == pytest.approx(truth, abs=0.04)
    assert found.low < truth < found.high
    assert found.within == pytest.approx(1.0, rel=0.1)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(6)
    group = people(20, 3, 4, rng)
    for sd, truth in ((0.0, 0.0), (0.7, 0.49 / 1.49)):
        held = 0
        for _ in range(300):
            found = lot_share(group, values(group, rng, sd, worlds=1.0))
            held += found.low <= truth <= found.high
        assert held / 300 >= 0.92, sd


def test_without_lot_effects_the_share_is_near_nothing():
    rng = np.random.default_rng(7)
    group = people(100, 2, 5, rng)
    found = lot_share(group, values(group, rng))
    assert found.low == 0
    assert found.share < 0.06


def test_lots_that_cannot_be_told_apart_have_no_share():
    rng = np.random.default_rng(8)
    alone, single = people(100, 1, 5, rng), people(100, 5, 1, rng)
    assert lot_share(alone, values(alone, rng)) is None
    assert lot_share(single, values(single, rng)) is None
    assert lot_share(alone, np.full(len(alone), np.nan)) is None


CHANGES = (
    ("days: 365", "days: 30"),
    ("{cll: 4, cll_richter: 1, follicular: 4, dlbcl: 2}", "{cll: 1}"),
    ("seed: 1\n", "seed: 1\nnumbers: {kill_spread: 0.3}\n"),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A month of 800 patients of one disease whose killing differs between lots alone."""
    folder = tmp_path_factory.mktemp("runs") / "lots"
    source = tmp_path_factory.mktemp("study") / "study.yaml"
    text = study_text("liu2020_lots")[1]
    for old, new in CHANGES:
        assert old in text
        text = text.replace(old, new)
    source.write_text(text, encoding="utf-8")
    run_to_folder(source, read(source, patients=800), folder)
    report.write(folder)
    return folder


def test_every_patient_has_the_lot_of_patients_parquet(run):
    record = read_record(run)
    group = patients_of(record)
    assert len(group) == 800
    table = pl.read_parquet(run / "patients.parquet", columns=["patient", "lot", "potency"])
    joined = group.join(table, on="patient", suffix="_there")
    assert (joined["lot"] == joined["lot_there"]).all()
    assert np.isfinite(values_of(group, "auc_0_28d", None)).all()


def test_lots_reach_exposure(run):
    """Cells infused differ by lot, so that their exposure does."""
    record = read_record(run)
    group = patients_of(record)
    found = lot_share(group, values_of(group, "auc_0_28d", None))
    assert found.low > 0
    assert found.lots == group["lot"].n_unique()
    exchanged = group.with_columns(pl.col("lot").shuffle(seed=1).over("world"))
    assert lot_share(exchanged, values_of(exchanged, "auc_0_28d", None)).low == 0


def test_the_section_and_the_terminal_say_it(run, capsys):
    told = content(read_record(run))
    assert told["figure"]["rows"][0]["name"] == "Response, day 30"
    assert len(told["attributes"]) == 6
    assert told["patients"] == "800"
    page = (run / "report.html").read_text(encoding="utf-8")
    assert '<section id="lots">' in page
    assert "cord_blood_mbil21" in page
    show(run)
    shown = capsys.readouterr().out
    assert "Between lots:" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_a_study_without_a_process_has_no_such_section(example):
    page = (example / "report.html").read_text(encoding="utf-8")
    assert '<section id="lots">' not in page
    assert json.loads((example / "run.json").read_text())["study"] == "liu2020"
