"""The client: one POST over a kept or a new connection, past the egress guard and the lanes."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from tidewire.channels.egress import Egress
from tidewire.channels.posting.connection import Answer, BrokenOff
from tidewire.channels.posting.lanes import Lanes
from tidewire.channels.posting.pool import NoConnection, Pool
from tidewire.channels.posting.target import Origin, Target
from tidewire.waiting import end_tasks

SLOW_POSTS = 2000
CONNECT_SHARE = 0.45  # of the time of a try: to reach the host; as much for the handshake


@dataclass(slots=True)
class Counts:
    """How requests found their connections, for one page."""

    kept: int = 0
    opened: int = 0
    again: int = 0  # a kept connection was closed just as it was used


class Client:
    """Posts to many hosts. `seconds`: the most a try may take, without waiting for its turn."""

    def __init__(
        self,
        egress: Egress,
        trust: ssl.SSLContext,
        *,
        seconds: float,
        concurrency: int,
        connections: int,
    ) -> None:
        self._pool = Pool(egress, trust, connections)
        self._most = connections
        self._seconds = seconds
        self._posting = Lanes(concurrency, SLOW_POSTS)

    async def post(
        self, target: Target, request: Callable[[bool], bytes], counts: Counts
    ) -> Answer:
        """Send what `request(again)` makes, at the last moment. Raises NoConnection, BrokenOff.

        TimeoutError: it was sent, and nothing came. Where a kept connection turns out to have
        been closed, the request goes once more over a new one (RFC 9112 section 9.3.1): under
        the same webhook-id, and with `again` true, for the first may have been read.
        """
        origin, again = target.origin, False
        while True:
            spent, opened = 0.0, again or not self._pool.idle(origin)
            if opened:
                try:
                    spent = await self._pool.open(origin, self._seconds * CONNECT_SHARE)
                except NoConnection as error:
                    if again:
                        raise BrokenOff("closed") from error
                    raise
            async with self._posting.turn(origin.host):
                connection = self._pool.take(origin)
                if connection is None:
                    continue  # somebody else took it, or the host closed it
                try:
                    async with asyncio.timeout(self._seconds - spent):
                        answer = await connection.post(request(again))
                    counts.again += again
                    counts.kept += not opened
                    counts.opened += opened
                    return answer
                except BrokenOff as error:
                    if opened or not error.untouched:
                        raise
            again = True

    async def warm(self, targets: Iterable[Target], *, seconds: float, per_host: int) -> int:
        """Open connections to where there are none, for `seconds` at most; how many are ready.

        As many for each origin as it has targets, `per_host` at most; slow hosts come last.
        """
        wanted = Counter(target.origin for target in targets)
        order = sorted(wanted, key=lambda origin: self._posting.is_slow(origin.host))
        opening = [
            asyncio.create_task(self._warm(origin))
            for origin in order[: self._most]
            for _ in range(min(wanted[origin], per_host) - self._pool.idle(origin))
        ]
        try:
            if opening:
                await asyncio.wait(opening, timeout=seconds)
        finally:
            await end_tasks(opening)
        return sum(1 for origin in wanted if self._pool.idle(origin))

    async def close(self) -> None:
        """Let all connections go."""
        await self._pool.close()

    async def _warm(self, origin: Origin) -> None:
        with suppress(NoConnection):  # whoever posts to it will say so
            await self._pool.open(origin, self._seconds * CONNECT_SHARE)
