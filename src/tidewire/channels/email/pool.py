"""The connections to the relay: a few, opened when needed, kept while they are good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tidewire.channels.email.connect import open_session
from tidewire.channels.email.line import Patience
from tidewire.channels.email.session import Session
from tidewire.channels.email.settings import MailSettings, Relay


class Pool:
    """At most `settings.connections` sessions at once, shared by all who send."""

    def __init__(self, settings: MailSettings, relay: Relay, patience: Patience) -> None:
        self._settings = settings
        self._relay = relay
        self._patience = patience
        self._tls = settings.tls_context()
        self._places = asyncio.Semaphore(settings.connections)
        self._idle: list[Session] = []

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """A session of one's own. Raises Lost where the relay cannot be had.

        A block that ends with an error takes the session with it.
        """
        async with self._places:
            session = await self._take()
            try:
                yield session
            except BaseException:
                session.abort()
                raise
            self._idle.append(session)

    async def warm(self) -> None:
        """Open as many sessions as there may be; those that cannot be had are not missed yet."""
        wanted = self._settings.connections - len(self._idle)
        await asyncio.gather(*(self._warm_one() for _ in range(wanted)), return_exceptions=True)

    async def _warm_one(self) -> None:
        async with self._places:
            self._idle.append(await self._open())

    async def close(self) -> None:
        """End the idle sessions."""
        while self._idle:
            self._idle.pop().quit()

    async def _take(self) -> Session:
        while self._idle:
            session = self._idle.pop()
            if session.usable:
                session.fruitful = True  # if it dies unused, a fresh one may follow
                return session
            session.abort()
        return await self._open()

    async def _open(self) -> Session:
        return await open_session(self._relay, self._settings.domain, self._tls, self._patience)
