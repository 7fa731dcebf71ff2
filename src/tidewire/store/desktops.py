"""Desktops: whose key is still good, asked for many at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidewire.model.subscriber import Kind, SubscriberState
from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class Standing:
    """An active desktop: the generation of its key, and what it reads, best first (BCP 47)."""

    generation: int
    languages: tuple[str, ...]


async def standings(tx: Connection, desktops: Sequence[int]) -> dict[int, Standing]:
    """Those of the subscriber ids that are active desktops."""
    found = await tx.execute(
        "SELECT id, key_generation, languages FROM subscriber"
        " WHERE id = ANY(%s::int[]) AND kind = %s AND state = %s",
        (list(desktops), Kind.DESKTOP, SubscriberState.ACTIVE),
    )
    return {row[0]: Standing(row[1], tuple(row[2])) for row in await found.fetchall()}
