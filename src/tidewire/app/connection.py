"""A web connection with bounds: what it may send, and how long it may take (RFC 9112, 9.5)."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

BUSY_AT = 900  # connections, idle ones too, from which on requests are answered with 503
MOST_CONNECTIONS = 1000
_TOO_LONG = "431 Request Header Fields Too Large"
_TOO_LARGE = "413 Content Too Large"
_LATE = "408 Request Timeout"
# Where pictures are uploaded: more may come, and may take longer.
_UPLOADS = "/api/v1/pictures"
_ANSWER = (
    "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: {length}\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n{status}"
)


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, which by itself waits for a request's head and body for ever."""

    most_head = 32_768  # bytes
    most_message = 4_000_000  # bytes, of head, body and trailers
    head_seconds = 10.0
    body_seconds = 30.0
    most_upload = 10_100_000  # bytes
    upload_seconds = 120.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._seen = 0
        self._in_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a head; too many connections at once are closed."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
        else:
            self._wait(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser no more of a head, or of a message, than is allowed."""
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._wait(self.head_seconds)  # empty lines begin no request, and end no wait
        while data and not self.transport.is_closing():
            most = self.most_head if self._in_head else self._most()
            piece = data[: most - self._seen]
            if not piece:
                self._refuse(_TOO_LONG if self._in_head else _TOO_LARGE)
                return
            data = data[len(piece) :]
            self._seen += len(piece)
            super().data_received(piece)

    def on_message_begin(self) -> None:
        """A request begins: its head must be complete in time."""
        super().on_message_begin()
        self._wait(self.head_seconds)

    def on_headers_complete(self) -> None:
        """Its head is here: now its body must be complete in time."""
        self._in_head = False
        super().on_headers_complete()
        self._wait(self.upload_seconds if self._uploads() else self.body_seconds)

    def on_message_complete(self) -> None:
        """All of it is here; the answer may take its time."""
        self._seen, self._in_head = 0, True
        self._wait(None)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn calls it so
        """What is no HTTP is told so."""
        self._refuse("400 Bad Request")

    def _uploads(self) -> bool:
        return bool(self.scope["path"] == _UPLOADS)

    def _most(self) -> int:
        return self.most_upload if self._uploads() else self.most_message

    def _wait(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._refuse, _LATE)

    def _refuse(self, status: str) -> None:
        """Say why, unless an answer is under way, and close."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        idle = cycle is None or cycle.response_complete
        if idle if self._in_head else not cycle.response_started:
            self.transport.write(_ANSWER.format(status=status, length=len(status)).encode())
        if not idle:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()
