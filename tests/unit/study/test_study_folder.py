"""A run folder is whole or not there."""

import hashlib
import json
import signal
from dataclasses import replace
from importlib import import_module

import numpy as np
import polars as pl
import pytest

import carnk
from carnk.base import SpecError
from carnk.kinetics import PARAMETERS
from carnk.study import folder, read, study_text
from carnk.study.folder import OUTPUTS, run_to_folder

run = import_module("carnk.study.run")  # the room also has a function of this name
FILES = {"study.yaml", "run.json", "references.bib", *OUTPUTS} - {"trial.json"}


@pytest.fixture(scope="module")
def study():
    return replace(read("liu2020"), patients=30)


@pytest.fixture(scope="module")
def made(study, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "one"
    run_to_folder("liu2020", study, out)
    return out


def manifest(path):
    return json.loads((path / "run.json").read_text("utf-8"))


def test_the_folder_is_complete(made):
    assert {path.name for path in made.iterdir()} >= FILES
    assert (made / "study.yaml").read_text("utf-8") == study_text("liu2020")[1]
    told = manifest(made)
    assert told["complete"]
    assert told["patients_done"] == 30
    assert told["failed"] == {}
    text = (made / "study.yaml").read_bytes()
    assert told["study_sha256"] == hashlib.sha256(text).hexdigest()


def test_the_manifest_knows_the_bytes(made):
    told = manifest(made)
    hashes = next(v for k, v in told.items() if k.endswith("sha256") and isinstance(v, dict))
    for name, digest in hashes.items():
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest
    assert "outcomes.csv" in hashes


def test_tables_have_a_row_per_patient(made):
    outcomes = pl.read_csv(made / "outcomes.csv")
    patients = pl.read_parquet(made / "patients.parquet")
    assert outcomes["patient"].to_list() == patients["patient"].to_list() == list(range(30))
    assert outcomes["world"].to_list() == patients["world"].to_list()
    courses = pl.read_parquet(made / "courses.parquet")
    assert courses["patient"].n_unique() == 30


def test_every_number_has_its_basis_and_its_source_is_cited(made):
    numbers = pl.read_csv(made / "numbers.csv")
    assert numbers["id"].is_unique().all()
    assert {"kill_car", "weight", "crs_slope"} <= set(numbers["id"])
    bib = (made / "references.bib").read_text("utf-8")
    cited = set(numbers["source"].drop_nulls()) - {""}
    assert len(cited) > 10
    assert not [source for source in cited if f"{{{source}," not in bib]
    assert "{liu2020," in bib


def test_a_number_of_the_study_says_so(tmp_path):
    text = study_text("liu2020")[1] + "numbers: {lung_exit: 2.5 1/day}\n"
    file = tmp_path / "own.yaml"
    file.write_text(text, "utf-8")
    run_to_folder(file, read(file, patients=2), tmp_path / "out")
    row = pl.read_csv(tmp_path / "out" / "numbers.csv").row(
        by_predicate=pl.col("id") == "lung_exit", named=True
    )
    assert (row["value"], row["basis"], row["source"]) == (2.5, "study", "study.yaml")


def test_another_seed_is_another_run(study, made, tmp_path):
    run_to_folder("liu2020", replace(study, seed=2), tmp_path / "other")
    assert (tmp_path / "other" / "outcomes.csv").read_bytes() != (
        made / "outcomes.csv"
    ).read_bytes()


def test_an_existing_folder_is_refused_and_untouched(study, tmp_path):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "note").write_text("keep", "utf-8")
    with pytest.raises(SpecError, match="is there already"):
        run_to_folder("liu2020", study, out)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "note"]


def ctrl_c_in_chunk(monkeypatch, *numbers):
    """Press Ctrl-C while these chunks (from 1) are at work."""
    real, calls = run.one_chunk, []

    def interrupted(*given):
        calls.append(given)
        if len(calls) in numbers:
            signal.raise_signal(signal.SIGINT)
        return real(*given)

    monkeypatch.setattr(run, "one_chunk", interrupted)


@pytest.mark.parametrize("chunk", [1, 2])
def test_an_interrupt_keeps_whole_chunks_in_a_valid_folder(study, tmp_path, monkeypatch, chunk):
    handler = signal.getsignal(signal.SIGINT)
    ctrl_c_in_chunk(monkeypatch, chunk)
    out = tmp_path / "out"
    tally = run_to_folder("liu2020", study, out, chunk=10)
    assert tally.interrupted
    told = manifest(out)
    assert not told["complete"]
    assert told["patients_done"] == 10 * chunk
    outcomes = pl.read_csv(out / "outcomes.csv")
    assert outcomes["patient"].to_list() == list(range(10 * chunk))
    assert {path.name for path in out.iterdir()} >= FILES
    assert pl.read_csv(out / "sensitivity.csv").is_empty()
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_interrupt_while_a_chunk_is_written_keeps_it(study, tmp_path):
    def progress(tally):
        signal.raise_signal(signal.SIGINT)

    run_to_folder("liu2020", study, tmp_path / "out", chunk=10, progress=progress)
    assert len(pl.read_csv(tmp_path / "out" / "outcomes.csv")) == 10
    assert not manifest(tmp_path / "out")["complete"]


@pytest.fixture
def heard():
    """Ctrl-C is heard even where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_a_second_interrupt_ends_at_once_and_leaves_nothing(study, tmp_path, monkeypatch):
    real = run.one_chunk

    def twice(*given):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return real(*given)

    monkeypatch.setattr(run, "one_chunk", twice)
    with pytest.raises(KeyboardInterrupt):
        run_to_folder("liu2020", study, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_is_resumed_to_the_same_bytes(study, made, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        ctrl_c_in_chunk(patched, 2)
        run_to_folder("liu2020", study, out, chunk=7)
    tally = run_to_folder("liu2020", study, out, there="resume")
    told = manifest(out)
    assert (told["complete"], told["patients_done"], told["patients_kept"]) == (True, 30, 14)
    assert (tally.done, tally.kept) == (30, 14)
    assert told["output_sha256"] == manifest(made)["output_sha256"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_many_failures_are_named_last_and_counted_by_reason(tmp_path, monkeypatch):
    """20 of 2,000 have a number that is not finite; all others are as without them."""
    study = replace(read("liu2020"), patients=2000)
    bad = np.random.default_rng(3).choice(2000, 20, replace=False)
    monkeypatch.setattr(folder, "sensitivity", lambda *_: [])
    run_to_folder("liu2020", study, tmp_path / "plain", jobs=2)
    real = run.draw

    def planted(study, view, ids):
        cohort = real(study, view, ids)
        cohort.parameters[np.isin(ids, bad), PARAMETERS.index("growth")] = np.nan
        return cohort

    monkeypatch.setattr(run, "draw", planted)
    run_to_folder("liu2020", study, tmp_path / "planted", jobs=2)
    told = manifest(tmp_path / "planted")
    assert sorted(map(int, told["failed"])) == sorted(bad.tolist())
    assert all("not finite at the start: growth" in why for why in told["failed"].values())
    assert list(told["failures_by_reason"].values()) == [20]
    assert list(told)[-1] == "failed"
    plain, other = (
        (tmp_path / name / "outcomes.csv").read_bytes().splitlines()
        for name in ("plain", "planted")
    )
    assert len(plain) == len(other) == 2001
    differing = {i for i in range(2000) if plain[i + 1] != other[i + 1]}
    assert differing == set(bad.tolist())


def test_reasons_are_counted_whatever_the_day():
    why = "the step became too small"
    failures = {3: f"day 1.5: {why}", 4: f"day 20: {why}", 1: "day 0: a rate is not finite"}
    assert folder.by_reason(failures) == {why: 2, "a rate is not finite": 1}


def test_a_free_name_passes_over_runs_and_unfinished_runs(tmp_path):
    assert folder.free_name(tmp_path, "a") == tmp_path / "a"
    (tmp_path / "a").mkdir()
    (tmp_path / ".a-2.unfinished").mkdir()
    assert folder.free_name(tmp_path, "a") == tmp_path / "a-3"


def test_the_python_function_resumes(tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        ctrl_c_in_chunk(patched, 1)
        carnk.run("liu2020", patients=8, seed=5, jobs=2, out=out)
    found = carnk.run("liu2020", out=out, resume=True)
    assert (found.manifest["complete"], found.manifest["seed"]) == (True, 5)
    assert len(found.outcomes) == 8
