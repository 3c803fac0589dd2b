"""Process files: built-in ones read, wrong ones refused with every problem."""

import pytest

from carnk.base import SpecError
from carnk.making import built_in, parse, read


@pytest.mark.parametrize("name", built_in())
def test_built_in_processes_read(name):
    process = read(name)
    assert process.name == name
    assert process.release
    assert process.steps[0].kind == "source"


def test_sources_and_deliveries_are_the_domains_words():
    words = {name: (read(name).source, read(name).delivery) for name in built_in()}
    assert words["cord_blood_mbil21"] == ("cord_blood", "retroviral")
    assert words["peripheral_feeder_free"] == ("peripheral_blood", "lentiviral")
    assert words["ipsc_bank"] == ("ipsc", "knock_in")
    assert words["nk92"] == ("nk92", "lentiviral")
    assert words["carT_autologous"] == ("t_cells", "lentiviral")
    assert read("carT_autologous").autologous
    assert not read("carT_allogeneic").autologous


CHANGES = {
    "moi: 10": [
        ("moi: 0", "0 lies outside 0.01 to 300"),
        ("moi: 1e6", "1e+06 lies outside 0.01 to 300"),
        ("moi: 10 cells", "is an amount, but a plain number"),
    ],
    "days: 6 days": [("days: 6", "'6' has no unit"), ("days: 6 cells", "but a time")],
    "cells_per_bag: 5e8 cells": [
        ("cells_per_bag: 5e8 cells/mL", "is a cell concentration, but an amount"),
        ("cells_per_bag: 5e9 cells", "do not go into a bag of 20 mL, which holds 2e+09"),
    ],
    "by: k562_mbil21": [("by: k562_mbil2", "Did you mean 'k562_mbil21'?")],
    "release: car_nk": [
        ("release: car_nkk", "Did you mean 'car_nk'?"),
        ("release: {preset: car_nk, viability: [0.9, 0.8]}", "run from 0.9 down to 0.8"),
        ("release: {preset: car_nk, wiability: [0.9, null]}", "Did you mean 'viability'?"),
    ],
    "counts: car_positive": [("counts: car_positives", "Did you mean 'car_positive'?")],
    "amount: 1e6 cells/kg": [
        ("amount: 1e6 cells/mL", "is a cell concentration"),
        ("amount: 1e30 cells/kg", "lies outside"),
    ],
    "about: A small process.": [("abot: x", "Did you mean 'about'?")],
    "by: cd3_depletion": [("by: t_selection", "does not go with the source 'cord_unit'")],
}


@pytest.mark.parametrize(
    ("old", "new", "said"), [(old, *pair) for old, pairs in CHANGES.items() for pair in pairs]
)
def test_wrong_files_are_refused_in_words(text, old, new, said):
    assert old in text
    with pytest.raises(SpecError) as caught:
        parse(text.replace(old, new), "p.yaml")
    assert said in str(caught.value)
    assert all(problem.where.startswith("p.yaml:") for problem in caught.value.problems)


def test_freezing_before_harvest_is_refused_with_its_line(text):
    lines = text.replace("  - step: freeze\n", "")
    wrong = lines.replace("  - step: harvest\n", "  - step: freeze\n  - step: harvest\n")
    with pytest.raises(SpecError, match=r"p.yaml:20: steps\[6\]: 'harvest' stands after 'freeze'"):
        parse(wrong, "p.yaml")


def test_missing_harvest_and_wrong_moi_are_told_together(text):
    wrong = text.replace("  - step: harvest\n", "").replace("moi: 10", "moi: 0")
    with pytest.raises(SpecError) as caught:
        parse(wrong)
    assert len(caught.value.problems) == 2


def test_a_car_is_counted_only_where_one_is_brought(text):
    begin, end = text.index("  - step: transduce"), text.rindex("  - step: expand")
    with pytest.raises(SpecError, match="no step brings a CAR"):
        parse(text[:begin] + text[end:])


def test_resting_cells_are_not_transduced(text):
    first = text.index("  - step: expand")
    with pytest.raises(SpecError, match="resting cells are transduced"):
        parse(text[:first] + text[text.index("  - step: transduce") :])


def test_mrna_comes_after_the_last_expansion(text):
    wrong = text.replace("step: transduce", "step: electroporate")
    wrong = wrong.replace("by: retroviral_rd114", "by: lnp").replace("    moi: 10\n", "")
    with pytest.raises(SpecError) as caught:
        parse(wrong)
    assert "after they got mRNA" in str(caught.value)
    assert "counts vector copies" in str(caught.value)


def test_an_unknown_process_is_named_with_the_nearest():
    with pytest.raises(SpecError, match="Did you mean 'cord_blood_mbil21'"):
        read("cord_blood_mbil2")


def test_numbers_and_prices_of_a_file_are_checked(text):
    with pytest.raises(SpecError, match="is not the id of a number"):
        parse(text + "numbers:\n  cord_tncs: 1e9 cells\n")
    with pytest.raises(SpecError, match="is not priced here"):
        parse(text + "prices:\n  vectors: 10 USD\n")
    assert parse(text + "numbers:\n  cord_tnc: 2e9 cells\n").numbers == {"cord_tnc": 2e9}
