"""Follow the wire: every edition that is published goes to the hub, in order, without a gap."""

import asyncio

import structlog

from tidewire.bus.bell import Bell, Topic
from tidewire.channels.stream.hub import Hub
from tidewire.channels.stream.shelf import Shelf
from tidewire.waiting import within

# The bell may be lost; the wire is looked at anyway.
POLL_SECONDS = 1.0

log = structlog.get_logger()


class Follower:
    """Brings the hub from its position to the head of the wire, again and again."""

    def __init__(self, hub: Hub, shelf: Shelf) -> None:
        self._hub = hub
        self._shelf = shelf
        self._rung = asyncio.Event()

    async def catch_up(self) -> None:
        """Deliver everything after the hub's position."""
        while parcels := await self._shelf.after(self._hub.position):
            await self._hub.deliver(parcels)

    async def run(self) -> None:
        """Deliver for ever: at each ring, and each second."""
        while True:
            self._rung.clear()
            try:
                await self.catch_up()
            except Exception as error:  # the fact is in the store; the next look finds it
                log.error("the wire could not be followed", error=type(error).__name__)
            await within(POLL_SECONDS, self._rung)

    async def listen(self, bell: Bell) -> None:
        """Hear the bell for ever."""
        while True:
            try:
                async with bell.listen(Topic.PUBLISHED) as rings:
                    async for _ in rings:
                        self._rung.set()
            except Exception as error:  # the poll goes on meanwhile
                log.warning("the bell is not heard", error=type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)
