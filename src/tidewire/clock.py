"""The clock: the only place that reads the time."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What a part asks about time; handed in, so that tests can set it."""

    def now(self) -> datetime:
        """The current moment, with a UTC offset."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current moment in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that moves only when told: for tests and rehearsals."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """The moment that was set."""
        return self._at

    def advance(self, seconds: float) -> None:
        """Move the clock on by `seconds`."""
        self._at += timedelta(seconds=seconds)


def stopwatch() -> float:
    """Seconds on a clock that never goes back; only differences mean anything."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Block for `seconds`: only for programs that have no event loop, between two looks."""
    time.sleep(seconds)
