"""Desktops: clients of the live stream that connect, drop, and come back where they were."""

import asyncio
import json
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httptools

from tidewire.simulator.tempers import chance
from tidewire.simulator.truth import Truth
from tidewire.waiting import end_tasks

EDITIONS = frozenset({"release", "correction", "withdrawal", "kill"})
DROPPING = 0.2  # share of desktops that lose their line now and then
RETRY_SECONDS = 0.5
PATIENCE_SECONDS = 20.0  # how long the gateway may take to answer
IP_BIND_ADDRESS_NO_PORT = 24  # of Linux's in.h; Python names it from 3.12 on
AT_ONCE = 200  # connections that are being opened at the same time


@dataclass(slots=True)
class Desktops:
    """All desktops of one process. `rest()` ends the dropping and waits until all are back.

    `total` begins with the number of those in other processes; `source` is the address that
    ours come from, "" for any.
    """

    seed: int
    truth: Truth
    url: str
    resting: asyncio.Event = field(default_factory=asyncio.Event)
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    connected: int = 0
    known: set[str] = field(default_factory=set)  # who has been on line at least once
    drops: int = 0
    total: int = 0
    source: str = ""
    items: dict[bytes, str] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def connect(self, keys: Path) -> None:
        """Bring the desktops of a keys file (lines "OUTSIDE_ID<TAB>KEY") on line."""
        self.complete.clear()
        gate = asyncio.Semaphore(AT_ONCE)
        for line in keys.read_text(encoding="ascii").splitlines():
            outside_id, _, key = line.partition("\t")
            self.total += 1
            desktop = _Desktop(self, outside_id, key, self.total, gate)
            self._tasks.append(asyncio.create_task(desktop.live()))

    def __post_init__(self) -> None:
        self.complete.set()  # there are none yet

    async def rest(self) -> None:
        """Stop dropping; returns once every desktop is on line."""
        self.resting.set()
        await self.complete.wait()

    def came(self, by: int) -> None:
        """One more is on line, or (-1) one fewer."""
        self.connected += by
        if self.connected < len(self._tasks):
            self.complete.clear()
        else:
            self.complete.set()

    async def close(self) -> None:
        """Take all off line."""
        await end_tasks(self._tasks)

    def name_of(self, data: bytes) -> str:
        """ "REF.VERSION" of an item. Frames are the same bytes for many: each is read once."""
        name = self.items.get(data)
        if name is None:
            item = json.loads(data)
            name = self.items[data] = f"{item['id']}.{item['version']}"
        return name


class _Desktop:
    """One screen: its key, its place in the stream, and what it has seen."""

    def __init__(
        self, house: Desktops, outside_id: str, key: str, number: int, gate: asyncio.Semaphore
    ) -> None:
        self.house = house
        self.outside_id = outside_id
        self.key = key
        self.number = number
        self.gate = gate
        self.last_id = ""
        self.newest = 0  # the highest sequence number that came
        self.visits = 0

    async def live(self) -> None:
        """Connect, listen, drop, come back; until cancelled."""
        while True:
            line = None
            try:
                async with self.gate:
                    line = await self._open()
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await line.answered
                self.house.known.add(self.outside_id)
                self.house.came(1)
                try:
                    await self._stay(line)
                finally:
                    self.house.came(-1)
            except (OSError, TimeoutError):
                pass
            finally:
                if line is not None:
                    line.close()
            await asyncio.sleep(RETRY_SECONDS + chance(self.house.seed, "back", self.visits))

    async def _open(self) -> "_Line":
        self.visits += 1
        parts = urlsplit(self.house.url)
        head = [
            f"GET {parts.path or '/'} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Accept: text/event-stream",
            f"Authorization: Bearer {self.key}",
        ]
        if self.last_id:
            head.append(f"Last-Event-ID: {self.last_id}")
        request = "\r\n".join([*head, "", ""]).encode("ascii")
        loop = asyncio.get_running_loop()
        if not self.house.source:
            host, port = parts.hostname or "", parts.port or 80
            return (await loop.create_connection(lambda: _Line(self, request), host, port))[1]
        sock = _from(self.house.source)
        try:
            await loop.sock_connect(sock, (parts.hostname, parts.port or 80))
        except BaseException:
            sock.close()
            raise
        return (await loop.create_connection(lambda: _Line(self, request), sock=sock))[1]

    async def _stay(self, line: "_Line") -> None:
        """Stay until the line is lost, or, for some, until it is time to drop it.

        A drop ends our half and reads the other to its end, so that what the gateway
        has written was also seen.
        """
        mark = self.number * 1000 + self.visits
        drops = chance(self.house.seed, "drops", self.number) < DROPPING
        if drops and not self.house.resting.is_set():
            patience = 1.0 + 6.0 * chance(self.house.seed, "patience", mark)
            tasks = [asyncio.ensure_future(line.lost), asyncio.create_task(self._at_rest())]
            await asyncio.wait(tasks, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            tasks[1].cancel()
            if not line.lost.done() and not self.house.resting.is_set():
                self.house.drops += 1
                line.end()
        await line.lost

    async def _at_rest(self) -> None:
        await self.house.resting.wait()

    def heard(self, event: str, event_id: str, data: bytes) -> None:
        """One event of the stream; an id of any is our place in it."""
        if event_id:
            self.last_id = event_id
        if event not in EDITIONS:
            return
        sequence = int(event_id)
        if sequence < self.newest:
            self.house.truth.fault(f"{self.outside_id} got {sequence} after {self.newest}")
        self.newest = sequence
        self.house.truth.accept("stream", self.outside_id, self.house.name_of(data))


def _from(source: str) -> socket.socket:
    """A socket that comes from `source`. Its port is chosen while connecting: chosen before, it
    must be free for every destination, and the system looks for it among all that are taken.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    sock.bind((source, 0))
    return sock


class _Line(asyncio.Protocol):
    """One connection: HTTP/1.1 outside, server-sent events inside (WHATWG HTML, 9.2)."""

    def __init__(self, desktop: _Desktop, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.answered: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()
        self._desktop = desktop
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Hand it to the HTTP parser."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._desktop.house.truth.fault(f"the gateway's answer is not HTTP: {error}")
            self.close()

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        status = self._parser.get_status_code()
        self._desktop.house.truth.answer("stream", status)
        if self.answered.done():
            return
        if status == 200:
            self.answered.set_result(None)
        else:
            self.answered.set_exception(ConnectionError(f"the gateway said {status}"))

    def on_body(self, body: bytes) -> None:
        """Called by the parser: cut what came into events."""
        *blocks, self._buffer = (self._buffer + body).split(b"\n\n")
        for block in blocks:
            self._event(block)

    def on_message_complete(self) -> None:
        """Called by the parser: the answer has ended, whether the connection did or not."""
        self.close()

    def _event(self, block: bytes) -> None:
        event, event_id, data = "message", "", []
        for line in block.split(b"\n"):
            field_name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field_name == b"event":
                event = value.decode()
            elif field_name == b"id":
                event_id = value.decode()
            elif field_name == b"data":
                data.append(value)
        if data:
            self._desktop.heard(event, event_id, b"\n".join(data))

    def end(self) -> None:
        """Shut our half of the connection."""
        if self._transport is not None:
            self._transport.write_eof()

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell whoever waits."""
        if not self.answered.done():
            self.answered.set_exception(ConnectionError("the line was lost"))
        if not self.lost.done():
            self.lost.set_result(None)
