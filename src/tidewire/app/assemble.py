"""Join the parts: the one place that knows which implementation stands behind each seam."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tidewire.access.tokens import Signer, open_signer
from tidewire.app.settings import Settings, read_settings
from tidewire.bus.bell import Bell
from tidewire.bus.postgres import PostgresBell
from tidewire.channels.channel import Channel, ChannelContext
from tidewire.clock import Clock, SystemClock
from tidewire.model.delivery import ChannelCode
from tidewire.store.database import Database
from tidewire.store.embedded import EmbeddedServer
from tidewire.store.migrations import migrate


@dataclass(frozen=True, slots=True)
class House:
    """The parts that every program of Tidewire works with."""

    settings: Settings
    database: Database
    clock: Clock
    signer: Signer
    bell: Bell

    def channel_context(self) -> ChannelContext:
        """What the house lends to every channel."""
        return ChannelContext(
            clock=self.clock,
            database=self.database,
            tokens=self.signer,
            base_url=self.settings.base_url,
            keys=self.settings.keys,
            environment=self.settings.environment,
        )

    def open_channels(self) -> Mapping[ChannelCode, Channel]:
        """One of each channel in the registry. Raises Misconfigured."""
        # Here, so that a gateway does not carry every other channel's libraries.
        from tidewire.channels.registry import CHANNELS

        context = self.channel_context()
        return {code: make(context) for code, make in CHANNELS.items()}


@asynccontextmanager
async def open_house(settings: Settings | None = None) -> AsyncIterator[House]:
    """The house, with a database that answers and is up to date.

    Without TIDEWIRE_DATABASE_URL a private PostgreSQL is started in the data folder, or
    shared with the programs that use it already.
    """
    settings = settings or read_settings()
    async with AsyncExitStack() as stack:
        url = settings.database_url
        if url is None:
            server = EmbeddedServer(settings.home)
            stack.callback(server.stop)
            url = server.start()
        database = Database(url)
        await database.open()
        stack.push_async_callback(database.close)
        await migrate(database)
        bell = PostgresBell(database)
        stack.push_async_callback(bell.close)
        yield House(settings, database, SystemClock(), open_signer(settings.keys), bell)
