"""A trial study run as a whole: one population, every design on it, one trial.json."""

import json
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import polars as pl
import pytest

from carnk.base import SolveError
from carnk.domain import Rule, Trial
from carnk.library import load
from carnk.study import parse, read, study_text
from carnk.study.folder import run_to_folder
from carnk.study.numbers import fresh_view
from carnk.study.patients import draw
from carnk.study.run import one_chunk
from carnk.study.trial import lot_of, settled, world_count
from carnk.study.trial_draw import population
from carnk.study.trial_patients import draw_at_every_arm
from carnk.study.trial_rules import RULES
from carnk.study.trial_run import run_trials

TEXT = (
    study_text("liu2020_trial")[1]
    .replace("patients: 6000", "patients: 2000")
    .replace("days: 365", "days: 40")
    .replace("trials: 10000", "trials: 600")
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("trial") / "trial.yaml"
    file.write_text(TEXT)
    return file


@pytest.fixture(scope="module")
def folder(path, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "trial"
    run_to_folder(path, read(path), out, jobs=1)
    return out


def found(folder):
    return json.loads((folder / "trial.json").read_text())


def test_the_same_bytes_whatever_the_jobs(path, folder, tmp_path):
    run_to_folder(path, read(path), tmp_path / "again", jobs=2, chunk=300)
    for name in ("trial.json", "outcomes.csv", "trial_patients.parquet"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_every_patient_is_there_at_every_dose(folder):
    rows = pl.read_csv(folder / "outcomes.csv")
    assert rows.height == 2000 * 3
    assert rows.group_by("patient").agg(pl.col("arm").n_unique())["arm"].unique().to_list() == [3]
    assert rows.group_by("patient").agg(pl.col("disease").n_unique())["disease"].max() == 1


def test_shares_of_the_trials_add_up(folder):
    trial = found(folder)
    (schedule,) = trial["schedules"]
    assert [rule["rule"] for rule in schedule["rules"]] == ["boin", "3+3"]
    for rule in schedule["rules"]:
        for kind in ("shared", "independent"):
            share = {name: part["mean"] for name, part in rule[kind]["share"].items()}
            chosen = sum(share[f"dose {i}"] for i in range(3)) + share["none"]
            assert chosen == pytest.approx(1)
            assert share["right"] + share["too_high"] + share["too_low"] == pytest.approx(1)
            assert sum(rule[kind]["patients"]) == pytest.approx(rule[kind]["treated"])
        assert sum(row["share"] for row in rule["reasons"]) == pytest.approx(1)
        days = rule["calendar"]["days"]
        assert 28 < days["low"] <= days["median"] <= days["high"]
        parts = [rule["calendar"][name] for name in ("arrivals", "windows", "lots")]
        assert sum(parts) == pytest.approx(days["mean"])
        assert min(parts) >= 0
        for cohort in rule["cohorts"]:
            assert sum(cohort["doses"]) == pytest.approx(cohort["trials"])


def test_the_numbers_that_the_file_leaves_open_are_listed(folder):
    used = pl.read_csv(folder / "numbers.csv", infer_schema=False)["id"].to_list()
    assert {"trial_plateau_margin", "trial_toxicity_bound"} <= set(used)
    assert "trial_target" not in used


def test_another_seed_gives_other_trials(path, folder, tmp_path):
    run_to_folder(path, read(path, seed=2), tmp_path / "other", jobs=1)
    assert found(tmp_path / "other") != found(folder)


def test_chances_of_toxicity_rise_and_end_at_those_of_the_outcomes(folder):
    """Within the window, with every kind counted, the three kinds are independent."""
    table = pl.read_parquet(folder / "trial_patients.parquet")
    days = table.select([name for name in table.columns if name.startswith("day_")]).to_numpy()
    assert days.shape == (6000, 28)
    assert (np.diff(days, axis=1) >= -1e-12).all()
    study = replace(read("liu2020_trial"), patients=2000, days=28.0, response_day=28.0)
    chunk = one_chunk(study, fresh_view(study), np.arange(100), 1)
    crs, gvhd = (np.array(chunk.outcomes[n]) for n in ("crs_probability_3", "gvhd_probability"))
    trial = replace(study.trial, limiting=replace(study.trial.limiting, counts=("crs", "gvhd")))
    chunk = one_chunk(replace(study, trial=trial), fresh_view(study), np.arange(100), 1)
    assert chunk.limiting["day_28"] == pytest.approx(1 - (1 - crs) * (1 - gvhd), rel=1e-6)


def test_patients_of_a_lot_share_its_attributes_and_nothing_else():
    study = parse(TEXT)
    ids = np.array([0, 100, 900, 1000])  # ten of a lot, a hundred worlds: 0, 100 and 900 share
    cohort = draw_at_every_arm(study, load().view(), ids)
    rows = {name: column[::3] for name, column in cohort.drawn.items()}
    assert (lot_of(study, settled(study, load().view()), ids) == [0, 0, 0, 100]).all()
    for name in ("kill_per_day", "car_positive", "viability", "recovery", "vcn", "t_cells_per_kg"):
        assert len(set(rows[name][:3])) == 1, name
        assert rows[name][3] != rows[name][0], name
    for name in ("weight", "growth", "burden"):
        assert len(set(rows[name])) == 4, name
    assert set(cohort.world) == {0}
    alone = draw(study, load().view(), ids)
    assert (alone.drawn["weight"] == rows["weight"]).all()


def table_of(study, chance, response=1.0):
    """Rows as a run writes them, every patient alike."""
    arms = len(study.arms)
    ids = np.repeat(np.arange(study.patients), arms)
    rows = {"patient": ids, "lot": ids, "arm": np.tile(np.arange(arms), study.patients)}
    rows |= {f"day_{day}": np.full(ids.size, chance * day / 28) for day in range(1, 29)}
    return pl.DataFrame(rows | {"response": np.full(ids.size, response)})


def test_a_toxic_product_stops_the_trials_and_a_harmless_one_does_not():
    study, view = parse(TEXT), load().view()
    (toxic,) = run_trials(study, view, table_of(study, 0.9))["schedules"]
    (harmless,) = run_trials(study, view, table_of(study, 0.0))["schedules"]
    for bad, good in zip(toxic["rules"], harmless["rules"]):
        assert bad["shared"]["share"]["none"]["mean"] > 0.95
        assert bad["shared"]["share"]["right"]["mean"] > 0.95  # no dose is the right one
        assert good["shared"]["share"]["dose 2"]["mean"] == 1
        assert good["shared"]["share"]["any_toxicity"]["mean"] == 0
    assert harmless["truth"][0]["optimal"] == 1.0  # all respond at every dose
    assert harmless["lots"][0]["toxicity"]["correlation"] == 0


def test_a_patient_whose_solve_failed_is_replaced_by_another_of_the_lot():
    study, view = parse(TEXT), load().view()
    table = table_of(study, 0.1)
    failed = (pl.col("patient") == 100) & (pl.col("arm") == 1)
    days = [name for name in table.columns if name.startswith("day_")]
    holes = [pl.when(failed).then(float("nan")).otherwise(pl.col(n)).alias(n) for n in days]
    people = population(study, settled(study, view), table.with_columns(holes))
    assert people.replaced == 1
    assert np.isfinite(people.by_day).all()
    everyone = table.with_columns([pl.lit(float("nan")).alias(name) for name in days])
    with pytest.raises(SolveError, match="all patients of a lot failed"):
        population(study, settled(study, view), everyone)


def test_patients_beyond_whole_lots_are_left_out():
    study = replace(parse(TEXT), patients=2000 + 7 * world_count())
    setting = run_trials(study, load().view(), table_of(study, 0.1))["setting"]
    assert (setting["population"]["lots"], setting["population"]["left_out"]) == (2, 700)


def test_a_trial_is_the_same_beside_any_other_design():
    study, view = parse(TEXT), load().view()
    both = run_trials(study, view, table_of(study, 0.2))["schedules"][0]["rules"]
    alone: Trial = replace(study.trial, rules=(Rule("3+3"),))
    one = run_trials(replace(study, trial=alone), view, table_of(study, 0.2))
    assert one["schedules"][0]["rules"][0] == both[1]


@pytest.mark.parametrize("name", sorted(set(RULES) - {"efftox"}))
def test_every_design_runs_on_the_same_patients(name):
    settings = {"least_response": 0.3} if name == "boin12" else {}
    study, view = parse(TEXT), load().view()
    rule = Rule(name, MappingProxyType(settings))
    trial = replace(study.trial, rules=(rule,), trials=200)
    (plan,) = run_trials(replace(study, trial=trial), view, table_of(study, 0.02))["schedules"]
    share = plan["rules"][0]["shared"]["share"]
    assert share["none"]["mean"] < 0.1
    assert sum(share[f"dose {i}"]["mean"] for i in range(3)) > 0.9
    assert plan["rules"][0]["calendar"]["days"]["low"] >= 28


def test_progress_counts_every_design_with_and_without_shared_lots():
    study, view = parse(TEXT), load().view()
    seen = []
    run_trials(study, view, table_of(study, 0.1), lambda done, of: seen.append((done, of)))
    assert seen == [(600 * i, 2400) for i in range(5)]
