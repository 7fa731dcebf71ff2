"""aiohttp past the egress guard, for what the client of webhooks (client) is not made for."""

import socket
import ssl

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from tidewire.channels.egress import Egress, GuardedResolver


def guarded_connector(
    egress: Egress, trust: ssl.SSLContext, *, keeps: bool = True
) -> aiohttp.TCPConnector:
    """A connector that reaches permitted addresses only; without `keeps` none is used twice."""
    return aiohttp.TCPConnector(
        resolver=_Resolver(egress),
        socket_factory=egress.socket,
        ssl=trust,
        use_dns_cache=False,
        force_close=not keeps,
    )


class _Resolver(AbstractResolver):
    """Our own resolver for aiohttp: only addresses that are permitted."""

    def __init__(self, egress: Egress) -> None:
        self._resolver = GuardedResolver(egress)

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002
    ) -> list[ResolveResult]:
        """The permitted addresses. Raises Blocked, socket.gaierror."""
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=int(kind),
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, _, _, address in await self._resolver.resolve(host, port)
        ]

    async def close(self) -> None:
        """Let the threads go."""
        await self._resolver.close()
