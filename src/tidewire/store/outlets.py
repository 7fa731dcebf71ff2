"""Outlets: whose key is still good."""

from tidewire.model.subscriber import Kind, SubscriberState
from tidewire.store.database import Connection


async def generation(tx: Connection, subscriber_id: int) -> int | None:
    """The generation of an active outlet's key; None where there is no such outlet."""
    found = await tx.execute(
        "SELECT key_generation FROM subscriber WHERE id = %s AND kind = %s AND state = %s",
        (subscriber_id, Kind.OUTLET, SubscriberState.ACTIVE),
    )
    row = await found.fetchone()
    return None if row is None else int(row[0])
