"""TLS on the gateway: the same stream, the same receipts, and a certificate that can be renewed."""

import asyncio
import json
import os
import signal
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from gateway_world import (
    NOW,
    PATIENCE,
    SIGNER,
    Desktop,
    Running,
    a_gateway,
    add_desktops,
    key_of,
    publish,
    request,
    split_answer,
)
from tidewire.app.assemble import House
from tidewire.app.gateway import run_gateway
from tidewire.app.settings import read_settings
from tidewire.bus.postgres import PostgresBell
from tidewire.channels.stream.tls import server_context
from tidewire.clock import SystemClock
from tidewire.model.errors import Misconfigured
from tidewire.simulator.certificates import Certificates, make_certificates
from tidewire.store.database import Database
from wire import a_vault

HOST = "gateway.sim.localhost"


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path, SystemClock())


async def open_line(
    port: int, certificates: Certificates
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection of a client that checks the certificate."""
    trust = ssl.create_default_context(cafile=str(certificates.authority))
    return await asyncio.open_connection(
        "127.0.0.1", port, ssl=trust, server_hostname=HOST, limit=1 << 22
    )


async def connect(running: Running, certificates: Certificates, desktop: int) -> Desktop:
    reader, writer = await open_line(running.port, certificates)
    writer.write(request(key_of(desktop)))
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    found = Desktop(reader, writer)
    hello = await found.event()
    assert hello is not None
    assert hello.event == "hello"
    return found


async def test_desktops_get_editions_and_receipts_over_tls(
    database: Database, certificates: Certificates
) -> None:
    desktops = await add_desktops(database, NOW, 5)
    tls = server_context(certificates.chain, certificates.key)
    async with a_gateway(database, tls=tls) as running:
        screens = [await connect(running, certificates, desktop) for desktop in desktops]
        for _ in range(3):
            release_id, sequence = await publish(database, NOW, {"de": desktops}, ring=True)
            for screen in screens:
                (event,) = await screen.events(1)
                assert event.id == str(sequence)
                assert json.loads(event.data)["language"] == "de"
            assert await running.receipts(release_id, 5) == desktops
        for screen in screens:
            await screen.close()


async def test_nothing_is_acknowledged_before_the_socket_bytes_are(
    database: Database, certificates: Certificates
) -> None:
    """An encrypted frame is longer than a plain one: its end is counted as it is on the socket."""
    (desktop,) = await add_desktops(database, NOW, 1)
    tls = server_context(certificates.chain, certificates.key)
    async with a_gateway(database, tls=tls) as running:
        screen = await connect(running, certificates, desktop)
        await publish(database, NOW, {"de": [desktop]}, ring=True)
        (event,) = await screen.events(1)
        (ours,) = running.gateway.hub.of(desktop)
        assert ours.written > len(event.data)
        async with asyncio.timeout(PATIENCE):
            while ours.acknowledged()[0] < ours.written:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert ours.acknowledged()[0] == ours.written
        await screen.close()


async def test_an_answer_over_tls_is_whole(database: Database, certificates: Certificates) -> None:
    tls = server_context(certificates.chain, certificates.key)
    async with a_gateway(database, tls=tls) as running:
        reader, writer = await open_line(running.port, certificates)
        writer.write(request("junk"))
        async with asyncio.timeout(PATIENCE):
            status, _, said = split_answer(await reader.read())
        assert (status, said["status"]) == (401, 401)
        writer.close()


@pytest.mark.parametrize("said", [b"GET /stream HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" * 20000])
async def test_what_is_not_tls_is_cut(
    database: Database, certificates: Certificates, said: bytes
) -> None:
    tls = server_context(certificates.chain, certificates.key)
    async with a_gateway(database, tls=tls) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(said)
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionError):
                assert b"HTTP" not in await reader.read()
        writer.close()


async def test_a_renewed_certificate_is_shown_after_sighup(
    database: Database, tmp_path: Path, certificates: Certificates
) -> None:
    settings = read_settings(
        {
            "TIDEWIRE_HOME": str(tmp_path),
            "TIDEWIRE_GATEWAY_CERTIFICATE": str(certificates.chain),
            "TIDEWIRE_GATEWAY_KEY": str(certificates.key),
        }
    )
    assert settings.stream_url.startswith("https://")
    clock = SystemClock()
    vault = a_vault(database, clock)
    house = House(settings, database, clock, SIGNER, PostgresBell(database), vault)
    stopping = asyncio.Event()
    listens: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    program = asyncio.create_task(
        run_gateway(house, stopping, port=0, ready=lambda _, port: listens.set_result(port))
    )
    try:
        port = await listens
        before = await _serial(port, certificates)
        renewed = make_certificates(tmp_path, SystemClock())
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    after = await _serial(port, renewed)
                    break
                except ssl.SSLCertVerificationError:
                    await asyncio.sleep(0.01)
        assert after != before
        renewed.chain.write_text("no certificate")
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.01)
        assert await _serial(port, renewed) == after
    finally:
        stopping.set()
        await program


async def _serial(port: int, certificates: Certificates) -> str:
    _, writer = await open_line(port, certificates)
    shown = writer.get_extra_info("peercert")
    writer.close()
    return str(shown["serialNumber"])


def test_a_certificate_that_cannot_be_used_is_told(certificates: Certificates) -> None:
    with pytest.raises(Misconfigured, match="cannot be used"):
        server_context(certificates.chain, certificates.chain)
    with pytest.raises(Misconfigured, match="one is missing"):
        read_settings({"TIDEWIRE_GATEWAY_KEY": "key.pem"})
    for wrong in ("0", "x", "1000"):
        with pytest.raises(Misconfigured, match="TIDEWIRE_GATEWAYS"):
            read_settings({"TIDEWIRE_GATEWAYS": wrong})
