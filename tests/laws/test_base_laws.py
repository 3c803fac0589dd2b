"""Laws of the ground floor: units turn back, streams ignore batches, writing reads back."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from carnk.base import (
    CarnkError,
    SpecError,
    convert,
    is_unit,
    parse_yaml,
    read_quantity,
)
from carnk.base.streams import standard_normals, stream, uniforms

is_unit("day")  # loads the units once, outside the time limit of an example

AMOUNTS = st.floats(min_value=-1e12, max_value=1e12, allow_subnormal=False)
PAIRS = st.sampled_from(
    [("h", "day"), ("cell/uL", "cell/mL"), ("ng/mL", "pg/mL"), ("1/h", "1/day"), ("g", "mg")]
)
IDS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20)


def value_or_error(call):
    try:
        return call()
    except CarnkError as error:
        return error


@given(AMOUNTS, PAIRS)
def test_conversion_turns_back(value, pair):
    there = convert(value, pair[0], pair[1])
    assert math.isclose(convert(there, pair[1], pair[0]), value, rel_tol=1e-12, abs_tol=1e-300)


@given(AMOUNTS, PAIRS)
def test_reading_is_converting(value, pair):
    assert read_quantity(f"{value!r} {pair[0]}", pair[1]) == convert(value, *pair)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_politely(text):
    outcome = value_or_error(lambda: read_quantity(text, "day"))
    assert str(outcome) if isinstance(outcome, CarnkError) else math.isfinite(outcome)


@given(st.text(alphabet="0123456789.e+-^*/() dayhkgmcelpLsuM%", max_size=15))
def test_any_near_quantity_is_read_or_refused_politely(text):
    outcome = value_or_error(lambda: read_quantity(text, "day"))
    assert str(outcome) if isinstance(outcome, CarnkError) else math.isfinite(outcome)


@given(st.text(max_size=60))
def test_any_yaml_is_read_or_refused_with_a_place(text):
    outcome = value_or_error(lambda: parse_yaml(text, "f.yaml"))
    if isinstance(outcome, SpecError):
        assert all(problem.where.startswith("f.yaml") for problem in outcome.problems)
    else:
        assert outcome.line >= 1


@given(st.integers(0, 2**63), IDS, st.integers(1, 12), st.permutations(range(20)))
def test_rows_follow_their_patients(seed, ids, count, order):
    shuffled = [place for place in order if place < len(ids)]
    for draw in (standard_normals, uniforms):
        rows = draw(seed, ids, count)
        assert np.array_equal(draw(seed, np.array(ids)[shuffled], count), rows[shuffled])


@given(st.integers(0, 2**63), st.integers(0, 2**32 - 1), st.text(max_size=8), st.text(max_size=8))
def test_a_stream_is_made_by_seed_patient_and_purpose(seed, patient, one, other):
    same = stream(seed, patient, one).random() == stream(seed, patient, other).random()
    assert same == (one.lstrip("\0") == other.lstrip("\0"))
