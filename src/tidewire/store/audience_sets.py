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


async def every(tx: Connection, release_id: int, version: int) -> dict[tuple[int, str], BitMap]:
    """All sets of one edition, by kind of subscriber and language."""
    cursor = await tx.execute(
        "SELECT kind, language, subscribers FROM audience_set"
        " WHERE release_id = %s AND version = %s",
        (release_id, version),
    )
    return {(row[0], row[1]): BitMap.deserialize(row[2]) for row in await cursor.fetchall()}


async def drop(tx: Connection, release_id: int, version: int, kind: int, language: str) -> None:
    """Nobody of this kind is due in this language any more."""
    await tx.execute(
        "DELETE FROM audience_set"
        " WHERE release_id = %s AND version = %s AND kind = %s AND language = %s",
        (release_id, version, kind, language),
    )
