"""The store goes away while a page is being sent: nothing is lost, and nothing sent again."""

from contextlib import asynccontextmanager

import psycopg
import pytest

from tidewire.delivery.attempt import attempt_page
from tidewire.ledger.verify import verify
from tidewire.model.delivery import ChannelCode, DeliveryState, Event
from tidewire.store.database import Database
from wire import ScriptedChannel, add_release, add_subscriber, dispatch, go

WEBHOOK = ChannelCode.WEBHOOK

# Ends its own connection at one update of deliveries: a sequence is not rolled back.
CUT = """
    CREATE SEQUENCE cut;
    CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('cut') = {} THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER cut AFTER UPDATE ON delivery FOR EACH STATEMENT EXECUTE FUNCTION cut();
"""
START, SETTLE = 1, 2


class Unheard(Database):
    """A database whose answer to one commit is lost; `unheard` counts down to it."""

    unheard = 0

    @asynccontextmanager
    async def transaction(self):
        """One transaction; it is committed, whatever is said of it."""
        async with super().transaction() as tx:
            yield tx
        self.unheard -= 1
        if self.unheard == 0:
            raise psycopg.OperationalError("the connection is lost")


@pytest.fixture
async def three(database, clock):
    """Three outlets, and a published release; their endpoint ids."""
    async with database.transaction() as tx:
        ids = [(await add_subscriber(tx, clock.now()))[1] for _ in range(3)]
    await add_release(database, clock.now())
    await go(database, clock)
    return ids


async def rows(database, query):
    async with database.transaction() as tx:
        return await (await tx.execute(query)).fetchall()


async def accepted(database) -> list[tuple[int, bool]]:
    return await rows(
        database,
        "SELECT endpoint_id, repeat FROM ledger_entry"
        f" WHERE event = {Event.ACCEPTED:d} ORDER BY endpoint_id",
    )


async def check(database, three) -> None:
    found = await rows(database, "SELECT DISTINCT state FROM delivery WHERE channel = 2")
    assert found == [(DeliveryState.ACCEPTED,)]
    assert not await rows(database, "SELECT 1 FROM page WHERE channel = 2 AND state <> 3")
    async with database.transaction() as tx:
        assert not (await verify(tx)).fault


@pytest.mark.parametrize("update", [START, SETTLE])
async def test_a_page_goes_on_when_the_store_is_back(database, clock, three, update):
    async with database.transaction() as tx:
        await tx.execute(CUT.format(update).encode())
    channel = ScriptedChannel(clock)
    assert await attempt_page(dispatch(database, clock, channel), WEBHOOK)
    assert await rows(database, "SELECT last_value > 2 FROM cut") == [(True,)]
    assert sorted(outgoing.endpoint_id for _, _, outgoing in channel.sent) == three
    assert await accepted(database) == [(one, False) for one in three]
    await check(database, three)


@pytest.mark.parametrize(("commit", "marked"), [(1 + START, True), (1 + SETTLE, False)])
async def test_a_commit_whose_answer_is_lost_is_not_made_twice(
    database, clock, three, commit, marked
):
    """The first transaction claims the page. What was started unseen may have been sent."""
    other = Unheard(database.url)
    await other.open()
    try:
        other.unheard = commit
        channel = ScriptedChannel(clock)
        assert await attempt_page(dispatch(other, clock, channel), WEBHOOK)
        assert other.unheard < 0
    finally:
        await other.close()
    assert sorted(outgoing.endpoint_id for _, _, outgoing in channel.sent) == three
    assert await accepted(database) == [(one, marked) for one in three]
    await check(database, three)


async def test_what_is_wrong_is_not_tried_again(database):
    tries = []

    async def work(tx):
        tries.append(1)
        await tx.execute("SELECT 1 / 0")

    with pytest.raises(psycopg.DataError):
        await database.insist(work)
    assert len(tries) == 1
