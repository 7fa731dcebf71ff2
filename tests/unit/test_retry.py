"""The retry policy, as a table."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tidewire.delivery.retry import WAITS, Again, Health, Settle, health, next_step
from tidewire.model.delivery import Accepted, Deferred, DeliveryState, Outcome, Refused

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def _step(
    outcome: Outcome, attempt: int = 1, jitter: float = 0.0, age: float = 0.0
) -> Settle | Again:
    first_due = NOW - timedelta(seconds=age)
    return next_step(outcome, attempt, first_due=first_due, now=NOW, jitter=jitter)


def _wait(outcome: Outcome, attempt: int = 1, jitter: float = 0.0) -> float:
    step = _step(outcome, attempt, jitter)
    assert isinstance(step, Again)
    return (step.at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Accepted(204), Settle(DeliveryState.ACCEPTED)),
        (Refused(302), Settle(DeliveryState.REFUSED)),
        (Refused(410, disable=True), Settle(DeliveryState.REFUSED, disable=True)),
        (Refused(550, suppress=True), Settle(DeliveryState.REFUSED, suppress=True)),
    ],
)
def test_an_answer_for_good_settles(outcome: Outcome, expected: Settle) -> None:
    assert _step(outcome) == expected
    assert _step(outcome, attempt=10) == expected


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [(1, 5), (2, 30), (3, 120), (4, 600), (5, 1800), (6, 7200), (7, 21600), (8, 43200), (9, 86400)],
)
def test_waits_grow_with_every_try(attempt: int, seconds: float) -> None:
    assert _wait(Deferred(500), attempt) == seconds


def test_the_tenth_failure_is_the_last() -> None:
    assert len(WAITS) == 10
    assert _step(Deferred(500), attempt=10) == Settle(DeliveryState.DEAD)
    assert _step(Deferred(500), attempt=11) == Settle(DeliveryState.DEAD)


@pytest.mark.parametrize(("jitter", "seconds"), [(-1.0, 480), (0.5, 660), (1.0, 720)])
def test_jitter_spreads_by_a_fifth_either_way(jitter: float, seconds: float) -> None:
    assert _wait(Deferred(500), 4, jitter) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("after", "jitter", "seconds"),
    [
        (0.0, 0.0, 600),  # never earlier than our own wait
        (601.0, 0.0, 601),
        (601.0, 1.0, 720),  # jitter may add
        (601.0, -1.0, 601),  # and never takes away
        (900.0, 1.0, 900),
        (1200.0, 1.0, 1200),
        (86400.0, 0.0, 1200),  # nobody parks us for a day
    ],
)
def test_what_the_endpoint_asks_for_counts_from_one_to_two_times_our_wait(
    after: float, jitter: float, seconds: float
) -> None:
    assert _wait(Deferred(503, after=after), 4, jitter) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("outcome", "jitter", "seconds"),
    [
        (Deferred(429, overloaded=True), -1.0, 60),
        (Deferred(429, overloaded=True), 1.0, 72),
        (Deferred(429, overloaded=True, after=1.0), 0.0, 60),
        (Deferred(429, overloaded=True, after=90.0), 0.0, 90),
        (Deferred(429, overloaded=True, after=3600.0), 0.0, 120),
        (Deferred(0, "timeout", overloaded=True), 0.0, 60),
    ],
)
def test_an_overloaded_endpoint_is_left_alone_for_a_minute(
    outcome: Deferred, jitter: float, seconds: float
) -> None:
    assert _wait(outcome, 1, jitter) == pytest.approx(seconds)


def test_overload_does_not_shorten_a_longer_wait() -> None:
    assert _wait(Deferred(429, overloaded=True), 5) == 1800


def test_no_delivery_outlives_the_deadline() -> None:
    assert isinstance(_step(Deferred(500), attempt=9, age=71 * 3600), Again)
    assert _step(Deferred(500), attempt=9, age=73 * 3600) == Settle(DeliveryState.DEAD)


def test_the_slowest_schedule_ends_in_a_terminal_state() -> None:
    now, attempt = NOW, 1
    for attempt in range(1, 20):
        step = next_step(
            Deferred(429, after=1e9, overloaded=True), attempt, first_due=NOW, now=now, jitter=1.0
        )
        if isinstance(step, Settle):
            break
        assert step.at > now
        now = step.at
    assert step == Settle(DeliveryState.DEAD)
    assert attempt == 10


def test_a_success_heals() -> None:
    ill = Health(NOW - timedelta(days=9), 40, 9, NOW.date())
    assert health(ill, ok=True, now=NOW).health == Health()
    assert not health(ill, ok=True, now=NOW).disable


def test_the_fourth_failure_warns_once() -> None:
    state, warned = Health(), []
    for _ in range(6):
        checkup = health(state, ok=False, now=NOW)
        warned.append(checkup.warn)
        state = checkup.health
    assert warned == [False, False, False, True, False, False]
    assert state == Health(NOW, 6, 1, date(2026, 3, 3))


@pytest.mark.parametrize(
    ("hours", "days_before", "disabled"),
    [
        (120, 6, True),
        (500, 6, True),
        (119, 6, False),  # seven days, but not long enough
        (120, 5, False),  # long enough, but on six days only
        (5000, 1, False),  # two failures, months apart
    ],
)
def test_disabled_is_who_failed_long_and_on_many_days(
    hours: float, days_before: int, disabled: bool
) -> None:
    before = Health(NOW - timedelta(hours=hours), 20, days_before, date(2026, 3, 2))
    assert health(before, ok=False, now=NOW).disable is disabled


def test_several_failures_on_one_day_are_one_day() -> None:
    before = Health(NOW - timedelta(hours=130), 20, 6, NOW.date())
    assert health(before, ok=False, now=NOW).health.failed_days == 6
    assert not health(before, ok=False, now=NOW).disable
