"""Published models: numbers, cases, populations, what is refused, and the run folder."""

import json

import numpy as np
import polars as pl
import pytest

from carnk.base import SpecError
from carnk.kinetics.comparators import COMPARATORS, simulate
from carnk.kinetics.comparators.comparator import grid
from carnk.library import load, references, table
from carnk.study import read
from carnk.study.comparator_folder import Asked, run_to_folder
from carnk.study.comparators import Compared, case_of, find, numbers_of, unfitted, varies
from carnk.study.fields import diseases
from carnk.study.folder import study_of

STEIN, KIMMEL = COMPARATORS["stein2019"], COMPARATORS["kimmel2021"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "stein"
    run_to_folder(STEIN, folder, Asked(patients=300, seed=7))
    return folder


def test_every_number_of_the_room_belongs_to_one_model():
    room = {number.id for number in load().values() if number.room == "comparators"}
    used = [
        i for c in COMPARATORS.values() for i in (*c.shared, *(x for k in c.cases for x in k.own))
    ]
    assert sorted(used) == sorted(room)


@pytest.mark.parametrize("comparator", COMPARATORS.values(), ids=COMPARATORS)
def test_cases_have_the_same_names_and_all_that_the_equations_ask_for(comparator):
    view = load().view()
    names = [set(numbers_of(comparator, case, view)) for case in comparator.cases]
    assert all(each == names[0] for each in names)
    assert set(comparator.model.parameters) <= names[0]
    assert comparator.name in references()
    assert set(comparator.diseases) <= set(diseases())
    assert set(comparator.units) == set(comparator.meanings) == set(comparator.model.states)


def test_every_row_of_the_table_is_of_a_figure_and_a_case():
    for row in table("comparator_figures").to_dicts():
        comparator = COMPARATORS[row["comparator"]]
        assert row["case"] in {case.name for case in comparator.cases}
        assert row["figure"] in {figure.name for figure in comparator.figures}
        assert bool(row["printed"]) == bool(row["checked"]) == bool(row["printed_at"])


def compared(**given):
    told = {"case": "", "figure": "", "title": "", "unit": "", "printed": "", "printed_at": "",
            "checked": "", "equations": 100.0, "ours": 100.0}  # fmt: skip
    return Compared(**(told | given))


def test_one_percent_holds_and_more_does_not():
    assert compared(ours=100.99).holds
    assert not compared(ours=101.1).holds
    assert not compared(ours=98.9).holds
    assert not compared(ours=float("nan")).holds
    assert not compared(equations=None).holds
    assert compared(equations=0.0, ours=0.0).holds
    assert not compared(equations=0.0, ours=1e-9).holds


def test_print_is_compared_only_where_it_has_one_number():
    assert compared(printed="80").against_print == pytest.approx(0.25)
    assert compared(printed="20-80").against_print is None
    assert compared().against_print is None


def test_a_fitted_disease_is_silent_another_is_told_and_a_word_is_refused():
    assert unfitted(KIMMEL, "") == unfitted(KIMMEL, "dlbcl") == ""
    assert "never fitted to 'aml'" in unfitted(KIMMEL, "aml")
    with pytest.raises(SpecError, match="Did you mean 'aml'"):
        unfitted(KIMMEL, "amll")


def test_names_and_cases_are_found_or_refused():
    assert find("stein2019") is STEIN
    assert case_of(KIMMEL, "").name == "slow"
    with pytest.raises(SpecError, match="Did you mean 'stein2019'"):
        find("stein2020")


def test_only_papers_with_variances_have_populations(tmp_path):
    view = load().view()
    assert [name for name, c in COMPARATORS.items() if varies(c, view)] == [
        "stein2019", "singh2021",
    ]  # fmt: skip
    with pytest.raises(SpecError) as caught:
        run_to_folder(KIMMEL, tmp_path / "k", Asked(patients=5, seed=1))
    assert [p.where for p in caught.value.problems] == ["--patients", "--seed"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("asked", [Asked(patients=0), Asked(patients=10**9), Asked(seed=-1)])
def test_absurd_populations_are_refused_and_nothing_is_left(tmp_path, asked):
    with pytest.raises(SpecError):
        run_to_folder(STEIN, tmp_path / "r", asked)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_holds_what_was_asked_and_every_number(run):
    told = json.loads((run / "run.json").read_text())
    assert (told["comparator"], told["patients"], told["seed"]) == ("stein2019", 300, 7)
    assert {p.name for p in run.iterdir()} == {*told["output_sha256"], "run.json"}
    numbers = pl.read_csv(run / "numbers.csv")
    assert sorted(numbers["id"]) == sorted(STEIN.shared)
    assert "stein2019" in (run / "references.bib").read_text()


def test_the_run_of_a_model_is_not_taken_for_that_of_a_study(run):
    with pytest.raises(SpecError, match="published model stein2019, not of a study"):
        study_of(run)
    with pytest.raises(SpecError, match="Run the model with 'carnk run stein2019'"):
        read(run)


def test_the_population_has_the_bands_of_its_patients(run):
    bands, patients = (pl.read_parquet(run / f"{n}.parquet") for n in ("bands", "patients"))
    levels = bands.select("q05", "q25", "q50", "q75", "q95").to_numpy()
    assert (np.diff(levels, axis=1) >= 0).all()
    assert (bands["measured95"] / bands["q95"]).median() > 1.02
    assert (bands["measured05"] / bands["q05"]).median() < 0.98
    at_28 = bands.sort((pl.col("day") - 28).abs()).row(0, named=True)
    if at_28["day"] == 28:
        assert at_28["q50"] == pytest.approx(patients["figure_level_28"].median(), rel=1e-3)
    assert len(patients) == 300
    assert patients["figure_cmax"].to_list() == patients["cmax"].to_list()


def test_the_same_seed_gives_the_same_files_and_an_earlier_run_is_not_lost(run, tmp_path):
    again = tmp_path / "again"
    run_to_folder(STEIN, again, Asked(patients=300, seed=7))
    for name in ("patients.parquet", "bands.parquet", "courses.parquet", "figures.csv"):
        assert (again / name).read_bytes() == (run / name).read_bytes()
    with pytest.raises(SpecError, match="is there already"):
        run_to_folder(STEIN, again, Asked(patients=3))
    run_to_folder(STEIN, again, Asked(patients=3, disease="aml"), there="replace")
    told = json.loads((again / "run.json").read_text())
    assert told["patients"] == 3
    assert "never fitted" in told["warnings"][0]
    assert [p.name for p in tmp_path.iterdir()] == ["again"]


def test_one_who_cannot_be_solved_is_named_and_the_others_stay():
    known = numbers_of(STEIN, STEIN.cases[0], load().view())
    numbers = {n: np.full(2, number.value) for n, number in known.items()}
    numbers["alpha"] = np.array([np.nan, 0.16])
    courses = simulate(STEIN, numbers, np.linspace(0, 30, 31))
    assert list(courses.reasons) == [0]
    assert "alpha" in courses.reasons[0]
    assert np.isfinite(courses.states["effector"][1]).all()


def test_days_go_up_to_each_end_by_its_step():
    assert grid((1, 0.5), (4, 1.0)).tolist() == [0, 0.5, 1, 2, 3, 4]
