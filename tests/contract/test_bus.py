"""What every bus keeps. Another implementation joins with one line in BUSES."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from nats_world import nats_server
from tidewire.bus.bell import Bell, Topic
from tidewire.bus.nats import NatsBell, read_servers
from tidewire.bus.postgres import PostgresBell
from tidewire.store.database import Database


@dataclass
class Rig:
    """A bell under test. `cut` breaks the connections that it listens on, from outside."""

    bell: Bell
    cut: Callable[[], Awaitable[None]]


@asynccontextmanager
async def postgres(database: Database) -> AsyncIterator[Rig]:
    """The bell over the test's own database."""

    async def cut() -> None:
        async with database.transaction() as tx:
            cut = await tx.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'tidewire-bell' AND datname = current_database()"
            )
            assert cut.rowcount > 0

    bell = PostgresBell(database)
    yield Rig(bell, cut)
    await bell.close()


@asynccontextmanager
async def nats(_: Database) -> AsyncIterator[Rig]:
    """The bell over a NATS server of the test's own."""
    with nats_server() as server:

        async def cut() -> None:
            server.kill()
            server.start()

        bell = NatsBell(read_servers(server.url))
        bell.open()
        async with bell.listen():  # connected
            pass
        yield Rig(bell, cut)
        await bell.close()


BUSES: list[Callable[[Database], AbstractAsyncContextManager[Rig]]] = [postgres, nats]


@pytest.fixture(params=BUSES, ids=lambda bus: bus.__name__)
async def rig(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Rig]:
    async with request.param(database) as rig:
        yield rig


async def _next(rings: AsyncIterator[tuple[Topic, str]]) -> tuple[Topic, str]:
    async with asyncio.timeout(20):
        return await anext(rings)


async def test_a_ring_is_heard_with_what_it_is_about(rig: Rig) -> None:
    async with rig.bell.listen(Topic.PUBLISHED) as rings:
        await rig.bell.ring(Topic.PUBLISHED, "42")
        assert await _next(rings) == (Topic.PUBLISHED, "42")


async def test_whoever_listens_before_hears_whatever_is_rung_after(rig: Rig) -> None:
    async with rig.bell.listen(Topic.PUBLISHED) as rings:
        for number in range(100):
            await rig.bell.ring(Topic.PUBLISHED, str(number))
        assert [(await _next(rings))[1] for _ in range(100)] == [str(n) for n in range(100)]


async def test_only_the_topics_asked_for_are_heard(rig: Rig) -> None:
    async with rig.bell.listen(Topic.STAGED, Topic.PLANNED) as rings:
        await rig.bell.ring(Topic.RECEIVED, "1")
        await rig.bell.ring(Topic.PLANNED, "2")
        await rig.bell.ring(Topic.PUBLISHED, "3")
        await rig.bell.ring(Topic.STAGED, "4")
        assert [await _next(rings), await _next(rings)] == [
            (Topic.PLANNED, "2"),
            (Topic.STAGED, "4"),
        ]


async def test_every_listener_hears_every_ring(rig: Rig) -> None:
    async with (
        rig.bell.listen(Topic.PUBLISHED) as here,
        rig.bell.listen(Topic.PUBLISHED) as there,
    ):
        await rig.bell.ring(Topic.PUBLISHED, "7")
        assert await _next(here) == await _next(there) == (Topic.PUBLISHED, "7")


async def test_a_ring_may_be_about_nothing_or_hold_colons_and_letters(rig: Rig) -> None:
    async with rig.bell.listen(Topic.AUDIENCE) as rings:
        for what in ("", "a:b:c", "größe'; --"):
            await rig.bell.ring(Topic.AUDIENCE, what)
            assert await _next(rings) == (Topic.AUDIENCE, what)


async def test_nothing_is_heard_from_before_listening(rig: Rig) -> None:
    await rig.bell.ring(Topic.PUBLISHED, "early")
    async with rig.bell.listen(Topic.PUBLISHED) as rings:
        await rig.bell.ring(Topic.PUBLISHED, "now")
        assert await _next(rings) == (Topic.PUBLISHED, "now")


async def test_a_listener_survives_a_broken_connection_and_hears_nothing_false(rig: Rig) -> None:
    async with rig.bell.listen(Topic.PUBLISHED) as rings:
        await rig.bell.ring(Topic.PUBLISHED, "before")
        assert await _next(rings) == (Topic.PUBLISHED, "before")
        await rig.cut()
        heard = asyncio.create_task(_next(rings))
        rung = 0
        while not heard.done():  # a ring may be lost until the listener is back
            rung += 1
            await rig.bell.ring(Topic.PUBLISHED, f"after-{rung}")
            await asyncio.wait({heard}, timeout=0.05)
        topic, what = heard.result()
        assert topic is Topic.PUBLISHED
        assert what in {f"after-{number}" for number in range(1, rung + 1)}


async def test_closing_the_bell_ends_the_listening(rig: Rig) -> None:
    async with rig.bell.listen(Topic.PUBLISHED) as rings:
        waiting = asyncio.create_task(anext(rings, None))
        await rig.bell.close()
        async with asyncio.timeout(20):
            assert await waiting is None


async def test_it_can_be_closed_twice(rig: Rig) -> None:
    await rig.bell.close()
    await rig.bell.close()


async def test_a_listener_that_is_cancelled_leaves_no_task_behind(rig: Rig) -> None:
    before = asyncio.all_tasks()

    async def listen(ready: asyncio.Event) -> None:
        async with rig.bell.listen(Topic.PUBLISHED) as rings:
            ready.set()
            async for _ in rings:
                pass

    ready = asyncio.Event()
    listener = asyncio.create_task(listen(ready))
    await ready.wait()
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    assert asyncio.all_tasks() - before == set()
