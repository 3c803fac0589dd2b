"""Random numbers belong to a patient, and change with seed, patient and purpose alone."""

import time

import numpy as np
import pytest

from carnk.base import SpecError
from carnk.base.streams import standard_normals, stream, uniforms

STREAM = [737, 60, 908, 347]
NORMALS = [-0.501203049851, 0.63686630354, 0.653221851257]
UNIFORMS = [0.224200710776, 0.713521332398, 0.860435262918]


def test_a_stream_is_the_patients_own():
    first = stream(1, 7, "growth").random(5)
    assert np.array_equal(first, stream(1, 7, "growth").random(5))
    others = [stream(2, 7, "growth"), stream(1, 8, "growth"), stream(1, 7, "death"), stream(1, 7)]
    assert all(not np.any(first == other.random(5)) for other in others)


def test_streams_do_not_change_between_versions():
    """Written down once: a change here changes every published run."""
    assert stream(1, 2, "x").integers(0, 1000, 4).tolist() == STREAM
    assert np.round(standard_normals(1, [2], 3)[0], 12).tolist() == NORMALS
    assert np.round(uniforms(1, [2], 3)[0], 12).tolist() == UNIFORMS


@pytest.mark.parametrize("draw", [standard_normals, uniforms])
def test_a_row_depends_on_its_patient_alone(draw):
    whole = draw(3, np.arange(100), 40)
    assert whole.shape == (100, 40)
    assert np.array_equal(draw(3, np.array([70, 2, 2]), 40), whole[[70, 2, 2]])
    assert np.array_equal(draw(3, [70], 7)[0], whole[70, :7])
    assert not np.any(draw(4, np.arange(100), 40) == whole)
    assert not np.any(draw(3, np.arange(100), 40, "other") == whole)


def test_normals_are_normal_and_rows_independent():
    rows = standard_normals(5, np.arange(20_000), 8)
    assert np.abs(rows.mean(axis=0)).max() < 0.04
    assert np.abs(rows.std(axis=0) - 1).max() < 0.03
    assert np.abs(np.corrcoef(rows.T) - np.eye(8)).max() < 0.04
    assert abs(np.corrcoef(rows[:-1, 0], rows[1:, 0])[0, 1]) < 0.04


def test_uniforms_are_uniform():
    rows = uniforms(5, np.arange(20_000), 2)
    assert rows.min() >= 0
    assert rows.max() < 1
    counts = np.histogram(rows, bins=20, range=(0, 1))[0]
    assert np.abs(counts / 2000 - 1).max() < 0.12


def test_no_patients_give_no_rows():
    assert standard_normals(1, [], 4).shape == (0, 4)


@pytest.mark.parametrize("patients", [[-1], [1.5], [2**32], ["a"]])
def test_ids_that_are_none_are_refused(patients):
    with pytest.raises(SpecError, match="ids must be whole numbers"):
        uniforms(1, np.array(patients), 2)


def test_a_negative_seed_is_refused():
    with pytest.raises(SpecError, match="seed: -1 is negative"):
        stream(-1, 0)


def test_ten_thousand_patients_take_less_than_a_second():
    start = time.perf_counter()
    standard_normals(1, np.arange(10_000), 40)
    assert time.perf_counter() - start < 1.0
