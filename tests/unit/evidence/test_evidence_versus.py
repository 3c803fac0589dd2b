"""Kinds of cells side by side, approved options, and the answers for patients."""

import pytest

from carnk.base import DataError, SpecError
from carnk.evidence import ontology
from carnk.evidence.faq import faq
from carnk.evidence.reading import grade, syllables
from carnk.evidence.results import ALLOGENEIC, AUTOLOGOUS, CAR_NK
from carnk.evidence.versus import LINES, options, versus
from carnk.library import table


def test_kinds_stand_beside_each_other_and_are_never_pooled_together():
    found = versus("car-nk", "car-t", "large B-cell lymphoma")
    assert found.classes == (CAR_NK, AUTOLOGOUS, ALLOGENEIC)
    for block in found.blocks:
        assert {line.report.evidence_class for line in block.lines} == {block.evidence_class}
        for each in block.pools:
            assert {r.evidence_class for r in each.reports} == {block.evidence_class}
    ids = {each.id for each in found.reports}
    assert {"R012", "R038", "R044"} <= ids
    assert not ids & {"R046", "R042", "R018"}  # myeloma, B-ALL, AML


def test_unknown_kinds_and_diseases_name_the_nearest():
    with pytest.raises(SpecError, match="Did you mean 'car-nk'"):
        versus("car-kn", "car-t")
    with pytest.raises(DataError, match="multiple myeloma"):
        versus("car-nk", "car-t", "multiple mieloma")


def test_options_have_lines_dates_and_a_mark_where_unread():
    found = options(ontology().named("large B-cell lymphoma"))
    assert [LINES.index(o.line) for o in found] == sorted(LINES.index(o.line) for o in found)
    axi = {o.line: o.approved for o in found if o.option == "axi-cel"}
    assert axi == {"second": "2022-04-01", "third or later": "2017-10-18"}
    assert not any("CAR-NK" in o.kind for o in options(None))
    for each in options(None):
        assert each.source or each.checked == "unread"
        assert each.approved[:2] == "20"
        assert each.checked.startswith("read") or each.checked == "unread"
    assert {o.option for o in options(ontology().named("glioblastoma"))} == set()


def test_the_nine_questions_are_answered_from_claims_that_exist():
    found = faq()
    assert len(found.answers) == 9
    known = set(table("claims")["id"])
    for each in found.answers:
        assert set(each.claims) <= known
        assert "{" not in each.text
        assert each.known
        assert each.unknown
    text = next(each for each in found.answers if each.id == "trials").answer
    assert "164 registered studies" in text
    assert any("outside of any study" in warning for warning in found.warn)
    assert len(found.ask) >= 8


def test_answers_can_be_read_at_school():
    found = faq("large B-cell lymphoma")
    for each in found.answers:
        assert grade(each.text) <= 9.0, each.id
        assert grade(each.answer) <= 10.5, each.id
    whole = " ".join([*(a.text for a in found.answers), *found.ask, *found.warn])
    assert 4 <= grade(whole) <= 9
    assert grade(found.about.trials) <= 10
    for text in found.about.seen:
        assert grade(text) <= 10


def test_a_disease_without_results_says_so_and_marks_what_is_unread():
    assert faq("multiple myeloma").about.seen == ()
    seen = faq("large B-cell lymphoma").about.seen
    assert any("5 of 8 people" in text and "24 %" in text for text in seen)
    assert any("7 of 17" in text and "not read in the source" in text for text in seen)
    assert any("38 %" in text and "How many people is not told" in text for text in seen)


def test_the_grade_is_that_of_its_formula():
    assert grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    assert grade("Nobody knows. Nobody knows.") == pytest.approx(0.39 * 2 + 11.8 * 2 - 15.59)
    assert grade("") == 0
    words = {"cell": 1, "cells": 1, "treated": 2, "doses": 2, "table": 2, "leukemia": 4,
             "lymphoma": 3, "patients": 2, "immune": 2, "people": 2, "area": 3, "CAR": 1, "NK": 2,
             "FDA": 3, "made": 1, "sources": 2, "being": 2, "used": 1}  # fmt: skip
    assert {word: syllables(word) for word in words} == words
