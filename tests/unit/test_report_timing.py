"""Times from T0, read from a count of deliveries by millisecond."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tidewire.reports.timing import Bucket, Times, buckets, times

SPREADS = st.dictionaries(st.integers(0, 200_000_000), st.integers(1, 500), min_size=1, max_size=60)


def test_nothing_accepted_has_no_times() -> None:
    assert times({}) is None
    assert times({5: 0}) is None
    assert buckets({}) == ()


def test_percentiles_are_nearest_rank() -> None:
    spread = dict.fromkeys(range(1, 201), 1)
    assert times(spread) == Times(first_ms=1, p50_ms=100, p99_ms=198, last_ms=200, skew_ms=199)


def test_one_delivery_is_all_of_them() -> None:
    assert times({42: 1}) == Times(42, 42, 42, 42, 0)


def test_a_clock_that_runs_behind_counts_as_at_once() -> None:
    assert times({-3: 2, 10: 1}) == Times(0, 0, 10, 10, 10)


@given(SPREADS)
def test_percentiles_agree_with_sorting_every_delivery(spread: dict[int, int]) -> None:
    every = sorted(Counter(spread).elements())
    found = times(spread)
    assert found is not None
    assert found.p50_ms == every[(len(every) + 1) // 2 - 1]
    assert found.p99_ms == every[-(-len(every) * 99 // 100) - 1]
    assert (found.first_ms, found.last_ms) == (every[0], every[-1])


@given(SPREADS)
def test_buckets_touch_and_hold_every_delivery_once(spread: dict[int, int]) -> None:
    found = buckets(spread)
    assert sum(bucket.accepted for bucket in found) == sum(spread.values())
    assert all(a.to_ms == b.from_ms for a, b in pairwise(found))
    for bucket in found:
        inside = sum(n for ms, n in spread.items() if bucket.from_ms <= ms < bucket.to_ms)
        assert inside == bucket.accepted


def test_what_comes_later_than_any_try_is_not_lost() -> None:
    assert buckets({10**12: 3})[-1] == Bucket(700_000_000, 1_000_000_000, 3)
