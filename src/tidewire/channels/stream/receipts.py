"""Receipts: look at what desktops have acknowledged, and write it down as bitmaps."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from tidewire.channels.stream.parcel import Tally
from tidewire.channels.stream.protocol import Screen, Stage
from tidewire.clock import Clock
from tidewire.model.delivery import StreamReceipts

Record = Callable[[Sequence[StreamReceipts]], Awaitable[None]]

TICK_SECONDS = 0.02
# Looks 60, 140 and 300 ms after a frame was written, then after 0.6 s, 1.1 s and each second:
# near desktops have answered at the first look (some wait 40 ms on purpose, RFC 1122, 4.2.3.2),
# and far ones do not cost a look per tick.
# The moment that is recorded does not depend on it: the system says when the answer came.
STEPS = (3, 4, 8, 15, 25, 50)
# One write to the ledger for what came in this long.
FLUSH_SECONDS = 0.2
PATIENCE_SECONDS = 1.0

log = structlog.get_logger()


class Receipts:
    """One sweeper for all connections, and the bitmaps of what it has seen."""

    def __init__(self, clock: Clock, record: Record) -> None:
        """`record` stores receipts; where it fails it is given them again."""
        self._clock = clock
        self._record = record
        self._wheel: dict[int, list[Screen]] = {}
        self._tick = 0
        self._timer: asyncio.TimerHandle | None = None
        self._unwritten: list[StreamReceipts] = []
        self._flushing = asyncio.Lock()
        self.dirty: set[Tally] = set()

    def watch(self, screen: Screen) -> None:
        """Look at this connection from time to time until all it was sent is acknowledged."""
        if screen.step < 0:
            screen.step = 0
            self._later(screen)

    def look(self, screen: Screen, now: float | None = None) -> None:
        """Settle every frame whose last byte is acknowledged; `now` is in seconds since 1970."""
        pending = screen.pending
        if not pending:
            return
        arrived, ago = screen.acknowledged()
        if arrived < pending[0][0]:
            return
        at = (self._clock.now().timestamp() if now is None else now) - ago
        done = 0
        for end, witness in pending:
            if end > arrived:
                break
            witness.took(screen.desktop, at)
            done += 1
        del pending[:done]

    def sweep(self) -> None:
        """One turn of the wheel."""
        self._timer = None
        self._tick += 1
        now = self._clock.now().timestamp()
        for screen in self._wheel.pop(self._tick, ()):
            if screen.stage is Stage.GONE:
                continue
            self.look(screen, now)
            leaving = screen.stage is Stage.LEAVING
            if leaving and not screen.lingers():
                screen.step = -1
                screen.end_lingering()
            elif leaving or screen.pending:
                screen.step = min(screen.step + 1, len(STEPS) - 1)
                self._later(screen)
            else:
                screen.step = -1
        self._arm()

    async def flush(self) -> None:
        """Write down what was counted. Raises what `record` raises; nothing is lost then."""
        async with self._flushing:
            now = self._clock.now()
            self._unwritten += [tally.collect(now) for tally in self.dirty]
            self.dirty.clear()
            if self._unwritten:
                batch, count = tuple(self._unwritten), len(self._unwritten)
                await self._record(batch)
                del self._unwritten[:count]

    async def run(self) -> None:
        """Flush for ever."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except Exception as error:  # the ledger will answer again, and gets all of it
                log.warning("stream receipts wait", error=type(error).__name__)
                await asyncio.sleep(PATIENCE_SECONDS)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wheel.clear()

    def _later(self, screen: Screen) -> None:
        self._wheel.setdefault(self._tick + STEPS[screen.step], []).append(screen)
        self._arm()

    def _arm(self) -> None:
        if self._timer is None and self._wheel:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(TICK_SECONDS, self.sweep)
