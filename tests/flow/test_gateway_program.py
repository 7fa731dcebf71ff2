"""The gateway program: with the ledger, the keys and the settings of a real house."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway_world import (
    NOW,
    PATIENCE,
    Books,
    Running,
    a_gateway,
    add_desktops,
    close_desktops,
    connect,
    key_of,
    publish,
)
from gateway_world import SIGNER as KEYS
from tidewire.app.assemble import House
from tidewire.app.commands.desktop import issue
from tidewire.app.gateway import gateway_context, run_gateway
from tidewire.app.settings import read_settings
from tidewire.bus.postgres import PostgresBell
from tidewire.channels.stream.gateway import Gateway
from tidewire.clock import SystemClock
from tidewire.ledger.sums import stream_sum
from tidewire.model.errors import Misconfigured, NotFound
from tidewire.store import subscribers
from tidewire.store.database import Database
from wire import a_vault


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    settings = read_settings({"TIDEWIRE_HOME": str(tmp_path)})
    return House(
        settings,
        database,
        SystemClock(),
        KEYS,
        PostgresBell(database),
        a_vault(database, SystemClock()),
    )


@asynccontextmanager
async def running(house: House) -> AsyncIterator[Running]:
    """The program, until it is asked to end."""
    stopping = asyncio.Event()
    listens: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    program = asyncio.create_task(
        run_gateway(house, stopping, port=0, ready=lambda _, port: listens.set_result(port))
    )
    try:
        async with asyncio.timeout(PATIENCE):
            yield Running(Gateway(gateway_context(house)), await listens, Books())
    finally:
        await close_desktops()
        stopping.set()
        await program


async def test_receipts_reach_the_ledger_and_outlive_the_gateway(house: House) -> None:
    desktops = await add_desktops(house.database, NOW, 5)
    due = {"de": desktops[:3], "en": desktops[3:]}
    async with running(house) as gateway:
        screens = [(await connect(gateway, desktop))[0] for desktop in desktops[:4]]
        release_id, sequence = await publish(house.database, house.clock.now(), due, ring=True)
        for screen in screens:
            assert (await screen.events(1))[0].id == str(sequence)
    async with house.database.transaction() as tx:
        found = await stream_sum(tx, release_id, 1)
    assert (found.due, found.accepted) == (5, 4)
    assert found.accepted_by_language == {"de": 3, "en": 1}
    assert sum(found.spread.values()) == 4
    # The next gateway counts who comes back for it only where the ledger does not know it.
    async with running(house) as gateway:
        for desktop in desktops:
            screen, _ = await connect(gateway, desktop, last_event_id="00")
            assert (await screen.events(1))[0].id == str(sequence)
    async with house.database.transaction() as tx:
        found = await stream_sum(tx, release_id, 1)
    assert found.accepted == 5
    assert sum(found.spread.values()) == 5


async def test_a_port_that_is_taken_is_said_in_one_sentence(house: House) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Misconfigured, match="cannot listen"):
            await run_gateway(house, asyncio.Event(), port=taken.getsockname()[1])


async def test_a_key_is_issued_to_active_desktops_and_voided_by_renewal(house: House) -> None:
    (desktop,) = await add_desktops(house.database, NOW, 1)
    assert await issue(house, desktop) == key_of(desktop)
    assert await issue(house, desktop, renew=True) == key_of(desktop, 1)
    async with a_gateway(house.database) as gateway:
        status, *_ = await gateway.ask(
            b"HEAD /stream?key=%b HTTP/1.0\r\n\r\n" % key_of(desktop).encode()
        )
        assert status == 401
    async with house.database.transaction() as tx:
        await subscribers.leave(tx, desktop, NOW)
    for number in (desktop, desktop + 1, 0, 2**40):
        with pytest.raises(NotFound):
            await issue(house, number)
