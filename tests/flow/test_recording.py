"""Recording: what is written is what was said, in place, chained, by many at once."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from tidewire.delivery.attempt import attempt_page
from tidewire.delivery.collect import collect_retries
from tidewire.delivery.retry import WAITS
from tidewire.ledger.chain import Batch, Entry
from tidewire.ledger.record import record
from tidewire.ledger.verify import verify
from tidewire.model.delivery import Accepted, ChannelCode, Deferred, Event
from tidewire.store import deliveries, receipts
from tidewire.store.database import Database
from wire import ScriptedChannel, add_release, add_subscriber, dispatch, go

WEBHOOK = ChannelCode.WEBHOOK


async def rows(database, query, *values):
    async with database.transaction() as tx:
        return await (await tx.execute(query, values)).fetchall()


def head(clock, entries, release_id=7):
    return Batch(clock.now(), release_id, 2, ChannelCode.EMAIL, len(entries))


async def test_an_entry_comes_back_as_it_was_written(database, clock):
    at = clock.now()
    written = [
        Entry(2**31 - 1, Event.REFUSED, 10, at, 550, "5.1.1 Größe übertrieben ☂", True),
        Entry(1, Event.ACCEPTED, 1, at - timedelta(days=20_000, microseconds=1), 250),
        Entry(3, Event.DEFERRED, 2, at + timedelta(microseconds=1), -1, "a|b\nc\\"),
    ]
    async with database.transaction() as tx:
        await record(tx, head(clock, written), written)
    found = await rows(
        database,
        "SELECT release_id, version, endpoint_id, event, attempt, at, code, detail, repeat"
        " FROM ledger_entry",
    )
    assert sorted(found) == sorted((7, 2, *entry) for entry in written)
    async with database.transaction() as tx:
        assert not (await verify(tx)).fault


async def test_a_long_answer_is_cut_and_nul_left_out_before_the_digest(database, clock):
    entries = [Entry(1, Event.REFUSED, 1, clock.now(), 550, "no\0" + "ü" * 1000)]
    async with database.transaction() as tx:
        await record(tx, head(clock, entries), entries)
    ((detail,),) = await rows(database, "SELECT detail FROM ledger_entry")
    assert detail == "no" + "ü" * (receipts.DETAIL_LIMIT - 2)
    async with database.transaction() as tx:
        assert not (await verify(tx)).fault


async def test_many_writers_at_once_make_one_chain_without_gaps(database, clock):
    async def writer(number):
        for turn in range(10):
            entries = [Entry(one, Event.ACCEPTED, turn, clock.now()) for one in range(20)]
            async with database.transaction() as tx:
                await record(tx, head(clock, entries, number), entries)

    await asyncio.gather(*(writer(number) for number in range(6)))
    batches = await rows(
        database, "SELECT position, previous, digest FROM ledger_batch ORDER BY position"
    )
    assert [batch[0] for batch in batches] == list(range(1, 61))
    assert all(before[2] == after[1] for before, after in pairwise(batches))
    async with database.transaction() as tx:
        verdict = await verify(tx)
    assert (verdict.fault, verdict.batches, verdict.rows) == ("", 60, 1200)


async def test_a_batch_that_is_rolled_back_leaves_no_gap(database, clock):
    entries = [Entry(1, Event.ACCEPTED, 1, clock.now())]

    class Undone(Exception):
        pass

    with pytest.raises(Undone):
        async with database.transaction() as tx:
            await record(tx, head(clock, entries), entries)
            raise Undone
    async with database.transaction() as tx:
        await record(tx, head(clock, entries), entries)
    async with database.transaction() as tx:
        verdict = await verify(tx)
    assert (verdict.fault, verdict.batches, verdict.rows) == ("", 1, 1)


async def deliver_to(database, clock, number, answer=None):
    async with database.transaction() as tx:
        for _ in range(number):
            await add_subscriber(tx, clock.now())
    await add_release(database, clock.now())
    await go(database, clock)
    work = dispatch(database, clock, ScriptedChannel(clock, answer))
    while await attempt_page(work, WEBHOOK):
        pass
    return work


async def test_starting_and_settling_touch_no_index(database, clock):
    one = Database(database.url, size=1)  # a server process tells what it counted when asked to
    await one.open()
    try:
        await deliver_to(one, clock, 600)
        await rows(one, "SELECT pg_stat_force_next_flush()")
        ((updated, in_place),) = await rows(
            one, "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
            " WHERE relname = 'delivery'",
        )  # fmt: skip
    finally:
        await one.close()
    assert updated == 1200
    assert in_place > 0.9 * updated


async def test_only_deferred_deliveries_have_a_next_try(database, clock):
    answers = iter([Deferred(503), Accepted(200), Deferred(503, after=90.0)])
    work = await deliver_to(database, clock, 3, lambda _: next(answers, Accepted(200)))
    due = await rows(database, "SELECT state, count(*) FROM delivery WHERE due_at IS NOT NULL"
                               " GROUP BY 1")  # fmt: skip
    assert due == [(3, 2)]
    async with database.transaction() as tx:
        assert await deliveries.waiting_until(tx) == clock.now() + timedelta(seconds=WAITS[1])
    clock.advance(WAITS[1])
    assert await collect_retries(database, clock) == 1
    assert await attempt_page(work, WEBHOOK)
    async with database.transaction() as tx:
        left = await deliveries.waiting_until(tx)
    assert left is not None
    clock.advance((left - clock.now()).total_seconds())
    assert await collect_retries(database, clock) == 1
    assert await attempt_page(work, WEBHOOK)
    assert await rows(database, "SELECT 1 FROM delivery WHERE due_at IS NOT NULL") == []


async def test_a_batch_of_webhooks_leaves_each_endpoint_its_own_health(database, clock):
    answers = {0: Deferred(503), 1: Accepted(200), 2: Deferred(500)}
    work = await deliver_to(database, clock, 6, lambda o: answers[o.endpoint_id % 3])
    failing = "SELECT endpoint_id, failures FROM endpoint_health ORDER BY 1"
    ids = [row[0] for row in await rows(database, "SELECT id FROM endpoint WHERE channel = 2")]
    assert await rows(database, failing) == [(one, 1) for one in sorted(ids) if one % 3 != 1]
    answers[0] = Accepted(200)
    clock.advance(WAITS[1])
    await collect_retries(database, clock)
    while await attempt_page(work, WEBHOOK):
        pass
    healed = {0: 0, 2: 2}
    assert await rows(database, failing) == [
        (one, healed[one % 3]) for one in sorted(ids) if one % 3 != 1
    ]
