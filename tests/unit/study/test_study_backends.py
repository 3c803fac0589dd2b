"""Back ends: results of every item, errors in words, workers that die."""

import os
import sys
import threading
from dataclasses import replace
from importlib import import_module

import pytest

from carnk.base import SpecError
from carnk.study import cluster, folder, read
from carnk.study.backends import backend
from carnk.study.folder import run_to_folder

run = import_module("carnk.study.run")  # the room also has a function of this name
QUIET = {"dashboard_address": ":0", "worker_dashboard_address": ":0"}


def square(x):
    return x * x


def fail(x):
    if x == 3:
        raise ZeroDivisionError
    return x


@pytest.fixture(scope="module")
def scheduler():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, processes=False, threads_per_worker=2, **QUIET
    ) as made:
        yield made.scheduler_address


@pytest.mark.parametrize(("jobs", "name"), [(1, "serial"), (3, "joblib")])
def test_every_item_is_worked_on_once(jobs, name):
    with backend(jobs) as made:
        assert (made.name, made.count) == (name, jobs)
        assert sorted(made.map(square, range(20))) == [x * x for x in range(20)]
        assert list(made.map(square, [])) == []


def test_every_item_is_worked_on_once_on_a_cluster(scheduler):
    with backend(scheduler) as made:
        assert (made.name, made.count) == ("dask", 2)
        assert sorted(made.map(square, range(20))) == [x * x for x in range(20)]
        assert list(made.map(square, [])) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_a_task_comes_through(jobs):
    with backend(jobs) as made, pytest.raises(ZeroDivisionError):
        list(made.map(fail, range(8)))


def test_an_error_of_a_task_on_a_cluster_comes_through(scheduler):
    with backend(scheduler) as made, pytest.raises(ZeroDivisionError):
        list(made.map(fail, range(8)))


def test_results_come_before_all_items_are_taken():
    """So that a run which is to end does not begin what is left."""
    gate, taken = threading.Event(), []

    def items():
        for x in range(50):
            taken.append(x)
            yield x

    def task(x):
        return x if x == 0 else gate.wait(60)

    with backend(2) as made:
        results = made.map(task, items())
        assert next(results) == 0
        assert len(taken) <= 4
        gate.set()
        results.close()


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "127.0.0.1:99999", "nonsense", "http://here:1", "tcp://:x"]
)
def test_a_scheduler_that_does_not_answer_is_named(tmp_path, address):
    study = replace(read("liu2020"), patients=2)
    with pytest.raises(SpecError, match="no dask scheduler answers at") as error:
        run_to_folder("liu2020", study, tmp_path / "out", jobs=address)
    assert address in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SpecError, match=r"pip install 'carnk\[cluster\]'"), backend("tcp://a:1"):
        pass


def test_a_cluster_without_workers_is_refused(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 0.5)
    with (
        distributed.LocalCluster(n_workers=0, processes=False, **QUIET) as empty,
        pytest.raises(SpecError, match=r"has no workers\. Start some with: dask worker inproc"),
        backend(empty.scheduler_address),
    ):
        pass


def test_a_worker_with_another_carnk_is_refused():
    asked_by = run.identity() | {"numbers": "other"}
    with pytest.raises(SpecError, match="the library's numbers") as error:
        run.packed_chunk(read("liu2020"), asked_by, range(2))
    assert "worker on" in str(error.value)


def test_a_cluster_that_loses_its_workers_is_given_up(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "ABSENT_SECONDS", 0.2)
    monkeypatch.setattr(cluster, "FETCH_SECONDS", 0.5)
    with (
        distributed.LocalCluster(
            n_workers=1, processes=False, threads_per_worker=1, **QUIET
        ) as made,
        backend(made.scheduler_address) as dask,
    ):
        results = dask.map(square, iter(range(1000)))
        next(results)
        made.scale(0)
        with pytest.raises(SpecError, match="it has had no worker"):
            list(results)


def test_the_chunk_of_a_worker_that_dies_is_done_by_another(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(folder, "sensitivity", lambda *_: [])
    study = replace(read("liu2020"), patients=60)
    run_to_folder("liu2020", study, tmp_path / "serial")
    with distributed.LocalCluster(
        n_workers=2, processes=True, threads_per_worker=1, silence_logs=50, **QUIET
    ) as made:
        with distributed.Client(made.scheduler_address) as client:
            pids = list(client.run(os.getpid).values())

        def kill_one(tally):
            if pids:
                os.kill(pids.pop(), 9)
                pids.clear()

        run_to_folder(
            "liu2020", study, tmp_path / "dask",
            jobs=made.scheduler_address, chunk=3, progress=kill_one,
        )  # fmt: skip
    assert not pids
    one, other = ((tmp_path / n / "outcomes.csv").read_bytes() for n in ("serial", "dask"))
    assert one == other
