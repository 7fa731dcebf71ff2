"""Connections to webhooks' hosts: opened past the egress guard, kept while they may serve again."""

import asyncio
import ssl
from collections import OrderedDict
from functools import partial

from tidewire.channels.webhook.connection import Connection
from tidewire.channels.webhook.egress import AddressInfo, Egress, GuardedResolver
from tidewire.channels.webhook.target import Origin

IDLE_SECONDS = 30.0  # longer than the lead before a moment
SILENT_SECONDS = 2.0  # for one of several addresses of a host, before the next is tried
SHUTDOWN_SECONDS = 1.0


class NoConnection(Exception):
    """Nothing was sent: no connection came about. `cause` is what the system said."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(type(cause).__name__)
        self.cause = cause


class Pool:
    """Open connections by origin; of `most` in all, the longest idle are closed for new ones."""

    def __init__(self, egress: Egress, trust: ssl.SSLContext, most: int) -> None:
        self._egress, self._trust, self._most = egress, trust, most
        self._resolver = GuardedResolver(egress)
        self._open: dict[Connection, Origin] = {}
        self._idle: OrderedDict[Connection, float] = OrderedDict()  # since when, longest first
        self._free: dict[Origin, list[Connection]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._closed = False

    def idle(self, origin: Origin) -> int:
        """How many connections to `origin` are ready to post."""
        return len(self._free.get(origin, ()))

    def take(self, origin: Origin) -> Connection | None:
        """A connection that is ready, the one used last; None where there is none."""
        while free := self._free.get(origin):
            connection = free[-1]
            self._not_idle(connection, origin)
            if connection.alive:
                return connection
        return None

    async def open(self, origin: Origin, seconds: float) -> Connection:
        """A new connection, name and certificate checked, within `seconds`. Raises NoConnection."""
        try:
            async with asyncio.timeout(seconds):
                connection = await self._connect(origin)
        except (OSError, TimeoutError, ValueError) as error:  # ValueError: a name TLS cannot ask
            raise NoConnection(error) from error
        if self._closed:
            connection.drop()
            raise NoConnection(ConnectionAbortedError())
        return connection

    def keep(self, connection: Connection) -> None:
        """A connection is free: keep it for the next post, unless the pool is closed."""
        origin = self._open.get(connection)
        if origin is None or connection in self._idle:
            return
        loop = asyncio.get_running_loop()
        self._idle[connection] = loop.time()
        self._free.setdefault(origin, []).append(connection)
        if self._sweeping is None:
            self._sweeping = loop.call_later(IDLE_SECONDS, self._sweep)

    async def close(self) -> None:
        """Let go of everything."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connection in list(self._open):
            connection.drop()
        await self._resolver.close()

    async def _connect(self, origin: Origin) -> Connection:
        found = await self._resolver.resolve(origin.host, origin.port)
        *others, last = found
        for address in others:
            try:
                async with asyncio.timeout(SILENT_SECONDS):
                    return await self._connect_to(address, origin)
            except OSError as error:  # TimeoutError is one
                if isinstance(error, ssl.SSLCertVerificationError):
                    raise
        return await self._connect_to(last, origin)

    async def _connect_to(self, address: AddressInfo, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        sock = self._egress.socket(address)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, address[4])
            self._make_room()
            make = partial(Connection, self.keep, self._lost)
            if origin.tls:
                _, connection = await loop.create_connection(
                    make,
                    sock=sock,
                    ssl=self._trust,
                    server_hostname=origin.host,
                    ssl_shutdown_timeout=SHUTDOWN_SECONDS,
                )
            else:
                _, connection = await loop.create_connection(make, sock=sock)
        except BaseException:
            sock.close()
            raise
        if connection.alive:  # else it was lost between
            self._open[connection] = origin
        return connection

    def _make_room(self) -> None:
        while self._idle and len(self._open) >= self._most:
            self._end(next(iter(self._idle)))

    def _end(self, connection: Connection) -> None:
        self._not_idle(connection, self._open[connection])
        connection.drop()

    def _lost(self, connection: Connection) -> None:
        origin = self._open.pop(connection, None)
        if origin is not None and connection in self._idle:
            self._not_idle(connection, origin)

    def _not_idle(self, connection: Connection, origin: Origin) -> None:
        del self._idle[connection]
        free = self._free[origin]
        free.remove(connection)
        if not free:
            del self._free[origin]

    def _sweep(self) -> None:
        """Close what has been idle for too long; look again when the next will have been."""
        self._sweeping = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._idle:
            connection, since = next(iter(self._idle.items()))
            if since + IDLE_SECONDS > now:
                self._sweeping = loop.call_later(since + IDLE_SECONDS - now, self._sweep)
                return
            self._end(connection)
