"""What a bus does: ring a topic, and wait for one."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
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


class Bell(Protocol):
    """A doorbell. A lost ring costs time, never a fact."""

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
