"""Lanes: hosts that answer quickly are not held up by hosts that do not."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PATIENCE_SECONDS = 0.5
HOSTS = 20_000


class Lanes:
    """At most `quick` turns at once among quick hosts, `slow` among those that were slow last.

    A turn of a quick host that takes longer than PATIENCE_SECONDS frees its place and goes on
    beside the lanes, while fewer than `slow` turns do so; the host is a slow one until a
    turn of its ends sooner.
    """

    def __init__(self, quick: int, slow: int) -> None:
        self._quick, self._slow = _Lane(quick), _Lane(slow)
        self._most_beside = slow
        self._beside = 0
        self._slow_hosts: OrderedDict[str, None] = OrderedDict()

    def is_slow(self, host: str) -> bool:
        """Did the host's last turn take too long?"""
        return host in self._slow_hosts

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a place, and hold it as long as patience lasts."""
        lane = self._slow if host in self._slow_hosts else self._quick
        await lane.enter()
        turn = _Turn()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(PATIENCE_SECONDS, self._took_long, host, turn, lane)
        try:
            yield
        finally:
            timer.cancel()
            if not turn.took_long:
                self._slow_hosts.pop(host, None)
            if turn.beside:
                self._beside -= 1
            else:
                lane.leave()

    def _took_long(self, host: str, turn: "_Turn", lane: "_Lane") -> None:
        turn.took_long = True
        self._slow_hosts[host] = None
        self._slow_hosts.move_to_end(host)
        if len(self._slow_hosts) > HOSTS:
            self._slow_hosts.popitem(last=False)
        if lane is self._quick and self._beside < self._most_beside:
            turn.beside = True
            self._beside += 1
            lane.leave()


class _Lane:
    """Places, given in the order in which they were asked for.

    asyncio.Semaphore looks through those that it woke at every release: with thousands
    waiting that costs more than the posts.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for a place."""
        if self._free:
            self._free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # the place was given just then
                self.leave()
            raise

    def leave(self) -> None:
        """Hand the place on."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1


class _Turn:
    """What became of one turn."""

    __slots__ = ("beside", "took_long")

    def __init__(self) -> None:
        self.took_long = False
        self.beside = False
