"""One HTTP/1.1 connection (RFC 9112) that posts, one request after the other.

An answer's status line and head decide; what follows is read only so that the connection can
serve again, and at most ANSWER_BYTES and ANSWER_SECONDS of it. Whoever answers in any other
way than HTTP/1.1 asks, or unasked, loses the connection.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools

HEAD_BYTES = 16_384  # status line, fields and all interim answers
ANSWER_BYTES = 4096
ANSWER_SECONDS = 2.0
SWITCHING_PROTOCOLS = 101


class BrokenOff(Exception):
    """The request went out and no answer came. `untouched`: not one byte of an answer did."""

    def __init__(self, why: str, *, untouched: bool = False) -> None:
        super().__init__(why)
        self.untouched = untouched


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered: the status, and its Retry-After field or ""."""

    status: int
    retry_after: str


class Connection(asyncio.Protocol):
    """A connection; `free` is called each time it can post again, `gone` once when it is lost."""

    def __init__(
        self, free: Callable[["Connection"], None], gone: Callable[["Connection"], None]
    ) -> None:
        self._free, self._gone = free, gone
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None  # awaited by whoever posted
        self._draining: asyncio.TimerHandle | None = None
        self._busy = self._dropped = False
        self._status = 0  # of the final answer, once its head is complete
        self._seen = 0  # bytes of the head, then of what follows
        self._retry_after = ""

    @property
    def alive(self) -> bool:
        """Can it still post, as far as we have heard?"""
        return self._transport is not None and not self._transport.is_closing()

    async def post(self, request: bytes) -> Answer:
        """Send a whole request and wait for the head of its answer. Raises BrokenOff."""
        if self._transport is None or self._busy or not self.alive:
            raise BrokenOff("closed", untouched=True)
        self._busy, self._status, self._seen, self._retry_after = True, 0, 0, ""
        self._answer = self._loop.create_future()
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            if not self._status:  # cancelled, timed out or broken: what comes now is nobody's
                self.drop()

    def drop(self) -> None:
        """Close it at once; one that is still being made, as soon as it is there."""
        self._dropped = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is there (with TLS: after the handshake)."""
        self._transport = cast(asyncio.Transport, transport)
        if self._dropped:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on. Anything that comes unasked ends the connection."""
        if not self._busy:
            self.drop()
            return
        self._seen += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail("not HTTP")
            return
        if self._busy and self._seen > (ANSWER_BYTES if self._status else HEAD_BYTES):
            self._fail("endless head")

    def connection_lost(self, error: Exception | None) -> None:
        """It is over, for either side's reason."""
        self._transport = None
        self._stop_draining()
        if self._answer is not None and not self._answer.done():
            why = type(error).__name__ if error else "closed"
            self._answer.set_exception(BrokenOff(why, untouched=self._seen == 0))
        self._gone(self)

    def on_message_begin(self) -> None:
        """The parser found an answer's beginning."""
        if not self._busy:
            self.drop()  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser read a field."""
        if name.lower() == b"retry-after":
            self._retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The head decides; an interim answer (1xx) does not."""
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            self._retry_after = ""
            if status == SWITCHING_PROTOCOLS:
                self._fail("not HTTP")
            return
        self._status, self._seen = status, 0
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(status, self._retry_after))
        self._draining = self._loop.call_later(ANSWER_SECONDS, self.drop)

    def on_message_complete(self) -> None:
        """The answer is read to its end: the connection is free, unless one side ends it."""
        if not self._status or not self._busy:
            return
        self._busy = False
        self._stop_draining()
        transport = self._transport
        if (
            transport is None
            or not self._parser.should_keep_alive()
            or transport.get_write_buffer_size()  # it answered before it had read everything
        ):
            self.drop()
        else:
            self._free(self)

    def _fail(self, why: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(BrokenOff(why))
        self.drop()

    def _stop_draining(self) -> None:
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None
