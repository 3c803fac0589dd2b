"""`carnk solve` and `carnk selftest` as a user types them."""

from __future__ import annotations

import csv

import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app
from carnk.solver.selftest import FOLDER, Row
from carnk.study import built_in
from carnk.study.engines import covering


def call(*words):
    done = CliRunner().invoke(app, list(words))
    if isinstance(done.exception, CarnkError):
        return done.exception.exit_code, str(done.exception)
    return done.exit_code, done.output


def test_a_model_is_solved_to_the_terminal_and_to_a_file(tmp_path):
    model, out = str(FOLDER / "decay.xml"), tmp_path / "result.csv"
    code, text = call("solve", model, "--until", "4", "--points", "3")
    assert code == 0
    assert text.splitlines()[0] == "time,A,B"
    assert call("solve", model, "--until", "4", "--points", "3", "--out", str(out))[0] == 0
    rows = list(csv.reader(out.read_text("utf-8").splitlines()))
    assert rows[0] == ["time", "A", "B"]
    assert [float(row[0]) for row in rows[1:]] == [0.0, 2.0, 4.0]


def test_a_settings_file_decides_times_columns_and_their_kind(tmp_path):
    settings = tmp_path / "case-settings.txt"
    lines = ("start: 1", "duration: 3", "steps: 3", "variables: B, A, k", "amount: A")
    settings.write_text("\n".join(lines))
    code, text = call("solve", str(FOLDER / "decay.xml"), "--settings", str(settings))
    rows = [line.split(",") for line in text.splitlines()]
    assert code == 0
    assert rows[0] == ["time", "B", "A", "k"]
    assert [row[0] for row in rows[1:]] == ["1.0", "2.0", "3.0", "4.0"]
    assert float(rows[1][2]) == pytest.approx(3 * 0.49658530, rel=1e-5)


@pytest.mark.parametrize("words", [(), ("--until", "1", "--settings", "x")])
def test_one_of_until_and_settings_is_needed(words):
    code, text = call("solve", str(FOLDER / "decay.xml"), *words)
    assert code == 2
    assert "--until" in text


def test_selftest_fails_loudly_when_an_oracle_does(monkeypatch):
    rows = [Row("a", "good", True, ""), Row("b", "absent", None, ""), Row("c", "bad", False, "x")]
    monkeypatch.setattr("carnk.solver.selftest.shipped", lambda: iter(rows))
    monkeypatch.setattr("carnk.cli.solver._engines", lambda: iter(()))
    monkeypatch.setattr("carnk.solver.selftest.reference", lambda _: iter(()))
    code, text = call("selftest")
    assert code == 4
    assert "c, bad" in text
    rows.pop()
    code, text = call("selftest")
    assert code == 0
    assert "1 of 2 oracles hold, 1 were skipped" in text


def test_every_mechanism_of_the_studies_is_at_work_in_those_of_the_self_test():
    names = covering(built_in())
    assert len(names) < len(built_in()) / 2
    assert set(covering(names)) == set(names)  # none of them could be left out
    assert covering(["liu2020", "vs_mrna"]) == ["vs_mrna"]  # has all of liu2020 and a loss of mRNA
    assert set(covering(["ft596", "vs_mrna"])) == {"ft596", "vs_mrna"}
