"""The doorbell over core NATS: rings reach every region, and none of them is kept."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import uuid4

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from tidewire.bus.bell import Counters, Topic
from tidewire.bus.credentials import Credentials
from tidewire.bus.rings import WAITING_RINGS, Rings, read_topic
from tidewire.clock import stopwatch
from tidewire.model.errors import Misconfigured
from tidewire.waiting import end_tasks, within

SUBJECT = "tidewire"
MARK = "mark"  # beside the topics: what a listener posts to itself
CONNECT_SECONDS = 5.0
# How long a listener or a program that ends waits for a server that does not answer.
GREETING_SECONDS = 2.0
# Seconds between two rounds over all servers; then the last one for ever.
PATIENCE = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
SAID_AT = (0, 10, 1000)  # rounds without a server, after which that is said
WELL_SECONDS = 5.0  # a connection that held so long was a good one
PING_SECONDS = 10  # a server that answers two of these no more is given up
MOST_BYTES = 4 << 20
ADVICE = "Write it as nats://host:4222,tls://user:password@host:4222."

log = structlog.get_logger()

Faults = (nats.errors.Error, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Servers:
    """Where NATS is, and how we say who we are. `urls` hold no secret."""

    urls: tuple[str, ...]
    user: str = ""
    password: str = ""
    token: str = ""
    credentials: Credentials | None = None


def read_servers(text: str, credentials: Credentials | None = None) -> Servers:
    """The servers in TIDEWIRE_NATS_URL, separated by commas. Raises Misconfigured."""
    found = [_read_url(part.strip()) for part in text.split(",") if part.strip()]
    who = {(parts.username, parts.password) for parts, _ in found}
    if len(who) != 1:
        raise Misconfigured("The servers in TIDEWIRE_NATS_URL have different users.", ADVICE)
    user, password = (None if part is None else unquote(part) for part in who.pop())
    urls = tuple(url for _, url in found)
    if user and password is None:
        return Servers(urls, token=user, credentials=credentials)
    return Servers(urls, user or "", password or "", credentials=credentials)


class NatsBell:
    """A Bell on core NATS, for programs in several regions.

    One connection for each program, and one task that keeps it: to any of the servers, again
    and again, without end. `ring` never waits: it leaves the ring to that task. What is rung
    while no server answers is rung when one does; of too many the oldest are lost.
    """

    def __init__(self, servers: Servers, trust: Callable[[], Any] | None = None) -> None:
        """`trust` makes the TLS context; none: the system's. Call `open` next."""
        self._servers = servers
        self._trust = trust
        self.counters = Counters()
        self._outbox = deque[tuple[str, str]]()
        self._waiting = asyncio.Event()  # there is something in the outbox
        self._sent = asyncio.Event()  # all of it is handed to a connection
        self._sent.set()
        self._here = asyncio.Event()  # a server answers, and we are subscribed
        self._hung = False  # it did before
        self._marks: dict[str, asyncio.Event] = {}
        self._listeners: set[Rings] = set()
        self._keeping: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to look for a server; returns at once."""
        self._keeping = asyncio.create_task(self._keep())

    @property
    def connected(self) -> bool:
        """True while a server answers."""
        return self._here.is_set()

    async def ring(self, topic: Topic, what: str = "") -> None:
        """Tell every listener that a fact about `what` (an id) was stored; never raises."""
        self._post(topic, what)
        self.counters.rung += 1

    @contextlib.asynccontextmanager
    async def listen(self, *topics: Topic) -> AsyncIterator[AsyncIterator[tuple[Topic, str]]]:
        """Rings of these topics from now on, or as soon as a server answers."""
        await self._see_mark()
        rings = Rings(frozenset(topics), self.counters)
        self._listeners.add(rings)
        try:
            yield rings.each()
        finally:
            self._listeners.discard(rings)

    async def close(self) -> None:
        """Ring what waits, if a server answers, and end all listening."""
        if self._keeping is not None and not self._keeping.done():
            await within(GREETING_SECONDS, self._sent)
            await end_tasks([self._keeping])
        for rings in self._listeners:
            rings.end()

    def _post(self, name: str, what: str) -> None:
        if len(self._outbox) >= WAITING_RINGS:
            self._outbox.popleft()
            self.counters.lost += 1
        self._outbox.append((name, what))
        self._sent.clear()
        self._waiting.set()

    async def _see_mark(self) -> None:
        """Post a mark and wait until it comes back: all that was rung before has passed then."""
        mark = uuid4().hex
        seen = self._marks[mark] = asyncio.Event()
        self._post(MARK, mark)
        await within(GREETING_SECONDS, seen)
        self._marks.pop(mark, None)

    async def _keep(self) -> None:
        """Be connected to one of the servers, whatever becomes of them."""
        tries = 0
        while True:
            for url in random.sample(self._servers.urls, len(self._servers.urls)):
                began = stopwatch()
                client = _Client(url, self._servers)
                try:
                    await self._connect(client, url)
                    await self._send(client)
                    log.warning("bell lost", bus="nats", server=_host(url))
                except Faults as error:
                    if tries in SAID_AT:
                        why = type(error).__name__
                        log.warning("no bell", bus="nats", server=_host(url), error=why)
                finally:
                    self._here.clear()
                    await _let_go(client)
                if stopwatch() - began > WELL_SECONDS:
                    tries = 0
            await asyncio.sleep(PATIENCE[min(tries, len(PATIENCE) - 1)])
            tries += 1

    async def _connect(self, client: "_Client", url: str) -> None:
        async def closed() -> None:
            self._waiting.set()

        async with asyncio.timeout(CONNECT_SECONDS):
            await client.join(trust=self._trust, closed=closed)
            await client.subscribe(
                f"{SUBJECT}.*",
                cb=self._hear,
                pending_msgs_limit=WAITING_RINGS,
                pending_bytes_limit=MOST_BYTES,
            )
            await client.flush()  # the server knows of the subscription when it answers
        self.counters.reconnects += self._hung
        self._hung = True
        self._here.set()
        log.info("bell hung", bus="nats", server=_host(url))

    async def _send(self, client: Client) -> None:
        """Ring what is in the outbox until the connection has ended. Raises Faults."""
        while not client.is_closed:
            self._waiting.clear()
            while self._outbox and not client.is_closed:
                name, what = self._outbox.popleft()
                await client.publish(f"{SUBJECT}.{name}", what.encode())
            if not client.is_closed:
                self._sent.set()
                await self._waiting.wait()

    async def _hear(self, message: Msg) -> None:
        name, what = message.subject.rpartition(".")[2], message.data.decode("utf-8", "replace")
        if name == MARK and what in self._marks:
            self._marks[what].set()
        elif topic := read_topic(name):
            for rings in self._listeners:
                rings.put(topic, what)


class _Client(Client):
    """One connection to one server, which it does not leave for another by itself."""

    def __init__(self, url: str, servers: Servers) -> None:
        super().__init__()
        self._url = url
        self._who = servers

    async def join(self, *, trust: Callable[[], Any] | None, closed: Callable[[], Any]) -> None:
        """Connect and say who we are. Raises Faults."""
        who = self._who
        proof = who.credentials
        await self.connect(
            self._url,
            name="tidewire",
            error_cb=_unsaid,
            closed_cb=closed,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=int(CONNECT_SECONDS),
            ping_interval=PING_SECONDS,
            pending_size=MOST_BYTES,
            user=who.user or None,
            password=who.password if who.user else None,
            token=who.token or None,
            signature_cb=proof.sign if proof else None,
            user_jwt_cb=proof.token if proof else None,
            tls=trust() if trust and self._url.startswith("tls:") else None,
        )

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        """Part of the library: what a server says of itself, before we say who we are.

        tls:// means TLS: a server that offers none is not told our password. Servers that it
        names are not taken: we go where the operator said.
        """
        if self._url.startswith("tls:") and initial_connection and not info.get("tls_required"):
            raise nats.errors.Error("nats: the server offers no TLS")
        info.pop("connect_urls", None)
        await super()._process_info(info, initial_connection)


async def _unsaid(_error: Exception) -> None:
    """Faults of a connection are told once, by the task that keeps it."""


async def _let_go(client: Client) -> None:
    with contextlib.suppress(*Faults):
        async with asyncio.timeout(1.0):
            if client.is_connected:
                await client.flush()  # the last rings of a program that ends
    with contextlib.suppress(*Faults):
        async with asyncio.timeout(1.0):
            await client.close()


def _read_url(text: str) -> tuple[SplitResult, str]:
    """The parts of one URL, and the same URL without its user."""
    try:
        parts = urlsplit(text)
        port = parts.port or 4222
    except ValueError as error:
        raise Misconfigured("TIDEWIRE_NATS_URL is not understood.", ADVICE) from error
    if parts.scheme not in ("nats", "tls") or not parts.hostname or parts.path.strip("/"):
        raise Misconfigured("TIDEWIRE_NATS_URL is not understood.", ADVICE)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return parts, f"{parts.scheme}://{host}:{port}"


def _host(url: str) -> str:
    return url.partition("//")[2]
