"""The wire under a mail session: bytes out, replies in, one watch over the waiting."""

import asyncio
import math
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from tidewire.channels.email.reply import BadReply, Reply, ReplyReader
from tidewire.model.delivery import Deferred


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for an answer; shorter than RFC 5321, 4.5.3.2 allows a server."""

    connect: float = 20.0
    command: float = 60.0
    final: float = 300.0


class Lost(Exception):
    """The connection is of no more use. `code` is the server's last word (421) or 0.

    `slow` is true where the relay did not answer in time.
    """

    def __init__(self, reason: str, code: int = 0, *, slow: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.slow = slow

    def outcome(self, *, unseen: bool = False) -> Deferred:
        """What it means for a letter; `unseen` where the letter may have arrived."""
        detail = (
            f"uncertain: the whole mail had been sent; {self.reason}" if unseen else self.reason
        )
        return Deferred(self.code, detail, overloaded=self.slow, unseen=unseen)


Hear = Callable[[list[Reply]], None]
End = Callable[[Lost], None]


class Line(asyncio.Protocol):
    """One TCP or TLS connection to a mail server.

    Replies are kept until `reply` asks for them, or handed to whoever listens as they come.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._lost: Lost | None = None
        self._hear: Hear = self._keep
        self._tell: End | None = None
        self._allowed = 0.0  # seconds for the answer that is awaited, until `_due`
        self._due = math.inf
        self._watch: asyncio.TimerHandle | None = None

    @property
    def quiet(self) -> bool:
        """True while the line is up and nothing unread stands in it."""
        return self._lost is None and not self._replies and self._reader.empty

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        try:
            replies = self._reader.feed(data)
        except BadReply as error:
            self._end(Lost(str(error)))
            self.abort()
            return
        if replies:
            self._hear(replies)

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self._end(Lost(f"the connection was cut: {exc}" if exc else "the connection was closed"))

    def listen(self, hear: Hear | None = None, end: End | None = None) -> None:
        """Hand all replies that come, and the end, to these; without them, keep them again.

        Raises Lost where there is nothing to listen to.
        """
        if hear is not None and self._lost is not None:
            raise self._lost
        self._hear, self._tell = hear or self._keep, end
        self._due = math.inf

    def write(self, data: bytes) -> None:
        """Send bytes; on a dead line nothing happens, the next `reply` tells."""
        if self._transport is not None and self._lost is None:
            self._transport.write(data)

    def expect(self, seconds: float) -> None:
        """The line ends if no answer comes for so long; a later call takes its place."""
        self._allowed = seconds
        self._due = self._loop.time() + seconds
        # One timer for many answers: where it rings before anything is due it is set again.
        if self._watch is not None and self._watch.when() > self._due:
            self._watch.cancel()
            self._watch = None
        if self._watch is None:
            self._watch = self._loop.call_at(self._due, self._look)

    async def reply(self, seconds: float) -> Reply:
        """The next reply. Raises Lost where none comes in time or the line is dead."""
        if not self._replies:
            await self._wait(seconds)
        return self._replies.popleft()

    async def start_tls(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Go over to TLS. Raises Lost where it fails, or bytes were slipped in before it.

        What came in the clear behind the reply to STARTTLS may be a stranger's: it must
        never be read as if it had come under TLS.
        """
        transport = self._transport
        if transport is None or not self.quiet:
            self.abort()
            raise Lost("the relay sent more than its answer to STARTTLS")
        try:
            upgraded = await self._loop.start_tls(
                transport, self, context, server_hostname=host, ssl_handshake_timeout=seconds
            )
        except (OSError, ssl.SSLError) as error:
            self.abort()
            raise Lost(f"no TLS with the relay: {error}") from error
        if upgraded is None or not self.quiet:
            self.abort()
            raise Lost("the relay sent more than its answer to STARTTLS")
        self._transport = upgraded

    def close(self) -> None:
        """Close once what was written is out."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    async def _wait(self, seconds: float) -> None:
        if self._lost is not None:
            raise self._lost
        self._waiter = self._loop.create_future()
        self.expect(seconds)
        try:
            await self._waiter
        finally:
            self._due = math.inf
            self._waiter = None
        if not self._replies:
            raise self._lost or Lost("the connection was closed")

    def _look(self) -> None:
        self._watch = None
        if self._lost is not None or self._due == math.inf:
            return
        if self._loop.time() < self._due:
            self._watch = self._loop.call_at(self._due, self._look)
            return
        self._end(Lost(f"no answer within {self._allowed:g} s", slow=True))
        self.abort()

    def _keep(self, replies: list[Reply]) -> None:
        self._replies.extend(replies)
        self._wake()

    def _end(self, lost: Lost) -> None:
        if self._lost is None:
            self._lost = lost
            if self._watch is not None:
                self._watch.cancel()
                self._watch = None
            if self._tell is not None:
                self._tell(lost)
        self._wake()

    def _wake(self) -> None:
        ready = self._replies or self._lost is not None
        if ready and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
