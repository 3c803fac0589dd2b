"""A run folder is whole or not there."""

import hashlib
import json
import signal
from dataclasses import replace
from importlib import import_module

import polars as pl
import pytest

from carnk.base import SpecError
from carnk.study import folder, read, study_text
from carnk.study.folder import OUTPUTS, run_to_folder

run = import_module("carnk.study.run")  # the room also has a function of this name
FILES = {"study.yaml", "run.json", "references.bib", *OUTPUTS}


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


def test_outcomes_are_the_same_bytes_with_two_threads_and_small_chunks(
    study, made, tmp_path, monkeypatch
):
    monkeypatch.setattr(run, "CHUNK", 7)
    run_to_folder("liu2020", study, tmp_path / "two", threads=2)
    for name in ("outcomes.csv", "numbers.csv", "sensitivity.csv"):
        assert (tmp_path / "two" / name).read_bytes() == (made / name).read_bytes(), name


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


def test_nothing_is_left_when_the_run_fails(study, tmp_path, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(folder, "sensitivity", broken)
    with pytest.raises(ZeroDivisionError):
        run_to_folder("liu2020", study, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def ctrl_c_in_chunk(monkeypatch, *numbers):
    """Press Ctrl-C while these chunks (from 1) are at work."""
    real, calls = run.one_chunk, []

    def interrupted(*given):
        calls.append(given)
        if len(calls) in numbers:
            signal.raise_signal(signal.SIGINT)
        return real(*given)

    monkeypatch.setattr(run, "CHUNK", 10)
    monkeypatch.setattr(run, "one_chunk", interrupted)


@pytest.mark.parametrize("chunk", [1, 2])
def test_an_interrupt_keeps_whole_chunks_in_a_valid_folder(study, tmp_path, monkeypatch, chunk):
    handler = signal.getsignal(signal.SIGINT)
    ctrl_c_in_chunk(monkeypatch, chunk)
    out = tmp_path / "out"
    tally = run_to_folder("liu2020", study, out)
    assert tally.interrupted
    told = manifest(out)
    assert not told["complete"]
    assert told["patients_done"] == 10 * chunk
    outcomes = pl.read_csv(out / "outcomes.csv")
    assert outcomes["patient"].to_list() == list(range(10 * chunk))
    assert {path.name for path in out.iterdir()} >= FILES
    assert pl.read_csv(out / "sensitivity.csv").is_empty()
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_interrupt_while_a_chunk_is_written_keeps_it(study, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "CHUNK", 10)

    def progress(tally):
        signal.raise_signal(signal.SIGINT)

    run_to_folder("liu2020", study, tmp_path / "out", progress=progress)
    assert len(pl.read_csv(tmp_path / "out" / "outcomes.csv")) == 10
    assert not manifest(tmp_path / "out")["complete"]


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
