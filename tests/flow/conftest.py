"""Fixtures of the flow tests: mail servers, and channels that send to them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mail_world import QUICK, TOKENS, Open, Serve
from office import Office, open_office
from tidewire.channels.channel import ChannelContext
from tidewire.channels.email.channel import EmailChannel
from tidewire.channels.email.line import Patience
from tidewire.clock import FixedClock
from tidewire.store.database import Database


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server on a free port of this machine; gone after the test."""
    servers: list[asyncio.Server] = []

    async def start(protocol: Callable[[], asyncio.BaseProtocol], **given: object) -> int:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(protocol, "127.0.0.1", 0, **given)  # type: ignore[arg-type]
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def open_channel(clock: FixedClock, tmp_path: Path) -> AsyncIterator[Open]:
    """Channels with a relay of the test's choosing."""
    opened: list[EmailChannel] = []
    database = Database("postgresql://unused.example/none")

    def make(url: str = "", *, patience: Patience = QUICK, **environment: str) -> EmailChannel:
        variables = {"TIDEWIRE_SMTP_URL": url, "TIDEWIRE_SMTP_CONNECTIONS": "1", **environment}
        context = ChannelContext(
            clock, database, TOKENS, "https://wire.example", tmp_path, variables
        )
        opened.append(EmailChannel(context, patience=patience))
        return opened[-1]

    yield make
    for channel in opened:
        await channel.close()


@pytest.fixture
async def office(database: Database, clock: FixedClock) -> AsyncIterator[Office]:
    """The API with issuers and an editor."""
    async with open_office(database, clock) as opened:
        yield opened
