"""The rings that wait for one listener: as many as it may be behind, and an end."""

import asyncio
from collections.abc import AsyncIterator

from tidewire.bus.bell import Counters, Topic

WAITING_RINGS = 10_000


class Rings:
    """A listener's queue of the topics that it asked for."""

    def __init__(self, topics: frozenset[Topic], counters: Counters) -> None:
        self._topics = topics
        self._counters = counters
        self._queue: asyncio.Queue[tuple[Topic, str] | None] = asyncio.Queue()

    def put(self, topic: Topic, what: str) -> None:
        """Take a ring in. Who does not come after loses rings, not memory."""
        if topic not in self._topics:
            return
        if self._queue.qsize() < WAITING_RINGS:
            self._queue.put_nowait((topic, what))
            self._counters.heard += 1
        else:
            self._counters.lost += 1

    def end(self) -> None:
        """Nothing more will come."""
        self._queue.put_nowait(None)

    async def each(self) -> AsyncIterator[tuple[Topic, str]]:
        """The rings as they come, until the end."""
        while (ring := await self._queue.get()) is not None:
            yield ring


def read_topic(name: str) -> Topic | None:
    """The topic of this name; None for what no bell of ours has rung."""
    try:
        return Topic(name)
    except ValueError:
        return None
