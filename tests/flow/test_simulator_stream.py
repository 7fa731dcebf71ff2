"""The world's desktops and feed readers, met by a server that is not ours, on the real loop."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import uvloop
from aiohttp import web

from tidewire.simulator.desktops import Desktops
from tidewire.simulator.feed_readers import FeedReaders, entries
from tidewire.simulator.mail_sink import Mail, MailSink
from tidewire.simulator.truth import Truth


def _frame(sequence: int, ref: str) -> bytes:
    data = json.dumps({"id": ref, "version": 1, "text": "two\nlines"})
    return f"id: {sequence}\nevent: release\ndata: {data}\n\n".encode()


class _Full(Counter[str]):
    """A counter that sets `event` once it holds `size` keys."""

    def __init__(self, event: asyncio.Event, size: int) -> None:
        super().__init__()
        self.event = event
        self.size = size

    def __setitem__(self, key: str, value: int) -> None:
        super().__setitem__(key, value)
        if len(self) == self.size:
            self.event.set()


async def _serve(application: web.Application) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    return runner, f"http://{host}:{port}"


def test_a_desktop_comes_back_where_it_was_and_its_repeats_are_counted(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    async def stream(request: web.Request) -> web.StreamResponse:
        after = request.headers.get("Last-Event-ID", "")
        asked.append((request.headers["Authorization"], after))
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b'id: 00\nretry: 3000\nevent: hello\ndata: {"head":1}\n\n: beat\n\n')
        first = _frame(1, "one")
        await answer.write(first[:20])
        await answer.write(first[20:])
        if after == "1":
            await answer.write(_frame(2, "two"))
            await asyncio.Event().wait()
        return answer  # ends the stream: the desktop is thrown off line

    async def live() -> Truth:
        application = web.Application()
        application.router.add_get("/stream", stream)
        runner, base = await _serve(application)
        keys = tmp_path / "desktops.keys"
        keys.write_text("d-0000001\tkey-one\nd-0000002\tkey-two\n")
        truth, everything = Truth(), asyncio.Event()
        desktops = Desktops(1, truth, f"{base}/stream")
        truth.accepted = {"stream": _Full(everything, 4)}
        desktops.connect(keys)
        async with asyncio.timeout(20):
            await everything.wait()
            await desktops.rest()
        assert desktops.connected == desktops.total == 2
        await desktops.close()
        await runner.cleanup()
        return truth

    truth = uvloop.run(live())
    document = truth.document()
    assert document["accepted"]["stream"] == [
        "d-0000001 one.1",
        "d-0000001 two.1",
        "d-0000002 one.1",
        "d-0000002 two.1",
    ]
    assert document["repeats"]["stream"] == {"d-0000001 one.1": 1, "d-0000002 one.1": 1}
    assert document["faults"] == []
    assert set(asked[:2]) == {("Bearer key-one", ""), ("Bearer key-two", "")}
    assert {after for _, after in asked[2:]} == {"1"}


def test_readers_ask_for_sectors_when_their_language_changed_and_send_the_etag_back() -> None:
    asked: list[tuple[str, bool]] = []

    async def feed(request: web.Request) -> web.Response:
        fresh = "If-None-Match" not in request.headers
        asked.append((request.path, fresh))
        if not fresh:
            return web.Response(status=304)
        name = request.path.removeprefix("/feeds/").rpartition(".")[0]
        if not name.startswith("de"):
            return web.Response(status=404)
        return web.Response(text=_document(request.path), headers={"ETag": '"one"'})

    async def live() -> Truth:
        application = web.Application()
        application.router.add_get("/feeds/{name:.*}", feed)
        runner, base = await _serve(application)
        truth = Truth()
        readers = FeedReaders(truth, base, ("en", "de"))
        async with readers._session() as session:
            await readers.look(session)
            first = len(asked)
            await readers.look(session)
        assert [path.split(".")[0] for path, _ in asked[first:]] == ["/feeds/en", "/feeds/de"]
        assert asked[-1][1] is False
        await runner.cleanup()
        return truth

    truth = uvloop.run(live())
    names = {key.split()[0] for key in truth.accepted["feed"]}
    assert "de" in names
    assert "de/technology" in names
    assert all(key.endswith(" urn:uuid:7.2") for key in truth.accepted["feed"])


def _document(path: str) -> str:
    atom, wire = "http://www.w3.org/2005/Atom", "tag:tidewire.example,2026:wire"
    if path.endswith(".json"):
        return json.dumps({"items": [{"id": "urn:uuid:7", "_tidewire": {"version": 2}}]})
    if path.endswith(".rss"):
        return (
            f'<rss xmlns:tw="{wire}"><channel><item><guid>urn:uuid:7</guid>'
            "<tw:version>2</tw:version></item></channel></rss>"
        )
    return (
        f'<feed xmlns="{atom}" xmlns:tw="{wire}"><entry><id>urn:uuid:7</id>'
        "<tw:version>2</tw:version></entry></feed>"
    )


def test_what_was_taken_back_is_seen_too() -> None:
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:tw="tag:tidewire.example,2026:wire"'
        ' xmlns:at="http://purl.org/atompub/tombstones/1.0">'
        '<at:deleted-entry ref="urn:uuid:7"><tw:version>3</tw:version></at:deleted-entry></feed>'
    )
    assert entries("atom", text.encode()) == ["urn:uuid:7.3"]


def test_the_mail_server_runs_on_the_fast_loop() -> None:
    taken: list[Mail] = []

    async def live() -> None:
        server = await MailSink(1, Truth(), taken.append).listen("127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        one = b"MAIL FROM:<a@w.example>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n"
        writer.write(b"EHLO c\r\n" + 50 * (one + b"Message-ID: <1>\r\n\r\n\r\n.\r\n") + b"QUIT\r\n")
        assert (await reader.read()).count(b"250 2.0.0") == 50
        writer.close()
        server.close()

    uvloop.run(live())
    assert len(taken) == 1  # the same mail fifty times
