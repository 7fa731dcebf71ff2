"""Reaching a host past the egress guard: a socket that is connected, or why it is not."""

import asyncio
import socket
from contextlib import suppress

from tidewire.channels.egress import AddressInfo, Egress, GuardedResolver

SILENT_SECONDS = 3.0  # for one of several addresses of a host, before the next is tried


class Unreached(Exception):
    """No connection came about. `cause` is what the system or the guard said."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(type(cause).__name__)
        self.cause = cause


class Reach:
    """Connects to hosts; what may be connected to is the guard's to say, each time."""

    def __init__(self, egress: Egress) -> None:
        self.egress = egress
        self._resolver = GuardedResolver(egress)

    async def connect(self, host: str, port: int) -> socket.socket:
        """A socket, not blocking, to the first address that answers. Raises Unreached."""
        try:
            *others, last = await self._resolver.resolve(host, port)
            for address in others:
                with suppress(OSError):  # TimeoutError is one
                    async with asyncio.timeout(SILENT_SECONDS):
                        return await self._connect(address)
            return await self._connect(last)
        except (OSError, ValueError) as error:  # ValueError: a name that cannot be looked up
            raise Unreached(error) from error

    async def close(self) -> None:
        """Let the resolver's threads go."""
        await self._resolver.close()

    async def _connect(self, address: AddressInfo) -> socket.socket:
        sock = self.egress.socket(address)
        try:
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, address[4])
        except BaseException:
            sock.close()
            raise
        return sock
