"""Shared gzip on real connections, read by programs that others wrote."""

import asyncio
import shutil
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from httpx_sse import aconnect_sse

from gateway_world import (
    NOW,
    PATIENCE,
    Running,
    a_gateway,
    add_desktops,
    close_desktops,
    connect,
    key_of,
    publish,
    request,
)
from tidewire.channels.stream.frame import HEARTBEAT_SECONDS
from tidewire.store.database import Database


@pytest.fixture(autouse=True)
async def desktops_go_home() -> AsyncIterator[None]:
    """No connection outlives its test."""
    yield
    await close_desktops()


async def test_every_frame_goes_through_and_can_be_read_at_once(database: Database) -> None:
    desktop, other = await add_desktops(database, NOW, 2)
    _, first = await publish(database, NOW, {"de": [desktop, other]})
    async with a_gateway(database) as running:
        plain, _ = await connect(running, other, last_event_id="00")
        head, body = await _open(running, desktop, last_event_id="00")
        assert b"\r\nContent-Encoding: gzip\r\n" in head
        assert b"\r\nVary: Accept-Encoding\r\n" in head
        await body.until(b"event: hello")
        await body.until(b"id: %d\n" % first)
        release_id, second = await publish(database, NOW, {"de": [desktop, other]}, ring=True)
        await body.until(b"id: %d\n" % second)
        assert await running.receipts(release_id, 2) == [desktop, other]
        for _ in range(HEARTBEAT_SECONDS):
            running.gateway.hub.beat()
        await body.until(b": heartbeat\n")
        assert [e.id for e in await plain.events(2)] == [str(first), str(second)]
        assert b"Content-Encoding" not in plain.head
        assert b"\r\nVary: Accept-Encoding\r\n" in plain.head
    await body.until(b"closing; connect again\n")
    body.writer.close()


async def test_who_refuses_gzip_by_its_weight_gets_plain_text(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    async with a_gateway(database) as running:
        head, body = await _open(running, desktop, accept="gzip;q=0, br")
        assert b"Content-Encoding" not in head
        assert b"event: hello" in await body.reader.readuntil(b"\n\n")
        body.writer.close()


async def test_httpx_reads_it(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    _, sequence = await publish(database, NOW, {"de": [desktop]})
    async with a_gateway(database) as running, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{running.port}/stream?key={key_of(desktop)}&last_event_id=00"
        headers = {"Accept-Encoding": "gzip"}
        async with aconnect_sse(client, "GET", url, headers=headers) as source:
            assert source.response.headers["content-encoding"] == "gzip"
            events = source.aiter_sse()
            hello, release = await anext(events), await anext(events)
    assert (hello.event, release.event, release.id) == ("hello", "release", str(sequence))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_reads_it(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    await publish(database, NOW, {"de": [desktop]})
    async with a_gateway(database) as running:
        url = f"http://127.0.0.1:{running.port}/stream?key={key_of(desktop)}&last_event_id=00"
        await _expect(["curl", "--silent", "--no-buffer", "--compressed", url], b"event: release")


NODE = """
fetch(process.argv[1]).then(async (answer) => {
  const text = new TextDecoder();
  console.log(answer.headers.get('content-encoding'));
  for await (const part of answer.body) console.log(text.decode(part, {stream: true}));
});
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
async def test_node_reads_it(database: Database, tmp_path: Path) -> None:
    """Its fetch is what the EventSource of npm stands on."""
    (desktop,) = await add_desktops(database, NOW, 1)
    await publish(database, NOW, {"de": [desktop]})
    async with a_gateway(database) as running:
        url = f"http://127.0.0.1:{running.port}/stream?key={key_of(desktop)}&last_event_id=00"
        said = await _expect(["node", "-e", NODE, url], b"event: release")
        assert said.startswith(b"gzip\n")


class _Body:
    """A gzip body that is read as it comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._gzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._text = b""

    async def until(self, mark: bytes) -> None:
        """Read on to `mark`, which must come."""
        async with asyncio.timeout(PATIENCE):
            while mark not in self._text:
                data = await self.reader.read(65536)
                assert data, f"the stream ended before {mark!r}"
                self._text += self._gzip.decompress(data)
        self._text = self._text.partition(mark)[2]


async def _open(
    running: Running, desktop: int, *, accept: str = "gzip, deflate", last_event_id: str = ""
) -> tuple[bytes, _Body]:
    headers = {"Accept-Encoding": accept}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(request(key_of(desktop), headers=headers))
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    return head, _Body(reader, writer)


async def _expect(command: list[str], mark: bytes) -> bytes:
    """What a program prints, up to `mark`; then it is ended."""
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    said = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while mark not in said:
                part = await child.stdout.read(65536)
                assert part, said
                said += part
    finally:
        child.kill()
        await child.wait()
    return said
