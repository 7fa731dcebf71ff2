"""Webhooks to endpoints that are slow, broken, hostile or somewhere they should not be."""

import asyncio
import socket
import ssl
from contextlib import aclosing

import pytest
from aiohttp import web

from contract.channel_contract import outgoing, send_all
from contract.webhook_world import Answer, World, ok, send_one, status
from editions import an_edition
from tidewire.model.delivery import Accepted, Deferred, Outcome, Outgoing, Refused


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (status(410), Refused(410, "gone for good", disable=True)),
        (status(429, Retry_After="77"), Deferred(429, "", 77.0, False, True)),
        (status(503, Retry_After="Tue, 03 Mar 2026 12:01:40 GMT"), Deferred(503, after=100.0)),
        (status(500), Deferred(500)),
        (status(404), Deferred(404, blame_host=False)),
    ],
)
async def test_an_answer_is_reported_as_it_was_given(
    world: World, answer: Answer, outcome: Outcome
) -> None:
    port = await world.serve(answer)
    assert await send_one(world.channel(), f"https://127.0.0.1:{port}/x") == outcome


async def test_a_redirect_to_a_private_address_is_not_followed(world: World) -> None:
    hidden = await world.serve_plainly(ok)
    port = await world.serve(status(307, Location=f"http://127.0.0.1:{hidden}/secret"))
    channel = world.channel(TIDEWIRE_WEBHOOK_ALLOW_HTTP="1")
    outcome = await send_one(channel, f"https://127.0.0.1:{port}/x")
    assert outcome == Refused(307, "a redirect is not followed")
    assert [hit.path for hit in world.hits] == ["/x"]


async def test_a_certificate_for_another_name_is_refused(world: World) -> None:
    port = await world.serve(ok, names=("other.localhost",))
    for host in ("127.0.0.1", "outlet.localhost"):
        outcome = await send_one(world.channel(), f"https://{host}:{port}/x")
        assert outcome == Refused(0, "the certificate is for another name")
    assert world.hits == []


async def test_an_expired_certificate_is_deferred(world: World) -> None:
    port = await world.serve_expired(ok)
    outcome = await send_one(world.channel(), f"https://127.0.0.1:{port}/x")
    assert isinstance(outcome, Deferred)
    assert "expired" in outcome.detail


async def test_an_unknown_authority_is_deferred(world: World) -> None:
    port = await world.serve(ok)
    outcome = await send_one(
        world.channel(TIDEWIRE_EXTRA_CA_FILE=""), f"https://127.0.0.1:{port}/x"
    )
    assert isinstance(outcome, Deferred)
    assert outcome.detail.startswith("certificate")
    assert world.hits == []


@pytest.mark.parametrize("host", ["127.0.0.1", "outlet-1.localhost", "2130706433", "127.1"])
async def test_loopback_is_refused_unless_a_setting_allows_it(world: World, host: str) -> None:
    port = await world.serve(ok, names=("127.0.0.1", "outlet-1.localhost"))
    channel = world.channel(TIDEWIRE_EGRESS_ALLOW="")
    assert isinstance(await send_one(channel, f"https://{host}:{port}/x"), Refused)
    assert world.hits == []


async def test_a_public_name_that_resolves_to_loopback_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = await world.serve(ok, names=("outlet.example",))

    def looked_up(host: str, port: int) -> list[tuple]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
        return [(*kind, (address, port)) for address in ("127.0.0.1", "10.0.0.1")]

    monkeypatch.setattr("tidewire.channels.egress._look_up", looked_up)
    address = f"https://outlet.example:{port}/x"
    outcome = await send_one(world.channel(TIDEWIRE_EGRESS_ALLOW=""), address)
    assert outcome == Refused(0, "the address is private or reserved")
    assert world.hits == []
    assert await send_one(world.channel(), address) == Accepted(204)


async def test_the_last_gate_stands_where_the_first_was_passed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = await world.serve(ok)
    channel = world.channel(TIDEWIRE_EGRESS_ALLOW="")
    monkeypatch.setattr("tidewire.channels.egress.Egress.check_url", lambda *_: None)
    outcome = await send_one(channel, f"https://127.0.0.1:{port}/x")
    assert outcome == Refused(0, "the address is private or reserved")
    assert world.hits == []


@pytest.mark.parametrize(
    "address", ["http://outlet.example/x", "https://a:b@outlet.example/x", "nonsense", ""]
)
async def test_an_address_that_is_no_https_url_is_refused(world: World, address: str) -> None:
    assert isinstance(await send_one(world.channel(), address), Refused)


async def test_plain_http_works_where_a_setting_allows_it(world: World) -> None:
    port = await world.serve_plainly(ok)
    channel = world.channel(TIDEWIRE_WEBHOOK_ALLOW_HTTP="1")
    assert await send_one(channel, f"http://127.0.0.1:{port}/x") == Accepted(204)


async def test_a_secret_that_is_none_is_refused(world: World) -> None:
    port = await world.serve(ok)
    outcome = await send_one(world.channel(), f"https://127.0.0.1:{port}/x", secret="hunter2")
    assert isinstance(outcome, Refused)
    assert "hunter2" not in outcome.detail
    assert world.hits == []


async def test_who_never_answers_times_out_and_may_have_got_it(world: World) -> None:
    async def never(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    port = await world.serve(never)
    channel = world.channel(TIDEWIRE_WEBHOOK_TIMEOUT="0.5")
    outcome = await send_one(channel, f"https://127.0.0.1:{port}/x")
    assert outcome == Deferred(0, "timeout", overloaded=True, unseen=True)


async def test_a_connection_that_is_reset_is_deferred(world: World) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    port = await world.serve_raw(reset)
    outcome = await send_one(world.channel(), f"https://127.0.0.1:{port}/x")
    assert isinstance(outcome, Deferred)
    assert outcome.unseen
    assert outcome.blame_host


async def test_a_server_that_does_not_speak_http_is_deferred(world: World) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    port = await world.serve_raw(babble)
    assert isinstance(await send_one(world.channel(), f"https://127.0.0.1:{port}/x"), Deferred)


async def test_a_server_without_tls_is_deferred(world: World) -> None:
    port = await world.serve_plainly(ok)
    outcome = await send_one(world.channel(), f"https://127.0.0.1:{port}/x")
    assert isinstance(outcome, Deferred)
    assert "EPERM" not in outcome.detail
    assert world.hits == []


async def test_an_endless_answer_is_accepted_by_its_status(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            writer.transport.abort()

    monkeypatch.setattr("tidewire.channels.posting.connection.ANSWER_SECONDS", 60.0)
    port = await world.serve_raw(endless)
    async with asyncio.timeout(15):  # whoever read on would do so until the try's 20 seconds end
        assert await send_one(world.channel(), f"https://127.0.0.1:{port}/x") == Accepted(200)


async def test_an_answer_that_never_ends_is_accepted_by_its_status(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop_short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nhalf")
        while await reader.read(65536):
            pass
        writer.transport.abort()

    monkeypatch.setattr("tidewire.channels.posting.connection.ANSWER_SECONDS", 0.1)
    port = await world.serve_raw(stop_short)
    async with asyncio.timeout(15):
        assert await send_one(world.channel(), f"https://127.0.0.1:{port}/x") == Accepted(202)


async def test_a_silent_host_holds_up_no_other(world: World) -> None:
    silent = asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        await silent.wait()
        return web.Response()

    slow = await world.serve(wait, names=("slow.localhost",))
    fast = await world.serve(ok, names=("fast.localhost",))
    deliveries = [
        *(outgoing(n, f"https://slow.localhost:{slow}/{n}", "de") for n in range(40)),
        *(outgoing(n, f"https://fast.localhost:{fast}/{n}", "de") for n in range(40, 80)),
    ]
    order: list[int] = []
    async with (
        asyncio.timeout(30),
        aclosing(world.channel().send(an_edition(), "de", deliveries)) as receipts,
    ):
        async for receipt in receipts:
            order.append(receipt.endpoint_id)
            if len(order) == 40:
                assert min(order) >= 40  # all fast ones are through, no slow one is
                silent.set()
    assert sorted(order) == list(range(80))


async def test_a_host_is_sent_eight_at_once_and_an_endpoint_two(world: World) -> None:
    gate = asyncio.Event()
    full = asyncio.Event()
    most = 8

    async def hold(request: web.Request) -> web.Response:
        if world.under_way >= most:
            full.set()
        await gate.wait()
        return web.Response()

    port = await world.serve(hold)
    channel = world.channel()

    async def send(deliveries: list[Outgoing]) -> int:
        gate.clear()
        full.clear()
        world.most_under_way = 0
        sending = asyncio.create_task(send_all(channel, an_edition(), "de", deliveries))
        async with asyncio.timeout(20):
            await full.wait()
        gate.set()
        await sending
        return world.most_under_way

    many = [outgoing(n, f"https://127.0.0.1:{port}/{n}", "de") for n in range(30)]
    assert await send(many) == 8
    most = 2
    same = [outgoing(7, f"https://127.0.0.1:{port}/same", "de") for _ in range(6)]
    assert await send(same) == 2


async def test_no_more_than_the_setting_are_under_way_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidewire.channels.posting.lanes.PATIENCE_SECONDS", 60.0)

    async def briefly(request: web.Request) -> web.Response:
        await asyncio.sleep(0)
        return web.Response()

    port = await world.serve(briefly, names=tuple(f"h{n}.localhost" for n in range(10)))
    channel = world.channel(TIDEWIRE_WEBHOOK_CONCURRENCY="3")
    deliveries = [outgoing(n, f"https://h{n % 10}.localhost:{port}/{n}", "de") for n in range(40)]
    assert len(await send_all(channel, an_edition(), "de", deliveries)) == 40
    assert world.most_under_way <= 3


async def test_who_stops_iterating_has_the_open_tries_cancelled(world: World) -> None:
    let_go = asyncio.Event()

    async def dropped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        held.set()
        while await reader.read(65536):
            pass
        let_go.set()
        writer.close()

    held = asyncio.Event()
    fast = await world.serve(ok)
    slow = await world.serve_raw(dropped, tls=False)
    channel = world.channel(TIDEWIRE_WEBHOOK_ALLOW_HTTP="1")
    deliveries = [
        outgoing(0, f"https://127.0.0.1:{fast}/0", "de"),
        outgoing(1, f"http://127.0.0.1:{slow}/1", "de"),
    ]
    async with aclosing(channel.send(an_edition(), "de", deliveries)) as receipts:
        assert (await anext(receipts)).endpoint_id == 0
        async with asyncio.timeout(10):
            await held.wait()
    async with asyncio.timeout(10):
        await let_go.wait()
