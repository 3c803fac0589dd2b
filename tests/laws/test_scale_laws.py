"""Tables are the same bytes whoever works on the chunks, in which size, order or session."""

import hashlib
import random
from dataclasses import replace
from importlib import import_module
from itertools import product

import pytest

from carnk.study import folder, read
from carnk.study.folder import OUTPUTS, run_to_folder

run = import_module("carnk.study.run")  # the room also has a function of this name
PATIENTS = 129  # two chunks of 64 and a last one of a single patient
ORDERS = ("forward", "reversed", "shuffled")


class Stop(Exception):
    """Whatever ends a run."""


def digest(out):
    found = [(out / name).read_bytes() for name in OUTPUTS if (out / name).exists()]
    return hashlib.sha256(b"".join(found)).hexdigest()


@pytest.fixture(scope="module")
def scheduler():
    """A cluster of two threads in this process."""
    distributed = pytest.importorskip("distributed")
    quiet = {"dashboard_address": ":0", "worker_dashboard_address": ":0"}
    with distributed.LocalCluster(
        n_workers=1, processes=False, threads_per_worker=2, **quiet
    ) as cluster:
        yield cluster.scheduler_address


def test_one_hash_over_workers_chunks_orders_and_sessions(tmp_path, monkeypatch, scheduler):
    study = replace(read("ft596"), patients=PATIENTS)
    monkeypatch.setattr(folder, "sensitivity", lambda *_: [])  # after the chunks, and slow
    plain = run.spans

    def stop(tally):
        if tally.done > PATIENTS / 3:
            raise Stop

    seen = {}
    cases = product((1, 2, scheduler), (64, 1000), ORDERS, (False, True))
    for case, (jobs, chunk, order, stopped) in enumerate(cases):

        def ordered(study, size, order=order):
            found = plain(study, size)
            if order == "shuffled":
                random.Random(5).shuffle(found)
            return found[::-1] if order == "reversed" else found

        monkeypatch.setattr(run, "spans", ordered)
        out, there = tmp_path / f"{case}", "refuse"
        if stopped:
            with pytest.raises(Stop):
                run_to_folder("ft596", study, out, jobs=jobs, chunk=chunk, progress=stop)
            there = "resume"
        run_to_folder("ft596", study, out, jobs=jobs, chunk=chunk, there=there)
        seen[(str(jobs), chunk, order, stopped)] = digest(out)
    assert len(seen) == 36
    assert len(set(seen.values())) == 1, seen
