"""The connections to the relay: a few, opened when needed, kept while they are good."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator

from tidewire.channels.email.connect import open_session
from tidewire.channels.email.line import Lost, Patience
from tidewire.channels.email.session import Letter, Session
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
        self._out = 0  # sessions lent out

    async def send(self, letters: Iterable[Letter]) -> None:
        """Have every letter settled, over as many connections as there are.

        What is under way when the caller is cancelled is given up with its connections.
        """
        waiting = deque(letters)
        count = min(self._settings.connections, len(waiting))
        lost = await asyncio.gather(*(self._carry(waiting) for _ in range(count)))
        last = Lost("no connection to the relay")
        for reason in lost:
            last = reason or last
        while waiting:
            waiting.popleft().settle(last.outcome())

    async def warm(self) -> None:
        """Open the connections that are not; never raises where the relay cannot be had."""
        missing = self._settings.connections - len(self._idle) - self._out
        await asyncio.gather(*(self._open_ahead() for _ in range(missing)))

    async def close(self) -> None:
        """End the idle sessions."""
        while self._idle:
            self._idle.pop().quit()

    async def _carry(self, waiting: deque[Letter]) -> Lost | None:
        """Send what waits, over one connection after another while they do any good.

        Many relays take only so many mails over one connection: a connection that has had
        answers may be followed by another, one that had none may not.
        """
        while waiting:
            session: Session | None = None
            try:
                async with self._session() as session:
                    await session.deliver(_taken(waiting))
            except Lost as lost:
                unsent = session.unsent if session else None
                if unsent is not None:
                    waiting.appendleft(unsent)
                if session is None or not session.fruitful:
                    return lost
        return None

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        """A session of one's own. Raises Lost where the relay cannot be had.

        A block that ends with an error takes the session with it.
        """
        async with self._places:
            session = await self._take()
            self._out += 1
            try:
                yield session
            except BaseException:
                session.abort()
                raise
            finally:
                self._out -= 1
            self._idle.append(session)

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

    async def _open_ahead(self) -> None:
        with contextlib.suppress(Lost):
            async with self._places:
                self._idle.append(await self._open())


def _taken(waiting: deque[Letter]) -> Iterator[Letter]:
    while waiting:
        yield waiting.popleft()
