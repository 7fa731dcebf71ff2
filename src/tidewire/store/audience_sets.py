"""Audience sets: who is due for an edition in which rendition, one bitmap for each language."""

from pyroaring import BitMap

from tidewire.store.database import Connection


async def write(
    tx: Connection, release_id: int, version: int, kind: int, language: str, members: BitMap
) -> None:
    """Store one set of subscriber ids; a set that was there is replaced."""
    members.run_optimize()
    await tx.execute(
        """
        INSERT INTO audience_set (release_id, version, kind, language, size, subscribers)
        VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (release_id, version, kind, language)
        DO UPDATE SET size = EXCLUDED.size, subscribers = EXCLUDED.subscribers
        """,
        (release_id, version, kind, language, len(members), members.serialize()),
    )


async def due(tx: Connection, release_id: int, version: int, kind: int) -> dict[str, BitMap]:
    """The sets of one edition and one kind of subscriber, by the language they are due in."""
    cursor = await tx.execute(
        "SELECT language, subscribers FROM audience_set"
        " WHERE release_id = %s AND version = %s AND kind = %s",
        (release_id, version, kind),
    )
    return {language: BitMap.deserialize(raw) for language, raw in await cursor.fetchall()}
