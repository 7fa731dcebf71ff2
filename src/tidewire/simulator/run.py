"""Run the world: its sinks, and its people once the wire is there to talk to."""

import asyncio
import contextlib
import json
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tidewire.clock import Clock
from tidewire.languages import KNOWN_15
from tidewire.simulator.certificates import make_certificates
from tidewire.simulator.crowds import Crowds, merged
from tidewire.simulator.csv_files import write_csv_files, write_endpoints
from tidewire.simulator.feed_readers import FeedReaders
from tidewire.simulator.file_server import FileServer
from tidewire.simulator.followers import Followers, followers
from tidewire.simulator.mail_sink import MailSink
from tidewire.simulator.people import People
from tidewire.simulator.pushed import PushTemper, Way, pushed, secret, site_address
from tidewire.simulator.sites import OutletSites
from tidewire.simulator.truth import Truth
from tidewire.simulator.web_sink import WebSink
from tidewire.simulator.world import Size, World, outlet_id
from tidewire.waiting import end_tasks

HOST = "127.0.0.1"
PEOPLE_AT_ONCE = 4
KEYS_FILE = "desktops.keys"


@dataclass(frozen=True, slots=True)
class Wire:
    """Where the wire under test is; what is None is not visited."""

    base_url: str | None = None
    stream_url: str | None = None
    inbound: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the world listens; 0 takes a free port."""

    smtp: int = 0
    https: int = 0
    control: int = 0
    ssh: int = 0


@dataclass(slots=True)
class Simulation:
    """A world that runs."""

    folder: Path
    size: Size
    ports: Ports
    truth: Truth
    people: People
    web_sink: WebSink
    desktops: Crowds | None
    readers: FeedReaders | None
    files: FileServer
    followers: Followers | None
    at_rest: bool = False
    resting: asyncio.Task[None] | None = None

    @property
    def keys(self) -> Path:
        """The file of the keys of those desktops that are on line."""
        return self.folder / KEYS_FILE

    def settings(self) -> dict[str, str]:
        """The TIDEWIRE_ variables with which a wire sends to this world."""
        return {
            "TIDEWIRE_SMTP_URL": f"smtp://{HOST}:{self.ports.smtp}",
            "TIDEWIRE_EGRESS_ALLOW": "127.0.0.0/8",
            "TIDEWIRE_EXTRA_CA_FILE": str(self.folder / "ca.pem"),
        }

    def document(self) -> dict[str, object]:
        """What stands in world.json."""
        return {
            "smtp": f"{HOST}:{self.ports.smtp}",
            "https": f"https://outlet-0001.sim.localhost:{self.ports.https}/hook",
            "control": f"http://{HOST}:{self.ports.control}",
            "sftp": f"{HOST}:{self.ports.ssh}",
            "outlets": self.size.outlets,
            "journalists": self.size.journalists,
            "desktops": self.size.desktops,
            "connected": self.size.connected,
            "pushed": len(pushed(self.size.outlets)),
            "followers": self.followers.count if self.followers else 0,
            "keys": str(self.keys),
            "settings": self.settings(),
        }

    async def connect(self) -> int:
        """Bring those desktops on line whose keys stand in desktops.keys; returns how many."""
        there = await asyncio.to_thread(self.keys.exists)
        if self.desktops is None or self.desktops.total or not there:
            return 0
        await self.desktops.connect(self.keys)
        return self.desktops.total

    def rest(self) -> None:
        """Begin to come to rest: `at_rest` becomes true when all of it is done."""
        self.at_rest = False
        self.resting = asyncio.create_task(self._come_to_rest())

    async def _come_to_rest(self) -> None:
        """All desktops on line, all answers sent, all feeds read."""
        if self.desktops is not None:
            await self.desktops.rest()
        await self.people.rest()
        if self.readers is not None:
            await self.readers.read_all()
        self.at_rest = True

    async def progress(self) -> dict[str, Any]:
        """Counts only: cheap to ask for often."""
        said = self.truth.progress() | {
            "connected": 0,
            "came": 0,
            "drops": 0,
            "waiting": self.people.waiting.qsize(),
            "following": len(self.followers.confirmed) if self.followers else 0,
            "at_rest": self.at_rest,
        }
        if self.desktops is not None:
            crowds = await self.desktops.progress()
            said |= {name: crowds[name] for name in ("connected", "came", "drops")}
            said["accepted"]["stream"] = crowds["accepted"]
            said["answers"]["stream"] = crowds["answers"]
            said["faults"] += crowds["faults"]
        return said

    async def everything(self) -> dict[str, Any]:
        """The whole truth, of all processes."""
        others = await self.desktops.truths() if self.desktops is not None else []
        found = merged(self.truth.document(), others)
        found["faults"] += await asyncio.to_thread(self.files.differences)
        return found


@contextlib.asynccontextmanager
async def simulation(
    folder: Path, world: World, clock: Clock, *, wire: Wire, ports: Ports
) -> AsyncIterator[Simulation]:
    """Start a world in `folder`, which is there; its files and, last, world.json go into it."""
    truth = Truth()
    people = People(world.seed, truth, clock, wire.inbound)
    web_sink = WebSink(world.seed, truth, world.secret)
    logging.getLogger("asyncssh").setLevel(logging.ERROR)  # the world's answers say it
    async with contextlib.AsyncExitStack() as stack:
        door = socket.create_server((HOST, ports.https), backlog=512)
        sites = OutletSites(world.seed, truth, _tempers(world, Way.WORDPRESS), _port(door))
        told = _followers(world, truth, wire, _port(door))
        beside = [*sites.routes(), *(told.routes() if told else ())]
        runner = await web_sink.listen(door, make_certificates(folder, clock), beside)
        stack.push_async_callback(runner.cleanup)
        stack.callback(web_sink.resting.set)
        mail = await MailSink(world.seed, truth, people.receive).listen(HOST, ports.smtp)
        stack.callback(mail.close)
        files = FileServer(world.seed, truth, folder / "files", _tempers(world, Way.SFTP))
        acceptor = await files.listen(HOST, ports.ssh)
        stack.callback(acceptor.close)
        desktops = Crowds(world.seed, wire.stream_url) if wire.stream_url else None
        if desktops is not None:
            stack.push_async_callback(desktops.close)
        readers = FeedReaders(truth, wire.base_url, KNOWN_15) if wire.base_url else None
        control_door = socket.create_server((HOST, ports.control))
        taken = Ports(_port(mail.sockets[0]), _port(door), _port(control_door), files.port)
        running = Simulation(
            folder, world.size, taken, truth, people, web_sink, desktops, readers, files, told
        )
        control = await _control(running, control_door)
        stack.push_async_callback(control.cleanup)
        await _beside(lambda: write_csv_files(world, folder, taken.https))
        write_endpoints(folder, _endpoints(world, files, taken.https))
        _write(folder / "world.json", json.dumps(running.document(), indent=2) + "\n")
        stack.push_async_callback(_end, running, _lives(running))
        await running.connect()
        yield running


def _tempers(world: World, way: Way) -> dict[int, PushTemper]:
    """The outlets that are pushed to this way."""
    every = pushed(world.size.outlets).items()
    return {number: temper for number, (how, temper) in every if how is way}


def _followers(world: World, truth: Truth, wire: Wire, port: int) -> Followers | None:
    if wire.base_url is None:
        return None
    return Followers(world.seed, truth, wire.base_url, port, followers(world.size.outlets))


def _endpoints(world: World, files: FileServer, port: int) -> Iterator[tuple[str, str, str, str]]:
    """Where the wire pushes to: (outlet, channel, address, secret)."""
    for number, (way, _) in pushed(world.size.outlets).items():
        address = files.address(number) if way is Way.SFTP else site_address(number, port)
        yield outlet_id(number), way, address, secret(world.seed, number, way)


def _lives(running: Simulation) -> Sequence[asyncio.Task[None]]:
    """Start everybody who acts by themselves."""
    tasks = [asyncio.create_task(running.people.live()) for _ in range(PEOPLE_AT_ONCE)]
    if running.readers is not None:
        tasks.append(asyncio.create_task(running.readers.read()))
    if running.followers is not None:
        tasks.append(asyncio.create_task(running.followers.subscribe()))
    return tasks


async def _end(running: Simulation, tasks: Sequence[asyncio.Task[None]]) -> None:
    every = [*tasks, *([running.resting] if running.resting else [])]
    await end_tasks(every)


async def _control(running: Simulation, door: socket.socket) -> web.AppRunner:
    """The control port: GET /truth, GET /progress, POST /connect, POST /rest."""

    async def truth(_: web.Request) -> web.Response:
        found = await running.everything()  # large: made into text beside the loop
        text = await asyncio.to_thread(json.dumps, found)
        return web.Response(text=text, content_type="application/json")

    async def progress(_: web.Request) -> web.Response:
        return web.json_response(await running.progress())

    async def connect(_: web.Request) -> web.Response:
        return web.json_response({"connecting": await running.connect()})

    async def rest(_: web.Request) -> web.Response:
        running.rest()
        return web.json_response(await running.progress(), status=202)

    application = web.Application()
    application.router.add_get("/truth", truth)
    application.router.add_get("/progress", progress)
    application.router.add_post("/connect", connect)
    application.router.add_post("/rest", rest)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, door).start()
    return runner


async def _beside(work: Callable[[], None]) -> None:
    """Do it in a thread that nobody waits for who is cancelled: files take long to write."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def answer(error: BaseException | None) -> None:
        if not done.done():
            done.set_result(None) if error is None else done.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            work()
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has gone
            loop.call_soon_threadsafe(answer, error)

    threading.Thread(target=run, daemon=True).start()
    await done


def _port(door: socket.socket) -> int:
    return int(door.getsockname()[1])


def _write(file: Path, text: str) -> None:
    """Write a file so that whoever waits for it never sees half of it."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
