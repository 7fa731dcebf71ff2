"""Connections to webhooks' hosts: opened past the egress guard, kept while they may serve again."""

import asyncio
import socket
import ssl
from collections import OrderedDict
from contextlib import ExitStack, suppress

from tidewire.channels.egress import AddressInfo, Egress, GuardedResolver
from tidewire.channels.posting.connection import Connection
from tidewire.channels.posting.lanes import Lanes
from tidewire.channels.posting.target import Origin
from tidewire.clock import stopwatch

IDLE_SECONDS = 30.0  # longer than the lead before a moment
# Reaching a host costs waiting, a handshake costs the processor: more at once would only
# make each other wait, until all run out of time.
REACHES, SLOW_REACHES = 400, 2000
HANDSHAKES, SLOW_HANDSHAKES = 64, 128
SILENT_SECONDS = 2.0  # for one of several addresses of a host, before the next is tried


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
        self._reaching = Lanes(REACHES, SLOW_REACHES)
        self._securing = Lanes(HANDSHAKES, SLOW_HANDSHAKES)
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

    async def open(self, origin: Origin, seconds: float) -> float:
        """Add a connection, name and certificate checked; the seconds it took, without turns.

        To reach the host may take `seconds`, and the handshake as many. Raises NoConnection.
        """
        try:
            async with self._reaching.turn(origin.host):
                began = stopwatch()
                async with asyncio.timeout(seconds):
                    sock = await self._reach(origin)
                spent = stopwatch() - began
            with ExitStack() as ours:
                ours.callback(sock.close)
                async with self._securing.turn(origin.host):
                    began = stopwatch()
                    async with asyncio.timeout(seconds):
                        # The loop's from here on, which closes it whatever happens: closed
                        # under its transport, its number would go to the next socket while
                        # the loop still watches it for this one.
                        ours.pop_all()
                        connection = await self._secure(sock, origin)
                    spent += stopwatch() - began
        except (OSError, ValueError) as error:  # ValueError: a name that TLS cannot ask for
            raise NoConnection(error) from error
        if self._closed or not connection.alive:
            connection.drop()
            raise NoConnection(ConnectionAbortedError())
        self._open[connection] = origin
        self.keep(connection)
        return spent

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

    async def _reach(self, origin: Origin) -> socket.socket:
        """A socket connected to the first of the host's addresses that answers."""
        *others, last = await self._resolver.resolve(origin.host, origin.port)
        for address in others:
            with suppress(OSError):  # TimeoutError is one
                async with asyncio.timeout(SILENT_SECONDS):
                    return await self._connect(address)
        return await self._connect(last)

    async def _connect(self, address: AddressInfo) -> socket.socket:
        sock = self._egress.socket(address)
        try:
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, address[4])
        except BaseException:
            sock.close()
            raise
        return sock

    async def _secure(self, sock: socket.socket, origin: Origin) -> Connection:
        self._make_room()
        loop, connection = asyncio.get_running_loop(), Connection(self.keep, self._lost)
        trust, name = (self._trust, origin.host) if origin.tls else (None, None)
        try:
            await loop.create_connection(
                lambda: connection, sock=sock, ssl=trust, server_hostname=name
            )
        except ValueError:
            sock.close()  # a name that TLS cannot ask for: the loop never had it
            raise
        except BaseException:
            connection.drop()  # a handshake that nobody waits for any more may yet succeed
            raise
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
