"""Laws of the evidence room: any text is classified, quick looks lose nothing, exports are safe."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from carnk.evidence import classify, ontology, study
from carnk.evidence.export import csv_export, safe
from carnk.evidence.kind import KINDS, _speaks_of_cells
from carnk.evidence.labeled import labeled
from carnk.evidence.snapshot import COLUMNS, csv_text, read_rows
from carnk.evidence.words import Pattern, compiled, plain, rules

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
SPOKEN = (
    "CAR NK CAR-NK CAR-T NKT cells CD19 anti- / and without prior natural killer lymphoma"
    " NK/T IL-15 KO CD38 not T-to-NK chimeric antigen receptor cord blood 1x10^6 ."
)
WORDS = st.lists(st.sampled_from(SPOKEN.split()), max_size=12).map(" ".join)
TEXTS = [
    plain(words)
    for row in labeled()
    for words in (text.words for text in study(row["study"]).texts)
]


@given(JSON)
@settings(max_examples=50)
def test_any_value_is_read_as_a_record_and_classified(raw):
    for each in (raw, {"protocolSection": raw}, {"protocolSection": {"descriptionModule": raw}}):
        assert classify(study(each)).value("kind") in KINDS


@given(WORDS, WORDS)
@settings(max_examples=60)
def test_any_words_are_classified_the_same_twice_and_say_why(title, name):
    raw = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000001", "briefTitle": title},
            "armsInterventionsModule": {"interventions": [{"name": name}]},
        }
    }
    first, second = classify(study(raw)), classify(study(raw))
    assert first == second
    if not first.is_car_nk:
        assert first.value("target") == "unknown"
    assert len(first.why()) == len(first.decisions)


def test_what_a_pattern_needs_is_in_all_that_it_matches():
    for name in ("attributes", "masks", "products", "targets"):
        for row in rules(name):
            rule = compiled(row["pattern"])
            for text in TEXTS:
                if rule.regex.search(text):
                    assert rule.may_match(text), (row["pattern"][:60], text)
                    words = row.get("needs", "")
                    assert not words or any(each in text for each in words.split("|"))


@given(st.text("abc12 -", max_size=12))
def test_needs_of_any_expression_hold(text):
    for pattern in ("ab[ -]?c", "(?:ab|bc)+1", "a{2,3}b*", "(?:ab|)c", "abc|12"):
        rule = Pattern(pattern)
        assert not rule.regex.search(text) or rule.may_match(text)


def test_the_quick_look_sees_every_text_of_cells():
    expression = next(r for r in rules("contexts") if r["name"] == "cells_or_car")["pattern"]
    for row in rules("masks")[8:]:
        for text in TEXTS:
            if compiled(row["pattern"]).search(text) and compiled(expression).search(text):
                assert _speaks_of_cells(text), text


def test_the_ontology_has_no_loops_and_every_synonym_leads_somewhere():
    known = ontology()
    for each in known.by_id.values():
        assert each.id not in known.parents(each.id)
        for word in (each.name, *each.synonyms):
            assert known.named(word).id in known.by_id
        assert known.named(each.name) == each
        assert all(each.id in known.children(up) for up in known.parents(each.id))


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=15)


@given(CELLS)
def test_exported_cells_never_begin_a_formula(cell):
    kept = safe(cell)
    assert kept in (cell, f"'{cell}")
    first = kept.lstrip()[:1]
    assert first not in ("=", "@")
    assert not (first in ("+", "-") and not kept[1:2].isdigit() and "." not in kept)
    assert next(csv.reader(io.StringIO(csv_export([{"a": cell}], ["a"]))))[0] == "a"


@given(st.lists(CELLS, min_size=len(COLUMNS), max_size=len(COLUMNS)))
@settings(max_examples=40)
def test_a_snapshot_reads_back(tmp_path_factory, cells):
    row = dict(zip(COLUMNS, cells))
    path = tmp_path_factory.mktemp("s") / "trials.csv"
    path.write_text(csv_text([row]), encoding="utf-8", newline="")
    assert list(read_rows(path)) == [{name: cell.replace("\r", " ") for name, cell in row.items()}]
