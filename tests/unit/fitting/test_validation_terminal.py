"""`carnk validate` as a user types it."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app
from carnk.fitting.validation_table import COLUMNS

SMALL = ("validate", "--patients", "100", "--study", "nkx019")
HEAD = "name,evidence_class,kind,least,most,why\n"


def call(*words):
    done = CliRunner().invoke(app, list(words))
    if isinstance(done.exception, CarnkError):
        return done.exception.exit_code, str(done.exception)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_output_fits_and_tells_seed_and_patients():
    code, text = call(*SMALL, "--seed", "7")
    assert code == 0
    assert max(map(len, text.splitlines())) <= 100
    assert "100 virtual patients of each study, seed 7. No medical advice." in text
    assert "no rows" in text  # bars that need other studies are not judged


def test_few_patients_are_warned_of_everywhere(tmp_path):
    done = CliRunner().invoke(app, [*SMALL, "--json", "--out", str(tmp_path / "out")])
    told = "100 patients are 1 in each of 100 plausible worlds"
    assert told in " ".join(done.stderr.split())
    assert told in json.loads(done.stdout)["warning"]
    assert told in (tmp_path / "out" / "validation.html").read_text("utf-8")
    assert told in " ".join(CliRunner().invoke(app, list(SMALL)).stdout.split())


@pytest.mark.parametrize(("kind", "wanted"), [("bar", 1), ("aim", 0)])
def test_a_bar_that_fails_is_exit_code_1_and_an_aim_is_not(tmp_path, kind, wanted):
    bars = tmp_path / "bars.csv"
    bars.write_text(HEAD + f"held_out_inside,CAR-NK,{kind},1.5,,cannot be\n", encoding="utf-8")
    code, text = call(*SMALL, "--bars", str(bars))
    assert code == wanted
    assert ("FAILS" if wanted else "NOT met") in text


def test_a_failing_bar_still_writes_its_folder(tmp_path):
    bars, out = tmp_path / "bars.csv", tmp_path / "out"
    bars.write_text(HEAD + "held_out_inside,CAR-NK,bar,1.5,,cannot be\n", encoding="utf-8")
    code, text = call(*SMALL, "--bars", str(bars), "--out", str(out))
    assert code == 1
    assert {path.name for path in out.iterdir()} == {"validation.csv", "validation.html"}
    assert "FAILS" in (out / "validation.html").read_text("utf-8")
    frame = pl.read_csv(out / "validation.csv")
    assert frame.columns == list(COLUMNS)
    assert frame["study"].unique().to_list() == ["nkx019"]
    code, text = call(*SMALL, "--out", str(out))
    assert (code, "is there already" in text) == (2, True)


def test_json_holds_rows_bars_and_what_was_left_out():
    code, text = call(*SMALL, "--json")
    found = json.loads(text[text.index("{") :])  # after the warning, which goes to stderr
    assert code == 0
    assert set(found) == {"made", "warning", "rows", "bars", "left_out"}
    assert all(set(row) == set(COLUMNS) for row in found["rows"])
    assert {"source_row", "what", "reason", "why"} == set(found["left_out"][0])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--patients", "5"), "at least 100"), (("--study", "lei2024"), "Did you mean 'lei2025'"),
        (("--bars", "none.csv"), "no such file"),
    ],
)  # fmt: skip
def test_bad_options_are_refused(words, told):
    code, text = call("validate", *words)
    assert code == 2
    assert told in text
