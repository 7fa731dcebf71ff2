"""Receipts of desktops: bitmaps from any number of gateways, each desktop counted once."""

from datetime import UTC, datetime

import pytest
from pyroaring import BitMap

from tidewire.ledger.record import record_stream
from tidewire.ledger.sums import desktops_served, stream_sum
from tidewire.ledger.verify import verify
from tidewire.model.delivery import Event, StreamReceipts
from tidewire.store.database import Connection, Database
from wire import add_release, add_subscriber

T0 = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
async def release(database: Database) -> int:
    """A release that is due to the desktops 1 to 6: 1 to 4 in English, 5 and 6 in German."""
    release_id = await add_release(database, T0)
    async with database.transaction() as tx:
        for _ in range(8):
            await add_subscriber(tx, T0, kind=3)
        for language, ids in (("en", (1, 2, 3, 4)), ("de", (5, 6))):
            await tx.execute(
                "INSERT INTO audience_set VALUES (%s, 1, 3, %s, %s, %s)",
                (release_id, language, len(ids), BitMap(ids).serialize()),
            )
    return release_id


def reported(release_id: int, language: str, ids: list[int], *ms: int) -> StreamReceipts:
    spread = {at: ms.count(at) for at in ms}
    members = BitMap(ids).serialize()
    return StreamReceipts(release_id, 1, language, Event.ACCEPTED, members, spread, T0)


async def told(database: Database, *gateways: list[StreamReceipts]) -> None:
    """Each gateway writes what it has seen, one after the other."""
    for found in gateways:
        async with database.transaction() as tx:
            await record_stream(tx, found, T0)


async def in_one(tx: Connection, release_id: int) -> tuple[int, int]:
    summed = await stream_sum(tx, release_id, 1)
    return summed.accepted, sum(summed.spread.values())


async def test_a_desktop_that_two_gateways_report_counts_once(
    database: Database, release: int
) -> None:
    await told(
        database,
        [reported(release, "en", [1, 2], 10, 12)],
        [reported(release, "en", [2, 3], 11, 900), reported(release, "de", [5], 30)],
        [reported(release, "en", [2], 5_000)],
    )
    async with database.transaction() as tx:
        summed = await stream_sum(tx, release, 1)
        served = await desktops_served(tx, release, 1)
        assert not (await verify(tx)).fault
    assert (summed.due, summed.accepted) == (6, 4)
    assert set(served) == {1, 2, 3, 5}
    assert summed.spread == {10: 1, 11: 1, 12: 1, 30: 1}
    assert summed.accepted_by_language == {"en": 3, "de": 1}
    assert summed.due_by_country == {"DE": 6} and summed.accepted_by_country == {"DE": 4}


async def test_a_desktop_added_later_counts_once_where_it_first_took_it(
    database: Database, release: int
) -> None:
    await told(
        database,
        [reported(release, "de", [7], 40)],
        [reported(release, "en", [7, 8], 41, 42)],
    )
    async with database.transaction() as tx:
        summed = await stream_sum(tx, release, 1)
    assert (summed.due, summed.accepted) == (8, 2)
    assert summed.due_by_language == {"en": 5, "de": 3}
    assert summed.accepted_by_language == {"en": 1, "de": 1}
    assert sum(summed.spread.values()) == 2


async def test_the_order_of_gateways_does_not_change_how_many_took_it(
    database: Database, release: int
) -> None:
    one = [reported(release, "en", [1, 2, 3], 10, 10, 20)]
    other = [reported(release, "en", [3, 4], 20, 30)]
    async with database.transaction() as tx:
        await record_stream(tx, one, T0)
        await record_stream(tx, other, T0)
        forwards = await in_one(tx, release)
    async with database.transaction() as tx:
        again = await add_release(database, T0)
        await record_stream(tx, [reported(again, "en", [3, 4], 20, 30)], T0)
        await record_stream(tx, [reported(again, "en", [1, 2, 3], 10, 10, 20)], T0)
        backwards = await in_one(tx, again)
    assert forwards == backwards == (4, 4)
