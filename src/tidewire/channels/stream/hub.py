"""The hub: which desktops are connected, and one edition to all of them that are due."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from tidewire.channels.stream.bundle import Bundle, bundles
from tidewire.channels.stream.frame import HEARTBEAT, HEARTBEAT_SECONDS, position_frame
from tidewire.channels.stream.parcel import Parcel
from tidewire.channels.stream.protocol import Screen, Stage
from tidewire.clock import stopwatch

# So many writes take a few milliseconds; then the loop reads, sweeps and greets.
CHUNK = 500
# One key is one desktop; a few windows of it are enough, and the newest is the live one.
SCREENS_PER_DESKTOP = 8
# A desktop that was due for nothing in so many editions is told where the wire stands,
# so that what it asks for after a break stays small.
PASSED_OVER = 100

# Who has read nothing of a filled buffer for so long has gone to sleep.
STALL_SECONDS = 60.0


@dataclass(slots=True)
class Counters:
    """What has happened since the start."""

    cut: int = 0
    frames: int = 0
    editions: int = 0


class Hub:
    """Connections by desktop id.

    `position` is the last edition that went out live, `written` the last one that has been
    written to everyone.
    """

    def __init__(self, position: int = 0) -> None:
        self.position = position
        self.connected = BitMap()
        self.counters = Counters()
        self._screens: dict[int, list[Screen]] = {}
        self._beats: list[set[Screen]] = [set() for _ in range(HEARTBEAT_SECONDS)]
        self._count = 0
        self._beat = 0
        self.written = position

    def join(self, screen: Screen) -> None:
        """Take a connection in; of too many with one key the oldest gives way."""
        screens = self._screens.setdefault(screen.desktop, [])
        screens.append(screen)
        self.connected.add(screen.desktop)
        screen.beat = self._count % HEARTBEAT_SECONDS
        self._beats[screen.beat].add(screen)
        self._count += 1
        if len(screens) > SCREENS_PER_DESKTOP:
            screens[0].leave()

    def leave(self, screen: Screen) -> None:
        """Let a connection go; nothing happens where it had not joined."""
        screens = self._screens.get(screen.desktop, [])
        if screen not in screens:
            return
        screens.remove(screen)
        self._beats[screen.beat].discard(screen)
        if not screens:
            del self._screens[screen.desktop]
            self.connected.discard(screen.desktop)

    def of(self, desktop: int) -> list[Screen]:
        """The live connections of a desktop."""
        return [s for s in self._screens.get(desktop, ()) if s.stage is Stage.LIVE]

    def screens(self) -> list[Screen]:
        """All connections that have joined."""
        return [screen for screens in self._screens.values() for screen in screens]

    def catch_up(self, screen: Screen) -> bool:
        """Make a connection live if it has all that went out live; True where it is."""
        if screen.stage is Stage.REPLAYING and screen.cursor >= self.position:
            screen.stage = Stage.LIVE
        return screen.stage is Stage.LIVE

    async def deliver(self, parcels: Sequence[Parcel]) -> None:
        """Write the next editions to every live connection that is due, in a shuffled order.

        Who goes live from here on has them already: it caught up beyond this position.
        Editions that wait together go out together: one write for each connection.
        """
        while parcels:
            taken, found = bundles(parcels, self.connected)
            first, self.position = self.position, parcels[taken - 1].sequence
            self.counters.editions += taken
            order = [(desktop, bundle) for bundle in found for desktop in bundle.members]
            random.shuffle(order)
            for start in range(0, len(order), CHUNK):
                for desktop, bundle in order[start : start + CHUNK]:
                    for screen in tuple(self._screens.get(desktop, ())):
                        self._send_bundle(screen, bundle, first)
                await asyncio.sleep(0)
            self.written = self.position
            parcels = parcels[taken:]
            # Before the next editions the loop must write these, or buffers only seem full.
            await asyncio.sleep(0)

    def _send_bundle(self, screen: Screen, bundle: Bundle, position: int) -> None:
        """Write a bundle that follows `position`; in parts where only parts of it are wanted."""
        if screen.stage is not Stage.LIVE or screen.cursor >= self.position:
            return
        if screen.cursor > position or screen.languages or screen.sectors:
            for parcel, language in bundle.chosen:
                if parcel.sequence > screen.cursor and screen.stage is Stage.LIVE:
                    self.send(screen, parcel, language)
        elif screen.write(bundle.frame, bundle):
            screen.told = self.position
            self.counters.frames += len(bundle.chosen)
        else:
            self.counters.cut += 1

    def send(self, screen: Screen, parcel: Parcel, due: str) -> None:
        """Write one edition to one connection, as its own narrowing wants it.

        `due` is the language chosen at staging. What has been corrected or taken back
        meanwhile is left out: the later edition goes to the same desktops.
        """
        if parcel.superseded or not parcel.fits(screen.sectors):
            return
        language = (parcel.wished(screen.languages) if screen.languages else None) or due
        frame = parcel.frame(language)
        if frame is None:
            return
        if screen.write(frame, parcel.tally(language)):
            screen.told = parcel.sequence
            self.counters.frames += 1
        else:
            self.counters.cut += 1

    def beat(self) -> None:
        """One second: a heartbeat to one part of the connections, so that all get one in turn."""
        self._beat = (self._beat + 1) % HEARTBEAT_SECONDS
        position = position_frame(self.written)
        for screen in tuple(self._beats[self._beat]):
            alive = True
            if screen.paused:  # what it was written is on its way still: no need for a sign
                if stopwatch() - screen.since > STALL_SECONDS:
                    screen.cut()
                    alive = False
            elif screen.stage is Stage.LIVE and self.written - screen.told >= PASSED_OVER:
                alive = screen.write(position)
                screen.told = self.written
            else:
                alive = screen.write(HEARTBEAT)
            self.counters.cut += not alive
