"""The cache of generated modules: where it lies, what it survives, that it is reused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from carnk.solver import executors

TEXT = "VALUE = 3\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CARNK_CACHE", str(tmp_path / "deep" / "cache"))
    yield tmp_path / "deep" / "cache"
    for name in [n for n in sys.modules if n.startswith("carnk_test_")]:
        del sys.modules[name]


def test_a_module_is_written_whole_and_found_again(home):
    module = executors.load_module("carnk_test_a", TEXT)
    assert module.VALUE == 3
    assert [p.name for p in home.iterdir() if p.is_file()] == ["carnk_test_a.py"]
    assert executors.load_module("carnk_test_a", TEXT) is module


def test_processes_may_write_at_the_same_time(home):
    text = "VALUE = 3\n" + "# filling\n" * 50_000
    program = (
        "from carnk.solver import executors\n"
        f"assert executors.load_module('carnk_test_d', {text!r}).VALUE == 3\n"
    )
    command = [sys.executable, "-"]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in running:
        _, said = process.communicate(program)
        assert process.returncode == 0, said
    assert (home / "carnk_test_d.py").read_text() == text
    assert [p.name for p in home.glob("*.py*")] == ["carnk_test_d.py"]


def test_a_damaged_file_is_written_again(home):
    home.mkdir(parents=True)
    (home / "carnk_test_b.py").write_text("VALUE = ")
    assert executors.load_module("carnk_test_b", TEXT).VALUE == 3


def test_a_module_that_does_not_run_is_not_kept(home):
    with pytest.raises(ZeroDivisionError):
        executors.load_module("carnk_test_c", "1 / 0\n")
    assert "carnk_test_c" not in sys.modules


def test_without_a_place_to_write_a_private_one_is_made(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("CARNK_CACHE", str(blocked / "cache"))
    place = executors._cache_directory()
    assert place != blocked
    assert place.stat().st_mode & 0o077 == 0
    assert executors._cache_directory() == place


def test_the_default_lies_in_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.delenv("CARNK_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert executors._cache_directory() == tmp_path / ".cache" / "carnk" / "solver"
