"""Two of everything on one PostgreSQL; each is stopped in turn, and nothing is missed."""

import asyncio
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway_world import Desktop, request
from nats_world import NatsServer, nats_cluster
from programs import Installation, free_port
from tidewire.access.tokens import desktop_key, open_signer
from tidewire.bus.bell import Topic
from tidewire.bus.nats import NatsBell, read_servers
from tidewire.clock import SystemClock, stopwatch
from tidewire.ledger.sums import stream_sum
from tidewire.model.delivery import ChannelCode, DeliveryState
from tidewire.simulator.mail_sink import MailSink
from tidewire.simulator.truth import Truth
from tidewire.store.database import Database
from wire import add_release, add_subscriber, keep_master_key

JOURNALISTS = 60
SCREENS = 6
PATIENCE = 90.0  # seconds; a lease of a worker that was killed takes twenty
LOOK_SECONDS = 0.1


@dataclass
class Screen:
    """A desktop that goes to the other gateway when its own is gone, and says where it was."""

    key: str
    ports: list[int]
    seen: list[int] = field(default_factory=list)
    last_id: str = ""
    lines: int = 0

    async def live(self) -> None:
        """Watch until cancelled."""
        while True:
            port = self.ports[self.lines % len(self.ports)]
            self.lines += 1
            with suppress(OSError, AssertionError, asyncio.IncompleteReadError):
                await self._watch(port)
            await asyncio.sleep(LOOK_SECONDS)

    async def _watch(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        try:
            headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
            writer.write(request(self.key, headers=headers))
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head
            desktop = Desktop(reader, writer, patience=PATIENCE)
            while event := await desktop.event():
                self.last_id = event.id or self.last_id
                if event.event == "release":
                    self.seen.append(int(event.id))
        finally:
            writer.close()


@dataclass
class Wire:
    """The wire under test, from outside."""

    database: Database
    installation: Installation
    bell: NatsBell
    truth: Truth
    screens: list[Screen]
    gateways: list[int]
    releases: list[int] = field(default_factory=list)
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    async def publish(self) -> None:
        """A release whose moment is now."""
        self.releases.append(await add_release(self.database, SystemClock().now()))
        await self.bell.ring(Topic.DECIDED)

    async def start(self, name: str) -> None:
        """Start a worker or a gateway, and wait until it says that it is ready."""
        kind, number = name[:-1], int(name[-1])
        before = self._ready(name)
        address = f"127.0.0.1:{self.gateways[number]}"
        self.running[name] = self.installation.start(name, kind, TIDEWIRE_GATEWAY_ADDRESS=address)
        await until(lambda: self._ready(name) > before, f"{name} is ready")

    async def stop(self, name: str, number: signal.Signals) -> None:
        """Stop one as asked for and wait until it is gone."""
        child = self.running.pop(name)
        child.send_signal(number)
        await asyncio.to_thread(child.wait, PATIENCE)

    def _ready(self, name: str) -> int:
        log = self.installation.log(name)
        said = log.read_text() if log.exists() else ""
        return said.count("worker ready") + said.count("gateway listens")

    async def publish_until_seen(self) -> None:
        """Publish, and wait until every screen that is on line has it."""
        await self.publish()
        wanted = len(self.releases)
        await until(lambda: all(len(s.seen) >= wanted for s in self.screens), "all screens saw it")


async def until(holds, what: str) -> None:
    """Wait for something that must come."""
    give_up = stopwatch() + PATIENCE
    while not holds():
        assert stopwatch() < give_up, f"never: {what}"
        await asyncio.sleep(LOOK_SECONDS)


@pytest.fixture
async def servers():
    with nats_cluster(2) as servers:
        yield servers


@pytest.fixture
async def wire(
    database: Database, servers: list[NatsServer], tmp_path: Path
) -> AsyncIterator[Wire]:
    truth = Truth()
    sink = await MailSink(1, truth, lambda _: None).listen("127.0.0.1", 0)
    installation = Installation(tmp_path)
    installation.environment |= {
        "TIDEWIRE_DATABASE_URL": database.url,
        "TIDEWIRE_MASTER_KEY_FILE": str(tmp_path / "master.key"),
        "TIDEWIRE_NATS_URL": ",".join(server.url for server in servers),
        "TIDEWIRE_SMTP_URL": f"smtp://127.0.0.1:{sink.sockets[0].getsockname()[1]}",
    }
    keep_master_key(tmp_path / "master.key")
    async with database.transaction() as tx:
        now = SystemClock().now()
        for number in range(JOURNALISTS):
            mail = f"journalist{number}@sim.localhost"
            await add_subscriber(tx, now, kind=2, channel=ChannelCode.EMAIL, address=mail)
        ids = [(await add_subscriber(tx, now, kind=3))[0] for _ in range(SCREENS)]
    signer = open_signer(tmp_path / "keys")
    gateways = [free_port(), free_port()]
    screens = [
        Screen(desktop_key(signer, one, 0), gateways[turn % 2 :] + gateways[: turn % 2])
        for turn, one in enumerate(ids)
    ]
    bell = NatsBell(read_servers(installation.environment["TIDEWIRE_NATS_URL"]))
    bell.open()
    wire = Wire(database, installation, bell, truth, screens, gateways)
    watching = [asyncio.create_task(screen.live()) for screen in screens]
    try:
        names = ("worker0", "worker1", "gateway0", "gateway1")
        await asyncio.gather(*(wire.start(name) for name in names))
        yield wire
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        for name in tuple(wire.running):
            await wire.stop(name, signal.SIGTERM)
        await bell.close()
        sink.close()
        await sink.wait_closed()


async def states(database: Database) -> Counter[tuple[int, bool]]:
    async with database.transaction() as tx:
        rows = await tx.execute(
            "SELECT state, repeat, count(*) FROM delivery WHERE channel = 1 GROUP BY 1, 2"
        )
        return Counter({(row[0], row[1]): row[2] for row in await rows.fetchall()})


async def test_each_program_and_each_server_may_stop_in_its_turn(
    wire: Wire, servers: list[NatsServer]
) -> None:
    await wire.publish_until_seen()
    turns = [
        ("worker0", signal.SIGKILL), ("worker1", signal.SIGTERM),
        ("gateway0", signal.SIGKILL), ("gateway1", signal.SIGTERM),
    ]  # fmt: skip
    for name, how in turns:
        await wire.publish()
        await wire.stop(name, how)
        await wire.publish_until_seen()
        await wire.start(name)
    for server in servers:
        await wire.publish()
        server.kill()
        await wire.publish_until_seen()
        server.start()
    await wire.publish_until_seen()
    wanted = len(wire.releases) * JOURNALISTS

    async def settled() -> bool:
        found = await states(wire.database)
        return (
            sum(found.values())
            == wanted
            == sum(found[DeliveryState.ACCEPTED, again] for again in (False, True))
        )

    give_up = stopwatch() + PATIENCE
    while not await settled():
        assert stopwatch() < give_up, await states(wire.database)
        await asyncio.sleep(LOOK_SECONDS)
    await _check_mail(wire, wanted)
    for screen in wire.screens:
        assert screen.seen == list(range(1, len(wire.releases) + 1))
    await _check_ledger(wire)


async def _check_mail(wire: Wire, wanted: int) -> None:
    """Each mail came once; what came more often is marked as a repeat."""
    came = wire.truth.accepted["email"]
    assert len(came) == wanted
    assert not wire.truth.faults
    twice = {key.partition(" ")[2].split("@")[0] for key, count in came.items() if count > 1}
    async with wire.database.transaction() as tx:
        rows = await tx.execute(
            "SELECT release_id || '.' || version || '.' || endpoint_id FROM delivery WHERE repeat"
        )
        marked = {row[0] for row in await rows.fetchall()}
    assert {".".join(name.split(".")[:3]) for name in twice} <= marked


async def _check_ledger(wire: Wire) -> None:
    """Every screen has a receipt for every release, whichever gateway it was at."""
    give_up = stopwatch() + PATIENCE
    for release in wire.releases:
        while True:
            async with wire.database.transaction() as tx:
                found = await stream_sum(tx, release, 1)
            if found.accepted == SCREENS:
                break
            assert stopwatch() < give_up, f"{release}: {found}"
            await asyncio.sleep(LOOK_SECONDS)
