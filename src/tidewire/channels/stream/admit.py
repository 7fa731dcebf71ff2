"""Admission: whose key is good. Many keys are looked up at once, in one query."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from tidewire.channels.stream.hub import Hub
from tidewire.channels.stream.protocol import Screen, Stage
from tidewire.channels.stream.request import Request
from tidewire.clock import stopwatch
from tidewire.model.errors import Unauthenticated, WireError
from tidewire.store import desktops, editions
from tidewire.store.database import Database
from tidewire.store.desktops import Standing

# Subscriber id and generation of a key. Raises Unauthenticated.
ReadKey = Callable[[str], tuple[int, int]]
# Lets an admitted connection in; told the newest sequence number of the wire.
Welcome = Callable[[Screen, Request, Standing, int], None]

BATCH = 1000
# Whoever comes within this long is looked up in one query.
GATHER_SECONDS = 0.01
# So many are let in before the loop does something else.
STEP = 50
PATIENCE_SECONDS = 1.0
# How soon a key that was voided loses its open connections too.
RECHECK_SECONDS = 60.0
_LARGEST_ID = 2**31 - 1

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Visitor:
    screen: Screen
    request: Request
    desktop: int
    generation: int


class Door:
    """Connections that wait to be let in, in the order of their coming."""

    def __init__(self, database: Database, hub: Hub, read_key: ReadKey, welcome: Welcome) -> None:
        self._database = database
        self._hub = hub
        self._read_key = read_key
        self._welcome = welcome
        self._waiting: list[_Visitor] = []
        self._knock = asyncio.Event()
        self._next = 0.0  # when the store may be asked again, as a stopwatch reading

    def knock(self, screen: Screen, request: Request) -> None:
        """Ask for `screen` to be let in; it is answered here where its key is no key."""
        try:
            if not request.key:
                raise Unauthenticated(
                    "No desktop key was shown.",
                    "Send it as 'Authorization: Bearer KEY' or as ?key=KEY.",
                )
            desktop, generation = self._read_key(request.key)
        except WireError as error:
            screen.refuse(error, bodiless=request.method == "HEAD")
            return
        self._waiting.append(_Visitor(screen, request, desktop, generation))
        self._knock.set()

    async def run(self) -> None:
        """Admit for ever. While the store does not answer, everyone waits."""
        while True:
            await self._knock.wait()
            await asyncio.sleep(max(0.0, self._next - stopwatch()))
            self._next = stopwatch() + GATHER_SECONDS
            try:
                await self._admit(self._waiting[:BATCH])
            except Exception as error:  # the store will answer again; waiting has a limit
                log.warning("desktops wait at the door", error=type(error).__name__)
                await asyncio.sleep(PATIENCE_SECONDS)
            # Who has given up, or was sent away for waiting too long, waits no more.
            self._waiting = [v for v in self._waiting if v.screen.stage is Stage.WAITING]
            if not self._waiting:
                self._knock.clear()

    async def recheck(self) -> None:
        """Let go of all whose key was voided, or who left, since they came."""
        screens = self._hub.screens()
        for first in range(0, len(screens), BATCH):
            part = screens[first : first + BATCH]
            async with self._database.transaction() as tx:
                good = await desktops.standings(tx, [screen.desktop for screen in part])
            for screen in part:
                standing = good.get(screen.desktop)
                if standing is None or standing.generation != screen.generation:
                    screen.leave()

    async def keep_rechecking(self) -> None:
        """Recheck for ever."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            try:
                await self.recheck()
            except Exception as error:  # next time
                log.warning("keys could not be checked", error=type(error).__name__)

    async def _admit(self, visitors: list[_Visitor]) -> None:
        known = [v.desktop for v in visitors if 0 < v.desktop <= _LARGEST_ID]
        async with self._database.transaction() as tx:
            good = await desktops.standings(tx, known)
            head = await editions.head(tx)
        for number, visitor in enumerate(visitors, start=1):
            if number % STEP == 0:
                await asyncio.sleep(0)
            screen = visitor.screen
            if screen.stage is not Stage.WAITING:
                continue
            standing = good.get(visitor.desktop)
            if standing is None or standing.generation != visitor.generation:
                gone = Unauthenticated(
                    "This desktop key is not valid any more.", "Ask the operator for a new one."
                )
                screen.refuse(gone, bodiless=visitor.request.method == "HEAD")
                continue
            screen.desktop = visitor.desktop
            screen.generation = visitor.generation
            self._welcome(screen, visitor.request, standing, head)
