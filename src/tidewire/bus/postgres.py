"""The doorbell over PostgreSQL: NOTIFY rings, LISTEN hears."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Protocol

import psycopg
from psycopg import AsyncConnection

from tidewire.bus.bell import Counters, Topic
from tidewire.bus.rings import Rings, read_topic
from tidewire.waiting import end_tasks

CHANNEL = "tidewire"
# Seconds between two attempts to listen again; then the last one for ever.
PATIENCE = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)

Connection = AsyncConnection[tuple[Any, ...]]


class Server(Protocol):
    """What the bell needs of a database (store.database.Database is one)."""

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction."""
        ...

    async def listen(self) -> Connection:
        """A connection of its own, in autocommit."""
        ...


class PostgresBell:
    """A Bell on the one database that everything else is in; nothing more to run.

    A ring is a NOTIFY with "topic:what". A listener whose connection breaks connects again
    for as long as it is listened to; what was rung meanwhile is lost, as a bell's may be.
    """

    def __init__(self, database: Server) -> None:
        self._database = database
        self.counters = Counters()
        self._listeners: set[asyncio.Task[None]] = set()

    async def ring(self, topic: Topic, what: str = "") -> None:
        """Tell every listener that a fact about `what` (an id, under 8,000 bytes) was stored."""
        async with self._database.transaction() as tx:
            await tx.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{topic}:{what}"))
        self.counters.rung += 1

    @asynccontextmanager
    async def listen(self, *topics: Topic) -> AsyncIterator[AsyncIterator[tuple[Topic, str]]]:
        """Rings of these topics from the moment this is entered; ends when the bell is closed."""
        rings = Rings(frozenset(topics), self.counters)
        connection = await self._connect()
        listener = asyncio.create_task(self._hear(connection, rings))
        self._listeners.add(listener)
        try:
            await asyncio.sleep(0)  # it begins: a task cancelled before that closes nothing
            yield rings.each()
        finally:
            self._listeners.discard(listener)
            await end_tasks([listener])

    async def close(self) -> None:
        """Stop all listening."""
        for listener in tuple(self._listeners):
            await end_tasks([listener])

    async def _hear(self, connection: Connection, rings: Rings) -> None:
        """Put what is rung into `rings`, connecting again and again, until cancelled."""
        try:
            while True:
                with suppress(psycopg.Error):
                    async for notice in connection.notifies():
                        name, _, what = notice.payload.partition(":")
                        if topic := read_topic(name):
                            rings.put(topic, what)
                await connection.close()
                connection = await self._connect_again()
                self.counters.reconnects += 1
        finally:
            rings.end()
            await connection.close()

    async def _connect(self) -> Connection:
        connection = await self._database.listen()
        try:
            await connection.execute(f"LISTEN {CHANNEL}")
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _connect_again(self) -> Connection:
        tries = 0
        while True:
            await asyncio.sleep(PATIENCE[min(tries, len(PATIENCE) - 1)])
            tries += 1
            with suppress(psycopg.Error):
                return await self._connect()
