"""Join the parts: the one place that knows which implementation stands behind each seam."""

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from tidewire.access.tokens import Signer, open_signer
from tidewire.app.settings import Settings, read_settings
from tidewire.bus.bell import Bell
from tidewire.bus.credentials import read_credentials
from tidewire.bus.nats import NatsBell, read_servers
from tidewire.bus.postgres import PostgresBell
from tidewire.channels.channel import Channel, ChannelContext
from tidewire.clock import Clock, SystemClock
from tidewire.ledger.record import record_opened
from tidewire.meters import Meters
from tidewire.model.delivery import ChannelCode
from tidewire.model.opening import Opening
from tidewire.store.database import Database
from tidewire.store.embedded import EmbeddedServer
from tidewire.store.migrations import migrate
from tidewire.vault.unlock import unlock
from tidewire.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class House:
    """The parts that every program of Tidewire works with.

    `loading` says what the program still waits for before it is ready, by a word for it.
    """

    settings: Settings
    database: Database
    clock: Clock
    signer: Signer
    bell: Bell
    vault: Vault
    meters: Meters = field(default_factory=Meters)
    loading: dict[str, str] = field(default_factory=dict)

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
async def open_house(settings: Settings | None = None, program: str = "") -> AsyncIterator[House]:
    """The house, with a database that answers and is up to date.

    Without TIDEWIRE_DATABASE_URL a private PostgreSQL is started in the data folder, or
    shared with the programs that use it already. `program` is what the database shows.
    """
    settings = settings or read_settings()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_store(settings, program))
        await migrate(database)
        bell = open_bell(settings, database)
        stack.push_async_callback(bell.close)
        clock = SystemClock()
        vault = await _open_vault(stack, database, settings, clock)
        yield House(settings, database, clock, open_signer(settings.keys), bell, vault)


@asynccontextmanager
async def open_store(settings: Settings, program: str = "") -> AsyncIterator[Database]:
    """The database as it is found. Raises Unavailable where it does not answer."""
    async with AsyncExitStack() as stack:
        url = settings.database_url
        if url is None:
            server = EmbeddedServer(settings.home)
            stack.callback(server.stop)
            url = server.start()
        database = Database(url, name=f"tidewire {program}".strip())
        await database.open()
        stack.push_async_callback(database.close)
        yield database


async def _open_vault(
    stack: AsyncExitStack, database: Database, settings: Settings, clock: Clock
) -> Vault:
    """The vault. Without the right master key it stays closed, and the rest goes on."""
    keys = await unlock(database, settings.master_key_file, clock.now())
    # A connection of its own: an opening is committed whatever becomes of what it was for,
    # and holds the ledger's chain no longer than that.
    evidence = Database(database.url, size=1)
    await evidence.open()
    stack.push_async_callback(evidence.close)

    async def record(opening: Opening, opened: Sequence[tuple[int, int]]) -> None:
        async with evidence.transaction() as tx:
            await record_opened(tx, opening, opened, clock.now())

    return Vault(keys, record)


def open_bell(settings: Settings, database: Database) -> Bell:
    """NATS where TIDEWIRE_NATS_URL says so, PostgreSQL otherwise. Raises Misconfigured."""
    if not settings.nats:
        return PostgresBell(database)
    file = settings.nats_credentials
    servers = read_servers(settings.nats, read_credentials(file) if file else None)
    bell = NatsBell(servers, lambda: _trust(settings))
    bell.open()
    return bell


def _trust(settings: Settings) -> ssl.SSLContext:
    """The system's authorities, and those in TIDEWIRE_EXTRA_CA_FILE."""
    context = ssl.create_default_context()
    if extra := settings.environment.get("TIDEWIRE_EXTRA_CA_FILE"):
        context.load_verify_locations(extra)
    return context
