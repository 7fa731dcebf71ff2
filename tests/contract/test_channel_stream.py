"""The stream keeps the channel's contract, over real connections to a real gateway."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest
from httpx_sse._decoders import SSEDecoder

from contract.channel_contract import ChannelContract, Copy, outgoing, send_all
from editions import an_edition
from gateway_world import BASE_URL, NOW, Running, a_gateway, add_desktops, key_of, request
from tidewire.channels.stream.channel import StreamChannel
from tidewire.model.delivery import Deferred, Outgoing
from tidewire.store.database import Database


class StreamRig:
    """Desktops with ids 1, 2, ... on plain sockets: what is acknowledged can be read at once."""

    def __init__(self, running: Running) -> None:
        self.channel = StreamChannel(running.gateway.hub, running.gateway.clock, BASE_URL)
        self._running = running
        self.lines: list[socket.socket] = []
        self._got: list[bytes] = []

    async def connect(self, desktop: int) -> None:
        """One desktop, connected and greeted."""
        loop = asyncio.get_running_loop()
        line = socket.socket()
        line.setblocking(False)
        self.lines.append(line)
        self._got.append(b"")
        await loop.sock_connect(line, ("127.0.0.1", self._running.port))
        await loop.sock_sendall(line, request(key_of(desktop)))
        while b"event: hello" not in self._got[-1]:
            self._got[-1] += await loop.sock_recv(line, 65536)

    def deliveries(self, count: int, language: str) -> list[Outgoing]:
        return [outgoing(number, "", language) for number in range(1, count + 1)]

    def dead(self) -> Outgoing:
        return outgoing(9001, "", "de")

    def unwilling(self) -> None:
        return None

    async def received(self) -> list[Copy]:
        copies = []
        for number, line in enumerate(self.lines):
            try:
                while data := line.recv(1 << 20):
                    self._got[number] += data
            except BlockingIOError:
                pass
            copies += _copies(self._got[number])
        return copies


def _copies(whole: bytes) -> list[Copy]:
    decoder = SSEDecoder()
    lines = whole.partition(b"\r\n\r\n")[2].decode().split("\n")[:-1]
    events = [event for line in lines if (event := decoder.decode(line)) is not None]
    return [
        Copy(event.id, json.dumps(json.loads(event.data), ensure_ascii=False))
        for event in events
        if event.event != "hello"
    ]


@pytest.fixture
async def rig(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[StreamRig]:
    """A gateway with as many connected desktops as the test sends to."""
    number = 500 if "500" in request.node.name else 50
    await add_desktops(database, NOW, number)
    async with a_gateway(database) as running:
        rig = StreamRig(running)
        for desktop in range(1, number + 1):
            await rig.connect(desktop)
        yield rig
        for line in rig.lines:
            line.close()


class TestStream(ChannelContract):
    """The shared suite, and what is the stream's own."""

    async def test_who_is_not_connected_is_deferred_and_no_host_is_blamed(
        self, rig: StreamRig
    ) -> None:
        (receipt,) = await send_all(rig.channel, an_edition(), "de", [rig.dead()])
        assert receipt.outcome == Deferred(0, "not connected", blame_host=False)

    async def test_who_hangs_up_before_acknowledging_is_deferred(self, rig: StreamRig) -> None:
        rig.lines[0].close()
        receipts = await send_all(rig.channel, an_edition(), "de", rig.deliveries(2, "de"))
        outcomes = {receipt.endpoint_id: receipt.outcome for receipt in receipts}
        assert isinstance(outcomes[1], Deferred)
        assert outcomes[1].blame_host is False
        assert outcomes[2].code == 200
