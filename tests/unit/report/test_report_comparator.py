"""The page of a published model, its panels, and the lists for the terminal and for scripts."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from carnk import report
from carnk.kinetics.comparators import COMPARATORS
from carnk.report.comparator import cells, is_run, percent
from carnk.report.comparator_text import drawing, listing, solved, told
from carnk.report.lines import Band, Curve, Panel, sheet, svg
from carnk.study.comparator_folder import Asked, run_to_folder
from carnk.study.comparators import Compared

DAYS = np.linspace(0, 365, 366)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "stein"
    run_to_folder(COMPARATORS["stein2019"], folder, Asked(patients=20, disease="aml"))
    assert is_run(folder)
    return report.write(folder).read_text("utf-8")


def test_the_page_warns_first_and_shows_three_columns(page):
    body = re.sub(r"<[^>]+>", " ", page[page.index("<header>") :])
    assert body.index("never fitted to") < body.index("of the value of the")
    assert "10 of 10 figures are within 1 % of the value of the printed equations" in body
    for head in ("In print", "Equations", "Ours"):
        assert head in body
    assert page.count('data-label="Ours"') == 10
    assert "216.61" in body
    assert "20 virtual patients" in body


def test_the_page_needs_no_network_and_no_drawing_library(page):
    assert 'http-equiv="Content-Security-Policy"' in page
    assert not re.search(r'src="|<link', page)
    assert "Plotly.newPlot" not in page
    assert len(page) < 400_000


def test_equations_numbers_and_readings_are_on_the_page(page):
    for word in ("memory_share", "stein2019_beta", "as a dose at the patient", "SHA-256"):
        assert word in page


@pytest.mark.parametrize("name", COMPARATORS)
def test_drawings_are_well_formed_with_a_panel_for_every_line(name):
    root = ElementTree.fromstring(drawing(name))
    panels = root.findall("{http://www.w3.org/2000/svg}svg")
    assert len(panels) == len(COMPARATORS[name].lines)
    assert "NaN" not in drawing(name)
    assert "nan" not in drawing(name)


def test_a_line_ends_where_it_leaves_the_axis():
    falling = 10.0 ** (4 - DAYS / 30)
    text = svg(Panel("Cells", "cells", DAYS, [Curve(falling)], floor=1.0))
    path = re.search(r'<path d="(M[^"]+)" style="fill:none;stroke:var\(--ink', text)[1]
    lowest = max(float(y) for _, y in re.findall(r"([\d.]+) ([\d.]+)", path))
    assert lowest <= 250 - 40 + 0.1
    last = [float(x) for x, _ in re.findall(r"([\d.]+) ([\d.]+)", path)][-1]
    assert last < 350  # of 430: day 120 of 365


def test_bands_printed_points_and_titles_are_drawn_and_escaped():
    panel = Panel("a < b", "copies/ug", DAYS, [Curve(DAYS + 1, 0)],
                  [Band(DAYS + 0.5, DAYS + 2, 0, 0.2)], [(7.0, 9.0)], floor=0.1)  # fmt: skip
    text = sheet([panel], ["one", "two & three"])
    ElementTree.fromstring(text)
    assert text.count("<polygon") == 1
    assert "l5 5l-5 5l-5 -5z" in text
    assert "copies/µg" in text


def test_differences_are_written_with_their_sign():
    assert percent(0.1) == "+10\u00a0%"
    assert percent(-0.003) == "−0.3\u00a0%"
    assert percent(1e-6) == "0\u00a0%"
    assert percent(None) == percent(np.inf) == "–"


def test_a_chance_that_underflows_is_not_shown_as_zero():
    row = Compared("fast", "extinct", "Chance", "1", "", "", "", 0.0, 0.0)
    assert cells(row)["ours"] == "<\u00a010⁻³⁰⁰"


def test_the_listing_fits_and_names_equations_numbers_and_figures():
    lines = listing()
    assert all(len(line) <= 100 for line in lines)
    text = "\n".join(lines)
    for name in COMPARATORS:
        assert text.count(f"\n{name}  ") + text.startswith(name) == 1
    assert "d tumor/dt gets tumor * (growth - car * kill / (car + kill_half))" in text
    assert "kimmel2021_kill = 1.15 1/day" in text
    assert "reproduces (in print | printed equations | ours)" in text


def test_objects_for_scripts_carry_the_same():
    found = {each["model"]: each for each in told()}
    assert list(found) == list(COMPARATORS)
    stein = found["stein2019"]
    assert [n["omega2"] for n in stein["numbers"]][:3] == [2.4, 0.38, 0.65]
    assert len(stein["figures"]) == len(solved("stein2019")[1])
    assert all(each["readings"] and each["diseases"] for each in found.values())
