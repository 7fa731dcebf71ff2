"""Waiting for the next edition: one listener for all who wait, and a bound on how many may."""

import asyncio
from contextlib import AsyncExitStack

from tidewire.bus.bell import Bell, Topic
from tidewire.model.errors import Unavailable
from tidewire.store import editions
from tidewire.store.database import Database
from tidewire.waiting import end_tasks, within

MOST_WAITERS = 300  # in one web program
LONGEST = 60  # seconds
_LOOK_AGAIN = 1.0  # seconds: a ring may be lost


class Waiting:
    """Follows the head of the wire while somebody waits for it, by the bell and once a second."""

    def __init__(self, database: Database, bell: Bell) -> None:
        self._database = database
        self._bell = bell
        self._head = -1
        self._moved = asyncio.Event()
        self._waiters = 0
        self._follower: asyncio.Task[None] | None = None

    async def beyond(self, sequence: int, seconds: float) -> bool:
        """True once the wire has gone beyond `sequence`; False where `seconds` have passed first.

        Raises Unavailable where as many wait as may.
        """
        if self._waiters >= MOST_WAITERS:
            raise Unavailable(
                "As many wait for the wire as may.",
                "Ask again in a few seconds, or without wait.",
                headers={"Retry-After": "5"},
            )
        self._waiters += 1
        try:
            if self._follower is None or self._follower.done():
                self._follower = asyncio.create_task(self._follow())
            return await self._until(sequence, seconds)
        finally:
            self._waiters -= 1
            if self._waiters == 0 and self._follower is not None:
                follower, self._follower, self._head = self._follower, None, -1
                await end_tasks([follower])

    async def _until(self, sequence: int, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self._head <= sequence:
            left = end - loop.time()
            if left <= 0:
                return False
            await within(left, self._moved)
        return True

    async def _follow(self) -> None:
        """Keep `_head` as the store has it, until cancelled."""
        rung = asyncio.Event()
        async with AsyncExitStack() as stack:
            rings = await stack.enter_async_context(self._bell.listen(Topic.PUBLISHED))

            async def hear() -> None:
                async for _ in rings:
                    rung.set()

            hearing = asyncio.create_task(hear())
            stack.push_async_callback(end_tasks, [hearing])
            while True:
                rung.clear()
                async with self._database.transaction() as tx:
                    head = await editions.head(tx)
                if head != self._head:
                    self._head = head
                    self._moved.set()
                    self._moved = asyncio.Event()
                await within(_LOOK_AGAIN, rung)
