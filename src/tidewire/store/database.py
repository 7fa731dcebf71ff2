"""Connections to PostgreSQL, and the transaction that every write happens in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, LiteralString, Self, TypeVar

import psycopg
from psycopg import AsyncConnection, errors
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tidewire.clock import stopwatch
from tidewire.model.errors import Misconfigured, Unavailable

Connection = AsyncConnection[tuple[Any, ...]]

CONNECT_SECONDS = 10.0
TRIES = 5
AGAIN_SECONDS = 0.2
AWAY = ("08", "57P")  # SQLSTATE: the connection is lost, the server stops or starts

RETRY_SECONDS = 3.0  # how long a connection is tried for before the pool pauses

Result = TypeVar("Result")


class _Patient(AsyncConnection[tuple[Any, ...]]):
    """A connection that is tried for several times a second.

    By itself the pool pauses for 1 s, 2 s, 4 s ...: long after a server is back.
    """

    @classmethod
    async def connect(cls, *arguments: Any, **named: Any) -> Self:
        """Connect. Raises OperationalError where no server answers within three seconds."""
        give_up = stopwatch() + RETRY_SECONDS
        while True:
            try:
                return await super().connect(*arguments, **named)
            except psycopg.OperationalError:
                if stopwatch() > give_up:
                    raise
            await asyncio.sleep(AGAIN_SECONDS)


class Database:
    """A pool of connections to one PostgreSQL server."""

    def __init__(self, url: str, *, size: int = 8, name: str = "tidewire") -> None:
        """`url` is a libpq connection string or URL; `size` the most connections held.

        `name` is what the server knows us by (application_name).
        """
        try:
            conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise Misconfigured(
                "TIDEWIRE_DATABASE_URL is not a PostgreSQL address.",
                "Write it as postgresql://user:password@host:5432/database.",
            ) from error
        self.url = url
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size,
            timeout=CONNECT_SECONDS,
            reconnect_timeout=CONNECT_SECONDS,
            connection_class=_Patient,
            open=False,
            kwargs={"application_name": name[:63]},
            check=AsyncConnectionPool.check_connection,
        )

        self._name = name[:63]
        self._glancing: Connection | None = None
        self._one_glance = asyncio.Lock()

    async def open(self) -> None:
        """Connect. Raises Unavailable where no server answers within ten seconds."""
        await self._pool.open()
        try:
            await self._pool.wait(timeout=CONNECT_SECONDS)
        except PoolTimeout as error:
            await self._pool.close()
            raise Unavailable(
                "The database does not answer.",
                "Check that PostgreSQL runs and that TIDEWIRE_DATABASE_URL is right.",
            ) from error

    async def close(self) -> None:
        """Give all connections back."""
        if self._glancing is not None:
            await self._glancing.close()
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction: committed at the end of the block, rolled back on an error."""
        async with self._pool.connection() as connection, connection.transaction():
            yield connection

    async def glance(self, query: LiteralString) -> tuple[Any, ...] | None:
        """The first row of a query, in one round trip: over a connection kept for glances.

        A transaction takes four. Where the connection was lost a new one is made, once.
        """
        async with self._one_glance:
            for last in (False, True):
                if self._glancing is None or self._glancing.closed:
                    self._glancing = await _Patient.connect(
                        self.url, autocommit=True, application_name=self._name
                    )
                try:
                    return await (await self._glancing.execute(query)).fetchone()
                except psycopg.OperationalError:
                    await self._glancing.close()
                    if last:
                        raise
            return None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Connection]:
        """A connection of its own, in autocommit: for temporary tables that outlive a transaction.

        Transactions on it are opened with `connection.transaction()`.
        """
        connection = await psycopg.AsyncConnection.connect(
            self.url, autocommit=True, application_name="tidewire"
        )
        async with connection:
            yield connection

    async def complete(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Do `work` in a transaction; begin again where another one stood in its way.

        PostgreSQL ends one of two transactions that wait for each other (40P01).
        """
        for _ in range(TRIES):
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except (errors.DeadlockDetected, errors.SerializationFailure):
                continue
        async with self.transaction() as tx:
            return await work(tx)

    async def insist(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """`complete`, again and again while the server is away: the caller sets the limit.

        A commit whose answer was lost may have happened: `work` must bear being done twice.
        """
        while True:
            try:
                return await self.complete(work)
            except psycopg.OperationalError as error:
                if not (error.sqlstate or AWAY[0]).startswith(AWAY):
                    raise
            await asyncio.sleep(AGAIN_SECONDS)

    async def listen(self) -> Connection:
        """A connection of its own, outside the pool, in autocommit: for LISTEN."""
        return await psycopg.AsyncConnection.connect(
            self.url, autocommit=True, application_name="tidewire-bell"
        )
