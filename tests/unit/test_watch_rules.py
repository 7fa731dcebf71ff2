"""What the doctor concludes, and when the watchdog warns: pure decisions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tidewire.meters import Meters
from tidewire.model.delivery import Accepted, ChannelCode, Receipt
from tidewire.store.standing import Pages, Standing, Waiting
from tidewire.watch.progress import Watchdog
from tidewire.watch.rules import Facts, diagnose

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
NONE = Waiting(0, None)
EMAIL = ChannelCode.EMAIL
WELL = Facts(
    now=NOW,
    known=5,
    standing=Standing(
        at=NOW, read_only=False, migration=5, pages={}, orphans=0, retries=NONE, unstaged=NONE,
        staging=0, unplanned=NONE, unpublished=NONE, disabled=0, failing=0, failing_hosts=(),
        position=1, sequence=1,
    ),
    programs={"web": 1, "worker": 1, "gateway": 1},
    listeners=2,
    bell=None,
)  # fmt: skip


def codes(facts: Facts) -> list[str]:
    return [one.code for one in diagnose(facts)]


def test_where_all_is_well_nothing_is_said() -> None:
    assert codes(WELL) == []


def test_a_disk_that_is_nearly_full_is_told() -> None:
    assert codes(replace(WELL, free=300 << 20)) == ["disk-full"]
    assert codes(replace(WELL, free=300 << 30)) == []


def test_a_full_disk_of_the_database_is_told() -> None:
    assert "its disk is full" in diagnose(replace(WELL, write="its disk is full"))[0].what


def test_every_finding_says_what_to_do() -> None:
    late = Waiting(2, NOW - timedelta(hours=3))
    stands = replace(
        WELL.standing, read_only=True, migration=4, pages={EMAIL: Pages(3, 0, 2, late.oldest)},
        orphans=9, retries=late, unstaged=late, unplanned=late, unpublished=late, disabled=1,
        failing=3, failing_hosts=("a.example",), at=NOW + timedelta(hours=1),
    )  # fmt: skip
    facts = replace(
        WELL, standing=stands, programs={}, bell=False, relay="x", no_relay=True, free=1
    )
    found = diagnose(facts)
    assert len(found) == len({one.code for one in found}) == 19
    for one in found:
        assert one.what.endswith(".")
        assert one.do.endswith((".", ")."))


def look(
    watchdog: Watchdog, tick: float, pages: Mapping[ChannelCode, Pages], busy: float | None = None
) -> list[str]:
    at = NOW + timedelta(seconds=tick)
    return [f"{one.channel.label}: {one.why}" for one in watchdog.look(pages, at, tick, busy)]


def test_the_watchdog_warns_once_and_again_after_ten_minutes() -> None:
    watchdog = Watchdog(Meters())
    due = {EMAIL: Pages(ready=2, oldest=NOW)}
    said = {tick: found for tick in range(0, 1300, 5) if (found := look(watchdog, tick, due))}
    assert list(said) == [60, 660, 1260]
    assert said[60] == ["email: pages are ready, and nobody takes them"]
    assert EMAIL in watchdog.meters.stuck


def test_whatever_is_settled_is_progress() -> None:
    meters = Meters()
    watchdog = Watchdog(meters)
    due = {EMAIL: Pages(ready=2, oldest=NOW)}
    for tick in range(0, 300, 5):
        meters.took(EMAIL, [Receipt(1, 1, Accepted(250), NOW)], NOW)
        assert look(watchdog, tick, due) == []
    assert [look(watchdog, tick, due) for tick in (300, 354, 355)][-1] != []
    assert look(watchdog, 360, {}) == []
    assert meters.stuck == {}


def test_the_watchdog_says_when_its_own_loop_does_not_come_back() -> None:
    watchdog = Watchdog(Meters())
    held = {EMAIL: Pages(leased=1, oldest=NOW)}
    assert look(watchdog, 0, held, busy=0) == []
    assert look(watchdog, 61, held, busy=0) == [
        "email: this worker's own loop has been in one step for 61 s"
    ]
    lapsed = {EMAIL: Pages(expired=1, oldest=NOW)}
    other = Watchdog(Meters())
    look(other, 0, lapsed)
    assert look(other, 70, lapsed, busy=0) == [
        "email: leases ran out and are not renewed or taken over"
    ]
