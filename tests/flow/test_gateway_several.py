"""Several gateways on one port: one stops in the middle of a burst, and nobody loses anything."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from pyroaring import BitMap

from gateway_world import (
    NOW,
    Running,
    a_gateway,
    add_desktops,
    close_desktops,
    connect,
    publish,
)
from tidewire.ledger.record import record_stream
from tidewire.ledger.sums import stream_sum
from tidewire.model.delivery import Event, StreamReceipts
from tidewire.store.database import Database

BURST = 200
DESKTOPS = 24


@pytest.fixture(autouse=True)
async def desktops_go_home() -> AsyncIterator[None]:
    """No connection outlives its test."""
    yield
    await close_desktops()


async def test_one_stops_in_a_burst_and_everyone_gets_each_release_once(
    database: Database,
) -> None:
    desktops = await add_desktops(database, NOW, DESKTOPS)
    seeded = random.Random(11)
    due = [sorted(seeded.sample(desktops, DESKTOPS // 2)) for _ in range(BURST)]
    half = asyncio.Event()
    async with a_gateway(database, reuse_port=True) as stays:

        async def run_the_wire() -> None:
            for number, members in enumerate(due):
                await publish(database, NOW, {"de": members}, ring=True)
                if number == BURST // 3:
                    half.set()

        async def stop_one() -> None:
            await half.wait()
            await leaves.gateway.stop()

        async with a_gateway(database, port=stays.port, reuse_port=True) as leaves:
            reading = [asyncio.create_task(_live(stays, one, due, seeded)) for one in desktops]
            while _connected(stays) + _connected(leaves) < DESKTOPS:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert _connected(leaves) > 0
            assert _connected(stays) > 0
            await asyncio.gather(run_the_wire(), stop_one())
            assert _connected(leaves) == 0
            await asyncio.gather(*reading)
        # Each receipt is there, from one gateway or from both.
        counted: Counter[int] = Counter()
        for release_id in range(1, BURST + 1):
            members = due[release_id - 1]
            async with asyncio.timeout(20):
                while (found := _accepted(release_id, stays, leaves)) != BitMap(members):
                    assert found.issubset(BitMap(members))
                    await asyncio.sleep(0.02)
            counted.update(found)
        assert sum(counted.values()) == sum(map(len, due))


async def _live(
    running: Running, desktop: int, due: list[list[int]], seeded: random.Random
) -> None:
    """Read all that is due; come back with the last id when the connection ends, or at will."""
    wanted = [str(n) for n, members in enumerate(due, start=1) if desktop in members]
    got: list[str] = []
    last = "00"
    while len(got) < len(wanted):
        try:
            screen, hello = await connect(running, desktop, last_event_id=last)
        except (OSError, AssertionError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.01)  # the gateway that took it is closing
            continue
        assert hello["complete"] is True
        for _ in range(seeded.randint(5, 60)):
            event = await screen.event() if len(got) < len(wanted) else None
            if event is None:
                break
            if event.event == "release":
                got.append(event.id)
        last = screen.last_id
        await screen.close()
    assert got == wanted


def _connected(running: Running) -> int:
    return len(running.gateway.hub.connected)


def _accepted(release_id: int, *gateways: Running) -> BitMap:
    return BitMap().union(*(BitMap(one.books.accepted(release_id)) for one in gateways))


async def test_a_desktop_that_two_gateways_served_counts_once(database: Database) -> None:
    desktops = await add_desktops(database, NOW, 3)
    release_id, _ = await publish(database, NOW, {"de": desktops})

    def receipt(members: list[int], spread: dict[int, int]) -> StreamReceipts:
        return StreamReceipts(
            release_id=release_id, version=1, language="de", event=Event.ACCEPTED,
            members=BitMap(members).serialize(), spread=spread, at=NOW,
        )  # fmt: skip

    async with database.transaction() as tx:
        await record_stream(tx, [receipt(desktops[:2], {3: 1, 5: 1})], NOW)
        await record_stream(tx, [receipt(desktops[1:], {4: 1, 9: 1})], NOW)
        found = await stream_sum(tx, release_id, 1)
    assert found.accepted == 3
    assert found.spread == {3: 1, 4: 1, 5: 1}
