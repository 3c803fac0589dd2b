"""Laws of the comparison: overlap, standardized error, shrinkage."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnk.evidence.pooling import shrunk
from carnk.fitting.published import Observed
from carnk.fitting.validation import overlap, standardized_error
from carnk.study.summary import Prediction

SHARE = st.floats(0.0, 1.0)
INTERVAL = st.tuples(SHARE, SHARE).map(sorted)
REPORT = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
REPORTS = st.lists(REPORT, min_size=2, max_size=4).map(tuple)


@given(INTERVAL, INTERVAL)
def test_overlap_is_symmetric_and_holds_with_itself(one, other):
    assert overlap(Observed(low=one[0], high=one[1]), *other) == overlap(
        Observed(low=other[0], high=other[1]), *one
    )
    assert overlap(Observed(low=one[0], high=one[1]), *one)


@given(INTERVAL, INTERVAL)
def test_an_open_end_meets_whatever_the_closed_interval_meets(one, other):
    if overlap(Observed(low=one[0], high=one[1]), *other):
        assert overlap(Observed(low=one[0]), *other)
        assert overlap(Observed(high=one[1]), *other)


@given(REPORT, st.floats(0.5, 1e4))
def test_the_error_is_zero_at_equality_and_has_the_sign_of_the_difference(counts, size):
    k, n = counts
    if 0 < k < n:
        assert standardized_error(Prediction(size * k / n, size * (n - k) / n), k, n) == (
            pytest.approx(0, abs=1e-9)
        )
    law = Prediction(size / 2, size / 2)
    error = standardized_error(law, k, n)
    assert (error > 0) == (k / n < 0.5)
    assert standardized_error(law, n - k, n) == pytest.approx(-error)


@given(REPORT)
def test_a_surer_prediction_errs_by_more(counts):
    k, n = counts
    sure, unsure = (standardized_error(Prediction(3 * s, 7 * s), k, n) for s in (100.0, 1.0))
    assert abs(sure) >= abs(unsure)


@given(REPORT, REPORTS)
@settings(max_examples=40, deadline=None)
def test_a_shrunk_rate_is_never_certain_and_keeps_the_order(counts, others):
    k, n = counts
    rate = shrunk(k, n, others)
    assert 0 < rate < 1
    if k < n:
        assert rate < shrunk(k + 1, n, others)


@given(REPORT, REPORTS)
@settings(max_examples=40, deadline=None)
def test_more_patients_are_shrunk_less(counts, others):
    k, n = counts
    few, many = abs(shrunk(k, n, others) - k / n), abs(shrunk(50 * k, 50 * n, others) - k / n)
    assert many <= few + 1e-12
