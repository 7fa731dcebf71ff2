"""The breaker: when a host is left alone, and when it is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from tidewire.delivery.breaker import Breaker

START = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOST = "outlet.example"


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _feed(breaker: Breaker, ok: int, failed: int, at: float = 0.0) -> None:
    for good in [True] * ok + [False] * failed:
        breaker.saw(HOST, good, _at(at))


def _tripped(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    _feed(breaker, 0, 10, at)
    return breaker


@pytest.mark.parametrize(
    ("ok", "failed", "allowed"),
    [
        (0, 9, True),  # too few tries to judge
        (0, 10, False),
        (3, 7, False),
        (4, 6, True),
        (30, 69, True),
        (30, 70, False),
    ],
)
def test_it_opens_when_most_of_enough_tries_failed(ok: int, failed: int, allowed: bool) -> None:
    breaker = Breaker()
    _feed(breaker, ok, failed)
    assert breaker.allows(HOST, _at(1)) is allowed


def test_tries_older_than_five_minutes_do_not_count() -> None:
    breaker = Breaker()
    _feed(breaker, 0, 9, at=0)
    _feed(breaker, 0, 1, at=301)
    assert breaker.allows(HOST, _at(302))


def test_tries_spread_over_the_window_count_together() -> None:
    breaker = Breaker()
    for at in range(0, 250, 25):
        _feed(breaker, 0, 1, at=at)
    assert not breaker.allows(HOST, _at(250))


def test_after_thirty_seconds_one_try_may_go() -> None:
    breaker = _tripped()
    assert breaker.wait(HOST, _at(10)) == 20
    assert not breaker.allows(HOST, _at(29))
    assert breaker.wait(HOST, _at(30)) == 0
    assert breaker.allows(HOST, _at(30))
    assert not breaker.allows(HOST, _at(30))
    assert breaker.wait(HOST, _at(40)) == 20


def test_a_try_that_succeeds_closes_it() -> None:
    breaker = _tripped()
    assert breaker.allows(HOST, _at(30))
    breaker.saw(HOST, True, _at(31))
    assert all(breaker.allows(HOST, _at(31)) for _ in range(20))
    _feed(breaker, 0, 9, at=32)
    assert breaker.allows(HOST, _at(33))


def test_a_try_that_fails_opens_it_again() -> None:
    breaker = _tripped()
    assert breaker.allows(HOST, _at(30))
    breaker.saw(HOST, False, _at(31))
    assert not breaker.allows(HOST, _at(60))
    assert breaker.allows(HOST, _at(61))


def test_a_try_that_never_reports_back_gives_way_to_another() -> None:
    breaker = _tripped()
    assert breaker.allows(HOST, _at(30))
    assert breaker.allows(HOST, _at(60))


def test_failures_of_tries_that_set_out_before_do_not_trip_again() -> None:
    breaker = _tripped()
    _feed(breaker, 0, 50, at=5)
    assert not breaker.tripped_out(HOST)
    assert breaker.allows(HOST, _at(30))


def test_a_failure_after_the_pause_trips_again_though_nobody_asked_first() -> None:
    breaker = _tripped()
    breaker.saw(HOST, False, _at(31))
    assert breaker.wait(HOST, _at(32)) == 29


def test_ten_trips_in_a_row_are_told() -> None:
    breaker, at = _tripped(), 0.0
    for _ in range(9):
        assert not breaker.tripped_out(HOST)
        at += 31
        assert breaker.allows(HOST, _at(at))
        breaker.saw(HOST, False, _at(at))
    assert breaker.tripped_out(HOST)
    breaker.forget(HOST)
    assert not breaker.tripped_out(HOST)
    assert breaker.allows(HOST, _at(at))


def test_a_success_ends_the_row() -> None:
    breaker, at = _tripped(), 0.0
    for trip in range(9):
        at += 31
        assert breaker.allows(HOST, _at(at))
        breaker.saw(HOST, trip == 4, _at(at))
        if trip == 4:
            _feed(breaker, 0, 10, at)
    assert not breaker.tripped_out(HOST)


def test_hosts_are_judged_apart_and_the_nameless_one_never() -> None:
    breaker = _tripped()
    assert breaker.allows("other.example", _at(1))
    for _ in range(50):
        breaker.saw("", False, _at(0))
    assert breaker.allows("", _at(1))
    assert not breaker.tripped_out("")


def test_memory_is_bounded_and_the_least_used_host_goes_first() -> None:
    breaker = Breaker(hosts=3)
    _feed(breaker, 0, 10)
    for number in range(2):
        breaker.saw(f"host-{number}.example", True, _at(1))
    assert not breaker.allows(HOST, _at(2))
    breaker.saw("host-2.example", True, _at(2))
    assert breaker.allows(HOST, _at(3))


def test_hosts_that_are_left_alone_are_counted() -> None:
    breaker = _tripped()
    breaker.saw("well.example", True, _at(0))
    assert breaker.open_hosts() == 1
    breaker.saw(HOST, True, _at(31))
    assert breaker.open_hosts() == 0
