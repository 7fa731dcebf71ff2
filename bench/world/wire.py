"""The wire under test: its programs, its API as issuer and editor use it, its screens."""

import asyncio
import contextlib
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from tidewire import clock
from tidewire.app.assemble import House, open_house
from tidewire.app.demo.programs import Programs, free_ports
from tidewire.app.demo.setting import WORKER_READY, gateways_for, most_connected
from tidewire.app.settings import PREFIX, read_settings
from tidewire.model.errors import Unavailable
from world.home import Home
from world.sinks import HOST

START_SECONDS = 300.0  # the audience index is read from the store at start
PER_SCREENS = 7_000  # connections of one client process; each comes from an address of its own
GATEWAYS = "TIDEWIRE_GATEWAYS"
SCREENS = Path(__file__).with_name("screens.py")


@dataclass(frozen=True, slots=True)
class Wire:
    """A wire that is up."""

    house: House
    home: Home
    programs: Programs
    web: aiohttp.ClientSession

    async def publish(self, document: Mapping[str, Any], ahead: float) -> tuple[str, datetime]:
        """Hand in, approve, and schedule `ahead` seconds from now; returns ref and T0."""
        taken = await self.post("/api/v1/releases", self.home.issuer_key, document)
        return str(taken["ref"]), await self.schedule(taken["ref"], ahead)

    async def schedule(self, ref: str, ahead: float) -> datetime:
        """Approve what waits at the desk, and schedule it; returns T0."""
        desk = f"/api/v1/desk/releases/{ref}"
        await self.post(f"{desk}/approve", self.home.editor_key, {})
        at = (self.house.clock.now() + timedelta(seconds=ahead)).isoformat()
        decided = await self.post(f"{desk}/schedule", self.home.editor_key, {"at": at})
        return datetime.fromisoformat(decided["t0"])

    async def post(self, path: str, key: str, document: Mapping[str, Any]) -> Any:
        """POST to the API. Raises Unavailable with what it said where it refused."""
        url = self.house.settings.base_url + path
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": secrets.token_hex(16)}
        async with self.web.post(url, json=document, headers=headers) as answer:
            said = await answer.json(content_type=None)
            if answer.status >= 300:
                raise Unavailable(f"{path} answered {answer.status}: {said}.")
            return said


@dataclass(frozen=True, slots=True)
class Screens:
    """The desktops that listen: `connected` of them, in several processes."""

    processes: Sequence[asyncio.subprocess.Process]
    connected: int

    async def look(self) -> list[dict[str, Any]]:
        """What each process has seen."""
        return list(await asyncio.gather(*(_ask(one) for one in self.processes)))


@contextlib.asynccontextmanager
async def open_wire(
    home: Home, smtp: int, authority: Path, more: Mapping[str, str] | None = None
) -> AsyncIterator[Wire]:
    """Start every program; mail goes to `smtp`, webhooks trust `authority`.

    TIDEWIRE_ variables of the caller are passed on, so that settings can be compared; `more` are
    settings of this wire.
    """
    http, gateway, inbound = free_ports(3)
    logs = home.folder / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "serve.log").unlink(missing_ok=True)
    settings = {
        GATEWAYS: str(gateways_for(home.size.connected)),
        **{name: value for name, value in os.environ.items() if name.startswith(PREFIX)},
        "TIDEWIRE_HOME": str(home.folder),
        "TIDEWIRE_HTTP_ADDRESS": f"{HOST}:{http}",
        "TIDEWIRE_BASE_URL": f"http://{HOST}:{http}",
        "TIDEWIRE_GATEWAY_ADDRESS": f"{HOST}:{gateway}",
        "TIDEWIRE_STREAM_URL": f"http://{HOST}:{gateway}/stream",
        "TIDEWIRE_INBOUND_ADDRESS": f"{HOST}:{inbound}",
        "TIDEWIRE_MAIL_DOMAIN": "wire.example",
        "TIDEWIRE_SMTP_URL": f"smtp://{HOST}:{smtp}",
        "TIDEWIRE_EGRESS_ALLOW": "127.0.0.0/8",
        "TIDEWIRE_EXTRA_CA_FILE": str(authority),
        **(more or {}),
    }
    async with contextlib.AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(read_settings(settings)))
        programs = await stack.enter_async_context(Programs(logs, settings))
        web = await stack.enter_async_context(aiohttp.ClientSession())
        await programs.start("serve")
        await _until_up(house, programs, web)
        yield Wire(house, home, programs, web)


@contextlib.asynccontextmanager
async def open_screens(wire: Wire) -> AsyncIterator[Screens]:
    """Bring on line as many desktops as the home has, or as the gateways can hold."""
    keys = (await asyncio.to_thread(wire.home.desktop_keys.read_text, "ascii")).splitlines(True)
    keys = keys[: most_connected(int(wire.house.settings.environment[GATEWAYS]))]
    async with contextlib.AsyncExitStack() as stack:
        processes = [
            await stack.enter_async_context(_screens(wire, keys, number))
            for number in range(-(-len(keys) // PER_SCREENS))
        ]
        screens = Screens(processes, len(keys))
        there = sum(one["connected"] for one in await screens.look())
        if there < len(keys):
            raise Unavailable(f"Only {there:,} of {len(keys):,} desktops are on line.")
        yield screens


async def _until_up(house: House, programs: Programs, web: aiohttp.ClientSession) -> None:
    """Wait for pages, stream, and a worker that has its index."""
    give_up = clock.stopwatch() + START_SECONDS
    waiting = [house.settings.base_url + "/", house.settings.stream_url]
    workers = int(house.settings.environment.get("TIDEWIRE_WORKERS", "1"))
    while waiting or programs.has_said("serve", WORKER_READY) < workers:
        programs.check()
        if clock.stopwatch() > give_up:
            raise Unavailable(f"The wire is not up after {START_SECONDS:.0f} s.")
        await asyncio.sleep(0.2)
        with contextlib.suppress(aiohttp.ClientError):
            async with web.get(waiting[0] if waiting else house.settings.base_url) as answer:
                if answer.status < 500 and waiting:
                    waiting.pop(0)


@contextlib.asynccontextmanager
async def _screens(
    wire: Wire, keys: Sequence[str], number: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """One process with its share of the connections."""
    file = wire.home.folder / "logs" / f"screens-{number}.keys"
    own = keys[number * PER_SCREENS : (number + 1) * PER_SCREENS]
    await asyncio.to_thread(file.write_text, "".join(own), "ascii")
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCREENS),
        wire.house.settings.stream_url,
        str(file),
        f"127.0.1.{number + 1}",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    try:
        await _ask(child)
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


async def _ask(child: asyncio.subprocess.Process) -> dict[str, Any]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"\n")
    async with asyncio.timeout(START_SECONDS):
        line = await child.stdout.readline()
    if not line:
        raise Unavailable("A process of desktops has ended.", "Is the gateway up?")
    return dict(json.loads(line))
