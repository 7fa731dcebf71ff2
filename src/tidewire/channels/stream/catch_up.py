"""Catching up: one task brings all connections that missed something to where the wire is."""

import asyncio
from collections.abc import Sequence

import structlog

from tidewire.channels.stream.hub import Hub
from tidewire.channels.stream.parcel import Parcel
from tidewire.channels.stream.protocol import Screen, Stage
from tidewire.channels.stream.shelf import Shelf
from tidewire.clock import Clock

CHUNK = 500
PATIENCE_SECONDS = 0.2

log = structlog.get_logger()


class CatchUp:
    """Connections that replay, fed in rounds: one load serves everyone who stands near.

    A connection goes live in the same step in which it is found to have all that went out
    live. Live editions go out in one step too, so none falls between and none comes twice.
    """

    def __init__(self, hub: Hub, shelf: Shelf, clock: Clock) -> None:
        self._hub = hub
        self._shelf = shelf
        self._clock = clock
        self._waiting: dict[Screen, None] = {}
        self._claims: dict[int, set[int]] = {}
        self._wake = asyncio.Event()

    def add(self, screen: Screen) -> None:
        """Bring this connection up from its cursor."""
        self._waiting[screen] = None
        self._wake.set()

    def claim(self, desktop: int, sequence: int) -> None:
        """A desktop says, by its Last-Event-ID, that it has this edition: that is a receipt.

        It counts where the connection that brought the edition ended before its
        acknowledgement was seen, or this gateway's forerunner died before writing it down.
        """
        self._claims.setdefault(sequence, set()).add(desktop)
        self._wake.set()

    async def run(self) -> None:
        """Serve whoever comes, for ever."""
        while True:
            await self._wake.wait()
            try:
                await self.round()
            except Exception as error:  # the store will answer again; all keep their places
                log.warning("replay waits", error=type(error).__name__)
                await asyncio.sleep(PATIENCE_SECONDS)
            if not self._waiting and not self._claims:
                self._wake.clear()

    async def round(self) -> None:
        """Settle the claims, then feed one batch to everyone who stands inside it."""
        await self._settle_claims()
        for screen in tuple(self._waiting):
            if self._done(screen):
                del self._waiting[screen]
        first = next(iter(self._waiting), None)
        if first is None:
            return
        parcels = await self._shelf.after(first.cursor)
        if not parcels:
            # The wire ends before what went out live: only a store that lags can say so.
            await asyncio.sleep(PATIENCE_SECONDS)
        for number, screen in enumerate(tuple(self._waiting), start=1):
            self._feed(screen, parcels)
            if number % CHUNK == 0:
                await asyncio.sleep(0)
        if first in self._waiting:
            del self._waiting[first]
            self._waiting[first] = None  # to the back: others stand elsewhere
        # The loop writes what was fed, and stalled readers are told apart, before more comes.
        await asyncio.sleep(0)

    def _feed(self, screen: Screen, parcels: Sequence[Parcel]) -> None:
        if parcels and screen.cursor >= parcels[0].sequence - 1:
            for parcel in parcels[screen.cursor + 1 - parcels[0].sequence :]:
                if screen.stage is not Stage.REPLAYING or screen.paused:
                    break
                due = parcel.language_due(screen.desktop)
                if due is not None:
                    self._hub.send(screen, parcel, due)
                screen.cursor = parcel.sequence
        if self._done(screen):
            self._waiting.pop(screen, None)

    def _done(self, screen: Screen) -> bool:
        """True for who is live, who is gone, and who must read on first (it comes back then)."""
        return screen.stage is not Stage.REPLAYING or screen.paused or self._hub.catch_up(screen)

    async def _settle_claims(self) -> None:
        for sequence in tuple(self._claims):
            parcels = await self._shelf.after(sequence - 1, 1)
            at = self._clock.now().timestamp()
            for desktop in self._claims.pop(sequence):
                if parcels and (due := parcels[0].language_due(desktop)) is not None:
                    parcels[0].tally(due).took(desktop, at)
