"""What a bus does: ring a topic, and wait for one."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Topic(StrEnum):
    """What can be rung for; each names the fact that has just been stored."""

    RECEIVED = "received"
    DECIDED = "decided"
    STAGED = "staged"
    PLANNED = "planned"
    PUBLISHED = "published"
    AUDIENCE = "audience"


@dataclass(slots=True)
class Counters:
    """What a bell has done since it was made. `lost` rings were dropped where too many waited."""

    rung: int = 0
    heard: int = 0
    lost: int = 0
    reconnects: int = 0


class Bell(Protocol):
    """A doorbell. A lost ring costs time, never a fact."""

    counters: Counters

    async def ring(self, topic: Topic, what: str = "") -> None:
        """Tell every listener that a fact about `what` (an id) was stored."""
        ...

    def listen(
        self, *topics: Topic
    ) -> AbstractAsyncContextManager[AsyncIterator[tuple[Topic, str]]]:
        """Rings of these topics from now on; it reconnects by itself where it can."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
