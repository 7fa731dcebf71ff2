"""Meters: what this process has counted since it began; labels are channels and outcomes only."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tidewire.model.delivery import Accepted, ChannelCode, Deferred, Receipt

# Seconds from T0, the upper ends of the histogram's buckets; the last one has none.
EDGES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 300.0, 3600.0)


@dataclass(slots=True)
class Spread:
    """How long after T0 things were accepted: a count for each bucket, and the sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))
    total: float = 0.0

    def add(self, seconds: float, count: int = 1) -> None:
        """Count so many at `seconds` after T0."""
        self.counts[bisect_left(EDGES, seconds)] += count
        self.total += seconds * count


@dataclass(frozen=True, slots=True)
class StreamCount:
    """The gateway's own counts: connections now, and since the start."""

    connections: int
    cut: int
    frames: int
    position: int


@dataclass(slots=True)
class Meters:
    """Counts by channel. `stuck` is since when (stopwatch) a channel has made no progress.

    `stream` and `breakers` are asked when figures are wanted, in the programs that have them.
    """

    outcomes: Counter[tuple[ChannelCode, str]] = field(default_factory=Counter)
    accepted: dict[ChannelCode, Spread] = field(default_factory=dict)
    brought_back: Counter[ChannelCode] = field(default_factory=Counter)
    stuck: dict[ChannelCode, float] = field(default_factory=dict)
    stream: Callable[[], StreamCount] | None = None
    breakers: Callable[[], int] | None = None

    def took(self, channel: ChannelCode, receipts: Iterable[Receipt], t0: datetime | None) -> None:
        """Count receipts that have been settled; `t0` is when their edition became public."""
        spread = self.accepted.setdefault(channel, Spread())
        accepted = deferred = refused = 0
        for receipt in receipts:
            if isinstance(receipt.outcome, Accepted):
                accepted += 1
                if t0 is not None:
                    spread.add((receipt.at - t0).total_seconds())
            elif isinstance(receipt.outcome, Deferred):
                deferred += 1
            else:
                refused += 1
        counts = {"accepted": accepted, "deferred": deferred, "refused": refused}
        for outcome, count in counts.items():
            if count:
                self.outcomes[channel, outcome] += count

    def streamed(self, spreads: Sequence[tuple[int, int]]) -> None:
        """Count desktops that took an edition: (milliseconds after T0, how many)."""
        spread = self.accepted.setdefault(ChannelCode.STREAM, Spread())
        for milliseconds, count in spreads:
            self.outcomes[ChannelCode.STREAM, "accepted"] += count
            spread.add(milliseconds / 1000, count)

    def settled(self, channel: ChannelCode) -> int:
        """How many receipts of a channel have been settled here."""
        return sum(count for (one, _), count in self.outcomes.items() if one is channel)
