"""The gateway: listens, lets desktops in, and keeps the parts of the stream together."""

import asyncio
import resource
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle

import structlog

from tidewire.bus.bell import Bell
from tidewire.channels.stream import answer
from tidewire.channels.stream.admit import Door, ReadKey
from tidewire.channels.stream.answer import NotServed
from tidewire.channels.stream.catch_up import CatchUp
from tidewire.channels.stream.follow import Follower
from tidewire.channels.stream.frame import goodbye_frames, hello_frame
from tidewire.channels.stream.hub import Hub
from tidewire.channels.stream.parcel import readable
from tidewire.channels.stream.protocol import LINGER_SECONDS, Screen, Stage
from tidewire.channels.stream.receipts import Receipts, Record
from tidewire.channels.stream.replay import start_of
from tidewire.channels.stream.request import HEAD_SECONDS, Request
from tidewire.channels.stream.shelf import Counted, Shelf
from tidewire.channels.stream.tls import TlsScreen
from tidewire.clock import Clock, stopwatch
from tidewire.store import editions
from tidewire.store.database import Database
from tidewire.store.desktops import Standing
from tidewire.waiting import end_tasks, within

# How long a desktop waits at the door while the store does not answer.
WAIT_SECONDS = 30.0
# What the kernel may hold for one desktop (it doubles this): a bound on 20,000 slow readers.
SEND_BUFFER_BYTES = 128 << 10
# A desktop that acknowledges nothing for so long is gone (RFC 5482).
DEAD_PEER_MS = 60_000
BACKLOG = 4096
# Descriptors that the process needs for itself: the store, logs, the listening socket.
OWN_DESCRIPTORS = 64

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GatewayContext:
    """What the house lends to the gateway.

    `read_key` reads a desktop's key, `record` writes receipts to the ledger, `counted`
    tells who has a receipt for an edition from an earlier run. With `tls` the gateway speaks
    nothing else.
    """

    clock: Clock
    database: Database
    bell: Bell
    base_url: str
    read_key: ReadKey
    record: Record
    counted: Counted
    tls: ssl.SSLContext | None = None


class Gateway:
    """One process of the stream. Several can share one port (SO_REUSEPORT).

    `room` is how many connections it takes.
    """

    def __init__(self, context: GatewayContext) -> None:
        self.clock = context.clock
        self._context = context
        self.hub = Hub()
        self.receipts = Receipts(context.clock, context.record)
        self.shelf = Shelf(
            context.database,
            context.base_url,
            dirty=self.receipts.dirty,
            counted=context.counted,
        )
        self.watch = self.receipts.watch
        self.look = self.receipts.look
        self.follower = Follower(self.hub, self.shelf)
        self.catching_up = CatchUp(self.hub, self.shelf, context.clock)
        self.door = Door(context.database, self.hub, context.read_key, self._welcome)
        self._open: dict[Screen, None] = {}  # not let in yet, the oldest first
        self._joined = 0
        self._empty = asyncio.Event()
        self._empty.set()
        self.room = _descriptors() - OWN_DESCRIPTORS
        self._tasks: list[asyncio.Task[None]] = []
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    async def start(self, host: str, port: int, *, reuse_port: bool = False) -> tuple[str, int]:
        """Take the wire's place, then listen; returns the address. Raises OSError."""
        async with self._context.database.transaction() as tx:
            self.hub.position = self.hub.written = await editions.head(tx)
        loop = asyncio.get_running_loop()
        listening = _listen(host, port, reuse_port=reuse_port)
        self._server = await loop.create_server(self._screen, sock=listening, backlog=BACKLOG)
        work = (
            self.receipts.run(),
            self.follower.run(),
            self.follower.listen(self._context.bell),
            self.catching_up.run(),
            self.door.run(),
            self.door.keep_rechecking(),
        )
        self._tasks = [asyncio.create_task(part) for part in work]
        self._timer = loop.call_later(1, self._second)
        address: tuple[str, int] = listening.getsockname()[:2]
        return address

    async def stop(self) -> None:
        """Listen no more, tell everyone, wait a little for what they acknowledge, and close."""
        self._closing = True
        if self._server is not None:
            self._server.close()
        if self._timer is not None:
            self._timer.cancel()
        await end_tasks(self._tasks)
        goodbyes = cycle(goodbye_frames())
        for screen in (*self._open, *self.hub.screens()):
            if screen.stage in (Stage.REPLAYING, Stage.LIVE):
                screen.write(next(goodbyes))
            screen.leave()
        await within(LINGER_SECONDS + 0.5, self._empty)
        self.receipts.close()
        with suppress(Exception):  # the store is gone: desktops claim these when they return
            await self.receipts.flush()
        log.info("gateway closed", editions=self.hub.counters.editions, cut=self.hub.counters.cut)

    def _screen(self) -> Screen:
        tls = self._context.tls
        return Screen(self) if tls is None else TlsScreen(self, tls)

    def came(self, screen: Screen) -> bool:
        """Count a connection in; False where descriptors run out or the gateway is closing."""
        self._joined += 1
        self._empty.clear()
        self._open[screen] = None
        return self._joined <= self.room and not self._closing

    def went(self, screen: Screen) -> None:
        """Forget a connection that is written to no more; called again when it is gone."""
        self._open.pop(screen, None)
        self.hub.leave(screen)

    def gone(self) -> None:
        """Count a connection out."""
        self._joined -= 1
        if self._joined == 0:
            self._empty.set()

    def reads_on(self, screen: Screen) -> None:
        """Go on with a replay that waited for its reader."""
        if screen.stage is Stage.REPLAYING:
            self.catching_up.add(screen)

    def asks(self, screen: Screen, request: Request) -> None:
        """Answer a request, or pass it on to the door."""
        now = self.clock.now()
        if request.method == "OPTIONS":
            screen.answer(answer.preflight(now))
        elif request.path == "/healthz":
            said = {"connected": len(self.hub.connected), "position": self.hub.position}
            whole = answer.health({"status": "ok", **said}, now, ok=not self._closing)
            screen.answer(answer.without_body(whole) if request.method == "HEAD" else whole)
        else:
            self.door.knock(screen, request)

    def _welcome(self, screen: Screen, request: Request, standing: Standing, head: int) -> None:
        head = max(head, self.hub.position)
        begin = answer.stream_head(self.clock.now(), gzip=request.gzip)
        if request.method == "HEAD":
            screen.answer(begin)
            return
        start = start_of(request.last_event_id, head=head, live=self.hub.position)
        screen.cursor = screen.told = start.cursor
        screen.languages = readable(request.languages, standing.languages)
        screen.sectors = request.sectors
        screen.stage = Stage.REPLAYING
        self._open.pop(screen, None)
        self.hub.join(screen)
        hello = hello_frame(
            head=head,
            after=start.after,
            replay_from=start.cursor + 1,
            complete=start.complete,
        )
        screen.begin(begin, hello, gzip=request.gzip)
        if start.seen:
            self.catching_up.claim(screen.desktop, start.cursor)
        if not self.hub.catch_up(screen):
            self.catching_up.add(screen)

    def _second(self) -> None:
        """The one timer: heartbeats, and an end to requests that are never finished."""
        self._timer = asyncio.get_running_loop().call_later(1, self._second)
        self.hub.beat()
        self.send_away_late()

    def send_away_late(self) -> int:
        """Refuse who did not finish a request in time, or waited too long; returns how many."""
        sent = 0
        now = stopwatch()
        for screen in tuple(self._open):
            waited = now - screen.since
            if waited < HEAD_SECONDS:
                break  # the rest came later
            if screen.stage is Stage.ARRIVING:
                screen.refuse(NotServed(408, "The request took too long.", "Send it at once."))
                sent += 1
            elif waited > WAIT_SECONDS:
                said = NotServed(503, "The wire does not answer.", "Try again soon.")
                screen.refuse(said)
                sent += 1
        return sent


def _listen(host: str, port: int, *, reuse_port: bool) -> socket.socket:
    """A listening socket; connections that it accepts inherit its options."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)
        listening.bind((host, port))
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _descriptors() -> int:
    """Raise the limit of open files as far as we may, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # some systems name a limit that cannot be set
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft if soft != resource.RLIM_INFINITY else 1 << 20
