"""A patient is the same in any batch, and any text is a study or a polite refusal."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnk.base import CarnkError, SpecError
from carnk.designs import clopper_pearson
from carnk.library import load
from carnk.study import built_in, parse, read, study_text
from carnk.study.patients import draw
from carnk.study.run import one_chunk
from carnk.study.summary import Prediction, predict

CALM = settings(max_examples=60, deadline=None)
TEXTS = {name: study_text(name)[1] for name in built_in()}
IDS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=6, unique=True)
WORDS = ["", "0", "-1", "1e15 cells", "x", "[]", "{}", "[1, a]", "{a: b}", "null", "true", ".nan",
         "1e400", "2 mg/m2", "'", "&a 1", "1e6 cells/kg", "[[]]", "\u2028", "9" * 400]  # fmt: skip


def same(a, b, rows):
    return all(np.asarray(a[k]).tobytes() == np.asarray(b[k])[rows].tobytes() for k in a)


@CALM
@given(st.sampled_from(built_in()), IDS, st.data())
def test_a_patient_is_the_same_in_any_batch(name, ids, data):
    study, view = read(name), load().view()
    whole = draw(study, view, np.array(ids))
    at = data.draw(st.integers(0, len(ids) - 1))
    alone = draw(study, view, np.array(ids[at : at + 1]))
    for part in ("parameters", "initial", "arm", "disease", "world"):
        assert getattr(alone, part).tobytes() == getattr(whole, part)[at : at + 1].tobytes(), part
    for part in ("times", "states", "amounts"):
        mine, every = (getattr(c.doses, part) for c in (alone, whole))
        assert mine.tobytes() == every[at : at + 1].tobytes(), part
    for part in ("clones", "crs", "icans", "gvhd"):
        mine, every = (getattr(c.luck, part) for c in (alone, whole))
        assert mine.tobytes() == every[at : at + 1].tobytes(), part
    assert same(alone.drawn, whole.drawn, slice(at, at + 1))
    assert same(alone.reading, whole.reading, slice(at, at + 1))


@pytest.mark.parametrize("name", ["liu2020", "ft596"])
def test_outcomes_are_the_same_bytes_in_any_chunk_thread_and_order(name):
    study, view = replace(read(name), patients=40), load().view()
    whole = one_chunk(study, view, np.arange(40), 1)
    shuffled = np.random.default_rng(1).permutation(40)
    for ids, threads in (
        (np.arange(40), 2),
        (np.arange(13, 30), 1),
        (shuffled, 2),
        (np.array([7]), 1),
    ):
        part = one_chunk(study, view, ids, threads)
        assert same(part.outcomes, whole.outcomes, ids)
        assert same(part.patients, whole.patients, ids)


def test_another_seed_is_another_population():
    study, view = read("liu2020"), load().view()
    one, other = (draw(replace(study, seed=s), view, np.arange(20)).drawn for s in (1, 2))
    assert all((one[k] != other[k]).any() for k in one)


def refusal(text):
    """The error with which a text is refused, or None; anything but a CarnkError passes through."""
    try:
        parse(text, "s.yaml")
    except CarnkError as error:
        return error
    return None


def is_polite(error):
    return (
        isinstance(error, SpecError)
        and error.exit_code == 2
        and all("s.yaml" in p.where and p.what for p in error.problems)
        and bool(str(error))
    )


def read_or_refused(text):
    error = refusal(text)
    assert error is None or is_polite(error)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(built_in()), st.data())
def test_a_mutated_study_is_read_or_refused_politely(name, data):
    lines = TEXTS[name].splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["drop", "value", "indent", "double", "cut", "token"]))
        if kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "value":
            key = lines[at].split(":")[0]
            lines[at] = f"{key}: {data.draw(st.sampled_from(WORDS))}"
        elif kind == "indent":
            lines[at] = "  " + lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
        else:
            parts = lines[at].split(" ")
            spot = data.draw(st.integers(0, len(parts) - 1))
            parts[spot] = data.draw(st.sampled_from(WORDS))
            lines[at] = " ".join(parts)
    read_or_refused("\n".join(lines))


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_politely(text):
    read_or_refused(text)


@given(st.integers(1, 200), st.data())
def test_exact_intervals_hold_the_rate_and_shrink_with_patients(patients, data):
    events = data.draw(st.integers(0, patients))
    low, high = clopper_pearson(events, patients)
    assert 0 <= low <= events / patients <= high <= 1
    assert low < high
    more = clopper_pearson(10 * events, 10 * patients)
    assert more[1] - more[0] < high - low


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, np.nan]), st.integers(0, 9)), min_size=1, max_size=60
    )
)
@settings(deadline=None)
def test_any_outcomes_give_a_chance(pairs):
    events, world = (np.array(column) for column in zip(*pairs))
    made = predict(events.astype(float), world.astype(np.int64))
    assert isinstance(made, Prediction)
    assert 0 < made.mean < 1
    assert np.exp(made.log_chances(8)).sum() == pytest.approx(1.0, rel=1e-6)
