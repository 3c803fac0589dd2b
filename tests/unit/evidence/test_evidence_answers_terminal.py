"""`carnk claims`, `versus`, `faq` and `trials forecast` as a user types them, and their pages."""

import csv
import io
import json
import re

import pytest
from typer.testing import CliRunner

from carnk.base import CarnkError
from carnk.cli.app import app
from carnk.evidence.claims import all_claims
from carnk.evidence.versus import versus
from carnk.report.evidence_pages import claims_page
from carnk.report.forest import figure

WIDTH = 100
ADVICE = "Information, not medical advice."
APPROVAL = "No CAR-NK product was approved in anything read up to August 2026"
LARGE = ("versus", "car-nk", "car-t", "--disease", "large B-cell lymphoma")


def call(*words):
    done = CliRunner().invoke(app, list(words))
    if isinstance(done.exception, CarnkError):
        return done.exception.exit_code, str(done.exception)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize(
    "words",
    [
        ("claims",), ("claims", "no GvHD"), ("claims", "IL-15"), ("claims", "--references"),
        LARGE, ("versus", "nk", "nk-92"), ("versus", "car-nk", "car-t", "--disease", "AML"),
        ("faq",), ("faq", "--disease", "multiple myeloma"), ("faq", "--disease", "lupus"),
        ("trials", "forecast"), ("trials", "forecast", "NCT05950334", "--seen", "9/20"),
    ],
)  # fmt: skip
def test_output_fits_and_says_that_it_is_no_advice(words):
    code, text = call(*words)
    assert code == 0
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    assert ADVICE in text


@pytest.mark.parametrize("name", ["claims", "versus", "faq"])
def test_help_has_an_example(name):
    assert f"Example: carnk {name}" in call(name, "--help")[1]


def test_every_claim_fits_when_it_is_shown_whole():
    for each in all_claims():
        _, text = call("claims", each.id)
        assert max(len(line) for line in text.splitlines()) <= WIDTH
        assert each.verdict.upper() in text


def test_a_claim_shows_rows_for_and_against():
    _, text = call("claims", "no GvHD")
    assert "OVERSTATED, certainty moderate" in text
    assert text.index("  for\n") < text.index("  against\n")
    assert "5 of 9, 56 % (21-86 %)" in text


def test_versus_states_denominators_scales_marks_and_approvals():
    _, text = call(*LARGE)
    assert "7 of 17, 41 % (18-67 %) *" in text
    assert "38 %, denominator not given" in text
    assert "Lee 2014" in text
    assert "2022-04-01   axi-cel" in text
    assert APPROVAL in text
    assert "No trial compared them" in text


def test_a_disease_without_results_is_told(tmp_path):
    words = ("versus", "car-nk", "car-t", "--disease", "Sjogren syndrome")
    assert "No results of these cells were read for it." in call(*words)[1]
    call(*words, "--out", str(tmp_path / "page.html"))
    assert "No results of these cells" in (tmp_path / "page.html").read_text("utf-8")


def test_answers_for_scripts(tmp_path):
    rows = json.loads(call(*LARGE, "--json")[1])
    assert {row["class"] for row in rows["results"]} >= {"CAR-NK", "autologous CAR-T"}
    assert rows["options"]
    call(*LARGE, "--format", "csv", "--out", str(tmp_path / "v.csv"))
    read = list(csv.DictReader(io.StringIO((tmp_path / "v.csv").read_text())))
    assert len(read) == len(rows["results"])
    assert any(row["unread"] == "unread" for row in read)
    assert len(json.loads(call("claims", "--json")[1])) == len(all_claims())
    assert json.loads(call("claims", "--references", "--json")[1])[0]["cite"]
    assert json.loads(call("faq", "--json")[1])["advice"] == ADVICE
    listed = list(csv.DictReader(io.StringIO(call("trials", "forecast", "--format", "csv")[1])))
    assert all(len(row["sha256"]) == 16 for row in listed)
    assert call("claims", "--format", "cvs")[0] == 2


def test_cells_that_begin_like_formulas_are_quoted():
    from carnk.cli.printing import csv_text

    assert csv_text([{"claim": "=1+1"}]).splitlines()[1] == "'=1+1"
    assert csv_text([]) == "\r\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("faq", "--disease", "mieloma"), 5, "multiple myeloma"),
        (("versus", "car-nk", "car-x"), 2, "Did you mean"),
        (("claims", "zzzz"), 5, "nothing fits"),
        (("trials", "forecast", "--seen", "x/y"), 2, "not a count"),
        (("trials", "forecast", "--run", "nowhere"), 2, "no trial is named"),
    ],
)
def test_bad_words_are_answered(words, code, said):
    found, text = call(*words)
    assert found == code
    assert said in text


@pytest.mark.parametrize(
    "words", [("claims",), LARGE, ("faq", "--disease", "multiple myeloma")], ids=lambda w: w[0]
)
def test_pages_stand_alone_and_carry_the_advice(words, tmp_path):
    page = tmp_path / "page.html"
    call(*words, "--out", str(page))
    text = page.read_text("utf-8")
    assert text.count(ADVICE) >= 2
    assert APPROVAL in text
    outside = re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert not re.search(r'(?:src|href)="(?!https?://|#)', outside)
    assert "<link" not in outside
    assert "unread" in outside


def test_pages_escape_what_they_show():
    from dataclasses import replace

    claim = replace(all_claims()[0], claim="<script>alert(1)</script>", because="a & b")
    text = claims_page((claim,))
    assert "<script>alert(1)" not in text
    assert "a &amp; b" in text


def test_the_forest_plot_draws_reports_pools_and_marks():
    blocks = versus("car-nk", "car-t", "large B-cell lymphoma").blocks
    drawn = figure(tuple(b for b in blocks if b.outcome == "response"))
    said = " ".join(each.text or "" for each in drawn.layout.annotations)
    assert "unread" in said
    assert "no denominator" in said
    assert "2 pooled, Lugano 2014" in said
    symbols = {trace.marker.symbol for trace in drawn.data if trace.mode == "markers"}
    assert symbols == {"square", "square-open", "x-thin"}
    lines = [trace for trace in drawn.data if trace.mode == "lines" and trace.fill is None]
    assert all(0 <= x <= 100 for trace in lines for x in trace.x)
