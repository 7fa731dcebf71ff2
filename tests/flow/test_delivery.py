"""Delivering: every delivery ends, nothing is lost, what may be twice is marked."""

import asyncio
from datetime import timedelta

import pytest

from tidewire.audience.index import AudienceIndex
from tidewire.delivery.attempt import LEASE, attempt_page
from tidewire.delivery.collect import collect_retries
from tidewire.delivery.feedback import hear, resume_paused
from tidewire.delivery.plan import Plan, plan_waiting
from tidewire.delivery.retry import WAITS
from tidewire.ledger.verify import verify
from tidewire.model.delivery import (
    Accepted,
    ChannelCode,
    Deferred,
    DeliveryState,
    Event,
    Feedback,
    Receipt,
    Refused,
)
from tidewire.model.release import Act
from tidewire.publish.moment import Press, publish_due
from tidewire.publish.stage import Stage, stage_waiting
from tidewire.store import deliveries, endpoints, stagings, suppressions
from wire import (
    ScriptedChannel,
    SilentBell,
    a_reading,
    a_vault,
    add_release,
    add_subscriber,
    add_version,
    dispatch,
    go,
)

OPENINGS = 3  # each release's batches before its first page: staged, planned, published

WEBHOOK = ChannelCode.WEBHOOK


async def rows(database, query, *values):
    async with database.transaction() as tx:
        return await (await tx.execute(query, values)).fetchall()


async def states(database):
    found = await rows(
        database, "SELECT state FROM delivery WHERE channel = 2 ORDER BY endpoint_id"
    )
    return [DeliveryState(row[0]) for row in found]


@pytest.fixture
async def three(database, clock):
    """Three outlets with a webhook each, and a published release; their endpoint ids."""
    async with database.transaction() as tx:
        ids = [(await add_subscriber(tx, clock.now()))[1] for _ in range(3)]
    await add_release(database, clock.now())
    await go(database, clock)
    return ids


async def test_every_endpoint_gets_it_once_and_the_ledger_says_so(database, clock, three):
    channel = ScriptedChannel(clock)
    work = dispatch(database, clock, channel)
    while await attempt_page(work, WEBHOOK):
        pass
    assert sorted(o.endpoint_id for _, _, o in channel.sent) == three
    assert await states(database) == [DeliveryState.ACCEPTED] * 3
    entries = await rows(
        database, "SELECT endpoint_id, event, code, repeat FROM ledger_entry WHERE endpoint_id > 0"
    )
    assert sorted(entries) == [(i, int(Event.ACCEPTED), 200, False) for i in three]
    started = await rows(database, "SELECT rows FROM ledger_batch WHERE event = %s", Event.STARTED)
    assert started == [(3,)]
    async with database.transaction() as tx:
        verdict = await verify(tx)
    assert not verdict.fault and verdict.batches == OPENINGS + 2


async def test_nothing_is_sent_before_the_moment(database, clock):
    async with database.transaction() as tx:
        await add_subscriber(tx, clock.now())
    await add_release(database, clock.now(), t0=clock.now() + timedelta(seconds=5))
    await go(database, clock)
    channel = ScriptedChannel(clock)
    assert not await attempt_page(dispatch(database, clock, channel), WEBHOOK)
    clock.advance(5)
    await go(database, clock)
    assert await attempt_page(dispatch(database, clock, channel), WEBHOOK)
    assert len(channel.sent) == 1


async def test_a_deferred_delivery_is_tried_again_under_the_same_key(database, clock, three):
    answers = iter([Deferred(503), Accepted(200), Accepted(200), Accepted(204)])
    channel = ScriptedChannel(clock, lambda _: next(answers))
    work = dispatch(database, clock, channel)
    await attempt_page(work, WEBHOOK)
    assert await collect_retries(database, clock) == 0  # not yet
    clock.advance(WAITS[1])
    assert await collect_retries(database, clock) == 1
    await attempt_page(work, WEBHOOK)
    assert await states(database) == [DeliveryState.ACCEPTED] * 3
    first, again = channel.sent[0][2], channel.sent[-1][2]
    assert first.key == again.key
    assert (first.attempt, again.attempt) == (1, 2)
    assert not again.repeat  # a 503 was an answer: it cannot have arrived


async def test_a_delivery_that_never_succeeds_ends_dead(database, clock, three):
    channel = ScriptedChannel(clock, lambda _: Deferred(503, blame_host=False))
    work = dispatch(database, clock, channel)
    for _ in range(len(WAITS)):
        await attempt_page(work, WEBHOOK)
        clock.advance(90_000)
        await collect_retries(database, clock)
    assert not await attempt_page(work, WEBHOOK)
    assert await states(database) == [DeliveryState.DEAD] * 3
    assert await rows(database, "SELECT count(*) FROM delivery WHERE state IN (0, 1, 3)") != [(3,)]


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs."""


async def test_what_a_dead_worker_held_is_sent_again_with_the_same_key_and_marked(
    database, clock, three
):
    seen = []

    def dies_at_second(outgoing):
        seen.append(outgoing.key)
        if len(seen) == 2:
            raise Killed
        return Accepted(200)

    with pytest.raises(BaseException):  # noqa: B017 (a killed process raises nothing at all)
        await attempt_page(
            dispatch(database, clock, ScriptedChannel(clock, dies_at_second), "dead"), WEBHOOK
        )
    other = ScriptedChannel(clock)
    work = dispatch(database, clock, other, "alive")
    assert not await attempt_page(work, WEBHOOK)  # the lease still holds
    clock.advance(LEASE.total_seconds() + 1)
    assert await attempt_page(work, WEBHOOK)
    assert await states(database) == [DeliveryState.ACCEPTED] * 3
    assert seen[1] in {o.key for _, _, o in other.sent}
    assert all(o.repeat for _, _, o in other.sent)
    marked = await rows(database, "SELECT count(*) FROM ledger_entry WHERE repeat")
    assert marked == [(len(other.sent),)]


async def test_a_delivery_that_a_bounce_came_back_from_had_arrived(database, clock, three):
    """Its worker died before it wrote the answer down, and the bounce suppressed the address."""

    def dies(_):
        raise Killed

    with pytest.raises(BaseException):  # noqa: B017 (a killed process raises nothing at all)
        await attempt_page(dispatch(database, clock, ScriptedChannel(clock, dies), "dead"), WEBHOOK)
    await hear(database, clock, Feedback(1, 1, three[0], Event.BOUNCED))
    clock.advance(LEASE.total_seconds() + 1)
    other = ScriptedChannel(clock)
    assert await attempt_page(dispatch(database, clock, other, "alive"), WEBHOOK)
    assert three[0] not in {o.endpoint_id for _, _, o in other.sent}
    assert await states(database) == [DeliveryState.ACCEPTED] * 3


async def test_two_workers_share_the_pages_and_send_nothing_twice(database, clock):
    async with database.transaction() as tx:
        for _ in range(1100):
            await add_subscriber(tx, clock.now())
    await add_release(database, clock.now())
    await go(database, clock)
    one, two = ScriptedChannel(clock), ScriptedChannel(clock)

    async def drain(channel, owner):
        work = dispatch(database, clock, channel, owner)
        while await attempt_page(work, WEBHOOK):
            pass

    await asyncio.gather(drain(one, "one"), drain(two, "two"))
    keys = [o.key for _, _, o in one.sent + two.sent]
    assert len(keys) == len(set(keys)) == 1100
    assert one.sent and two.sent


async def test_a_channel_that_fails_leaves_nothing_unsettled(database, clock, three):
    def breaks(outgoing):
        raise RuntimeError("a fault in the channel")

    await attempt_page(dispatch(database, clock, ScriptedChannel(clock, breaks)), WEBHOOK)
    assert await states(database) == [DeliveryState.DEFERRED] * 3


async def test_an_address_suppressed_after_planning_gets_nothing(database, clock, three):
    async with database.transaction() as tx:
        endpoint = await endpoints.by_id(tx, three[1])
        await suppressions.add(tx, WEBHOOK, endpoint.address, "operator", "test", clock.now())
    channel = ScriptedChannel(clock)
    await attempt_page(dispatch(database, clock, channel), WEBHOOK)
    assert three[1] not in {o.endpoint_id for _, _, o in channel.sent}
    assert (await states(database))[1] is DeliveryState.DEAD


async def test_a_deferred_original_is_dropped_once_a_kill_is_out(database, clock, three):
    channel = ScriptedChannel(clock, lambda _: Deferred(503))
    work = dispatch(database, clock, channel)
    await attempt_page(work, WEBHOOK)
    release_id = (await rows(database, "SELECT id FROM release"))[0][0]
    await add_version(database, release_id, 2, Act.KILL, clock.now())
    await go(database, clock)
    clock.advance(WAITS[1])
    await collect_retries(database, clock)
    channel.answer = lambda _: Accepted(200)
    channel.sent.clear()
    while await attempt_page(work, WEBHOOK):
        pass
    assert {(e.act, o.endpoint_id) for e, _, o in channel.sent} == {(Act.KILL, i) for i in three}
    found = await rows(
        database, "SELECT DISTINCT version, state FROM delivery WHERE channel = 2 ORDER BY 1"
    )
    assert found == [(1, DeliveryState.DEAD), (2, DeliveryState.ACCEPTED)]


async def test_gone_disables_and_an_unknown_mailbox_is_suppressed(database, clock, three):
    answers = {three[0]: Refused(410, disable=True), three[1]: Refused(550, suppress=True)}
    channel = ScriptedChannel(clock, lambda o: answers.get(o.endpoint_id, Accepted(200)))
    await attempt_page(dispatch(database, clock, channel), WEBHOOK)
    found = await rows(database, "SELECT state FROM endpoint WHERE channel = 2 ORDER BY id")
    assert [row[0] for row in found] == [3, 1, 0]


@pytest.mark.parametrize(
    "event, permanent, times, state",
    [
        (Event.BOUNCED, True, 1, 1),
        (Event.BOUNCED, False, 2, 0),
        (Event.BOUNCED, False, 3, 2),
        (Event.COMPLAINED, True, 1, 1),
        (Event.UNSUBSCRIBED, True, 1, 1),
    ],
)
async def test_feedback_is_recorded_and_acted_on(
    database, clock, three, event, permanent, times, state
):
    release_id = (await rows(database, "SELECT id FROM release"))[0][0]
    for _ in range(times):
        feedback = Feedback(release_id, 1, three[0], event, 550, "a reason", permanent=permanent)
        await hear(database, clock, feedback)
    assert await rows(database, "SELECT state FROM endpoint WHERE id = %s", three[0]) == [(state,)]
    entries = await rows(database, "SELECT count(*) FROM ledger_entry WHERE event = %s", int(event))
    assert entries == [(times,)]


async def test_the_breaker_holds_a_failing_host_back_without_using_up_tries(database, clock):
    async with database.transaction() as tx:
        await add_subscriber(tx, clock.now())
    channel = ScriptedChannel(clock, lambda _: Deferred(500))
    channel.host = lambda address: "one-host.example"
    work = dispatch(database, clock, channel)
    for _ in range(10):
        await add_release(database, clock.now())
        await go(database, clock)
        await attempt_page(work, WEBHOOK)
    sent = len(channel.sent)
    await add_release(database, clock.now())
    await go(database, clock)
    await attempt_page(work, WEBHOOK)
    assert len(channel.sent) == sent
    held = await rows(
        database, "SELECT state, attempt FROM delivery WHERE channel = 2 ORDER BY release_id DESC"
    )
    assert held[0] == (DeliveryState.DEFERRED, 0)


async def test_a_changed_ledger_is_found_out(database, clock, three):
    await attempt_page(dispatch(database, clock, ScriptedChannel(clock)), WEBHOOK)
    async with database.transaction() as tx:
        await tx.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ALL")
        await tx.execute("UPDATE ledger_entry SET code = 550 WHERE endpoint_id = %s", (three[0],))
    async with database.transaction() as tx:
        verdict = await verify(tx)
    assert f"batch {OPENINGS + 2} does" in verdict.fault


async def test_a_kill_planned_before_the_original_waits_for_it(database, clock):
    """Two planners at once: the readers of the kill are known only after the original's plan."""
    async with database.transaction() as tx:
        ids = [(await add_subscriber(tx, clock.now()))[1] for _ in range(3)]
    release_id = await add_release(database, clock.now())
    index = await AudienceIndex.load(database)
    stage = Stage(database, clock, SilentBell(), index, a_reading(a_vault(database, clock)))
    await stage_waiting(stage)
    await publish_due(Press(database, clock, SilentBell(), a_vault(database, clock)))
    await add_version(database, release_id, 2, Act.KILL, clock.now())
    await stage_waiting(stage)
    async with database.transaction() as tx:
        assert await stagings.hold_unplanned(tx, release_id, 2) is None
        assert await stagings.hold_unplanned(tx, release_id, 1) is True
    assert await plan_waiting(Plan(database, clock, SilentBell(), a_vault(database, clock))) == 2
    due = await rows(
        database, "SELECT endpoint_id FROM delivery WHERE version = 2 AND channel = 2 ORDER BY 1"
    )
    assert [row[0] for row in due] == ids


async def test_a_page_under_way_stops_when_a_kill_is_out_and_the_kill_comes_last(
    database, clock, three
):
    release_id = (await rows(database, "SELECT id FROM release"))[0][0]
    sent = []
    first_sent = asyncio.Event()

    class Slow(ScriptedChannel):
        async def send(self, edition, language, deliveries, prepared=b""):
            for number, one in enumerate(deliveries):
                if edition.act is Act.PUBLISH and number == 1:
                    first_sent.set()
                    await asyncio.Event().wait()  # a slow host: for ever
                sent.append((one.endpoint_id, edition.act))
                yield Receipt(one.endpoint_id, one.attempt, Accepted(200), clock.now())

    work = dispatch(database, clock, Slow(clock))
    original = asyncio.create_task(attempt_page(work, WEBHOOK))
    await first_sent.wait()
    await add_version(database, release_id, 2, Act.KILL, clock.now())
    await go(database, clock)
    assert not await attempt_page(work, WEBHOOK)  # it waits for the page under way to stop
    async with asyncio.timeout(10):
        await original
    clock.advance(0.001)
    while await attempt_page(work, WEBHOOK):
        pass
    last = dict(sent)
    assert last == dict.fromkeys(three, Act.KILL)
    assert {act for _, act in sent[:1]} == {Act.PUBLISH}
    states_now = await rows(
        database, "SELECT DISTINCT version, state FROM delivery WHERE channel = 2"
    )
    assert (2, DeliveryState.ACCEPTED) in states_now
    assert not [s for _, s in states_now if s in (0, 1)]


async def test_a_worker_that_lost_its_lease_changes_nothing_any_more(database, clock, three):
    page_of = (
        "SELECT id, release_id, version, channel, language, claims FROM page WHERE channel = 2"
    )
    other = dispatch(database, clock, ScriptedChannel(clock), "other")

    class Stalls(ScriptedChannel):
        async def send(self, edition, language, deliveries, prepared=b""):
            clock.advance(LEASE.total_seconds() + 1)
            await attempt_page(other, WEBHOOK)  # meanwhile another worker takes the page
            for one in deliveries:
                yield Receipt(one.endpoint_id, one.attempt, Deferred(503), clock.now())

    await attempt_page(dispatch(database, clock, Stalls(clock), "stalled"), WEBHOOK)
    assert await states(database) == [DeliveryState.ACCEPTED] * 3
    deferred = await rows(
        database, "SELECT count(*) FROM ledger_entry WHERE event = %s", int(Event.DEFERRED)
    )
    assert deferred == [(0,)]
    assert (await rows(database, page_of))[0][5] == 2


async def test_a_claimed_page_leaves_alone_what_waits_for_its_next_try(database, clock, three):
    answers = {three[0]: Deferred(503)}

    def answer(outgoing):
        if outgoing.endpoint_id == three[2]:
            raise Killed
        return answers.get(outgoing.endpoint_id, Accepted(200))

    with pytest.raises(BaseException):  # noqa: B017
        await attempt_page(
            dispatch(database, clock, ScriptedChannel(clock, answer), "dead"), WEBHOOK
        )
    waiting = await rows(
        database, "SELECT endpoint_id FROM delivery WHERE channel = 2 AND state = 3"
    )
    assert waiting == [(three[0],)]
    later = clock.now() + timedelta(hours=1)
    async with database.transaction() as tx:
        await tx.execute("UPDATE delivery SET due_at = %s WHERE state = 3", (later,))
    clock.advance(LEASE.total_seconds() + 1)
    again = ScriptedChannel(clock)
    await attempt_page(dispatch(database, clock, again, "alive"), WEBHOOK)
    tried = {o.endpoint_id for _, _, o in again.sent}
    assert tried.isdisjoint(row[0] for row in waiting)


async def test_a_kill_reaches_those_whose_every_try_may_have_arrived_unseen(database, clock, three):
    channel = ScriptedChannel(
        clock, lambda _: Deferred(0, "timeout", unseen=True, blame_host=False)
    )
    work = dispatch(database, clock, channel)
    for _ in range(len(WAITS)):
        await attempt_page(work, WEBHOOK)
        clock.advance(90_000)
        await collect_retries(database, clock)
    assert await states(database) == [DeliveryState.DEAD] * 3
    release_id = (await rows(database, "SELECT id FROM release"))[0][0]
    await add_version(database, release_id, 2, Act.KILL, clock.now())
    await go(database, clock)
    due = await rows(database, "SELECT count(*) FROM delivery WHERE version = 2 AND channel = 2")
    assert due == [(3,)]


async def test_a_pause_after_soft_bounces_ends(database, clock, three):
    release_id = (await rows(database, "SELECT id FROM release"))[0][0]
    for _ in range(3):
        feedback = Feedback(release_id, 1, three[0], Event.BOUNCED, 452, "full", permanent=False)
        await hear(database, clock, feedback)
    assert await resume_paused(database, clock) == 0
    clock.advance(14 * 86_400)
    assert await resume_paused(database, clock) == 1
    assert await rows(database, "SELECT state FROM endpoint WHERE id = %s", three[0]) == [(0,)]


async def test_a_host_whose_breaker_trips_for_good_is_disabled(database, clock):
    async with database.transaction() as tx:
        _, endpoint = await add_subscriber(tx, clock.now())
    channel = ScriptedChannel(clock, lambda _: Deferred(500))
    channel.host = lambda address: "one-host.example"
    work = dispatch(database, clock, channel)
    for _ in range(40):
        await add_release(database, clock.now())
        await go(database, clock)
        await attempt_page(work, WEBHOOK)
        clock.advance(31 if len(channel.sent) >= 10 else 1)
        if await rows(database, "SELECT 1 FROM endpoint WHERE id = %s AND state = 3", endpoint):
            break
    else:
        pytest.fail("the endpoint was never disabled")
    async with database.transaction() as tx:
        await endpoints.set_state(tx, endpoint, 0)
        await tx.execute("UPDATE delivery SET state = 5 WHERE state IN (0, 1, 3)")
        revived = await deliveries.revive(
            tx, endpoint, since=clock.now() - timedelta(days=7), now=clock.now()
        )
    assert revived == len(
        await rows(database, "SELECT 1 FROM delivery WHERE channel = 2 AND state = 3")
    )
    assert revived > 0
