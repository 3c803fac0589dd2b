"""The scenarios' page says what the stored runs hold, and every row and number it names exists."""

import re
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from carnk.library import load, table
from carnk.study import read, scenarios
from carnk.study.patients import draw_paired
from carnk.study.run import one_chunk

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))
import scenario_figure  # noqa: E402
import scenarios as gallery  # noqa: E402


def test_every_scenario_has_a_text_and_stored_differences_of_every_arm():
    assert sorted(gallery.texts()) == sorted(scenarios())
    rows = table("scenarios")
    for name in scenarios():
        study = read(name)
        mine = rows.filter(pl.col("study") == name)
        assert set(mine["arm"]) == {arm.name for arm in study.arms[1:]}
        assert gallery.texts()[name]["outcome"] in set(mine["outcome"])
        assert gallery.texts()[name]["question"].endswith("?")


def test_numbers_and_rows_that_are_named_exist():
    results, kinetics = set(table("results")["row_id"]), set(table("kinetics")["row_id"])
    for name, said in gallery.texts().items():
        assert set(said["hangs"]) <= set(load()), name
        named = set(re.findall(r"\b[RK]\d{3}\b", said["seen"]))
        assert named <= results | kinetics, name


def test_what_zero_lies_in_cannot_be_told():
    page = gallery.page()
    rows = table("scenarios")
    for name, said in gallery.texts().items():
        main = rows.filter((pl.col("study") == name) & (pl.col("outcome") == said["outcome"]))
        for row in main.iter_rows(named=True):
            line = next(x for x in gallery._main(name) if x.arm == row["arm"])
            told, _ = gallery._answer(line)
            open_ended = row["low"] <= 0 <= row["high"]
            assert ("cannot be told" in told or "no difference" in told) == open_ended
            assert f"{row['arm']}, {line.label}: {told}" in page


def test_the_page_says_when_its_runs_are_older_than_the_worlds(monkeypatch):
    assert ("have changed since" in gallery.page()) == (
        gallery._worlds_hash() not in (gallery.FOLDER / "scenarios.about.yaml").read_text("utf-8")
    )
    monkeypatch.setattr(gallery, "_worlds_hash", lambda: "another")
    assert "have changed since" in gallery.page()


@pytest.mark.parametrize(
    ("value", "text"), [(12.4, "+12"), (-3.44, "−3.4"), (0.04, "0"), (-0.01, "0"), (5.0, "+5")]
)
def test_differences_are_signed(value, text):
    assert scenario_figure.signed(value) == text


def test_every_bar_and_dot_lies_on_its_axis():
    for name, svg in gallery.pictures().items():
        places = [float(x) for x in re.findall(r'(?:x1|x2|cx)="([\d.-]+)"', svg)]
        edge = 2 * scenario_figure.MARGIN
        assert min(places) >= edge, name
        assert max(places) <= scenario_figure.WIDTH - edge, name


def test_the_level_of_rescue_is_what_the_study_says_it_is():
    """Half of the chance of grade 3 lies above it, and few who pass it have grade 3."""
    study = read("vs_switch")
    level = study.arms[1].regimen.rescue.il6
    chunk = one_chunk(study, load().view(), np.arange(400), 1)
    outcomes = pl.DataFrame(chunk.outcomes).filter(
        (pl.col("arm") == "no rescue") & (pl.col("treated") == 1)
    )
    above = outcomes["peak_il6_signal"] >= level
    chance = outcomes["crs_probability_3"]
    assert 0.3 < chance.filter(above).sum() / chance.sum() < 0.7
    assert chance.filter(above).mean() < 0.1


def test_the_split_of_cord_units_is_the_normal_law_it_says():
    """16 of 37 above a cut of a normal law: mean and deviation of the two parts."""
    rng = np.random.default_rng(1)
    z = np.sort(rng.standard_normal(370_000))
    low, high = z[: 370_000 * 21 // 37], z[370_000 * 21 // 37 :]
    spread = load()["kill_spread"].value
    arms = read("vs_cord_unit").arms
    for part, arm in ((low, arms[0]), (high, arms[1])):
        given = arm.numbers
        assert given["kill_car"].value == pytest.approx(np.exp(spread * part.mean()), rel=0.1)
        assert given["kill_spread"].value == pytest.approx(part.std(), abs=0.02)
    cohort = draw_paired(read("vs_cord_unit"), load().view(), np.arange(4))
    assert (cohort.drawn["kill_per_day"].reshape(-1, 2)[:, 0] > 0).all()
