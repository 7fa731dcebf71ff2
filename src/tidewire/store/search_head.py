"""How far the search index has followed the wire. One program at a time moves it."""

from tidewire.store.database import Connection


async def lock_head(tx: Connection) -> int | None:
    """The last sequence number that is in the index; None where another is at work on it."""
    row = await (
        await tx.execute("SELECT indexed FROM search_head FOR UPDATE SKIP LOCKED")
    ).fetchone()
    return None if row is None else int(row[0])


async def set_head(tx: Connection, sequence: int) -> None:
    """The index holds the wire up to this number."""
    await tx.execute("UPDATE search_head SET indexed = %s", (sequence,))
