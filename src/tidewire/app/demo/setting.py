"""The setting of a demo: its folder, its ports, its programs, and the world that listens."""

import asyncio
import contextlib
import fcntl
import json
import os
import resource
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import aiohttp

from tidewire import clock
from tidewire.app.assemble import House, open_house
from tidewire.app.demo.programs import Programs, free_ports
from tidewire.app.settings import Settings, read_settings
from tidewire.model.errors import Unavailable
from tidewire.simulator.world import Size
from tidewire.store.embedded import choose_place

HOST = "127.0.0.1"
START_SECONDS = 150.0  # what a step may take, and as long again for each quarter of a world
OTHER_FILES = 1_000  # files of a gateway that are not connections
CONNECTIONS = 15_000  # that one gateway is asked to hold where there may be several
MOST_GATEWAYS = 2
TELL_SECONDS = 5.0
WORKER_READY = "worker ready"  # in its log, once it knows the audience
LOOK_SECONDS = 0.1
KEEPER_SECONDS = 20.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that a demo plays with."""

    folder: Path
    house: House
    programs: Programs
    web: aiohttp.ClientSession
    world: Mapping[str, Any]
    scale: float = 1.0

    @property
    def patience(self) -> float:
        """Seconds that a step may take: a larger world takes longer."""
        return START_SECONDS * (1 + 4 * self.scale)

    @property
    def control(self) -> str:
        """Where the world tells the truth."""
        return str(self.world["control"])

    async def ask(self, url: str, *, post: bool = False) -> Any:
        """The JSON of an answer. Raises Unavailable where there is none."""
        try:
            async with self.web.request("POST" if post else "GET", url) as answer:
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.programs.check()
            raise Unavailable(f"{url} does not answer.", "Its log says why.") from error


def fresh_folder(home: Path) -> Path:
    """A new folder for one demo under `home`; other data is never touched."""
    number = 1
    while True:
        folder = home / f"demo-{number}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            (folder / "logs").mkdir()
            return folder


@contextlib.asynccontextmanager
async def open_setting(
    folder: Path, *, seed: int, scale: float, connected: int | None, tell: Tell
) -> AsyncIterator[Setting]:
    """Start the world and the house's database; the wire itself is started by `start_wire`.

    `connected` desktops come on line: as many as the world has, or the machine can hold.
    """
    connected = connected or Size().scaled(scale).connected
    gateways = gateways_for(connected)
    connected = min(connected, most_connected(gateways))
    smtp, https, control, http, gateway, inbound = free_ports(6)
    wire = {
        "TIDEWIRE_HOME": str(folder),
        "TIDEWIRE_BASE_URL": f"http://{HOST}:{http}",
        "TIDEWIRE_HTTP_ADDRESS": f"{HOST}:{http}",
        "TIDEWIRE_GATEWAY_ADDRESS": f"{HOST}:{gateway}",
        "TIDEWIRE_INBOUND_ADDRESS": f"{HOST}:{inbound}",
        "TIDEWIRE_MAIL_DOMAIN": "wire.example",
        "TIDEWIRE_WEBHOOK_TIMEOUT": "5",
        "TIDEWIRE_SMTP_URL": f"smtp://{HOST}:{smtp}",
        "TIDEWIRE_EGRESS_ALLOW": "127.0.0.0/8",
        "TIDEWIRE_EXTRA_CA_FILE": str(folder / "world" / "ca.pem"),
        "TIDEWIRE_GATEWAYS": str(gateways),
    }
    settings = read_settings(wire)
    async with contextlib.AsyncExitStack() as stack:
        programs = await stack.enter_async_context(Programs(folder / "logs", wire))
        tell("making a world ...")
        ports = {"smtp": smtp, "https": https, "control": control}
        size = {"seed": seed, "scale": scale, "connected": connected}
        await programs.start("simulate", _world_options(folder, size, settings, ports))
        house = await stack.enter_async_context(open_house(settings))
        timeout = aiohttp.ClientTimeout(total=60 + 240 * scale)
        web = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        file = folder / "world" / "world.json"
        patience = START_SECONDS * (1 + 4 * scale)
        made = _told(file, tell)
        await until(programs, made, "the world is not there", patience)
        world = json.loads(await asyncio.to_thread(file.read_text, "utf-8"))
        yield Setting(folder, house, programs, web, world, scale)


async def start_wire(setting: Setting) -> None:
    """Start `tidewire serve` and wait until its pages answer and a worker has its index."""
    await setting.programs.start("serve")
    base = setting.house.settings.base_url

    async def answers() -> bool:
        if not await asyncio.to_thread(setting.programs.has_said, "serve", WORKER_READY):
            return False
        try:
            async with setting.web.get(f"{base}/") as answer:
                return answer.status < 500
        except aiohttp.ClientError:
            return False

    await until(setting.programs, answers, "`tidewire serve` does not answer", setting.patience)


async def connect_desktops(setting: Setting) -> None:
    """Bring the world's desktops on line and wait until the gateway has them all."""
    waiting = (await setting.ask(f"{setting.control}/connect", post=True))["connecting"]

    async def connected() -> bool:
        progress = await setting.ask(f"{setting.control}/progress")
        return bool(progress["came"] >= waiting)

    await until(setting.programs, connected, "the desktops are not on line", setting.patience)


async def follow_feeds(setting: Setting) -> None:
    """Wait until all subscribers of the hub have confirmed that they meant it."""

    async def following() -> bool:
        progress = await setting.ask(f"{setting.control}/progress")
        return bool(progress["following"] >= setting.world["followers"])

    await until(setting.programs, following, "the hub's subscribers wait", setting.patience)


async def rest_world(setting: Setting) -> None:
    """Bring the world to rest: nobody drops, clicks or answers any more."""
    await setting.ask(f"{setting.control}/rest", post=True)

    async def at_rest() -> bool:
        return bool((await setting.ask(f"{setting.control}/progress"))["at_rest"])

    await until(setting.programs, at_rest, "the world is not at rest", setting.patience)


async def until(
    programs: Programs, there: Callable[[], Awaitable[bool]], what: str, patience: float
) -> None:
    """Wait for something; raises Unavailable where a program ends, or after `patience` seconds."""
    give_up = clock.stopwatch() + patience
    while not await there():
        programs.check()
        if clock.stopwatch() > give_up:
            tails = "\n".join(programs.tail(name) for name in ("simulate", "serve"))
            raise Unavailable(f"After {patience:.0f} s, {what}.", f"\n{tails}")
        await asyncio.sleep(LOOK_SECONDS)


def forget(folder: Path) -> None:
    """Remove a demo's folder and its database, once the database has stopped."""
    root = choose_place(folder).root
    give_up = clock.stopwatch() + KEEPER_SECONDS
    with (root / "keeper.lock").open("a+") as lock:
        while clock.stopwatch() < give_up:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                clock.pause(LOOK_SECONDS)
            else:
                shutil.rmtree(root, ignore_errors=True)
                break
    shutil.rmtree(folder, ignore_errors=True)


def gateways_for(connected: int) -> int:
    """How many gateways so many desktops need; one, where there is no setting for more."""
    if "gateways" not in {one.name for one in fields(Settings)}:
        return 1
    return min(MOST_GATEWAYS, -(-connected // CONNECTIONS))


def most_connected(gateways: int) -> int:
    """How many desktops so many gateways can hold on this machine: each has so many files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return gateways * max(1, files - OTHER_FILES)


def _told(file: Path, tell: Tell) -> Callable[[], Awaitable[bool]]:
    """Whether a world's last file is there; now and then it is told how far the others are."""
    said = clock.stopwatch()

    def sizes() -> str:
        made = sorted(file.parent.glob("*.csv"))
        return ", ".join(f"{one.name} {one.stat().st_size / 1e6:,.0f} MB" for one in made)

    async def there() -> bool:
        nonlocal said
        if clock.stopwatch() - said > TELL_SECONDS:
            said = clock.stopwatch()
            tell(f"  {await asyncio.to_thread(sizes) or 'certificates'}")
        return await asyncio.to_thread(os.path.exists, file)

    return there


def _world_options(
    folder: Path, size: Mapping[str, float], settings: Settings, ports: Mapping[str, int]
) -> list[str]:
    options = {
        "world": folder / "world",
        **size,
        "base-url": settings.base_url,
        "stream-url": settings.stream_url,
        "inbound": settings.inbound,
        **{f"{name}-port": port for name, port in ports.items()},
    }
    return [part for name, value in options.items() for part in (f"--{name}", str(value))]
