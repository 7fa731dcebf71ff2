"""Staged ahead: what changes before the moment is staged anew, and nothing else."""

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from editions import a_release
from tidewire.audience.index import AudienceIndex
from tidewire.delivery.attempt import Dispatch, attempt_page
from tidewire.delivery.plan import Plan, plan_waiting
from tidewire.delivery.prepare import Prepare, prepare_coming, warm_coming
from tidewire.model.delivery import ChannelCode, Event
from tidewire.model.release import Act
from tidewire.model.subscriber import Clause, Facet
from tidewire.publish.moment import Press, publish_due
from tidewire.publish.stage import Stage, stage_waiting
from tidewire.store import interests, releases
from tidewire.vault.text import Text
from wire import ScriptedChannel, SilentBell, a_reading, a_vault, add_release, add_subscriber

WEBHOOK = ChannelCode.WEBHOOK


class Ahead:
    """A release that goes in ten minutes, and the hands that get it ready."""

    def __init__(self, database, clock, index, channel):
        bell, vault = SilentBell(), a_vault(database, clock)
        reading = a_reading(vault)
        self.database, self.clock, self.channel, self.vault = database, clock, channel, vault
        self.stage = Stage(database, clock, bell, index, reading)
        self.plan = Plan(database, clock, bell, vault)
        self.press = Press(database, clock, bell, vault)
        channels = {WEBHOOK: channel}
        self.prepare = Prepare(database, clock, channels, vault, reading, "one")
        self.other = Prepare(database, clock, channels, vault, reading, "two")
        self.dispatch = Dispatch(database, clock, channels, vault, "one", jitter=lambda: 0.0)

    async def ready(self):
        """Take every step that can be taken now; returns how many pages were prepared."""
        self.clock.advance(10)
        await stage_waiting(self.stage)
        await plan_waiting(self.plan)
        return await prepare_coming(self.prepare)

    async def rows(self, query, *values):
        async with self.database.transaction() as tx:
            return await (await tx.execute(query, values)).fetchall()

    async def due(self):
        """{endpoint id: (page id, language)} of what goes out over webhooks."""
        found = await self.rows(
            "SELECT d.endpoint_id, d.page_id, p.language FROM delivery d"
            " JOIN page p ON p.id = d.page_id WHERE d.channel = 2"
        )
        return {row[0]: (row[1], row[2]) for row in found}

    async def sealed(self):
        """{page id: sealed bytes} of what is prepared."""
        return dict(await self.rows("SELECT page_id, sealed FROM staged_page"))


@pytest.fixture
async def ahead(database, clock):
    async with database.transaction() as tx:
        german = await add_subscriber(tx, clock.now(), languages=("de",))
        english = await add_subscriber(tx, clock.now(), languages=("en",))
    t0 = clock.now() + timedelta(minutes=10)
    release_id = await add_release(database, clock.now(), t0=t0)
    index = await AudienceIndex.load(database)
    made = Ahead(database, clock, index, ScriptedChannel(clock))
    made.german, made.english, made.release_id, made.t0 = german, english, release_id, t0
    assert await made.ready() == 2
    return made


async def test_who_comes_before_the_moment_is_added_and_nothing_else_changes(ahead):
    before, sealed = await ahead.due(), await ahead.sealed()
    async with ahead.database.transaction() as tx:
        _, late = await add_subscriber(tx, ahead.clock.now(), languages=("de",))
    assert await ahead.ready() == 1
    after = await ahead.due()
    assert after.keys() - before.keys() == {late}
    assert {key: after[key] for key in before} == before
    assert (await ahead.sealed()).items() >= sealed.items()


async def test_who_loses_interest_before_the_moment_is_taken_out(ahead):
    sealed = await ahead.sealed()
    async with ahead.database.transaction() as tx:
        elsewhere = Clause(wants={Facet.COUNTRY: frozenset({"BR"})})
        await interests.replace(tx, ahead.german[0], (elsewhere,), ahead.clock.now())
    assert await ahead.ready() == 0
    due = await ahead.due()
    assert due.keys() == {ahead.english[1]}
    page_id = due[ahead.english[1]][0]
    assert await ahead.sealed() == {page_id: sealed[page_id]}


async def test_who_reads_another_language_now_gets_that_one(ahead):
    async with ahead.database.transaction() as tx:
        await tx.execute(
            "UPDATE subscriber SET languages = '{en}', changed_in = pg_current_xact_id()"
            " WHERE id = %s",
            (ahead.german[0],),
        )
    await ahead.ready()
    due = await ahead.due()
    assert {language for _, language in due.values()} == {"en"}
    assert due.keys() == {ahead.german[1], ahead.english[1]}


async def test_another_moment_keeps_the_pages_and_prepares_them_anew(ahead):
    before, sealed = await ahead.due(), await ahead.sealed()
    async with ahead.database.transaction() as tx:
        await releases.set_moment(tx, ahead.release_id, 1, ahead.t0 + timedelta(minutes=3))
    assert await ahead.ready() == 2
    assert await ahead.due() == before
    again = await ahead.sealed()
    assert again.keys() == sealed.keys()
    assert not set(again.values()) & set(sealed.values())


async def test_another_text_in_one_language_prepares_only_that_language(ahead):
    before, sealed = await ahead.due(), await ahead.sealed()
    content = a_release()
    german, english = content.renditions
    changed = replace(content, renditions=(replace(german, headline="Neu"), english))
    async with ahead.database.transaction() as tx:
        text = await ahead.vault.seal_text(tx, ahead.release_id, 1, Text(changed))
        await releases.put_version(
            tx, ahead.release_id, 1, act=Act.PUBLISH, sealed=text, now=ahead.clock.now(),
            t0=ahead.t0,
        )  # fmt: skip
    assert await ahead.ready() == 1
    assert await ahead.due() == before
    again, page_id = await ahead.sealed(), before[ahead.english[1]][0]
    assert again[page_id] == sealed[page_id]
    other = before[ahead.german[1]][0]
    assert again[other] != sealed[other]


async def test_each_stage_opens_a_text_once_and_once_more_when_it_changed(ahead):
    """Every opening is a line in the ledger: looking again must not fill it."""
    for _ in range(3):
        await ahead.ready()
    openings = await ahead.rows(
        "SELECT detail FROM ledger_entry WHERE event = %s", int(Event.OPENED)
    )
    assert sorted(row[0] for row in openings) == [
        "plan, to plan its deliveries",
        "stage, to find its audience",
    ]


async def test_nothing_is_staged_anew_while_nothing_changes(ahead):
    marks = await ahead.rows("SELECT xmin, * FROM release_version")
    assert await ahead.ready() == 0
    assert await ahead.rows("SELECT xmin, * FROM release_version") == marks


async def test_a_channel_is_handed_what_it_prepared_and_the_store_lets_go_of_it(ahead):
    ahead.clock.advance(600)
    assert await publish_due(ahead.press) == 1
    while await attempt_page(ahead.dispatch, WEBHOOK):
        pass
    assert sorted(made.split()[1:] for made in ahead.channel.prepared) == [
        [b"de", b"1"],
        [b"en", b"1"],
    ]
    assert await ahead.sealed() == {}


async def test_what_was_prepared_for_another_moment_is_not_used(ahead):
    async with ahead.database.transaction() as tx:
        await releases.set_moment(tx, ahead.release_id, 1, ahead.clock.now())
    assert await publish_due(ahead.press) == 1
    while await attempt_page(ahead.dispatch, WEBHOOK):
        pass
    assert ahead.channel.prepared == [b"", b""]


async def test_what_is_prepared_is_not_in_the_store_in_the_clear(ahead):
    for sealed in (await ahead.sealed()).values():
        assert b" de 1" not in sealed and b" en 1" not in sealed


async def test_a_page_that_is_being_prepared_does_not_hold_the_moment_up(ahead):
    async with ahead.database.transaction() as tx:
        await releases.set_moment(tx, ahead.release_id, 1, ahead.t0 + timedelta(minutes=1))
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_):
        begun.set()
        assert go_on.wait(30)
        return b""

    ahead.channel.prepare = slow
    preparing = asyncio.create_task(prepare_coming(ahead.prepare))
    try:
        assert await asyncio.to_thread(begun.wait, 30)
        ahead.clock.advance(3600)
        async with asyncio.timeout(20):
            assert await publish_due(ahead.press) == 1
    finally:
        go_on.set()
        await preparing


async def test_two_workers_warm_different_pages_and_take_their_own_first(ahead, clock):
    clock.advance((ahead.t0 - clock.now()).total_seconds() - 5)
    await asyncio.gather(warm_coming(ahead.prepare), warm_coming(ahead.other))
    warmed = [address for *_, addresses in ahead.channel.warmed for address in addresses]
    assert sorted(warmed) == sorted(
        f"https://e{subscriber}.example/" for subscriber, _ in (ahead.german, ahead.english)
    )
    await warm_coming(ahead.prepare)  # once is enough
    assert len(ahead.channel.warmed) == 2


async def test_a_page_that_another_worker_warmed_is_taken_after_ones_own(ahead, clock):
    owners = iter(("two", "one"))
    for page_id in sorted({page_id for page_id, _ in (await ahead.due()).values()}):
        async with ahead.database.transaction() as tx:
            await tx.execute(
                "UPDATE page SET lease_owner = %s WHERE id = %s", (next(owners), page_id)
            )
    clock.advance(600)
    await publish_due(ahead.press)
    while await attempt_page(ahead.dispatch, WEBHOOK):
        pass
    order = await ahead.rows(
        "SELECT page_id FROM ledger_batch WHERE event = 1 AND channel = 2 ORDER BY position"
    )
    pages = sorted({page_id for page_id, _ in (await ahead.due()).values()})
    assert [row[0] for row in order] == [pages[1], pages[0]]
