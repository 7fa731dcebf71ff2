"""Data keys of releases, wrapped, and which master key is in use. Only vault/ may use this."""

from collections.abc import AsyncIterator
from datetime import datetime

from tidewire.store.database import Connection


async def find(tx: Connection, release_id: int) -> tuple[bytes, bytes] | None:
    """(id of the master key, wrapped data key) of a release."""
    row = await (
        await tx.execute(
            "SELECT key_id, wrapped FROM data_key WHERE release_id = %s", (release_id,)
        )
    ).fetchone()
    return None if row is None else (bytes(row[0]), bytes(row[1]))


async def add(tx: Connection, release_id: int, key_id: bytes, wrapped: bytes) -> bool:
    """Store a release's data key; False where it has one already, which then stands."""
    done = await tx.execute(
        "INSERT INTO data_key (release_id, key_id, wrapped) VALUES (%s, %s, %s)"
        " ON CONFLICT (release_id) DO NOTHING",
        (release_id, key_id, wrapped),
    )
    return done.rowcount == 1


async def of_master(tx: Connection, key_id: bytes) -> AsyncIterator[tuple[int, bytes]]:
    """(release id, wrapped data key) of all that this master key wraps."""
    async with tx.cursor("data_keys") as cursor:
        await cursor.execute(
            "SELECT release_id, wrapped FROM data_key WHERE key_id = %s ORDER BY release_id",
            (key_id,),
        )
        async for row in cursor:
            yield row[0], bytes(row[1])


async def count_by_master(tx: Connection) -> dict[bytes, int]:
    """How many data keys each master key wraps, by its id."""
    rows = await tx.execute("SELECT key_id, count(*) FROM data_key GROUP BY key_id")
    return {bytes(row[0]): row[1] for row in await rows.fetchall()}


async def replace(tx: Connection, release_id: int, key_id: bytes, wrapped: bytes) -> None:
    """Put the same data key, wrapped by another master key, in its row."""
    await tx.execute(
        "UPDATE data_key SET key_id = %s, wrapped = %s WHERE release_id = %s",
        (key_id, wrapped, release_id),
    )


async def master(tx: Connection) -> bytes | None:
    """The id of the master key that this store is sealed under; None before the first."""
    row = await (await tx.execute("SELECT key_id FROM master_key")).fetchone()
    return None if row is None else bytes(row[0])


async def set_first_master(tx: Connection, key_id: bytes, now: datetime) -> None:
    """Name the master key where none is named yet."""
    await tx.execute(
        "INSERT INTO master_key (key_id, since) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (key_id, now),
    )


async def change_master(tx: Connection, key_id: bytes, now: datetime) -> None:
    """Name another master key, from now on."""
    await tx.execute("UPDATE master_key SET key_id = %s, since = %s", (key_id, now))
