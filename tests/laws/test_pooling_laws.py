"""Laws of pooling, exact intervals, percentages read back and reading grades."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnk.evidence.pooling import exact, pool
from carnk.evidence.reading import grade, syllables
from carnk.evidence.results import candidates, percent

REPORT = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
REPORTS = st.lists(REPORT, min_size=2, max_size=5)


@given(st.integers(1, 300), st.data())
def test_exact_intervals_hold_the_rate_and_move_with_it(n, data):
    k = data.draw(st.integers(0, n))
    low, high = exact(k, n)
    assert 0 <= low <= k / n <= high <= 1
    assert low > 0 or k == 0
    assert high < 1 or k == n
    mirrored = exact(n - k, n)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(REPORTS)
@settings(max_examples=25, deadline=None)
def test_a_pool_lies_inside_its_intervals(counts):
    found = pool(tuple(counts))
    low, high = found.interval
    assert low - 1e-9 <= found.rate <= high + 1e-9
    if found.tau is not None:  # the spread pulls the mean from the typical rate towards one half
        assert min(found.rate, 0.5) - 1e-6 <= found.mean <= max(found.rate, 0.5) + 1e-6
    if found.prediction is not None:
        assert found.prediction[0] <= found.rate <= found.prediction[1]
    assert found.events == sum(k for k, _ in counts)


@given(REPORTS)
@settings(max_examples=15, deadline=None)
def test_the_order_of_reports_does_not_matter_and_failures_mirror_events(counts):
    found = pool(tuple(counts))
    turned = pool(tuple(reversed(counts)))
    assert turned.rate == pytest.approx(found.rate, abs=0.01)
    failures = pool(tuple((n - k, n) for k, n in counts))
    assert failures.mean == pytest.approx(1 - found.mean, abs=0.02)


@given(REPORT, st.integers(2, 4))
@settings(max_examples=15, deadline=None)
def test_equal_reports_show_no_spread(report, times):
    found = pool((report,) * times)
    assert found.rate == pytest.approx(report[0] / report[1], abs=1e-6)
    assert not found.tau


@given(st.integers(1, 400), st.data(), st.sampled_from([0, 1]))
def test_a_printed_percentage_takes_its_count_in(n, data, digits):
    k = data.draw(st.integers(0, n))
    found = candidates(f"{100 * k / n:.{digits}f}", n)
    assert found is not None
    assert found[0] <= k <= found[1]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_percentages_are_printed_in_order(shares):
    values = [float(percent(share).removeprefix("< ")) for share in sorted(shares)]
    assert all(a <= b for a, b in pairwise(values))


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_every_word_has_a_syllable(word):
    assert 1 <= syllables(word) <= len(word)


@given(st.lists(st.sampled_from(["cell", "donor", "study", "leukemia"]), min_size=2, max_size=30))
def test_more_sentences_are_easier(words):
    whole = " ".join(words) + "."
    cut = " ".join(words[:1]) + ". " + " ".join(words[1:]) + "."
    assert grade(cut) <= grade(whole)
