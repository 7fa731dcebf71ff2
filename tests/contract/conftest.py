"""Fixtures of the contract suites."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contract.webhook_world import Authority, World, make_authority
from tidewire.access.tokens import Signer
from tidewire.channels.channel import ChannelContext
from tidewire.clock import FixedClock
from tidewire.store.database import Database


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A throw-away certificate authority."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def world(
    authority: Authority, database: Database, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[World]:
    """A world for webhooks, with no server yet."""
    context = ChannelContext(
        clock=clock,
        database=database,
        tokens=Signer(b"0" * 32),
        base_url="https://wire.example",
        keys=tmp_path / "keys",
    )
    world = World(authority, context)
    yield world
    await world.end()
