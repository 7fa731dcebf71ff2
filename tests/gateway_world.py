"""A real gateway on loopback, desktops that connect to it, and editions to publish."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder
from pyroaring import BitMap

from editions import a_release
from tidewire.access.tokens import Signer, desktop_key, read_desktop_key
from tidewire.bus.postgres import PostgresBell
from tidewire.channels.stream.gateway import Gateway, GatewayContext
from tidewire.clock import Clock, SystemClock
from tidewire.model.delivery import StreamReceipts
from tidewire.model.release import Act, Release
from tidewire.store import audience_sets, moments
from tidewire.store.database import Connection, Database
from tidewire.store.editions import write_document

BASE_URL = "https://wire.example"
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
SIGNER = Signer(b"x" * 32)
PATIENCE = 20.0  # seconds until a test gives up waiting for what must come

_numbers = count(1)
_open: list["Desktop"] = []


@dataclass
class Books:
    """A ledger's place in tests: what was recorded, and a fault to raise instead."""

    found: list[StreamReceipts] = field(default_factory=list)
    fault: Exception | None = None
    earlier: dict[tuple[int, int], BitMap] = field(default_factory=dict)

    async def record(self, receipts: Sequence[StreamReceipts]) -> None:
        """Keep what is recorded."""
        if self.fault:
            raise self.fault
        self.found += receipts

    async def counted(self, tx: Connection, release_id: int, version: int) -> BitMap:
        """Who had a receipt before this gateway began."""
        return self.earlier.get((release_id, version), BitMap()).copy()

    def accepted(self, release_id: int, version: int = 1) -> list[int]:
        """Desktops with a receipt, as often as they have one."""
        return sorted(
            desktop
            for found in self.found
            if (found.release_id, found.version) == (release_id, version)
            for desktop in BitMap.deserialize(found.members)
        )


@asynccontextmanager
async def a_gateway(
    database: Database,
    books: Books | None = None,
    clock: Clock | None = None,
    *,
    port: int = 0,
    reuse_port: bool = False,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator["Running"]:
    """A gateway that listens on loopback (without `port`: on a free one) until the block ends."""
    books = books or Books()
    bell = PostgresBell(database)
    gateway = Gateway(
        GatewayContext(
            clock=clock or SystemClock(),
            database=database,
            bell=bell,
            base_url=BASE_URL,
            read_key=lambda key: read_desktop_key(SIGNER, key),
            record=books.record,
            counted=books.counted,
            tls=tls,
        )
    )
    try:
        _, port = await gateway.start("127.0.0.1", port, reuse_port=reuse_port)
        yield Running(gateway, port, books)
    finally:
        await gateway.stop()
        await bell.close()


@dataclass
class Running:
    """A gateway that runs, and where."""

    gateway: Gateway
    port: int
    books: Books

    async def receipts(self, release_id: int, wanted: int, version: int = 1) -> list[int]:
        """The desktops that have a receipt, once there are `wanted` of them."""
        async with asyncio.timeout(PATIENCE):
            while len(self.books.accepted(release_id, version)) < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return self.books.accepted(release_id, version)

    async def ask(self, raw: bytes, *, half_close: bool = False) -> tuple[int, dict[str, str], Any]:
        """(status, headers, JSON or None) of a request that ends the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        if half_close:
            writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            whole = await reader.read()
        writer.close()
        await writer.wait_closed()
        return split_answer(whole)


def split_answer(whole: bytes) -> tuple[int, dict[str, str], Any]:
    """(status, headers, JSON or None) of an HTTP answer."""
    head, _, body = whole.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    return int(first.split()[1]), headers, json.loads(body) if body else None


class Desktop:
    """One connection of a desktop, read with a decoder that is not ours."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.patience = patience
        self.head = b""
        self.last_id = ""
        self._decoder = SSEDecoder()
        _open.append(self)

    async def event(self) -> ServerSentEvent | None:
        """The next event; None where the gateway closed the connection."""
        async with asyncio.timeout(self.patience):
            while line := await self.reader.readline():
                found = self._decoder.decode(line.decode().rstrip("\n"))
                if found is not None:
                    self.last_id = found.id
                    return found
        return None

    async def events(self, number: int) -> list[ServerSentEvent]:
        """The next `number` events, which must come."""
        found = [await self.event() for _ in range(number)]
        assert None not in found
        return [event for event in found if event is not None]

    async def close(self) -> None:
        """Go at once."""
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


async def close_desktops() -> None:
    """Close every connection that a test has left open."""
    while _open:
        await _open.pop().close()


def request(
    key: str = "",
    *,
    method: str = "GET",
    target: str = "/stream",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A request head."""
    fields = {"Host": "gateway.example", **(headers or {})}
    if key:
        fields["Authorization"] = f"Bearer {key}"
    lines = [f"{method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items()), "", ""]
    return "\r\n".join(lines).encode()


def key_of(desktop: int, generation: int = 0) -> str:
    """A desktop's key."""
    return desktop_key(SIGNER, desktop, generation)


async def connect(
    running: Running, desktop: int, *, last_event_id: str | None = None, query: str = ""
) -> tuple[Desktop, dict[str, Any]]:
    """A connected desktop, and what its hello said."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1 << 22)
    writer.write(request(key_of(desktop), target="/stream" + query, headers=headers))
    found = Desktop(reader, writer)
    async with asyncio.timeout(PATIENCE):
        found.head = await reader.readuntil(b"\r\n\r\n")
    assert found.head.startswith(b"HTTP/1.1 200 "), found.head
    hello = await found.event()
    assert hello is not None
    assert hello.event == "hello"
    return found, json.loads(hello.data)


async def add_desktops(
    database: Database, now: datetime, number: int, languages: Sequence[str] = ("de", "en")
) -> list[int]:
    """The ids of new active desktops."""
    async with database.transaction() as tx:
        rows = await tx.execute(
            "INSERT INTO subscriber (kind, languages, name, created_at, changed_at)"
            " SELECT 3, %s, 'Sample', %s, %s FROM generate_series(1, %s) RETURNING id",
            (list(languages), now, now, number),
        )
        return [row[0] for row in await rows.fetchall()]


async def publish(
    database: Database,
    now: datetime,
    due: Mapping[str, Sequence[int]],
    *,
    content: Release | None = None,
    ring: bool = False,
) -> tuple[int, int]:
    """Put a release on the wire: (release id, sequence). `due` says who reads which language."""
    async with database.transaction() as tx:
        found = await tx.execute(
            "INSERT INTO issuer (slug, name, created_at) VALUES ('nordmeer', 'Nordmeer Strom AG',"
            " %(now)s) ON CONFLICT (slug) DO UPDATE SET name = EXCLUDED.name RETURNING id",
            {"now": now},
        )
        row = await found.fetchone()
        assert row is not None
        found = await tx.execute(
            "INSERT INTO release (ref, issuer_id, state, version, received_at)"
            " VALUES (%s, %s, 'published', 1, %s) RETURNING id",
            (f"ref{next(_numbers)}", row[0], now),
        )
        row = await found.fetchone()
        assert row is not None
        release_id = int(row[0])
    return release_id, await publish_version(
        database, now, release_id, due, content=content, ring=ring
    )


async def publish_version(
    database: Database,
    now: datetime,
    release_id: int,
    due: Mapping[str, Sequence[int]],
    *,
    version: int = 1,
    act: Act = Act.PUBLISH,
    content: Release | None = None,
    ring: bool = False,
) -> int:
    """Put one version on the wire; returns its sequence number."""
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO release_version (release_id, version, act, document, created_at, t0)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (release_id, version, act, write_document(content or a_release()), now, now),
        )
        for language, members in due.items():
            await audience_sets.write(tx, release_id, version, 3, language, BitMap(members))
        sequence = await moments.next_sequence(tx)
        await moments.flip(tx, release_id, version, sequence=sequence, now=now)
        if ring:
            await tx.execute("SELECT pg_notify('tidewire', %s)", (f"published:{sequence}",))
    return sequence
