"""One connection of a desktop: bare HTTP/1.1 on an asyncio.Protocol, and very little memory."""

import asyncio
import os
from enum import IntEnum
from typing import Protocol, cast

from tidewire.channels.stream.acknowledged import acknowledged
from tidewire.channels.stream.answer import NotServed, problem, without_body
from tidewire.channels.stream.frame import Frame
from tidewire.channels.stream.request import HEAD_BYTES, Request, read_request
from tidewire.channels.stream.squeeze import GZIP_HEAD
from tidewire.clock import Clock, stopwatch
from tidewire.model.errors import WireError

# More than two of the longest releases. Who has not read this much has stopped reading.
BUFFER_BYTES = 1 << 20
# A replay pauses here and goes on when the desktop has read on: it never fills the buffer.
REPLAY_HIGH_WATER = 256 << 10
# How long a connection that is ending may take to acknowledge what it was sent.
LINGER_SECONDS = 2.0


class Stage(IntEnum):
    """Where a connection stands."""

    ARRIVING = 0  # its request is not complete
    WAITING = 1  # its key is being looked up
    REPLAYING = 2  # it catches up
    LIVE = 3
    LEAVING = 4  # nothing more is written; acknowledgements are awaited
    GONE = 5


class Witness(Protocol):
    """Who wants to know what becomes of a frame."""

    def took(self, desktop: int, at: float) -> None:
        """The desktop's machine acknowledged it, at `at` seconds since the epoch."""
        ...

    def lost(self, desktop: int) -> None:
        """The connection ended before that."""
        ...


class House(Protocol):
    """What a connection needs of the gateway that it is a part of."""

    clock: Clock

    def came(self, screen: "Screen") -> bool:
        """A connection was made; False where there is no room for it."""
        ...

    def asks(self, screen: "Screen", request: Request) -> None:
        """Its request is complete."""
        ...

    def reads_on(self, screen: "Screen") -> None:
        """A connection that had stopped reading reads again."""
        ...

    def watch(self, screen: "Screen") -> None:
        """It was written something whose acknowledgement is awaited."""
        ...

    def look(self, screen: "Screen") -> None:
        """Settle what it has acknowledged so far."""
        ...

    def went(self, screen: "Screen") -> None:
        """It is to be written to no more."""
        ...

    def gone(self) -> None:
        """A connection is closed."""
        ...


class Screen(asyncio.Protocol):
    """A desktop's connection.

    `cursor` is the last edition that was weighed for it before it went live, `told` the
    last place on the wire that it knows. `pending` holds (bytes written up to the frame's
    end, witness) for each frame that is not acknowledged. `since` is a stopwatch reading:
    when the stage began that has a time limit. `gzip` is true where the body is squeezed.
    """

    __slots__ = (
        "_answered", "_base", "_descriptor", "_head", "_house", "beat", "cursor", "desktop",
        "generation", "gzip", "languages", "paused", "pending", "sectors", "since", "stage", "step",
        "told", "transport", "written",
    )  # fmt: skip

    def __init__(self, house: House) -> None:
        self._house = house
        self._head: bytearray | None = bytearray()
        self._base = 0
        self._answered = False
        self._descriptor = -1
        self.transport: asyncio.Transport
        self.stage = Stage.ARRIVING
        self.desktop = 0
        self.generation = 0
        self.cursor = 0
        self.told = 0
        self.beat = 0
        self.gzip = False
        self.languages: tuple[str, ...] = ()
        self.sectors: frozenset[str] = frozenset()
        self.written = 0
        self.pending: list[tuple[int, Witness]] = []
        self.step = -1
        self.since = stopwatch()
        self.paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count from here what is acknowledged; cut at once where there is no room."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop has a class of its own
        peer = self.transport.get_extra_info("socket")
        self._descriptor = -1 if peer is None else peer.fileno()
        found = acknowledged(self._descriptor)
        self._base = found[0] if found else 0
        self.transport.set_write_buffer_limits(high=REPLAY_HIGH_WATER)
        if not self._house.came(self):
            self.refuse(NotServed(503, "The gateway is full.", "Try again.", {"Retry-After": "5"}))

    def data_received(self, data: bytes) -> None:
        """Collect the request's head; what comes after it is ignored."""
        if self._head is None or self.stage is not Stage.ARRIVING:
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0 and len(self._head) <= HEAD_BYTES:
            return
        head, self._head = bytes(self._head[: end + 4]), None
        if end < 0 or len(head) > HEAD_BYTES:
            self.refuse(NotServed(431, "The request's head is too long.", "Send less than 8 kB."))
            return
        try:
            request = read_request(head)
        except WireError as error:
            self.refuse(error, bodiless=head.startswith(b"HEAD "))
            return
        self.stage = Stage.WAITING
        self._house.asks(self, request)

    def eof_received(self) -> bool:
        """The client sends no more and will close: write nothing more to it."""
        if self._answered:
            self.transport.close()
        self.leave()
        return True

    def pause_writing(self) -> None:
        """The desktop reads slower than it is written to."""
        self.paused = True
        if self.stage < Stage.LEAVING:
            self.since = stopwatch()

    def resume_writing(self) -> None:
        """It has caught up with its buffer."""
        self.paused = False
        self._house.reads_on(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Take a last look at what was acknowledged; the rest has no receipt."""
        self._house.look(self)
        self._descriptor = -1  # from here on its number may be another's
        self._house.went(self)
        self.stage = Stage.GONE
        for _, witness in self.pending:
            witness.lost(self.desktop)
        self.pending.clear()
        self._house.gone()

    def begin(self, head: bytes, frame: Frame, *, gzip: bool) -> None:
        """Begin the stream: the answer's head, then its first frame."""
        self.gzip = gzip
        self.put(head + GZIP_HEAD + frame.block if gzip else head + frame.plain)

    def write(self, frame: Frame, witness: Witness | None = None) -> bool:
        """Write to a stream that is open. False where its buffer was full, and it is cut."""
        if self.transport.get_write_buffer_size() > BUFFER_BYTES:
            self.cut()
            return False
        self.put(frame.block if self.gzip else frame.plain)
        if witness is not None:
            self.pending.append((self.written, witness))
            self._house.watch(self)
        return True

    def put(self, data: bytes) -> None:
        """Hand bytes to the socket; what it does not take at once waits in the transport.

        Straight to the system where nothing waits: the same bytes go to thousands, and the
        transport's own bookkeeping would cost half as much as the write.
        """
        self.written += len(data)
        if self._descriptor >= 0 and not (
            self.transport.get_write_buffer_size() or self.transport.is_closing()
        ):
            try:
                sent = os.write(self._descriptor, data)
            except OSError:  # full; or broken, which the transport will find too
                sent = 0
            if sent == len(data):
                return
            self.transport.write(memoryview(data)[sent:])
        else:
            self.transport.write(data)

    def acknowledged(self) -> tuple[int, float]:
        """(how much of `written` has arrived, seconds since at the latest)."""
        found = acknowledged(self._descriptor)
        if found is None:
            # Not told by this system: what has left our buffer counts, unless all is lost.
            if self.stage is Stage.GONE or self.transport.is_closing():
                return 0, 0.0
            return self.written - self.transport.get_write_buffer_size(), 0.0
        return found[0] - self._base, found[1] / 1000

    def answer(self, data: bytes) -> None:
        """Give a whole answer and close, once the client has or soon.

        Closing with bytes of the client's unread would reset the connection, and the
        answer with it (RFC 9112, 9.6).
        """
        if self.stage >= Stage.LEAVING or self.transport.is_closing():
            return
        self._answered = True
        self.put(data)
        self.finish()
        self.leave()

    def finish(self) -> None:
        """Say that nothing more comes."""
        self.transport.write_eof()

    def refuse(self, error: WireError, *, bodiless: bool = False) -> None:
        """Answer with problem details and close."""
        said = problem(error, self._house.clock.now())
        self.answer(without_body(said) if bodiless else said)

    def leave(self) -> None:
        """Write nothing more; close when all is acknowledged, or soon."""
        if self.stage >= Stage.LEAVING:
            return
        self.stage = Stage.LEAVING
        self._head = None
        self.since = stopwatch()
        self._house.went(self)
        self._house.look(self)
        if self.pending or self._answered:
            self._house.watch(self)
        else:
            self.transport.close()

    def lingers(self) -> bool:
        """True while a connection that is leaving may still acknowledge something."""
        waits = bool(self.pending) or self._answered
        return waits and stopwatch() - self.since < LINGER_SECONDS

    def end_lingering(self) -> None:
        """Close; a desktop that still does not read what it was sent is cut."""
        if self.pending or self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def cut(self) -> None:
        """End the connection now, whatever was not sent yet."""
        if self.stage < Stage.LEAVING:
            self.stage = Stage.LEAVING
            self._house.went(self)
        self.transport.abort()
