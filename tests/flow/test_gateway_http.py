"""What the gateway answers besides the stream, and whom it sends away."""

import asyncio
from unittest.mock import patch

import pytest

from gateway_world import NOW, a_gateway, add_desktops, key_of, request
from tidewire.model.errors import Unavailable
from tidewire.store.database import Database


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET /stream HTTP/1.1\r\n\r\n", 400),
        (request(target="/stream?sector=astrology"), 400),
        (request(), 401),
        (request("nonsense"), 401),
        (request(target="/wp-login.php"), 404),
        (request(method="POST"), 405),
        (request(headers={"X-Long": "x" * 9000}), 431),
        (b"x" * 9000, 431),
    ],
)
async def test_what_cannot_be_served_gets_problem_details(
    database: Database, raw: bytes, status: int
) -> None:
    async with a_gateway(database) as running:
        found, headers, said = await running.ask(raw)
    assert (found, said["status"]) == (status, status)
    assert headers["content-type"] == "application/problem+json"
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert said["title"]


async def test_options_and_head_have_no_body(database: Database) -> None:
    (desktop,) = await add_desktops(database, NOW, 1)
    async with a_gateway(database) as running:
        status, headers, said = await running.ask(request(method="OPTIONS"))
        assert (status, said) == (204, None)
        assert "Last-Event-ID" in headers["access-control-allow-headers"]
        status, headers, said = await running.ask(request(key_of(desktop), method="HEAD"))
        assert (status, headers["content-type"], said) == (200, "text/event-stream", None)
        status, _, said = await running.ask(request(method="HEAD"))
        assert (status, said) == (401, None)
        status, _, said = await running.ask(request(method="HEAD", target="/healthz"))
        assert (status, said) == (200, None)


async def test_healthz_says_how_many_and_how_far(database: Database) -> None:
    async with a_gateway(database) as running:
        status, _, said = await running.ask(request(target="/healthz"))
    assert (status, said) == (200, {"status": "ok", "connected": 0, "position": 0})


async def test_a_request_in_single_bytes_is_read(database: Database) -> None:
    async with a_gateway(database) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        for byte in request(target="/healthz"):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
        await writer.wait_closed()


async def test_who_never_finishes_a_request_is_sent_away(database: Database) -> None:
    async with a_gateway(database) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /stream HTTP/1.1\r\n")
        assert running.gateway.send_away_late() == 0
        with patch("tidewire.channels.stream.gateway.HEAD_SECONDS", 0.0):
            while not running.gateway.send_away_late():  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()
        await writer.wait_closed()


async def test_who_hangs_up_at_once_leaves_nothing(database: Database) -> None:
    async with a_gateway(database) as running:
        for data in (b"", b"GET", request("key")):
            _, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(data)
            writer.close()
            await writer.wait_closed()
        status, *_ = await running.ask(request(target="/healthz"))
        assert status == 200


async def test_a_store_that_does_not_answer_keeps_desktops_waiting_not_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidewire.channels.stream.admit.PATIENCE_SECONDS", 0.01)
    (desktop,) = await add_desktops(database, NOW, 1)
    async with a_gateway(database) as running:
        failed = asyncio.Event()

        async def down(*_: object) -> None:
            failed.set()
            raise Unavailable("The database does not answer.")

        with patch("tidewire.channels.stream.admit.desktops.standings", down):
            asking = asyncio.create_task(running.ask(request(key_of(desktop), method="HEAD")))
            await failed.wait()
            assert not asking.done()
        status, *_ = await asking
        assert status == 200


async def test_a_full_gateway_says_so(database: Database) -> None:
    async with a_gateway(database) as running:
        running.gateway.room = 0
        status, headers, _ = await running.ask(request(target="/healthz"))
    assert (status, headers["retry-after"]) == (503, "5")


async def test_two_gateways_share_one_port(database: Database) -> None:
    async with a_gateway(database, reuse_port=True) as one:
        async with a_gateway(database, reuse_port=True, port=one.port) as other:
            assert one.port == other.port
        with pytest.raises(OSError, match="in use"):
            async with a_gateway(database, port=one.port):
                pass
