"""`carnk design` as a user types it."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app

TRUTH = "0.05,0.15,0.30,0.45,0.60"


def call(*words):
    done = CliRunner().invoke(app, ["design", *words])
    if isinstance(done.exception, CarnkError):
        return done.exception.exit_code, str(done.exception)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


TARGET = ("--target", "0.30")


def table(*words):
    code, text = call(*words, "--format", "csv")
    assert code == 0
    return list(csv.DictReader(io.StringIO(text)))


def test_boundaries_as_csv():
    rows = table("boundaries", "boin", "--target", "0.30", "--max-n", "30")
    assert list(rows[0]) == ["n", "escalate_if_le", "deescalate_if_ge", "eliminate_if_ge"]
    assert len(rows) == 30
    assert list(rows[0].values()) == ["1", "0", "1", ""]
    assert list(rows[-1].values()) == ["30", "7", "11", "14"]


def test_simon_as_csv():
    rows = table("simon", "--p0", "0.05", "--p1", "0.25", "--alpha", "0.05", "--beta", "0.2")
    assert list(rows[0]) == ["type", "r1", "n1", "r", "n", "EN_p0", "PET_p0", "alpha", "power"]
    assert [rows[0][name] for name in ("type", "r1", "n1", "r", "n")] == [
        "optimal",
        "0",
        "9",
        "2",
        "17",
    ]
    assert rows[-1]["type"] == "minimax"


def test_next_says_dose_and_why():
    code, text = call("next", "boin", *TARGET, "--doses", "5", "--outcomes", "1NNN 2NNT")
    assert code == 0
    assert text.startswith("Next: dose 2, 3 patients.\n1 of 3 with DLT at dose 2 (0.333)")
    code, text = call("next", "3+3", "--doses", "5", "--outcomes", "1NNN 2NTT", "--json")
    answer = json.loads(text)
    assert (answer["next_dose"], answer["recommended"], answer["continue"]) == (None, 1, False)


def test_paths_look_ahead():
    rows = table("paths", "boin", "--target", "0.30", "--outcomes", "1NNN", "--cohorts", "2")
    assert len(rows) == 21
    assert rows[0] == {"outcomes": "1NNN", "next_dose": "2", "stops": "False", "recommended": "2"}


def test_simulate_prints_what_statisticians_publish(tmp_path):
    words = ("simulate", "boin", "--target", "0.30", "--truth", TRUTH, "--trials", "400")
    code, text = call(*words, "--seed", "6")
    assert code == 0
    for word in ("selected %", "patients", "DLT", "stops:", "duration", "cohort", "above it"):
        assert word in text
    assert all(len(line) <= 100 for line in text.splitlines())
    assert call(*words, "--seed", "6")[1] == text
    assert call(*words, "--seed", "7")[1] != text
    out = tmp_path / "oc.json"
    assert call(*words, "--json", "--out", str(out))[0] == 0
    whole = json.loads(out.read_text())
    assert sum(whole["selected"]) + whole["none"] == pytest.approx(100)


def test_exact_three_plus_three():
    rows = table("simulate", "3+3", "--truth", "0.1,0.25,0.4", "--exact")
    assert [float(row["P_selected"]) for row in rows] == pytest.approx(
        [0.36259154, 0.37542724, 0.16812823], abs=1e-8
    )


def test_compare_on_common_patients():
    words = (
        "compare",
        "boin",
        "crm",
        "3+3",
        "--target",
        "0.3",
        "--truth",
        TRUTH,
        "--trials",
        "300",
    )
    code, text = call(*words)
    assert code == 0
    assert "right dose, CRM less BOIN" in text
    assert all(len(line) <= 100 for line in text.splitlines())
    assert [row["design"] for row in table(*words)] == ["BOIN", "CRM", "3+3"]


def test_compare_without_a_target_says_what_it_assumes():
    code, text = call("compare", "boin", "3+3", "--truth", TRUTH, "--trials", "100")
    assert code == 0
    assert text.startswith("Target DLT rate 0.3 (assumed: no --target given)")


@pytest.mark.parametrize("name", ["keyboard", "mtpi", "mtpi2", "tite-boin", "boin12"])
def test_other_tables(name):
    assert table("boundaries", name, "--target", "0.3", "--max-n", "6")


@pytest.mark.parametrize("words", [("3+3",), ("rolling-six",)])
def test_tables_without_a_target(words):
    assert table("boundaries", *words)


def test_protocol_prose_fits_the_page():
    code, text = call("describe", "boin", "--target", "0.3", "--doses", "5")
    assert code == 0
    assert "Escalate if the observed DLT rate" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_skeleton():
    rows = table("skeleton", "--target", "0.25", "--doses", "5", "--mtd", "3")
    assert [float(row["p_dlt"]) for row in rows] == pytest.approx(
        [0.08397349, 0.15674102, 0.25, 0.35450043, 0.46034311]
    )


def test_predictive_monitoring_of_lee_and_liu():
    looks = ",".join(map(str, range(10, 37)))
    words = ("monitor", "--p0", "0.2", "--p1", "0.4", "--looks", looks, "--rule", "predictive")
    rows = table(*words, "--success", "0.9", "--futile", "0.001", "--prior", "0.2,0.8")
    limits = {int(row["n"]): row["futile_if_le"] for row in rows}
    assert [limits[n] for n in (10, 17, 21, 36)] == ["0", "1", "2", "10"]
    assert call(*words, "--success", "1.5", "--prior", "1")[0] == 2


def test_rolling_designs_stop_for_a_reason_of_their_own():
    words = ("simulate", "tite-crm", *TARGET, "--truth", "0.1,0.2,0.4", "--trials", "50")
    assert "no further patients" not in call(*words)[1]


def test_single_arm_monitoring_and_intervals():
    rows = table("monitor", "--p0", "0.2", "--p1", "0.4", "--looks", "10,20,30,40")
    assert [row["n"] for row in rows] == ["10", "20", "30", "40"]
    assert call("interval", "0", "11")[1] == "0 of 11: 0.0% (0.0% to 28.5%)\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("boundaries", "boin", "--target", "0.7"), ["0.7 is not from 0.05 to 0.6"]),
        (("boundaries", "crm", "--target", "0.3"), ["crm has no table"]),
        (("next", "boin", "--target", "0.3", "--outcomes", "7NNN"), ["there is no dose 7"]),
        (
            ("next", "boin", "--target", "0.3", "--cohorts", "1", "--outcomes", "1NNN 1NNN"),
            ["6 patients, but the design allows 3"],
        ),
        (
            ("simulate", "crm", "--target", "0.9", "--truth", "a,0.2", "--skeleton", "0.2,0.1"),
            ["'a' is not a number", "0.9 is not from", "0.2,0.1 is not increasing"],
        ),
        (("simulate", "boin", "--target", "0.3"), ["--truth: is missing"]),
        (("simulate", "boin12", *TARGET, "--truth", "0.1,0.2"), ["boin12 needs it"]),
        (
            ("compare", "boin", "bion", *TARGET, "--truth", "0.1"),
            ["Did you mean 'boin'?"],
        ),
        (("simulate", "boin", *TARGET, "--truth", "0.1,1.2"), ["1.2 is not from 0 to 1"]),
        (("simon", "--p0", "0.3", "--p1", "0.2"), ["p0 = 0.3 is not below p1"]),
        (("monitor", "--p0", "0.2", "--p1", "0.4", "--looks", "20,10"), ["not increasing"]),
        (("interval", "4", "3"), ["4 of 3 is no count"]),
        (
            ("skeleton", "--target", "0.25", "--doses", "3", "--mtd", "4", "--half-width", "0.3"),
            ["0.3 around the target 0.25 leaves (0, 1)", "there is no dose 4"],
        ),
    ],
)
def test_bad_input_is_told_all_at_once_with_code_2(words, says):
    code, text = call(*words)
    assert code == 2
    for each in says:
        assert each in text
