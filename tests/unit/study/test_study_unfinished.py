"""A run that is stopped anywhere leaves nothing torn and goes on to the same bytes."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from carnk.base import CarnkError, SpecError, files
from carnk.base.files import locked
from carnk.cli import main
from carnk.study import folder, read, study_text
from carnk.study.folder import run_to_folder
from carnk.study.unfinished import hidden_folder

run = import_module("carnk.study.run")  # the room also has a function of this name
STUDY = replace(read("liu2020"), patients=30)
HIDDEN = ".out.unfinished"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """The analysis after the chunks is slow and has its own tests."""
    monkeypatch.setattr(folder, "sensitivity", lambda *_: [])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Hashes of the tables of a run that nothing stopped."""
    out = tmp_path_factory.mktemp("whole") / "out"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(folder, "sensitivity", lambda *_: [])
        run_to_folder("liu2020", STUDY, out)
    return hashes(out)


def hashes(out):
    return json.loads((out / "run.json").read_text("utf-8"))["output_sha256"]


class Stop(Exception):
    """Whatever ends a run."""


def stopped(out, chunks=2, asked="liu2020", **options):
    """A run that is ended after some chunks of ten patients."""

    def stop(tally):
        if tally.done == 10 * chunks:
            raise Stop

    with pytest.raises(Stop):
        run_to_folder(asked, STUDY, out, chunk=10, progress=stop, **options)


def resumed(out, study=STUDY, asked="liu2020"):
    return run_to_folder(asked, study, out, there="resume")


def names(place):
    return sorted(path.name for path in place.iterdir())


def test_finished_chunks_are_kept_and_go_into_the_run(tmp_path, whole):
    out = tmp_path / "out"
    stopped(out)
    assert names(tmp_path) == [HIDDEN]
    assert names(tmp_path / HIDDEN / "chunks") == ["0000000000.zip", "0000000010.zip"]
    assert resumed(out).kept == 20
    assert hashes(out) == whole
    assert names(tmp_path) == ["out"]


def test_resuming_a_whole_run_changes_nothing(tmp_path):
    out = tmp_path / "out"
    run_to_folder("liu2020", STUDY, out)
    before = (out / "run.json").stat().st_mtime_ns
    assert resumed(out).done == 30
    assert (out / "run.json").stat().st_mtime_ns == before
    with pytest.raises(SpecError, match=r"seed: 9 here, but 1 .* It is whole"):
        resumed(out, replace(STUDY, seed=9))


def test_a_chunk_that_is_no_longer_whole_is_done_again(tmp_path, whole):
    out = tmp_path / "out"
    stopped(out)
    chunk = tmp_path / HIDDEN / "chunks" / "0000000010.zip"
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 0xFF
    chunk.write_bytes(content)
    (chunk.parent / "0000000000.zip").write_bytes(b"torn")
    assert resumed(out).kept == 0
    assert hashes(out) == whole


@pytest.mark.parametrize(
    ("study", "message"),
    [
        (replace(STUDY, patients=40), "patients: 40 here, but 30 where the run was begun"),
        (replace(STUDY, seed=2), "seed: 2 here, but 1 where the run was begun"),
    ],
)
def test_another_study_is_not_mixed_in(tmp_path, study, message):
    stopped(tmp_path / "out")
    with pytest.raises(SpecError, match=message):
        resumed(tmp_path / "out", study)
    assert names(tmp_path / HIDDEN / "chunks") == ["0000000000.zip", "0000000010.zip"]


def test_all_that_differs_is_named_at_once(tmp_path):
    out = tmp_path / "out"
    stopped(out)
    path = tmp_path / HIDDEN / "begun.json"
    begun = json.loads(path.read_text())
    changed = {"rtol": 1e-5, "numpy": "1.0", "code": "x", "numbers": "y"}
    path.write_text(json.dumps(begun | changed))
    with pytest.raises(SpecError) as error:
        resumed(out)
    text = str(error.value)
    assert text.startswith("4 problems")
    for name in ("the tolerance: 1e-06 here, but 1e-05", "numpy", "carnk's code", "the library's"):
        assert name in text
    assert f"begin anew (--out {out} --force)" in text


def test_a_changed_study_file_is_named_by_its_line(tmp_path):
    file = tmp_path / "mine.yaml"
    text = study_text("liu2020")[1]
    file.write_text(text, "utf-8")
    stopped(tmp_path / "out", asked=file)
    file.write_text(text.replace("seed: ", "seed:  "), "utf-8")
    line = next(i for i, each in enumerate(text.splitlines(), 1) if each.startswith("seed: "))
    with pytest.raises(SpecError, match=rf"the study file has changed: line {line} was 'seed: "):
        resumed(tmp_path / "out", asked=file)


def test_what_is_in_the_way_is_told_with_what_to_do(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(SpecError, match=r"no unfinished run of this name\. Begin one with --out"):
        resumed(out)
    stopped(out)
    with pytest.raises(SpecError, match=r"an unfinished run of 30 patients.*--resume.*--force"):
        run_to_folder("liu2020", STUDY, out)
    run_to_folder("liu2020", replace(STUDY, patients=3), out, there="replace")
    assert names(tmp_path) == ["out"]
    (tmp_path / "note").mkdir()
    with pytest.raises(SpecError, match="is not a run of carnk"):
        run_to_folder("liu2020", STUDY, tmp_path / "note", there="replace")
    for name in ("", ".."):
        with pytest.raises(SpecError, match="is not a name to write to"):
            run_to_folder("liu2020", STUDY, Path(name))


def test_an_interrupted_run_whose_chunks_are_gone_says_so(tmp_path):
    out = tmp_path / "out"

    def interrupt(tally):
        tally.interrupted = True

    run_to_folder("liu2020", STUDY, out, chunk=10, progress=interrupt)
    assert names(tmp_path) == [HIDDEN, "out"]
    (tmp_path / HIDDEN).rename(tmp_path / "elsewhere")
    with pytest.raises(SpecError, match=r"its finished chunks are gone.*--force"):
        resumed(out)


def test_a_run_that_replaces_another_leaves_it_until_it_is_whole(tmp_path, whole):
    out = tmp_path / "out"
    run_to_folder("liu2020", replace(STUDY, seed=3), out)
    before = hashes(out)
    stopped(out, there="replace")
    assert hashes(out) == before
    resumed(out)
    assert hashes(out) == whole
    assert names(tmp_path) == ["out"]


def test_a_renaming_cut_short_is_undone(tmp_path, whole):
    out = tmp_path / "out"
    run_to_folder("liu2020", replace(STUDY, seed=3), out)
    stopped(out, there="replace")
    out.rename(tmp_path / HIDDEN / "old")
    with pytest.raises(SpecError, match="seed"):
        resumed(out, replace(STUDY, seed=4))
    assert (out / "run.json").is_file()
    resumed(out)
    assert hashes(out) == whole


def test_two_processes_do_not_work_on_one_run(tmp_path):
    out = tmp_path / "out"
    stopped(out)
    hold = f"""
from carnk.base.files import locked
with locked({str(tmp_path / HIDDEN / "begun.json")!r}):
    print("held", flush=True)
    input()
"""
    command = [sys.executable, "-c", hold]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        for there in ("resume", "replace"):
            with pytest.raises(SpecError, match="another process is at work here"):
                run_to_folder("liu2020", STUDY, out, there=there)
        other.communicate("\n")
    with locked(tmp_path / HIDDEN / "begun.json"):
        pass


NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("moment", ["begun.json", "0000000010.zip", "patients.parquet", "run.json"])
def test_a_full_disk_is_told_and_the_run_goes_on_later(tmp_path, monkeypatch, whole, moment):
    """Writing fails for the file of that name, half-way."""
    out = tmp_path / "out"
    real = Path.open

    def is_meant(path):
        return moment in (path.name, path.name[1:].rpartition(".")[0])

    class Full:
        def __init__(self, stream):
            self.stream = stream

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.stream.close()

        def __getattr__(self, name):
            return getattr(self.stream, name)

        def write(self, content):
            self.stream.write(content[: len(content) // 2])
            raise NO_SPACE

    def opened(path, mode="r", *rest, **named):
        stream = real(path, mode, *rest, **named)
        return Full(stream) if "w" in mode and is_meant(path) else stream

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", opened)
        with pytest.raises(SpecError, match=r"no space left on device\. Free some space") as error:
            run_to_folder("liu2020", STUDY, out, chunk=10)
    assert not out.exists()
    if moment == "begun.json":
        assert names(tmp_path) == []
        run_to_folder("liu2020", STUDY, out, chunk=10)
    else:
        assert f"Go on with --resume {out}" in str(error.value)
        assert not list(tmp_path.rglob(moment))
        for chunk in tmp_path.rglob("0*.zip"):
            with zipfile.ZipFile(chunk) as archive:
                assert archive.testzip() is None
        resumed(out)
    assert hashes(out) == whole
    assert names(tmp_path) == ["out"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(SpecError, match="read-only file system"):
        run_to_folder("liu2020", STUDY, tmp_path / "out")
    assert names(tmp_path) == []


def test_a_working_folder_that_vanishes_is_told(tmp_path):
    def vanish(tally):
        (tmp_path / HIDDEN).rename(tmp_path / "moved")

    with pytest.raises(SpecError, match=r"has vanished while it was at work\. Run it again"):
        run_to_folder("liu2020", STUDY, tmp_path / "out", chunk=10, progress=vanish)


def test_a_write_reaches_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    steps = []
    fsync, rename = os.fsync, Path.replace

    def noted_fsync(descriptor):
        steps.append("flush")
        fsync(descriptor)

    def noted_rename(path, target):
        steps.append("name")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_rename)
    files.write_bytes_atomic(tmp_path / "a", b"x")
    assert steps == ["flush", "name", "flush"]


RUN = """
import sys
from dataclasses import replace
from pathlib import Path
from carnk.study import folder, read
folder.sensitivity = lambda *_: []  # as in the other tests here
study = replace(read("liu2020"), patients=600)
folder.run_to_folder("liu2020", study, Path(sys.argv[1]), jobs=2, there=sys.argv[2], chunk=20)
"""


def started(out, there):
    return subprocess.Popen([sys.executable, "-c", RUN, str(out), there], start_new_session=True)


def finishes_a_chunk(place, patience=300):
    """Wait until the run under a place has a finished chunk or its folder."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if list(place.rglob("0*.zip")) or (place / "out").exists():
            return
        time.sleep(0.01)
    raise AssertionError("no chunk was finished")


def test_kill_9_leaves_nothing_torn_and_the_run_goes_on(tmp_path):
    """Thrice, from the first chunk on; benchmarks/scale.py does it fifty times from the start."""
    reference = tmp_path / "reference"
    assert started(reference, "refuse").wait() == 0
    rng = random.Random(8)
    for i in range(3):
        place = tmp_path / f"{i}"
        place.mkdir()
        out = place / "out"
        process = started(out, "refuse")
        finishes_a_chunk(place)
        time.sleep(rng.uniform(0, 0.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for chunk in place.rglob("0*.zip"):
            with zipfile.ZipFile(chunk) as archive:
                assert archive.testzip() is None
        assert not out.exists() or hashes(out) == hashes(reference)
        assert started(out, "resume").wait() == 0
        assert hashes(out) == hashes(reference)
        assert names(place) == ["out"]


def call(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["carnk", "run", *words])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr()


def test_the_command_says_how_to_go_on_and_does(tmp_path, monkeypatch, capsys):
    out = str(tmp_path / "out")
    real = run.one_chunk

    def interrupted(*given):
        signal.raise_signal(signal.SIGINT)
        return real(*given)

    with monkeypatch.context() as patched:
        patched.setattr(run, "one_chunk", interrupted)
        patched.setattr(folder, "CHUNK", 4)
        code, told = call(
            monkeypatch, capsys, "liu2020", "--patients", "9", "--seed", "3", "--out", out
        )
    assert code == 130
    again = f"Go on with: carnk run liu2020 --resume {out}"
    assert told.err.splitlines()[-1] == (f"Interrupted: 3 of 9 patients are done. {again}")
    code, told = call(monkeypatch, capsys, "liu2020", "--resume", out, "--json")
    assert code == 0
    made = json.loads(told.out)
    assert (made["patients"], made["seed"], made["complete"]) == (9, 3, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--resume", "a", "--out", "b"], "--resume: cannot be given with --out"),
        (["--resume", "a", "--force"], "--resume: cannot be given with --force"),
        (["--scheduler", "a", "--jobs", "2"], "--scheduler: cannot be given with --jobs"),
    ],
)
def test_options_that_exclude_each_other_are_refused(monkeypatch, capsys, words, message):
    code, told = call(monkeypatch, capsys, "liu2020", *words)
    assert code == 2
    assert message in told.err


def test_a_hidden_folder_has_the_runs_name():
    assert hidden_folder(Path("runs/a")) == Path("runs/.a.unfinished")
    with pytest.raises(CarnkError):
        hidden_folder(Path("/"))
