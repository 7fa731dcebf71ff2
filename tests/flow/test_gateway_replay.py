"""Coming back to the stream: what was missed is replayed, told, and counted once."""

import asyncio
import json
import random
from collections.abc import AsyncIterator

import pytest
from httpx_sse import ServerSentEvent
from pyroaring import BitMap

from gateway_world import (
    NOW,
    Books,
    Desktop,
    a_gateway,
    add_desktops,
    close_desktops,
    connect,
    publish,
    publish_version,
)
from tidewire.clock import SystemClock
from tidewire.model.release import Act
from tidewire.store.database import Database


@pytest.fixture(autouse=True)
async def desktops_go_home() -> AsyncIterator[None]:
    """No connection outlives its test."""
    yield
    await close_desktops()


async def test_replay_gives_what_was_missed_and_nothing_else(database: Database) -> None:
    here, away = await add_desktops(database, NOW, 2)
    _, first = await publish(database, NOW, {"de": [here, away]})
    _, second = await publish(database, NOW, {"de": [here]})
    _, third = await publish(database, NOW, {"en": [away], "de": [here]})
    async with a_gateway(database) as running:
        screen, hello = await connect(running, away, last_event_id=str(first))
        assert hello == {"head": 3, "after": 1, "replay_from": 2, "complete": True}
        (event,) = await screen.events(1)
        assert (event.id, json.loads(event.data)["language"]) == (str(third), "en")
        _, fourth = await publish(database, NOW, {"de": [away]})
        assert (await screen.events(1))[0].id == str(fourth)
    assert second == 2


@pytest.mark.parametrize("sent", ["-1", "x", "1.0", "²", "9" * 40, "99", "1 2"])
async def test_a_last_event_id_that_is_not_of_this_wire_begins_live_and_says_so(
    database: Database, sent: str
) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    await publish(database, NOW, {"de": [desktop]})
    async with a_gateway(database) as running:
        screen, hello = await connect(running, desktop, last_event_id=sent)
        assert hello["complete"] is False
        assert (hello["head"], hello["replay_from"]) == (1, 2)
        _, sequence = await publish(database, NOW, {"de": [desktop]})
        assert (await screen.events(1))[0].id == str(sequence)


async def test_who_was_away_too_long_is_told_where_replay_begins(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidewire.channels.stream.replay.start_of.__kwdefaults__", {"limit": 2})
    (desktop,) = await add_desktops(database, NOW, 1)
    for _ in range(4):
        await publish(database, NOW, {"de": [desktop]})
    async with a_gateway(database) as running:
        screen, hello = await connect(running, desktop, last_event_id="1")
        assert hello == {"head": 4, "after": 1, "replay_from": 3, "complete": False}
        assert [e.id for e in await screen.events(2)] == ["3", "4"]


async def test_a_hello_leaves_an_id_so_that_a_fresh_desktop_misses_nothing(
    database: Database,
) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    release_id, _ = await publish(database, NOW, {"de": [desktop]})
    async with a_gateway(database) as running:
        screen, _ = await connect(running, desktop)
        await screen.close()
        _, sequence = await publish(database, NOW, {"de": [desktop]})
        again, hello = await connect(running, desktop, last_event_id=screen.last_id)
        assert hello["complete"] is True
        assert (await again.events(1))[0].id == str(sequence)
    # It stood at the first edition, but never had it.
    assert running.books.accepted(release_id) == []


async def test_a_desktop_that_names_its_last_edition_has_a_receipt_for_it(
    database: Database,
) -> None:
    """A gateway that died had not written it down; the desktop says that it has it."""
    desktop, known, other = await add_desktops(database, NOW, 3)
    release_id, sequence = await publish(database, NOW, {"de": [desktop, known]})
    books = Books()
    books.earlier[release_id, 1] = BitMap([known])
    async with a_gateway(database, books) as running:
        for one in (desktop, known, other):
            await connect(running, one, last_event_id=str(sequence))
        assert await running.receipts(release_id, 1) == [desktop]
    assert books.accepted(release_id) == [desktop]


async def test_a_replay_of_what_was_acknowledged_is_not_counted_twice(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    async with a_gateway(database) as running:
        screen, _ = await connect(running, desktop)
        release_id, sequence = await publish(database, NOW, {"de": [desktop]})
        await screen.events(1)
        await running.receipts(release_id, 1)
        again, _ = await connect(running, desktop, last_event_id="0")
        assert (await again.events(1))[0].id == str(sequence)
    assert running.books.accepted(release_id) == [desktop]


async def test_a_thousand_desktops_at_once_while_the_wire_runs_get_all_once(
    database: Database,
) -> None:
    desktops = await add_desktops(database, NOW, 1000)
    now = SystemClock().now()
    releases = []
    async with a_gateway(database) as running:

        async def read(desktop: int) -> list[str]:
            screen, _ = await connect(running, desktop, last_event_id="00")
            return [event.id for event in await screen.events(12)]

        async def run_the_wire() -> None:
            for _ in range(12):
                releases.append((await publish(database, now, {"de": desktops}, ring=True))[0])
                await asyncio.sleep(0)

        *got, _ = await asyncio.gather(*(read(d) for d in desktops), run_the_wire())
        assert [list(map(str, range(1, 13)))] * 1000 == got
        for release_id in releases:
            assert await running.receipts(release_id, 1000) == desktops


async def test_dropping_and_coming_back_loses_nothing_and_repeats_nothing(
    database: Database,
) -> None:
    desktops = await add_desktops(database, NOW, 40)
    seeded = random.Random(7)
    due = [sorted(seeded.sample(desktops, 20)) for _ in range(25)]
    done = asyncio.Event()

    async with a_gateway(database) as running:

        async def live(desktop: int) -> list[str]:
            """Read a few events, drop, come back with the last id, until nothing is missing."""
            wanted = [str(n) for n, members in enumerate(due, start=1) if desktop in members]
            got: list[str] = []
            last = "00"
            while len(got) < len(wanted):
                screen, hello = await connect(running, desktop, last_event_id=last)
                assert hello["complete"] is True
                got += [
                    event.id
                    for event in await _some(screen, seeded.randint(0, 3), len(wanted) - len(got))
                ]
                last = screen.last_id
                await screen.close()
            assert got == wanted
            return got

        async def run_the_wire() -> None:
            for members in due:
                await publish(database, NOW, {"de": members}, ring=True)
                await asyncio.sleep(seeded.random() / 100)
            done.set()

        await asyncio.gather(*(live(d) for d in desktops), run_the_wire())


async def _some(screen: Desktop, number: int, most: int) -> list[ServerSentEvent]:
    return await screen.events(min(number, most))


@pytest.mark.parametrize("live_before", [True, False])
async def test_whoever_was_away_gets_the_kill_and_never_the_text_it_took_back(
    database: Database, live_before: bool
) -> None:
    here, away = await add_desktops(database, NOW, 2)
    async with a_gateway(database) as running:
        if live_before:  # the gateway has the original at hand when it is replayed
            await connect(running, here)
        release_id, first = await publish(database, NOW, {"de": [here, away]})
        due = {"de": [here, away]}
        killed = await publish_version(database, NOW, release_id, due, version=2, act=Act.KILL)
        screen, _ = await connect(running, away, last_event_id="0")
        (event,) = await screen.events(1)
        assert (event.event, event.id) == ("kill", str(killed))
        assert first < killed
