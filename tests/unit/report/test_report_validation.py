"""The shipped validation in the terminal, on the page, in the plot and in the docs."""

from dataclasses import asdict
from xml.etree import ElementTree

import pytest

from carnk.fitting.published import left_out
from carnk.library import table
from carnk.report.validation_docs import docs_page
from carnk.report.validation_page import page
from carnk.report.validation_plot import figure
from carnk.report.validation_text import WIDTH, lines
from carnk.report.validation_words import (
    by_miss,
    fate,
    is_miss,
    is_rate,
    predicted,
    quantity,
    seen,
    verdict,
)

ROWS = table("validation").to_dicts()
BARS = table("validation_verdicts").to_dicts()
LEFT = [asdict(each) for each in left_out()]
RATE = {
    "outcome": "response", "day": 30.0, "disease": None, "arm": None, "observed_events": 8,
    "observed_patients": 10, "observed": 0.8, "observed_low": 0.444, "observed_high": 0.975,
    "predicted": 0.239, "predicted_low": 0.0, "predicted_high": 0.9, "overlap": "yes",
    "standardized_error": -2.2,
}  # fmt: skip
AMOUNT = RATE | {
    "outcome": "maximum_tlast_day", "day": None, "observed_events": None, "observed_patients": 86,
    "observed": 15.0, "observed_low": None, "observed_high": 15.0, "predicted": 8.0,
    "predicted_low": 1.0, "predicted_high": 42.0,
}  # fmt: skip


def test_words_of_rows():
    assert quantity(RATE) == "Response d30"
    assert seen(RATE) == "8/10 80 (44-98)"
    assert predicted(RATE) == "24 (0-90)"
    assert predicted(RATE | {"predicted": 0.0001, "predicted_high": 0.0}) == "<0.1 (0-0)"
    assert seen(RATE | {"observed_events": None, "observed_patients": None}) == "80 (no n)"
    assert predicted(RATE | {"predicted": None}) == "no patients"
    assert quantity(AMOUNT) == "maximum Tlast"
    assert seen(AMOUNT) == "≤ 15 d, n=86"
    assert seen(AMOUNT | {"observed_high": None}) == "15 d, n=86"
    copies = AMOUNT | {"outcome": "geomean_cmax_copies", "observed": 231278.0,
                       "observed_low": 22196.0, "observed_high": 2.4e6}  # fmt: skip
    assert seen(copies) == "2.3e5 (2.2e4-2.4e6) copies/µg, n=86"


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, "inside"), ({"predicted_high": 0.7}, "outside"), ({"overlap": "no"}, "apart"),
        ({"overlap": None}, "not judged"), ({"observed": None}, "meets"),
    ],
)  # fmt: skip
def test_fates(change, wanted):
    assert fate(RATE | change) == wanted


def test_verdicts_tell_bars_from_aims():
    said = {
        (kind, holds): verdict({"kind": kind, "holds": holds})
        for kind in ("bar", "aim")
        for holds in ("yes", "no", None)
    }
    assert said["bar", "no"] == "FAILS"
    assert said["aim", "no"] == "NOT met"
    assert said["aim", None] == "no rows"


def test_the_terminal_shows_misses_first_and_fits():
    text = lines(ROWS, BARS, LEFT)
    assert max(map(len, text)) <= WIDTH
    head = text.index("Misses")
    misses = [row["study"] for row in by_miss(ROWS) if is_miss(row)]
    assert misses
    shown = [line.split()[0] for line in text[head + 2 : head + 2 + len(misses)]]
    assert shown == misses
    told = "\n".join(text)
    assert all(each["source_row"] in told for each in LEFT)
    assert sum(line.startswith(("  bar", "  aim")) for line in text) == len(BARS)


def test_the_plot_has_a_point_for_every_share_that_is_drawn():
    root = ElementTree.fromstring(figure(ROWS))
    space = "{http://www.w3.org/2000/svg}"
    hints = [g.find(f"{space}title").text for g in root.iter(f"{space}g")]
    drawn = [row for row in ROWS if is_rate(row) and "allogeneic" not in row["evidence_class"]]
    assert len(hints) == len(drawn)
    assert any("nkx019: CR; seen 7/10 70 (35-93) %" in hint for hint in hints)
    width, height = (float(x) for x in root.get("viewBox").split()[2:])
    for circle in root.iter(f"{space}circle"):
        assert 0 <= float(circle.get("cx")) <= width
        assert 0 <= float(circle.get("cy")) <= height


def test_the_page_stands_alone_and_holds_everything():
    text = page(ROWS, BARS, LEFT, "made so", "too few")
    assert "http://www.w3.org" in text
    assert text.count("http") == text.count("http-equiv") + text.count("http://www.w3.org")
    assert text.count("<tr>") >= len(ROWS) + len(BARS) + len(LEFT)
    assert "made so" in text
    assert "too few" in text
    assert "note bad" not in page(ROWS, BARS, LEFT, "made so", "")


def test_the_docs_list_every_row_and_reason():
    text = docs_page(ROWS, BARS, LEFT, "made so", "note")
    for each in LEFT:
        assert f"| {each['reason']} | {each['source_row']} |" in text
    assert sum(line.startswith("| ") for line in text.splitlines()) >= len(ROWS) + len(LEFT)
    assert "**NOT met**" in text
