"""The setting of a demo: its folder, its ports, its programs, and the world that listens."""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tidewire import clock
from tidewire.app.assemble import House, open_house
from tidewire.app.demo.programs import Programs, free_ports
from tidewire.app.settings import Settings, read_settings
from tidewire.model.errors import Unavailable
from tidewire.store.embedded import choose_place

HOST = "127.0.0.1"
START_SECONDS = 150.0
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
    folder: Path, *, seed: int, scale: float, tell: Tell
) -> AsyncIterator[Setting]:
    """Start the world and the house's database; the wire itself is started by `start_wire`."""
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
    }
    settings = read_settings(wire)
    async with contextlib.AsyncExitStack() as stack:
        programs = await stack.enter_async_context(Programs(folder / "logs", wire))
        tell("making a world ...")
        ports = {"smtp": smtp, "https": https, "control": control}
        await programs.start("simulate", _world_options(folder, seed, scale, settings, ports))
        house = await stack.enter_async_context(open_house(settings))
        timeout = aiohttp.ClientTimeout(total=60)
        web = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        file = folder / "world" / "world.json"
        await until(programs, lambda: _there(file), "the world is not there")
        world = json.loads(await asyncio.to_thread(file.read_text, "utf-8"))
        yield Setting(folder, house, programs, web, world)


async def start_wire(setting: Setting) -> None:
    """Start `tidewire serve` and wait until its pages answer."""
    await setting.programs.start("serve")
    base = setting.house.settings.base_url

    async def answers() -> bool:
        try:
            async with setting.web.get(f"{base}/") as answer:
                return answer.status < 500
        except aiohttp.ClientError:
            return False

    await until(setting.programs, answers, "`tidewire serve` does not answer")


async def connect_desktops(setting: Setting) -> None:
    """Bring the world's desktops on line and wait until the gateway has them all."""
    waiting = (await setting.ask(f"{setting.control}/connect", post=True))["connecting"]

    async def connected() -> bool:
        progress = await setting.ask(f"{setting.control}/progress")
        return bool(progress["came"] >= waiting)

    await until(setting.programs, connected, "the desktops are not on line")


async def rest_world(setting: Setting) -> None:
    """Bring the world to rest: nobody drops, clicks or answers any more."""
    await setting.ask(f"{setting.control}/rest", post=True)

    async def at_rest() -> bool:
        return bool((await setting.ask(f"{setting.control}/progress"))["at_rest"])

    await until(setting.programs, at_rest, "the world is not at rest")


async def until(programs: Programs, there: Callable[[], Any], what: str) -> None:
    """Wait for something; raises Unavailable where a program ends, or it takes too long."""
    give_up = clock.stopwatch() + START_SECONDS
    while not await there():
        programs.check()
        if clock.stopwatch() > give_up:
            tails = "\n".join(programs.tail(name) for name in ("simulate", "serve"))
            raise Unavailable(f"After {START_SECONDS:.0f} s, {what}.", f"\n{tails}")
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


async def _there(file: Path) -> bool:
    return await asyncio.to_thread(os.path.exists, file)


def _world_options(
    folder: Path, seed: int, scale: float, settings: Settings, ports: Mapping[str, int]
) -> list[str]:
    options = {
        "world": folder / "world",
        "seed": seed,
        "scale": scale,
        "base-url": settings.base_url,
        "stream-url": settings.stream_url,
        "inbound": settings.inbound,
        **{f"{name}-port": port for name, port in ports.items()},
    }
    return [part for name, value in options.items() for part in (f"--{name}", str(value))]
