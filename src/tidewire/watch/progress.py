"""The watchdog of a worker: says when due deliveries make no progress, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tidewire.meters import Meters
from tidewire.model.delivery import ChannelCode
from tidewire.store.standing import Pages

STUCK_SECONDS = 60.0
AGAIN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class NoProgress:
    """A channel whose due deliveries do not move. `why` is a plain sentence."""

    channel: ChannelCode
    oldest_seconds: float
    why: str


@dataclass(slots=True)
class Watchdog:
    """Compares, look by look, what is due with what was settled here."""

    meters: Meters
    seconds: float = STUCK_SECONDS
    _last: dict[ChannelCode, tuple[int, float]] = field(default_factory=dict)
    _said: dict[ChannelCode, float] = field(default_factory=dict)

    def look(
        self, pages: Mapping[ChannelCode, Pages], at: datetime, tick: float, busy: float | None
    ) -> Iterator[NoProgress]:
        """What to warn of now: each channel once, and again after ten minutes.

        `tick` is a stopwatch reading, `busy` since when the longest of the delivering loops
        has been in one step, None where they all wait.
        """
        for channel in ChannelCode:
            due = pages.get(channel, Pages())
            settled = self.meters.settled(channel)
            before, since = self._last.get(channel, (settled, tick))
            oldest = due.oldest if due.ready or due.leased or due.expired else None
            if settled != before or oldest is None:
                self._last[channel] = (settled, tick)
                self.meters.stuck.pop(channel, None)
                self._said.pop(channel, None)
                continue
            self._last[channel] = (settled, since)
            age = (at - oldest).total_seconds()
            if min(age, tick - since) < self.seconds:
                continue
            self.meters.stuck.setdefault(channel, since)
            if tick - self._said.get(channel, tick - AGAIN_SECONDS) >= AGAIN_SECONDS:
                self._said[channel] = tick
                yield NoProgress(channel, age, self._why(due, tick, busy))

    def _why(self, due: Pages, tick: float, busy: float | None) -> str:
        if due.expired:
            return "leases ran out and are not renewed or taken over"
        if busy is not None and tick - busy >= self.seconds:
            return f"this worker's own loop has been in one step for {tick - busy:.0f} s"
        if due.leased:
            return "pages are held, and nothing is settled here"
        return "pages are ready, and nobody takes them"
