"""Webhooks over kept and warmed connections, and servers that keep to no rule."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest
import uvicorn
from aiohttp import web

from contract.channel_contract import outgoing, send_all
from contract.webhook_world import World, ok, send_one, status
from editions import an_edition
from tidewire.model.delivery import Accepted, Deferred, Receipt

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Raw:
    """A hand-written server: answers each request by `say(writer, number of the request)`.

    `connections` counts what was accepted (after the handshake), `heads` what was asked.
    """

    say: Callable[["Raw", asyncio.StreamWriter], Awaitable[None]]
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
                await reader.readexactly(int(fields[b"Content-Length"]))
                await self.say(self, writer)
        except (asyncio.IncompleteReadError, OSError):
            writer.transport.abort()
            self.ended.set()


def saying(*answers: bytes) -> Callable[[Raw, asyncio.StreamWriter], Awaitable[None]]:
    """Each request gets the next answer, the last one for ever."""

    async def say(raw: Raw, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[min(len(raw.heads), len(answers)) - 1])

    return say


async def test_one_connection_serves_one_post_after_the_other(world: World) -> None:
    raw = Raw(saying(OK, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"))
    address = f"https://127.0.0.1:{await world.serve_raw(raw.handle)}/x"
    channel = world.channel()
    outcomes = [await send_one(channel, address) for _ in range(3)]
    assert outcomes == [Accepted(204), Accepted(200), Accepted(200)]
    assert raw.connections == 1
    assert not any(b"tidewire-repeat" in head for head in raw.heads)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\n\r\n" * 20 + OK,
        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 204 No Content\r\n\r\n",
        OK + b"HTTP/1.1 500 Unasked\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nRetry-After: 77\r\n\r\n",
    ],
)
async def test_unusual_answers_are_read_rightly(world: World, answer: bytes) -> None:
    raw = Raw(saying(answer))
    address = f"https://127.0.0.1:{await world.serve_raw(raw.handle)}/x"
    channel = world.channel()
    assert [await send_one(channel, address) for _ in range(2)] == [Accepted(204), Accepted(204)]


async def test_the_last_answers_retry_after_counts(world: World) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\n\r\n"
    raw = Raw(saying(hint + b"HTTP/1.1 429 Busy\r\nretry-AFTER: 77\r\nContent-Length: 0\r\n\r\n"))
    address = f"https://127.0.0.1:{await world.serve_raw(raw.handle)}/x"
    assert await send_one(world.channel(), address) == Deferred(
        429, "", 77.0, blame_host=False, overloaded=True
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 2x4 No\r\n\r\n",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 204 No Content\r\nBroken field\r\n\r\n",
        b"\x00" * 200,
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
    ],
)
async def test_what_is_no_answer_is_deferred_and_may_have_arrived(
    world: World, answer: bytes
) -> None:
    raw = Raw(saying(answer))
    address = f"https://127.0.0.1:{await world.serve_raw(raw.handle)}/x"
    outcome = await send_one(world.channel(), address)
    assert isinstance(outcome, Deferred)
    assert outcome.unseen
    assert len(raw.heads) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbad",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfineX",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3_000_000,
    ],
)
async def test_a_body_that_is_bad_or_long_costs_the_connection_and_no_more(
    world: World, answer: bytes
) -> None:
    raw = Raw(saying(answer))
    address = f"https://127.0.0.1:{await world.serve_raw(raw.handle)}/x"
    channel = world.channel()
    assert [await send_one(channel, address) for _ in range(2)] == [Accepted(200), Accepted(200)]
    assert raw.connections == 2


async def test_a_head_that_never_ends_times_out(world: World) -> None:
    async def drip(raw: Raw, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nx: ")

    raw = Raw(drip)
    address = f"https://127.0.0.1:{await world.serve_raw(raw.handle)}/x"
    outcome = await send_one(world.channel(TIDEWIRE_WEBHOOK_TIMEOUT="1.5"), address)
    assert outcome == Deferred(0, "timeout", overloaded=True, unseen=True)
    async with asyncio.timeout(20):
        await raw.ended.wait()  # nobody reads an answer that is too late


async def test_a_kept_connection_that_closes_as_it_is_used_is_replaced_and_the_post_marked(
    world: World,
) -> None:
    async def once(raw: Raw, writer: asyncio.StreamWriter) -> None:
        if len(raw.heads) == 2:  # read, perhaps acted upon, and closed without a word
            writer.transport.abort()
        else:
            writer.write(OK)

    raw = Raw(once)
    address = f"https://127.0.0.1:{await world.serve_raw(raw.handle)}/x"
    channel = world.channel()
    assert [await send_one(channel, address) for _ in range(2)] == [Accepted(204), Accepted(204)]
    assert [b"tidewire-repeat: 1" in head for head in raw.heads] == [False, False, True]
    ids = {line for head in raw.heads for line in head.split(b"\r\n") if b"webhook-id" in line}
    assert len(ids) == 1


async def test_a_post_that_was_cut_off_in_its_answer_is_not_sent_again_at_once(
    world: World,
) -> None:
    async def half(raw: Raw, writer: asyncio.StreamWriter) -> None:
        writer.write(OK if len(raw.heads) == 1 else b"HTTP/1.1 2")
        if len(raw.heads) > 1:
            await writer.drain()
            writer.close()

    raw = Raw(half)
    address = f"https://127.0.0.1:{await world.serve_raw(raw.handle)}/x"
    channel = world.channel()
    assert await send_one(channel, address) == Accepted(204)
    outcome = await send_one(channel, address)
    assert isinstance(outcome, Deferred)
    assert outcome.unseen
    assert len(raw.heads) == 2


async def test_warming_opens_connections_and_sends_nothing(world: World) -> None:
    raw = Raw(saying(OK))
    port = await world.serve_raw(raw.handle)
    channel = world.channel()
    addresses = [f"https://127.0.0.1:{port}/{n}" for n in range(3)]
    await channel.warm(an_edition(), "de", addresses)
    assert raw.connections == 3
    assert raw.heads == []
    deliveries = [outgoing(n, address, "de") for n, address in enumerate(addresses)]
    receipts = await send_all(channel, an_edition(), "de", deliveries)
    assert [receipt.outcome for receipt in receipts] == [Accepted(204)] * 3
    assert raw.connections == 3


async def test_warming_never_raises_whatever_the_addresses(world: World) -> None:
    plain = await world.serve_plainly(ok)
    wrong = await world.serve(ok, names=("other.localhost",))
    expired = await world.serve_expired(ok)
    await world.channel().warm(
        an_edition(),
        "de",
        [
            "",
            "nonsense",
            "https://10.0.0.1/x",
            "https://127.0.0.1:1025/dead",
            "https://no-such-name.invalid/x",
            f"https://a..localhost:{wrong}/x",
            *(f"https://127.0.0.1:{port}/x" for port in (plain, wrong, expired)),
        ],
    )
    assert world.hits == []


async def test_warming_keeps_to_its_time_where_a_host_is_silent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass
        let_go.set()
        writer.transport.abort()

    let_go = asyncio.Event()
    monkeypatch.setattr("tidewire.channels.posting.post.WARM_SECONDS", 0.3)
    port = await world.serve_raw(no_handshake, tls=False)
    channel = world.channel(TIDEWIRE_WEBHOOK_TIMEOUT="600")
    async with asyncio.timeout(30):
        await channel.warm(an_edition(), "de", [f"https://127.0.0.1:{port}/x"])
        await let_go.wait()


async def test_a_warmed_connection_that_the_host_closed_is_simply_gone(world: World) -> None:
    raw = Raw(saying(OK))
    port = await world.serve_raw(raw.handle)
    address = f"https://127.0.0.1:{port}/x"
    channel = world.channel()
    await channel.warm(an_edition(), "de", [address])
    raw.writers[0].transport.abort()
    assert await send_one(channel, address) == Accepted(204)
    assert len(raw.heads) == 1 or b"tidewire-repeat" in raw.heads[-1]
    assert raw.connections == 2


async def test_no_more_connections_are_kept_than_the_setting_says(world: World) -> None:
    raw = Raw(saying(OK))
    port = await world.serve_raw(raw.handle)
    channel = world.channel(TIDEWIRE_WEBHOOK_CONNECTIONS="1")
    await channel.warm(an_edition(), "de", [f"https://127.0.0.1:{port}/x"])
    other = await world.serve(ok)
    assert await send_one(channel, f"https://127.0.0.1:{other}/x") == Accepted(204)
    async with asyncio.timeout(20):
        await raw.ended.wait()


async def test_who_answers_before_it_has_read_is_taken_at_its_word(world: World) -> None:
    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        writer.write(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    port = await world.serve_raw(hasty)
    outcome = await send_one(world.channel(), f"https://127.0.0.1:{port}/x")
    assert outcome == Deferred(413, blame_host=False)


async def test_it_speaks_with_uvicorn(world: World) -> None:
    bodies: list[bytes] = []

    async def application(scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] == "http":
            bodies.append((await receive())["body"])
            await send({"type": "http.response.start", "status": 202, "headers": []})
            await send({"type": "http.response.body", "body": b"thanks"})

    server = uvicorn.Server(
        uvicorn.Config(application, port=0, http="h11", log_level="error", lifespan="off")
    )
    server.install_signal_handlers = lambda: None
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(30):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    channel = world.channel(TIDEWIRE_WEBHOOK_ALLOW_HTTP="1")
    outcomes = [await send_one(channel, f"http://127.0.0.1:{port}/x") for _ in range(2)]
    server.should_exit = True
    await channel.close()
    await serving
    assert outcomes == [Accepted(202), Accepted(202)]
    assert len(bodies) == 2


async def test_silent_hosts_on_many_pages_hold_up_no_quick_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three places, twelve silent hosts on four pages: every quick one is through first."""
    monkeypatch.setattr("tidewire.channels.posting.lanes.PATIENCE_SECONDS", 0.05)
    wake = asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        await wake.wait()
        return web.Response(status=204)

    slow = await world.serve(wait, names=tuple(f"s{n}.localhost" for n in range(12)))
    quick = await world.serve(ok, names=tuple(f"q{n}.localhost" for n in range(40)))
    channel = world.channel(TIDEWIRE_WEBHOOK_CONCURRENCY="3")
    left = 40
    order: list[int] = []

    async def send(page: int) -> None:
        nonlocal left
        deliveries = [
            *(outgoing(n, f"https://s{n}.localhost:{slow}/x", "de") for n in range(page, 12, 4)),
            *(
                outgoing(100 + n, f"https://q{n}.localhost:{quick}/x", "de")
                for n in range(page, 40, 4)
            ),
        ]
        async with aclosing(channel.send(an_edition(), "de", deliveries)) as receipts:
            async for receipt in receipts:
                order.append(_accepted(receipt))
                left -= receipt.endpoint_id >= 100
                if not left:
                    wake.set()

    async with asyncio.timeout(60):
        await asyncio.gather(*(send(page) for page in range(4)))
    assert min(order[:40]) >= 100
    assert sorted(order[40:]) == list(range(12))


async def test_eight_per_host_and_two_per_endpoint_hold_across_pages(world: World) -> None:
    gate, full = asyncio.Event(), asyncio.Event()
    wanted = 8

    async def hold(request: web.Request) -> web.Response:
        if world.under_way >= wanted:
            full.set()
        await gate.wait()
        return web.Response()

    port = await world.serve(hold)
    channel = world.channel()

    async def most(pages: list[list[tuple[int, str]]]) -> int:
        gate.clear()
        full.clear()
        world.most_under_way = 0
        sending = [
            asyncio.create_task(
                send_all(
                    channel,
                    an_edition(),
                    "de",
                    [outgoing(n, f"https://127.0.0.1:{port}/{path}", "de") for n, path in page],
                )
            )
            for page in pages
        ]
        async with asyncio.timeout(20):
            await full.wait()
        gate.set()
        await asyncio.gather(*sending)
        return world.most_under_way

    apart = [[(10 * page + n, "x") for n in range(10)] for page in range(3)]
    assert await most(apart) == 8
    wanted = 2
    assert await most([[(7, "same")] * 2 for _ in range(3)]) == 2


async def test_a_retry_after_is_reported_to_whoever_decides(world: World) -> None:
    port = await world.serve(status(503, Retry_After="120"))
    assert await send_one(world.channel(), f"https://127.0.0.1:{port}/x") == Deferred(
        503, after=120.0
    )


def _accepted(receipt: Receipt) -> int:
    assert receipt.outcome == Accepted(204)
    return receipt.endpoint_id


async def test_connections_given_up_while_being_made_disturb_no_other(world: World) -> None:
    """At each of the first steps of a handshake: the socket's number is used again at once."""
    names = [f"{kind}-{n}.localhost" for kind in ("given-up", "next") for n in range(8)]
    port = await world.serve(ok, names=tuple(names))
    channel = world.channel()
    for steps in range(12):
        addresses = [f"https://given-up-{n}.localhost:{port}/x" for n in range(8)]
        warming = asyncio.create_task(channel.warm(an_edition(), "de", addresses))
        for _ in range(steps):
            await asyncio.sleep(0)
        warming.cancel()
        await asyncio.gather(warming, return_exceptions=True)
        page = [outgoing(n, f"https://next-{n}.localhost:{port}/x", "de") for n in range(8)]
        receipts = await send_all(channel, an_edition(), "de", page)
        assert [_accepted(receipt) for receipt in receipts]
