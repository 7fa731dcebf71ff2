"""The gateway over real sockets, with a real wire in a real store."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from httpx_sse import aconnect_sse

from editions import BODY_MARKS, a_release
from gateway_world import (
    NOW,
    PATIENCE,
    Books,
    a_gateway,
    add_desktops,
    close_desktops,
    connect,
    key_of,
    publish,
    publish_version,
    request,
)
from tidewire.channels.stream.frame import HEARTBEAT_SECONDS, SPREAD_MS
from tidewire.clock import FixedClock
from tidewire.model.release import Act
from tidewire.store import subscribers
from tidewire.store.database import Database


@pytest.fixture(autouse=True)
async def desktops_go_home() -> AsyncIterator[None]:
    """No connection outlives its test."""
    yield
    await close_desktops()


async def test_an_edition_reaches_who_is_due_in_their_language(database: Database) -> None:
    german, english, other = await add_desktops(database, NOW, 3)
    async with a_gateway(database) as running:
        screens = [(await connect(running, d))[0] for d in (german, english, other)]
        release_id, sequence = await publish(database, NOW, {"de": [german], "en": [english]})
        for screen, language in zip(screens, ("de", "en"), strict=False):
            (event,) = await screen.events(1)
            assert (event.event, event.id) == ("release", str(sequence))
            item = json.loads(event.data)
            assert item["language"] == language
            assert BODY_MARKS[language] in item["body_html"]
        assert await running.receipts(release_id, 2) == [german, english]
    assert await screens[2].event() is None  # it was due for nothing, and got nothing


async def test_httpx_sse_reads_the_stream(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    _, sequence = await publish(database, NOW, {"de": [desktop]})
    async with a_gateway(database) as running, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{running.port}/stream?key={key_of(desktop)}&last_event_id=00"
        async with aconnect_sse(client, "GET", url) as source:
            assert source.response.headers["cache-control"].startswith("no-store")
            assert source.response.headers["x-accel-buffering"] == "no"
            assert source.response.headers["access-control-allow-origin"] == "*"
            events = source.aiter_sse()
            hello, release = await anext(events), await anext(events)
    assert (hello.event, hello.retry) == ("hello", 3000)
    assert (release.event, release.id) == ("release", str(sequence))


@pytest.mark.parametrize(
    ("act", "event"),
    [(Act.CORRECT, "correction"), (Act.KILL, "kill"), (Act.WITHDRAW, "withdrawal")],
)
async def test_what_follows_a_release_has_its_own_event(
    database: Database, act: Act, event: str
) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    async with a_gateway(database) as running:
        # Narrowed to a sector that the release is not in: a kill must come all the same.
        screen, _ = await connect(running, desktop, query="?sector=gaming")
        release_id, _ = await publish(database, NOW, {"de": [desktop]})
        await publish_version(database, NOW, release_id, {"de": [desktop]}, version=2, act=act)
        (found,) = await screen.events(1)
        assert found.event == event
        assert await running.receipts(release_id, 1, version=2) == [desktop]
        assert running.books.accepted(release_id, 1) == []


async def test_a_bell_is_heard_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidewire.channels.stream.follow.POLL_SECONDS", 3600)
    (desktop,) = await add_desktops(database, NOW, 1)
    async with a_gateway(database) as running:
        screen, _ = await connect(running, desktop)
        await publish(database, NOW, {"de": [desktop]}, ring=True)
        assert (await screen.events(1))[0].event == "release"


async def test_receipts_wait_for_a_ledger_that_does_not_answer(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    books = Books(fault=RuntimeError("down"))
    async with a_gateway(database, books) as running:
        screen, _ = await connect(running, desktop)
        release_id, _ = await publish(database, NOW, {"de": [desktop]})
        await screen.events(1)
        with pytest.raises(RuntimeError):
            while True:
                await running.gateway.receipts.flush()
                await asyncio.sleep(0.01)
        books.fault = None
        assert await running.receipts(release_id, 1) == [desktop]
    assert sum(sum(found.spread.values()) for found in books.found) == 1


async def test_a_spread_counts_milliseconds_after_t0(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    clock = FixedClock(NOW)
    clock.advance(5)
    async with a_gateway(database, clock=clock) as running:
        screen, _ = await connect(running, desktop)
        release_id, _ = await publish(database, NOW, {"de": [desktop]})
        await screen.events(1)
        await running.receipts(release_id, 1)
    ((ms, number),) = running.books.found[0].spread.items()
    assert number == 1
    assert 4000 <= ms <= 5000  # less what the kernel says has passed since the answer came


async def test_a_desktop_has_several_windows_and_one_receipt(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    async with a_gateway(database) as running:
        screens = [(await connect(running, desktop))[0] for _ in range(3)]
        release_id, _ = await publish(database, NOW, {"de": [desktop]})
        for screen in screens:
            assert (await screen.events(1))[0].event == "release"
        await running.receipts(release_id, 1)
    assert running.books.accepted(release_id) == [desktop]


async def test_of_too_many_windows_the_oldest_gives_way(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    async with a_gateway(database) as running:
        screens = [(await connect(running, desktop))[0] for _ in range(9)]
        assert await screens[0].event() is None
        await publish(database, NOW, {"de": [desktop]})
        assert (await screens[1].events(1))[0].event == "release"


async def test_language_and_sector_narrow_what_is_sent(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1, ["de", "en"])
    async with a_gateway(database) as running:
        english, _ = await connect(running, desktop, query="?language=en")
        unread, _ = await connect(running, desktop, query="?language=fr,ja")
        gaming, _ = await connect(running, desktop, query="?sector=gaming")
        energy, _ = await connect(running, desktop, query="?sector=gaming,energy")
        await publish(database, NOW, {"de": [desktop]})
        got = [
            json.loads((await screen.events(1))[0].data)["language"]
            for screen in (english, unread, energy)
        ]
        assert got == ["en", "de", "de"]
    assert await gaming.event() is None


async def test_a_voided_key_is_refused_and_loses_its_connections(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    async with a_gateway(database) as running:
        screen, _ = await connect(running, desktop)
        async with database.transaction() as tx:
            assert await subscribers.void_key(tx, desktop, NOW) == 1
        status, headers, said = await running.ask(request(key_of(desktop)))
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert headers["content-type"] == "application/problem+json"
        assert said["status"] == 401
        await running.gateway.door.recheck()
        assert await screen.event() is None
        status, *_ = await running.ask(request(key_of(desktop, 1), method="HEAD"))
        assert status == 200


async def test_who_left_and_who_never_was_are_refused(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    async with database.transaction() as tx:
        await subscribers.leave(tx, desktop, NOW)
    async with a_gateway(database) as running:
        for key in (key_of(desktop), key_of(desktop + 1), key_of(2**40), key_of(-1), "junk", ""):
            status, _, said = await running.ask(request(key))
            assert (status, said["status"]) == (401, 401), key


async def test_a_desktop_that_stops_sending_is_closed_after_its_last_receipt(
    database: Database,
) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    async with a_gateway(database) as running:
        screen, _ = await connect(running, desktop)
        release_id, sequence = await publish(database, NOW, {"de": [desktop]})
        assert (await screen.events(1))[0].id == str(sequence)
        screen.writer.write_eof()
        assert await screen.event() is None
        assert await running.receipts(release_id, 1) == [desktop]
        assert len(running.gateway.hub.connected) == 0


async def test_a_reader_that_does_not_read_is_cut_and_gets_the_rest_by_replay(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidewire.channels.stream.protocol.BUFFER_BYTES", 500_000)
    slow, quick = await add_desktops(database, NOW, 2)
    content = a_release(("de",))
    long = content.renditions[0].body * 100
    content = replace(content, renditions=(replace(content.renditions[0], body=long),))
    async with a_gateway(database) as running:
        asleep, _ = await connect(running, slow)
        awake, _ = await connect(running, quick)
        asleep.writer.transport.pause_reading()  # type: ignore[attr-defined]
        number = 0
        while not running.gateway.hub.counters.cut:
            await publish(database, NOW, {"de": [slow, quick]}, content=content, ring=True)
            number += 1
            assert (await awake.events(1))[0].id == str(number)
        asleep.writer.transport.abort()
        again, hello = await connect(running, slow, last_event_id="0")
        assert hello["complete"] is True
        assert [e.id for e in await again.events(number)] == [str(n + 1) for n in range(number)]


async def test_closing_tells_desktops_and_leaves_no_receipt_behind(database: Database) -> None:
    desktops = await add_desktops(database, NOW, 20)
    async with a_gateway(database) as running:
        screens = [(await connect(running, d))[0] for d in desktops]
        release_id, _ = await publish(database, NOW, {"de": desktops})
        for screen in screens:
            await screen.events(1)
    waits = set()
    for screen in screens:
        retry, said, end = (await screen.reader.read()).split(b"\n")
        assert (said, end) == (b": the gateway is closing; connect again", b"")
        waits.add(int(retry.removeprefix(b"retry: ")))
    assert len(waits) == len(desktops)  # they do not all come back at once
    assert 0 < min(waits) <= max(waits) <= SPREAD_MS
    assert running.books.accepted(release_id) == desktops


async def test_heartbeats_reach_everyone_in_one_round(database: Database) -> None:
    desktops = await add_desktops(database, NOW, 30)
    async with a_gateway(database) as running:
        screens = [(await connect(running, d))[0] for d in desktops]
        for _ in range(HEARTBEAT_SECONDS):
            running.gateway.hub.beat()
        for screen in screens:
            async with asyncio.timeout(PATIENCE):
                assert await screen.reader.readline() == b": heartbeat\n"
