"""The moment: nothing before it, one sequence without gaps, and who is due what."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from editions import a_release
from tidewire.audience.index import AudienceIndex
from tidewire.model.delivery import ChannelCode
from tidewire.model.release import Act
from tidewire.publish.moment import Press, next_moment, publish_due
from tidewire.publish.stage import Stage, stage_waiting
from tidewire.store import audience_sets, editions
from wire import SilentBell, a_reading, a_vault, add_release, add_subscriber, add_version, go


async def rows(database, query, *values):
    async with database.transaction() as tx:
        return await (await tx.execute(query, values)).fetchall()


async def test_nothing_is_public_before_its_moment(database, clock):
    t0 = clock.now() + timedelta(seconds=10)
    release_id = await add_release(database, clock.now(), t0=t0)
    assert await go(database, clock) == 0
    async with database.transaction() as tx:
        assert await editions.latest(tx) == []
        assert await editions.wire(tx, 0, 10) == []
        assert await editions.edition(tx, release_id, 1) is None
        found = await editions.outline(tx, release_id, 1)
        assert found and await editions.public(tx, found.ref) is None
    clock.advance(9.999)
    assert await go(database, clock) == 0
    clock.advance(0.001)
    assert await go(database, clock) == 1
    async with database.transaction() as tx:
        public = await editions.public(tx, found.ref)
        assert public and public.sequence == 1 and public.published_at == clock.now()
    assert await rows(database, "SELECT state FROM release") == [("published",)]


async def test_the_next_moment_is_known(database, clock):
    press = Press(database, clock, SilentBell(), a_vault(database, clock))
    assert await next_moment(press) is None
    t0 = clock.now() + timedelta(hours=1)
    await add_release(database, clock.now(), t0=t0)
    assert await next_moment(press) == t0


async def test_a_release_without_an_audience_worked_out_does_not_go(database, clock):
    await add_release(database, clock.now())
    assert await publish_due(Press(database, clock, SilentBell(), a_vault(database, clock))) == 0


async def test_many_workers_at_once_publish_each_release_once_and_leave_no_gap(database, clock):
    for _ in range(12):
        await add_release(database, clock.now())
    index = await AudienceIndex.load(database)
    await stage_waiting(
        Stage(database, clock, SilentBell(), index, a_reading(a_vault(database, clock)))
    )
    press = Press(database, clock, SilentBell(), a_vault(database, clock))
    done = await asyncio.gather(*(publish_due(press) for _ in range(4)))
    assert sum(done) == 12
    found = await rows(database, "SELECT sequence FROM release_version ORDER BY sequence")
    assert [row[0] for row in found] == list(range(1, 13))


async def test_two_workers_stage_a_release_once(database, clock):
    async with database.transaction() as tx:
        await add_subscriber(tx, clock.now())
    await add_release(database, clock.now())
    index = await AudienceIndex.load(database)
    stage = Stage(database, clock, SilentBell(), index, a_reading(a_vault(database, clock)))
    assert sum(await asyncio.gather(*(stage_waiting(stage) for _ in range(3)))) == 1


async def test_each_reader_is_due_one_rendition_in_their_language(database, clock):
    async with database.transaction() as tx:
        german, at_german = await add_subscriber(tx, clock.now(), languages=("de-AT", "en"))
        english, at_english = await add_subscriber(tx, clock.now(), languages=("fr", "en"))
        await add_subscriber(tx, clock.now(), languages=("th",))
        desktop, _ = await add_subscriber(tx, clock.now(), kind=3, languages=("de",))
    release_id = await add_release(database, clock.now())
    await go(database, clock)
    async with database.transaction() as tx:
        outlets = await audience_sets.due(tx, release_id, 1, 1)
        assert {k: set(v) for k, v in outlets.items()} == {"de": {german}, "en": {english}}
        desktops = await audience_sets.due(tx, release_id, 1, 3)
        assert {k: set(v) for k, v in desktops.items()} == {"de": {desktop}}
    due = await rows(
        database,
        "SELECT d.endpoint_id, p.language FROM delivery d JOIN page p ON p.id = d.page_id"
        " WHERE d.channel = %s ORDER BY 1",
        int(ChannelCode.WEBHOOK),
    )
    assert due == [(at_german, "de"), (at_english, "en")]


async def test_a_correction_is_due_to_those_who_had_the_original_and_to_no_others(database, clock):
    async with database.transaction() as tx:
        _, first = await add_subscriber(tx, clock.now(), languages=("de",))
        _, refused = await add_subscriber(tx, clock.now(), languages=("de",))
        desktop, _ = await add_subscriber(tx, clock.now(), kind=3, languages=("en",))
    release_id = await add_release(database, clock.now())
    await go(database, clock)
    async with database.transaction() as tx:
        await tx.execute("UPDATE delivery SET state = 2")
        await tx.execute("UPDATE delivery SET state = 4 WHERE endpoint_id = %s", (refused,))
        await add_subscriber(tx, clock.now(), languages=("de",))  # came too late to have had it
    clock.advance(60)
    await add_version(database, release_id, 2, Act.CORRECT, clock.now())
    assert await go(database, clock) == 1
    due = await rows(database, "SELECT endpoint_id FROM delivery WHERE version = 2 AND channel = 2")
    assert due == [(first,)]
    async with database.transaction() as tx:
        assert set((await audience_sets.due(tx, release_id, 2, 3))["en"]) == {desktop}
        wire = await editions.wire(tx, 0, 10)
        assert [(e.sequence, e.act) for e in wire] == [(1, Act.PUBLISH), (2, Act.CORRECT)]
        assert [e.version for e in await editions.latest(tx)] == [2]


async def test_a_leaver_between_versions_gets_no_correction(database, clock):
    async with database.transaction() as tx:
        gone, _ = await add_subscriber(tx, clock.now(), languages=("de",))
    release_id = await add_release(database, clock.now())
    await go(database, clock)
    async with database.transaction() as tx:
        await tx.execute("UPDATE delivery SET state = 2")
        await tx.execute("UPDATE subscriber SET state = 1 WHERE id = %s", (gone,))
    await add_version(database, release_id, 2, Act.KILL, clock.now())
    await go(database, clock)
    assert await rows(database, "SELECT 1 FROM delivery WHERE version = 2 AND channel = 2") == []


async def test_a_release_whose_circuits_are_gone_goes_to_nobody_and_not_to_everybody(
    database, clock
):
    async with database.transaction() as tx:
        await add_subscriber(tx, clock.now())
    content = replace(a_release(), circuits=("austria-only",))
    release_id = await add_release(database, clock.now(), content=content)
    assert await go(database, clock) == 1
    async with database.transaction() as tx:
        assert await audience_sets.due(tx, release_id, 1, 1) == {}


async def test_an_audience_is_worked_out_shortly_before_the_moment(database, clock):
    await add_release(database, clock.now(), t0=clock.now() + timedelta(days=14))
    await go(database, clock)
    clock.advance(14 * 86_400 - 60)
    async with database.transaction() as tx:
        late, _ = await add_subscriber(tx, clock.now())
    await go(database, clock)
    clock.advance(60)
    assert await go(database, clock) == 1
    async with database.transaction() as tx:
        assert set((await audience_sets.due(tx, 1, 1, 1))["en"]) == {late}


async def test_a_release_that_cannot_be_read_does_not_hold_up_the_others(database, clock):
    broken = await add_release(database, clock.now())
    await add_release(database, clock.now())
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE release_version SET sealed = '\\x00' WHERE release_id = %s", (broken,)
        )
    assert await go(database, clock) == 1
